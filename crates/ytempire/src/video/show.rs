//! What shows videos: list, show, watch.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::Table;
use ledger::Receipt;
use serde_json::json;
use store::{AttemptEnd, AttemptRow, JobRow, VideoFilter, VideoRow};
use worker::Parts;
use ytempire_core::{Code, Event, JobState, Stage, Timestamp};

use super::{meant, plan};
use crate::args::line::{List, One, Show};
use crate::channel;
use crate::fail::Failure;
use crate::schema::print;
use crate::times::{before, minute, said};

pub(super) async fn list(parts: &Parts, args: &List) -> Result<(), Failure> {
    let channel = match &args.channel {
        Some(name) => Some(channel::named(parts, name).await?.id),
        None => None,
    };
    let filter = VideoFilter {
        channel,
        states: args.states.iter().copied().map(Into::into).collect(),
        account: args.account,
        accepted_before: args.older_than.map(|age| before(parts.now(), age)),
        ..VideoFilter::newest(args.limit)
    };
    let videos = parts.store.video_list(filter).await?;
    if args.json {
        let line = |video: &VideoRow| format!("{}\n", object(video, parts.now()));
        return print(&videos.iter().map(line).collect::<String>());
    }
    if videos.is_empty() {
        return print(
            "no such videos; make one: ytempire make examples/deep-sea.toml, or queue it: ytempire video submit\n",
        );
    }
    let now = parts.now();
    let times: Vec<String> = videos.iter().map(|video| when(video, now)).collect();
    let timed = times.iter().any(|time| !time.is_empty());
    let mut header = vec!["id", "state", "priority", "submitted"];
    header.extend(timed.then_some("when"));
    header.push("title");
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(header);
    for (video, time) in videos.into_iter().zip(times) {
        let mut row = vec![
            video.id.to_string(),
            video.state.as_str().to_owned(),
            video.priority.to_string(),
            minute(video.created_at),
        ];
        row.extend(timed.then_some(time));
        row.push(video.title);
        table.add_row(row);
    }
    print(&format!("{table}\n"))
}

/// When it begins, when it is due, or how late it is or was.
fn when(video: &VideoRow, now: Timestamp) -> String {
    let mut parts = Vec::new();
    if let Some(start) = video.start_at.filter(|start| *start > now)
        && !video.state.is_final()
    {
        parts.push(format!("begins in {}", said(start.since(now))));
    }
    if let Some(due) = video.due_at {
        let end = video.finalized_at.unwrap_or(now);
        parts.push(if video.is_late(now) {
            format!("late by {}", said(end.since(due)))
        } else if video.state.is_final() {
            "in time".to_owned()
        } else {
            format!("due in {}", said(due.since(now)))
        });
    }
    parts.join(", ")
}

fn object(video: &VideoRow, now: Timestamp) -> serde_json::Value {
    json!({
        "id": video.id, "title": video.title, "state": video.state, "priority": video.priority,
        "created_at": video.created_at, "start_at": video.start_at, "due_at": video.due_at,
        "late": video.is_late(now), "finalized_at": video.finalized_at,
        "failure": video.failure.as_ref().map(|(code, text)| json!({ "code": code, "text": text })),
    })
}

pub(super) async fn show(parts: &Parts, args: &Show) -> Result<(), Failure> {
    let video = meant(parts, &args.one.video).await?;
    if args.plan && !args.one.json {
        return print(&plan::text(&video, plan::told(parts, &video).await?)?);
    }
    let jobs = parts.store.job_list(video.id).await?;
    let attempts = parts.store.attempt_list(video.id).await?;
    let transfers = parts.store.transfer_list(video.id).await?;
    let receipt = Receipt::of(video.id, &video.title, video.budget, &transfers);
    let foreseen = if video.state.is_final() {
        None
    } else {
        worker::foresee(parts, video.id).await?
    };
    if args.one.json {
        let of = |job: &JobRow| job_object(job, &attempts);
        let mut whole = object(&video, parts.now());
        whole["likely_at"] = json!(foreseen.map(|end| end.likely_at));
        whole["jobs"] = jobs.iter().map(of).collect();
        whole["cost_micro_usd"] = receipt.total.0.into();
        whole["plan"] = json!(plan::told(parts, &video).await?);
        return print(&format!("{whole:#}\n"));
    }
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
    let time = when(&video, parts.now());
    if !time.is_empty() {
        let due = video.due_at.map(minute);
        let due = due.map_or_else(String::new, |due| format!(" (due {due} UTC)"));
        let _infallible = writeln!(text, "{time}{due}");
    }
    if let Some(end) = foreseen {
        let left = said(end.likely_at.since(parts.now()));
        let _infallible = writeln!(text, "likely done in {left}");
    }
    if let Some((code, why)) = &video.failure {
        let _infallible = writeln!(text, "{code}: {why}");
    }
    let fall = waterfall(&video, &jobs, &attempts, parts.now());
    let _infallible = write!(text, "\n{fall}\n{}", troubles(&attempts));
    print(&text)
}

fn job_object(job: &JobRow, attempts: &[AttemptRow]) -> serde_json::Value {
    let failure = |error: &Option<(Code, String)>| {
        error
            .as_ref()
            .map(|(code, text)| json!({ "code": code, "text": text }))
    };
    let of = attempts.iter().filter(|a| a.lease.job == job.id);
    let tried: Vec<_> = of
        .map(|attempt| {
            json!({
                "attempt": attempt.lease.attempt, "node": attempt.lease.node,
                "started_at": attempt.started_at,
                "ended_at": attempt.ended.map(|(at, _)| at),
                "outcome": attempt.ended.map(|(_, end)| end),
                "error": failure(&attempt.error),
            })
        })
        .collect();
    json!({
        "id": job.id, "stage": job.stage, "state": job.state, "attempts": tried,
        "error": failure(&job.error),
    })
}

/// Columns of the bars.
const WIDTH: usize = 48;

/// The stages below each other: how many of their jobs are done, and when they were worked on.
fn waterfall(video: &VideoRow, jobs: &[JobRow], attempts: &[AttemptRow], now: Timestamp) -> Table {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(["stage", "jobs", "attempts", "worked", ""]);
    for stage in Stage::ALL {
        let of: Vec<&JobRow> = jobs.iter().filter(|job| job.stage == stage).collect();
        if of.is_empty() {
            continue;
        }
        let done = of.iter().filter(|job| job.state == JobState::Completed);
        let tried: Vec<&AttemptRow> = attempts.iter().filter(|a| a.stage == stage).collect();
        let until = |attempt: &AttemptRow| attempt.ended.map_or(now, |(at, _)| at);
        let worked: Duration = tried
            .iter()
            .map(|attempt| until(attempt).since(attempt.started_at))
            .sum();
        let spans = tried
            .iter()
            .map(|attempt| (attempt.started_at, until(attempt)));
        table.add_row([
            stage.to_string(),
            format!("{}/{}", done.count(), of.len()),
            tried.len().to_string(),
            format!("{:.1} s", worked.as_secs_f64()),
            bar(video.created_at, video.finalized_at.unwrap_or(now), spans),
        ]);
    }
    table
}

/// A line from `start` to `end`, dark where one of `spans` lies.
fn bar(
    start: Timestamp,
    end: Timestamp,
    spans: impl Iterator<Item = (Timestamp, Timestamp)>,
) -> String {
    let whole = end.since(start).as_secs_f64().max(0.001);
    let at = |time: Timestamp| {
        let part = time.since(start).as_secs_f64() / whole;
        ((part * WIDTH as f64) as usize).min(WIDTH - 1)
    };
    let mut cells = vec!['·'; WIDTH];
    for (from, to) in spans {
        cells[at(from)..=at(to).max(at(from))].fill('█');
    }
    cells.into_iter().collect()
}

/// What went wrong on the way, attempt by attempt.
fn troubles(attempts: &[AttemptRow]) -> String {
    let trouble = |attempt: &AttemptRow| {
        let (_, end) = attempt.ended?;
        let why = match (&attempt.error, end) {
            (Some((code, text)), _) => format!("{code}: {text}"),
            (None, AttemptEnd::Rescued) => "its node died or was too late".to_owned(),
            _ => return None,
        };
        let (stage, number) = (attempt.stage, attempt.lease.attempt);
        Some(format!(
            "{stage}, attempt {number}, {}: {why}\n",
            end.as_str()
        ))
    };
    attempts.iter().filter_map(trouble).collect()
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
