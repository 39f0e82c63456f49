//! State machines of videos and jobs: one total function each.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where a video stands. `ready`, `failed` and `cancelled` are final here; publishing adds its
/// own states after `ready`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoState {
    /// Accepted, nothing claimed yet.
    Queued,
    /// A job of it was claimed.
    Running,
    /// Finished and checked.
    Ready,
    /// A job was discarded, or the checks rejected it.
    Failed,
    /// Stopped on request.
    Cancelled,
}

impl VideoState {
    /// The stable name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Running,
            Self::Ready,
            Self::Failed,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|s| s.as_str() == name)
    }

    /// Tells whether nothing runs after this state.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Ready | Self::Failed | Self::Cancelled)
    }

    /// Tells whether `self` may become `next`. Final states never change.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => !matches!(next, Self::Queued | Self::Ready),
            Self::Running => matches!(next, Self::Ready | Self::Failed | Self::Cancelled),
            Self::Ready | Self::Failed | Self::Cancelled => false,
        }
    }
}

/// Where a job stands (words after River and Oban).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for the jobs it depends on.
    Waiting,
    /// Waits for its time: a retry's back-off or a snooze.
    Scheduled,
    /// May be claimed.
    Available,
    /// Claimed under a lease.
    Running,
    /// Done.
    Completed,
    /// Stopped on request.
    Cancelled,
    /// Failed for good.
    Discarded,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Scheduled,
        Self::Available,
        Self::Running,
        Self::Completed,
        Self::Cancelled,
        Self::Discarded,
    ];

    /// The stable name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Scheduled => "scheduled",
            Self::Available => "available",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Discarded => "discarded",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Tells whether the job is over.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Discarded)
    }

    /// Tells whether `self` may become `next`.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Waiting => matches!(next, Self::Available | Self::Cancelled),
            Self::Scheduled => matches!(next, Self::Available | Self::Cancelled),
            Self::Available => matches!(next, Self::Running | Self::Cancelled),
            Self::Running => !matches!(next, Self::Waiting | Self::Running),
            Self::Completed | Self::Cancelled | Self::Discarded => false,
        }
    }
}

/// What shall happen to a job whose attempt failed; travels with the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Try again, not before a pause is over: what the other side asked for, or none. The longer
    /// pause that grows with each attempt comes on top.
    Retry {
        /// The least pause.
        after: Duration,
    },
    /// Nothing was tried: come again after a pause, as if this attempt had not been.
    Snooze {
        /// The pause.
        after: Duration,
    },
    /// Give up: trying again would fail the same way.
    Discard,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_job_states_have_no_way_out() {
        for from in JobState::ALL.into_iter().filter(|s| s.is_final()) {
            assert!(
                JobState::ALL.into_iter().all(|to| !from.may_become(to)),
                "{from:?}"
            );
        }
    }

    #[test]
    fn every_live_job_state_leads_to_an_end_and_names_read_back() {
        for from in JobState::ALL {
            assert_eq!(JobState::from_name(from.as_str()), Some(from));
            if !from.is_final() {
                assert!(
                    from.may_become(JobState::Cancelled),
                    "{from:?} can't be cancelled"
                );
            }
        }
    }
}
