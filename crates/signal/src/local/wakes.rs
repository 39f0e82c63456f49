//! Wake tokens of one process.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use crate::{WAKES_MAX, Woken};

/// Tokens, each for one waiter.
#[derive(Debug)]
pub(crate) struct Wakes {
    tokens: Semaphore,
    waiters: AtomicUsize,
    /// Told when somebody begins to wait.
    wanted: Notify,
}

impl Default for Wakes {
    fn default() -> Self {
        Self {
            tokens: Semaphore::new(0),
            waiters: AtomicUsize::new(0),
            wanted: Notify::new(),
        }
    }
}

impl Wakes {
    /// Adds tokens, up to what is kept.
    pub(crate) fn add(&self, jobs: u32) {
        let room = (WAKES_MAX as usize).saturating_sub(self.tokens.available_permits());
        self.tokens.add_permits(room.min(jobs as usize));
    }

    pub(crate) async fn wait(&self, at_most: Duration) -> Woken {
        let _counted = Waiter::of(self);
        match timeout(at_most, self.tokens.acquire()).await {
            Ok(Ok(token)) => {
                token.forget();
                Woken::Signal
            }
            // It is never closed.
            Ok(Err(_)) | Err(_) => Woken::TimedOut,
        }
    }

    /// How many wait.
    pub(crate) fn waiters(&self) -> usize {
        self.waiters.load(Ordering::Acquire)
    }

    /// Waits until somebody waits.
    pub(crate) async fn wanted(&self) {
        while self.waiters() == 0 {
            self.wanted.notified().await;
        }
    }
}

/// Counts a waiter as long as it waits, however that ends.
struct Waiter<'a>(&'a Wakes);

impl<'a> Waiter<'a> {
    fn of(wakes: &'a Wakes) -> Self {
        wakes.waiters.fetch_add(1, Ordering::AcqRel);
        wakes.wanted.notify_one();
        Self(wakes)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.waiters.fetch_sub(1, Ordering::AcqRel);
    }
}
