//! A wish to stop, passed down to everything that takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that many holders read and any of them may raise; it never comes down again.
///
/// Blocking work polls [`Cancel::is_cancelled`] at least every 100 ms, so that Ctrl-C is
/// obeyed within two seconds even in the middle of a render.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is down.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Tells whether somebody wants the work to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
