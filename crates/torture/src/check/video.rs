//! Videos: none lost, none invented, each ended once, nothing of it after that.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::Finding;
use super::books::{Books, Event, Video, is_end};
use crate::known::Known;

/// The stages of a ready video: each was completed at least once.
const STAGES: [&str; 7] = [
    "script",
    "narrate",
    "illustrate",
    "compose",
    "assemble",
    "thumbnail",
    "validate",
];

/// What an attempt that ran at a video's failure or cancellation may still tell: it ends and its
/// work stays in the cache. Nothing may be told of a ready one, whose jobs have all ended before.
const AFTER_AN_END: [&str; 4] = [
    "job.completed",
    "job.discarded",
    "quality.measured",
    "budget.threshold",
];

pub(super) fn check(books: &Books, known: &Known) -> Vec<Finding> {
    let mut found = accepted(books, known);
    let histories = books.histories("video");
    let mut events: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in &books.events {
        events.entry(&event.video).or_default().push(event);
    }
    for video in &books.videos {
        let history = histories
            .get(video.id.as_str())
            .map_or(&[][..], Vec::as_slice);
        let mut report = |rule, text: String| found.push(Finding::new(rule, &video.id, text));
        if !is_end(&video.state) || video.finalized_at.is_none() {
            report("ended-once", format!("is {} after everything", video.state));
        }
        let ends = history.iter().filter(|c| is_end(&c.became)).count();
        let left = history
            .iter()
            .filter(|c| c.was.as_deref().is_some_and(is_end))
            .count();
        if ends != 1 || left != 0 {
            report(
                "ended-once",
                format!("came to an end {ends} times and left one {left} times"),
            );
        }
        let told = events.get(video.id.as_str()).map_or(&[][..], Vec::as_slice);
        found.extend(events_of(video, told));
        if video.state == "ready" {
            found.extend(stages_of(books, video));
        }
    }
    found
}

/// What nodes told against what is written.
pub(super) fn told(books: &Books, ready: &BTreeSet<String>) -> Vec<Finding> {
    let states: HashMap<&str, &str> = books
        .videos
        .iter()
        .map(|video| (video.id.as_str(), video.state.as_str()))
        .collect();
    let state = |id: &String| states.get(id.as_str()).copied().unwrap_or("gone");
    ready
        .iter()
        .filter(|id| state(id) != "ready")
        .map(|id| Finding::new("told", id, format!("was told ready and is {}", state(id))))
        .collect()
}

/// The customers' own list against the videos that are there.
pub(super) fn accepted(books: &Books, known: &Known) -> Vec<Finding> {
    let mut found = Vec::new();
    let there: HashSet<&str> = books.videos.iter().map(|video| video.id.as_str()).collect();
    let accepted: BTreeSet<&String> = known.accepted.iter().collect();
    for id in accepted.iter().filter(|id| !there.contains(id.as_str())) {
        found.push(Finding::new("accepted", id, "was acknowledged and is gone"));
    }
    // An order whose answer was lost may have been taken or not, but not twice.
    let mut made: BTreeMap<i64, u32> = BTreeMap::new();
    for video in &books.videos {
        *made.entry(video.budget).or_default() += 1;
    }
    for (budget, count) in made {
        let asked = known.asked.get(&budget).copied().unwrap_or(0);
        if count > asked {
            let text = format!("{count} videos of an order that was given {asked} times");
            found.push(Finding::new("accepted", budget, text));
        }
    }
    found
}

fn events_of(video: &Video, told: &[&Event]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut report = |rule, text: String| found.push(Finding::new(rule, &video.id, text));
    let kinds: Vec<&str> = told.iter().map(|event| event.kind.as_str()).collect();
    if kinds.first() != Some(&"video.queued") {
        report("events", format!("its first event is {:?}", kinds.first()));
    }
    if told.windows(2).any(|pair| pair[0].seq >= pair[1].seq) {
        report("events", "its events are not numbered upwards".to_owned());
    }
    for once in ["video.queued", "video.running"] {
        let count = kinds.iter().filter(|kind| **kind == once).count();
        if count > 1 {
            report("events", format!("{once} was told {count} times"));
        }
    }
    let is_terminal = |kind: &str| kind.strip_prefix("video.").is_some_and(is_end);
    let ends: Vec<usize> = (0..kinds.len())
        .filter(|&index| is_terminal(kinds[index]))
        .collect();
    let [end] = ends[..] else {
        report(
            "ended-once",
            format!("its end was told {} times", ends.len()),
        );
        return found;
    };
    if kinds[end].strip_prefix("video.") != Some(&video.state) {
        report(
            "ended-once",
            format!("is {}, and {} was told", video.state, kinds[end]),
        );
    }
    for kind in &kinds[end + 1..] {
        if video.state == "ready" || !AFTER_AN_END.contains(kind) {
            report(
                "nothing-after",
                format!("{kind} was told after {}", kinds[end]),
            );
        }
    }
    found
}

fn stages_of(books: &Books, video: &Video) -> Option<Finding> {
    let done: BTreeSet<&str> = books
        .jobs
        .iter()
        .filter(|job| job.video == video.id && job.state == "completed")
        .map(|job| job.stage.as_str())
        .collect();
    let lacks: Vec<&str> = STAGES
        .into_iter()
        .filter(|stage| !done.contains(stage))
        .collect();
    (!lacks.is_empty()).then(|| {
        Finding::new(
            "ended-once",
            &video.id,
            format!("is ready without {}", lacks.join(", ")),
        )
    })
}
