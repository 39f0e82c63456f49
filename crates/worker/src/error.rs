//! Failures: a stage's carry their decision, a node's end the command.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use store::Lease;
use ytempire_core::{Code, Decision};

/// Why an attempt failed, and what shall happen to its job.
#[derive(Debug)]
pub struct StageError {
    /// Try again or give up.
    pub decision: Decision,
    /// The stable code.
    pub code: Code,
    /// What happened.
    pub source: anyhow::Error,
}

/// A pause before a local program is tried again: its failure may have been a full machine.
const LOCAL_PAUSE: Duration = Duration::from_secs(1);

/// How long a job waits for a backend that is switched off: it is woken when that is switched on, so
/// this only bounds how long it takes where the configuration names another one meanwhile.
const OFF_PAUSE: Duration = Duration::from_mins(10);

/// The bound of the first random pause; it doubles with each attempt.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// The bound of the longest.
const BACKOFF_MAX: Duration = Duration::from_mins(1);

/// How long the job of `lease` waits before it is tried again: `least`, and a time between nothing
/// and a bound that doubles with each attempt ("full jitter"), so that jobs that failed together
/// don't come back together. Drawn from the lease: the same attempt waits the same on any machine.
pub(crate) fn backoff(lease: Lease, least: Duration) -> Duration {
    let doubled = 2_u32.saturating_pow(lease.attempt.saturating_sub(1));
    let bound = BACKOFF_FIRST.saturating_mul(doubled).min(BACKOFF_MAX);
    let seed = lease.job.0.as_u128() as u64 ^ u64::from(lease.attempt).rotate_left(32);
    let micros = ChaCha8Rng::seed_from_u64(seed).random_range(0..=bound.as_micros() as u64);
    least.saturating_add(Duration::from_micros(micros))
}

impl StageError {
    /// A failure that another attempt would meet again.
    pub fn discard(code: Code, source: impl Into<anyhow::Error>) -> Self {
        Self {
            decision: Decision::Discard,
            code,
            source: source.into(),
        }
    }

    /// A failure that another attempt may escape.
    pub fn retry(code: Code, after: Duration, source: impl Into<anyhow::Error>) -> Self {
        Self {
            decision: Decision::Retry { after },
            code,
            source: source.into(),
        }
    }

    /// Nothing could be tried just now; the attempt doesn't count.
    pub fn snooze(code: Code, after: Duration, source: impl Into<anyhow::Error>) -> Self {
        Self {
            decision: Decision::Snooze { after },
            code,
            source: source.into(),
        }
    }

    /// A broken promise between our own parts.
    pub fn bug(text: impl std::fmt::Display) -> Self {
        Self::discard(Code::Bug, anyhow::anyhow!("{text}"))
    }

    /// The wish to stop was obeyed.
    pub fn interrupted() -> Self {
        Self::discard(Code::Interrupted, anyhow::anyhow!("stopped on request"))
    }

    /// Tells whether the attempt ended on request: its job is given back, not failed.
    pub fn is_interruption(&self) -> bool {
        self.code == Code::Interrupted
    }

    /// The chain of causes on one line.
    pub fn text(&self) -> String {
        format!("{:#}", self.source)
    }
}

impl From<media::child::Error> for StageError {
    fn from(e: media::child::Error) -> Self {
        use media::child::Error;
        match e {
            Error::Cancelled { .. } => Self::interrupted(),
            Error::Missing { .. } => Self::discard(Code::ToolMissing, e),
            Error::DiskFull { .. } => Self::discard(Code::DiskFull, e),
            // Whether it is tried again says what was learned.
            Error::OutOfMemory { .. } => Self::retry(Code::MemoryExhausted, LOCAL_PAUSE, e),
            Error::TimedOut { .. } => Self::discard(Code::TimedOut, e),
            Error::Failed { .. } | Error::TooMuchOutput { .. } | Error::Start { .. } => {
                Self::retry(Code::ToolFailed, LOCAL_PAUSE, e)
            }
        }
    }
}

impl From<media::encode::Error> for StageError {
    fn from(e: media::encode::Error) -> Self {
        match e {
            media::encode::Error::Child(child) => child.into(),
            media::encode::Error::Output { .. } => Self::discard(Code::FolderUnwritable, e),
            other => Self::discard(Code::Bug, other),
        }
    }
}

impl From<media::artifact::Error> for StageError {
    fn from(e: media::artifact::Error) -> Self {
        use media::artifact::Error;
        let code = match &e {
            Error::Cancelled => return Self::interrupted(),
            Error::DiskFull { .. } => Code::DiskFull,
            Error::Unwritable { .. } => Code::FolderUnwritable,
            _ => Code::ArtifactDamaged,
        };
        Self::discard(code, e)
    }
}

impl From<store::Error> for StageError {
    fn from(e: store::Error) -> Self {
        match e {
            store::Error::LeaseLost => Self::discard(Code::LeaseLost, e),
            // Nobody's fault: the job is given back until the line is resumed.
            store::Error::Halted => Self::interrupted(),
            // Blocked, not failed: tomorrow there is money again.
            store::Error::BudgetExceeded(ref refused) => match refused.resets_in() {
                Some(wait) => Self::snooze(Code::DayExhausted, wait, e),
                None => Self::discard(Code::BudgetExceeded, e),
            },
            store::Error::BackendOff(_) => Self::snooze(Code::BackendOff, OFF_PAUSE, e),
            store::Error::DiskFull => Self::discard(Code::DiskFull, e),
            other => Self::retry(Code::StoreFailed, LOCAL_PAUSE, other),
        }
    }
}

impl From<ledger::PriceError> for StageError {
    fn from(e: ledger::PriceError) -> Self {
        Self::discard(Code::PriceUnknown, e)
    }
}

impl From<serde_json::Error> for StageError {
    fn from(e: serde_json::Error) -> Self {
        Self::bug(e)
    }
}

impl From<std::io::Error> for StageError {
    fn from(e: std::io::Error) -> Self {
        let code = match e.kind() {
            std::io::ErrorKind::StorageFull => Code::DiskFull,
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Code::FolderUnwritable
            }
            _ => Code::ToolFailed,
        };
        Self::discard(code, e)
    }
}

/// Why a node stopped before its video ended.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// Somebody wanted it to stop; what was begun is given back or kept by segment.
    #[error("interrupted")]
    Interrupted,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The data folder can't be used.
    #[error("the data folder can't be used")]
    Folder(#[from] std::io::Error),
    /// No such video.
    #[error("no such video")]
    VideoUnknown,
}

#[cfg(test)]
mod tests {
    use ytempire_core::{IdSource, JobId, NodeId, Timestamp};

    use super::*;

    #[test]
    fn pauses_grow_and_are_spread_over_their_whole_range() {
        let ids = IdSource::seeded([3; 32]);
        let now = Timestamp::from_micros(1);
        let node = NodeId::fresh(&ids, now);
        let fresh = |attempt| Lease {
            job: JobId::fresh(&ids, now),
            attempt,
            node,
        };
        let floor = Duration::from_secs(5);
        for (attempt, bound) in [
            (1, 1_000),
            (2, 2_000),
            (4, 8_000),
            (9, 60_000),
            (200, 60_000),
        ] {
            let pause = |_| backoff(fresh(attempt), floor).checked_sub(floor).unwrap();
            let pauses: Vec<u128> = (0..400).map(pause).map(|p| p.as_millis()).collect();
            let (least, most) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
            assert!(
                *most <= bound && *most > bound * 9 / 10,
                "{attempt}: {most}"
            );
            assert!(*least < bound / 10, "{attempt}: {least}");
        }
        let lease = fresh(3);
        assert_eq!(backoff(lease, floor), backoff(lease, floor));
    }
}
