//! Somebody at the desk: cancels, makes again, pauses, halts, exports.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;

use crate::counts::Counts;
use crate::fault::Fault;
use crate::feeder::{Office, died};

#[derive(Deserialize)]
struct Found {
    id: String,
    budget: i64,
}

/// Does what arrives, one after the other, until nothing can arrive any more.
pub(crate) fn work(office: &Office<'_>, wishes: &Receiver<Fault>) -> Result<()> {
    while let Ok(wish) = wishes.recv() {
        match wish {
            Fault::Cancel { pick } => cancel(office, pick)?,
            Fault::Retry { pick } => retry(office, pick)?,
            Fault::Hold { halt, ms } => hold(office, halt, ms)?,
            Fault::Command { point, visit } => die(office, point, visit)?,
            _ => {}
        }
    }
    Ok(())
}

/// One of the videos that `condition` holds for; none while the database is away.
fn picked(office: &Office<'_>, condition: &str, pick: u64) -> Option<Found> {
    let sql =
        format!("SELECT CAST(id AS text) AS id, budget FROM videos WHERE {condition} ORDER BY id");
    let mut found = office.world.database.rows::<Found>(&sql).ok()?;
    if found.is_empty() {
        return None;
    }
    let index = (pick % found.len() as u64) as usize;
    Some(found.swap_remove(index))
}

fn cancel(office: &Office<'_>, pick: u64) -> Result<()> {
    let Some(video) = picked(office, "finalized_at IS NULL", pick) else {
        return Ok(());
    };
    if office
        .run(&["video", "cancel", &video.id], None)?
        .status
        .success()
    {
        office.counts().cancels += 1;
    }
    Ok(())
}

fn retry(office: &Office<'_>, pick: u64) -> Result<()> {
    let Some(video) = picked(office, "state IN ('failed', 'cancelled')", pick) else {
        return Ok(());
    };
    *office.known().asked.entry(video.budget).or_default() += 1;
    let output = office.run(&["video", "retry", &video.id], None)?;
    let said = String::from_utf8_lossy(&output.stdout);
    if let (true, Some(id)) = (output.status.success(), said.split_whitespace().next()) {
        office.known().accepted.push(id.to_owned());
        office.counts().retries += 1;
    }
    Ok(())
}

fn hold(office: &Office<'_>, halt: bool, ms: u64) -> Result<()> {
    let verb = if halt { "halt" } else { "pause" };
    if office.run(&["queue", verb], None)?.status.success() {
        office.counts().holds += 1;
    }
    std::thread::sleep(Duration::from_millis(ms));
    office.run(&["queue", "resume"], None).map(drop)
}

/// A command that dies at `point`, and then the same without dying.
fn die(office: &Office<'_>, point: &'static str, visit: u32) -> Result<()> {
    let dead = if point.starts_with("submit.") {
        office.submit(1, Some((point, visit)))?
    } else {
        let Some(video) = picked(office, "state = 'ready'", u64::from(visit)) else {
            return Ok(());
        };
        let export = ["video", "export", &video.id, "--out", "out"];
        let dead = died(&office.run(&export, Some((point, visit)))?);
        office.run(&export, None)?;
        dead
    };
    if dead {
        Counts::one(&mut office.counts().points, point);
    }
    Ok(())
}
