//! A store, and videos whose money is spent through its verbs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use ledger::{Hold, Outcome, Posting, PriceVersion};
use store::{ClaimRequest, Lease, Limits, Needs, NewJob, PRIORITY, Room, Store, Submission};
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use ytempire_core::{
    AccountId, Clock, CrashPlan, IdSource, JobId, MicroUsd, NodeId, Stage, Timestamp, TransferId,
    UnitPrice, VideoId,
};

use super::provider::{TOKENS, call};
use crate::stores::{self, WallClock};

/// What a video may cost.
pub(super) const CAP: u64 = 3_000_000;
/// A budget that calls of $0.12 don't use up: $0.07 remain.
pub(super) const ODD: u64 = 2_950_000;

/// Where a store is, as a child process is told.
pub(super) async fn open(database: &str) -> Result<Arc<dyn Store>> {
    Ok(if let Some(path) = database.strip_prefix("sqlite:") {
        Arc::new(SqliteStore::open(Path::new(path), CrashPlan::default())?)
    } else {
        let options = store_postgres::Options::from_url(database)?;
        Arc::new(PostgresStore::open(options, CrashPlan::default()).await?)
    })
}

/// A store with ids.
#[derive(Clone)]
pub(super) struct Purse {
    pub(super) store: Arc<dyn Store>,
    ids: Arc<IdSource>,
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Went {
    /// Paid and booked.
    Settled,
    /// There was no money for it.
    Refused,
    /// Its lease was over: nothing was sent, or nothing was booked of what was.
    Late,
}

impl Purse {
    /// `seed`: whoever shares a database must not share it.
    pub(super) fn over(store: Arc<dyn Store>, seed: u8) -> Self {
        let ids = Arc::new(IdSource::seeded([seed; 32]));
        Self { store, ids }
    }

    pub(super) async fn join(&self) -> Result<NodeId> {
        stores::join(&*self.store, &self.ids).await
    }

    /// A video of $3.00 with one job.
    pub(super) async fn video(&self, key: &str) -> Result<VideoId> {
        self.video_of(key, CAP).await
    }

    /// The same of so many micro-dollars.
    pub(super) async fn video_of(&self, key: &str, cap: u64) -> Result<VideoId> {
        let now = WallClock.now();
        let video = VideoId::fresh(&self.ids, now);
        let job = NewJob {
            id: JobId::fresh(&self.ids, now),
            stage: Stage::Script,
            args: serde_json::Value::Null,
            rank: 0,
            after: vec![],
            needs: Needs::default(),
        };
        let budget = MicroUsd(cap as i64);
        let submission = Submission {
            video,
            account: AccountId::LOCAL,
            channel: None,
            key: key.to_owned(),
            title: "nothing".to_owned(),
            request: serde_json::json!({}),
            budget,
            priority: PRIORITY,
            waiting_max: None,
            due_at: None,
            start_at: None,
            words: 0,
            plan: None,
            envelopes: [(Stage::Script, budget)].into(),
            jobs: vec![job],
        };
        self.store.video_submit(now, submission).await?;
        Ok(video)
    }

    /// Takes the video's job.
    pub(super) async fn claim(&self, video: VideoId, node: NodeId) -> Result<Lease> {
        let now = WallClock.now();
        let request = ClaimRequest {
            node,
            video: Some(video),
            stages: Stage::ALL.to_vec(),
            max: 1,
            room: Room::default(),
            limits: Limits::default(),
            only: None,
            lease_until: now.after(Duration::from_hours(1)),
        };
        let claimed = self.store.job_claim(now, request).await?;
        Ok(claimed.first().context("there is a job")?.lease)
    }

    pub(super) fn hold_of(&self, now: Timestamp) -> Hold {
        let price = PriceVersion {
            provider: "fake".to_owned(),
            model: "writer".to_owned(),
            meter: "output_tokens".to_owned(),
            price: UnitPrice("0.0003".parse().unwrap_or_default()),
            valid_from: Timestamp::default(),
            valid_to: None,
            imputed: false,
            source: "bench".to_owned(),
            rate: None,
        };
        Hold {
            id: TransferId::fresh(&self.ids, now),
            backend: "fake".to_owned(),
            price,
            quantity_max: TOKENS,
            day_zone: "UTC".to_owned(),
        }
    }

    pub(super) async fn settle(
        &self,
        lease: Lease,
        id: TransferId,
        quantity: u64,
    ) -> store::Result<()> {
        let outcome = Outcome::Post { quantity };
        let postings = vec![Posting { id, outcome }];
        let now = WallClock.now();
        self.store
            .transfer_settle(now, lease, postings, vec![])
            .await
    }

    /// One paid call as the product makes it: reserved, noted as sent, made, settled.
    pub(super) async fn spend(&self, lease: Lease, provider: SocketAddr) -> Result<Went> {
        let now = WallClock.now();
        let hold = self.hold_of(now);
        let id = hold.id;
        match self.store.transfer_hold(now, lease, vec![hold]).await {
            Ok(()) => {}
            Err(store::Error::BudgetExceeded(_)) => return Ok(Went::Refused),
            Err(store::Error::LeaseLost) => return Ok(Went::Late),
            Err(e) => return Err(e.into()),
        }
        let now = WallClock.now();
        match self.store.transfer_mark_sent(now, lease, &[id]).await {
            Ok(()) => {}
            Err(store::Error::LeaseLost) => return Ok(Went::Late),
            Err(e) => return Err(e.into()),
        }
        let tokens = call(provider, &id.to_string()).await?;
        match self.settle(lease, id, tokens).await {
            Ok(()) => Ok(Went::Settled),
            Err(store::Error::LeaseLost) => Ok(Went::Late),
            Err(e) => Err(e.into()),
        }
    }
}
