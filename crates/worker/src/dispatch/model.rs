//! What jobs take: the stages of this program, and what a machine taught.

use std::collections::HashMap;
use std::time::Duration;

use scheduler::predictor::{Learned, Predictor};
use scheduler::workload::Workload;
use store::LearnedRow;
use ytempire_core::Stage;

use super::seen::{length, micros, share};

/// The stages of this program as a workload: priors for a machine that nothing is known of.
const STAGES: &str = include_str!("stages.toml");

/// Stages and times.
pub(super) struct Model {
    pub(super) workload: Workload,
    pub(super) predictor: Predictor,
}

/// How much there was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Of the whole video.
    pub(crate) words: u32,
    /// Of the whole video.
    pub(crate) scenes: u32,
}

impl Model {
    /// With what `kind` of machine taught, or where it is unknown, whoever knows most.
    pub(super) fn of(kind: &str, rows: &[LearnedRow]) -> Self {
        let workload = Workload::read(STAGES).expect("a test reads it");
        let mut best: HashMap<&str, &LearnedRow> = HashMap::new();
        for row in rows {
            let ours = |row: &LearnedRow| (row.machine == kind, row.jobs);
            let known = best.entry(&row.backend).or_insert(row);
            if ours(row) > ours(known) {
                *known = row;
            }
        }
        let learned = |name: &str| {
            let row = best.get(name)?;
            Some(Learned {
                jobs: row.jobs,
                mean: row.mean,
                variance: row.variance,
            })
        };
        let names = workload.backends.iter().map(|backend| &*backend.name);
        let history = names
            .map(|name| learned(name).unwrap_or_default())
            .collect();
        let predictor = Predictor::with_history(&workload, history);
        Self {
            workload,
            predictor,
        }
    }

    /// The stage's place in the workload.
    pub(super) fn stage(&self, stage: Stage) -> u8 {
        let name = stage.as_str();
        let of_name = self
            .workload
            .stages
            .iter()
            .position(|known| known.name == name);
        of_name.unwrap_or(0) as u8
    }

    /// Learns that a job took so long.
    pub(super) fn observe(&mut self, stage: Stage, amount: Amount, took: Duration) {
        let at = usize::from(self.stage(stage));
        let (chunks, backend) = {
            let stage = &self.workload.stages[at];
            (stage.chunks, stage.backends[0])
        };
        let whole = self.workload.job_time(backend, true, length(amount.words));
        let prior = whole * u64::from(share(chunks, amount.scenes)) / 1_000;
        self.predictor
            .observe(backend, prior.max(1), micros(took).max(1));
    }

    /// What is to be kept of machines of `kind`.
    pub(super) fn rows(&self, kind: &str) -> Vec<LearnedRow> {
        let learned = self.predictor.learned().iter();
        let rows = self.workload.backends.iter().zip(learned);
        rows.filter(|(_, learned)| learned.jobs > 0)
            .map(|(backend, learned)| LearnedRow {
                machine: kind.to_owned(),
                backend: backend.name.clone(),
                jobs: learned.jobs,
                mean: learned.mean,
                variance: learned.variance,
                memory_mib: 0,
                vram_mib: 0,
            })
            .collect()
    }
}
