//! Jobs: what may follow what, one lease at a time, a number that only grows, and nothing begun
//! after a video's end.

use std::collections::HashMap;

use super::Finding;
use super::books::{Books, Change, Job, Order};

/// Attempts that a job may have.
const ATTEMPTS_MAX: i64 = 5;

/// What a job may become, written here a second time.
const STEPS: [(&str, &str); 13] = [
    ("waiting", "available"),
    ("waiting", "cancelled"),
    ("scheduled", "available"),
    ("scheduled", "cancelled"),
    ("available", "running"),
    ("available", "cancelled"),
    ("running", "completed"),
    ("running", "scheduled"),
    ("running", "available"),
    ("running", "discarded"),
    ("running", "cancelled"),
    ("new", "waiting"),
    ("new", "available"),
];

pub(super) fn check(books: &Books) -> Vec<Finding> {
    let mut found = Vec::new();
    let ends = books.ends();
    let histories = books.histories("job");
    let told_of = |kind| told(books, kind);
    let (told, rescued) = (told_of("job.completed"), told_of("job.rescued"));
    for job in &books.jobs {
        let mut report = |rule, text: String| found.push(Finding::new(rule, &job.id, text));
        let over = ["completed", "cancelled", "discarded"].contains(&job.state.as_str());
        if !over || job.finalized_at.is_none() || job.node.is_some() {
            report(
                "job-over",
                format!("a {} job is left {}", job.stage, job.state),
            );
        }
        if job.attempts > ATTEMPTS_MAX || job.attempts > job.attempt || job.attempts < 0 {
            report(
                "attempts",
                format!("{} attempts count, of {}", job.attempts, job.attempt),
            );
        }
        let completions = told.get(job.id.as_str()).map_or(&[][..], Vec::as_slice);
        let wanted: &[i64] = if job.state == "completed" {
            &[job.attempt]
        } else {
            &[]
        };
        if completions != wanted {
            let text = format!(
                "is {} at attempt {}, told completed by {completions:?}",
                job.state, job.attempt
            );
            report("one-writer", text);
        }
        let history = histories
            .get(job.id.as_str())
            .map_or(&[][..], Vec::as_slice);
        let rescued = rescued.get(job.id.as_str()).map_or(&[][..], Vec::as_slice);
        found.extend(history_of(job, history, rescued));
        let end = ends.get(job.video.as_str()).copied().unwrap_or(i64::MAX);
        for change in history
            .iter()
            .filter(|c| c.became == "running" && c.committed > end)
        {
            let text = format!("attempt {:?} began after its video's end", change.attempt);
            found.push(Finding::new("nothing-after", &job.id, text));
        }
    }
    found
}

/// Jobs that were claimed before all that they wait for were completed.
pub(super) fn order(books: &Books) -> Vec<Finding> {
    let first = |became: &str| {
        let mut first: HashMap<&str, i64> = HashMap::new();
        for change in books.changes("job").filter(|c| c.became == became) {
            first.entry(&change.id).or_insert(change.committed);
        }
        first
    };
    let (claimed, completed) = (first("running"), first("completed"));
    let too_early = |order: &&Order| {
        let done = completed.get(order.after.as_str());
        let begun = claimed.get(order.job.as_str());
        begun.is_some_and(|begun| done.is_none_or(|done| done > begun))
    };
    books
        .orders
        .iter()
        .filter(too_early)
        .map(|order| {
            let text = format!("was begun before {} was completed", order.after);
            Finding::new("order", &order.job, text)
        })
        .collect()
}

/// Of which attempts this was told, for each job.
fn told<'a>(books: &'a Books, kind: &str) -> HashMap<&'a str, Vec<i64>> {
    let mut all: HashMap<&str, Vec<i64>> = HashMap::new();
    for event in books.events.iter().filter(|event| event.kind == kind) {
        let detail: serde_json::Value = serde_json::from_str(&event.detail).unwrap_or_default();
        let job = event.job.as_deref().unwrap_or_default();
        all.entry(job)
            .or_default()
            .push(detail["attempt"].as_i64().unwrap_or(-1));
    }
    all
}

/// Whether others had the right to take a job from who held it: a rescue, which is told, and after the
/// last attempt the end of the job.
fn given_up(rescued: &[i64], change: &Change) -> bool {
    let told = change.attempt.is_some_and(|n| rescued.contains(&n));
    told || ["discarded", "cancelled"].contains(&change.became.as_str())
}

fn history_of(job: &Job, history: &[&Change], rescued: &[i64]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut report = |rule, text: String| found.push(Finding::new(rule, &job.id, text));
    let (mut state, mut attempt, mut holder) = ("new", 0, None);
    for change in history {
        let was = change.was.as_deref().unwrap_or("new");
        let step = (was, change.became.as_str());
        if was != state || !STEPS.contains(&step) {
            report(
                "job-steps",
                format!("was {state} and went from {was} to {}", change.became),
            );
        }
        let claim = i64::from(change.became == "running");
        let (before, now) = (change.was_attempt.unwrap_or(0), change.attempt.unwrap_or(0));
        if before != attempt || now != attempt + claim {
            report(
                "fence",
                format!(
                    "attempt {attempt} became {now} as it went to {}",
                    change.became
                ),
            );
        }
        if (claim == 1) != change.node.is_some() {
            report(
                "lease",
                format!("went to {} held by {:?}", change.became, change.node),
            );
        }
        if claim == 1 {
            holder = change.writer.as_deref();
        }
        let by = change.writer.as_deref();
        if was == "running" && by != holder && !given_up(rescued, change) {
            let text = format!("{holder:?} held it, and {by:?} made it {}", change.became);
            report("one-writer", text);
        }
        (state, attempt) = (&change.became, now);
    }
    if state != job.state || attempt != job.attempt {
        report(
            "job-steps",
            format!("is {} and its history ends at {state}", job.state),
        );
    }
    found
}
