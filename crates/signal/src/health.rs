//! What went wrong so far, in figures.

use std::sync::atomic::{AtomicU64, Ordering};

/// How a signal goes. Counters begin with the process and only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether other nodes are reached; `None` where there are none to reach.
    pub shared: Option<bool>,
    /// Times the server was given up for a while.
    pub lost: u64,
    /// Times it came back.
    pub healed: u64,
    /// Answers that this process gave alone because the server was away.
    pub alone: u64,
    /// Answers of the server that could not be true.
    pub lies: u64,
    /// Live messages that were not sent.
    pub unsent: u64,
}

/// The counters behind [`Health`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) lost: AtomicU64,
    pub(crate) healed: AtomicU64,
    pub(crate) alone: AtomicU64,
    pub(crate) lies: AtomicU64,
    pub(crate) unsent: AtomicU64,
}

impl Counters {
    pub(crate) fn health(&self, shared: Option<bool>) -> Health {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Health {
            shared,
            lost: read(&self.lost),
            healed: read(&self.healed),
            alone: read(&self.alone),
            lies: read(&self.lies),
            unsent: read(&self.unsent),
        }
    }
}

/// Counts one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
