//! Statements about recurring starts.

use store::{ScheduleRow, ScheduleState, ScheduleStep, Submitted};
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;
use ytempire_core::{AccountId, ScheduleId, Timestamp, VideoId};

use crate::connection::{Connection, Tx};
use crate::sql::{self, Cells, Result};
use crate::submit;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, name, state, timing, request, priority, next_at, created_at,
                    last_at, last_video, last_error, started
             FROM schedules ",
            $rest
        )
    };
}

pub(crate) async fn add(tx: &Tx, new: &ScheduleRow) -> Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO schedules (id, account_id, name, state, timing, request, priority,
                                    next_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (account_id, name) DO NOTHING",
            &[
                &new.id.0,
                &new.account.0,
                &&*sql::words(&new.name),
                &new.state.as_str(),
                &Json(&new.timing),
                &Json(&new.request),
                &i64::from(new.priority),
                &new.next_at.map(Timestamp::as_micros),
                &new.created_at.as_micros(),
            ],
        )
        .await?;
    Ok(added == 1)
}

pub(crate) async fn list(db: &Connection) -> Result<Vec<ScheduleRow>> {
    let rows = db
        .query(select!("ORDER BY name COLLATE \"C\", id"), &[])
        .await?;
    rows.iter().map(decode).collect()
}

pub(crate) async fn due(db: &Connection, now: Timestamp) -> Result<Vec<ScheduleRow>> {
    let rows = db
        .query(
            select!("WHERE state = 'active' AND next_at <= $1 ORDER BY next_at, id"),
            &[&now.as_micros()],
        )
        .await?;
    rows.iter().map(decode).collect()
}

fn decode(row: &Row) -> Result<ScheduleRow> {
    let row = Cells::of("schedules", row);
    Ok(ScheduleRow {
        id: ScheduleId(row.get("id")?),
        account: AccountId(row.get("account_id")?),
        name: row.get("name")?,
        state: row.named("state", ScheduleState::from_name)?,
        timing: row.get("timing")?,
        request: row.get("request")?,
        priority: row.count("priority")?,
        next_at: row.time_or_none("next_at")?,
        created_at: row.time("created_at")?,
        last_at: row.time_or_none("last_at")?,
        last_video: row.get::<Option<Uuid>>("last_video")?.map(VideoId),
        last_error: row.get("last_error")?,
        started: row.count("started")?,
    })
}

pub(crate) async fn set(
    tx: &Tx,
    schedule: ScheduleId,
    state: ScheduleState,
    next_at: Option<Timestamp>,
) -> Result<bool> {
    let set = tx
        .execute(
            "UPDATE schedules SET state = $2, next_at = $3 WHERE id = $1",
            &[
                &schedule.0,
                &state.as_str(),
                &next_at.map(Timestamp::as_micros),
            ],
        )
        .await?;
    Ok(set == 1)
}

/// The row of the schedule is locked from here on: who else asks waits, then finds that it has
/// moved on.
pub(crate) async fn step(
    tx: &Tx,
    now: Timestamp,
    step: &ScheduleStep,
) -> Result<Option<Vec<Submitted>>> {
    let error = step.error.as_deref().map(sql::words);
    let moved = tx
        .execute(
            "UPDATE schedules
             SET next_at = $3, last_at = $4, last_error = $5,
                 last_video = coalesce($6, last_video), started = started + $7
             WHERE id = $1 AND state = 'active' AND next_at = $2",
            &[
                &step.id.0,
                &step.was.as_micros(),
                &step.next_at.map(Timestamp::as_micros),
                &now.as_micros(),
                &error.as_deref(),
                &step.submissions.last().map(|new| new.video.0),
                &(step.submissions.len() as i64),
            ],
        )
        .await?;
    if moved == 0 {
        return Ok(None);
    }
    let mut started = Vec::new();
    for new in &step.submissions {
        started.push(submit::accept(tx, now, new, false).await?);
    }
    Ok(Some(started))
}

pub(crate) async fn remove(tx: &Tx, schedule: ScheduleId) -> Result<bool> {
    let removed = "DELETE FROM schedules WHERE id = $1";
    Ok(tx.execute(removed, &[&schedule.0]).await? == 1)
}
