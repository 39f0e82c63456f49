//! Exchanges while somebody holds a snapshot: dead rows can't be cleared away then.

use std::time::{Duration, Instant};

use anyhow::Result;
use testkit::PostgresServer;

use super::line::Line;
use super::{Queue, millis, percentile};
use crate::table::markdown;

/// Jobs a second.
const PACE: u64 = 600;
const BATCH: u32 = 10;

impl Queue {
    pub(super) async fn held(&self, server: &PostgresServer) -> Result<()> {
        let mut rows = Vec::new();
        for (name, hold) in [("nobody", false), ("an idle transaction", true)] {
            eprintln!("held by {name}");
            let line = Line::on(server).await?;
            line.fill(self.held as u32 * PACE as u32 + 2_000, 10)
                .await?;
            server.sql("VACUUM ANALYZE");
            let held = hold.then(|| {
                server.session(
                    "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class;",
                )
            });
            let node = line.join().await?;
            let mut tick =
                tokio::time::interval(Duration::from_micros(1_000_000 * u64::from(BATCH) / PACE));
            let begun = Instant::now();
            let mut times = Vec::new();
            let mut running = Vec::new();
            while begun.elapsed() < Duration::from_secs(self.held) {
                tick.tick().await;
                let start = Instant::now();
                running = line.exchange(node, &running, BATCH).await?;
                times.push(start.elapsed());
            }
            drop(held);
            let few = times.len() / 6;
            let mut row = vec![name.to_owned()];
            let last = times.len() - few;
            for part in [0..few, last..times.len()] {
                let mut part = times[part].to_vec();
                row.push(millis(percentile(&mut part, 50)));
                row.push(millis(percentile(&mut part, 99)));
            }
            rows.push(row);
        }
        let head = [
            "snapshot held by",
            "first sixth p50 ms",
            "p99 ms",
            "last sixth p50 ms",
            "p99 ms",
        ];
        println!(
            "\n{PACE} jobs a second for {} s, {BATCH} an exchange\n\n{}",
            self.held,
            markdown(&head, &rows)
        );
        Ok(())
    }
}
