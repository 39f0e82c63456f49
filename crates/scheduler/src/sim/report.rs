//! What a run came to.

use std::collections::BTreeMap;

use crate::claim::Action;
use crate::planner::Plan;
use crate::resource::{Cost, Micros, Resource, WHOLE};
use crate::snapshot::{Snapshot, Video};
use crate::workload::{Class, Workload};

/// A finished video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its number.
    pub id: u64,
    /// How soon it was wanted.
    pub class: Class,
    /// From coming to finished.
    pub latency: Micros,
    /// Whether it was late.
    pub missed: bool,
    /// What it cost.
    pub cost: Cost,
    /// What was predicted when it came, if that was asked for.
    pub likely: Option<Micros>,
    /// How long it might have taken without missing its deadline.
    pub allowed: Micros,
}

/// Parts of what there is that were used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Used {
    /// Of the GPUs' compute.
    pub gpu: f64,
    /// Of the cores.
    pub cpu: f64,
    /// Of the encoder engines.
    pub nvenc: f64,
    /// Of the line out.
    pub uplink: f64,
}

/// The use between two moments.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment {
    /// The beginning.
    pub at: Micros,
    /// The mean use.
    pub used: Used,
    /// Unfinished videos, on average.
    pub videos: f64,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The policy.
    pub policy: String,
    /// The videos, in the order of their numbers.
    pub videos: Vec<Finished>,
    /// Mean use from the first arrival to the last end.
    pub used: Used,
    /// Use over time.
    pub moments: Vec<Moment>,
    /// How long slots of each provider were held, over the slots there are.
    pub providers: Vec<f64>,
    /// Models that were loaded and aren't pinned.
    pub swaps: u64,
    /// Jobs that went elsewhere than to their preferred backend.
    pub moved: u64,
    /// Decisions taken.
    pub decisions: u64,
    /// Hash of all decisions in their order (FNV-1a).
    pub log_hash: u64,
    /// The decisions, one a line, if asked for.
    pub log: Vec<u8>,
    /// When the last video was finished.
    pub ended: Micros,
}

impl Report {
    /// The latency that `part` of the videos don't exceed.
    pub fn quantile(&self, part: f64) -> Micros {
        let mut all: Vec<Micros> = self.videos.iter().map(|video| video.latency).collect();
        all.sort_unstable();
        let at = (all.len() as f64 * part) as usize;
        all.get(at.min(all.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0)
    }

    /// Mean latency.
    pub fn mean(&self) -> Micros {
        let sum: Micros = self.videos.iter().map(|video| video.latency).sum();
        sum / (self.videos.len() as Micros).max(1)
    }

    /// Part of the videos that were late; of one class, or of all.
    pub fn missed(&self, class: Option<Class>) -> f64 {
        let of = |video: &&Finished| class.is_none_or(|class| video.class == class);
        let all = self.videos.iter().filter(of).count();
        let late = self
            .videos
            .iter()
            .filter(of)
            .filter(|video| video.missed)
            .count();
        late as f64 / all.max(1) as f64
    }

    /// Mean cost of a video, in micro-dollars.
    pub fn cost(&self) -> Cost {
        let sum: Cost = self.videos.iter().map(|video| video.cost).sum();
        sum / (self.videos.len() as Cost).max(1)
    }
}

/// Counts while a world goes on.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    report: Report,
    keep_log: bool,
    costs: BTreeMap<u64, Cost>,
    promises: BTreeMap<u64, Option<Micros>>,
    begun: Option<Micros>,
    sums: [u128; 4],
    provider_sums: Vec<u128>,
    bucket: Bucket,
    capacity: [u64; 4],
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    at: Micros,
    sums: [u128; 4],
    videos: u128,
}

/// Length of a [`Moment`].
const MOMENT: Micros = 10 * crate::resource::MINUTE;

impl Tally {
    pub(super) fn new(keep_log: bool, providers: usize) -> Self {
        Self {
            keep_log,
            provider_sums: vec![0; providers],
            report: Report {
                log_hash: 0xCBF2_9CE4_8422_2325,
                ..Report::default()
            },
            ..Self::default()
        }
    }

    /// Time passes without anything changing.
    pub(super) fn pass(&mut self, from: Micros, to: Micros, seen: &Snapshot) {
        if self.begun.is_none() {
            if seen.order.is_empty() {
                return;
            }
            self.begun = Some(from);
            self.bucket.at = from;
        }
        let mut used = [0_u64; 4];
        let mut capacity = [0_u64; 4];
        for node in &seen.nodes {
            for gpu in &node.gpus {
                used[0] += u64::from(gpu.share.min(WHOLE));
                capacity[0] += u64::from(WHOLE);
                used[2] += u64::from(gpu.nvenc - gpu.nvenc_free);
                capacity[2] += u64::from(gpu.nvenc);
            }
            for (at, of) in [(1, Resource::Cpu), (3, Resource::Uplink)] {
                used[at] += u64::from(node.capacity.get(of) - node.free.get(of));
                capacity[at] += u64::from(node.capacity.get(of));
            }
        }
        self.capacity = capacity;
        let mut at = from;
        while at < to {
            let end = to.min(self.bucket.at + MOMENT);
            let passed = u128::from(end - at);
            for (sum, used) in self.bucket.sums.iter_mut().zip(used) {
                *sum += passed * u128::from(used);
            }
            self.bucket.videos += passed * seen.order.len() as u128;
            at = end;
            if end == self.bucket.at + MOMENT {
                self.close();
            }
        }
        let passed = u128::from(to - from);
        for (sum, used) in self.sums.iter_mut().zip(used) {
            *sum += passed * u128::from(used);
        }
        let providers = seen.provider_slots.iter().zip(&seen.providers);
        for (sum, (all, free)) in self.provider_sums.iter_mut().zip(providers) {
            *sum += passed * u128::from(all - free) * 1000 / u128::from((*all).max(1));
        }
    }

    fn close(&mut self) {
        let at = self.bucket.at;
        self.report.moments.push(Moment {
            at,
            used: used(&self.bucket.sums, &self.capacity, MOMENT),
            videos: self.bucket.videos as f64 / MOMENT as f64,
        });
        self.bucket = Bucket {
            at: at + MOMENT,
            ..Bucket::default()
        };
    }

    pub(super) fn promise(&mut self, id: u64, likely: Option<Micros>, now: Micros, _due: Micros) {
        self.promises
            .insert(id, likely.map(|at| at.saturating_sub(now)));
    }

    pub(super) fn spend(&mut self, id: u64, cost: Cost) {
        *self.costs.entry(id).or_default() += cost;
    }

    pub(super) fn finish(&mut self, now: Micros, video: &Video) {
        self.report.videos.push(Finished {
            id: video.id,
            class: video.class,
            latency: now - video.arrived,
            missed: now > video.deadline,
            cost: self.costs.remove(&video.id).unwrap_or(0),
            likely: self.promises.remove(&video.id).flatten(),
            allowed: video.deadline - video.arrived,
        });
    }

    pub(super) fn planned(&mut self, now: Micros, plan: &Plan, seen: &Snapshot) {
        for &(slot, promise) in &plan.promises {
            let id = seen.videos[slot as usize].id;
            self.write(&format!("{now} promise {id} {promise}\n"));
        }
    }

    pub(super) fn decided(
        &mut self,
        now: Micros,
        node: usize,
        action: &Action,
        seen: &Snapshot,
        workload: &Workload,
    ) {
        self.report.decisions += 1;
        let line = match action {
            Action::Load { gpu, model, .. } => {
                let known = &workload.models[usize::from(*model)];
                self.report.swaps += u64::from(!known.pinned);
                format!("{now} {node} load {} {gpu}\n", known.name)
            }
            Action::Start {
                video,
                job,
                backend,
                gpu,
                ..
            } => {
                let video = &seen.videos[*video as usize];
                let known = &workload.backends[usize::from(*backend)];
                let first = workload.stages[known.stage].backends.first();
                self.report.moved += u64::from(first != Some(backend));
                let gpu = gpu.map_or(-1, i16::from);
                format!(
                    "{now} {node} start {} {job} {} {gpu}\n",
                    video.id, known.name
                )
            }
        };
        self.write(&line);
    }

    fn write(&mut self, line: &str) {
        for byte in line.bytes() {
            self.report.log_hash ^= u64::from(byte);
            self.report.log_hash = self.report.log_hash.wrapping_mul(0x0000_0100_0000_01B3);
        }
        if self.keep_log {
            self.report.log.extend_from_slice(line.as_bytes());
        }
    }

    pub(super) fn report(mut self, policy: &str, ended: Micros) -> Report {
        let all = ended.saturating_sub(self.begun.unwrap_or(0)).max(1);
        self.report.used = used(&self.sums, &self.capacity, all);
        let part = |sum: &u128| *sum as f64 / 1000.0 / all as f64;
        self.report.providers = self.provider_sums.iter().map(part).collect();
        self.report.videos.sort_by_key(|video| video.id);
        policy.clone_into(&mut self.report.policy);
        self.report.ended = ended;
        self.report
    }
}

fn used(sums: &[u128; 4], capacity: &[u64; 4], time: Micros) -> Used {
    let part = |at: usize| sums[at] as f64 / (time as f64 * capacity[at].max(1) as f64);
    Used {
        gpu: part(0),
        cpu: part(1),
        nvenc: part(2),
        uplink: part(3),
    }
}
