//! Jobs that were taken from nodes which were alive and well.

use super::Finding;
use super::books::Books;
use crate::known::{Gap, Known};

/// A node that was out within this time before a rescue may have lost its lease by that: a lease, a
/// heartbeat, and slack.
const EXCUSED_US: i64 = 20_000_000;

pub(super) fn check(books: &Books, known: &Known) -> Vec<Finding> {
    let histories = books.histories("job");
    let mut found = Vec::new();
    for rescue in books.events.iter().filter(|e| e.kind == "job.rescued") {
        let detail: serde_json::Value = serde_json::from_str(&rescue.detail).unwrap_or_default();
        let Some(job) = rescue.job.as_deref() else {
            continue;
        };
        let history = histories.get(job).map_or(&[][..], Vec::as_slice);
        let claimed = history
            .iter()
            .position(|c| c.became == "running" && c.attempt == detail["attempt"].as_i64());
        let Some([claim, taken, ..]) = claimed.and_then(|at| history.get(at..)) else {
            continue;
        };
        let Some(process) = claim.node.as_deref().and_then(|node| process(books, node)) else {
            continue;
        };
        let span = Gap {
            from: taken.at - EXCUSED_US,
            until: taken.at,
        };
        let alive = known.lives.iter().any(|life| {
            let lived = life.from <= claim.at && taken.at < life.until;
            life.process == process && lived && !life.outs.iter().any(|out| out.meets(span))
        });
        if alive && !known.server_gaps.iter().any(|gap| gap.meets(span)) {
            let text = format!(
                "attempt {} was taken from process {process}, which was alive and well",
                detail["attempt"]
            );
            found.push(Finding::new("robbed", job, text));
        }
    }
    found
}

/// The process that joined as `node`; its name ends in `(process 123)`.
fn process(books: &Books, node: &str) -> Option<u32> {
    let join = books.changes("node").find(|join| join.id == node)?;
    let (_, number) = join.became.rsplit_once("(process ")?;
    number.strip_suffix(')')?.parse().ok()
}
