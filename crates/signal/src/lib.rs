//! Wake-ups, shared limits, live progress and a cache, in process or through Redis.
//!
//! Everything here may be lost at any time: a signal makes things quicker, never true. Jobs,
//! leases, money and idempotency keys live in the store. [`LocalSignal`] serves one process;
//! [`RedisSignal`] shares with other nodes, and is as good as [`LocalSignal`] while its server is
//! away, slow or wrong.
//!
//! # How a node waits
//! Wake-ups are tokens that are kept, not shouts: one that comes between asking the store and
//! waiting is found by the wait. So a node asks the store, calls [`Signal::waiting`] if there was
//! nothing, and asks again whether it was woken or not. Tokens are handed to one waiter each, so
//! ten new jobs wake at most ten nodes. A token is lost with the node that took it, with the
//! server, or after a second, so a node never waits without a limit of its own.

mod health;
mod limit;
mod local;
mod remote;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ytempire_core::Timestamp;

pub use health::Health;
pub use limit::{Permit, PermitAnswer, Rate, Take};
pub use local::{LocalSignal, Message, Subscription};
pub use remote::{Options, RedisSignal, Server, ServerError, UrlError, look};

/// Wake-ups kept at most while nobody waits: so many looks at the store for nothing can follow a
/// burst, over all nodes.
pub const WAKES_MAX: u32 = 64;

/// The longest name of a bucket, permit, topic or cache entry, in bytes.
pub const NAME_MAX: usize = 256;

/// The largest live message, in bytes.
pub const MESSAGE_MAX: usize = 64 << 10;

/// The largest cached value, in bytes.
pub const VALUE_MAX: usize = 1 << 20;

/// The longest lease of a permit.
pub const LEASE_MAX: Duration = Duration::from_mins(10);

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Jobs may have become available.
    Signal,
    /// The time is over; there may be jobs all the same.
    TimedOut,
}

/// What nodes tell each other.
///
/// No verb fails and none blocks longer than the limit of its implementation ([`Signal::waiting`]
/// waits what it was told to): where others can't be asked, this process decides alone, within
/// the bounds that each verb states.
#[async_trait]
pub trait Signal: Send + Sync + std::fmt::Debug {
    /// Tells that `jobs` became available: at most so many waiting nodes wake.
    async fn wake(&self, jobs: u32);

    /// Waits for a wake-up, `at_most` so long. May be dropped at any time.
    async fn waiting(&self, at_most: Duration) -> Woken;

    /// Takes `cost` tokens from the bucket `name`, which all nodes share.
    ///
    /// # Bounds
    /// In any span of `t` all nodes together get at most `burst + rate × t`, and `rate` times the
    /// nodes' clock skew. Each loss of the shared bucket (wiped, away, back) adds at most one
    /// burst. While it is away a node gets its share, `rate / nodes` with a burst of
    /// `burst / nodes` or one whole take, whichever is more. Whatever a server answers, one node
    /// never gets more than the whole limit.
    async fn take(&self, now: Timestamp, name: &str, rate: Rate, cost: u32) -> Take;

    /// Asks for one of `limit` permits called `name`, held by `holder` until `now + lease` unless
    /// renewed. `holder` is unique: an attempt's id. Who holds one gets it again.
    ///
    /// # Bounds
    /// All nodes together hold at most `limit`. Each loss of the shared count lets at most `limit`
    /// more begin until the holders have renewed. While it is away a node gets
    /// `max(1, limit / nodes)`, less what it holds. Whatever a server answers, one node never
    /// holds more than `limit`.
    async fn permit(
        &self,
        now: Timestamp,
        name: &str,
        limit: u32,
        holder: u128,
        lease: Duration,
    ) -> PermitAnswer;

    /// Extends a permit, and counts it again where the count was lost. `None`: it had run out.
    async fn permit_renew(
        &self,
        now: Timestamp,
        permit: &Permit,
        lease: Duration,
    ) -> Option<Permit>;

    /// Gives a permit back. One that isn't given back ends with its lease.
    async fn permit_release(&self, permit: &Permit);

    /// Sends `message` to whoever listens to `topic` now. Never waits; may be lost.
    fn publish(&self, topic: &str, message: &[u8]);

    /// Listens to `topic` from now on.
    fn subscribe(&self, topic: &str) -> Subscription;

    /// A cached value; at `now` it hasn't outlived its time.
    async fn get(&self, now: Timestamp, key: &str) -> Option<Arc<[u8]>>;

    /// Caches `value` for `ttl`. One that is too large isn't kept.
    async fn put(&self, now: Timestamp, key: &str, value: &[u8], ttl: Duration);

    /// Says how many nodes live, this one included: what a share is a share of.
    fn set_nodes(&self, nodes: u32);

    /// How it goes, and what was lost so far.
    fn health(&self) -> Health;
}

/// Whether `name` may be used: callers' names are short constants and ids, so one that isn't is
/// refused where it is used, not everywhere.
fn named(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_MAX
}
