//! Statements about the line.

use rusqlite::Connection;
use store::{Error, Line, LineLoad, LineMode, Result};
use ytempire_core::{AccountId, Timestamp};

use crate::sql;

pub(crate) fn get(db: &Connection) -> Result<Line> {
    let mut statement = db
        .prepare_cached("SELECT id, mode, changed_at, reason FROM line")
        .map_err(sql::error)?;
    let mut rows = statement.query([]).map_err(sql::error)?;
    let row = rows.next().map_err(sql::error)?;
    let row = row.ok_or_else(|| Error::Database("the line has no row".to_owned()))?;
    Ok(Line {
        mode: sql::named(row, "line", "mode", LineMode::from_name)?,
        changed_at: Timestamp::from_micros(row.get("changed_at").map_err(sql::error)?),
        reason: row.get("reason").map_err(sql::error)?,
    })
}

pub(crate) fn set(tx: &Connection, now: Timestamp, mode: LineMode, reason: &str) -> Result<()> {
    tx.prepare_cached("UPDATE line SET mode = ?1, changed_at = ?2, reason = ?3")
        .and_then(|mut s| s.execute((mode.as_str(), now.as_micros(), reason)))
        .map(drop)
        .map_err(sql::error)
}

/// Fails while nothing may be spent.
pub(crate) fn may_spend(tx: &Connection) -> Result<()> {
    match get(tx)?.mode {
        LineMode::Halted => Err(Error::Halted),
        LineMode::Running | LineMode::Paused => Ok(()),
    }
}

/// The turn of an account's next video, taken.
pub(crate) fn take_turn(tx: &Connection, account: AccountId) -> Result<i64> {
    tx.prepare_cached(
        "UPDATE accounts
         SET turn = max(turn + 1, (SELECT turn FROM line))
         WHERE id = ?1
         RETURNING turn",
    )
    .and_then(|mut s| s.query_row([account.to_string()], |row| row.get(0)))
    .map_err(sql::error)
}

/// Notes that a video of this turn was begun.
pub(crate) fn begun(tx: &Connection, turn: i64) -> Result<()> {
    tx.prepare_cached("UPDATE line SET turn = ?1 WHERE turn < ?1")
        .and_then(|mut s| s.execute([turn]))
        .map(drop)
        .map_err(sql::error)
}

/// Fails where as many videos wait as may.
pub(crate) fn has_room(tx: &Connection, max: u32) -> Result<()> {
    let waiting: u32 = tx
        .prepare_cached(
            "SELECT count(*) FROM videos WHERE finalized_at IS NULL AND state = 'queued'",
        )
        .and_then(|mut s| s.query_row([], |row| row.get(0)))
        .map_err(sql::error)?;
    if waiting >= max {
        return Err(Error::LineFull { waiting, max });
    }
    Ok(())
}

/// How many videos were begun since then.
pub(crate) fn begun_since(db: &Connection, since: Timestamp) -> Result<u64> {
    db.prepare_cached("SELECT count(*) FROM outbox WHERE kind = 'video.running' AND at >= ?1")
        .and_then(|mut s| s.query_row([since.as_micros()], |row| row.get::<_, u32>(0)))
        .map(u64::from)
        .map_err(sql::error)
}

pub(crate) fn load(db: &Connection) -> Result<LineLoad> {
    let count = |text: &str| {
        db.prepare_cached(text)
            .and_then(|mut s| s.query_row([], |row| row.get::<_, u32>(0).map(u64::from)))
            .map_err(sql::error)
    };
    let videos = |state: &str| {
        count(&format!(
            "SELECT count(*) FROM videos WHERE finalized_at IS NULL AND state = '{state}'"
        ))
    };
    let jobs = |state: &str| {
        count(&format!(
            "SELECT count(*) FROM jobs WHERE state = '{state}'"
        ))
    };
    Ok(LineLoad {
        videos_queued: videos("queued")?,
        videos_running: videos("running")?,
        jobs_waiting: jobs("waiting")?,
        jobs_scheduled: jobs("scheduled")?,
        jobs_available: jobs("available")?,
        jobs_running: jobs("running")?,
    })
}
