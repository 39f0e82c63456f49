//! A writer that acknowledges before its rows are on the disk, as `synchronous=NORMAL` does.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use rand::Rng;
use rand_chacha::ChaCha12Rng;
use rusqlite::Connection;

use super::disk::Disk;
use super::storm::Storm;

/// Between two rows: a quick writer comes to a checkpoint, which syncs, too often.
const PAUSE: Duration = Duration::from_millis(2);

/// Cuts the power of such a writer until it has lost something, at most `cuts` times.
pub(super) fn sqlite(cuts: u32, chance: &mut ChaCha12Rng) -> Result<Storm> {
    let mut storm = Storm {
        what: "a writer on Sqlite with synchronous=NORMAL".to_owned(),
        must_lose: true,
        ..Storm::default()
    };
    while storm.cuts < cuts && storm.lost == 0 {
        let disk = Disk::make()?;
        let path = disk.path().join("control.db");
        let work = Duration::from_millis(chance.random_range(400..1_200));
        let written = write_until_the_cut(&path, &disk, work)?;
        storm.cuts += 1;
        storm.acknowledged += written;
        disk.power_on()?;
        storm.lost += written.saturating_sub(rows(&path).unwrap_or(0));
    }
    Ok(storm)
}

fn write_until_the_cut(path: &Path, disk: &Disk, work: Duration) -> Result<usize> {
    let stop = AtomicBool::new(false);
    let db = Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         CREATE TABLE told (n INTEGER PRIMARY KEY); PRAGMA wal_checkpoint(TRUNCATE);",
    )?;
    std::thread::scope(|scope| {
        let stop = &stop;
        let writer = scope.spawn(move || {
            let mut told = 0;
            while !stop.load(Ordering::Relaxed)
                && db.execute("INSERT INTO told DEFAULT VALUES", []).is_ok()
            {
                told += 1;
                std::thread::sleep(PAUSE);
            }
            told
        });
        std::thread::sleep(work);
        let cut = disk.cut();
        stop.store(true, Ordering::Relaxed);
        let told = writer.join().expect("no thread has panicked");
        cut.map(|()| told)
    })
}

fn rows(path: &Path) -> Result<usize> {
    let db = Connection::open(path)?;
    let rows: u32 = db.query_row("SELECT count(*) FROM told", [], |row| row.get(0))?;
    Ok(rows as usize)
}
