//! Questions about money as the ledger grows.
//!
//! Old transfers are put in by plain statements, as the verbs leave them; then the verbs are timed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::Connection;
use testkit::PostgresServer;
use ytempire_core::{Clock, NodeId};

use super::provider::{CALL, TOKENS};
use super::purse::{self, CAP, Purse};
use super::{Money, WallClock, bare, millis, percentile};
use crate::table::markdown;

/// Videos that old transfers belong to.
const OLD_VIDEOS: u64 = 2_000;
/// Fresh videos, each of which spends all it has.
const VIDEOS: u64 = 12;
/// A year in microseconds: old transfers are spread over the last one.
const YEAR: i64 = 365 * 86_400 * 1_000_000;

/// Where old transfers are put in.
enum Ledger {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Money {
    pub(super) async fn balance(&self, server: &PostgresServer) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("balance.db");
        let url = server.fresh();
        let both = [
            (
                "SQLite",
                format!("sqlite:{}", file.display()),
                Ledger::Sqlite(file),
            ),
            ("PostgreSQL", url.clone(), Ledger::Postgres(url)),
        ];
        let mut rows = Vec::new();
        for (name, database, ledger) in both {
            let purse = Purse::over(purse::open(&database).await?, 4);
            let node = purse.join().await?;
            for n in 0..OLD_VIDEOS {
                purse.video(&format!("old {n}")).await?;
            }
            let mut there = 0;
            for &transfers in &self.transfers {
                let begun = Instant::now();
                ledger.grow(there, transfers).await?;
                there = transfers;
                if matches!(ledger, Ledger::Postgres(_)) {
                    // As an hour later: what autovacuum does by then.
                    server.sql("VACUUM ANALYZE");
                }
                eprintln!(
                    "{name}: {transfers} in {:.0} s",
                    begun.elapsed().as_secs_f64()
                );
                let mut row = vec![name.to_owned(), transfers.to_string()];
                row.extend(ask(&purse, node, transfers).await?);
                eprintln!("{}", row.join(", "));
                rows.push(row);
            }
        }
        let head = [
            "",
            "transfers",
            "hold p50 ms",
            "p99",
            "settle p50 ms",
            "p99",
            "a video's transfers p50 ms",
            "p99",
            "today's accounts p50 ms",
            "p99",
            "spent today, by backend p50 ms",
            "p99",
        ];
        println!("\nAs the ledger grows\n\n{}", markdown(&head, &rows));
        Ok(())
    }
}

/// Times the verbs; of each the half and the 99 of 100.
async fn ask(purse: &Purse, node: NodeId, transfers: u64) -> Result<Vec<String>> {
    let mut times: [Vec<Duration>; 5] = Default::default();
    let store = &purse.store;
    for n in 0..VIDEOS {
        let video = purse.video(&format!("fresh {transfers} {n}")).await?;
        let lease = purse.claim(video, node).await?;
        for _ in 0..CAP / CALL {
            let now = WallClock.now();
            let hold = purse.hold_of(now);
            let id = hold.id;
            let mut at = Instant::now();
            let mut lap = |place: usize| {
                times[place].push(at.elapsed());
                at = Instant::now();
            };
            store.transfer_hold(now, lease, vec![hold]).await?;
            lap(0);
            purse.settle(lease, id, TOKENS).await?;
            lap(1);
            store.transfer_list(video).await?;
            lap(2);
            let today = now.to_rfc3339();
            store.day_list(&today[..10], &today[..10]).await?;
            lap(3);
            let midnight = now.as_micros() - now.as_micros() % 86_400_000_000;
            let midnight = ytempire_core::Timestamp::from_micros(midnight);
            store
                .spent_list(midnight, now.after(Duration::from_hours(24)))
                .await?;
            lap(4);
        }
    }
    let both = |times: &mut Vec<Duration>| [50, 99].map(|part| millis(percentile(times, part)));
    Ok(times.iter_mut().flat_map(both).collect())
}

/// One row of an old transfer, from number `n` of a job `old`.
macro_rules! old {
    ($id:literal, $no:literal, $days:literal, $from:literal) => {
        concat!(
            "INSERT INTO transfers (id, video_id, job_id, stage, attempt, backend, meter, unit_price,
                                    price_version, imputed, quantity_max, quantity, held, posted,
                                    state, held_at, sent_at, settled_at, days)
             SELECT ", $id, ", old.video_id, old.id, 'script', 1, 'fake', 'output_tokens', '0.0003',
                    'fake/writer/output_tokens@1970-01-01', ", $no, ", 400, 400, 120000, 120000,
                    'posted', $1 + n * $2, $1 + n * $2 + 1000, $1 + n * $2 + 1000000, ", $days, "
             FROM ", $from
        )
    };
}

const SQLITE: &str = old!(
    "printf('01900000-0000-7000-8000-%012x', n)",
    "0",
    "'[\"day:global:2026-01-01\",\"day:provider:fake:2026-01-01\"]'",
    "(WITH RECURSIVE numbers (n) AS (SELECT $3 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $4)
      SELECT n FROM numbers) AS numbers
     JOIN old_jobs AS old ON old.r = n % (SELECT count(*) FROM old_jobs)"
);
const POSTGRES: &str = old!(
    "format('01900000-0000-7000-8000-%s', lpad(to_hex(n), 12, '0'))::uuid",
    "false",
    "ARRAY['day:global:2026-01-01', 'day:provider:fake:2026-01-01']",
    "generate_series($3::bigint, $4::bigint - 1) AS numbers (n)
     JOIN old_jobs AS old ON old.r = n % (SELECT count(*) FROM old_jobs)"
);

impl Ledger {
    /// Puts in old transfers from number `there` on, until there are `transfers`.
    async fn grow(&self, there: u64, transfers: u64) -> Result<()> {
        let begin = WallClock.now().as_micros() - YEAR - 86_400_000_000;
        let step = YEAR / transfers as i64;
        let (first, end) = (there as i64, transfers as i64);
        match self {
            Self::Sqlite(path) => fill(path, begin, step, first, end),
            Self::Postgres(url) => {
                let client = bare::connect(url).await?;
                client
                    .batch_execute(
                        "SET session_replication_role = replica;
                         CREATE TEMP TABLE old_jobs AS
                         SELECT id, video_id, row_number() OVER (ORDER BY id) - 1 AS r FROM jobs",
                    )
                    .await?;
                client
                    .execute(POSTGRES, &[&begin, &step, &first, &end])
                    .await?;
                Ok(())
            }
        }
    }
}

fn fill(path: &Path, begin: i64, step: i64, first: i64, end: i64) -> Result<()> {
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(10))?;
    db.execute_batch(
        "PRAGMA foreign_keys = OFF;
         CREATE TEMP TABLE old_jobs AS
         SELECT row_number() OVER (ORDER BY id) - 1 AS r, id, video_id FROM jobs;
         CREATE UNIQUE INDEX temp.old_by_number ON old_jobs (r);",
    )?;
    db.execute(SQLITE, (begin, step, first, end))?;
    // As a while later: what a checkpoint does by then.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
    Ok(())
}
