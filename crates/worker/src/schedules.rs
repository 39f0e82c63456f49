//! Recurring starts: each node looks at its heartbeat which ticks are due, and one of them starts
//! each.

use store::{ScheduleRow, ScheduleStep, Submission, Submitted};
use ytempire_core::{Code, Stage, Timestamp};

use crate::request::{Source, Take};
use crate::submit::{RefusedOrder, Terms, prepared_again, submission};
use crate::timing::{Tick, Timing};
use crate::{Parts, Request};

/// Starts what is due. Trouble is told and tried again at the next heartbeat: a node without the right
/// backends leaves a tick to others.
pub(crate) async fn start_due(parts: &Parts) {
    let due = match parts.store.schedule_due(parts.now()).await {
        Ok(due) => due,
        Err(e) => {
            tracing::warn!(error = %e, "can't ask for schedules that are due");
            return;
        }
    };
    for row in due {
        let name = row.name.clone();
        match step(parts, &row).await {
            Ok(Some(started)) => {
                tracing::info!(schedule = name, videos = started, "started");
                parts.signal.wake(started).await;
            }
            // Another node was quicker.
            Ok(None) => {}
            Err(e) => {
                tracing::warn!(schedule = name, error = %e, "can't start what is due");
                remember(parts, &row, e.to_string()).await;
            }
        }
    }
}

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Refused(#[from] RefusedOrder),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Starts the ticks of one schedule; how many videos that were, `None` where another node did.
async fn step(parts: &Parts, row: &ScheduleRow) -> Result<Option<u32>, Trouble> {
    let now = parts.now();
    let Some(was) = row.next_at else {
        return Ok(None);
    };
    let due = timing(row)?.due(was, now);
    let submissions: Result<Vec<_>, RefusedOrder> = due
        .ticks
        .iter()
        .map(|tick| of_tick(parts, row, tick))
        .collect();
    let missed = due
        .ticks
        .is_empty()
        .then(|| "missed, and not caught up with".to_owned());
    let step = ScheduleStep {
        id: row.id,
        was,
        next_at: due.next_at,
        submissions: submissions?,
        error: missed,
    };
    let started = parts.store.schedule_step(now, step).await?;
    Ok(started.map(|videos| videos.len() as u32))
}

/// Keeps the cause with the schedule, once, for whoever looks at it. It stays due.
async fn remember(parts: &Parts, row: &ScheduleRow, why: String) {
    let (Some(was), true) = (row.next_at, row.last_error.as_deref() != Some(&*why)) else {
        return;
    };
    let step = ScheduleStep {
        id: row.id,
        was,
        next_at: Some(was),
        submissions: vec![],
        error: Some(why),
    };
    // Where the store is in trouble, that is what there is to tell.
    drop(parts.store.schedule_step(parts.now(), step).await);
}

/// When a schedule ticks.
///
/// # Errors
/// It was written by another version of this program.
pub fn timing(row: &ScheduleRow) -> Result<Timing, RefusedOrder> {
    serde_json::from_value(row.timing.clone()).map_err(|e| {
        let text = format!("its timing can't be read: {e}");
        RefusedOrder::new(Code::ScheduleInvalid, text)
    })
}

fn of_tick(parts: &Parts, row: &ScheduleRow, tick: &Tick) -> Result<Submission, RefusedOrder> {
    let terms = Terms {
        account: row.account,
        priority: row.priority,
        waiting_max: parts.waiting_max,
        due_at: tick.due_at,
        start_at: None,
    };
    let of = format!("schedule:{}:{}", row.id, tick.at.to_rfc3339());
    start(parts, row, of, terms)
}

/// Starts a schedule's video now, whenever its next tick is.
///
/// # Errors
/// [`RefusedOrder`] where it can't be made any more; the store's own.
pub async fn run_now(
    parts: &Parts,
    row: &ScheduleRow,
) -> Result<store::Result<Submitted>, RefusedOrder> {
    let now = parts.now();
    let due = timing(row)?.due_after_s;
    let terms = Terms {
        account: row.account,
        priority: row.priority,
        waiting_max: parts.waiting_max,
        due_at: due.map(|seconds| now.after(std::time::Duration::from_secs(seconds))),
        start_at: None,
    };
    let of = format!("schedule:{}:now:{}", row.id, now.to_rfc3339());
    let new = start(parts, row, of, terms)?;
    let submitted = parts.store.video_submit(now, new).await;
    parts.signal.wake(1).await;
    Ok(submitted)
}

/// The video of one start. `key` names it, so that it is the same video whichever node starts it.
fn start(
    parts: &Parts,
    row: &ScheduleRow,
    key: String,
    terms: Terms,
) -> Result<Submission, RefusedOrder> {
    let mut request = Request::of(&row.request)?;
    // A topic is written about anew each time. A script gives the same video again, which is cached.
    if matches!(request.source, Source::Topic { .. }) {
        let mark = key.clone();
        let from = Stage::Script;
        request.takes.push(Take { from, mark });
    }
    let prepared = prepared_again(parts, request)?;
    submission(parts, &prepared, terms, key).map_err(|e| RefusedOrder::new(Code::Bug, e))
}

/// The next starts of a schedule.
pub fn upcoming(row: &ScheduleRow, now: Timestamp, count: usize) -> Vec<Tick> {
    timing(row).map_or_else(|_| Vec::new(), |timing| timing.upcoming(now, count))
}
