//! Retention: nodes delete what is older than it is kept, a little at a time.

use std::time::Duration;

use store::{Expired, Expiry};
use ytempire_core::Timestamp;

use crate::Parts;
use crate::pace::Pace;

/// How often a node deletes something at most.
const PAUSE: Duration = Duration::from_mins(1);

/// Videos at a time: 28,800 a day for each node, and some thousands of rows in one transaction.
const VIDEOS_MAX: u32 = 20;

/// How long what has ended is kept.
#[derive(Debug, Default)]
pub struct Retention {
    videos: Option<Duration>,
    events: Option<Duration>,
    /// When it was last looked after.
    pace: Pace,
}

impl Retention {
    /// Videos are kept for so long after their end, and their events for so long; `None`: for ever.
    pub const fn new(videos: Option<Duration>, events: Option<Duration>) -> Self {
        Self {
            videos,
            events,
            pace: Pace::new(),
        }
    }

    /// What is too old at `now`.
    fn expiry(&self, now: Timestamp) -> Option<Expiry> {
        let before = |kept: Duration| {
            let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
            Timestamp::from_micros(now.as_micros().saturating_sub(kept))
        };
        (self.videos.is_some() || self.events.is_some()).then(|| Expiry {
            videos: self.videos.map(before),
            events: self.events.map(before),
            videos_max: VIDEOS_MAX,
        })
    }
}

/// Deletes some of what is too old, once a minute. Trouble is told and tried again later.
pub(crate) async fn expire(parts: &Parts) {
    let now = parts.now();
    let Some(expiry) = parts.retention.expiry(now) else {
        return;
    };
    if !parts.retention.pace.is_due(now, PAUSE) {
        return;
    }
    match parts.store.kept_expire(expiry).await {
        Ok(Expired {
            videos: 0,
            trimmed: 0,
        }) => {}
        Ok(Expired { videos, trimmed }) => {
            tracing::info!(videos, trimmed, "deleted what is not kept any longer");
        }
        Err(e) => tracing::warn!(error = %e, "can't delete what is not kept any longer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros(minutes * 60_000_000)
    }

    #[test]
    fn what_is_too_old_is_told_and_nothing_where_all_is_kept() {
        let kept = Retention::new(Some(Duration::from_mins(10)), None);
        let expiry = kept.expiry(at(100)).unwrap();
        assert_eq!((expiry.videos, expiry.events), (Some(at(90)), None));
        assert_eq!(Retention::default().expiry(at(100)), None);
    }
}
