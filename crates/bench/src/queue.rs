//! The queue with its full semantics, beside the bare database on the same machine.
//!
//! A job here does nothing; what is measured is accepting it, claiming it under a lease with a fencing
//! number, and settling it: state, ledger, event and attempt in one transaction. The bare database
//! claims rows and deletes them, and that is all. Control rows run before and after.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use store::{ClaimRequest, JobOutcome, NewJob, NodeRow, PRIORITY, Settlement, Store, Submission};
use testkit::PostgresServer;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;
use ytempire_core::{
    AccountId, Clock, CrashPlan, IdSource, JobId, MicroUsd, NodeId, Stage, Timestamp, VideoId,
};

use crate::machine;
use crate::table::markdown;

/// How the queue is measured.
#[derive(Args, Debug)]
pub(crate) struct Queue {
    /// Jobs of each row of the table
    #[arg(long, default_value_t = 2000)]
    jobs: u32,
    /// Videos that are submitted to an idle line, one after the other
    #[arg(long, default_value_t = 200)]
    pick_ups: u32,
}

/// Connections, and jobs a claim.
const SHAPES: [(u32, u32); 4] = [(1, 1), (8, 1), (1, 10), (8, 10)];

/// The time of day, as the store is told.
struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(since.as_micros() as i64)
    }
}

/// A store under measurement.
#[derive(Clone)]
struct Line {
    store: Arc<dyn Store>,
    ids: Arc<IdSource>,
}

impl Queue {
    pub(crate) fn run(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        runtime.block_on(self.measure())
    }

    async fn measure(&self) -> Result<()> {
        let server = PostgresServer::start();
        let folder = tempfile::tempdir()?;
        let before = machine::load();
        let mut rows = Vec::new();
        for shape in SHAPES {
            rows.push(self.bare(&server, shape).await?);
        }
        for shape in SHAPES {
            let options = store_postgres::Options::from_url(&server.fresh())?;
            let store = store_postgres::PostgresStore::open(options, CrashPlan::default()).await?;
            rows.push(self.ours("PostgreSQL", Arc::new(store), shape).await?);
        }
        for shape in SHAPES {
            let path = folder.path().join(format!("{}-{}.db", shape.0, shape.1));
            let store = store_sqlite::SqliteStore::open(&path, CrashPlan::default())?;
            rows.push(self.ours("SQLite", Arc::new(store), shape).await?);
        }
        for shape in SHAPES {
            rows.push(self.bare(&server, shape).await?);
        }
        println!(
            "\nQueue, {} jobs a row, load {before} to {}\n",
            self.jobs,
            machine::load()
        );
        let head = [
            "",
            "workers × batch",
            "accepted/s",
            "done/s",
            "claim p50 ms",
            "claim p99 ms",
            "settle p50 ms",
            "settle p99 ms",
        ];
        println!("{}", markdown(&head, &rows));
        self.pick_up(&server).await
    }

    /// Claims rows and deletes them, and nothing else: what the server can do at most.
    async fn bare(
        &self,
        server: &PostgresServer,
        (workers, batch): (u32, u32),
    ) -> Result<Vec<String>> {
        let url = server.fresh();
        let connect = || async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            anyhow::Ok(client)
        };
        let first = connect().await?;
        let make = "CREATE TABLE bare (id bigint PRIMARY KEY, args text NOT NULL)";
        first.batch_execute(make).await?;
        let begun = Instant::now();
        let insert = first
            .prepare("INSERT INTO bare (id, args) VALUES ($1, '{}')")
            .await?;
        for id in 0..i64::from(self.jobs) {
            first.execute(&insert, &[&id]).await?;
        }
        let accepted = begun.elapsed();
        let mut tasks = JoinSet::new();
        let begun = Instant::now();
        for _ in 0..workers {
            let client = connect().await?;
            tasks.spawn(async move {
                let take = client
                    .prepare("SELECT id FROM bare ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED")
                    .await?;
                let done = client
                    .prepare("DELETE FROM bare WHERE id = ANY ($1)")
                    .await?;
                let mut times = Vec::new();
                loop {
                    let start = Instant::now();
                    client.batch_execute("BEGIN").await?;
                    let rows = client.query(&take, &[&i64::from(batch)]).await?;
                    let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
                    client.execute(&done, &[&ids]).await?;
                    client.batch_execute("COMMIT").await?;
                    if ids.is_empty() {
                        return anyhow::Ok(times);
                    }
                    times.push(start.elapsed());
                }
            });
        }
        let mut claims = Vec::new();
        while let Some(times) = tasks.join_next().await {
            claims.extend(times??);
        }
        let took = begun.elapsed();
        Ok(self.row(
            "bare PostgreSQL",
            (workers, batch),
            [accepted, took],
            [claims, Vec::new()],
        ))
    }

    async fn ours(
        &self,
        name: &str,
        store: Arc<dyn Store>,
        (workers, batch): (u32, u32),
    ) -> Result<Vec<String>> {
        let line = Line {
            store,
            ids: Arc::new(IdSource::seeded([7; 32])),
        };
        let begun = Instant::now();
        for number in 0..self.jobs {
            line.submit(number).await?;
        }
        let accepted = begun.elapsed();
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        let left = Arc::new(AtomicU32::new(self.jobs));
        for _ in 0..workers {
            let (line, left) = (line.clone(), Arc::clone(&left));
            tasks.spawn(async move { line.drain(batch, &left).await });
        }
        let (mut claims, mut settles) = (Vec::new(), Vec::new());
        while let Some(times) = tasks.join_next().await {
            let (claimed, settled) = times??;
            claims.extend(claimed);
            settles.extend(settled);
        }
        let took = begun.elapsed();
        Ok(self.row(name, (workers, batch), [accepted, took], [claims, settles]))
    }

    fn row(
        &self,
        name: &str,
        (workers, batch): (u32, u32),
        [accepted, took]: [Duration; 2],
        times: [Vec<Duration>; 2],
    ) -> Vec<String> {
        let rate = |time: Duration| format!("{:.0}", f64::from(self.jobs) / time.as_secs_f64());
        let mut row = vec![
            name.to_owned(),
            format!("{workers} × {batch}"),
            rate(accepted),
            rate(took),
        ];
        for mut times in times {
            times.sort_unstable();
            for part in [50, 99] {
                let at = (times.len() * part / 100).min(times.len().saturating_sub(1));
                row.push(times.get(at).map_or_else(String::new, |time| millis(*time)));
            }
        }
        row
    }

    /// From the call that submits a video to the claim of its job by a node that waited for it.
    async fn pick_up(&self, server: &PostgresServer) -> Result<()> {
        let options = store_postgres::Options::from_url(&server.fresh())?;
        let store = store_postgres::PostgresStore::open(options, CrashPlan::default()).await?;
        let mut wakes = store.wakes();
        wakes.wait().await;
        let line = Line {
            store: Arc::new(store),
            ids: Arc::new(IdSource::seeded([8; 32])),
        };
        let node = line.join().await?;
        let (tell, mut told) = tokio::sync::mpsc::channel::<Instant>(1);
        let submitter = line.clone();
        let (next, mut may) = tokio::sync::mpsc::channel::<()>(1);
        let count = self.pick_ups;
        let submitting = tokio::spawn(async move {
            for number in 0..count {
                let begun = Instant::now();
                submitter.submit(number).await?;
                tell.send(begun).await.ok().context("nobody claims")?;
                may.recv().await.context("nobody claims")?;
            }
            anyhow::Ok(())
        });
        let mut times = Vec::new();
        while times.len() < count as usize {
            let claimed = line.claim(node, 1).await?;
            if claimed.is_empty() {
                wakes.wait().await;
                continue;
            }
            let now = Instant::now();
            times.push(now - told.recv().await.context("nobody submits")?);
            line.settle(&claimed[0]).await?;
            next.send(()).await.ok().context("nobody submits")?;
        }
        submitting.await??;
        times.sort_unstable();
        let at = |part: usize| millis(times[(times.len() * part / 100).min(times.len() - 1)]);
        println!(
            "Idle pick-up through LISTEN/NOTIFY, {count} videos: p50 {} ms, p99 {} ms\n",
            at(50),
            at(99)
        );
        Ok(())
    }
}

fn millis(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

impl Line {
    async fn submit(&self, number: u32) -> Result<()> {
        let now = WallClock.now();
        let job = NewJob {
            id: JobId::fresh(&self.ids, now),
            stage: Stage::Script,
            args: serde_json::Value::Null,
            rank: 0,
            after: vec![],
            needs: store::Needs::default(),
        };
        let submission = Submission {
            video: VideoId::fresh(&self.ids, now),
            account: AccountId::LOCAL,
            key: format!("bench {number}"),
            title: "nothing".to_owned(),
            request: serde_json::json!({}),
            budget: MicroUsd(3_000_000),
            priority: PRIORITY,
            waiting_max: None,
            due_at: None,
            start_at: None,
            words: 0,
            envelopes: [(Stage::Script, MicroUsd(1_000_000))].into(),
            jobs: vec![job],
        };
        self.store.video_submit(now, submission).await?;
        Ok(())
    }

    async fn join(&self) -> Result<NodeId> {
        let now = WallClock.now();
        let id = NodeId::fresh(&self.ids, now);
        let row = NodeRow {
            id,
            name: "bench".to_owned(),
            machine: store::Machine::default(),
            joined_at: now,
        };
        self.store.node_join(now, row).await?;
        Ok(id)
    }

    async fn claim(&self, node: NodeId, max: u32) -> Result<Vec<store::LeasedJob>> {
        let now = WallClock.now();
        let request = ClaimRequest {
            node,
            video: None,
            stages: Stage::ALL.to_vec(),
            max,
            room: store::Room::default(),
            limits: store::Limits::default(),
            only: None,
            lease_until: now.after(Duration::from_secs(15)),
        };
        Ok(self.store.job_claim(now, request).await?)
    }

    async fn settle(&self, job: &store::LeasedJob) -> Result<()> {
        let outcome = JobOutcome::Completed {
            output: serde_json::Value::Null,
            follow: vec![],
            cached: vec![],
            title: None,
        };
        let settlement = Settlement {
            lease: job.lease,
            outcome,
            postings: vec![],
            events: vec![],
        };
        self.store.job_settle(WallClock.now(), settlement).await?;
        Ok(())
    }

    /// Works until none of `left` is; how long each claim that gave something and each settlement took.
    async fn drain(&self, batch: u32, left: &AtomicU32) -> Result<(Vec<Duration>, Vec<Duration>)> {
        let node = self.join().await?;
        let (mut claims, mut settles) = (Vec::new(), Vec::new());
        while left.load(Ordering::Relaxed) > 0 {
            let begun = Instant::now();
            let claimed = self.claim(node, batch).await?;
            if claimed.is_empty() {
                continue;
            }
            claims.push(begun.elapsed());
            left.fetch_sub(claimed.len() as u32, Ordering::Relaxed);
            for job in &claimed {
                let begun = Instant::now();
                self.settle(job).await?;
                settles.push(begun.elapsed());
            }
        }
        Ok((claims, settles))
    }
}
