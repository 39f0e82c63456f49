//! What shows videos: list, show, watch.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::Table;
use ledger::Receipt;
use serde_json::json;
use store::{JobRow, VideoFilter, VideoRow};
use worker::Parts;
use ytempire_core::{Event, EventKind, JobState, Stage, Timestamp};

use super::meant;
use crate::args::line::{List, One};
use crate::fail::Failure;
use crate::schema::print;

pub(super) async fn list(parts: &Parts, args: &List) -> Result<(), Failure> {
    let filter = VideoFilter {
        states: args.states.iter().copied().map(Into::into).collect(),
        ..VideoFilter::newest(args.limit)
    };
    let videos = parts.store.video_list(filter).await?;
    if args.json {
        let line = |video: &VideoRow| format!("{}\n", object(video));
        return print(&videos.iter().map(line).collect::<String>());
    }
    if videos.is_empty() {
        return print("no such videos; queue one: ytempire video submit examples/deep-sea.toml\n");
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "id",
        "state",
        "priority",
        "submitted",
        "title",
    ]);
    for video in videos {
        table.add_row([
            video.id.to_string(),
            video.state.as_str().to_owned(),
            video.priority.to_string(),
            minute(video.created_at),
            video.title,
        ]);
    }
    print(&format!("{table}\n"))
}

fn object(video: &VideoRow) -> serde_json::Value {
    json!({
        "id": video.id, "title": video.title, "state": video.state, "priority": video.priority,
        "created_at": video.created_at, "finalized_at": video.finalized_at,
        "failure": video.failure.as_ref().map(|(code, text)| json!({ "code": code, "text": text })),
    })
}

fn minute(at: Timestamp) -> String {
    at.to_rfc3339()[..16].replace('T', " ")
}

pub(super) async fn show(parts: &Parts, args: &One) -> Result<(), Failure> {
    let video = meant(parts, &args.video).await?;
    let jobs = parts.store.job_list(video.id).await?;
    let transfers = parts.store.transfer_list(video.id).await?;
    let receipt = Receipt::of(video.id, &video.title, video.budget, &transfers);
    if args.json {
        let jobs: Vec<_> = jobs.iter().map(job_object).collect();
        let mut whole = object(&video);
        whole["jobs"] = jobs.into();
        whole["cost_micro_usd"] = receipt.total.0.into();
        return print(&format!("{whole:#}\n"));
    }
    let ends = ends(parts, &video).await?;
    let mut text = format!(
        "{}\n{} {}, priority {}, submitted {}\n{} of {} spent\n",
        video.title,
        video.id,
        video.state.as_str(),
        video.priority,
        minute(video.created_at),
        receipt.total,
        video.budget,
    );
    if let Some((code, why)) = &video.failure {
        let _infallible = writeln!(text, "{code}: {why}");
    }
    let _infallible = writeln!(text, "\n{}", waterfall(&video, &jobs, &ends, parts.now()));
    print(&text)
}

fn job_object(job: &JobRow) -> serde_json::Value {
    json!({
        "id": job.id, "stage": job.stage, "state": job.state, "attempts": job.attempts,
        "error": job.error.as_ref().map(|(code, text)| json!({ "code": code, "text": text })),
    })
}

/// When the first and the last job of each stage was completed.
async fn ends(
    parts: &Parts,
    video: &VideoRow,
) -> Result<BTreeMap<Stage, (Timestamp, Timestamp)>, Failure> {
    let mut ends: BTreeMap<Stage, (Timestamp, Timestamp)> = BTreeMap::new();
    let mut seen = 0;
    loop {
        let events = parts.store.event_list(video.id, seen, 1000).await?;
        let Some(last) = events.last() else {
            return Ok(ends);
        };
        seen = last.seq;
        for event in &events {
            if let (EventKind::JobCompleted, Some(stage)) = (event.kind, event.stage) {
                let entry = ends.entry(stage).or_insert((event.at, event.at));
                entry.1 = event.at;
            }
        }
    }
}

/// Columns of the bars.
const WIDTH: usize = 40;

/// The stages below each other: how many of their jobs are done, and when.
fn waterfall(
    video: &VideoRow,
    jobs: &[JobRow],
    ends: &BTreeMap<Stage, (Timestamp, Timestamp)>,
    now: Timestamp,
) -> Table {
    let end = video.finalized_at.unwrap_or(now);
    let whole = end.since(video.created_at).as_secs_f64().max(0.001);
    let at = |time: Timestamp| {
        let part = time.since(video.created_at).as_secs_f64() / whole;
        ((part * WIDTH as f64) as usize).min(WIDTH - 1)
    };
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "stage",
        "jobs",
        "attempts",
        "done after",
        "",
    ]);
    for stage in Stage::ALL {
        let of: Vec<&JobRow> = jobs.iter().filter(|job| job.stage == stage).collect();
        if of.is_empty() {
            continue;
        }
        let done = of.iter().filter(|job| job.state == JobState::Completed);
        let attempts: u32 = of.iter().map(|job| job.attempts).sum();
        let (after, bar) = match ends.get(&stage) {
            None => (String::new(), String::new()),
            Some((first, last)) => {
                let bar = " ".repeat(at(*first)) + &"█".repeat(at(*last) - at(*first) + 1);
                let after = last.since(video.created_at).as_secs_f64();
                (format!("{after:.1} s"), bar)
            }
        };
        table.add_row([
            stage.to_string(),
            format!("{}/{}", done.count(), of.len()),
            attempts.to_string(),
            after,
            bar,
        ]);
    }
    table
}

/// How often events are looked for.
const LOOK: Duration = Duration::from_millis(250);

pub(super) async fn watch(parts: &Parts, args: &One) -> Result<(), Failure> {
    let video = meant(parts, &args.video).await?;
    let mut looks = tokio::time::interval(LOOK);
    let mut seen = 0;
    loop {
        looks.tick().await;
        // Looked at before the events: what ended it is among them then.
        let ended = meant(parts, &video.id.to_string()).await?;
        loop {
            let events = parts.store.event_list(video.id, seen, 1000).await?;
            let Some(last) = events.last() else { break };
            seen = last.seq;
            for event in &events {
                print(&told(&video, event, args.json)?)?;
            }
        }
        if ended.state.is_final() {
            return match ended.failure {
                Some((code, text)) => Err(Failure::new(code, text)),
                None => Ok(()),
            };
        }
    }
}

fn told(video: &VideoRow, event: &Event, as_json: bool) -> Result<String, Failure> {
    if as_json {
        let line = serde_json::to_string(event)
            .map_err(|e| Failure::bug(format!("can't write an event: {e}")))?;
        return Ok(format!("{line}\n"));
    }
    let after = event.at.since(video.created_at).as_secs_f64();
    let kind = serde_json::to_value(event.kind).unwrap_or_default();
    let kind = kind.as_str().unwrap_or_default();
    let stage = event.stage.map_or("", Stage::as_str);
    let why = event.detail["text"].as_str().unwrap_or_default();
    Ok(format!("{after:>8.1} s  {kind:<16} {stage:<10} {why}\n"))
}
