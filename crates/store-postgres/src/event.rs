//! Statements about the outbox.
//!
//! Whoever appends holds the lock of the video: so the events of a video are numbered in the
//! order in which they were committed, and a reader that goes on after the last number it saw
//! misses none. Numbers of different videos make no such promise.

use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;
use ytempire_core::{Event, EventKind, JobId, Stage, Timestamp, VideoId};

use crate::connection::{Connection, Question};
use crate::sql::{Cells, Result};

/// Appends events in the order in which they are given.
const APPEND: &str = "\
    INSERT INTO outbox (at, video_id, job_id, stage, kind, detail)
    SELECT at, video_id, job_id, stage, kind, detail
    FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::json[])
         AS new (at, video_id, job_id, stage, kind, detail)";

/// Events, column by column.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    at: Vec<i64>,
    videos: Vec<Uuid>,
    jobs: Vec<Option<Uuid>>,
    stages: Vec<Option<&'static str>>,
    kinds: Vec<String>,
    details: Vec<Json<&'a Value>>,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(events: &'a [Event]) -> Self {
        let mut columns = Self::default();
        for event in events {
            let kind = match serde_json::to_value(event.kind) {
                Ok(Value::String(name)) => name,
                _ => String::new(),
            };
            columns.at.push(event.at.as_micros());
            columns.videos.push(event.video.0);
            columns.jobs.push(event.job.map(|id| id.0));
            columns.stages.push(event.stage.map(Stage::as_str));
            columns.kinds.push(kind);
            columns.details.push(Json(&event.detail));
        }
        columns
    }

    /// Appends them, if there are any.
    pub(crate) fn append(&self) -> Option<Question<'_>> {
        let question: Question<'_> = (
            APPEND,
            vec![
                &self.at,
                &self.videos,
                &self.jobs,
                &self.stages,
                &self.kinds,
                &self.details,
            ],
        );
        (!self.at.is_empty()).then_some(question)
    }
}

pub(crate) const fn about_video(
    at: Timestamp,
    video: VideoId,
    kind: EventKind,
    detail: Value,
) -> Event {
    Event {
        seq: 0,
        at,
        video,
        job: None,
        stage: None,
        kind,
        detail,
    }
}

pub(crate) const fn about_job(
    at: Timestamp,
    (video, job, stage): (VideoId, JobId, Stage),
    kind: EventKind,
    detail: Value,
) -> Event {
    Event {
        seq: 0,
        at,
        video,
        job: Some(job),
        stage: Some(stage),
        kind,
        detail,
    }
}

pub(crate) async fn list(
    db: &Connection,
    video: VideoId,
    after: i64,
    limit: u32,
) -> Result<Vec<Event>> {
    let rows = db
        .query(
            "SELECT seq, at, video_id, job_id, stage, kind, detail
             FROM outbox
             WHERE video_id = $1 AND seq > $2
             ORDER BY seq
             LIMIT $3",
            &[&video.0, &after, &i64::from(limit)],
        )
        .await?;
    rows.iter().map(decode).collect()
}

pub(crate) fn decode(row: &Row) -> Result<Event> {
    let row = Cells::of("outbox", row);
    let kind = |name: &str| serde_json::from_value(Value::String(name.to_owned())).ok();
    let job: Option<Uuid> = row.get("job_id")?;
    let stage: Option<String> = row.get("stage")?;
    Ok(Event {
        seq: row.get("seq")?,
        at: row.time("at")?,
        video: VideoId(row.get("video_id")?),
        job: job.map(JobId),
        stage: stage.and_then(|name| Stage::from_name(&name)),
        kind: row.named("kind", kind)?,
        detail: row.get("detail")?,
    })
}
