//! What jobs that ran out of memory taught, and how they are tried again: alone, then not.
//!
//! A job that ran out of memory beside others is tried once more with nothing else running on this node;
//! if that fails too, it needs more than the machine has, and no further attempt is wasted. What it
//! needed is kept for its stage and this kind of machine: later jobs reserve that much.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use scheduler::footprint::{Footprints, Shape, Try};
use store::{LearnedRow, Needs};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use ytempire_core::{JobId, Stage};

use crate::dispatch::needs;

/// Jobs whose next try is remembered; those of an older time have ended.
const TRIES_MAX: usize = 256;

/// What is known of the memory that jobs need on this machine.
#[derive(Debug, Default)]
pub struct Memory {
    gate: RwLock<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: Footprints,
    tries: HashMap<JobId, Try>,
    news: bool,
}

/// The right to run, beside others or alone.
#[expect(dead_code, reason = "held, not read")]
pub(crate) enum Turn<'a> {
    Beside(RwLockReadGuard<'a, ()>),
    Alone(RwLockWriteGuard<'a, ()>),
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what machines of `kind` taught.
    pub(crate) fn load(&self, kind: &str, rows: &[LearnedRow]) {
        let mut state = self.state();
        for row in rows.iter().filter(|row| row.machine == kind) {
            if let Some(stage) = Stage::from_name(&row.backend) {
                state.known.raise(shape(stage), row.memory_mib);
            }
        }
    }

    /// What a job of `stage` needs, as far as is known.
    pub(crate) fn needs(&self, stage: Stage) -> Needs {
        let stated = needs(stage);
        Needs {
            memory_mib: self.state().known.need(shape(stage), stated.memory_mib),
            ..stated
        }
    }

    /// Waits until `job` may run: alone, where it ran out of memory beside others.
    pub(crate) async fn turn(&self, job: JobId) -> Turn<'_> {
        let alone = matches!(self.state().tries.get(&job), Some(Try::Alone(_)));
        if alone {
            Turn::Alone(self.gate.write().await)
        } else {
            Turn::Beside(self.gate.read().await)
        }
    }

    /// Learns that `job` ran out of memory, `peak_mib` being the most that was seen, on a machine of
    /// `memory_mib`. Tells whether another try makes sense.
    pub(crate) fn ran_out(
        &self,
        (job, stage): (JobId, Stage),
        peak_mib: u32,
        memory_mib: u32,
    ) -> bool {
        let stated = needs(stage).memory_mib;
        let mut state = self.state();
        let first = Try::Beside(state.known.need(shape(stage), stated));
        let tried = state.tries.remove(&job).unwrap_or(first);
        let next = state
            .known
            .after_failure(shape(stage), tried, peak_mib, memory_mib);
        state.news = true;
        // A scene can't be drawn in a smaller way, and there is no other program for it.
        let again = matches!(next, Try::Alone(_));
        if state.tries.len() >= TRIES_MAX {
            state.tries.clear();
        }
        if again {
            state.tries.insert(job, next);
        }
        again
    }

    /// Adds what was learned and isn't kept yet to what else is to be kept of machines of `kind`.
    pub(crate) fn add_news(&self, kind: &str, rows: &mut Vec<LearnedRow>) {
        let mut state = self.state();
        if !std::mem::take(&mut state.news) {
            return;
        }
        for stage in Stage::ALL {
            let floor = state.known.floor(shape(stage));
            if floor > 0 {
                row_of(kind, stage.as_str(), rows).memory_mib = floor;
            }
        }
    }
}

/// The row of `backend`, made if there is none.
pub(crate) fn row_of<'r>(
    kind: &str,
    backend: &str,
    rows: &'r mut Vec<LearnedRow>,
) -> &'r mut LearnedRow {
    let found = rows.iter().position(|row| row.backend == backend);
    let at = found.unwrap_or_else(|| {
        rows.push(LearnedRow {
            machine: kind.to_owned(),
            backend: backend.to_owned(),
            jobs: 0,
            mean: 0,
            variance: 0,
            memory_mib: 0,
            vram_mib: 0,
        });
        rows.len() - 1
    });
    &mut rows[at]
}

fn shape(stage: Stage) -> Shape {
    Shape {
        backend: stage as u8,
        shape: 0,
    }
}

#[cfg(test)]
mod tests {
    use ytempire_core::{IdSource, Timestamp};

    use super::*;

    #[tokio::test]
    async fn a_job_that_ran_out_is_tried_alone_and_then_not_again() {
        let memory = Memory::default();
        let ids = IdSource::seeded([1; 32]);
        let job = JobId::fresh(&ids, Timestamp::default());
        let other = JobId::fresh(&ids, Timestamp::default());
        let before = memory.needs(Stage::Compose).memory_mib;
        assert!(memory.ran_out((job, Stage::Compose), 900, 8_000));
        assert_eq!(memory.needs(Stage::Compose).memory_mib, 1_035);
        assert_eq!(memory.needs(Stage::Assemble), needs(Stage::Assemble));
        assert!(before < 1_035);

        let beside = memory.turn(other).await;
        let waits = memory.turn(job);
        tokio::pin!(waits);
        tokio::select! {
            biased;
            _ = &mut waits => panic!("it runs beside another"),
            () = tokio::task::yield_now() => {}
        }
        drop(beside);
        assert!(matches!(waits.await, Turn::Alone(_)));
        assert!(!memory.ran_out((job, Stage::Compose), 2_000, 8_000));
    }

    #[test]
    fn what_one_node_learned_the_next_of_its_kind_knows() {
        let memory = Memory::default();
        let ids = IdSource::seeded([2; 32]);
        let job = JobId::fresh(&ids, Timestamp::default());
        assert!(memory.ran_out((job, Stage::Narrate), 500, 8_000));
        let mut rows = Vec::new();
        memory.add_news("a box", &mut rows);
        assert_eq!((rows.len(), rows[0].memory_mib), (1, 575));
        memory.add_news("a box", &mut rows);
        assert_eq!(rows.len(), 1, "it is told once");
        for (kind, known) in [("a box", 575), ("another", 200)] {
            let later = Memory::default();
            later.load(kind, &rows);
            assert_eq!(later.needs(Stage::Narrate).memory_mib, known, "{kind}");
        }
    }
}
