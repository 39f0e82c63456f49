//! Those that were away: a node that was cut off loses its jobs to others and goes on when it is
//! back, and the line goes on without Redis.

use super::Finding;
use super::books::{Books, Change};
use crate::counts::Outcome;
use crate::known::{Cut, Known};

/// A lease, a heartbeat of somebody who notices, and as long again for a busy machine.
const TAKEN_OVER_MS_MAX: i64 = 15_000 + 2_500 + 2_500;

/// How much longer it may take when the database was away as well.
const CRASH_MS: i64 = 8_000;

/// How long a node that is back may need until it claims again.
const GOES_ON_MS: i64 = 12_000;

pub(super) fn check(books: &Books, known: &Known, outcome: &mut Outcome) -> Vec<Finding> {
    let completed = |change: &&Change| change.what == "job" && change.became == "completed";
    outcome.without_redis = books
        .history
        .iter()
        .filter(completed)
        .filter(|change| {
            let at = change.at;
            known
                .redis_gaps
                .iter()
                .any(|gap| gap.from <= at && at < gap.until)
        })
        .count();
    known
        .cuts
        .iter()
        .flat_map(|cut| of_one(books, cut, outcome))
        .collect()
}

fn of_one(books: &Books, cut: &Cut, outcome: &mut Outcome) -> Vec<Finding> {
    let name = format!("(process {})", cut.process);
    let node = books
        .changes("node")
        .filter(|join| join.at <= cut.gap.from && join.became.ends_with(&name))
        .last();
    // It was cut off before it had joined.
    let Some(node) = node else { return Vec::new() };
    let mut found = taken_over(books, cut, &node.id, outcome);
    let claimed =
        |change: &&Change| change.became == "running" && change.node.as_deref() == Some(&node.id);
    let again = books
        .changes("job")
        .filter(claimed)
        .any(|change| change.at > cut.gap.until);
    if again {
        outcome.went_on += 1;
    } else if !cut.crashed && cut.ended - cut.gap.until > GOES_ON_MS * 1_000 {
        let seconds = (cut.ended - cut.gap.until) / 1_000_000;
        let text = format!("was cut off, has been back for {seconds} s and claims nothing");
        found.push(Finding::new("cut-off", &node.id, text));
    }
    found
}

/// What others made of the jobs that the node held.
fn taken_over(books: &Books, cut: &Cut, node: &str, outcome: &mut Outcome) -> Vec<Finding> {
    let mut found = Vec::new();
    for (job, history) in books.histories("job") {
        let next = history.partition_point(|change| change.at <= cut.gap.from);
        let (before, after) = history.split_at(next);
        let holds =
            |change: &&Change| change.became == "running" && change.node.as_deref() == Some(node);
        if !before.last().is_some_and(holds) {
            continue;
        }
        // A job without an end is told of elsewhere.
        let Some(next) = after.first() else { continue };
        let waited_ms = (next.at - cut.gap.from) / 1_000;
        if next.at < cut.gap.until {
            outcome.taken_over += 1;
            outcome.taken_over_ms_max = outcome.taken_over_ms_max.max(waited_ms);
        }
        let allowed = TAKEN_OVER_MS_MAX + if cut.crashed { CRASH_MS } else { 0 };
        if waited_ms > allowed {
            let text = format!("waited {waited_ms} ms for others to take it over");
            found.push(Finding::new("cut-off", job, text));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::Gap;

    const SECOND: i64 = 1_000_000;

    fn change(what: &str, id: &str, became: &str, node: Option<&str>, second: i64) -> Change {
        Change {
            what: what.to_owned(),
            id: id.to_owned(),
            was: None,
            became: became.to_owned(),
            was_attempt: None,
            attempt: None,
            node: node.map(str::to_owned),
            writer: None,
            at: second * SECOND,
            committed: second,
        }
    }

    /// The node `n` is cut off from second 10 to second 30 while it holds a job.
    fn found(then: Vec<Change>) -> (Vec<Finding>, Outcome) {
        let mut history = vec![
            change("node", "n", "host (process 7)", None, 1),
            change("job", "j", "running", Some("n"), 9),
        ];
        history.extend(then);
        let books = Books {
            history,
            ..Books::default()
        };
        let gap = Gap {
            from: 10 * SECOND,
            until: 30 * SECOND,
        };
        let known = Known {
            cuts: vec![Cut {
                process: 7,
                gap,
                ended: 60 * SECOND,
                crashed: false,
            }],
            redis_gaps: vec![gap],
            ..Known::default()
        };
        let mut outcome = Outcome::default();
        (check(&books, &known, &mut outcome), outcome)
    }

    #[test]
    fn a_job_that_others_take_over_in_time_is_in_order() {
        let (found, outcome) = found(vec![
            change("job", "j", "available", None, 25),
            change("job", "j", "running", Some("other"), 26),
            change("job", "j", "completed", None, 27),
            change("job", "k", "running", Some("n"), 31),
        ]);
        assert_eq!(found, []);
        assert_eq!((outcome.taken_over, outcome.taken_over_ms_max), (1, 15_000));
        assert_eq!((outcome.went_on, outcome.without_redis), (1, 1));
    }

    #[test]
    fn a_job_that_waits_for_its_node_and_a_node_that_does_nothing_are_noticed() {
        let (late, _) = found(vec![
            change("job", "j", "completed", None, 31),
            change("job", "k", "running", Some("n"), 32),
        ]);
        assert_eq!(late.len(), 1, "{late:?}");
        let (idle, _) = found(vec![change("job", "j", "available", None, 24)]);
        assert_eq!(idle.len(), 1, "{idle:?}");
    }
}
