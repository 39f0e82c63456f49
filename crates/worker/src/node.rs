//! A node: claims jobs, runs them, keeps their leases, gives them back on the way out.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::{
    ClaimRequest, Lease, LeasedJob, LineView, Machine, Needs, NodeOrders, NodeRow, Room, VideoRow,
};
use tokio::task::JoinSet;
use ytempire_core::{Cancel, Clock, NodeId, Stage, VideoId};

use crate::alive::{self, Alive};
use crate::attempt::Attempt;
use crate::clock::LineClock;
use crate::dispatch::{Asker, Dispatch, VIDEOS_MAX, some_encode};
use crate::error::{StageError, WorkError};
use crate::run::{JobEnd, failed, run};
use crate::{Parts, Request, encoders, retention, schedules, unknown};

/// How long a lease lasts unless it is extended.
const LEASE: Duration = Duration::from_secs(15);

/// How often leases are extended, expired ones rescued and the store looked at.
const TICK: Duration = Duration::from_millis(500);

/// Extending every fifth tick keeps heartbeats below a third of a lease.
const TICKS_PER_HEARTBEAT: u32 = 5;

/// How many heartbeats pass between two looks at the machine: half a minute.
const BEATS_PER_LOOK: u32 = 12;

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
    machine: Mutex<Machine>,
    dispatch: Dispatch,
    beats: AtomicU32,
}

/// A job that runs, and how to stop it.
struct Running {
    lease: Lease,
    needs: Needs,
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
        let machine = parts.look();
        if !machine.gpus.is_empty() {
            test_encoder(&parts).await;
        }
        // With what the test found.
        let machine = parts.look();
        let learned = parts.store.learned_list().await?;
        parts.encoders.load(&machine.kind, &learned);
        parts.memory.load(&machine.kind, &learned);
        let dispatch = Dispatch::of(&machine.kind, &learned);
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
            machine: Mutex::new(machine),
            dispatch,
            beats: AtomicU32::new(0),
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
            machine: self.machine().clone(),
            joined_at: now,
        };
        Ok(self.parts.store.node_join(now, row).await?)
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
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
                Some(ended) = crew.next() => self.learn(&ended?),
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
                    Ok(end) => {
                        self.learn(&end);
                        if let Some(video) = &end.video {
                            ended(video);
                        }
                    }
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
        self.parts.prices.refresh(&*self.parts.store).await?;
        schedules::start_due(&self.parts).await;
        retention::expire(&self.parts).await;
        unknown::end_overdue(&self.parts).await;
        self.advertise().await?;
        let now = self.parts.now();
        if let Some(orders) = self.parts.store.node_beat(now, self.id).await? {
            return Ok(orders);
        }
        tracing::warn!("taken for dead, as nothing was heard from here; joining again");
        self.register().await?;
        Ok(NodeOrders::default())
    }

    /// Keeps what was learned, and tells what this machine has, now and then: space on its disk and on
    /// its GPUs changes.
    async fn advertise(&self) -> Result<(), WorkError> {
        let mut news = self.dispatch.news();
        let (encoders, kind) = (&self.parts.encoders, self.dispatch.kind());
        encoders.add_news(kind, &mut news);
        self.parts.memory.add_news(kind, &mut news);
        if !news.is_empty() {
            self.parts.store.learned_put(news).await?;
        }
        let beat = self.beats.fetch_add(1, Ordering::Relaxed);
        if encoders.test_is_due(self.parts.now()) {
            // It may take longer than a lease lasts.
            let parts = self.parts.clone();
            tokio::spawn(async move { test_encoder(&parts).await });
        }
        // Others should know at once what can't be counted on any more, or can be again.
        if encoders.has_news() || beat % BEATS_PER_LOOK == BEATS_PER_LOOK - 1 {
            *self.machine() = self.parts.look();
            self.register().await?;
        }
        Ok(())
    }

    /// Learns how long a job took.
    fn learn(&self, end: &JobEnd) {
        if let Some((stage, amount, took)) = end.took {
            self.dispatch.observe(stage, amount, took);
        }
    }

    /// What jobs may still need here.
    fn room(&self, crew: &Crew, sessions: Option<u32>) -> Room {
        let mut room = Room {
            encoder_sessions: sessions,
            cpu_milli: Some(self.parts.slots.saturating_mul(1_000)),
            memory_mib: Some(self.machine().memory_mib),
            ..Room::default()
        };
        if crew.running.is_empty() {
            // A machine that is too small for any job still does one at a time.
            return Room {
                encoder_sessions: sessions,
                ..Room::default()
            };
        }
        for job in crew.running.values() {
            let needs = Needs {
                encoder_sessions: 0,
                ..job.needs
            };
            if !room.take(needs) {
                room.cpu_milli = Some(0);
            }
        }
        room
    }

    /// How many more jobs may encode on a GPU here; `None`: any number, as x264 takes its place. Where
    /// another node's GPU can, they are left to it.
    fn sessions(&self, crew: &Crew, view: Option<&LineView>) -> Option<u32> {
        let open = crew.running.values().map(|job| job.needs.encoder_sessions);
        if let Some(all) = self.parts.encoders.capacity(&self.machine()) {
            return Some(all.saturating_sub(open.sum()));
        }
        let mut others = view?.nodes.iter().filter(|node| node.id != self.id);
        some_encode(self.parts.now(), others.by_ref()).then_some(0)
    }

    /// Claims as many jobs as slots are free, and starts them: those of `video`, or what the scheduler
    /// chooses.
    async fn claim_into(&self, video: Option<VideoId>, crew: &mut Crew) -> Result<(), WorkError> {
        let free = self.parts.slots.saturating_sub(crew.running.len() as u32);
        if free == 0 {
            return Ok(());
        }
        let mut only = None;
        let mut sessions = self.sessions(crew, None);
        if video.is_none() {
            let view = self
                .parts
                .store
                .line_view(self.parts.now(), VIDEOS_MAX)
                .await?;
            // While limits can't be shared, each node keeps its part of them.
            self.parts.signal.set_nodes(view.nodes.len() as u32);
            let (now, limits) = (self.parts.now(), &self.parts.limits);
            sessions = self.sessions(crew, Some(&view));
            let asker = Asker {
                node: self.id,
                max: free,
                sessions,
            };
            let chosen = self.dispatch.choose(now, &view, limits, &asker);
            if chosen.is_empty() {
                return Ok(());
            }
            only = Some(chosen);
        }
        let now = self.parts.now();
        let ask = ClaimRequest {
            node: self.id,
            video,
            stages: Stage::ALL.to_vec(),
            max: free,
            room: self.room(crew, sessions),
            limits: self.parts.limits.clone(),
            only,
            lease_until: now.after(LEASE),
        };
        for job in self.parts.store.job_claim(now, ask).await? {
            let (lease, needs) = (job.lease, job.needs);
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
            let running = Running {
                lease,
                needs,
                cancel,
            };
            crew.running.insert(handle.id(), running);
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
        let settlement = failed(now, job.lease, error);
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

/// Tests the encoder on this machine's GPUs, on a thread of its own.
async fn test_encoder(parts: &Parts) {
    let parts = parts.clone();
    // A test that panics has told nothing.
    drop(tokio::task::spawn_blocking(move || encoders::test(&parts)).await);
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
