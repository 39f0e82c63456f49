//! A store under measurement, and what its users do with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use store::{
    ClaimRequest, Exchange, JobOutcome, LeasedJob, Limits, Needs, NewJob, PRIORITIES, PRIORITY,
    Room, Settlement, Store, Submission,
};
use store_postgres::PostgresStore;
use testkit::PostgresServer;
use tokio::task::JoinSet;
use ytempire_core::{
    AccountId, Clock, CrashPlan, IdSource, JobId, MicroUsd, NodeId, Stage, VideoId,
};

use super::Shape;
use crate::stores::{self, WallClock};

/// The stage of urgent jobs.
pub(super) const URGENT: Stage = Stage::Thumbnail;

/// A store with ids.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) store: Arc<dyn Store>,
    ids: Arc<IdSource>,
}

impl Line {
    pub(super) fn over(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            ids: Arc::new(IdSource::seeded([7; 32])),
        }
    }

    /// A fresh one on the server.
    pub(super) async fn on(server: &PostgresServer) -> Result<Self> {
        Self::at(&server.fresh()).await
    }

    /// One of a database's.
    pub(super) async fn at(url: &str) -> Result<Self> {
        let options = store_postgres::Options::from_url(url)?;
        let store = PostgresStore::open(options, CrashPlan::default()).await?;
        Ok(Self::over(Arc::new(store)))
    }

    /// Submits a video of so many jobs that wait for nothing. Those of the highest priority are told
    /// from others by their stage.
    pub(super) async fn submit(&self, number: u32, jobs: u32, priority: u8) -> Result<()> {
        let args = serde_json::Value::Null;
        self.submit_with(number, jobs, priority, args).await
    }

    /// The same; each job is given `args`.
    pub(super) async fn submit_with(
        &self,
        number: u32,
        jobs: u32,
        priority: u8,
        args: serde_json::Value,
    ) -> Result<()> {
        let now = WallClock.now();
        let job = |rank| NewJob {
            id: JobId::fresh(&self.ids, now),
            stage: if priority == *PRIORITIES.end() {
                URGENT
            } else {
                Stage::Script
            },
            args: args.clone(),
            rank,
            after: vec![],
            needs: Needs::default(),
        };
        let submission = Submission {
            video: VideoId::fresh(&self.ids, now),
            account: AccountId::LOCAL,
            channel: None,
            key: format!("bench {number}"),
            title: "nothing".to_owned(),
            request: serde_json::json!({}),
            budget: MicroUsd(3_000_000),
            priority,
            waiting_max: None,
            due_at: None,
            start_at: None,
            words: 0,
            plan: None,
            envelopes: [(Stage::Script, MicroUsd(1_000_000))].into(),
            jobs: (0..i64::from(jobs)).map(job).collect(),
        };
        self.store.video_submit(now, submission).await?;
        Ok(())
    }

    /// Submits `jobs` in videos of `of_video` each.
    pub(super) async fn fill(&self, jobs: u32, of_video: u32) -> Result<()> {
        for number in 0..jobs / of_video {
            self.submit(number, of_video, PRIORITY).await?;
        }
        Ok(())
    }

    pub(super) async fn join(&self) -> Result<NodeId> {
        stores::join(&*self.store, &self.ids).await
    }

    /// Completes `done` and claims as many as `max` more.
    pub(super) async fn exchange(
        &self,
        node: NodeId,
        done: &[LeasedJob],
        max: u32,
    ) -> Result<Vec<LeasedJob>> {
        let now = WallClock.now();
        let end = |job: &LeasedJob| Settlement {
            lease: job.lease,
            outcome: JobOutcome::Completed {
                output: serde_json::Value::Null,
                follow: vec![],
                cached: vec![],
                title: None,
            },
            postings: vec![],
            events: vec![],
        };
        let claim = (max > 0).then(|| ClaimRequest {
            node,
            video: None,
            stages: Stage::ALL.to_vec(),
            max,
            // Of everything, more than there is: what fits is looked for all the same.
            room: Room {
                cpu_milli: Some(1_000_000),
                memory_mib: Some(1_000_000),
                ..Room::default()
            },
            limits: Limits::default(),
            only: None,
            lease_until: now.after(Duration::from_secs(15)),
        });
        let exchange = Exchange {
            settlements: done.iter().map(end).collect(),
            claim,
        };
        let exchanged = self.store.job_exchange(now, exchange).await?;
        for settled in exchanged.settled {
            settled?;
        }
        Ok(exchanged.claimed)
    }

    /// Has workers empty the line of `jobs`; how long that took, and each exchange that gave something.
    pub(super) async fn drain(
        &self,
        jobs: u32,
        (workers, batch): Shape,
    ) -> Result<(Duration, Vec<Duration>)> {
        let left = Arc::new(AtomicU32::new(jobs));
        let mut tasks = JoinSet::new();
        let mut nodes = Vec::new();
        for _ in 0..workers {
            nodes.push(self.join().await?);
        }
        let begun = Instant::now();
        for node in nodes {
            let (line, left) = (self.clone(), Arc::clone(&left));
            tasks.spawn(async move { line.work(node, batch, &left).await });
        }
        let mut exchanges = Vec::new();
        while let Some(times) = tasks.join_next().await {
            exchanges.extend(times??);
        }
        Ok((begun.elapsed(), exchanges))
    }

    async fn work(&self, node: NodeId, batch: u32, left: &AtomicU32) -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        let mut running: Vec<LeasedJob> = Vec::new();
        loop {
            let begun = Instant::now();
            let ended = running.len() as u32;
            running = self.exchange(node, &running, batch).await?;
            left.fetch_sub(ended, Ordering::Relaxed);
            if !running.is_empty() {
                times.push(begun.elapsed());
            } else if left.load(Ordering::Relaxed) == 0 {
                return Ok(times);
            } else {
                tokio::task::yield_now().await;
            }
        }
    }
}
