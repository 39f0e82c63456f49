//! Running one attempt and settling it.

use std::fs;
use std::time::Duration;

use ledger::Outcome;
use media::child;
use store::{JobOutcome, Lease, Settlement, VideoRow};
use ytempire_core::{Code, Decision, Stage, Timestamp};

use crate::attempt::Attempt;
use crate::dispatch::Amount;
use crate::error::{StageError, WorkError, backoff};
use crate::{Parts, carry, machine, stages};

/// How a job's attempt ended, as far as the node cares.
#[derive(Default)]
pub(crate) struct JobEnd {
    /// Its video, if this was the video's end.
    pub(crate) video: Option<Box<VideoRow>>,
    /// How long it took, if it was really done.
    pub(crate) took: Option<(Stage, Amount, Duration)>,
}

/// Runs one attempt and settles it.
pub(crate) async fn run(attempt: Attempt) -> Result<JobEnd, WorkError> {
    let Parts {
        store,
        progress,
        signal,
        ..
    } = attempt.parts.clone();
    let (lease, folder) = (attempt.job.lease, attempt.folder.clone());
    let (began, amount) = (attempt.parts.now(), attempt.request.amount());
    let mut worked = false;
    progress.set(lease.job, attempt.stage(), 0.0);
    let turn = attempt.parts.memory.turn(lease.job).await;
    let mut done = match fs::create_dir_all(&folder) {
        Ok(()) => worked_on(&attempt).await,
        Err(e) => Err(e.into()),
    };
    drop(turn);
    if let Err(error) = &mut done {
        learn_from(&attempt, error);
    }
    let now = attempt.parts.now();
    let settled = match done {
        Ok(settlement) => {
            worked = !is_reused(&settlement);
            let video = store.job_settle(now, settlement).await;
            if video.is_ok() {
                signal.wake(released(attempt.stage())).await;
            }
            video.map(Some)
        }
        Err(e) if e.is_interruption() => store.job_release(now, lease).await.map(|()| None),
        Err(e) => {
            let text = e.text();
            tracing::debug!(stage = %attempt.stage(), code = %e.code, error = text, "attempt failed");
            store
                .job_settle(now, failed(now, lease, &e))
                .await
                .map(Some)
        }
    };
    progress.end(lease.job);
    drop(fs::remove_dir_all(&folder));
    match settled {
        Ok(video) => {
            let ended = video.filter(|video| video.finalized_at == Some(now));
            Ok(JobEnd {
                video: ended.map(Box::new),
                took: worked.then(|| (attempt.stage(), amount, now.since(began))),
            })
        }
        // Another node has the job: what was done here is simply not used.
        Err(store::Error::LeaseLost) => Ok(JobEnd::default()),
        Err(e) => Err(e.into()),
    }
}

/// Fetches what the stage needs, runs it, and brings what it made to where others find it: before it is
/// settled, as then they may ask for it.
async fn worked_on(attempt: &Attempt) -> Result<Settlement, StageError> {
    carry::fetch_inputs(attempt).await?;
    let settlement = stages::run(attempt).await?;
    carry::bring_results(&attempt.parts, &settlement).await?;
    Ok(settlement)
}

/// Learns from a job that ran out of memory: it isn't tried twice in the same way.
fn learn_from(attempt: &Attempt, error: &mut StageError) {
    let Some(child::Error::OutOfMemory { peak_mib, .. }) = error.source.downcast_ref() else {
        return;
    };
    let parts = &attempt.parts;
    let memory_mib = machine::look(&parts.folder, parts.slots, None).memory_mib;
    let job = (attempt.job.lease.job, attempt.stage());
    if !parts.memory.ran_out(job, *peak_mib, memory_mib) {
        error.decision = Decision::Discard;
    }
}

/// Whether nothing was done, as it had been done before.
fn is_reused(settlement: &Settlement) -> bool {
    let nothing = Outcome::Post { quantity: 0 };
    settlement
        .postings
        .iter()
        .all(|posting| posting.outcome == nothing)
}

/// How many jobs a completed one may release, about: too many wake a node for nothing, too few
/// leave one to its tick.
fn released(stage: Stage) -> u32 {
    match stage {
        // Two for each scene; a node that wakes takes as many as it has slots.
        Stage::Script => 8,
        _ => 1,
    }
}

/// The end of an attempt that failed.
pub(crate) fn failed(now: Timestamp, lease: Lease, error: &StageError) -> Settlement {
    let text = error.text();
    let code = if error.code == Code::Interrupted {
        Code::Bug
    } else {
        error.code
    };
    let outcome = match error.decision {
        Decision::Retry { after } => JobOutcome::Retry {
            code,
            text,
            after: backoff(lease, after),
        },
        Decision::Snooze { after } => JobOutcome::Snooze {
            until: now.after(after),
            code,
            text,
        },
        Decision::Discard => JobOutcome::Discard { code, text },
    };
    Settlement {
        lease,
        outcome,
        postings: vec![],
        events: vec![],
    }
}
