//! Statements about the outbox.

use rusqlite::{Connection, Row, named_params};
use serde_json::Value;
use store::{EventFilter, EventPage, Result};
use ytempire_core::{Event, EventKind, JobId, Stage, Timestamp, VideoId};

use crate::{access, sql};

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
        events.push(decode(row)?);
    }
    Ok(events)
}

fn decode(row: &Row<'_>) -> Result<Event> {
    let kind = |name: &str| serde_json::from_value(Value::String(name.to_owned())).ok();
    let job: Option<String> = row.get("job_id").map_err(sql::error)?;
    let stage: Option<String> = row.get("stage").map_err(sql::error)?;
    Ok(Event {
        seq: row.get("seq").map_err(sql::error)?,
        at: Timestamp::from_micros(row.get("at").map_err(sql::error)?),
        video: sql::parsed(row, "outbox", "video_id")?,
        job: job.and_then(|id| id.parse().ok()),
        stage: stage.and_then(|name| Stage::from_name(&name)),
        kind: sql::named(row, "outbox", "kind", kind)?,
        detail: sql::json(row, "outbox", "detail")?,
    })
}

pub(crate) fn follow(db: &Connection, filter: &EventFilter) -> Result<EventPage> {
    // Before the events are read: those that come after are for the next page.
    let end = access::events_upto(db)?;
    let Some(after) = filter.after.filter(|after| *after < end) else {
        return Ok(EventPage {
            events: Vec::new(),
            upto: end,
        });
    };
    let mut statement = db
        .prepare_cached(
            "SELECT seq, at, video_id, job_id, stage, kind, detail, account_id
             FROM outbox
             JOIN videos ON videos.id = outbox.video_id
             WHERE seq > :after AND seq <= :end
               AND (:video IS NULL OR video_id = :video)
               AND (:account IS NULL OR account_id = :account)
             ORDER BY seq
             LIMIT :limit",
        )
        .map_err(sql::error)?;
    let mut rows = statement
        .query(named_params! {
            ":after": after,
            ":end": end,
            ":video": filter.video.map(|id| id.to_string()),
            ":account": filter.account.map(|id| id.to_string()),
            ":limit": filter.limit,
        })
        .map_err(sql::error)?;
    let mut events = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        events.push((sql::parsed(row, "videos", "account_id")?, decode(row)?));
    }
    let last = events.last().map(|(_, event): &(_, Event)| event.seq);
    let full = events.len() as u64 >= u64::from(filter.limit);
    let upto = last.filter(|_| full).unwrap_or(end);
    Ok(EventPage { events, upto })
}
