//! The outside checker: reads what a run left, and says what is wrong.
//!
//! It takes nothing from the product but its tables and files. What may follow what, how sums are
//! made and which files belong to a video is written here a second time, on purpose.

mod away;
mod books;
mod file;
mod job;
mod left;
mod money;
mod robbed;
mod video;

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use serde::Serialize;

use crate::counts::Outcome;
use crate::known::Known;
use crate::world::World;
use books::Books;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: &'static str,
    /// The video, job, transfer or file.
    pub subject: String,
    /// What is wrong with it.
    pub text: String,
}

impl Finding {
    pub(crate) fn new(
        rule: &'static str,
        subject: impl fmt::Display,
        text: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            subject: subject.to_string(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}: {}", self.rule, self.subject, self.text)
    }
}

/// Reads all books and files of a line that has come to rest, against what its customers know.
///
/// # Errors
/// The database can't be read.
pub fn everything(world: &World, known: &Known) -> Result<(Outcome, Vec<Finding>)> {
    let books = Books::read(&world.database)?;
    let mut outcome = outcome(&books, known);
    let mut found = video::check(&books, known);
    found.extend(video::told(&books, &world.told_ready()));
    found.extend(job::check(&books));
    found.extend(job::order(&books));
    if world.database.server().is_some() {
        // Without a server each node goes by its own clock, and some of those are wrong here.
        found.extend(robbed::check(&books, known));
    }
    found.extend(money::check(&books));
    found.extend(file::check(&books, world, &mut outcome));
    found.extend(left::check(&books, world));
    found.extend(away::check(&books, known, &mut outcome));
    for job in books.jobs.iter().filter(|job| job.state == "discarded") {
        let changes = books.changes("job").filter(|change| change.id == job.id);
        world.note(&format!("discarded {job:?}"));
        changes.for_each(|change| world.note(&format!("  {change:?}")));
    }
    Ok((outcome, found))
}

/// What is wrong with books and files in the middle of work: everything that was acknowledged is there,
/// every named file is whole, and the accounts are the sums of their transfers.
pub(crate) fn what_lasts(world: &World, known: &Known) -> Result<(Vec<Finding>, Outcome)> {
    let books = Books::read(&world.database)?;
    let mut outcome = Outcome::default();
    let mut found = video::accepted(&books, known);
    found.extend(video::told(&books, &world.told_ready()));
    found.extend(money::accounts_of(&books));
    found.extend(file::check(&books, world, &mut outcome));
    Ok((found, outcome))
}

fn outcome(books: &Books, known: &Known) -> Outcome {
    let mut outcome = Outcome {
        accepted: known.accepted.len(),
        claims: books
            .changes("job")
            .filter(|c| c.became == "running")
            .count(),
        rescues: books
            .events
            .iter()
            .filter(|e| e.kind == "job.rescued")
            .count(),
        transfers: books.transfers.len(),
        events: books.events.len(),
        ..Outcome::default()
    };
    let one = |map: &mut BTreeMap<String, usize>, name: &str| {
        *map.entry(name.to_owned()).or_default() += 1;
    };
    for video in &books.videos {
        one(&mut outcome.videos, &video.state);
        if let Some(code) = &video.failure_code {
            one(&mut outcome.failures, code);
        }
    }
    for job in &books.jobs {
        one(&mut outcome.jobs, &job.state);
    }
    outcome
}
