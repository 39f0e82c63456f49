//! Statements about the outbox.

use rusqlite::{Connection, named_params};
use serde_json::Value;
use store::Result;
use ytempire_core::{Event, EventKind, JobId, Stage, Timestamp, VideoId};

use crate::sql;

pub(crate) fn append(tx: &Connection, event: &Event) -> Result<()> {
    let kind = serde_json::to_value(event.kind).ok();
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default();
    tx.prepare_cached(
        "INSERT INTO outbox (at, video_id, job_id, stage, kind, detail)
         VALUES (:at, :video, :job, :stage, :kind, :detail)",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":at": event.at.as_micros(),
            ":video": event.video.to_string(),
            ":job": event.job.map(|id| id.to_string()),
            ":stage": event.stage.map(Stage::as_str),
            ":kind": kind,
            ":detail": event.detail.to_string(),
        })
    })
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn about_video(
    tx: &Connection,
    at: Timestamp,
    video: VideoId,
    kind: EventKind,
    detail: &Value,
) -> Result<()> {
    let detail = detail.clone();
    append(
        tx,
        &Event {
            seq: 0,
            at,
            video,
            job: None,
            stage: None,
            kind,
            detail,
        },
    )
}

pub(crate) fn about_job(
    tx: &Connection,
    at: Timestamp,
    (video, job, stage): (VideoId, JobId, Stage),
    kind: EventKind,
    detail: Value,
) -> Result<()> {
    append(
        tx,
        &Event {
            seq: 0,
            at,
            video,
            job: Some(job),
            stage: Some(stage),
            kind,
            detail,
        },
    )
}

pub(crate) fn list(db: &Connection, video: VideoId, after: i64, limit: u32) -> Result<Vec<Event>> {
    let mut statement = db
        .prepare_cached(
            "SELECT seq, at, video_id, job_id, stage, kind, detail
             FROM outbox
             WHERE video_id = ?1 AND seq > ?2
             ORDER BY seq
             LIMIT ?3",
        )
        .map_err(sql::error)?;
    let mut rows = statement
        .query((video.to_string(), after, limit))
        .map_err(sql::error)?;
    let mut events = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        let kind = |name: &str| serde_json::from_value(Value::String(name.to_owned())).ok();
        let job: Option<String> = row.get("job_id").map_err(sql::error)?;
        let stage: Option<String> = row.get("stage").map_err(sql::error)?;
        events.push(Event {
            seq: row.get("seq").map_err(sql::error)?,
            at: Timestamp::from_micros(row.get("at").map_err(sql::error)?),
            video,
            job: job.and_then(|id| id.parse().ok()),
            stage: stage.and_then(|name| Stage::from_name(&name)),
            kind: sql::named(row, "outbox", "kind", kind)?,
            detail: sql::json(row, "outbox", "detail")?,
        });
    }
    Ok(events)
}
