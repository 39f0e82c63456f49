//! Which GPU, and which models on it.

use super::{Action, Claimer};
use crate::resource::{Demand, Micros, WHOLE};
use crate::snapshot::{Gpu, ModelState, Node};
use crate::workload::Workload;

impl Claimer<'_> {
    /// The GPU on which a job of `video` can start now. Where only a model is missing, its load is
    /// begun, and the job waits for it.
    pub(super) fn gpu_for(&mut self, video: u32, demand: &Demand) -> Option<u8> {
        let mut best: Option<(u32, u8)> = None;
        let mut missing = None;
        for at in 0..self.node.gpus.len() {
            let gpu = &self.node.gpus[at];
            if !gpu.health.takes_work() || !self.has_room(at, video, demand) {
                continue;
            }
            let is_hot = demand
                .model
                .is_none_or(|model| gpu.models[usize::from(model)].state == ModelState::Hot);
            let is_kept = match (self.wanted[at], demand.model) {
                // Being emptied for another model: only what stays in memory may go on.
                (Some(wanted), Some(model)) if wanted != model => {
                    !self.workload.models[usize::from(model)].pinned
                }
                _ => false,
            };
            if is_kept {
                continue;
            }
            if is_hot && gpu.vram_free < demand.gpu.vram_mib {
                continue;
            }
            if is_hot {
                let free = gpu.share_max.saturating_sub(gpu.share);
                if best.is_none_or(|(most, _)| free > most) {
                    best = Some((free, at as u8));
                }
            } else if missing.is_none() {
                missing = Some(at);
            }
        }
        if best.is_none()
            && let (Some(at), Some(model)) = (missing, demand.model)
        {
            self.want(at, model, demand.gpu.vram_mib);
        }
        best.map(|(_, at)| at)
    }

    /// Room for the job itself; its model is another matter.
    fn has_room(&self, at: usize, video: u32, demand: &Demand) -> bool {
        let gpu = &self.node.gpus[at];
        let share = gpu.share + demand.gpu.share;
        if gpu.nvenc_free < demand.gpu.nvenc {
            return false;
        }
        if demand.gpu.share == 0 {
            return gpu.vram_free >= demand.gpu.vram_mib;
        }
        if !self.options.pack {
            return gpu.share == 0;
        }
        // Beyond a whole GPU all run slower, so a less urgent video shall not slow a more urgent
        // one; a video's own jobs gain by finishing together.
        let limit = if self.is_alone(at, video) {
            gpu.share_max
        } else {
            WHOLE.max(gpu.share_max.min(self.options.beside))
        };
        share <= limit
    }

    /// Whether only jobs of `video` run on the GPU.
    fn is_alone(&self, at: usize, video: u32) -> bool {
        let on =
            |run: &&crate::snapshot::Run| run.gpu == Some(at as u8) && run.demand.gpu.share > 0;
        self.node
            .running
            .iter()
            .filter(on)
            .all(|run| run.video == video)
    }

    /// Begins to load `model`, or keeps the GPU from filling up with others until it can.
    fn want(&mut self, at: usize, model: u8, room: u32) {
        let gpu = &self.node.gpus[at];
        if self.wanted[at].is_some() {
            return;
        }
        if !self.workload.models[usize::from(model)].pinned {
            self.wanted[at] = Some(model);
        }
        if gpu.loads() {
            return;
        }
        if let Some(evict) = evictions(gpu, self.workload, model, room) {
            self.load(at, model, evict);
        }
    }

    fn load(&mut self, at: usize, model: u8, evict: Vec<u8>) {
        self.node
            .begin_load((at, model), &evict, self.workload, self.now);
        self.claim.actions.push(Action::Load {
            gpu: at as u8,
            model,
            evict,
        });
    }

    /// Loads the model that the next video needs where a GPU has nothing else to do.
    pub(super) fn load_ahead(&mut self) {
        for at in 0..self.node.gpus.len() {
            let gpu = &self.node.gpus[at];
            if self.wanted[at].is_some() || !gpu.health.takes_work() || gpu.loads() {
                continue;
            }
            let idle = |model: &crate::snapshot::Resident| model.users == 0;
            let big = |at: usize| !self.workload.models[at].pinned;
            if !gpu
                .models
                .iter()
                .enumerate()
                .all(|(at, model)| !big(at) || idle(model))
            {
                continue;
            }
            let next = self.seen.order.iter().find_map(|slot| {
                let model = self.seen.videos[*slot as usize].outline.model_next?;
                big(usize::from(model)).then_some(model)
            });
            let Some(model) = next else { continue };
            if gpu.models[usize::from(model)].state != ModelState::Hot
                && let Some(evict) = evictions(gpu, self.workload, model, 0)
            {
                self.load(at, model, evict);
            }
        }
    }
}

/// What must leave so that `model` and `room` beside it fit: idle models that aren't pinned,
/// largest first. `None` if that isn't enough.
fn evictions(gpu: &Gpu, workload: &Workload, model: u8, room: u32) -> Option<Vec<u8>> {
    let need = workload.models[usize::from(model)].weights_mib + room;
    let mut free = gpu.vram_free;
    let mut leave = Vec::new();
    let mut idle: Vec<(u32, u8)> = gpu
        .models
        .iter()
        .enumerate()
        .filter(|(at, resident)| {
            resident.state == ModelState::Hot
                && resident.users == 0
                && !workload.models[*at].pinned
                && *at != usize::from(model)
        })
        .map(|(at, _)| (workload.models[at].weights_mib, at as u8))
        .collect();
    idle.sort_unstable();
    while free < need {
        let (weights, at) = idle.pop()?;
        free += weights;
        leave.push(at);
    }
    Some(leave)
}

impl Node {
    /// Makes room for a model on a GPU and marks it as loading.
    pub fn begin_load(
        &mut self,
        (gpu, model): (usize, u8),
        evict: &[u8],
        workload: &Workload,
        now: Micros,
    ) -> Micros {
        let gpu = &mut self.gpus[gpu];
        for &leaving in evict {
            gpu.models[usize::from(leaving)].state = ModelState::Warm;
            gpu.vram_free += workload.models[usize::from(leaving)].weights_mib;
        }
        let known = &workload.models[usize::from(model)];
        let resident = &mut gpu.models[usize::from(model)];
        let time = match resident.state {
            ModelState::Cold => known.cold,
            _ => known.warm,
        };
        resident.state = ModelState::Loading { until: now + time };
        gpu.vram_free -= known.weights_mib;
        time
    }
}
