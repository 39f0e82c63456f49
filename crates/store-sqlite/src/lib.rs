//! The store on `SQLite`: one file, one writer thread with group commit, read-only readers.
//!
//! Floor 3. Every `SQLite` statement and migration of the product is in this crate.
//! `journal_mode=WAL, synchronous=FULL`: what is acknowledged survives a power cut.

mod access;
mod attempt;
mod books;
mod budget;
mod cache;
mod channel;
mod claim;
mod event;
mod job;
mod keep;
mod line;
mod migrate;
mod node;
mod price;
mod reconcile;
mod schedule;
mod settle;
mod sql;
mod submit;
mod transfer;
mod video;
mod view;
mod writer;

use std::path::Path;

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

use crate::writer::Connections;

/// A store in one `SQLite` file.
pub struct SqliteStore {
    connections: Connections,
    crash: CrashPlan,
}

impl SqliteStore {
    /// Opens the file, makes it if it isn't there, and brings its schema up to date.
    ///
    /// A schema newer than this program is refused. Several processes may have the same file
    /// open; writers wait for each other up to ten seconds.
    pub fn open(path: &Path, crash: CrashPlan) -> Result<Self> {
        Ok(Self {
            connections: Connections::open(path)?,
            crash,
        })
    }

    /// How many migrations the file has, and which it lacks; changes nothing.
    pub fn schema(path: &Path) -> Result<(i64, Vec<&'static str>)> {
        migrate::look(path)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn video_submit(&self, now: Timestamp, submission: Submission) -> Result<Submitted> {
        self.crash.pass("submit.before_commit");
        let done = self
            .connections
            .write(move |tx| submit::submit(tx, now, &submission))
            .await;
        self.crash.pass("submit.after_commit");
        done
    }

    async fn video_get(&self, video: VideoId) -> Result<Option<VideoRow>> {
        self.connections.read(move |db| video::get(db, video)).await
    }

    async fn video_list(&self, filter: VideoFilter) -> Result<Vec<VideoRow>> {
        self.connections
            .read(move |db| video::list(db, &filter))
            .await
    }

    async fn video_find(&self, prefix: &str) -> Result<Option<VideoRow>> {
        let prefix = prefix.to_owned();
        self.connections
            .read(move |db| video::find(db, &prefix))
            .await
    }

    async fn video_cancel(&self, now: Timestamp, video: VideoId) -> Result<bool> {
        self.connections
            .write(move |tx| settle::cancel(tx, now, video))
            .await
    }

    async fn video_delete(&self, video: VideoId) -> Result<Deletion> {
        self.connections
            .write(move |tx| keep::delete(tx, video))
            .await
    }

    async fn job_claim(&self, now: Timestamp, request: ClaimRequest) -> Result<Vec<LeasedJob>> {
        let claimed = self
            .connections
            .write(move |tx| claim::claim(tx, now, &request))
            .await?;
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
        let leases = leases.to_vec();
        self.connections
            .write(move |tx| job::heartbeat(tx, now, &leases, until))
            .await
    }

    async fn job_settle(&self, now: Timestamp, settlement: Settlement) -> Result<VideoRow> {
        self.crash.pass("settle.before_commit");
        let done = self
            .connections
            .write(move |tx| settle::settle(tx, now, &settlement))
            .await;
        self.crash.pass("settle.after_commit");
        done
    }

    async fn job_exchange(&self, now: Timestamp, exchange: Exchange) -> Result<Exchanged> {
        let settles = !exchange.settlements.is_empty();
        if settles {
            self.crash.pass("settle.before_commit");
        }
        let done = self
            .connections
            .write(move |tx| settle::exchange(tx, now, &exchange))
            .await;
        if settles {
            self.crash.pass("settle.after_commit");
        }
        let done = done?;
        if !done.claimed.is_empty() {
            self.crash.pass("claim.after_commit");
        }
        Ok(done)
    }

    async fn job_release(&self, now: Timestamp, lease: Lease) -> Result<()> {
        self.connections
            .write(move |tx| settle::release(tx, now, lease))
            .await
    }

    async fn job_rescue(&self, now: Timestamp, dead: &[NodeId]) -> Result<u32> {
        let dead = dead.to_vec();
        self.connections
            .write(move |tx| settle::rescue(tx, now, &dead))
            .await
    }

    async fn job_list(&self, video: VideoId) -> Result<Vec<JobRow>> {
        self.connections.read(move |db| job::list(db, video)).await
    }

    async fn attempt_list(&self, video: VideoId) -> Result<Vec<AttemptRow>> {
        self.connections
            .read(move |db| attempt::list(db, video))
            .await
    }

    async fn transfer_hold(&self, now: Timestamp, lease: Lease, holds: Vec<Hold>) -> Result<()> {
        self.crash.pass("hold.before_commit");
        let done = self
            .connections
            .write(move |tx| transfer::hold(tx, now, lease, &holds))
            .await;
        self.crash.pass("hold.after_commit");
        done
    }

    async fn transfer_mark_sent(
        &self,
        now: Timestamp,
        lease: Lease,
        holds: &[TransferId],
    ) -> Result<()> {
        let holds = holds.to_vec();
        self.connections
            .write(move |tx| transfer::mark_sent(tx, now, lease, &holds))
            .await?;
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
        self.connections
            .write(move |tx| {
                let job = job::leased(tx, lease)?;
                transfer::settle_all(tx, now, &job, &postings)?;
                bought
                    .iter()
                    .try_for_each(|entry| cache::put(tx, now, job.video, entry))
            })
            .await
    }

    async fn transfer_list(&self, video: VideoId) -> Result<Vec<Transfer>> {
        self.connections
            .read(move |db| transfer::list(db, video))
            .await
    }

    async fn transfer_get(&self, transfer: TransferId) -> Result<Option<Transfer>> {
        self.connections
            .read(move |db| transfer::find(db, transfer))
            .await
    }

    async fn transfer_paid(
        &self,
        provider: Option<&str>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Transfer>> {
        let provider = provider.map(str::to_owned);
        self.connections
            .read(move |db| reconcile::paid(db, provider.as_deref(), from, until))
            .await
    }

    async fn transfer_reconcile(
        &self,
        now: Timestamp,
        reconciliation: Reconciliation,
    ) -> Result<Reconciled> {
        self.connections
            .write(move |tx| reconcile::reconcile(tx, now, &reconciliation))
            .await
    }

    async fn adjustment_list(&self, video: Option<VideoId>) -> Result<Vec<Adjustment>> {
        self.connections
            .read(move |db| reconcile::list(db, video))
            .await
    }

    async fn price_import(
        &self,
        now: Timestamp,
        prices: Vec<PriceRow>,
        rates: Vec<RateRow>,
    ) -> Result<u64> {
        self.connections
            .write(move |tx| price::import(tx, now, &prices, &rates))
            .await
    }

    async fn price_list(&self, provider: Option<&str>) -> Result<(Vec<PriceRow>, Vec<RateRow>)> {
        let provider = provider.map(str::to_owned);
        self.connections
            .read(move |db| price::list(db, provider.as_deref()))
            .await
    }

    async fn budget_set(&self, now: Timestamp, budget: Budget) -> Result<()> {
        self.connections
            .write(move |tx| budget::set(tx, now, &budget))
            .await
    }

    async fn budget_remove(&self, now: Timestamp, of: BudgetOf) -> Result<bool> {
        self.connections
            .write(move |tx| budget::remove(tx, now, &of))
            .await
    }

    async fn budget_list(&self) -> Result<Vec<Budget>> {
        self.connections.read(budget::list).await
    }

    async fn day_list(&self, from: &str, until: &str) -> Result<Vec<DayRow>> {
        let (from, until) = (from.to_owned(), until.to_owned());
        self.connections
            .read(move |db| budget::days(db, &from, &until))
            .await
    }

    async fn backend_switch(
        &self,
        now: Timestamp,
        name: &str,
        reason: Option<&str>,
    ) -> Result<bool> {
        let (name, reason) = (name.to_owned(), reason.map(str::to_owned));
        self.connections
            .write(move |tx| budget::switch(tx, now, &name, reason.as_deref()))
            .await
    }

    async fn backends_off(&self) -> Result<Vec<BackendSwitch>> {
        self.connections.read(budget::off).await
    }

    async fn spent_list(&self, from: Timestamp, until: Timestamp) -> Result<Vec<SpentRow>> {
        self.connections
            .read(move |db| keep::spent(db, from, until))
            .await
    }

    async fn cache_get(&self, now: Timestamp, key: &str) -> Result<Option<CacheEntry>> {
        let key = key.to_owned();
        self.connections
            .write(move |tx| cache::get(tx, now, &key))
            .await
    }

    async fn cache_totals(&self) -> Result<CacheTotals> {
        self.connections.read(cache::totals).await
    }

    async fn cache_prune(&self, bytes_max: u64) -> Result<Vec<ArtifactId>> {
        self.connections
            .write(move |tx| cache::prune(tx, bytes_max))
            .await
    }

    async fn clock(&self) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    async fn node_join(&self, now: Timestamp, node: NodeRow) -> Result<()> {
        self.connections
            .write(move |tx| node::join(tx, now, &node))
            .await
    }

    async fn line_view(&self, now: Timestamp, videos_max: u32) -> Result<LineView> {
        // The writer's thread is in a transaction, the reader's isn't.
        self.connections
            .write(move |tx| view::view(tx, now, videos_max))
            .await
    }

    async fn video_promise(&self, video: VideoId, promise: Promise) -> Result<()> {
        self.connections
            .write(move |tx| view::promise(tx, video, promise))
            .await
    }

    async fn learned_list(&self) -> Result<Vec<LearnedRow>> {
        self.connections.read(view::learned).await
    }

    async fn learned_put(&self, rows: Vec<LearnedRow>) -> Result<()> {
        self.connections
            .write(move |tx| view::learn(tx, &rows))
            .await
    }

    async fn line_get(&self) -> Result<Line> {
        self.connections.read(line::get).await
    }

    async fn line_set(&self, now: Timestamp, mode: LineMode, reason: &str) -> Result<()> {
        let reason = reason.to_owned();
        self.connections
            .write(move |tx| line::set(tx, now, mode, &reason))
            .await
    }

    async fn line_load(&self) -> Result<LineLoad> {
        self.connections.read(line::load).await
    }

    async fn line_begun(&self, since: Timestamp) -> Result<u64> {
        self.connections
            .read(move |db| line::begun_since(db, since))
            .await
    }

    async fn kept_totals(&self) -> Result<Kept> {
        self.connections.read(keep::totals).await
    }

    async fn kept_expire(&self, expiry: Expiry) -> Result<Expired> {
        self.connections
            .write(move |tx| keep::expire(tx, &expiry))
            .await
    }

    async fn account_put(&self, account: AccountId, name: &str) -> Result<()> {
        let name = name.to_owned();
        self.connections
            .write(move |tx| channel::account_put(tx, account, &name))
            .await
    }

    async fn account_zone(&self, account: AccountId, zone: &str) -> Result<bool> {
        let zone = zone.to_owned();
        self.connections
            .write(move |tx| channel::account_zone(tx, account, &zone))
            .await
    }

    async fn account_list(&self) -> Result<Vec<AccountRow>> {
        self.connections.read(channel::accounts).await
    }

    async fn channel_add(&self, channel: ChannelRow) -> Result<bool> {
        self.connections
            .write(move |tx| channel::add(tx, &channel))
            .await
    }

    async fn channel_list(&self) -> Result<Vec<ChannelRow>> {
        self.connections.read(channel::list).await
    }

    async fn channel_remove(&self, now: Timestamp, channel: ChannelId) -> Result<bool> {
        self.connections
            .write(move |tx| channel::remove(tx, now, channel))
            .await
    }

    async fn schedule_add(&self, schedule: ScheduleRow) -> Result<bool> {
        self.connections
            .write(move |tx| schedule::add(tx, &schedule))
            .await
    }

    async fn schedule_list(&self) -> Result<Vec<ScheduleRow>> {
        self.connections.read(schedule::list).await
    }

    async fn schedule_due(&self, now: Timestamp) -> Result<Vec<ScheduleRow>> {
        self.connections
            .read(move |db| schedule::due(db, now))
            .await
    }

    async fn schedule_set(
        &self,
        schedule: ScheduleId,
        state: ScheduleState,
        next_at: Option<Timestamp>,
    ) -> Result<bool> {
        self.connections
            .write(move |tx| schedule::set(tx, schedule, state, next_at))
            .await
    }

    async fn schedule_step(
        &self,
        now: Timestamp,
        step: ScheduleStep,
    ) -> Result<Option<Vec<Submitted>>> {
        self.connections
            .write(move |tx| schedule::step(tx, now, &step))
            .await
    }

    async fn schedule_remove(&self, schedule: ScheduleId) -> Result<bool> {
        self.connections
            .write(move |tx| schedule::remove(tx, schedule))
            .await
    }

    async fn node_beat(&self, now: Timestamp, node: NodeId) -> Result<Option<NodeOrders>> {
        self.connections
            .write(move |tx| node::beat(tx, now, node))
            .await
    }

    async fn node_drain(&self, node: NodeId) -> Result<bool> {
        self.connections
            .write(move |tx| node::drain(tx, node))
            .await
    }

    async fn node_list(&self) -> Result<Vec<NodeStatus>> {
        self.connections.read(node::list).await
    }

    async fn node_leave(&self, node: NodeId) -> Result<bool> {
        self.connections
            .write(move |tx| node::leave(tx, node))
            .await
    }

    async fn event_list(&self, video: VideoId, after: i64, limit: u32) -> Result<Vec<Event>> {
        self.connections
            .read(move |db| event::list(db, video, after, limit))
            .await
    }

    async fn event_follow(&self, filter: EventFilter) -> Result<EventPage> {
        self.connections
            .read(move |db| event::follow(db, &filter))
            .await
    }

    async fn write_test(&self, now: Timestamp) -> Result<()> {
        self.connections
            .write(move |tx| access::write_test(tx, now))
            .await
    }

    async fn key_put(&self, key: KeyRow) -> Result<()> {
        self.connections
            .write(move |tx| access::put(tx, &key))
            .await
    }

    async fn key_find(&self, hash: &str) -> Result<Option<KeyRow>> {
        let hash = hash.to_owned();
        self.connections
            .read(move |db| access::find(db, &hash))
            .await
    }

    async fn key_list(&self) -> Result<Vec<KeyRow>> {
        self.connections.read(access::list).await
    }

    async fn key_end(&self, key: KeyId, at: Timestamp) -> Result<bool> {
        self.connections
            .write(move |tx| access::end(tx, key, at))
            .await
    }

    async fn secret_keep(&self, name: &str, fresh: &str) -> Result<String> {
        let (name, fresh) = (name.to_owned(), fresh.to_owned());
        self.connections
            .write(move |tx| access::keep(tx, &name, &fresh))
            .await
    }

    async fn request_begin(&self, now: Timestamp, request: NewRequest) -> Result<Begun> {
        self.connections
            .write(move |tx| access::begin(tx, now, &request))
            .await
    }

    async fn request_end(&self, key: KeyId, name: &str, answer: Option<Answer>) -> Result<()> {
        let name = name.to_owned();
        self.connections
            .write(move |tx| access::answered(tx, key, &name, answer.as_ref()))
            .await
    }
}
