//! What runs now: shared by the jobs that run and whoever watches.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ytempire_core::{JobId, Stage};

/// How far running jobs are. Cheap to clone; holds no history.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    running: Mutex<HashMap<JobId, (Stage, f32)>>,
    frames: AtomicU64,
}

/// A stage's running jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StageProgress {
    /// Jobs that run now.
    pub running: u32,
    /// The sum of their shares done, each from 0 to 1.
    pub share: f32,
}

impl Progress {
    /// Notes that `share` (0 to 1) of a job is done.
    pub fn set(&self, job: JobId, stage: Stage, share: f32) {
        self.lock().insert(job, (stage, share.clamp(0.0, 1.0)));
    }

    /// Forgets a job that has ended.
    pub fn end(&self, job: JobId) {
        self.lock().remove(&job);
    }

    /// Notes that `frames` more were drawn.
    pub fn frames_drawn(&self, frames: u64) {
        self.0.frames.fetch_add(frames, Ordering::Relaxed);
    }

    /// Frames drawn so far by this process.
    pub fn frames(&self) -> u64 {
        self.0.frames.load(Ordering::Relaxed)
    }

    /// The running jobs of a stage.
    pub fn of(&self, stage: Stage) -> StageProgress {
        let running = self.lock();
        let its = running.values().filter(|(of, _)| *of == stage);
        its.fold(StageProgress::default(), |sum, (_, share)| StageProgress {
            running: sum.running + 1,
            share: sum.share + share,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, (Stage, f32)>> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
