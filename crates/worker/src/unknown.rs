//! Charges of which nobody knows what came: nodes end them at a deadline, at their worst case.

use std::time::Duration;

use ledger::{Transfer, TransferState};
use store::Reconciliation;
use ytempire_core::Timestamp;

use crate::Parts;
use crate::pace::Pace;

/// How often a node looks at most.
const PAUSE: Duration = Duration::from_mins(5);

/// How far before the deadline it looks: what was missed while no node worked.
const LOOK_BACK: Duration = Duration::from_hours(60 * 24);

/// Charges that are ended in one transaction.
const AT_ONCE: usize = 100;

/// How long it is waited for a bill.
#[derive(Debug)]
pub struct UnknownMax {
    max: Duration,
    /// When it was last looked.
    pace: Pace,
}

impl Default for UnknownMax {
    /// Three days: usage exports of providers are complete within two.
    fn default() -> Self {
        Self::of(Duration::from_hours(72))
    }
}

impl UnknownMax {
    /// That long.
    pub const fn of(max: Duration) -> Self {
        Self {
            max,
            pace: Pace::new(),
        }
    }
}

/// Ends what has been unknown for too long. Trouble is told and tried again later.
pub(crate) async fn end_overdue(parts: &Parts) {
    let now = parts.now();
    if !parts.unknown_max.pace.is_due(now, PAUSE) {
        return;
    }
    match end(parts, now).await {
        Ok(0) => {}
        Ok(ended) => tracing::warn!(charges = ended, "no bill came: booked at their worst case"),
        Err(e) => tracing::warn!(error = %e, "can't end charges that nobody knows of"),
    }
}

async fn end(parts: &Parts, now: Timestamp) -> store::Result<u64> {
    let until = now.before(parts.unknown_max.max);
    let paid = parts
        .store
        .transfer_paid(None, until.before(LOOK_BACK), until);
    let overdue = |charge: &Transfer| {
        charge.state == TransferState::Unknown && charge.settled_at.is_some_and(|at| at <= until)
    };
    let paid = paid.await?;
    let overdue: Vec<_> = paid.into_iter().filter(overdue).collect();
    let mut ended = 0;
    for some in overdue.chunks(AT_ONCE) {
        let reconciliation = Reconciliation {
            billed: some.iter().map(|charge| (charge.id, charge.held)).collect(),
            unknown_only: true,
            source: "deadline".to_owned(),
        };
        let done = parts.store.transfer_reconcile(now, reconciliation).await?;
        ended += done.settled;
    }
    Ok(ended)
}
