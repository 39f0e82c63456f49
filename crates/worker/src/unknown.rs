//! Charges of which nobody knows what came: nodes end them at a deadline, at their worst case.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ledger::{Transfer, TransferState};
use store::Reconciliation;
use ytempire_core::Timestamp;

use crate::Parts;

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
    last: AtomicI64,
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
            last: AtomicI64::new(i64::MIN),
        }
    }

    /// Whether it is time again, and if so, not for a while from here on.
    fn is_due(&self, now: Timestamp) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        let next = last.saturating_add(PAUSE.as_micros() as i64);
        // A clock that was set back by far doesn't stop it for ever.
        let due = now.as_micros() >= next || now.as_micros() < last;
        if due {
            self.last.store(now.as_micros(), Ordering::Relaxed);
        }
        due
    }
}

/// Ends what has been unknown for too long. Trouble is told and tried again later.
pub(crate) async fn end_overdue(parts: &Parts) {
    let now = parts.now();
    if !parts.unknown_max.is_due(now) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_looked_now_and_then() {
        let max = UnknownMax::default();
        let at = |minutes: i64| Timestamp::from_micros(minutes * 60_000_000);
        let due: Vec<bool> = [100, 101, 105, 106, 2].map(|n| max.is_due(at(n))).to_vec();
        assert_eq!(due, [true, false, true, false, true]);
    }
}
