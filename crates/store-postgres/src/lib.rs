//! The store on `PostgreSQL` 15 and later: many writers on many machines.
//!
//! Floor 3. Every `PostgreSQL` statement and migration of the product is in this crate.
//!
//! # Locks
//! `SQLite` gives one writer for free; here row locks do it, always taken in one order:
//! **videos** by id, then **jobs** by id, then **accounts of the ledger** by key, then cache
//! entries by key, then the line. Days are accounts of the ledger, too; those that aren't there yet are added in the
//! same order just before. A submission locks the line and its account before it adds rows that
//! nobody else sees yet; one that a schedule starts locks the schedule before that. Every verb that changes something of a video first locks the video's row. So
//! all that is true of one video is decided by one transaction after the other: whether its last
//! job has ended, which job waits for how many, what fits its budget, which threshold was
//! announced, in which order its events are numbered. Different videos don't wait for each other.
//!
//! Two verbs take jobs without their videos. `job_claim` skips jobs that are locked, and then videos
//! that it would begin and that are locked, so it waits for none. `job_heartbeat` locks jobs by id
//! and nothing else. `job_exchange` first ends and then claims. What still deadlocks, or loses a race otherwise, was undone by the server as a
//! whole and is begun again, at most ten times: nothing has left the process by then.
//!
//! The level is read committed: each statement sees what was committed before it began, so what is
//! read after a lock was waited for is the latest.
//!
//! # Durability
//! Every commit waits for the disk, also that of a claim. A claim could do without: a lost one is
//! made again. But it would be made again under the same fencing number, perhaps by the same node,
//! while the first attempt still runs; and the event of a video's beginning may have been read.

mod access;
mod attempt;
mod books;
mod budget;
mod cache;
mod channel;
mod claim;
mod connection;
mod cursor;
mod ends;
mod event;
mod exit;
mod follow;
mod health;
mod hold;
mod job;
mod keep;
mod limits;
mod line;
mod migrate;
mod money;
mod node;
mod options;
mod price;
mod reconcile;
mod schedule;
mod settle;
mod sql;
mod submit;
mod tls;
mod transfer;
mod video;
mod view;
mod wake;

use async_trait::async_trait;
use ledger::{Adjustment, Budget, BudgetOf, Hold, Posting, PriceRow, RateRow, Transfer};
use store::{
    AccountRow, Answer, AttemptRow, BackendSwitch, Begun, CacheEntry, CacheTotals, ChannelRow,
    ClaimRequest, DayRow, Deletion, EventFilter, EventPage, Exchange, Exchanged, Expired, Expiry,
    JobRow, Kept, KeyRow, LearnedRow, Lease, LeasedJob, Line, LineLoad, LineMode, LineView,
    NewRequest, NodeOrders, NodeRow, NodeStatus, Promise, Reconciled, Reconciliation, Result,
    ScheduleRow, ScheduleState, ScheduleStep, Settlement, SpentRow, Store, Submission, Submitted,
    VideoFilter, VideoRow,
};
use ytempire_core::{
    AccountId, ArtifactId, ChannelId, CrashPlan, Event, KeyId, NodeId, ScheduleId, Timestamp,
    TransferId, VideoId,
};

use crate::connection::{Database, RACES_MAX};
use crate::cursor::From;
use crate::sql::Fault;

pub use health::Health;
pub use migrate::Schema;
pub use options::{Options, UrlError};
pub use wake::Wakes;

/// A store in one `PostgreSQL` database.
pub struct PostgresStore {
    database: Database,
    options: Options,
    crash: CrashPlan,
}

/// One verb that changes something: `$act` in a transaction, again where it lost a race.
macro_rules! change {
    ($store:expr, |$tx:ident| $act:expr) => {{
        let (mut races, mut stale) = (0, 0);
        loop {
            let ended = match $store.database.begin().await {
                Ok($tx) => {
                    let verb = async {
                        let done = $act.await;
                        $tx.end(done).await
                    };
                    $store.database.answer(verb).await
                }
                Err(fault) => Err(fault),
            };
            match ended {
                Err(Fault::Race(_)) if races < RACES_MAX => races += 1,
                Err(Fault::Stale(_)) if stale < $store.database.connections() => {
                    stale += 1;
                    $store.database.forget();
                }
                ended => break ended.map_err(|e| e.into_error($store.database.place())),
            }
        }
    }};
}

/// One verb that changes nothing: asked once more where the connection turns out to be dead.
macro_rules! ask {
    ($store:expr, |$db:ident| $act:expr) => {{
        let mut tries = 0;
        loop {
            let answer = match $store.database.connect().await {
                Ok(connection) => {
                    let $db = &connection;
                    let answer = $store.database.answer($act).await;
                    if matches!(answer, Err(Fault::Said(store::Error::Away(_)))) {
                        connection.close();
                    }
                    answer
                }
                // It was waited for already.
                Err(fault) => break Err(fault.into_error($store.database.place())),
            };
            match answer {
                Err(Fault::Lost(_) | Fault::Race(_)) if tries < 2 => {
                    tries += 1;
                    $store.database.forget();
                }
                answer => break answer.map_err(|e| e.into_error($store.database.place())),
            }
        }
    }};
}

impl PostgresStore {
    /// Connects and brings the schema up to date.
    ///
    /// Many processes may do so at once. A schema that is newer than this program, and that
    /// programs of this age can't work with, is refused.
    pub async fn open(options: Options, crash: CrashPlan) -> Result<Self> {
        let store = Self {
            database: Database::at(&options)?,
            options,
            crash,
        };
        let migrated = match store.database.try_connect().await {
            Ok(connection) => migrate::run(&store.database, connection).await,
            Err(fault) => Err(fault),
        };
        match migrated {
            Ok(_) => Ok(store),
            Err(fault) => Err(fault.into_error(store.database.place())),
        }
    }

    /// What the database has and what this program would change; changes nothing.
    pub async fn schema(options: &Options) -> Result<Schema> {
        let database = Database::at(options)?;
        let schema = match database.try_connect().await {
            Ok(connection) => migrate::look(&connection).await,
            Err(fault) => Err(fault),
        };
        schema.map_err(|fault| fault.into_error(database.place()))
    }

    /// What the server says of itself.
    pub async fn health(options: &Options) -> Result<Health> {
        let database = Database::at(options)?;
        let health = match database.try_connect().await {
            Ok(connection) => health::ask(&connection).await,
            Err(fault) => Err(fault),
        };
        health.map_err(|fault| fault.into_error(database.place()))
    }

    /// Wake-ups for jobs that become available, by a connection of their own.
    pub fn wakes(&self) -> Wakes {
        Wakes::listen(self.options.clone())
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn video_submit(&self, now: Timestamp, submission: Submission) -> Result<Submitted> {
        self.crash.pass("submit.before_commit");
        let done = change!(self, |tx| submit::accept(&tx, now, &submission, true));
        self.crash.pass("submit.after_commit");
        done
    }

    async fn video_get(&self, video: VideoId) -> Result<Option<VideoRow>> {
        ask!(self, |db| video::get(db, video))
    }

    async fn video_list(&self, filter: VideoFilter) -> Result<Vec<VideoRow>> {
        ask!(self, |db| video::list(db, &filter))
    }

    async fn video_find(&self, prefix: &str) -> Result<Option<VideoRow>> {
        ask!(self, |db| video::find(db, prefix))
    }

    async fn video_cancel(&self, now: Timestamp, video: VideoId) -> Result<bool> {
        change!(self, |tx| settle::cancel(&tx, now, video))
    }

    async fn video_delete(&self, video: VideoId) -> Result<Deletion> {
        change!(self, |tx| keep::delete(&tx, video))
    }

    async fn job_claim(&self, now: Timestamp, request: ClaimRequest) -> Result<Vec<LeasedJob>> {
        let cursor = self.database.cursor();
        let from = cursor.from(now, &request);
        let claimed = change!(self, |tx| claim::claim(&tx, now, &request, from));
        let (claimed, place) = claimed?;
        cursor.moved(from, &request, place);
        if !claimed.is_empty() {
            self.crash.pass("claim.after_commit");
        }
        Ok(claimed)
    }

    async fn job_heartbeat(
        &self,
        now: Timestamp,
        leases: &[Lease],
        until: Timestamp,
    ) -> Result<Vec<Lease>> {
        change!(self, |tx| job::heartbeat(&tx, now, leases, until))
    }

    async fn job_settle(&self, now: Timestamp, settlement: Settlement) -> Result<VideoRow> {
        self.crash.pass("settle.before_commit");
        let done = change!(self, |tx| settle::settle(&tx, now, &settlement));
        self.crash.pass("settle.after_commit");
        done
    }

    async fn job_exchange(&self, now: Timestamp, exchange: Exchange) -> Result<Exchanged> {
        if !exchange.settlements.is_empty() {
            self.crash.pass("settle.before_commit");
        }
        let cursor = self.database.cursor();
        let claim = exchange.claim.as_ref();
        let from = claim.map_or_else(From::default, |claim| cursor.from(now, claim));
        let done = change!(self, |tx| settle::exchange(&tx, now, &exchange, from));
        if !exchange.settlements.is_empty() {
            self.crash.pass("settle.after_commit");
        }
        let (done, place) = done?;
        if let Some(claim) = claim {
            cursor.moved(from, claim, place);
        }
        if !done.claimed.is_empty() {
            self.crash.pass("claim.after_commit");
        }
        Ok(done)
    }

    async fn job_release(&self, now: Timestamp, lease: Lease) -> Result<()> {
        change!(self, |tx| settle::release(&tx, now, lease))
    }

    async fn job_rescue(&self, now: Timestamp, dead: &[NodeId]) -> Result<u32> {
        change!(self, |tx| settle::rescue(&tx, now, dead))
    }

    async fn job_list(&self, video: VideoId) -> Result<Vec<JobRow>> {
        ask!(self, |db| job::list(db, video))
    }

    async fn attempt_list(&self, video: VideoId) -> Result<Vec<AttemptRow>> {
        ask!(self, |db| attempt::list(db, video))
    }

    async fn transfer_hold(&self, now: Timestamp, lease: Lease, holds: Vec<Hold>) -> Result<()> {
        self.crash.pass("hold.before_commit");
        let done = change!(self, |tx| hold::hold(&tx, now, lease, &holds));
        self.crash.pass("hold.after_commit");
        done
    }

    async fn transfer_mark_sent(
        &self,
        now: Timestamp,
        lease: Lease,
        holds: &[TransferId],
    ) -> Result<()> {
        change!(self, |tx| transfer::mark_sent(&tx, now, lease, holds))?;
        self.crash.pass("sent.after_commit");
        Ok(())
    }

    async fn transfer_settle(
        &self,
        now: Timestamp,
        lease: Lease,
        postings: Vec<Posting>,
        bought: Vec<CacheEntry>,
    ) -> Result<()> {
        change!(self, |tx| transfer::settle(
            &tx, now, lease, &postings, &bought
        ))
    }

    async fn transfer_list(&self, video: VideoId) -> Result<Vec<Transfer>> {
        ask!(self, |db| transfer::list(db, video))
    }

    async fn transfer_get(&self, transfer: TransferId) -> Result<Option<Transfer>> {
        ask!(self, |db| transfer::get(db, transfer))
    }

    async fn transfer_paid(
        &self,
        provider: Option<&str>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Transfer>> {
        ask!(self, |db| transfer::paid(db, provider, from, until))
    }

    async fn transfer_reconcile(
        &self,
        now: Timestamp,
        reconciliation: Reconciliation,
    ) -> Result<Reconciled> {
        change!(self, |tx| reconcile::reconcile(&tx, now, &reconciliation))
    }

    async fn adjustment_list(&self, video: Option<VideoId>) -> Result<Vec<Adjustment>> {
        ask!(self, |db| reconcile::list(db, video))
    }

    async fn price_import(
        &self,
        now: Timestamp,
        prices: Vec<PriceRow>,
        rates: Vec<RateRow>,
    ) -> Result<u64> {
        change!(self, |tx| price::import(&tx, now, &prices, &rates))
    }

    async fn price_list(&self, provider: Option<&str>) -> Result<(Vec<PriceRow>, Vec<RateRow>)> {
        ask!(self, |db| price::list(db, provider))
    }

    async fn budget_set(&self, now: Timestamp, budget: Budget) -> Result<()> {
        change!(self, |tx| budget::set(&tx, now, &budget))
    }

    async fn budget_remove(&self, now: Timestamp, of: BudgetOf) -> Result<bool> {
        change!(self, |tx| budget::remove(&tx, now, &of))
    }

    async fn budget_list(&self) -> Result<Vec<Budget>> {
        ask!(self, |db| budget::list(db))
    }

    async fn day_list(&self, from: &str, until: &str) -> Result<Vec<DayRow>> {
        ask!(self, |db| budget::days(db, from, until))
    }

    async fn backend_switch(
        &self,
        now: Timestamp,
        name: &str,
        reason: Option<&str>,
    ) -> Result<bool> {
        change!(self, |tx| budget::switch(&tx, now, name, reason))
    }

    async fn backends_off(&self) -> Result<Vec<BackendSwitch>> {
        ask!(self, |db| budget::off(db))
    }

    async fn spent_list(&self, from: Timestamp, until: Timestamp) -> Result<Vec<SpentRow>> {
        ask!(self, |db| keep::spent(db, from, until))
    }

    async fn cache_get(&self, now: Timestamp, key: &str) -> Result<Option<CacheEntry>> {
        change!(self, |tx| cache::get(&tx, now, key))
    }

    async fn cache_totals(&self) -> Result<CacheTotals> {
        ask!(self, |db| cache::totals(db))
    }

    async fn cache_prune(&self, bytes_max: u64) -> Result<Vec<ArtifactId>> {
        change!(self, |tx| cache::prune(&tx, bytes_max))
    }

    async fn clock(&self) -> Result<Option<Timestamp>> {
        ask!(self, |db| health::clock(db)).map(Some)
    }

    async fn node_join(&self, now: Timestamp, node: NodeRow) -> Result<()> {
        change!(self, |tx| node::join(&tx, now, &node))
    }

    async fn line_view(&self, now: Timestamp, videos_max: u32) -> Result<LineView> {
        change!(self, |tx| view::view(&tx, now, videos_max))
    }

    async fn video_promise(&self, video: VideoId, promise: Promise) -> Result<()> {
        change!(self, |tx| view::promise(&tx, video, promise))
    }

    async fn learned_list(&self) -> Result<Vec<LearnedRow>> {
        ask!(self, |db| view::learned(db))
    }

    async fn learned_put(&self, rows: Vec<LearnedRow>) -> Result<()> {
        change!(self, |tx| view::learn(&tx, &rows))
    }

    async fn line_get(&self) -> Result<Line> {
        ask!(self, |db| line::get(db))
    }

    async fn line_set(&self, now: Timestamp, mode: LineMode, reason: &str) -> Result<()> {
        change!(self, |tx| line::set(&tx, now, mode, reason))
    }

    async fn line_load(&self) -> Result<LineLoad> {
        ask!(self, |db| line::load(db))
    }

    async fn line_begun(&self, since: Timestamp) -> Result<u64> {
        ask!(self, |db| line::begun_since(db, since))
    }

    async fn kept_totals(&self) -> Result<Kept> {
        ask!(self, |db| keep::totals(db))
    }

    async fn kept_expire(&self, expiry: Expiry) -> Result<Expired> {
        change!(self, |tx| keep::expire(&tx, &expiry))
    }

    async fn account_put(&self, account: AccountId, name: &str) -> Result<()> {
        change!(self, |tx| channel::account_put(&tx, account, name))
    }

    async fn account_zone(&self, account: AccountId, zone: &str) -> Result<bool> {
        change!(self, |tx| channel::account_zone(&tx, account, zone))
    }

    async fn account_list(&self) -> Result<Vec<AccountRow>> {
        ask!(self, |db| channel::accounts(db))
    }

    async fn channel_add(&self, channel: ChannelRow) -> Result<bool> {
        change!(self, |tx| channel::add(&tx, &channel))
    }

    async fn channel_list(&self) -> Result<Vec<ChannelRow>> {
        ask!(self, |db| channel::list(db))
    }

    async fn channel_remove(&self, now: Timestamp, channel: ChannelId) -> Result<bool> {
        change!(self, |tx| channel::remove(&tx, now, channel))
    }

    async fn schedule_add(&self, schedule: ScheduleRow) -> Result<bool> {
        change!(self, |tx| schedule::add(&tx, &schedule))
    }

    async fn schedule_list(&self) -> Result<Vec<ScheduleRow>> {
        ask!(self, |db| schedule::list(db))
    }

    async fn schedule_due(&self, now: Timestamp) -> Result<Vec<ScheduleRow>> {
        ask!(self, |db| schedule::due(db, now))
    }

    async fn schedule_set(
        &self,
        schedule: ScheduleId,
        state: ScheduleState,
        next_at: Option<Timestamp>,
    ) -> Result<bool> {
        change!(self, |tx| schedule::set(&tx, schedule, state, next_at))
    }

    async fn schedule_step(
        &self,
        now: Timestamp,
        step: ScheduleStep,
    ) -> Result<Option<Vec<Submitted>>> {
        change!(self, |tx| schedule::step(&tx, now, &step))
    }

    async fn schedule_remove(&self, schedule: ScheduleId) -> Result<bool> {
        change!(self, |tx| schedule::remove(&tx, schedule))
    }

    async fn node_beat(&self, now: Timestamp, node: NodeId) -> Result<Option<NodeOrders>> {
        change!(self, |tx| node::beat(&tx, now, node))
    }

    async fn node_drain(&self, node: NodeId) -> Result<bool> {
        change!(self, |tx| node::drain(&tx, node))
    }

    async fn node_list(&self) -> Result<Vec<NodeStatus>> {
        ask!(self, |db| node::list(db))
    }

    async fn node_leave(&self, node: NodeId) -> Result<bool> {
        change!(self, |tx| node::leave(&tx, node))
    }

    async fn event_list(&self, video: VideoId, after: i64, limit: u32) -> Result<Vec<Event>> {
        ask!(self, |db| event::list(db, video, after, limit))
    }

    async fn event_follow(&self, filter: EventFilter) -> Result<EventPage> {
        ask!(self, |db| follow::follow(
            db,
            self.database.horizon(),
            &filter
        ))
    }

    async fn write_test(&self, now: Timestamp) -> Result<()> {
        change!(self, |tx| access::write_test(&tx, now))
    }

    async fn key_put(&self, key: KeyRow) -> Result<()> {
        change!(self, |tx| access::put(&tx, &key))
    }

    async fn key_find(&self, hash: &str) -> Result<Option<KeyRow>> {
        ask!(self, |db| access::find(db, hash))
    }

    async fn key_list(&self) -> Result<Vec<KeyRow>> {
        ask!(self, |db| access::list(db))
    }

    async fn key_end(&self, key: KeyId, at: Timestamp) -> Result<bool> {
        change!(self, |tx| access::end(&tx, key, at))
    }

    async fn secret_keep(&self, name: &str, fresh: &str) -> Result<String> {
        change!(self, |tx| access::keep(&tx, name, fresh))
    }

    async fn request_begin(&self, now: Timestamp, request: NewRequest) -> Result<Begun> {
        change!(self, |tx| access::begin(&tx, now, &request))
    }

    async fn request_end(&self, key: KeyId, name: &str, answer: Option<Answer>) -> Result<()> {
        change!(self, |tx| access::answered(&tx, key, name, answer.as_ref()))
    }
}
