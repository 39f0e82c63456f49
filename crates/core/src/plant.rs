//! Known bugs that may be planted, so that tests can be shown to notice them.
//!
//! A build without the feature `planted` holds none of them: there, [`Plant::is_in`] is `false` to
//! the compiler. No build has it by default.

/// A bug that queues and ledgers are known for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// Whoever ends a job need not be who holds it.
    NoFence,
    /// Leases end by the node's own clock.
    OwnClock,
    /// Two nodes may take the same job.
    SharedClaim,
    /// A job begins when the first of those that it waits for is completed.
    FirstParent,
    /// Accounts are read, changed and written back without a lock.
    CheckThenAct,
    /// What an attempt leaves reserved is never given back.
    ForgottenHold,
    /// An order has another idempotency key each time that it is given.
    KeyPerTry,
    /// `PostgreSQL` acknowledges before anything is on disk.
    EarlyAnswer,
    /// `SQLite` acknowledges before anything is on disk.
    EarlyAnswerSqlite,
    /// Files are named before their bytes are on disk.
    UnsyncedFile,
}

impl Plant {
    /// All of them.
    #[cfg(feature = "planted")]
    pub const ALL: [Self; 10] = [
        Self::NoFence,
        Self::OwnClock,
        Self::SharedClaim,
        Self::FirstParent,
        Self::CheckThenAct,
        Self::ForgottenHold,
        Self::KeyPerTry,
        Self::EarlyAnswer,
        Self::EarlyAnswerSqlite,
        Self::UnsyncedFile,
    ];

    /// Its name, as `YTEMPIRE_PLANT` has it.
    #[cfg(feature = "planted")]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoFence => "no-fence",
            Self::OwnClock => "own-clock",
            Self::SharedClaim => "shared-claim",
            Self::FirstParent => "first-parent",
            Self::CheckThenAct => "check-then-act",
            Self::ForgottenHold => "forgotten-hold",
            Self::KeyPerTry => "key-per-try",
            Self::EarlyAnswer => "early-answer",
            Self::EarlyAnswerSqlite => "early-answer-sqlite",
            Self::UnsyncedFile => "unsynced-file",
        }
    }

    /// The one of that name.
    #[cfg(feature = "planted")]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plant| plant.as_str() == name)
    }

    /// Puts it into this process, for good. The first one stays.
    #[cfg(feature = "planted")]
    pub fn put_in(self) {
        let _first = planted::IN.set(self);
    }

    /// Whether it is in this process.
    #[cfg(feature = "planted")]
    pub fn is_in(self) -> bool {
        planted::IN.get() == Some(&self)
    }

    /// Whether it is in this process.
    #[cfg(not(feature = "planted"))]
    #[inline]
    pub const fn is_in(self) -> bool {
        false
    }
}

#[cfg(feature = "planted")]
mod planted {
    use std::sync::OnceLock;

    /// Global, so that a place that is to be wrong needs one line and no parameter.
    pub(super) static IN: OnceLock<super::Plant> = OnceLock::new();
}
