//! Statements about the line.

use store::{Error, Line, LineLoad, LineMode};
use tokio_postgres::Row;
use ytempire_core::{AccountId, Timestamp};

use crate::connection::{Connection, Question, Tx};
use crate::sql::{self, Cells, Fault, Result};

const GET: &str = "SELECT id, mode, changed_at, reason FROM line";

pub(crate) async fn get(db: &Connection) -> Result<Line> {
    let row = db.first(GET, &[]).await?.ok_or_else(gone)?;
    let row = Cells::of("line", &row);
    Ok(Line {
        mode: row.named("mode", LineMode::from_name)?,
        changed_at: row.time("changed_at")?,
        reason: row.get("reason")?,
    })
}

fn gone() -> Fault {
    Fault::Said(Error::Database("the line has no row".to_owned()))
}

pub(crate) async fn set(tx: &Tx, now: Timestamp, mode: LineMode, reason: &str) -> Result<()> {
    tx.execute(
        "UPDATE line SET mode = $1, changed_at = $2, reason = $3",
        &[&mode.as_str(), &now.as_micros(), &&*sql::words(reason)],
    )
    .await?;
    // Whoever waits for jobs shall look again.
    tx.wake(i64::MIN);
    Ok(())
}

const SPEND: &str = "SELECT id, mode, ARRAY(SELECT name FROM backends_off) AS off FROM line";

/// Asks whether anything may be spent, and on what not.
pub(crate) fn spend() -> Question<'static> {
    (SPEND, vec![])
}

/// Backends that are switched off, by the answer to that.
///
/// # Errors
/// [`Error::Halted`] while nothing may be spent at all.
pub(crate) fn may_spend(rows: &[Row]) -> Result<Vec<String>> {
    let row = Cells::of("line", rows.first().ok_or_else(gone)?);
    match row.named("mode", LineMode::from_name)? {
        LineMode::Halted => Err(Fault::Said(Error::Halted)),
        LineMode::Running | LineMode::Paused => row.get("off"),
    }
}

/// Fails where as many videos wait as may. The line stays locked, so that no other comes in between.
pub(crate) async fn has_room(tx: &Tx, max: u32) -> Result<()> {
    tx.query("SELECT id FROM line FOR NO KEY UPDATE", &[])
        .await?;
    let waiting =
        "SELECT count(*) AS waiting FROM videos WHERE finalized_at IS NULL AND state = 'queued'";
    let row = tx.first(waiting, &[]).await?.ok_or_else(gone)?;
    let waiting: u32 = Cells::of("videos", &row).count("waiting")?;
    if waiting >= max {
        return Err(Fault::Said(Error::LineFull { waiting, max }));
    }
    Ok(())
}

/// The turn of an account's next video, taken.
pub(crate) async fn take_turn(tx: &Tx, account: AccountId) -> Result<i64> {
    let row = tx
        .first(
            // The line's own turn is that of databases from before the index was there.
            "UPDATE accounts
             SET turn = greatest(turn + 1,
                                 (SELECT turn FROM line),
                                 (SELECT max(turn)
                                  FROM videos
                                  WHERE state NOT IN ('queued', 'cancelled')))
             WHERE id = $1
             RETURNING id, turn",
            &[&account.0],
        )
        .await?;
    let row: Row =
        row.ok_or_else(|| Fault::Said(Error::Database(format!("there is no account {account}"))))?;
    Cells::of("accounts", &row).get("turn")
}

/// How many videos were begun since then.
pub(crate) async fn begun_since(db: &Connection, since: Timestamp) -> Result<u64> {
    let asked = "SELECT count(*) AS begun FROM outbox WHERE kind = 'video.running' AND at >= $1";
    let row = db.first(asked, &[&since.as_micros()]).await?;
    Cells::of("outbox", &row.ok_or_else(gone)?).count("begun")
}

pub(crate) async fn load(db: &Connection) -> Result<LineLoad> {
    let row = db
        .first(
            "SELECT
                 (SELECT count(*)
                  FROM videos
                  WHERE finalized_at IS NULL AND state = 'queued') AS videos_queued,
                 (SELECT count(*)
                  FROM videos
                  WHERE finalized_at IS NULL AND state = 'running') AS videos_running,
                 (SELECT count(*)
                  FROM jobs
                  WHERE finalized_at IS NULL AND state = 'waiting') AS jobs_waiting,
                 (SELECT count(*) FROM jobs WHERE state = 'scheduled') AS jobs_scheduled,
                 (SELECT count(*) FROM jobs WHERE state = 'available') AS jobs_available,
                 (SELECT count(*) FROM jobs WHERE state = 'running') AS jobs_running",
            &[],
        )
        .await?;
    let row = row.ok_or_else(gone)?;
    let row = Cells::of("line", &row);
    Ok(LineLoad {
        videos_queued: row.count("videos_queued")?,
        videos_running: row.count("videos_running")?,
        jobs_waiting: row.count("jobs_waiting")?,
        jobs_scheduled: row.count("jobs_scheduled")?,
        jobs_available: row.count("jobs_available")?,
        jobs_running: row.count("jobs_running")?,
    })
}
