//! From the call that submits a video to the claim of its job by a node that waited for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use signal::{LocalSignal, RedisSignal, Signal};
use store::PRIORITIES;
use store_postgres::{PostgresStore, Wakes};
use testkit::{PostgresServer, RedisServer};
use ytempire_core::CrashPlan;

use super::line::{Line, URGENT};
use super::{Queue, millis, percentile};
use crate::table::markdown;

/// How a node learns of jobs.
pub(super) enum Waking {
    Listen(Wakes),
    Signal(Arc<dyn Signal>),
}

/// How long a node waits until it looks by itself.
const LOOK: Duration = Duration::from_millis(500);

impl Waking {
    pub(super) async fn wait(&mut self) {
        match self {
            Self::Listen(wakes) => drop(tokio::time::timeout(LOOK, wakes.wait()).await),
            Self::Signal(signal) => drop(signal.waiting(LOOK).await),
        }
    }
}

impl Queue {
    pub(super) async fn pick_up(&self, server: &PostgresServer) -> Result<()> {
        let redis = RedisServer::start();
        let folder = tempfile::tempdir()?;
        let mut rows = Vec::new();
        for waiting in [0, 10_000] {
            let (line, wakes) = listening(server).await?;
            let idle = Idle::of("PostgreSQL, LISTEN/NOTIFY", line.clone(), line, waiting);
            rows.push(
                idle.measure(Waking::Listen(wakes), None, self.pick_ups)
                    .await?,
            );
            // Two processes: two stores and two connections to Redis.
            let url = server.fresh();
            let (submits, claims) = (Line::at(&url).await?, Line::at(&url).await?);
            let (tell, hear) = (remote(&redis, 1).await?, remote(&redis, 2).await?);
            let idle = Idle::of("PostgreSQL, Redis", submits, claims, waiting);
            rows.push(
                idle.measure(Waking::Signal(hear), Some(tell), self.pick_ups)
                    .await?,
            );
            let path = folder.path().join(format!("{waiting}.db"));
            let store = store_sqlite::SqliteStore::open(&path, CrashPlan::default())?;
            let line = Line::over(Arc::new(store));
            let local: Arc<dyn Signal> = Arc::new(LocalSignal::default());
            let idle = Idle::of("SQLite, in process", line.clone(), line, waiting);
            let waking = Waking::Signal(Arc::clone(&local));
            rows.push(idle.measure(waking, Some(local), self.pick_ups).await?);
        }
        let head = ["", "waiting besides", "p50 ms", "p99 ms"];
        println!(
            "\nFrom a submission to its claim, {} videos\n\n{}",
            self.pick_ups,
            markdown(&head, &rows)
        );
        Ok(())
    }
}

pub(super) async fn listening(server: &PostgresServer) -> Result<(Line, Wakes)> {
    let options = store_postgres::Options::from_url(&server.fresh())?;
    let store = PostgresStore::open(options, CrashPlan::default()).await?;
    let mut wakes = store.wakes();
    wakes.wait().await;
    Ok((Line::over(Arc::new(store)), wakes))
}

async fn remote(redis: &RedisServer, instance: u128) -> Result<Arc<dyn Signal>> {
    let options = signal::Options::from_url(&redis.url(), instance)?;
    let signal = RedisSignal::start(options);
    signal.until_shared().await;
    Ok(Arc::new(signal))
}

/// Who submits and who waits.
struct Idle {
    name: &'static str,
    submits: Line,
    claims: Line,
    waiting: u32,
}

impl Idle {
    const fn of(name: &'static str, submits: Line, claims: Line, waiting: u32) -> Self {
        Self {
            name,
            submits,
            claims,
            waiting,
        }
    }

    /// Others wait with the lowest priority; what is submitted has the highest.
    async fn measure(
        self,
        mut waking: Waking,
        tell: Option<Arc<dyn Signal>>,
        count: u32,
    ) -> Result<Vec<String>> {
        eprintln!("{}, {} waiting", self.name, self.waiting);
        for number in 0..self.waiting / 100 {
            self.submits
                .submit(1_000_000 + number, 100, *PRIORITIES.start())
                .await?;
        }
        let node = self.claims.join().await?;
        let (done, mut told) = tokio::sync::mpsc::channel(1);
        let (next, mut may) = tokio::sync::mpsc::channel::<()>(1);
        let submits = self.submits;
        let submitting = tokio::spawn(async move {
            for number in 0..count {
                may.recv().await.context("nobody claims")?;
                // The node has gone to sleep by then.
                tokio::time::sleep(Duration::from_millis(3)).await;
                let begun = Instant::now();
                submits.submit(number, 1, *PRIORITIES.end()).await?;
                if let Some(tell) = &tell {
                    tell.wake(1).await;
                }
                done.send(begun).await.ok().context("nobody claims")?;
            }
            anyhow::Ok(())
        });
        let mut times = Vec::new();
        next.send(()).await.ok().context("nobody submits")?;
        while times.len() < count as usize {
            waking.wait().await;
            let claimed = self.claims.exchange(node, &[], 1).await?;
            let now = Instant::now();
            let Some(job) = claimed.first() else { continue };
            if job.stage == URGENT {
                let begun: Instant = told.recv().await.context("nobody submits")?;
                times.push(now - begun);
            }
            self.claims.exchange(node, &claimed, 0).await?;
            if claimed[0].stage == URGENT && times.len() < count as usize {
                next.send(()).await.ok().context("nobody submits")?;
            }
        }
        submitting.await??;
        Ok(vec![
            self.name.to_owned(),
            self.waiting.to_string(),
            millis(percentile(&mut times, 50)),
            millis(percentile(&mut times, 99)),
        ])
    }
}
