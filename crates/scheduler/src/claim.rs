//! The fast half: which jobs start now on a machine.
//!
//! A walk over the videos by urgency. A job starts if its demand is free; if not, its kind is
//! blocked for this claim, and what it waits for is kept for it: a less urgent job may use that
//! resource only if it gives it back before the waiting job could have had it (backfill), and only
//! [`BYPASSES_MAX`] times.

mod gpu;

use crate::predictor::Predictor;
use crate::resource::{Demand, Micros, Resource};
use crate::snapshot::{JobState, Node, Run, Snapshot, Video};
use crate::workload::Workload;

/// How often a job may see less urgent ones start on what it waits for.
pub const BYPASSES_MAX: u16 = 16;

/// How to claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether jobs run beside each other on a GPU. If not, one job at a time has it.
    pub pack: bool,
    /// Sum of shares up to which jobs of several videos run beside each other on a GPU.
    pub beside: u32,
    /// Whether waiting jobs keep what they wait for, and models are loaded ahead of need.
    pub foresee: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pack: true,
            beside: 1500,
            foresee: true,
        }
    }
}

/// What a machine shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start a job.
    Start {
        /// The video's slot.
        video: u32,
        /// The job.
        job: u16,
        /// By what.
        backend: u8,
        /// On which GPU.
        gpu: Option<u8>,
        /// How long it is expected to take.
        time: Micros,
    },
    /// Bring a model into a GPU's memory.
    Load {
        /// The GPU.
        gpu: u8,
        /// The model.
        model: u8,
        /// What leaves it first.
        evict: Vec<u8>,
    },
}

/// What was decided for one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// What to do, in this order.
    pub actions: Vec<Action>,
    /// Waiting jobs that a less urgent one went ahead of: slot and job.
    pub bypassed: Vec<(u32, u16)>,
}

/// A job that waits for a resource of the machine.
struct Waiting {
    video: u32,
    job: u16,
    on: Resource,
    /// When enough of it is expected to be free.
    at: Micros,
    /// How many went ahead of it.
    bypassed: u16,
}

struct Claimer<'a> {
    now: Micros,
    seen: &'a Snapshot,
    workload: &'a Workload,
    predictor: &'a Predictor,
    options: Options,
    node: Node,
    providers: Vec<u32>,
    /// Backends of which no more jobs can start: a bit for each.
    blocked: u64,
    waiting: Vec<Waiting>,
    /// The model that each GPU is being emptied for.
    wanted: Vec<Option<u8>>,
    claim: Claim,
}

/// Decides what starts on the machine `node` of what is seen. A function of its arguments alone.
pub fn claim(
    now: Micros,
    seen: &Snapshot,
    node: usize,
    (workload, predictor): (&Workload, &Predictor),
    options: Options,
) -> Claim {
    let node = seen.nodes[node].clone();
    let gpus = node.gpus.len();
    let mut claimer = Claimer {
        now,
        seen,
        workload,
        predictor,
        options,
        node,
        providers: seen.providers.clone(),
        blocked: 0,
        waiting: Vec::new(),
        wanted: vec![None; gpus],
        claim: Claim::default(),
    };
    claimer.go();
    claimer.claim
}

impl Claimer<'_> {
    fn go(&mut self) {
        let seen = self.seen;
        for &slot in &seen.order {
            let video = &seen.videos[slot as usize];
            for &job in &video.outline.ready {
                let entry = &video.jobs[usize::from(job)];
                let bit = 1_u64 << (entry.backend & 63);
                if entry.state == JobState::Ready && self.blocked & bit == 0 {
                    self.consider(slot, video, job);
                }
            }
        }
        if self.options.foresee {
            self.load_ahead();
        }
    }

    fn consider(&mut self, slot: u32, video: &Video, job: u16) {
        let entry = video.jobs[usize::from(job)];
        let chunked = video.graph.chunked;
        let demand = *self.workload.job_demand(entry.backend, chunked);
        let bit = 1_u64 << (entry.backend & 63);
        if let Some(provider) = demand.provider
            && self.providers[usize::from(provider)] == 0
        {
            self.blocked |= bit;
            return;
        }
        if let Some(on) = self.node.free.short_of(&demand.host) {
            self.blocked |= bit;
            if self.options.foresee && !self.waiting.iter().any(|waiting| waiting.on == on) {
                let at = self.free_at(on, demand.host.get(on));
                self.waiting.push(Waiting {
                    video: slot,
                    job,
                    on,
                    at,
                    bypassed: entry.bypassed,
                });
            }
            return;
        }
        let prior = video.prior(self.workload, usize::from(job), entry.backend);
        let predicted = self.predictor.predict(entry.backend, prior);
        if !self.may_pass(&demand, predicted.q80) {
            self.blocked |= bit;
            return;
        }
        let gpu = if demand.gpu.is_none() {
            None
        } else {
            let Some(gpu) = self.gpu_for(slot, &demand) else {
                self.blocked |= bit;
                return;
            };
            Some(gpu)
        };
        self.start(slot, job, entry.backend, gpu, (&demand, predicted.mean));
    }

    /// Whether the job leaves waiting ones what they wait for.
    fn may_pass(&self, demand: &Demand, time: Micros) -> bool {
        self.waiting.iter().all(|waiting| {
            demand.host.get(waiting.on) == 0
                || waiting.bypassed < BYPASSES_MAX && self.now + time <= waiting.at
        })
    }

    fn start(
        &mut self,
        video: u32,
        job: u16,
        backend: u8,
        gpu: Option<u8>,
        (demand, time): (&Demand, Micros),
    ) {
        for waiting in &mut self.waiting {
            if demand.host.get(waiting.on) > 0 {
                waiting.bypassed += 1;
                self.claim.bypassed.push((waiting.video, waiting.job));
            }
        }
        let run = Run {
            video,
            job,
            backend,
            gpu,
            since: self.now,
            ends: self.now + time,
            demand: *demand,
        };
        if let Some(provider) = demand.provider {
            self.providers[usize::from(provider)] -= 1;
        }
        self.node.begin(run);
        self.claim.actions.push(Action::Start {
            video,
            job,
            backend,
            gpu,
            time,
        });
    }

    /// When `need` of a resource is expected to be free.
    fn free_at(&self, on: Resource, need: u32) -> Micros {
        let mut ends: Vec<(Micros, u32)> = self
            .node
            .running
            .iter()
            .map(|run| (run.ends.max(self.now), run.demand.host.get(on)))
            .filter(|(_, held)| *held > 0)
            .collect();
        ends.sort_unstable();
        let mut free = self.node.free.get(on);
        for (at, held) in ends {
            free += held;
            if free >= need {
                return at;
            }
        }
        Micros::MAX
    }
}

impl Node {
    /// Takes what `run` holds.
    pub fn begin(&mut self, run: Run) {
        self.free.take(&run.demand.host);
        if let Some(gpu) = run.gpu.and_then(|at| self.gpus.get_mut(usize::from(at))) {
            gpu.share += run.demand.gpu.share;
            gpu.vram_free -= run.demand.gpu.vram_mib;
            gpu.nvenc_free -= run.demand.gpu.nvenc;
            if let Some(model) = run.demand.model {
                let model = &mut gpu.models[usize::from(model)];
                model.users += 1;
                model.used_at = run.since;
            }
        }
        self.running.push(run);
    }

    /// Gives back what the run of that job held.
    pub fn end(&mut self, now: Micros, video: u32, job: u16) -> Option<Run> {
        let at = self
            .running
            .iter()
            .position(|run| (run.video, run.job) == (video, job))?;
        let run = self.running.swap_remove(at);
        self.free.give(&run.demand.host);
        if let Some(gpu) = run.gpu.and_then(|at| self.gpus.get_mut(usize::from(at))) {
            gpu.share -= run.demand.gpu.share;
            gpu.vram_free += run.demand.gpu.vram_mib;
            gpu.nvenc_free += run.demand.gpu.nvenc;
            if let Some(model) = run.demand.model {
                let model = &mut gpu.models[usize::from(model)];
                model.users -= 1;
                model.used_at = now;
            }
        }
        Some(run)
    }
}
