//! One time for all nodes.

use std::sync::{Arc, Mutex, PoisonError};

use store::Store;
use tokio::time::Instant;
use ytempire_core::{Clock, Plant, Timestamp};

/// The store's clock, carried on by this machine's steady one, so that a node whose own clock is
/// wrong, or is set while it works, takes nobody's lease for expired and gives itself none for hours.
/// Where the store has no clock of its own, this machine's.
pub(crate) struct LineClock {
    ours: Arc<dyn Clock>,
    set: Mutex<Option<Set>>,
}

/// What the store's clock said, and when.
#[derive(Clone, Copy)]
struct Set {
    said: Timestamp,
    at: Instant,
}

impl LineClock {
    /// Not set yet.
    pub(crate) fn over(ours: Arc<dyn Clock>) -> Arc<Self> {
        let set = Mutex::default();
        Arc::new(Self { ours, set })
    }

    /// Sets it by the store's clock; late by half of what the answer took.
    pub(crate) async fn set(&self, store: &dyn Store) -> store::Result<()> {
        let said = store.clock().await?;
        let at = Instant::now();
        let set = said.map(|said| Set { said, at });
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = set;
        Ok(())
    }
}

impl Clock for LineClock {
    fn now(&self) -> Timestamp {
        if Plant::OwnClock.is_in() {
            return self.ours.now();
        }
        let set = *self.set.lock().unwrap_or_else(PoisonError::into_inner);
        set.map_or_else(|| self.ours.now(), |set| set.said.after(set.at.elapsed()))
    }
}
