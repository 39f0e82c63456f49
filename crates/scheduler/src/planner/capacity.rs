//! What all machines together have, and what of it is spoken for.

use crate::resource::{Micros, Resource, WHOLE};
use crate::snapshot::Snapshot;

/// Fluid capacity: how much work of each kind is done in a microsecond, and how much of what runs
/// is still to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Capacity {
    /// Whole GPUs, at least 1 to divide by.
    pub gpus: Micros,
    /// Whole cores, at least 1.
    pub cores: Micros,
    /// GPU time that running jobs still need.
    pub gpu_busy: Micros,
    /// Core time that they still need.
    pub cpu_busy: Micros,
    /// The same in slot time of each provider.
    pub provider_busy: Vec<Micros>,
    /// Slots of each provider.
    pub provider_slots: Vec<Micros>,
}

impl Capacity {
    pub(super) fn of(now: Micros, seen: &Snapshot) -> Self {
        let mut all = Self {
            gpus: 0,
            cores: 0,
            gpu_busy: 0,
            cpu_busy: 0,
            provider_busy: vec![0; seen.provider_slots.len()],
            provider_slots: seen
                .provider_slots
                .iter()
                .map(|n| Micros::from(*n))
                .collect(),
        };
        let mut cores = 0;
        for node in &seen.nodes {
            all.gpus += node
                .gpus
                .iter()
                .filter(|gpu| gpu.health.takes_work())
                .count() as Micros;
            cores += Micros::from(node.capacity.get(Resource::Cpu));
            for run in &node.running {
                let left = run.ends.saturating_sub(now);
                let part = |share: u32| left * Micros::from(share) / Micros::from(WHOLE);
                all.gpu_busy += part(run.demand.gpu.share);
                all.cpu_busy += part(run.demand.host.get(Resource::Cpu));
                if let Some(provider) = run.demand.provider {
                    all.provider_busy[usize::from(provider)] += left;
                }
            }
        }
        all.gpus = all.gpus.max(1);
        all.cores = (cores.min(cores_of_slots(seen)) / Micros::from(WHOLE)).max(1);
        all
    }
}

/// Thousandths of cores that as many jobs use as may run at once, by what is left to do: a machine
/// that runs four jobs of two cores has eight, whatever it was sold with.
fn cores_of_slots(seen: &Snapshot) -> Micros {
    let slots = seen
        .nodes
        .iter()
        .map(|node| node.capacity.get(Resource::CpuJobs));
    let slots: Micros = slots.map(Micros::from).sum();
    let videos = || {
        seen.order
            .iter()
            .map(|slot| &seen.videos[*slot as usize].outline)
    };
    let (work, time) = videos().fold((0, 0), |sum, outline| {
        (sum.0 + outline.cpu, sum.1 + outline.cpu_slots)
    });
    match (slots * Micros::from(WHOLE)).checked_mul(work) {
        Some(all) if time > 0 => all / time,
        _ => Micros::MAX,
    }
}
