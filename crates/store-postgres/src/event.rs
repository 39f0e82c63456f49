//! Statements about the outbox.
//!
//! Whoever appends holds the lock of the video: so the events of a video are numbered in the
//! order in which they were committed, and a reader that goes on after the last number it saw
//! misses none. Numbers of different videos make no such promise.

use serde_json::Value;
use tokio_postgres::types::Json;
use ytempire_core::{Event, EventKind, JobId, Stage, Timestamp, VideoId};

use crate::connection::{Connection, Tx};
use crate::sql::{Cells, Result};

pub(crate) async fn append(tx: &Tx, event: &Event) -> Result<()> {
    let kind = serde_json::to_value(event.kind).ok();
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default();
    tx.execute(
        "INSERT INTO outbox (at, video_id, job_id, stage, kind, detail)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            &event.at.as_micros(),
            &event.video.0,
            &event.job.map(|id| id.0),
            &event.stage.map(Stage::as_str),
            &kind,
            &Json(&event.detail),
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn about_video(
    tx: &Tx,
    at: Timestamp,
    video: VideoId,
    kind: EventKind,
    detail: Value,
) -> Result<()> {
    let event = Event {
        seq: 0,
        at,
        video,
        job: None,
        stage: None,
        kind,
        detail,
    };
    append(tx, &event).await
}

pub(crate) async fn about_job(
    tx: &Tx,
    at: Timestamp,
    (video, job, stage): (VideoId, JobId, Stage),
    kind: EventKind,
    detail: Value,
) -> Result<()> {
    let event = Event {
        seq: 0,
        at,
        video,
        job: Some(job),
        stage: Some(stage),
        kind,
        detail,
    };
    append(tx, &event).await
}

pub(crate) async fn list(
    db: &Connection,
    video: VideoId,
    after: i64,
    limit: u32,
) -> Result<Vec<Event>> {
    let rows = db
        .query(
            "SELECT seq, at, job_id, stage, kind, detail
             FROM outbox
             WHERE video_id = $1 AND seq > $2
             ORDER BY seq
             LIMIT $3",
            &[&video.0, &after, &i64::from(limit)],
        )
        .await?;
    let decode = |row| {
        let row = Cells::of("outbox", row);
        let kind = |name: &str| serde_json::from_value(Value::String(name.to_owned())).ok();
        let job: Option<uuid::Uuid> = row.get("job_id")?;
        let stage: Option<String> = row.get("stage")?;
        Ok(Event {
            seq: row.get("seq")?,
            at: row.time("at")?,
            video,
            job: job.map(JobId),
            stage: stage.and_then(|name| Stage::from_name(&name)),
            kind: row.named("kind", kind)?,
            detail: row.get("detail")?,
        })
    };
    rows.iter().map(decode).collect()
}
