//! How a simulated world begins: empty, or as a copy of what is seen.

use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use super::{BUDGET, Event, PLAN_EVERY, Scenario, World};
use crate::chance::Chance;
use crate::graph::Graph;
use crate::hardware::Hardware;
use crate::health::Health;
use crate::outline::{Available, Outline};
use crate::predictor::Predictor;
use crate::resource::{Micros, WHOLE};
use crate::sim::report::Tally;
use crate::sim::shared::Shared;
use crate::sim::{Arrival, Policy, Truth};
use crate::snapshot::{Gpu, Job, JobState, ModelState, Node, Resident, Snapshot, Video};
use crate::workload::Workload;

impl<'a> World<'a> {
    /// An empty world before the first arrival. Pinned models are loaded, others wait in main
    /// memory.
    pub fn new(scenario: &Scenario<'a>, policy: &Policy) -> Self {
        let workload = scenario.workload;
        let seen = Snapshot {
            nodes: vec![node(workload, scenario.hardware); scenario.hardware.machines as usize],
            provider_slots: workload.providers.iter().map(|p| p.1).collect(),
            providers: workload.providers.iter().map(|p| p.1).collect(),
            ..Snapshot::default()
        };
        let mut world = Self::around(workload, policy, seen);
        world.truth = Truth::Drawn(Chance::seeded(scenario.seed).of(7), scenario.noise);
        world.tally = Tally::new(scenario.log, workload.providers.len());
        for (at, arrival) in scenario.arrivals.iter().enumerate() {
            world.expect(arrival.at, Event::Arrived(at as u32));
        }
        for (at, fault) in scenario.faults.iter().enumerate() {
            world.expect(fault.at, Event::Fault(at as u32));
        }
        world.scenario = Some(scenario.clone());
        world
    }

    /// The world of a snapshot, in which everything lasts as predicted.
    pub(crate) fn what_if(
        now: Micros,
        seen: &Snapshot,
        workload: &'a Workload,
        (predictor, policy): (&Predictor, &Policy),
    ) -> Self {
        let mut world = Self::around(workload, policy, seen.clone());
        world.predictor = predictor.clone();
        world.now = now;
        world.available = available(workload, &world.seen);
        for node in 0..seen.nodes.len() {
            for run in &seen.nodes[node].running {
                let left = run.ends.saturating_sub(now).max(1);
                world.run_on(node as u8, run, left);
            }
            for (gpu, card) in seen.nodes[node].gpus.iter().enumerate() {
                for (model, resident) in card.models.iter().enumerate() {
                    if let ModelState::Loading { until } = resident.state {
                        let (node, gpu, model) = (node as u8, gpu as u8, model as u8);
                        world.expect(until.max(now), Event::Loaded { node, gpu, model });
                    }
                }
            }
        }
        world.ticking = true;
        world.expect(now + PLAN_EVERY, Event::Tick);
        world
    }

    fn around(workload: &'a Workload, policy: &Policy, seen: Snapshot) -> Self {
        let shared = seen
            .nodes
            .iter()
            .map(|node| vec![Shared::default(); node.gpus.len()]);
        Self {
            workload,
            policy: policy.clone(),
            truth: Truth::Predicted,
            predictor: Predictor::new(workload),
            now: 0,
            tally: Tally::new(false, workload.providers.len()),
            scenario: None,
            queue: BinaryHeap::new(),
            sequence: 0,
            shared: shared.collect(),
            free_slots: Vec::new(),
            graphs: BTreeMap::new(),
            ticking: false,
            planned_at: 0,
            available: available(workload, &seen),
            awaited: None,
            seen,
        }
    }
}

/// The backends that can run with the GPUs that take work.
pub(crate) fn available(workload: &Workload, seen: &Snapshot) -> Available {
    let well = seen
        .nodes
        .iter()
        .any(|node| node.gpus.iter().any(|gpu| gpu.health.takes_work()));
    let mut bits = 0;
    for (at, backend) in workload.backends.iter().enumerate() {
        let placed = workload.stages[backend.stage]
            .backends
            .contains(&(at as u8));
        let runs = placed && (well || backend.demand.gpu.is_none());
        bits |= u64::from(runs) << at;
    }
    Available(bits)
}

pub(super) fn new_video(
    id: u64,
    now: Micros,
    arrival: &Arrival,
    graph: Arc<Graph>,
    (workload, available): (&Workload, Available),
) -> Video {
    let jobs = graph.jobs.iter().map(|job| Job {
        state: match job.needs.len() {
            0 => JobState::Ready,
            open => JobState::Waiting(open as u16),
        },
        backend: available.preferred(workload, job.stage),
        bypassed: 0,
    });
    let jobs = jobs.collect();
    Video {
        id,
        account: arrival.account,
        class: arrival.class,
        arrived: now,
        deadline: arrival.deadline,
        promise: arrival.deadline,
        length: arrival.length,
        budget: BUDGET,
        graph,
        jobs,
        latest_start_at: now,
        outline: Outline::default(),
    }
}

fn node(workload: &Workload, hardware: &Hardware) -> Node {
    let gpus = hardware.gpus.iter().map(|card| {
        let mut free = card.vram_mib;
        let models = workload.models.iter().map(|model| {
            let hot = model.pinned && free >= model.weights_mib;
            free -= if hot { model.weights_mib } else { 0 };
            Resident {
                state: if hot {
                    ModelState::Hot
                } else {
                    ModelState::Warm
                },
                users: 0,
                used_at: 0,
            }
        });
        let models = models.collect();
        Gpu {
            vram_mib: card.vram_mib,
            vram_free: free,
            share_max: card.share_max,
            share: 0,
            nvenc_free: card.nvenc_engines * WHOLE,
            nvenc: card.nvenc_engines * WHOLE,
            models,
            health: Health::default(),
        }
    });
    Node {
        capacity: hardware.host,
        free: hardware.host,
        gpus: gpus.collect(),
        running: Vec::new(),
    }
}
