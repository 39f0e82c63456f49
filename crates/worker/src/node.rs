//! A node: claims jobs, runs them, keeps their leases, gives them back on the way out.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use store::{
    ClaimRequest, JobOutcome, Lease, LeasedJob, NodeOrders, NodeRow, Settlement, VideoRow,
};
use tokio::task::JoinSet;
use ytempire_core::{Cancel, Clock, Code, Decision, NodeId, Stage, VideoId};

use crate::alive::{self, Alive};
use crate::attempt::Attempt;
use crate::clock::LineClock;
use crate::error::{StageError, WorkError, backoff};
use crate::{Parts, Request, retention, schedules, stages};

/// How long a lease lasts unless it is extended.
const LEASE: Duration = Duration::from_secs(15);

/// How often leases are extended, expired ones rescued and the store looked at.
const TICK: Duration = Duration::from_millis(500);

/// Extending every fifth tick keeps heartbeats below a third of a lease.
const TICKS_PER_HEARTBEAT: u32 = 5;

/// For how many ticks a node that was told to stop lets its jobs run on: 20 seconds. Then they are
/// given back; with the time that takes it is gone within 25.
const GRACE_TICKS: u32 = 40;

/// Requests that are remembered: a node works on far fewer videos at once.
const REQUESTS_MAX: usize = 64;

/// A process that runs jobs.
pub struct Node {
    parts: Parts,
    id: NodeId,
    name: String,
    clock: Arc<LineClock>,
    alive: Alive,
}

/// A job that runs, and how to stop it.
struct Running {
    lease: Lease,
    cancel: Cancel,
}

/// The jobs that a node runs.
#[derive(Default)]
struct Crew {
    jobs: JoinSet<Result<JobEnd, WorkError>>,
    running: HashMap<tokio::task::Id, Running>,
    requests: HashMap<VideoId, Arc<Request>>,
}

impl Crew {
    /// Raises the flag of every job.
    fn stop(&self) {
        for job in self.running.values() {
            job.cancel.cancel();
        }
    }

    /// Whether there is room for `slots` jobs.
    fn idle(&self, slots: u32) -> bool {
        (self.running.len() as u32) < slots
    }

    /// Waits for a job to end. Only to be asked while there is one.
    async fn next(&mut self) -> Option<Result<JobEnd, WorkError>> {
        let ended = self.jobs.join_next_with_id().await?;
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(e) => e.id(),
        };
        self.running.remove(&id);
        // One that panicked is rescued when its lease runs out, as after a crash.
        Some(ended.map_or_else(|_| Ok(JobEnd::default()), |(_, end)| end))
    }
}

impl Node {
    /// Joins the store as a new node and takes over what dead nodes left behind.
    ///
    /// # Errors
    /// [`WorkError::Folder`] where no lock file can be made, [`WorkError::Store`].
    pub async fn join(parts: Parts, name: &str) -> Result<Self, WorkError> {
        let clock = LineClock::over(Arc::clone(&parts.clock));
        clock.set(&*parts.store).await?;
        let parts = Parts {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ..parts
        };
        let id = NodeId::fresh(&parts.ids, parts.now());
        let nodes = parts.folder.join("nodes");
        fs::create_dir_all(&nodes)?;
        let alive = Alive::sign(&nodes, id)?;
        let node = Self {
            parts,
            id,
            name: name.to_owned(),
            clock,
            alive,
        };
        // Where this fails, nobody knows whether the row was written. The file tells the next node
        // on this machine in both cases that whoever it is about is dead.
        node.register().await?;
        node.rescue().await?;
        Ok(node)
    }

    async fn register(&self) -> Result<(), WorkError> {
        let now = self.parts.now();
        let row = NodeRow {
            id: self.id,
            name: self.name.clone(),
            joined_at: now,
        };
        Ok(self.parts.store.node_join(now, row).await?)
    }

    /// Works until `video` has ended, and returns it.
    ///
    /// # Errors
    /// [`WorkError::Interrupted`] once `cancel` is raised and all running jobs have stopped;
    /// they are given back, and finished ones stay finished.
    pub async fn work(&self, video: VideoId, cancel: &Cancel) -> Result<VideoRow, WorkError> {
        let mut crew = Crew::default();
        let mut ticks = ticker();
        loop {
            if cancel.is_cancelled() {
                crew.stop();
                while crew.next().await.is_some() {}
                return Err(WorkError::Interrupted);
            }
            let row = self
                .parts
                .store
                .video_get(video)
                .await?
                .ok_or(WorkError::VideoUnknown)?;
            if row.state.is_final() && crew.jobs.is_empty() {
                return Ok(row);
            }
            if !row.state.is_final() {
                self.claim_into(Some(video), &mut crew).await?;
            }
            tokio::select! {
                Some(ended) = crew.next() => { ended?; }
                beat = ticks.next() => if beat { self.beat(&crew).await?; },
                () = raised(cancel) => {}
            }
        }
    }

    /// Works on whatever is queued, of all videos, until `cancel` is raised or the store says that
    /// this node shall leave. `ended` is told of each video that came to its end here.
    ///
    /// A raised `cancel` lets running jobs go on for 20 seconds; those that are not done by then are
    /// given back. Trouble with the store is waited out: leases that run out meanwhile are another
    /// node's.
    ///
    /// # Errors
    /// [`WorkError::Folder`] where the data folder can't be used.
    pub async fn serve(
        &self,
        cancel: &Cancel,
        ended: &(dyn Fn(&VideoRow) + Sync),
    ) -> Result<(), WorkError> {
        let mut crew = Crew::default();
        let mut ticks = ticker();
        let mut draining = false;
        let mut grace: Option<u32> = None;
        loop {
            if cancel.is_cancelled() && grace.is_none() {
                tracing::info!(jobs = crew.running.len(), "leaving: no new jobs");
                grace = Some(GRACE_TICKS);
            }
            let leaving = draining || grace.is_some();
            if leaving && crew.jobs.is_empty() {
                return Ok(());
            }
            if !leaving && let Err(e) = self.claim_into(None, &mut crew).await {
                patient(e)?;
            }
            tokio::select! {
                Some(end) = crew.next() => match end {
                    Ok(JobEnd { video: Some(video) }) => ended(&video),
                    Ok(_) => {}
                    Err(e) => patient(e)?,
                },
                beat = ticks.next() => {
                    grace = grace.map(|left| left.saturating_sub(1));
                    if grace == Some(0) {
                        crew.stop();
                    }
                    if beat {
                        match self.beat(&crew).await {
                            Ok(orders) => draining = orders.draining,
                            Err(e) => patient(e)?,
                        }
                    }
                },
                _ = self.parts.signal.waiting(TICK), if !leaving && crew.idle(self.parts.slots) => {}
                () = raised(cancel), if grace.is_none() => {}
            }
        }
    }

    /// Extends leases, stops jobs that are no longer ours, and takes over what was left behind.
    async fn beat(&self, crew: &Crew) -> Result<NodeOrders, WorkError> {
        self.clock.set(&*self.parts.store).await?;
        self.heartbeat(&crew.running).await?;
        self.rescue().await?;
        schedules::start_due(&self.parts).await;
        retention::expire(&self.parts).await;
        let now = self.parts.now();
        if let Some(orders) = self.parts.store.node_beat(now, self.id).await? {
            return Ok(orders);
        }
        tracing::warn!("taken for dead, as nothing was heard from here; joining again");
        self.register().await?;
        Ok(NodeOrders::default())
    }

    /// Claims as many jobs as slots are free, and starts them.
    async fn claim_into(&self, video: Option<VideoId>, crew: &mut Crew) -> Result<(), WorkError> {
        let free = self.parts.slots.saturating_sub(crew.running.len() as u32);
        if free == 0 {
            return Ok(());
        }
        let now = self.parts.now();
        let ask = ClaimRequest {
            node: self.id,
            video,
            stages: Stage::ALL.to_vec(),
            max: free,
            room: store::Room::default(),
            limits: self.parts.limits.clone(),
            lease_until: now.after(LEASE),
        };
        for job in self.parts.store.job_claim(now, ask).await? {
            let lease = job.lease;
            let request = match self.request(job.video, crew).await {
                Ok(request) => request,
                Err(e) => {
                    self.refuse(&job, &e).await?;
                    continue;
                }
            };
            let cancel = Cancel::new();
            let (tools, children) = self.parts.tools.metered();
            let attempt = Attempt {
                parts: self.parts.clone(),
                tools,
                children,
                folder: self.scratch(&job),
                job,
                request,
                cancel: cancel.clone(),
            };
            let handle = crew.jobs.spawn(run(attempt));
            crew.running.insert(handle.id(), Running { lease, cancel });
        }
        Ok(())
    }

    /// What a video is made from.
    async fn request(&self, video: VideoId, crew: &mut Crew) -> Result<Arc<Request>, StageError> {
        if let Some(request) = crew.requests.get(&video) {
            return Ok(Arc::clone(request));
        }
        let row = self.parts.store.video_get(video).await?;
        let row = row.ok_or_else(|| StageError::bug(format!("video {video} is gone")))?;
        let request: Request = serde_json::from_value(row.request)?;
        if crew.requests.len() >= REQUESTS_MAX {
            crew.requests.clear();
        }
        let request = Arc::new(request);
        crew.requests.insert(video, Arc::clone(&request));
        Ok(request)
    }

    /// Ends the attempt of a job that can't be begun.
    async fn refuse(&self, job: &LeasedJob, error: &StageError) -> Result<(), WorkError> {
        let now = self.parts.now();
        let settlement = failed(job.lease, error);
        self.parts.store.job_settle(now, settlement).await?;
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
        // Nodes of other machines have no file here; their leases run out by themselves.
        let dead = alive::dead_in(&self.parts.folder.join("nodes"))?;
        let ids: Vec<NodeId> = dead.iter().map(|dead| dead.node).collect();
        let rescued = self.parts.store.job_rescue(self.parts.now(), &ids).await?;
        if rescued > 0 {
            tracing::info!(jobs = rescued, "took over jobs that were left behind");
        }
        if !dead.is_empty() {
            // Half-written files of theirs. What can't be removed now is taken with the next death.
            drop(self.parts.artifacts.sweep());
        }
        for dead in dead {
            drop(fs::remove_dir_all(self.scratch_of(dead.node)));
            // While its file is there, whoever comes next tries again.
            if self.parts.store.node_leave(dead.node).await? {
                dead.bury();
            }
        }
        Ok(())
    }

    /// Its id.
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// Leaves the store. Where a lease couldn't be given back, the lock file stays behind: the next
    /// node on this machine sees that this one is gone, and takes the job over.
    pub async fn leave(self) -> Result<(), WorkError> {
        drop(fs::remove_dir_all(self.scratch_of(self.id)));
        if self.parts.store.node_leave(self.id).await? {
            self.alive.end();
        }
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

/// Every so often, and every so often a heartbeat.
struct Ticks {
    interval: tokio::time::Interval,
    count: u32,
}

fn ticker() -> Ticks {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    Ticks { interval, count: 0 }
}

impl Ticks {
    /// Waits for the next tick; tells whether it is a heartbeat.
    async fn next(&mut self) -> bool {
        self.interval.tick().await;
        self.count = self.count.wrapping_add(1);
        self.count.is_multiple_of(TICKS_PER_HEARTBEAT)
    }
}

/// What a node does about trouble that may pass: it says so and goes on.
fn patient(error: WorkError) -> Result<(), WorkError> {
    match error {
        WorkError::Store(e @ store::Error::SchemaUnknown { .. }) => Err(e.into()),
        WorkError::Store(e) => {
            tracing::warn!(error = %e, "the store is in trouble, going on");
            Ok(())
        }
        other => Err(other),
    }
}

/// How a job's attempt ended, as far as the node cares.
#[derive(Default)]
struct JobEnd {
    /// Its video, if this was the video's end.
    video: Option<Box<VideoRow>>,
}

/// Runs one attempt and settles it.
async fn run(attempt: Attempt) -> Result<JobEnd, WorkError> {
    let Parts {
        store,
        progress,
        signal,
        ..
    } = attempt.parts.clone();
    let (lease, folder) = (attempt.job.lease, attempt.folder.clone());
    progress.set(lease.job, attempt.stage(), 0.0);
    let done = match fs::create_dir_all(&folder) {
        Ok(()) => stages::run(&attempt).await,
        Err(e) => Err(e.into()),
    };
    let now = attempt.parts.now();
    let settled = match done {
        Ok(settlement) => {
            let video = store.job_settle(now, settlement).await;
            if video.is_ok() {
                signal.wake(released(attempt.stage())).await;
            }
            video.map(Some)
        }
        Err(e) if e.is_interruption() => store.job_release(now, lease).await.map(|()| None),
        Err(e) => {
            let text = e.text();
            tracing::debug!(stage = %attempt.stage(), code = %e.code, error = text, "attempt failed");
            store.job_settle(now, failed(lease, &e)).await.map(Some)
        }
    };
    progress.end(lease.job);
    drop(fs::remove_dir_all(&folder));
    match settled {
        Ok(video) => {
            let ended = video.filter(|video| video.finalized_at == Some(now));
            let video = ended.map(Box::new);
            Ok(JobEnd { video })
        }
        // Another node has the job: what was done here is simply not used.
        Err(store::Error::LeaseLost) => Ok(JobEnd::default()),
        Err(e) => Err(e.into()),
    }
}

/// How many jobs a completed one may release, about: too many wake a node for nothing, too few
/// leave one to its tick.
fn released(stage: Stage) -> u32 {
    match stage {
        // Two for each scene; a node that wakes takes as many as it has slots.
        Stage::Script => 8,
        _ => 1,
    }
}

fn failed(lease: Lease, error: &StageError) -> Settlement {
    let text = error.text();
    let code = if error.code == Code::Interrupted {
        Code::Bug
    } else {
        error.code
    };
    let outcome = match error.decision {
        Decision::Retry { after } => JobOutcome::Retry {
            code,
            text,
            after: backoff(lease, after),
        },
        Decision::Snooze { after } => JobOutcome::Retry { code, text, after },
        Decision::Discard => JobOutcome::Discard { code, text },
    };
    Settlement {
        lease,
        outcome,
        postings: vec![],
        events: vec![],
    }
}
