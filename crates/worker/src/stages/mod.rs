//! The stages, one file per job kind, and what they share: cache, reservation, settlement.

mod assemble;
mod bought;
mod compose;
mod graph;
mod heard;
mod illustrate;
mod listen;
mod narrate;
mod script;
mod shot;
mod thumbnail;
mod validate;

pub(crate) use validate::Whole;

use std::time::Duration;

use ledger::{Hold, Outcome, Posting};
use serde::Serialize;
use store::{CacheEntry, JobOutcome, Settlement};
use ytempire_core::{Stage, TransferId};

use crate::attempt::{Attempt, Follow, Made};
use crate::error::StageError;
use crate::meter::LocalHold;
use crate::plan::local_max;

/// Runs the attempt's stage and says how it is to be settled.
pub(crate) async fn run(attempt: &Attempt) -> Result<Settlement, StageError> {
    match attempt.stage() {
        Stage::Script => script::run(attempt).await,
        Stage::Narrate => narrate::run(attempt).await,
        Stage::Illustrate => illustrate::run(attempt).await,
        Stage::Compose => compose::run(attempt).await,
        Stage::Assemble => assemble::run(attempt).await,
        Stage::Thumbnail => thumbnail::run(attempt).await,
        Stage::Validate => validate::run(attempt).await,
    }
}

/// What a stage did, paid for and ready to be settled.
pub(crate) struct Done {
    pub(crate) output: serde_json::Value,
    postings: Vec<Posting>,
    cached: Vec<CacheEntry>,
}

/// Does local work under the cache and under a reservation: looks whether the same was done
/// before, else holds the worst case for `amount` (see [`local_max`]), works on a thread of its
/// own and settles what it took.
pub(crate) async fn local(
    attempt: &Attempt,
    inputs: &impl Serialize,
    amount: u64,
    work: impl FnOnce(&Attempt) -> Result<Made, StageError> + Send + 'static,
) -> Result<Done, StageError> {
    let key = attempt.key(inputs)?;
    if let Some(entry) = attempt.cached(&key).await? {
        return reused(attempt, entry).await;
    }
    let hold = reserve(attempt, amount).await?;
    let (made, cpu) = attempt.blocking(&hold, work).await?;
    Ok(finished(&hold, key, made, cpu))
}

/// Holds the worst case of a local job for `amount`, see [`local_max`].
pub(crate) async fn reserve(attempt: &Attempt, amount: u64) -> Result<LocalHold, StageError> {
    let max = local_max(attempt.stage(), amount, attempt.request.tier);
    let (hold, holds) = LocalHold::ask(&attempt.parts, max)?;
    attempt
        .parts
        .store
        .transfer_hold(attempt.parts.now(), attempt.job.lease, holds)
        .await?;
    Ok(hold)
}

/// Local work that is done and is to be cached under `key`.
pub(crate) fn finished(hold: &LocalHold, key: String, made: Made, cpu: Duration) -> Done {
    let bytes = made.files.iter().map(|file| file.bytes).sum();
    let entry = CacheEntry {
        key,
        output: made.output.clone(),
        artifacts: made.files,
    };
    Done {
        output: made.output,
        postings: hold.postings(cpu, bytes),
        cached: vec![entry],
    }
}

/// Local work that is done and isn't to be found again: something better may be had next time.
pub(crate) fn uncached(hold: &LocalHold, made: Made, cpu: Duration) -> Done {
    let bytes = made.files.iter().map(|file| file.bytes).sum();
    Done {
        output: made.output,
        postings: hold.postings(cpu, bytes),
        cached: vec![],
    }
}

/// Work that was done before: a line of nothing on the receipt says so.
pub(crate) async fn reused(attempt: &Attempt, entry: CacheEntry) -> Result<Done, StageError> {
    nothing(attempt, entry.output).await
}

/// An end to which nothing was done.
pub(crate) async fn nothing(
    attempt: &Attempt,
    output: serde_json::Value,
) -> Result<Done, StageError> {
    let parts = &attempt.parts;
    let now = parts.now();
    let price = parts.prices.book().find("local", "cpu", "cpu_ms", now)?;
    let id = TransferId::fresh(&parts.ids, now);
    let hold = Hold {
        id,
        backend: "cache".to_owned(),
        price,
        quantity_max: 0,
        day_zone: "UTC".to_owned(),
    };
    parts
        .store
        .transfer_hold(now, attempt.job.lease, vec![hold])
        .await?;
    let postings = vec![Posting {
        id,
        outcome: Outcome::Post { quantity: 0 },
    }];
    Ok(Done {
        output,
        postings,
        cached: vec![],
    })
}

impl Done {
    /// The end of the attempt.
    pub(crate) fn settle(self, attempt: &Attempt, follow: Follow) -> Settlement {
        Settlement {
            lease: attempt.job.lease,
            outcome: JobOutcome::Completed {
                output: self.output,
                follow: follow.jobs,
                cached: self.cached,
                title: follow.title,
            },
            postings: self.postings,
            events: vec![],
        }
    }
}
