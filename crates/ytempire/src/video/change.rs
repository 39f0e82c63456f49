//! What changes videos: submit, cancel, retry; and export, which changes a folder.

use std::sync::Arc;

use serde_json::json;
use store::{Submitted, VideoFilter, VideoRow};
use worker::{Parts, Terms, export, submit as accept};
use ytempire_core::{Timestamp, VideoState};

use super::many::unfinished;
use super::meant;
use crate::args::line::{Export, Submit};
use crate::capacity;
use crate::config::{Config, some};
use crate::fail::Failure;
use crate::make;
use crate::schema::print;
use crate::times::said;
use crate::world;

pub(super) async fn submit(mut parts: Parts, config: &Config, args: Submit) -> Result<(), Failure> {
    parts.backends = Arc::new(config.backends()?);
    world::check_tools(&parts.tools)?;
    if let Some(max) = args.waiting_max {
        parts.waiting_max = some(max);
    }
    let terms = Terms {
        priority: args.priority,
        waiting_max: parts.waiting_max,
        due_at: args.due.map(|due| due.after(parts.now())),
        start_at: args.start_at.map(|start| start.after(parts.now())),
        ..Terms::default()
    };
    for wish in args.wishes() {
        let prepared = make::off_the_loop(parts.clone(), wish).await?;
        for notice in &prepared.notices {
            anstream::eprintln!("note: {notice}");
        }
        match accept(&parts, &prepared, terms).await {
            Ok(submitted) => told(&parts, &submitted, args.json).await?,
            Err(e) => return Err(capacity::refused(&parts, e, args.json).await),
        }
    }
    capacity::warn(&parts).await?;
    told_of_the_line(&parts).await
}

/// Says what was accepted, and until when it is promised.
pub(crate) async fn told(
    parts: &Parts,
    submitted: &Submitted,
    as_json: bool,
) -> Result<(), Failure> {
    let Submitted { video, fresh } = submitted;
    let promise = if *fresh {
        worker::promise(parts, video.id).await?
    } else {
        None
    };
    if as_json {
        let object = json!({ "id": video.id, "title": video.title, "state": video.state,
            "priority": video.priority, "due_at": video.due_at, "start_at": video.start_at,
            "likely_at": promise.map(|p| p.likely_at),
            "promised_at": promise.map(|p| p.promised_at), "fresh": fresh });
        return print(&format!("{object}\n"));
    }
    let how = if *fresh { "" } else { " (was there before)" };
    let state = video.state.as_str();
    let end = promise.map_or_else(String::new, |promise| {
        let within = |at: Timestamp| said(at.since(parts.now()));
        let (likely, promised) = (within(promise.likely_at), within(promise.promised_at));
        format!(", likely done in {likely}, and within {promised} 95 times of 100")
    });
    print(&format!("{} {state} {}{how}{end}\n", video.id, video.title))
}

/// Says so where nobody will come for what was just submitted.
pub(super) async fn told_of_the_line(parts: &Parts) -> Result<(), Failure> {
    let line = parts.store.line_get().await?;
    if line.mode != store::LineMode::Running {
        anstream::eprintln!(
            "note: the line is {}; `ytempire queue resume` goes on",
            line.mode.as_str()
        );
    } else if parts.store.node_list().await?.is_empty() {
        anstream::eprintln!("note: no node works here; `ytempire work` starts one");
    }
    Ok(())
}

pub(super) async fn export_all(parts: &Parts, args: &Export) -> Result<(), Failure> {
    let mut videos = Vec::new();
    for text in &args.videos {
        videos.push(meant(parts, text).await?);
    }
    if args.videos.is_empty() {
        let filter = VideoFilter {
            states: vec![VideoState::Ready],
            ..VideoFilter::newest(u32::MAX)
        };
        videos = parts.store.video_list(filter).await?;
    }
    for video in videos {
        if !video.state.is_final() {
            return Err(unfinished(&video));
        }
        let folder = args.out.join(folder_name(&video));
        let exported = export(parts, &video, &folder).await?;
        print(&format!("{}\n", exported.folder.display()))?;
    }
    Ok(())
}

/// A name that people recognise and that no two videos share.
fn folder_name(video: &VideoRow) -> String {
    let id = video.id.to_string();
    let tail = &id[id.len() - 6..];
    format!("{}-{tail}", make::slug(&video.title))
}
