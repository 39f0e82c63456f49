//! Ids: `UUIDv7`, so that they sort by birth, made from the injected clock and generator.

use std::sync::{Mutex, PoisonError};

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl $name {
            /// A fresh id born at `now`.
            pub fn fresh(ids: &IdSource, now: Timestamp) -> Self {
                Self(ids.uuid(now))
            }
        }
    };
}

id!(
    /// A tenant: owns channels, budgets and videos.
    AccountId
);
id!(
    /// A part of an account that videos are made for: a brand, a language, a customer.
    ChannelId
);
id!(
    /// The thing made.
    VideoId
);
id!(
    /// A durable queue row for one stage of one video.
    JobId
);
id!(
    /// One movement of money in the ledger.
    TransferId
);
id!(
    /// A process that claims and runs jobs.
    NodeId
);
id!(
    /// A key of the API.
    KeyId
);
id!(
    /// A recurring start.
    ScheduleId
);

impl AccountId {
    /// The account of a store with a single user: every video made by `ytempire make`.
    pub const LOCAL: Self = Self(Uuid::nil());
}

/// An artifact's name: the lower-case hexadecimal SHA-256 of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArtifactId(pub String);

impl std::fmt::Display for ArtifactId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where fresh ids come from: a seeded generator behind a lock.
pub struct IdSource(Mutex<ChaCha12Rng>);

impl IdSource {
    /// Ids that follow from `seed`: the operating system's entropy in production, a constant
    /// in tests.
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self(Mutex::new(ChaCha12Rng::from_seed(seed)))
    }

    /// A UUID born at `now`, of nothing in particular.
    pub fn token(&self, now: Timestamp) -> Uuid {
        self.uuid(now)
    }

    fn uuid(&self, now: Timestamp) -> Uuid {
        let mut bytes = [0; 10];
        // A poisoned generator is still a generator: no state of it can be half-written.
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(&mut bytes);
        let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_birth_and_differ() {
        let ids = IdSource::seeded([7; 32]);
        let early = VideoId::fresh(&ids, Timestamp::from_micros(1_000_000));
        let late = VideoId::fresh(&ids, Timestamp::from_micros(2_000_000));
        let twin = VideoId::fresh(&ids, Timestamp::from_micros(2_000_000));
        assert!(early < late);
        assert_ne!(late, twin);
    }
}
