//! What the scheduler sees: machines and videos at one moment.

use std::sync::Arc;

use crate::graph::Graph;
use crate::health::Health;
use crate::outline::Outline;
use crate::resource::{Cost, Demand, Micros, Vector, WHOLE};
use crate::workload::{Class, Workload};

/// Machines and videos at one moment. All decisions are functions of it and of `now`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The machines.
    pub nodes: Vec<Node>,
    /// Slots of each provider; they belong to all machines together.
    pub provider_slots: Vec<u32>,
    /// What of them is free.
    pub providers: Vec<u32>,
    /// Videos, in slots that stay where they are; a finished one's slot may be used again.
    pub videos: Vec<Video>,
    /// Slots of unfinished videos, most urgent first, as the planner left them. What arrived
    /// since stands at the end.
    pub order: Vec<u32>,
    /// Jobs that the planner moved from their preferred backend and that haven't started.
    pub moved: Vec<(u32, u16)>,
    /// GPU and CPU time given to each account since it last had nothing to do.
    pub served: Vec<Micros>,
}

/// A machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it has.
    pub capacity: Vector,
    /// What of it is free.
    pub free: Vector,
    /// Its GPUs.
    pub gpus: Vec<Gpu>,
    /// What runs on it or for it.
    pub running: Vec<Run>,
}

/// A GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Gpu {
    /// Memory for weights and jobs, in MiB.
    pub vram_mib: u32,
    /// What of it is free.
    pub vram_free: u32,
    /// Sum of shares that may run at once, in thousandths.
    pub share_max: u32,
    /// Sum of those that run.
    pub share: u32,
    /// Encoder engines that are free, in thousandths.
    pub nvenc_free: u32,
    /// Encoder engines in all, in thousandths.
    pub nvenc: u32,
    /// Each model of the workload.
    pub models: Vec<Resident>,
    /// Whether it may be given work.
    pub health: Health,
}

impl Gpu {
    /// Whether a model is being loaded. One at a time: two that start together mistake each
    /// other's memory for free.
    pub fn loads(&self) -> bool {
        self.models
            .iter()
            .any(|model| matches!(model.state, ModelState::Loading { .. }))
    }
}

/// A model on a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resident {
    /// Where its weights are.
    pub state: ModelState,
    /// Running jobs that use it. While there are any it stays.
    pub users: u32,
    /// When it was last used.
    pub used_at: Micros,
}

/// Where a model's weights are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelState {
    /// Nowhere.
    Cold,
    /// In main memory, the process alive.
    Warm,
    /// On their way into the GPU's memory, which they already occupy.
    Loading {
        /// When they are expected there.
        until: Micros,
    },
    /// There.
    Hot,
}

/// A running job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The video's slot.
    pub video: u32,
    /// The job.
    pub job: u16,
    /// By what it is done.
    pub backend: u8,
    /// On which GPU of the machine.
    pub gpu: Option<u8>,
    /// Since when.
    pub since: Micros,
    /// When it is expected to end.
    pub ends: Micros,
    /// What it holds.
    pub demand: Demand,
}

/// A video that isn't finished.
#[derive(Clone, Debug, PartialEq)]
pub struct Video {
    /// Its number, in the order of arrival: what breaks ties.
    pub id: u64,
    /// Whose it is, as a position in [`Snapshot::served`].
    pub account: u32,
    /// How soon it is wanted.
    pub class: Class,
    /// When it came.
    pub arrived: Micros,
    /// When it is wanted.
    pub deadline: Micros,
    /// What was promised last: the deadline, or later if that can't be kept any more.
    pub promise: Micros,
    /// Its length over the mean, in thousandths.
    pub length: u32,
    /// What may still be bought for it.
    pub budget: Cost,
    /// Its jobs' order.
    pub graph: Arc<Graph>,
    /// Its jobs.
    pub jobs: Vec<Job>,
    /// When its first unstarted job must start, as planned.
    pub latest_start_at: Micros,
    /// What is left to do, in short.
    pub outline: Outline,
}

impl Video {
    /// The prior mean time of one of its jobs by `backend`.
    pub fn prior(&self, workload: &Workload, job: usize, backend: u8) -> Micros {
        let time = workload.job_time(backend, self.graph.chunked, self.length);
        time * Micros::from(self.graph.jobs[job].size) / Micros::from(WHOLE)
    }

    /// Whether every job is done.
    pub fn is_done(&self) -> bool {
        self.jobs.iter().all(|job| job.state == JobState::Done)
    }
}

/// A job of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// How far it is.
    pub state: JobState,
    /// By what it shall be done.
    pub backend: u8,
    /// How often a less urgent job was started on what this one waited for.
    pub bypassed: u16,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Waits for so many others.
    Waiting(u16),
    /// May start.
    Ready,
    /// Runs.
    Running,
    /// Done.
    Done,
}
