//! The storage contract: verbs, each one transaction.
//!
//! Floor 2. Two databases keep it; `store-suite` holds the cases that both must pass. Time is a
//! parameter of every verb that needs it, and every write of a worker carries the fencing
//! number of its lease: 0 rows touched is [`Error::LeaseLost`].

mod access;
mod budget;
mod channel;
mod error;
mod keep;
mod limits;
mod line;
mod reconcile;
mod room;
mod row;
mod schedule;
mod view;

use async_trait::async_trait;
use ledger::{Adjustment, Budget, BudgetOf, Hold, Posting, PriceRow, RateRow, Transfer};
use ytempire_core::{AccountId, ChannelId, Event, KeyId, NodeId, ScheduleId, Timestamp, VideoId};

pub use access::{Access, Answer, Begun, EventFilter, EventPage, KeyRow, NewRequest, REQUEST_KEPT};
pub use budget::{BackendSwitch, DayRow};
pub use channel::{AccountRow, ChannelRow};
pub use error::Error;
pub use keep::{Deletion, Expired, Expiry, Kept, SpentRow};
pub use limits::{Limits, Owner, Running};
pub use line::{
    Line, LineLoad, LineMode, NodeOrders, NodeStatus, PRIORITIES, PRIORITY, band, urgency,
};
pub use reconcile::{Reconciled, Reconciliation};
pub use room::{Needs, Room};
pub use row::{
    ATTEMPTS_MAX, ArtifactRow, AttemptEnd, AttemptRow, CacheEntry, CacheTotals, ClaimRequest,
    EncoderState, Exchange, Exchanged, Gpu, JobExit, JobOutcome, JobRow, Lease, LeasedJob, Machine,
    NODE_SILENT_MAX, NewJob, NodeRow, Settled, Settlement, Submission, Submitted, VideoFilter,
    VideoRow,
};
pub use schedule::{ScheduleRow, ScheduleState, ScheduleStep};

pub use view::{EndedVideo, LearnedRow, LineView, OpenJob, OpenVideo, Promise, SERVED_WINDOW};

/// The result of every verb.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything the pipeline remembers.
#[async_trait]
pub trait Store: Send + Sync {
    // --- videos ---

    /// Accepts a video: its row, its accounts, its first jobs and the `video.queued` event.
    ///
    /// The same idempotency key gives the same answer: the video that the first call accepted,
    /// with `fresh: false`, and nothing is written. A new one is refused with [`Error::LineFull`]
    /// where as many wait as the submission allows.
    async fn video_submit(&self, now: Timestamp, submission: Submission) -> Result<Submitted>;

    /// The video, or `None`.
    async fn video_get(&self, video: VideoId) -> Result<Option<VideoRow>>;

    /// The videos that `filter` lets through, newest first.
    async fn video_list(&self, filter: VideoFilter) -> Result<Vec<VideoRow>>;

    /// The newest video whose key begins with `prefix`.
    async fn video_find(&self, prefix: &str) -> Result<Option<VideoRow>>;

    /// Cancels a video: its unfinished jobs too. Running ones are told at their next heartbeat.
    /// `false` if it had ended before.
    async fn video_cancel(&self, now: Timestamp, video: VideoId) -> Result<bool>;

    /// Deletes a video that has ended, with its jobs, attempts, events and transfers, unless a job
    /// of it still runs. What it spent stays in [`Store::spent_list`]; what is cached stays until
    /// it is pruned. Its key is free again.
    async fn video_delete(&self, video: VideoId) -> Result<Deletion>;

    // --- jobs ---

    /// Takes the most urgent available jobs that fit into `request.room` under a lease, at most
    /// `request.max`. Those that don't fit any more are passed over, as far as [`Room::sight`]
    /// goes.
    /// Neither are more taken than `request.limits` let run at once on all nodes; what has reached
    /// its limit is passed over, too.
    ///
    /// Counts the attempt: a killed attempt counts. A job at its last attempt is discarded by
    /// [`Store::job_rescue`] instead of being claimed once more. Nothing is given out while the
    /// line is paused or halted.
    async fn job_claim(&self, now: Timestamp, request: ClaimRequest) -> Result<Vec<LeasedJob>>;

    /// Extends leases to `until`; returns those that are lost, and those whose video was
    /// cancelled: their work is to be stopped and given back.
    async fn job_heartbeat(
        &self,
        now: Timestamp,
        leases: &[Lease],
        until: Timestamp,
    ) -> Result<Vec<Lease>>;

    /// Ends an attempt: job state, postings, artifacts, jobs that follow, and events, in one
    /// transaction. Releases the jobs that waited for it. The video becomes `ready` when its
    /// last job is completed and `failed` when one is discarded. Once it has ended, a job that
    /// would be tried again is cancelled instead, here, in `job_release` and in `job_rescue`.
    async fn job_settle(&self, now: Timestamp, settlement: Settlement) -> Result<VideoRow>;

    /// Ends a batch of attempts, each as [`Store::job_settle`] does, and then claims as
    /// [`Store::job_claim`] does, all in one transaction.
    ///
    /// A settlement whose lease is lost, or that can't be settled so, fails alone: nothing of it
    /// is written, and the others and the claim are as if it weren't there. Any other error fails
    /// all of it.
    async fn job_exchange(&self, now: Timestamp, exchange: Exchange) -> Result<Exchanged>;

    /// Gives a job back untouched: an interrupted attempt that doesn't count. Its pending
    /// transfers are voided, sent ones become unknown.
    async fn job_release(&self, now: Timestamp, lease: Lease) -> Result<()>;

    /// Takes back jobs whose lease has run out, and all jobs of `dead` nodes at once. Their
    /// pending transfers are voided, sent ones become unknown. Returns how many. Forgets nodes that
    /// hold nothing and have been silent for [`NODE_SILENT_MAX`].
    async fn job_rescue(&self, now: Timestamp, dead: &[NodeId]) -> Result<u32>;

    /// All jobs of a video, in the order of their birth.
    async fn job_list(&self, video: VideoId) -> Result<Vec<JobRow>>;

    /// All attempts of a video's jobs, in the order in which they were claimed.
    async fn attempt_list(&self, video: VideoId) -> Result<Vec<AttemptRow>>;

    // --- money ---

    /// Reserves all of `holds` in every scope, or none: the lease's video and stage; and where
    /// somebody is paid ([`Hold::is_paid`]) the days of its account, channel and provider and that
    /// of all, each in its own time zone.
    ///
    /// # Errors
    /// [`Error::BudgetExceeded`] names the scope that has no room, who holds it and when it begins
    /// anew. [`Error::Halted`] while the line is halted. [`Error::BackendOff`].
    async fn transfer_hold(&self, now: Timestamp, lease: Lease, holds: Vec<Hold>) -> Result<()>;

    /// Notes that the requests of these reservations are about to leave. Committed before
    /// they do. [`Error::Halted`] while the line is halted, and [`Error::BackendOff`]: they may not
    /// leave.
    async fn transfer_mark_sent(
        &self,
        now: Timestamp,
        lease: Lease,
        holds: &[ytempire_core::TransferId],
    ) -> Result<()>;

    /// Ends reservations in the middle of a job, together with what the money bought: the
    /// cache entries are written in the same transaction, so that a paid answer is never paid
    /// again.
    async fn transfer_settle(
        &self,
        now: Timestamp,
        lease: Lease,
        postings: Vec<Posting>,
        bought: Vec<CacheEntry>,
    ) -> Result<()>;

    /// All transfers of a video, in the order in which they were reserved.
    async fn transfer_list(&self, video: VideoId) -> Result<Vec<Transfer>>;

    /// One transfer, or `None`.
    async fn transfer_get(&self, transfer: ytempire_core::TransferId) -> Result<Option<Transfer>>;

    /// Transfers by which somebody is paid, of one provider or of all, that were reserved at `from` or
    /// later and before `until`, in that order.
    async fn transfer_paid(
        &self,
        provider: Option<&str>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Transfer>>;

    /// Takes a bill into the books, charge by charge: one that is unknown becomes reconciled at what is
    /// billed, in every scope that it was counted in. For one that has ended otherwise the difference
    /// to what was booked and adjusted before is posted as an adjustment; so the same bill changes
    /// nothing the second time. What is still on its way, and what isn't there, is passed over.
    async fn transfer_reconcile(
        &self,
        now: Timestamp,
        reconciliation: Reconciliation,
    ) -> Result<Reconciled>;

    /// Adjustments of a video's charges, or of all, in the order in which they were posted.
    async fn adjustment_list(&self, video: Option<VideoId>) -> Result<Vec<Adjustment>>;

    /// Adds rows to the price book: all of them, or none and why. How many were not there before.
    ///
    /// # Errors
    /// [`Error::PriceTaken`] where a row of the same day is there with another price: history isn't
    /// written anew. Its other fields are replaced.
    async fn price_import(
        &self,
        now: Timestamp,
        prices: Vec<PriceRow>,
        rates: Vec<RateRow>,
    ) -> Result<u64>;

    /// The rows of the price book that were imported, of one provider or of all, and all rates.
    async fn price_list(&self, provider: Option<&str>) -> Result<(Vec<PriceRow>, Vec<RateRow>)>;

    /// Sets a budget, in place of what was set before. Jobs that wait because a day's budget is used
    /// up are tried again at once.
    async fn budget_set(&self, now: Timestamp, budget: Budget) -> Result<()>;

    /// Removes a budget. Jobs that wait for one are tried again at once. `false` if there is none.
    async fn budget_remove(&self, now: Timestamp, of: BudgetOf) -> Result<bool>;

    /// All budgets, by the name of whose they are.
    async fn budget_list(&self) -> Result<Vec<Budget>>;

    /// What days cost whose dates are `from` to `until`, such as `2026-11-24`, both included; by date
    /// and name.
    async fn day_list(&self, from: &str, until: &str) -> Result<Vec<DayRow>>;

    /// Switches a backend off, or on again: `reason` is `None`. Jobs that wait for it are tried again
    /// at once. `false` if it was so before; a new reason is kept all the same.
    async fn backend_switch(
        &self,
        now: Timestamp,
        name: &str,
        reason: Option<&str>,
    ) -> Result<bool>;

    /// Backends that are switched off, by name.
    async fn backends_off(&self) -> Result<Vec<BackendSwitch>>;

    /// What was spent on days that began at `from` or later and before `until`, by account, channel,
    /// day, stage, backend and meter, in this order: by videos that are there and by deleted ones.
    async fn spent_list(&self, from: Timestamp, until: Timestamp) -> Result<Vec<SpentRow>>;

    // --- artifacts and cache ---

    /// The cached output for a key, touched as used.
    async fn cache_get(&self, now: Timestamp, key: &str) -> Result<Option<CacheEntry>>;

    /// How much is cached.
    async fn cache_totals(&self) -> Result<CacheTotals>;

    /// Forgets entries, least recently used first, until at most `bytes_max` remain; entries
    /// of unfinished videos stay. Returns the artifacts that no entry names any more.
    async fn cache_prune(&self, bytes_max: u64) -> Result<Vec<ytempire_core::ArtifactId>>;

    // --- the line ---

    /// What all nodes obey.
    async fn line_get(&self) -> Result<Line>;

    /// Has all nodes obey `mode` from their next step on, also after a restart.
    async fn line_set(&self, now: Timestamp, mode: LineMode, reason: &str) -> Result<()>;

    /// How much has not ended.
    async fn line_load(&self) -> Result<LineLoad>;

    /// How many videos were begun at `since` or later.
    async fn line_begun(&self, since: Timestamp) -> Result<u64>;

    /// How much has ended and is still kept.
    async fn kept_totals(&self) -> Result<Kept>;

    /// Deletes what is not kept any more, the oldest first; see [`Store::video_delete`]. To be
    /// called again until it deletes nothing.
    async fn kept_expire(&self, expiry: Expiry) -> Result<Expired>;

    /// What a scheduler sees: at most `videos_max` open videos that may begin, the most urgent ones, all
    /// nodes, and at most 300 promised videos that have ended.
    async fn line_view(&self, now: Timestamp, videos_max: u32) -> Result<LineView>;

    /// Notes what is promised to a video, anew if the first promise can't be kept.
    async fn video_promise(&self, video: VideoId, promise: Promise) -> Result<()>;

    /// What history taught, of all machines.
    async fn learned_list(&self) -> Result<Vec<LearnedRow>>;

    /// Keeps what history taught in place of what was kept for the same machines and backends.
    async fn learned_put(&self, rows: Vec<LearnedRow>) -> Result<()>;

    // --- accounts and channels ---

    /// Adds an account, or renames it.
    async fn account_put(&self, account: AccountId, name: &str) -> Result<()>;

    /// Has an account's days begin in this time zone. `false` if there is no such account.
    async fn account_zone(&self, account: AccountId, zone: &str) -> Result<bool>;

    /// All accounts, by id.
    async fn account_list(&self) -> Result<Vec<AccountRow>>;

    /// Adds a channel. `false` if its account has one of that name; nothing is written then.
    async fn channel_add(&self, channel: ChannelRow) -> Result<bool>;

    /// The channels that are there, by name.
    async fn channel_list(&self) -> Result<Vec<ChannelRow>>;

    /// Removes a channel: no more videos are accepted for it, and its name is free. Its videos go
    /// on, and what they cost stays in the books. `false` if there is no such channel.
    async fn channel_remove(&self, now: Timestamp, channel: ChannelId) -> Result<bool>;

    // --- recurring starts ---

    /// Adds a schedule. `false` if its account has one of that name; nothing is written then.
    async fn schedule_add(&self, schedule: ScheduleRow) -> Result<bool>;

    /// All schedules, by name.
    async fn schedule_list(&self) -> Result<Vec<ScheduleRow>>;

    /// Active schedules with a tick at or before `now`.
    async fn schedule_due(&self, now: Timestamp) -> Result<Vec<ScheduleRow>>;

    /// Has a schedule start things, or not, with the next tick at `next_at`. `false` if there is
    /// no such schedule.
    async fn schedule_set(
        &self,
        schedule: ScheduleId,
        state: ScheduleState,
        next_at: Option<Timestamp>,
    ) -> Result<bool>;

    /// Starts what is due and moves the schedule on to its next tick, all in one transaction.
    /// However many nodes ask, one is answered with its videos; the others, and who asks for a
    /// schedule that is paused or gone, with `None`, and nothing is written.
    async fn schedule_step(
        &self,
        now: Timestamp,
        step: ScheduleStep,
    ) -> Result<Option<Vec<Submitted>>>;

    /// Removes a schedule; its videos stay. `false` if there is no such schedule.
    async fn schedule_remove(&self, schedule: ScheduleId) -> Result<bool>;

    // --- nodes and events ---

    /// The time by the database's own clock, by which all nodes go. `None` where the database is
    /// on this machine, and goes by its clock.
    async fn clock(&self) -> Result<Option<Timestamp>>;

    /// Registers a node, or once more one that was taken for dead.
    async fn node_join(&self, now: Timestamp, node: NodeRow) -> Result<()>;

    /// Notes that a node lives, and tells it what it shall do. `None` if it isn't registered: it was
    /// silent for so long that it was taken for dead.
    async fn node_beat(&self, now: Timestamp, node: NodeId) -> Result<Option<NodeOrders>>;

    /// Tells a node to leave once its jobs have ended. `false` if there is no such node.
    async fn node_drain(&self, node: NodeId) -> Result<bool>;

    /// All registered nodes, in the order of their births.
    async fn node_list(&self) -> Result<Vec<NodeStatus>>;

    /// Removes a node; `false`, and nothing is done, while it holds a lease.
    async fn node_leave(&self, node: NodeId) -> Result<bool>;

    /// Events of a video after `seq`, in order, at most `limit`.
    async fn event_list(&self, video: VideoId, after: i64, limit: u32) -> Result<Vec<Event>>;

    /// Events of many videos, in an order to which nothing is ever added but at its end: whoever goes
    /// on at [`EventPage::upto`] misses none and meets none twice. An event may be held back until all
    /// that was written at the same time is settled.
    async fn event_follow(&self, filter: EventFilter) -> Result<EventPage>;

    /// Writes the present and nothing else: whoever wants to know whether writing works.
    async fn write_test(&self, now: Timestamp) -> Result<()>;

    // --- who comes in ---

    /// Keeps a key. One of the same id is replaced: what its secret was is known to nobody.
    async fn key_put(&self, key: KeyRow) -> Result<()>;

    /// The key whose secret has this hash, valid or not.
    async fn key_find(&self, hash: &str) -> Result<Option<KeyRow>>;

    /// All keys, in the order of their births.
    async fn key_list(&self) -> Result<Vec<KeyRow>>;

    /// Has a key end at `at`, unless it ends earlier. `false` if there is no such key.
    async fn key_end(&self, key: KeyId, at: Timestamp) -> Result<bool>;

    /// The secret of that name; `fresh` becomes it if there is none.
    async fn secret_keep(&self, name: &str, fresh: &str) -> Result<String>;

    /// Begins a request, or tells what became of it. Forgets those that are older than
    /// [`REQUEST_KEPT`].
    async fn request_begin(&self, now: Timestamp, request: NewRequest) -> Result<Begun>;

    /// Keeps the answer of a request; without one, it is forgotten and may be begun anew.
    async fn request_end(&self, key: KeyId, name: &str, answer: Option<Answer>) -> Result<()>;
}
