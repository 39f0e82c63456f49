//! Statements about recurring starts.

use rusqlite::{Connection, Row, named_params};
use store::{Result, ScheduleRow, ScheduleState, ScheduleStep, Submitted};
use ytempire_core::{ScheduleId, Timestamp};

use crate::{sql, submit};

pub(crate) fn add(tx: &Connection, new: &ScheduleRow) -> Result<bool> {
    tx.prepare_cached(
        "INSERT INTO schedules (id, account_id, name, state, timing, request, priority, next_at,
                                created_at)
         VALUES (:id, :account, :name, :state, :timing, :request, :priority, :next, :created)
         ON CONFLICT (account_id, name) DO NOTHING",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":id": new.id.to_string(),
            ":account": new.account.to_string(),
            ":name": new.name,
            ":state": new.state.as_str(),
            ":timing": new.timing.to_string(),
            ":request": new.request.to_string(),
            ":priority": new.priority,
            ":next": new.next_at.map(Timestamp::as_micros),
            ":created": new.created_at.as_micros(),
        })
    })
    .map(|added| added == 1)
    .map_err(sql::error)
}

pub(crate) fn list(db: &Connection) -> Result<Vec<ScheduleRow>> {
    query(db, "SELECT * FROM schedules ORDER BY name, id", [])
}

pub(crate) fn due(db: &Connection, now: Timestamp) -> Result<Vec<ScheduleRow>> {
    query(
        db,
        "SELECT * FROM schedules WHERE state = 'active' AND next_at <= ?1 ORDER BY next_at, id",
        [now.as_micros()],
    )
}

fn query(db: &Connection, text: &str, params: impl rusqlite::Params) -> Result<Vec<ScheduleRow>> {
    let mut statement = db.prepare_cached(text).map_err(sql::error)?;
    let mut rows = statement.query(params).map_err(sql::error)?;
    let mut schedules = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        schedules.push(decode(row)?);
    }
    Ok(schedules)
}

fn decode(row: &Row<'_>) -> Result<ScheduleRow> {
    let last: Option<String> = row.get("last_video").map_err(sql::error)?;
    Ok(ScheduleRow {
        id: sql::parsed(row, "schedules", "id")?,
        account: sql::parsed(row, "schedules", "account_id")?,
        name: row.get("name").map_err(sql::error)?,
        state: sql::named(row, "schedules", "state", ScheduleState::from_name)?,
        timing: sql::json(row, "schedules", "timing")?,
        request: sql::json(row, "schedules", "request")?,
        priority: row.get("priority").map_err(sql::error)?,
        next_at: sql::time_or_none(row, "next_at")?,
        created_at: Timestamp::from_micros(row.get("created_at").map_err(sql::error)?),
        last_at: sql::time_or_none(row, "last_at")?,
        last_video: last.and_then(|id| id.parse().ok()),
        last_error: row.get("last_error").map_err(sql::error)?,
        started: u64::from(row.get::<_, u32>("started").map_err(sql::error)?),
    })
}

pub(crate) fn set(
    tx: &Connection,
    schedule: ScheduleId,
    state: ScheduleState,
    next_at: Option<Timestamp>,
) -> Result<bool> {
    tx.prepare_cached("UPDATE schedules SET state = ?2, next_at = ?3 WHERE id = ?1")
        .and_then(|mut s| {
            s.execute((
                schedule.to_string(),
                state.as_str(),
                next_at.map(Timestamp::as_micros),
            ))
        })
        .map(|set| set == 1)
        .map_err(sql::error)
}

pub(crate) fn step(
    tx: &Connection,
    now: Timestamp,
    step: &ScheduleStep,
) -> Result<Option<Vec<Submitted>>> {
    let moved = tx
        .prepare_cached(
            "UPDATE schedules
             SET next_at = :next, last_at = :now, last_error = :error,
                 last_video = coalesce(:video, last_video), started = started + :started
             WHERE id = :id AND state = 'active' AND next_at = :was",
        )
        .and_then(|mut s| {
            s.execute(named_params! {
                ":id": step.id.to_string(),
                ":was": step.was.as_micros(),
                ":next": step.next_at.map(Timestamp::as_micros),
                ":now": now.as_micros(),
                ":error": step.error,
                ":video": step.submissions.last().map(|new| new.video.to_string()),
                ":started": step.submissions.len() as i64,
            })
        })
        .map_err(sql::error)?;
    if moved == 0 {
        return Ok(None);
    }
    let started = step
        .submissions
        .iter()
        .map(|new| submit::submit(tx, now, new));
    started.collect::<Result<_>>().map(Some)
}

pub(crate) fn remove(tx: &Connection, schedule: ScheduleId) -> Result<bool> {
    tx.prepare_cached("DELETE FROM schedules WHERE id = ?1")
        .and_then(|mut s| s.execute([schedule.to_string()]))
        .map(|removed| removed == 1)
        .map_err(sql::error)
}
