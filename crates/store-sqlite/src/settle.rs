//! The end of an attempt: state, money, events and what follows, in one transaction.

use rusqlite::{Connection, named_params};
use serde_json::json;
use store::{
    AttemptEnd, Error, Exchange, Exchanged, JobExit, JobOutcome, Lease, Result, Settled,
    Settlement, VideoRow,
};
use ytempire_core::{Code, EventKind, JobState, NodeId, Timestamp, VideoId, VideoState};

use crate::job::Leased;
use crate::{attempt, cache, claim, event, job, node, sql, transfer, video, writer};

/// Ends a batch of attempts, then claims. A settlement that fails takes back only what it did
/// itself.
pub(crate) fn exchange(tx: &Connection, now: Timestamp, exchange: &Exchange) -> Result<Exchanged> {
    let mut settled = Vec::with_capacity(exchange.settlements.len());
    for settlement in &exchange.settlements {
        let done = writer::in_savepoint(tx, |tx| end(tx, now, settlement));
        // What fails for the disk's sake fails for all.
        if matches!(done, Err(Error::DiskFull | Error::ReadOnly(_))) || tx.is_autocommit() {
            done?;
        } else {
            settled.push(done);
        }
    }
    let claimed = match &exchange.claim {
        Some(request) => claim::claim(tx, now, request)?,
        None => Vec::new(),
    };
    Ok(Exchanged { settled, claimed })
}

pub(crate) fn settle(tx: &Connection, now: Timestamp, settlement: &Settlement) -> Result<VideoRow> {
    let settled = end(tx, now, settlement)?;
    video::expect(tx, settled.video)
}

fn end(tx: &Connection, now: Timestamp, settlement: &Settlement) -> Result<Settled> {
    let job = job::leased(tx, settlement.lease)?;
    let before = video::state(tx, job.video)?;
    transfer::settle_all(tx, now, &job, &settlement.postings)?;
    transfer::close_open(tx, now, &job)?;
    // What the attempt has to tell comes before its end, which may be the video's.
    for event in &settlement.events {
        event::append(tx, event)?;
    }
    match &settlement.outcome {
        JobOutcome::Completed {
            output,
            follow,
            cached,
            title,
        } => {
            complete(tx, now, &job, output)?;
            for entry in cached {
                cache::put(tx, now, job.video, entry)?;
            }
            if let Some(title) = title {
                video::set_title(tx, job.video, title)?;
            }
            if !before.is_final() {
                // Those that waited before: jobs added now count this one as completed already.
                release_waiting(tx, &job)?;
                job::add(tx, now, job.video, follow)?;
                end_if_done(tx, now, job.video)?;
            }
        }
        JobOutcome::Retry { code, text, after } if job.may_try_again() => {
            let due = now.after(*after);
            let exit = JobExit {
                due: Some(due),
                error: Some((*code, text.as_str())),
                ..JobExit::to(JobState::Scheduled, AttemptEnd::Retryable)
            };
            if leave(tx, now, &job, exit)? == JobState::Scheduled {
                tell(tx, now, &job, EventKind::JobRetryable, *code, text)?;
            }
        }
        JobOutcome::Snooze { until, code, text } => {
            let exit = JobExit {
                due: Some(*until),
                error: Some((*code, text.as_str())),
                ..JobExit::to(JobState::Scheduled, AttemptEnd::Snoozed)
            };
            let next = leave(tx, now, &job, exit)?;
            uncount(tx, &job)?;
            if next == JobState::Scheduled {
                tell(tx, now, &job, EventKind::JobSnoozed, *code, text)?;
            }
        }
        JobOutcome::Retry { code, text, .. } | JobOutcome::Discard { code, text } => {
            discard(tx, now, &job, *code, text)?;
        }
    }
    let state = video::state(tx, job.video)?;
    Ok(Settled {
        video: job.video,
        state,
        ended: state.is_final() && !before.is_final(),
    })
}

pub(crate) fn release(tx: &Connection, now: Timestamp, lease: Lease) -> Result<()> {
    let job = job::leased(tx, lease)?;
    transfer::close_open(tx, now, &job)?;
    let exit = JobExit::to(JobState::Available, AttemptEnd::Released);
    leave(tx, now, &job, exit)?;
    uncount(tx, &job)
}

/// The attempt number stays, as it fences; the count of attempts goes back.
fn uncount(tx: &Connection, job: &Leased) -> Result<()> {
    tx.prepare_cached("UPDATE jobs SET attempts = attempts - 1 WHERE id = ?1")
        .and_then(|mut s| s.execute([job.id.to_string()]))
        .map(drop)
        .map_err(sql::error)
}

pub(crate) fn rescue(tx: &Connection, now: Timestamp, dead: &[NodeId]) -> Result<u32> {
    let dead: Vec<String> = dead.iter().map(ToString::to_string).collect();
    let jobs = job::abandoned(tx, now, &dead)?;
    for job in &jobs {
        transfer::close_open(tx, now, job)?;
        if job.may_try_again() {
            let exit = JobExit::to(JobState::Available, AttemptEnd::Rescued);
            if leave(tx, now, job, exit)? == JobState::Available {
                let detail = json!({ "attempt": job.attempt });
                let about = (job.video, job.id, job.stage);
                event::about_job(tx, now, about, EventKind::JobRescued, detail)?;
            }
        } else {
            let text = format!(
                "{}: its process ended in the middle of it {} times",
                job.stage, job.attempts
            );
            discard(tx, now, job, Code::AttemptsExhausted, &text)?;
        }
    }
    node::forget_silent(tx, now)?;
    Ok(jobs.len() as u32)
}

pub(crate) fn cancel(tx: &Connection, now: Timestamp, id: VideoId) -> Result<bool> {
    if video::get(tx, id)?.is_none_or(|row| row.state.is_final()) {
        return Ok(false);
    }
    end_video(tx, now, id, VideoState::Cancelled, None)?;
    Ok(true)
}

/// Ends a video and cancels what of it hasn't begun; running jobs end by themselves.
pub(crate) fn end_video(
    tx: &Connection,
    now: Timestamp,
    id: VideoId,
    state: VideoState,
    failure: Option<&(Code, String)>,
) -> Result<()> {
    if !video::set_state(tx, now, id, state, failure)? {
        return Ok(());
    }
    tx.prepare_cached(
        "UPDATE jobs
         SET state = 'cancelled', finalized_at = ?2, scheduled_at = NULL
         WHERE video_id = ?1 AND state IN ('waiting', 'scheduled', 'available')",
    )
    .and_then(|mut s| s.execute((id.to_string(), now.as_micros())))
    .map_err(sql::error)?;
    let kind = match state {
        VideoState::Ready => EventKind::VideoReady,
        VideoState::Cancelled => EventKind::VideoCancelled,
        _ => EventKind::VideoFailed,
    };
    let detail = failure.map_or_else(
        || json!({}),
        |(code, text)| json!({ "code": code, "text": text }),
    );
    event::about_video(tx, now, id, kind, &detail)
}

fn complete(
    tx: &Connection,
    now: Timestamp,
    job: &Leased,
    output: &serde_json::Value,
) -> Result<()> {
    let exit = JobExit::to(JobState::Completed, AttemptEnd::Completed);
    leave(tx, now, job, exit)?;
    tx.prepare_cached("UPDATE jobs SET output = ?2 WHERE id = ?1")
        .and_then(|mut s| s.execute((job.id.to_string(), output.to_string())))
        .map_err(sql::error)?;
    let about = (job.video, job.id, job.stage);
    event::about_job(
        tx,
        now,
        about,
        EventKind::JobCompleted,
        json!({ "attempt": job.attempt }),
    )
}

fn discard(tx: &Connection, now: Timestamp, job: &Leased, code: Code, text: &str) -> Result<()> {
    let exit = JobExit {
        error: Some((code, text)),
        ..JobExit::to(JobState::Discarded, AttemptEnd::Discarded)
    };
    leave(tx, now, job, exit)?;
    tell(tx, now, job, EventKind::JobDiscarded, code, text)?;
    let failure = (code, text.to_owned());
    end_video(tx, now, job.video, VideoState::Failed, Some(&failure))
}

fn tell(
    tx: &Connection,
    now: Timestamp,
    job: &Leased,
    kind: EventKind,
    code: Code,
    text: &str,
) -> Result<()> {
    let detail = json!({ "attempt": job.attempt, "code": code, "text": text });
    event::about_job(tx, now, (job.video, job.id, job.stage), kind, detail)
}

/// Takes a job out of `running`. The caller has checked the lease in this transaction. A job
/// of an ended video isn't to be tried again: nothing runs after a video's end. Returns where
/// it went.
fn leave(tx: &Connection, now: Timestamp, job: &Leased, exit: JobExit<'_>) -> Result<JobState> {
    let JobExit {
        next,
        due,
        end,
        error,
    } = exit;
    attempt::end(tx, now, job, end, error)?;
    let over = !next.is_final() && video::state(tx, job.video)?.is_final();
    let (next, due) = if over {
        (JobState::Cancelled, None)
    } else {
        (next, due)
    };
    tx.prepare_cached(
        "UPDATE jobs
         SET state = :next, node_id = NULL, lease_until = NULL, scheduled_at = :due,
             finalized_at = :finalized,
             error_code = coalesce(:code, error_code), error_text = coalesce(:text, error_text)
         WHERE id = :id AND state = 'running' AND attempt = :attempt",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":next": next.as_str(),
            ":due": due.map(Timestamp::as_micros),
            ":finalized": next.is_final().then_some(now.as_micros()),
            ":code": error.map(|e| e.0.as_str()),
            ":text": error.map(|e| e.1),
            ":id": job.id.to_string(),
            ":attempt": job.attempt,
        })
    })
    .map(|_| next)
    .map_err(sql::error)
}

/// Makes available what waited for this job alone. A counter, not a search for unfinished
/// jobs: two last jobs that end together can't strand the one that waits for both.
fn release_waiting(tx: &Connection, job: &Leased) -> Result<()> {
    tx.prepare_cached(
        "UPDATE jobs
         SET waiting_for = waiting_for - 1,
             state = iif(waiting_for = 1, 'available', state)
         WHERE state = 'waiting'
           AND id IN (SELECT job_id FROM job_deps WHERE after_id = ?1)",
    )
    .and_then(|mut s| s.execute([job.id.to_string()]))
    .map(drop)
    .map_err(sql::error)
}

fn end_if_done(tx: &Connection, now: Timestamp, id: VideoId) -> Result<()> {
    let open = tx
        .prepare_cached("SELECT 1 FROM jobs WHERE video_id = ?1 AND finalized_at IS NULL")
        .and_then(|mut s| s.exists([id.to_string()]))
        .map_err(sql::error)?;
    if !open {
        end_video(tx, now, id, VideoState::Ready, None)?;
    }
    Ok(())
}
