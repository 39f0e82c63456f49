//! Exchanges with a thousand to a million jobs waiting.

use std::time::Instant;

use anyhow::Result;
use testkit::PostgresServer;

use super::line::Line;
use super::{Queue, millis, percentile};
use crate::table::markdown;

/// Exchanges of each row.
const EXCHANGES: u32 = 400;

impl Queue {
    pub(super) async fn waiting(&self, server: &PostgresServer) -> Result<()> {
        let mut rows = Vec::new();
        for waiting in [1_000, 10_000, 100_000, 1_000_000] {
            if waiting > self.waiting_max {
                break;
            }
            eprintln!("{waiting} waiting");
            let line = Line::on(server).await?;
            // More than are taken, and so that as many still wait at the end.
            line.fill(waiting + 11 * EXCHANGES, 100).await?;
            // As an hour later: what autovacuum does by then.
            server.sql("VACUUM ANALYZE");
            let node = line.join().await?;
            let mut row = vec![waiting.to_string()];
            for batch in [1, 10] {
                let mut running = line.exchange(node, &[], batch).await?;
                let mut times = Vec::new();
                for _ in 1..EXCHANGES {
                    let begun = Instant::now();
                    running = line.exchange(node, &running, batch).await?;
                    times.push(begun.elapsed());
                }
                line.exchange(node, &running, 0).await?;
                row.push(millis(percentile(&mut times, 50)));
                row.push(millis(percentile(&mut times, 99)));
            }
            rows.push(row);
        }
        let head = [
            "waiting",
            "1 job p50 ms",
            "p99 ms",
            "10 jobs p50 ms",
            "p99 ms",
        ];
        println!(
            "\nExchanges with many waiting\n\n{}",
            markdown(&head, &rows)
        );
        Ok(())
    }
}
