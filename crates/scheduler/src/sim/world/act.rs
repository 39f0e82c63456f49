//! What a simulated world does: what the scheduler decides, and what faults do to it.

use std::sync::Arc;

use super::begin::available;
use super::{Event, FEW, PLAN_PAUSE, World};
use crate::claim::{self, Action};
use crate::planner;
use crate::resource::Micros;
use crate::sim::Order;
use crate::snapshot::{JobState, ModelState, Run};

impl World<'_> {
    pub(super) fn decide(&mut self) {
        let open = self.seen.order.len() as Micros;
        let pause = open.saturating_sub(FEW) * PLAN_PAUSE;
        let rested = self.planned_at == 0 || self.now >= self.planned_at + pause;
        if self.policy.order == Order::Planned && open > 0 && rested {
            self.planned_at = self.now;
            let plan = planner::plan(self.now, &self.seen, &self.policy.planner);
            let (workload, available) = (self.workload, self.available);
            plan.apply(&mut self.seen, |seen, slot, job| {
                let stage = seen.videos[slot as usize].graph.jobs[usize::from(job)].stage;
                available.preferred(workload, stage)
            });
            self.tally.planned(self.now, &plan, &self.seen);
        }
        self.claim();
    }

    pub(super) fn claim(&mut self) {
        for node in 0..self.seen.nodes.len() {
            let known = (self.workload, &self.predictor);
            let claim = claim::claim(self.now, &self.seen, node, known, self.policy.claim);
            for (slot, job) in &claim.bypassed {
                let job = &mut self.seen.videos[*slot as usize].jobs[usize::from(*job)];
                job.bypassed = job.bypassed.saturating_add(1);
            }
            for action in &claim.actions {
                self.tally
                    .decided(self.now, node, action, &self.seen, self.workload);
                self.act(node, action);
            }
        }
    }

    fn act(&mut self, node: usize, action: &Action) {
        match action {
            Action::Load { gpu, model, evict } => {
                let (gpu, model) = (*gpu, *model);
                let place = (usize::from(gpu), model);
                let time = self.seen.nodes[node].begin_load(place, evict, self.workload, self.now);
                let node = node as u8;
                self.expect(self.now + time, Event::Loaded { node, gpu, model });
            }
            &Action::Start {
                video: slot,
                job,
                backend,
                gpu,
                time,
            } => {
                let video = &mut self.seen.videos[slot as usize];
                let chunked = video.graph.chunked;
                let run = Run {
                    video: slot,
                    job,
                    backend,
                    gpu,
                    since: self.now,
                    ends: self.now + time,
                    demand: *self.workload.job_demand(backend, chunked),
                };
                let preferred_cost = {
                    let stage = video.graph.jobs[usize::from(job)].stage;
                    let preferred = self.available.preferred(self.workload, stage);
                    self.workload.job_cost(preferred, chunked)
                };
                let more = self.workload.job_cost(backend, chunked) - preferred_cost;
                video.budget -= more.max(0);
                video.jobs[usize::from(job)].state = JobState::Running;
                let stage = video.graph.jobs[usize::from(job)].stage;
                let prior = video.prior(self.workload, usize::from(job), backend);
                let truth = self
                    .truth
                    .time(self.workload, video.id, (stage, job, backend), prior);
                video.refresh(self.workload, &self.predictor, self.available);
                if let Some(provider) = run.demand.provider {
                    self.seen.providers[usize::from(provider)] -= 1;
                }
                self.seen.nodes[node].begin(run);
                self.run_on(node as u8, &run, truth.unwrap_or(time).max(1));
            }
        }
    }

    pub(super) fn run_on(&mut self, node: u8, run: &Run, time: Micros) {
        let (video, job) = (run.video, run.job);
        match run.gpu {
            Some(gpu) if run.demand.gpu.share > 0 => {
                let shared = &mut self.shared[usize::from(node)][usize::from(gpu)];
                shared.begin(self.now, (video, job), time, run.demand.gpu.share);
                self.foresee(node, gpu);
            }
            _ => self.expect(
                self.now + time,
                Event::Ended {
                    node,
                    video,
                    job,
                    begun: run.since,
                },
            ),
        }
    }

    /// A GPU falls ill or is well again. What ran on it is lost and must be done anew.
    pub(super) fn fault(&mut self, at: u32) {
        let Some(fault) = self.scenario.as_ref().map(|s| s.faults[at as usize]) else {
            return;
        };
        let gpu = &mut self.seen.nodes[fault.node].gpus[fault.gpu];
        if !gpu.health.notice(self.now, fault.sign) {
            return;
        }
        if !gpu.health.takes_work() {
            self.shared[fault.node][fault.gpu].clear(self.now);
            let lost: Vec<Run> = self.seen.nodes[fault.node]
                .running
                .iter()
                .filter(|run| run.gpu == Some(fault.gpu as u8))
                .copied()
                .collect();
            for run in lost {
                self.seen.nodes[fault.node].end(self.now, run.video, run.job);
                let video = &mut self.seen.videos[run.video as usize];
                video.jobs[usize::from(run.job)].state = JobState::Ready;
            }
            let gpu = &mut self.seen.nodes[fault.node].gpus[fault.gpu];
            for (at, model) in gpu.models.iter_mut().enumerate() {
                if matches!(model.state, ModelState::Hot | ModelState::Loading { .. }) {
                    gpu.vram_free += self.workload.models[at].weights_mib;
                    model.state = ModelState::Cold;
                }
            }
        }
        self.available = available(self.workload, &self.seen);
        for slot in self.seen.order.clone() {
            let video = &mut self.seen.videos[slot as usize];
            let graph = Arc::clone(&video.graph);
            for (job, known) in video.jobs.iter_mut().zip(&graph.jobs) {
                if matches!(job.state, JobState::Ready | JobState::Waiting(_)) {
                    job.backend = self.available.preferred(self.workload, known.stage);
                }
            }
            video.refresh(self.workload, &self.predictor, self.available);
        }
    }
}
