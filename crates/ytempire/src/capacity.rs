//! How full the line is: a warning before it refuses, and when to come again once it does.

use std::time::Duration;

use serde_json::json;
use store::Error;
use worker::Parts;
use ytempire_core::Code;

use crate::fail::Failure;
use crate::schema::print;
use crate::times::{self, said};

/// Hundredths of what may wait, from which on it is told.
const WARNING: u64 = 80;
/// Hundredths from which on it is told loudly.
const CRITICAL: u64 = 95;

/// How full the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fullness {
    /// There is room.
    Room,
    /// Four fifths are taken.
    Warning,
    /// Hardly any is left.
    Critical,
    /// Nothing more is taken.
    Full,
}

impl Fullness {
    pub(crate) fn of(waiting: u64, max: Option<u32>) -> Self {
        let Some(max) = max.map(u64::from) else {
            return Self::Room;
        };
        match waiting.saturating_mul(100) {
            _ if waiting >= max => Self::Full,
            share if share >= max * CRITICAL => Self::Critical,
            share if share >= max * WARNING => Self::Warning,
            _ => Self::Room,
        }
    }

    /// The stable name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Full => "full",
        }
    }

    /// For people, in colour where there is a terminal.
    pub(crate) fn shown(self) -> String {
        let (colour, text) = match self {
            Self::Room => return String::new(),
            Self::Warning => ("\u{1b}[33m", "warning: filling up"),
            Self::Critical => ("\u{1b}[31m", "critical: nearly full"),
            Self::Full => ("\u{1b}[1;31m", "full: nothing more is accepted"),
        };
        format!(" {colour}({text})\u{1b}[0m")
    }
}

/// Warns on standard error where hardly anything more fits.
pub(crate) async fn warn(parts: &Parts) -> Result<(), Failure> {
    let waiting = parts.store.line_load().await?.videos_queued;
    let fullness = Fullness::of(waiting, parts.waiting_max);
    if let (false, Some(max)) = (fullness == Fullness::Room, parts.waiting_max) {
        anstream::eprintln!("{waiting} of {max} videos wait{}", fullness.shown());
    }
    Ok(())
}

/// What is said of a submission that the store refused: for a full line, when to come again.
pub(crate) async fn refused(parts: &Parts, error: Error, as_json: bool) -> Failure {
    let Error::LineFull { waiting, max } = error else {
        return error.into();
    };
    let after = match retry_after(parts, waiting, max).await {
        Ok(after) => after,
        Err(e) => return e,
    };
    let text = error.to_string();
    if as_json {
        let object = json!({ "error": { "code": Code::LineFull, "text": text,
            "waiting": waiting, "waiting_max": max, "retry_after_s": after.as_secs() } });
        if let Err(e) = print(&format!("{object}\n")) {
            return e;
        }
    }
    let hint = format!(
        "retry_after: {} s, which is {}",
        after.as_secs(),
        said(after)
    );
    Failure::new(Code::LineFull, text).hint(hint)
}

/// Where nothing was begun within the last hour, nobody can say when something will be.
const UNKNOWN: Duration = Duration::from_mins(15);

/// When there will be room, going by how many videos were begun lately: within ten minutes, or an
/// hour where that was none.
pub(crate) async fn retry_after(
    parts: &Parts,
    waiting: u32,
    max: u32,
) -> Result<Duration, Failure> {
    let now = parts.now();
    for window in [Duration::from_mins(10), Duration::from_hours(1)] {
        let begun = parts.store.line_begun(times::before(now, window)).await?;
        if begun > 0 {
            return Ok(estimate(waiting, max, begun, window));
        }
    }
    Ok(UNKNOWN)
}

/// How long it takes until so many have begun that one more fits: whole seconds, 5 at least, 6 hours
/// at most.
fn estimate(waiting: u32, max: u32, begun: u64, window: Duration) -> Duration {
    let ahead = u64::from(waiting.saturating_sub(max)) + 1;
    let seconds = (ahead * window.as_secs()).div_ceil(begun);
    Duration::from_secs(seconds.clamp(5, 6 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_at_80_and_at_95_of_100() {
        for (waiting, wanted) in [
            (0, Fullness::Room),
            (79, Fullness::Room),
            (80, Fullness::Warning),
            (94, Fullness::Warning),
            (95, Fullness::Critical),
            (99, Fullness::Critical),
            (100, Fullness::Full),
            (101, Fullness::Full),
        ] {
            assert_eq!(Fullness::of(waiting, Some(100)), wanted, "{waiting}");
        }
        assert_eq!(Fullness::of(1_000_000, None), Fullness::Room);
        assert_eq!(Fullness::of(0, Some(0)), Fullness::Full);
    }

    #[test]
    fn there_is_room_when_as_many_have_begun_as_are_too_many() {
        let window = Duration::from_mins(10);
        let after = |waiting, max, begun| estimate(waiting, max, begun, window).as_secs();
        assert_eq!(after(100, 100, 10), 60);
        assert_eq!(after(109, 100, 10), 600);
        assert_eq!(after(100, 100, 7), 86);
        assert_eq!(after(100, 100, 100_000), 5);
        assert_eq!(after(1_000_000, 1, 1), 6 * 3600);
    }
}
