//! A node: claims jobs, runs them, keeps their leases, gives them back on the way out.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use store::{ClaimRequest, JobOutcome, Lease, LeasedJob, NodeRow, Settlement, VideoRow};
use tokio::task::JoinSet;
use ytempire_core::{Cancel, Code, Decision, NodeId, Stage, VideoId};

use crate::attempt::Attempt;
use crate::error::{StageError, WorkError};
use crate::{Parts, Request, stages};

/// How long a lease lasts unless it is extended.
const LEASE: Duration = Duration::from_secs(15);

/// How often leases are extended, expired ones rescued and the store looked at.
const TICK: Duration = Duration::from_millis(500);

/// Extending every fifth tick keeps heartbeats below a third of a lease.
const TICKS_PER_HEARTBEAT: u32 = 5;

/// A process that runs jobs. Alive as long as it holds the lock on its file: the system drops
/// the lock when the process ends, however it ends, so the next one needn't wait for leases.
pub struct Node {
    parts: Parts,
    id: NodeId,
    lock: Option<File>,
    path: PathBuf,
}

/// A job that runs, and how to stop it.
struct Running {
    lease: Lease,
    cancel: Cancel,
}

impl Node {
    /// Joins the store as a new node and takes over what dead nodes left behind.
    ///
    /// # Errors
    /// [`WorkError::Folder`] where no lock file can be made, [`WorkError::Store`].
    pub async fn join(parts: Parts, name: &str) -> Result<Self, WorkError> {
        let now = parts.now();
        let id = NodeId::fresh(&parts.ids, now);
        let nodes = parts.folder.join("nodes");
        fs::create_dir_all(&nodes)?;
        let path = nodes.join(format!("{id}.lock"));
        let lock = File::create(&path)?;
        lock.lock()?;
        let row = NodeRow {
            id,
            name: name.to_owned(),
            joined_at: now,
        };
        parts.store.node_join(now, row).await?;
        let node = Self {
            parts,
            id,
            lock: Some(lock),
            path,
        };
        node.rescue().await?;
        Ok(node)
    }

    /// Works until `video` has ended, and returns it.
    ///
    /// # Errors
    /// [`WorkError::Interrupted`] once `cancel` is raised and all running jobs have stopped;
    /// they are given back, and finished ones stay finished.
    pub async fn work(&self, video: VideoId, cancel: &Cancel) -> Result<VideoRow, WorkError> {
        let mut jobs: JoinSet<Result<JobEnd, WorkError>> = JoinSet::new();
        let mut running: HashMap<tokio::task::Id, Running> = HashMap::new();
        let mut ticker = tokio::time::interval(TICK);
        ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut ticks = 0_u32;
        loop {
            if cancel.is_cancelled() {
                for job in running.values() {
                    job.cancel.cancel();
                }
                while jobs.join_next().await.is_some() {}
                return Err(WorkError::Interrupted);
            }
            let row = self
                .parts
                .store
                .video_get(video)
                .await?
                .ok_or(WorkError::VideoUnknown)?;
            if row.state.is_final() && jobs.is_empty() {
                return Ok(row);
            }
            if !row.state.is_final() {
                self.claim_into(video, &row, &mut jobs, &mut running)
                    .await?;
            }
            tokio::select! {
                Some(ended) = jobs.join_next_with_id() => {
                    let id = match &ended { Ok((id, _)) => *id, Err(e) => e.id() };
                    running.remove(&id);
                    if let Ok((_, end)) = ended {
                        end?;
                    }
                }
                _ = ticker.tick() => {
                    ticks = ticks.wrapping_add(1);
                    if ticks.is_multiple_of(TICKS_PER_HEARTBEAT) {
                        self.heartbeat(&running).await?;
                        self.rescue().await?;
                    }
                }
                () = raised(cancel) => {}
            }
        }
    }

    async fn claim_into(
        &self,
        video: VideoId,
        row: &VideoRow,
        jobs: &mut JoinSet<Result<JobEnd, WorkError>>,
        running: &mut HashMap<tokio::task::Id, Running>,
    ) -> Result<(), WorkError> {
        let free = self.parts.slots.saturating_sub(running.len() as u32);
        if free == 0 {
            return Ok(());
        }
        let now = self.parts.now();
        let ask = ClaimRequest {
            node: self.id,
            video: Some(video),
            stages: Stage::ALL.to_vec(),
            max: free,
            lease_until: now.after(LEASE),
        };
        let claimed = self.parts.store.job_claim(now, ask).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        let request: Arc<Request> = match serde_json::from_value(row.request.clone()) {
            Ok(request) => Arc::new(request),
            Err(e) => return Err(store::Error::Database(format!("video {video}: {e}")).into()),
        };
        for job in claimed {
            let cancel = Cancel::new();
            let lease = job.lease;
            let (tools, children) = self.parts.tools.metered();
            let attempt = Attempt {
                parts: self.parts.clone(),
                tools,
                children,
                folder: self.scratch(&job),
                job,
                request: Arc::clone(&request),
                cancel: cancel.clone(),
            };
            let handle = jobs.spawn(run(attempt));
            running.insert(handle.id(), Running { lease, cancel });
        }
        Ok(())
    }

    /// The scratch folder of all of a node's attempts: known to be rubbish once it is dead.
    fn scratch_of(&self, node: NodeId) -> PathBuf {
        self.parts.folder.join("scratch").join(node.to_string())
    }

    /// A scratch folder named by the attempt: a late worker never shares one with its successor.
    fn scratch(&self, job: &LeasedJob) -> PathBuf {
        self.scratch_of(self.id)
            .join(format!("{}-{}", job.lease.job, job.lease.attempt))
    }

    async fn heartbeat(
        &self,
        running: &HashMap<tokio::task::Id, Running>,
    ) -> Result<(), WorkError> {
        let leases: Vec<Lease> = running.values().map(|job| job.lease).collect();
        let now = self.parts.now();
        let lost = self
            .parts
            .store
            .job_heartbeat(now, &leases, now.after(LEASE))
            .await?;
        for job in running.values().filter(|job| lost.contains(&job.lease)) {
            tracing::warn!(job.id = %job.lease.job, "lease lost, stopping the job");
            job.cancel.cancel();
        }
        Ok(())
    }

    /// Takes back jobs of nodes that hold no lock any more, and of leases that ran out.
    async fn rescue(&self) -> Result<(), WorkError> {
        let mut dead = Vec::new();
        for node in self.parts.store.node_list().await? {
            let path = self
                .parts
                .folder
                .join("nodes")
                .join(format!("{}.lock", node.id));
            // A node of another machine has no file here; its leases run out by themselves.
            if node.id != self.id && File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
                dead.push((node.id, path));
            }
        }
        let ids: Vec<NodeId> = dead.iter().map(|(id, _)| *id).collect();
        let rescued = self.parts.store.job_rescue(self.parts.now(), &ids).await?;
        if rescued > 0 {
            tracing::info!(jobs = rescued, "took over jobs that were left behind");
        }
        for (id, path) in dead {
            // While its row is there, whoever comes next would try again.
            drop(fs::remove_dir_all(self.scratch_of(id)));
            self.parts.store.node_leave(id).await?;
            // Another process may have been quicker.
            drop(fs::remove_file(path));
        }
        Ok(())
    }

    /// Leaves the store.
    pub async fn leave(mut self) -> Result<(), WorkError> {
        drop(fs::remove_dir_all(self.scratch_of(self.id)));
        self.parts.store.node_leave(self.id).await?;
        drop(self.lock.take());
        drop(fs::remove_file(&self.path));
        Ok(())
    }
}

/// Waits until `cancel` is raised: it is set by a signal handler, so it is looked at often.
async fn raised(cancel: &Cancel) {
    let mut look = tokio::time::interval(Duration::from_millis(50));
    while !cancel.is_cancelled() {
        look.tick().await;
    }
}

/// How a job's attempt ended, as far as the node cares.
struct JobEnd;

/// Runs one attempt and settles it.
async fn run(attempt: Attempt) -> Result<JobEnd, WorkError> {
    let Parts {
        store, progress, ..
    } = attempt.parts.clone();
    let (lease, folder) = (attempt.job.lease, attempt.folder.clone());
    progress.set(lease.job, attempt.stage(), 0.0);
    let done = match fs::create_dir_all(&folder) {
        Ok(()) => stages::run(&attempt).await,
        Err(e) => Err(e.into()),
    };
    let now = attempt.parts.now();
    let settled = match done {
        Ok(settlement) => store.job_settle(now, settlement).await.map(drop),
        Err(e) if e.is_interruption() => store.job_release(now, lease).await,
        Err(e) => store.job_settle(now, failed(&attempt, &e)).await.map(drop),
    };
    progress.end(lease.job);
    drop(fs::remove_dir_all(&folder));
    match settled {
        // Another node has the job: what was done here is simply not used.
        Ok(()) | Err(store::Error::LeaseLost) => Ok(JobEnd),
        Err(e) => Err(e.into()),
    }
}

fn failed(attempt: &Attempt, error: &StageError) -> Settlement {
    let text = error.text();
    tracing::debug!(stage = %attempt.stage(), code = %error.code, error = text, "attempt failed");
    let code = if error.code == Code::Interrupted {
        Code::Bug
    } else {
        error.code
    };
    let outcome = match error.decision {
        Decision::Retry { after } => JobOutcome::Retry { code, text, after },
        Decision::Discard => JobOutcome::Discard { code, text },
    };
    Settlement {
        lease: attempt.job.lease,
        outcome,
        postings: vec![],
        events: vec![],
    }
}
