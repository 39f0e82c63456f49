//! Something that is done now and then.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ytempire_core::Timestamp;

/// When something was done last, so that it isn't done too often.
#[derive(Debug)]
pub(crate) struct Pace(AtomicI64);

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

impl Pace {
    /// It was never done.
    pub(crate) const fn new() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }

    /// Whether it is time again, and if so, not for `pause` from here on.
    pub(crate) fn is_due(&self, now: Timestamp, pause: Duration) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        let pause = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
        let next = last.saturating_add(pause);
        // A clock that was set back by far doesn't stop it for ever.
        let due = now.as_micros() >= next || now.as_micros() < last;
        if due {
            self.0.store(now.as_micros(), Ordering::Relaxed);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_first_after_the_pause_and_when_the_clock_went_back() {
        let pace = Pace::new();
        let due = |second: i64| {
            let now = Timestamp::from_micros(second * 1_000_000);
            pace.is_due(now, Duration::from_mins(1))
        };
        assert!(due(1_000));
        assert!(!due(1_059));
        assert!(due(1_060));
        assert!(!due(1_061));
        assert!(due(500), "the clock was set back");
        assert!(!due(559));
    }
}
