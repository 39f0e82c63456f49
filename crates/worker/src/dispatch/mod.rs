//! Which jobs of the line a node begins next, and when a video will end.
//!
//! The pure `scheduler` decides: this lays the store's view before it and takes its answer back. The
//! store then gives out what was chosen, as far as no other node was quicker.

mod model;
mod seen;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scheduler::admission::{self, Asked, Calibration, KEEP};
use scheduler::claim::{self, Action};
use scheduler::planner;
use scheduler::sim::Policy;
use scheduler::snapshot::{JobState, Run, Snapshot};
use store::{LearnedRow, Limits, LineView, Needs, NodeStatus, Promise};
use ytempire_core::{JobId, NodeId, Stage, Timestamp, VideoId};

use model::Model;
use seen::{Purpose, Seen, at, class};

use crate::Parts;

pub(crate) use model::Amount;

/// Videos that a plan looks at, the most urgent ones: what comes after them has time.
pub(crate) const VIDEOS_MAX: u32 = 500;

/// What a job of `stage` needs of its machine: a core, and the memory that was seen with a fifth on
/// top (docs/benchmarks.md: 698 MiB for two jobs at once and the program).
pub(crate) const fn needs(stage: Stage) -> Needs {
    let memory_mib = match stage {
        Stage::Script => 50,
        Stage::Thumbnail => 100,
        Stage::Narrate => 200,
        Stage::Illustrate | Stage::Compose | Stage::Validate => 300,
        Stage::Assemble => 400,
    };
    Needs {
        cpu_milli: 1_000,
        memory_mib,
        vram_mib: 0,
        encoder_sessions: 0,
    }
}

/// Chooses for one node, and learns from it.
pub(crate) struct Dispatch {
    kind: String,
    state: Mutex<State>,
}

struct State {
    model: Model,
    /// Something was learned that isn't kept yet.
    news: bool,
}

impl Dispatch {
    /// For a machine of `kind`, with what such machines taught.
    pub(crate) fn of(kind: &str, rows: &[LearnedRow]) -> Self {
        let state = State {
            model: Model::of(kind, rows),
            news: false,
        };
        Self {
            kind: kind.to_owned(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The jobs that a node begins now, the most urgent first.
    pub(crate) fn choose(
        &self,
        now: Timestamp,
        view: &LineView,
        limits: &Limits,
        asker: &Asker,
    ) -> Vec<JobId> {
        let state = self.state();
        choose(now, view, limits, &state.model, asker)
    }

    /// The kind of machine.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// Learns that a job of `stage` took so long.
    pub(crate) fn observe(&self, stage: Stage, amount: Amount, took: Duration) {
        let mut state = self.state();
        state.model.observe(stage, amount, took);
        state.news = true;
    }

    /// What was learned and isn't kept yet.
    pub(crate) fn news(&self) -> Vec<LearnedRow> {
        let mut state = self.state();
        if std::mem::take(&mut state.news) {
            state.model.rows(&self.kind)
        } else {
            Vec::new()
        }
    }
}

/// Who asks what to begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    /// The node.
    pub(crate) node: NodeId,
    /// At most so many jobs.
    pub(crate) max: u32,
    /// Of those that are encoded on a GPU, at most so many; `None`: any, as x264 takes its place.
    pub(crate) sessions: Option<u32>,
}

/// Whether some node that works can encode on a GPU.
pub(crate) fn some_encode<'n>(
    now: Timestamp,
    nodes: impl IntoIterator<Item = &'n NodeStatus>,
) -> bool {
    let encodes = |node: &NodeStatus| {
        let encoders = &node.machine.encoders;
        seen::works(now, node) && encoders.iter().any(|encoder| encoder.sessions_max > 0)
    };
    nodes.into_iter().any(encodes)
}

fn choose(
    now: Timestamp,
    view: &LineView,
    limits: &Limits,
    model: &Model,
    asker: &Asker,
) -> Vec<JobId> {
    let mut seen = Seen::of(now, view, model, Purpose::Choose(limits));
    let Some(place) = seen.node(asker.node) else {
        return Vec::new();
    };
    let policy = Policy::ours_local();
    let known = (&model.workload, &model.predictor);
    let plan = planner::plan(at(now), &seen.snapshot, &policy.planner);
    plan.apply(&mut seen.snapshot, |seen, slot, job| {
        seen.videos[slot as usize].jobs[usize::from(job)].backend
    });
    // The plan says who goes first among equals; who is said to go first goes first.
    let priorities = &seen.priorities;
    let order = &mut seen.snapshot.order;
    order.sort_by_key(|slot| Reverse(priorities[*slot as usize]));
    let chosen = |snapshot: &Snapshot| -> Vec<JobId> {
        let claim = |seen: &Snapshot| claim::claim(at(now), seen, place, known, policy.claim);
        within_sessions(snapshot.clone(), &seen, asker, &claim)
    };
    if place > 0 {
        // Others that have room ask in this very moment, and would choose the same: each leaves to
        // those before it what they will take.
        let mut later = seen.snapshot.clone();
        for other in 0..place {
            let claimed = claim::claim(at(now), &later, other, known, policy.claim);
            for action in &claimed.actions {
                begin(&mut later, (at(now), other), model, action);
            }
        }
        let left = chosen(&later);
        if !left.is_empty() {
            return left;
        }
        // They may be slower than they look, or standing still.
    }
    chosen(&seen.snapshot)
}

/// What `claim` begins, without jobs that the GPU has no sessions for: others take their place.
fn within_sessions(
    mut snapshot: Snapshot,
    seen: &Seen,
    asker: &Asker,
    claim: &dyn Fn(&Snapshot) -> claim::Claim,
) -> Vec<JobId> {
    loop {
        let mut left = asker.sessions.unwrap_or(u32::MAX);
        let (mut jobs, mut too_many) = (Vec::new(), Vec::new());
        for action in claim(&snapshot).actions {
            let Action::Start { video, job, .. } = action else {
                continue;
            };
            let Some(id) = seen.job(video, job) else {
                continue;
            };
            match left.checked_sub(seen.sessions(id)) {
                Some(rest) => {
                    left = rest;
                    jobs.push(id);
                }
                None => too_many.push((video, job)),
            }
        }
        if too_many.is_empty() {
            jobs.truncate(asker.max as usize);
            return jobs;
        }
        // Each turn holds some back, so there is a last one.
        for (video, job) in too_many {
            hold(&mut snapshot, video, job);
        }
    }
}

/// A job that can't begin here now.
fn hold(snapshot: &mut Snapshot, video: u32, job: u16) {
    let of = &mut snapshot.videos[video as usize];
    of.jobs[usize::from(job)].state = JobState::Waiting(1);
    of.outline.ready.retain(|ready| *ready != job);
}

/// Writes down that a job begins on another node.
fn begin(snapshot: &mut Snapshot, (now, node): (u64, usize), model: &Model, action: &Action) {
    let &Action::Start {
        video,
        job,
        backend,
        gpu,
        time,
    } = action
    else {
        return;
    };
    let of = &mut snapshot.videos[video as usize];
    of.jobs[usize::from(job)].state = JobState::Running;
    of.outline.ready.retain(|ready| *ready != job);
    snapshot.nodes[node].begin(Run {
        video,
        job,
        backend,
        gpu,
        since: now,
        ends: now + time,
        demand: *model.workload.job_demand(backend, true),
    });
}

/// When an open video is likely to end, and by when with the probability that is promised. `None` where
/// no node works, or the video may not begin yet.
///
/// # Errors
/// What the store says.
pub async fn foresee(parts: &Parts, video: VideoId) -> store::Result<Option<Promise>> {
    let now = parts.now();
    let view = parts.store.line_view(now, VIDEOS_MAX).await?;
    let learned = parts.store.learned_list().await?;
    Ok(foretell(now, &view, video, &learned))
}

/// Foretells the end of a video that was just accepted, and keeps it as a promise.
///
/// # Errors
/// What the store says.
pub async fn promise(parts: &Parts, video: VideoId) -> store::Result<Option<Promise>> {
    let promise = foresee(parts, video).await?;
    if let Some(promise) = promise {
        parts.store.video_promise(video, promise).await?;
    }
    Ok(promise)
}

/// When `video` is likely to end, and when it will have with the probability that is promised. `None`
/// where nobody works, or it may not begin yet.
fn foretell(
    now: Timestamp,
    view: &LineView,
    video: VideoId,
    rows: &[LearnedRow],
) -> Option<Promise> {
    let kind = view.nodes.iter().find(|node| seen::works(now, node))?;
    let model = Model::of(&kind.machine.kind, rows);
    let seen = Seen::of(now, view, &model, Purpose::Foretell);
    let slot = seen.video(video)?;
    let (class, deadline) = {
        let own = &seen.snapshot.videos[slot];
        (own.class, own.deadline)
    };
    let policy = Policy::ours_local();
    let known = (&model.predictor, &policy);
    let slot = slot as u32;
    let likely = admission::likely_end(at(now), &seen.snapshot, slot, &model.workload, known)?;
    let asked = Asked {
        now: at(now),
        likely,
        deadline,
    };
    let promise = calibrated(view).promise(class, asked, KEEP);
    let time = |micros: u64| Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX));
    Some(Promise {
        likely_at: time(promise.likely),
        promised_at: time(promise.promised),
    })
}

/// How far foresight was off lately.
fn calibrated(view: &LineView) -> Calibration {
    let mut known = Calibration::default();
    for ended in view.ended.iter().rev() {
        let since = |end: Timestamp| seen::micros(end.since(ended.began_at)).max(1);
        known.observe(
            class(ended.priority),
            since(ended.likely_at),
            since(ended.ended_at),
        );
    }
    known
}
