//! Workloads: what a video is made of, and by which backends it can be.

mod read;

use crate::hardware::Hardware;
use crate::resource::{Cost, Demand, Micros, Resource, WHOLE};

pub use read::{DRAWN, GENERATED};

/// The stages of a video, the backends that can do each, and their priors.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// What people call it.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// Deviation of a video's length, as a part of the mean.
    pub length_sigma: f64,
    /// Models that backends keep in a GPU's memory.
    pub models: Vec<Model>,
    /// Providers and the requests that each takes at once.
    pub providers: Vec<(String, u32)>,
    /// Stages, in an order in which none comes before what it waits for.
    pub stages: Vec<Stage>,
    /// Backends of all stages.
    pub backends: Vec<Backend>,
    /// Share of each [`Class`] and how long it may take.
    pub classes: [(f64, Micros); 3],
}

/// How soon a video is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Somebody waits.
    Express,
    /// The usual.
    Standard,
    /// Some time today.
    Bulk,
}

impl Class {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Express, Self::Standard, Self::Bulk];

    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Express => "express",
            Self::Standard => "standard",
            Self::Bulk => "bulk",
        }
    }
}

/// Weights that a process keeps in a GPU's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What people call it.
    pub name: String,
    /// Size of the weights.
    pub weights_mib: u32,
    /// Time to get from main memory into the GPU's.
    pub warm: Micros,
    /// Time to start from nothing.
    pub cold: Micros,
    /// Stays in memory beside whatever else: small models.
    pub pinned: bool,
}

/// One kind of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What people call it.
    pub name: String,
    /// Jobs that it is cut into: the smallest piece that can't be interrupted.
    pub chunks: u8,
    /// Stages all of whose jobs must be done first.
    pub after: Vec<usize>,
    /// Stages whose job of the same number must be done first.
    pub with: Vec<usize>,
    /// Part of the videos that have it, in thousandths.
    pub share: u32,
    /// Its backends by preference, as positions in [`Workload::backends`].
    pub backends: Vec<u8>,
}

/// Where a backend runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a GPU.
    Gpu,
    /// On cores, with the encoder engines of a GPU if the demand says so.
    Cpu,
    /// At a provider.
    Remote,
    /// On the line out.
    Uplink,
}

/// One way to do a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Backend {
    /// What people call it.
    pub name: String,
    /// The stage that it does.
    pub stage: usize,
    /// Where it runs.
    pub place: Place,
    /// Mean time of all chunks together, one after the other, for a video of mean length.
    pub time: Micros,
    /// The same when the stage isn't cut.
    pub time_whole: Micros,
    /// Whether the time grows with the video's length.
    pub scales: bool,
    /// Deviation of the logarithm of the time.
    pub sigma: f64,
    /// What all chunks together cost.
    pub cost: Cost,
    /// What a chunk needs while it runs.
    pub demand: Demand,
    /// The same when the stage isn't cut.
    pub demand_whole: Demand,
}

/// Why a workload can't run on some hardware.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing on this hardware can do the stage {stage:?} of the workload {workload:?}")]
pub struct Unplaceable {
    /// The stage.
    pub stage: String,
    /// The workload.
    pub workload: String,
}

impl Workload {
    /// The workload as it runs on `hardware`: backends that can't run there are gone, jobs that
    /// want more cores than there are take fewer for longer, and a whole core-job waits for its
    /// share of memory no longer than it must.
    ///
    /// # Errors
    /// [`Unplaceable`] if a stage has no backend left.
    pub fn on(&self, hardware: &Hardware) -> Result<Self, Unplaceable> {
        let mut here = self.clone();
        for (name, slots) in &mut here.providers {
            if let Some((_, own)) = hardware.providers.iter().find(|(own, _)| own == name) {
                *slots = *own;
            }
        }
        let cores = hardware.host.get(Resource::Cpu);
        for backend in &mut here.backends {
            for (demand, time) in [
                (&mut backend.demand, &mut backend.time),
                (&mut backend.demand_whole, &mut backend.time_whole),
            ] {
                let wanted = demand.host.get(Resource::Cpu);
                if wanted > cores {
                    *time = *time * Micros::from(wanted) / Micros::from(cores.max(1));
                    demand.host.set(Resource::Cpu, cores);
                }
            }
        }
        for at in 0..here.stages.len() {
            let all = here.stages[at].backends.iter().copied();
            let left: Vec<u8> = all
                .filter(|at| here.runs_on(usize::from(*at), hardware))
                .collect();
            if left.is_empty() {
                return Err(Unplaceable {
                    stage: here.stages[at].name.clone(),
                    workload: here.name.clone(),
                });
            }
            here.stages[at].backends = left;
        }
        Ok(here)
    }

    fn runs_on(&self, backend: usize, hardware: &Hardware) -> bool {
        let demand = &self.backends[backend].demand;
        let slots = |at: u8| self.providers[usize::from(at)].1;
        if demand.provider.is_some_and(|at| slots(at) == 0) || !hardware.host.fits(&demand.host) {
            return false;
        }
        let weights = demand
            .model
            .map_or(0, |at| self.models[usize::from(at)].weights_mib);
        demand.gpu.is_none()
            || hardware.gpus.iter().any(|card| {
                card.vram_mib >= demand.gpu.vram_mib + weights
                    && card.share_max >= demand.gpu.share
                    && card.nvenc_engines * WHOLE >= demand.gpu.nvenc
            })
    }

    /// The time of one job of `backend`, before any noise.
    pub fn job_time(&self, backend: u8, chunked: bool, length: u32) -> Micros {
        let backend = &self.backends[usize::from(backend)];
        let (time, chunks) = if chunked {
            (backend.time, self.stages[backend.stage].chunks)
        } else {
            (backend.time_whole, 1)
        };
        let time = time / Micros::from(chunks);
        if backend.scales {
            time * Micros::from(length) / Micros::from(WHOLE)
        } else {
            time
        }
    }

    /// What one job of `backend` costs.
    pub fn job_cost(&self, backend: u8, chunked: bool) -> Cost {
        let backend = &self.backends[usize::from(backend)];
        let chunks = if chunked {
            self.stages[backend.stage].chunks
        } else {
            1
        };
        backend.cost / Cost::from(chunks)
    }

    /// What one job of `backend` needs.
    pub fn job_demand(&self, backend: u8, chunked: bool) -> &Demand {
        let backend = &self.backends[usize::from(backend)];
        if chunked {
            &backend.demand
        } else {
            &backend.demand_whole
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::{RTX_5090, TWO_CORES};

    #[test]
    fn the_stage_model_adds_up_to_what_its_source_states() {
        let workload = Workload::read(GENERATED).unwrap();
        let (mut sm, mut core, mut engine, mut cost) = (0.0, 0.0, 0.0, 0);
        for stage in &workload.stages {
            let backend = &workload.backends[usize::from(stage.backends[0])];
            let seconds = backend.time as f64 / 1e6 * f64::from(stage.share) / 1000.0;
            let demand = &backend.demand;
            sm += seconds * f64::from(demand.gpu.share) / 1000.0;
            core += seconds * f64::from(demand.host.get(Resource::Cpu)) / 1000.0;
            engine += seconds * f64::from(demand.gpu.nvenc) / 1000.0;
            cost += backend.cost;
        }
        assert!((sm - 76.5).abs() < 1.0, "77 GPU-seconds: {sm}");
        assert!((core - 234.0).abs() < 10.0, "234 core-seconds: {core}");
        assert!((engine - 45.0).abs() < 0.5, "45 engine-seconds: {engine}");
        assert_eq!(cost, 30_000, "three cents");
    }

    #[test]
    fn a_machine_without_a_gpu_falls_back_and_a_small_one_takes_longer() {
        let workload = Workload::read(GENERATED).unwrap();
        let ours = Hardware::read(TWO_CORES).unwrap();
        let here = workload.on(&ours).unwrap();
        let names: Vec<&str> = here
            .stages
            .iter()
            .map(|stage| here.backends[usize::from(stage.backends[0])].name.as_str())
            .collect();
        assert!(
            names.contains(&"x264") && names.contains(&"image-remote"),
            "{names:?}"
        );
        let x264 = here.backends.iter().position(|b| b.name == "x264").unwrap();
        assert_eq!(here.backends[x264].time, workload.backends[x264].time * 2);
        assert_eq!(here.backends[x264].demand.host.get(Resource::Cpu), 2000);
        let seed = Hardware::read(RTX_5090).unwrap();
        assert_eq!(workload.on(&seed).unwrap().stages, workload.stages);
    }

    #[test]
    fn a_stage_that_nothing_can_do_is_named() {
        let mut workload = Workload::read(GENERATED).unwrap();
        let llm = workload.providers.iter_mut().find(|p| p.0 == "llm");
        llm.unwrap().1 = 0;
        let refused = workload.on(&Hardware::read(RTX_5090).unwrap()).err();
        assert_eq!(refused.map(|e| e.stage), Some("script".to_owned()));
    }
}
