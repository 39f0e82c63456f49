//! Who may come in, what they asked before, and what happened since: keys, requests, the outbox.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use ytempire_core::{AccountId, Event, KeyId, Timestamp, VideoId};

/// What a key may be used for. None of them includes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// See what its account has.
    Read,
    /// Order, change and delete what its account has.
    Write,
    /// See and change the line and its nodes, which all accounts share.
    Operate,
    /// Give keys to any account, and take them.
    Admin,
}

impl Access {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Operate, Self::Admin];

    /// The stable name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A key of the API. Its secret is nowhere: only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub account: AccountId,
    /// For people.
    pub name: String,
    /// How its secret begins: what it is recognised by.
    pub prefix: String,
    /// The lower-case hexadecimal SHA-256 of its secret, which is 192 bits of chance.
    pub hash: String,
    /// What it may be used for.
    pub scopes: BTreeSet<Access>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends or ended: its expiry, the end of its overlap with the key that replaced it, or
    /// when it was revoked.
    pub ends_at: Option<Timestamp>,
}

impl KeyRow {
    /// Whether it opens anything at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

/// How long a request is remembered by its idempotency key.
pub const REQUEST_KEPT: Duration = Duration::from_hours(24);

/// A request that must have its effect once.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Who asks.
    pub key: KeyId,
    /// What they call it.
    pub name: String,
    /// The hash of all that is asked for.
    pub fingerprint: String,
    /// What its effect is derived from, if it is new.
    pub token: Uuid,
    /// Until when whoever begins it is waited for. Past that it may be begun again.
    pub lease_until: Timestamp,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The kind of body.
    pub content_type: String,
    /// Where what it made is found.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is the caller's to do. The token is the same each time that it is begun, so that doing it
    /// again after a crash makes nothing twice.
    Yours(Uuid),
    /// Somebody does it now.
    Running,
    /// It was answered.
    Answered(Answer),
    /// By that name something else was asked for.
    Other,
}

/// Which events are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only of this account's videos.
    pub account: Option<AccountId>,
    /// Only of this video.
    pub video: Option<VideoId>,
    /// Those after this place; `None`: none, only where the end is.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// Events in an order in which none comes before one that was given out already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventPage {
    /// The events, each with the account whose video it is about.
    pub events: Vec<(AccountId, Event)>,
    /// Where to go on.
    pub upto: i64,
}
