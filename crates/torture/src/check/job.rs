//! Jobs: what may follow what, one lease at a time, a number that only grows, and nothing begun
//! after a video's end.

use std::collections::HashMap;

use super::Finding;
use super::books::{Books, Change, Job};

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
    let told = told(books);
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
        found.extend(history_of(job, history));
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

/// Which attempts told that they completed their job.
fn told(books: &Books) -> HashMap<&str, Vec<i64>> {
    let mut all: HashMap<&str, Vec<i64>> = HashMap::new();
    for event in books
        .events
        .iter()
        .filter(|event| event.kind == "job.completed")
    {
        let detail: serde_json::Value = serde_json::from_str(&event.detail).unwrap_or_default();
        let job = event.job.as_deref().unwrap_or_default();
        all.entry(job)
            .or_default()
            .push(detail["attempt"].as_i64().unwrap_or(-1));
    }
    all
}

fn history_of(job: &Job, history: &[&Change]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut report = |rule, text: String| found.push(Finding::new(rule, &job.id, text));
    let (mut state, mut attempt) = ("new", 0);
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
