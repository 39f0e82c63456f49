//! The events of a simulated machine.

mod act;
mod begin;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use begin::new_video;

use super::report::Tally;
use super::shared::Shared;
use super::{Arrival, Order, Policy, Report, Truth};
use crate::graph::Graph;
use crate::hardware::Hardware;
use crate::health::Sign;
use crate::outline::Available;
use crate::predictor::Predictor;
use crate::resource::{Cost, Micros, SECOND, WHOLE};
use crate::snapshot::{JobState, ModelState, Run, Snapshot, Video};
use crate::workload::Workload;

/// How often the planner looks without being called.
const PLAN_EVERY: Micros = 5 * SECOND;

/// How long the planner rests after a plan, for each unfinished video beyond [`FEW`]: what a plan
/// takes grows with their number, and what another would change shrinks. Two seconds at a thousand.
const PLAN_PAUSE: Micros = 4_000;

/// Unfinished videos up to which it never rests.
const FEW: Micros = 500;

/// What is bought for a video at most: the cap of the ledger, $3.00.
const BUDGET: Cost = 3_000_000;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Scenario<'a> {
    /// The workload, as it runs on the hardware ([`Workload::on`]).
    pub workload: &'a Workload,
    /// The machines.
    pub hardware: &'a Hardware,
    /// The videos.
    pub arrivals: &'a [Arrival],
    /// Of the true lengths of jobs.
    pub seed: u64,
    /// How many times the workload's deviations the true lengths vary.
    pub noise: f64,
    /// What happens to GPUs.
    pub faults: &'a [Fault],
    /// Whether each video is promised a time when it comes.
    pub promises: bool,
    /// Whether every decision is written down, not only hashed.
    pub log: bool,
}

/// Something that happens to a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When.
    pub at: Micros,
    /// On which machine.
    pub node: usize,
    /// To which of its GPUs.
    pub gpu: usize,
    /// What.
    pub sign: Sign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ended {
        node: u8,
        video: u32,
        job: u16,
        begun: Micros,
    },
    Shared {
        node: u8,
        gpu: u8,
        version: u64,
    },
    Loaded {
        node: u8,
        gpu: u8,
        model: u8,
    },
    Fault(u32),
    Arrived(u32),
    Tick,
}

/// What an event calls for. The planner is called for arrivals, for what ends on a GPU, and every
/// [`PLAN_EVERY`]; in between claims go on with the last plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Nothing,
    Claim,
    Plan,
}

/// A simulated machine, or several, at one moment.
#[derive(Clone, Debug)]
pub struct World<'a> {
    pub(super) workload: &'a Workload,
    pub(super) policy: Policy,
    pub(super) truth: Truth,
    pub(super) predictor: Predictor,
    pub(super) now: Micros,
    pub(super) seen: Snapshot,
    pub(super) tally: Tally,
    scenario: Option<Scenario<'a>>,
    queue: BinaryHeap<Reverse<(Micros, u64, Event)>>,
    sequence: u64,
    shared: Vec<Vec<Shared>>,
    free_slots: Vec<u32>,
    graphs: BTreeMap<u64, Arc<Graph>>,
    ticking: bool,
    planned_at: Micros,
    available: Available,
    /// The video whose end a what-if waits for.
    pub(crate) awaited: Option<u32>,
}

impl World<'_> {
    /// What is seen now.
    pub fn snapshot(&self) -> &Snapshot {
        &self.seen
    }

    /// The present.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// Goes on until nothing is left to happen.
    pub fn go(&mut self) {
        while self.step() {}
    }

    pub(super) fn report(self) -> Report {
        self.tally.report(&self.policy.name, self.now)
    }

    fn expect(&mut self, at: Micros, event: Event) {
        self.sequence += 1;
        self.queue.push(Reverse((at, self.sequence, event)));
    }

    /// Lets the next thing happen, with all else at that moment, and decides once. Tells whether
    /// there was one.
    pub fn step(&mut self) -> bool {
        let Some(Reverse((at, ..))) = self.queue.peek().copied() else {
            return false;
        };
        self.tally.pass(self.now, at, &self.seen);
        self.now = at;
        let mut next_is = Next::Nothing;
        while let Some(Reverse((next, _, event))) = self.queue.peek().copied() {
            if next > at {
                break;
            }
            self.queue.pop();
            next_is = next_is.max(self.happen(event));
        }
        match next_is {
            Next::Nothing => {}
            Next::Claim => self.claim(),
            Next::Plan => self.decide(),
        }
        true
    }

    /// Decides for what was put in by hand.
    pub(crate) fn first(&mut self) {
        self.decide();
    }

    /// When the awaited video was done.
    pub(crate) fn awaited_end(&self) -> Option<Micros> {
        let done = self.seen.videos[self.awaited? as usize].is_done();
        done.then_some(self.now)
    }

    fn happen(&mut self, event: Event) -> Next {
        match event {
            Event::Arrived(at) => self.arrive(at),
            Event::Ended {
                node,
                video,
                job,
                begun,
            } => {
                let is_it = |run: &Run| (run.video, run.job, run.since) == (video, job, begun);
                if !self.seen.nodes[usize::from(node)].running.iter().any(is_it) {
                    return Next::Nothing;
                }
                self.end(node, video, job);
                // Where there is no GPU, cores are what plans are about.
                let plans = self.seen.nodes[usize::from(node)].gpus.is_empty();
                return if plans { Next::Plan } else { Next::Claim };
            }
            Event::Shared { node, gpu, version } => {
                let shared = &mut self.shared[usize::from(node)][usize::from(gpu)];
                if shared.version != version {
                    return Next::Nothing;
                }
                for (video, job) in shared.take_done(self.now) {
                    self.end(node, video, job);
                }
                self.foresee(node, gpu);
            }
            Event::Loaded { node, gpu, model } => {
                let gpu = &mut self.seen.nodes[usize::from(node)].gpus[usize::from(gpu)];
                let resident = &mut gpu.models[usize::from(model)];
                if !matches!(resident.state, ModelState::Loading { .. }) {
                    return Next::Nothing;
                }
                resident.state = ModelState::Hot;
                resident.used_at = self.now;
                return Next::Claim;
            }
            Event::Fault(at) => self.fault(at),
            Event::Tick => {
                self.ticking = !self.seen.order.is_empty();
                if self.ticking {
                    self.expect(self.now + PLAN_EVERY, Event::Tick);
                }
            }
        }
        Next::Plan
    }

    fn arrive(&mut self, at: u32) {
        let Some(arrival) = self.scenario.as_ref().map(|s| s.arrivals[at as usize]) else {
            return;
        };
        let promises = self.scenario.as_ref().is_some_and(|s| s.promises);
        let video = self.video(u64::from(at), &arrival);
        let promise = promises.then(|| {
            let known = (&self.predictor, &self.policy);
            crate::admission::likely(self.now, &self.seen, video.clone(), self.workload, known)
        });
        self.tally
            .promise(u64::from(at), promise.flatten(), self.now, arrival.deadline);
        self.admit(video);
        if !self.ticking && self.policy.order == Order::Planned {
            self.ticking = true;
            self.expect(self.now + PLAN_EVERY, Event::Tick);
        }
    }

    /// The video of an arrival, nothing of it begun.
    pub fn video(&mut self, id: u64, arrival: &Arrival) -> Video {
        let (workload, chunked) = (self.workload, self.policy.chunked);
        let graph = self.graphs.entry(arrival.stages).or_insert_with(|| {
            Arc::new(Graph::of(workload, chunked, |at| {
                arrival.stages >> at & 1 == 1
            }))
        });
        new_video(
            id,
            self.now,
            arrival,
            Arc::clone(graph),
            (workload, self.available),
        )
    }

    /// Takes a video in.
    pub fn admit(&mut self, mut video: Video) -> u32 {
        video.refresh(self.workload, &self.predictor, self.available);
        let account = video.account as usize;
        let active = self
            .seen
            .order
            .iter()
            .map(|slot| &self.seen.videos[*slot as usize]);
        let busy: Vec<u32> = active.map(|video| video.account).collect();
        if self.seen.served.len() <= account {
            self.seen.served.resize(account + 1, 0);
        }
        // Who had nothing to do for a while has no claim to what went to others meanwhile.
        if !busy.contains(&video.account) {
            let least = busy
                .iter()
                .map(|at| self.seen.served[*at as usize])
                .min()
                .unwrap_or(0);
            self.seen.served[account] = self.seen.served[account].max(least);
        }
        let slot = if let Some(slot) = self.free_slots.pop() {
            self.seen.videos[slot as usize] = video;
            slot
        } else {
            self.seen.videos.push(video);
            self.seen.videos.len() as u32 - 1
        };
        let key = |slot: u32| {
            let video = &self.seen.videos[slot as usize];
            match self.policy.order {
                Order::Fifo | Order::Planned => (0, video.id),
                Order::Priority => (video.class as u64, video.id),
                Order::Deadline => (video.deadline, video.id),
            }
        };
        let place = if self.policy.order == Order::Planned {
            self.seen.order.len()
        } else {
            self.seen
                .order
                .partition_point(|other| key(*other) < key(slot))
        };
        self.seen.order.insert(place, slot);
        slot
    }

    fn end(&mut self, node: u8, slot: u32, job: u16) {
        let Some(run) = self.seen.nodes[usize::from(node)].end(self.now, slot, job) else {
            return;
        };
        if let Some(provider) = run.demand.provider {
            self.seen.providers[usize::from(provider)] += 1;
        }
        let video = &mut self.seen.videos[slot as usize];
        let chunked = video.graph.chunked;
        let known = &video.graph.jobs[usize::from(job)];
        let prior = video.prior(self.workload, usize::from(job), run.backend);
        // A GPU that is shared makes jobs slower; what is learned is what one takes alone.
        let of = (known.stage, job, run.backend);
        if let Some(alone) = self.truth.time(self.workload, video.id, of, prior) {
            self.predictor.observe(run.backend, prior, alone);
        }
        let share = run.demand.gpu.share + run.demand.host.get(crate::resource::Resource::Cpu) / 16;
        let served = (self.now - run.since) * Micros::from(share) / Micros::from(WHOLE);
        self.seen.served[video.account as usize] += served;
        video.jobs[usize::from(job)].state = JobState::Done;
        for next in &Arc::clone(&video.graph).jobs[usize::from(job)].next {
            let next = &mut video.jobs[usize::from(*next)];
            if let JobState::Waiting(open) = next.state {
                next.state = if open <= 1 {
                    JobState::Ready
                } else {
                    JobState::Waiting(open - 1)
                };
            }
        }
        let cost = self.workload.job_cost(run.backend, chunked);
        self.tally.spend(video.id, cost);
        if video.is_done() {
            self.tally.finish(self.now, video);
            self.seen.order.retain(|other| *other != slot);
            self.free_slots.push(slot);
            if self.awaited == Some(slot) {
                self.queue.clear();
            }
        } else {
            video.refresh(self.workload, &self.predictor, self.available);
        }
    }

    fn foresee(&mut self, node: u8, gpu: u8) {
        let shared = &self.shared[usize::from(node)][usize::from(gpu)];
        let version = shared.version;
        if let Some(at) = shared.next_end() {
            self.expect(at.max(self.now), Event::Shared { node, gpu, version });
        }
    }
}
