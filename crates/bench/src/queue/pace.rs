//! Jobs that are added one by one at a constant pace, while workers wait for them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use store::PRIORITY;
use testkit::PostgresServer;
use tokio::task::JoinSet;
use ytempire_core::CrashPlan;

use super::line::Line;
use super::others::OTHERS;
use super::pick_up::{Waking, listening};
use super::{Queue, millis, percentile, rate};
use crate::table::markdown;

/// Jobs that a worker takes at once.
const BATCH: u32 = 100;

impl Queue {
    pub(super) async fn pace(&self, server: &PostgresServer) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut rows = Vec::new();
        for &pace in &self.paces {
            let (line, wakes) = listening(server).await?;
            let waking = Waking::Listen(wakes);
            rows.push(
                self.ours_at("ours, PostgreSQL, LISTEN/NOTIFY", line, waking, pace)
                    .await?,
            );
            if !self.no_sqlite {
                let path = folder.path().join(format!("{pace}.db"));
                let store = store_sqlite::SqliteStore::open(&path, CrashPlan::default())?;
                let signal: Arc<dyn signal::Signal> = Arc::new(signal::LocalSignal::default());
                let line = Line::over(Arc::new(store));
                let waking = Waking::Signal(signal);
                rows.push(
                    self.ours_at("ours, SQLite, in process", line, waking, pace)
                        .await?,
                );
            }
            // Those whose scripts know of a pace.
            let with_pace = |name: &str| !name.starts_with("procrastinate");
            for (n, other) in OTHERS.iter().enumerate() {
                if !with_pace(other.name) {
                    continue;
                }
                let jobs = pace * self.pace_seconds;
                let database = format!("pace{pace}_{n}");
                match self.run_other(server, other, &database, &[jobs, pace]) {
                    Ok(said) => {
                        let done = f64::from(jobs) / said.done_s;
                        rows.push(row(other.name, pace, done, [said.p50_ms, said.p99_ms]));
                    }
                    Err(trouble) => eprintln!("{}: {trouble:#}", other.name),
                }
            }
        }
        let head = ["", "added/s", "done/s", "p50 ms", "p99 ms"];
        println!(
            "\nFrom the call that adds a job to its claim, added for {} s\n\n{}",
            self.pace_seconds,
            markdown(&head, &rows)
        );
        Ok(())
    }

    /// One node claims, and completes what it claimed before with the next claim.
    async fn ours_at(
        &self,
        name: &str,
        line: Line,
        mut waking: Waking,
        pace: u32,
    ) -> Result<Vec<String>> {
        let jobs = pace * self.pace_seconds;
        let node = line.join().await?;
        let tell = match &waking {
            Waking::Signal(signal) => Some(Arc::clone(signal)),
            Waking::Listen(_) => None,
        };
        let began = Instant::now();
        let adding = {
            let line = line.clone();
            tokio::spawn(async move {
                let mut tick = tokio::time::interval(Duration::from_secs(1) / pace);
                let mut all = JoinSet::new();
                for number in 0..jobs {
                    tick.tick().await;
                    let (line, tell) = (line.clone(), tell.clone());
                    all.spawn(async move {
                        let at = began.elapsed().as_micros() as u64;
                        line.submit_with(number, 1, PRIORITY, at.into()).await?;
                        if let Some(tell) = tell {
                            tell.wake(1).await;
                        }
                        anyhow::Ok(())
                    });
                }
                while let Some(added) = all.join_next().await {
                    added??;
                }
                anyhow::Ok(())
            })
        };
        let mut times = Vec::new();
        let mut running = Vec::new();
        let mut done = 0;
        while done < jobs {
            if running.is_empty() {
                waking.wait().await;
            }
            let ended = running.len() as u32;
            running = line.exchange(node, &running, BATCH).await?;
            done += ended;
            let now = began.elapsed();
            for job in &running {
                let at = Duration::from_micros(job.args.as_u64().unwrap_or_default());
                times.push(now.saturating_sub(at));
            }
        }
        let took = began.elapsed();
        adding.await??;
        let part = |times: &mut [Duration], part| percentile(times, part).as_secs_f64() * 1e3;
        let parts = [part(&mut times, 50), part(&mut times, 99)];
        Ok(row(name, pace, rate(jobs, took), parts))
    }
}

fn row(name: &str, pace: u32, done: f64, parts: [f64; 2]) -> Vec<String> {
    let [p50, p99] = parts.map(|ms| millis(Duration::from_secs_f64(ms / 1e3)));
    let row = vec![
        name.to_owned(),
        pace.to_string(),
        format!("{done:.0}"),
        p50,
        p99,
    ];
    eprintln!("{}", row.join(", "));
    row
}
