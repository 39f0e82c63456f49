//! The end of an attempt: state, money, events and what follows, in one transaction.

use serde_json::{Value, json};
use store::{AttemptEnd, JobExit, JobOutcome, Lease, Settlement, VideoRow};
use tokio_postgres::types::Json;
use ytempire_core::{Code, EventKind, JobState, NodeId, Timestamp, VideoId, VideoState};

use crate::connection::Tx;
use crate::job::Leased;
use crate::sql::{self, Cells, Result};
use crate::{attempt, cache, event, job, node, transfer, video};

pub(crate) async fn settle(tx: &Tx, now: Timestamp, settlement: &Settlement) -> Result<VideoRow> {
    let job = job::leased(tx, settlement.lease).await?;
    transfer::settle_all(tx, now, &job, &settlement.postings).await?;
    transfer::close_open(tx, now, &job).await?;
    // What the attempt has to tell comes before its end, which may be the video's.
    for event in &settlement.events {
        event::append(tx, event).await?;
    }
    match &settlement.outcome {
        JobOutcome::Completed {
            output,
            follow,
            cached,
            title,
        } => {
            complete(tx, now, &job, output).await?;
            cache::put_all(tx, now, job.video, cached).await?;
            if let Some(title) = title {
                video::set_title(tx, job.video, title).await?;
            }
            if !job.is_over(tx).await? {
                // Those that waited before: jobs added now count this one as completed already.
                release_waiting(tx, &job).await?;
                job::add(tx, now, job.video, follow).await?;
                end_if_done(tx, now, job.video).await?;
            }
        }
        JobOutcome::Retry { code, text, after } if job.may_try_again() => {
            let due = now.after(*after);
            let exit = JobExit {
                due: Some(due),
                error: Some((*code, text.as_str())),
                ..JobExit::to(JobState::Scheduled, AttemptEnd::Retryable)
            };
            if leave(tx, now, &job, exit).await? == JobState::Scheduled {
                tell(tx, now, &job, EventKind::JobRetryable, (*code, text)).await?;
            }
        }
        JobOutcome::Retry { code, text, .. } | JobOutcome::Discard { code, text } => {
            discard(tx, now, &job, *code, text).await?;
        }
    }
    video::expect(tx, job.video).await
}

pub(crate) async fn release(tx: &Tx, now: Timestamp, lease: Lease) -> Result<()> {
    let job = job::leased(tx, lease).await?;
    transfer::close_open(tx, now, &job).await?;
    let exit = JobExit::to(JobState::Available, AttemptEnd::Released);
    leave(tx, now, &job, exit).await?;
    // The attempt number stays, as it fences; the count of attempts goes back.
    tx.execute(
        "UPDATE jobs SET attempts = attempts - 1 WHERE id = $1",
        &[&job.id.0],
    )
    .await?;
    Ok(())
}

pub(crate) async fn rescue(tx: &Tx, now: Timestamp, dead: &[NodeId]) -> Result<u32> {
    let jobs = job::abandoned(tx, now, dead).await?;
    for job in &jobs {
        transfer::close_open(tx, now, job).await?;
        if job.may_try_again() {
            let exit = JobExit::to(JobState::Available, AttemptEnd::Rescued);
            if leave(tx, now, job, exit).await? == JobState::Available {
                let detail = json!({ "attempt": job.attempt });
                event::about_job(tx, now, job.about(), EventKind::JobRescued, detail).await?;
            }
        } else {
            let text = format!(
                "{}: its process ended in the middle of it {} times",
                job.stage, job.attempts
            );
            discard(tx, now, job, Code::AttemptsExhausted, &text).await?;
        }
    }
    node::forget_silent(tx, now).await?;
    Ok(jobs.len() as u32)
}

pub(crate) async fn cancel(tx: &Tx, now: Timestamp, id: VideoId) -> Result<bool> {
    let row = video::lock(tx, id).await?;
    if row.is_none_or(|row| row.state.is_final()) {
        return Ok(false);
    }
    end_video(tx, now, id, VideoState::Cancelled, None).await?;
    Ok(true)
}

/// Ends a video and cancels what of it hasn't begun; running jobs end by themselves.
async fn end_video(
    tx: &Tx,
    now: Timestamp,
    id: VideoId,
    state: VideoState,
    failure: Option<&(Code, String)>,
) -> Result<()> {
    if !video::set_state(tx, now, id, state, failure).await? {
        return Ok(());
    }
    // A claim may be taking some of them just now: this waits for it, and leaves those alone.
    tx.execute(
        "UPDATE jobs
         SET state = 'cancelled', finalized_at = $2, scheduled_at = NULL
         WHERE id IN (SELECT id
                      FROM jobs
                      WHERE video_id = $1 AND state IN ('waiting', 'scheduled', 'available')
                      ORDER BY id
                      FOR NO KEY UPDATE)",
        &[&id.0, &now.as_micros()],
    )
    .await?;
    let kind = match state {
        VideoState::Ready => EventKind::VideoReady,
        VideoState::Cancelled => EventKind::VideoCancelled,
        _ => EventKind::VideoFailed,
    };
    let detail = failure.map_or_else(
        || json!({}),
        |(code, text)| json!({ "code": code, "text": text }),
    );
    event::about_video(tx, now, id, kind, detail).await
}

async fn complete(tx: &Tx, now: Timestamp, job: &Leased, output: &Value) -> Result<()> {
    let exit = JobExit::to(JobState::Completed, AttemptEnd::Completed);
    leave(tx, now, job, exit).await?;
    tx.execute(
        "UPDATE jobs SET output = $2 WHERE id = $1",
        &[&job.id.0, &Json(output)],
    )
    .await?;
    let detail = json!({ "attempt": job.attempt });
    event::about_job(tx, now, job.about(), EventKind::JobCompleted, detail).await
}

async fn discard(tx: &Tx, now: Timestamp, job: &Leased, code: Code, text: &str) -> Result<()> {
    let exit = JobExit {
        error: Some((code, text)),
        ..JobExit::to(JobState::Discarded, AttemptEnd::Discarded)
    };
    leave(tx, now, job, exit).await?;
    tell(tx, now, job, EventKind::JobDiscarded, (code, text)).await?;
    let failure = (code, text.to_owned());
    end_video(tx, now, job.video, VideoState::Failed, Some(&failure)).await
}

async fn tell(
    tx: &Tx,
    now: Timestamp,
    job: &Leased,
    kind: EventKind,
    (code, text): (Code, &str),
) -> Result<()> {
    let detail = json!({ "attempt": job.attempt, "code": code, "text": text });
    event::about_job(tx, now, job.about(), kind, detail).await
}

/// Takes a job out of `running`. The caller has checked the lease in this transaction. A job
/// of an ended video isn't to be tried again: nothing runs after a video's end. Returns where
/// it went.
async fn leave(tx: &Tx, now: Timestamp, job: &Leased, exit: JobExit<'_>) -> Result<JobState> {
    let JobExit {
        next,
        due,
        end,
        error,
    } = exit;
    attempt::end(tx, now, job, end, error).await?;
    let (next, due) = if !next.is_final() && job.is_over(tx).await? {
        (JobState::Cancelled, None)
    } else {
        (next, due)
    };
    if next == JobState::Available {
        tx.wake();
    }
    let code = error.map(|e| e.0.as_str());
    let text = error.map(|e| sql::words(e.1));
    tx.execute(
        "UPDATE jobs
         SET state = $3, node_id = NULL, lease_until = NULL, scheduled_at = $4,
             finalized_at = $5,
             error_code = coalesce($6, error_code), error_text = coalesce($7, error_text)
         WHERE id = $1 AND state = 'running' AND attempt = $2",
        &[
            &job.id.0,
            &i64::from(job.attempt),
            &next.as_str(),
            &due.map(Timestamp::as_micros),
            &next.is_final().then_some(now.as_micros()),
            &code,
            &text.as_deref(),
        ],
    )
    .await?;
    Ok(next)
}

/// Makes available what waited for this job alone. A counter, not a search for unfinished
/// jobs: two last jobs that end together can't strand the one that waits for both, as the lock
/// of their video lets them end one after the other.
async fn release_waiting(tx: &Tx, job: &Leased) -> Result<()> {
    let rows = tx
        .query(
            "UPDATE jobs
             SET waiting_for = waiting_for - 1,
                 state = CASE WHEN waiting_for = 1 THEN 'available' ELSE state END
             WHERE state = 'waiting'
               AND id IN (SELECT job_id FROM job_deps WHERE after_id = $1)
             RETURNING id, state",
            &[&job.id.0],
        )
        .await?;
    for row in &rows {
        let state = Cells::of("jobs", row).named("state", JobState::from_name)?;
        if state == JobState::Available {
            tx.wake();
        }
    }
    Ok(())
}

async fn end_if_done(tx: &Tx, now: Timestamp, id: VideoId) -> Result<()> {
    let open = tx
        .first(
            "SELECT id FROM jobs WHERE video_id = $1 AND finalized_at IS NULL LIMIT 1",
            &[&id.0],
        )
        .await?;
    if open.is_some() {
        return Ok(());
    }
    end_video(tx, now, id, VideoState::Ready, None).await
}
