//! A store with a clock and ids, and short ways to say common things.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ledger::{Hold, PriceVersion, Transfer};
use serde_json::json;
use store::{
    ClaimRequest, JobOutcome, JobRow, Lease, LeasedJob, NewJob, NodeRow, Settlement, Store,
    Submission, VideoRow,
};
use ytempire_core::{
    AccountId, Clock, Code, EventKind, IdSource, JobId, ManualClock, MicroUsd, NodeId, Stage,
    Timestamp, TransferId, UnitPrice, VideoId,
};

/// How long leases last here.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// A store under test and what surrounds it.
pub struct World {
    /// The store under test.
    pub store: Arc<dyn Store>,
    pub(crate) clock: ManualClock,
    pub(crate) ids: IdSource,
    pub(crate) node: NodeId,
}

impl World {
    /// A world at the start of 2026 over an empty store.
    pub fn over(store: Arc<dyn Store>) -> Self {
        let clock = ManualClock::at(Timestamp::from_micros(1_767_225_600_000_000));
        let ids = IdSource::seeded([42; 32]);
        let node = NodeId::fresh(&ids, clock.now());
        Self {
            store,
            clock,
            ids,
            node,
        }
    }

    /// The node that claims unless another is named.
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// The present of this world.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A job of `stage` after others, not yet submitted.
    pub fn job(&self, stage: Stage, after: &[JobId]) -> NewJob {
        let id = JobId::fresh(&self.ids, self.now());
        NewJob {
            id,
            stage,
            args: json!({ "of": stage }),
            rank: 0,
            after: after.to_vec(),
            needs: store::Needs::default(),
        }
    }

    /// A video with these jobs, $3.00 for it and $1.00 for its narration.
    pub fn submission(&self, key: &str, jobs: Vec<NewJob>) -> Submission {
        Submission {
            video: VideoId::fresh(&self.ids, self.now()),
            account: AccountId::LOCAL,
            channel: None,
            key: key.to_owned(),
            title: "Deep sea".to_owned(),
            request: json!({ "key": key }),
            budget: MicroUsd(3_000_000),
            priority: store::PRIORITY,
            waiting_max: None,
            due_at: None,
            start_at: None,
            words: 0,
            plan: None,
            envelopes: BTreeMap::from([
                (Stage::Script, MicroUsd(3_000_000)),
                (Stage::Narrate, MicroUsd(1_000_000)),
            ]),
            jobs,
        }
    }

    /// Submits a video with these jobs.
    pub async fn submit(&self, key: &str, jobs: Vec<NewJob>) -> VideoRow {
        let submitted = self
            .store
            .video_submit(self.now(), self.submission(key, jobs))
            .await;
        submitted.expect("a submission is accepted").video
    }

    /// A video with one claimed script job.
    pub async fn one_running(&self) -> (VideoRow, LeasedJob) {
        let video = self.submit("one", vec![self.job(Stage::Script, &[])]).await;
        let mut claimed = self.claim(1).await;
        (video, claimed.pop().expect("the job is available"))
    }

    /// Claims for the world's own node, of any stage.
    pub async fn claim(&self, max: u32) -> Vec<LeasedJob> {
        self.claim_of(&Stage::ALL, max, self.node).await
    }

    /// Claims for `node`.
    pub async fn claim_of(&self, stages: &[Stage], max: u32, node: NodeId) -> Vec<LeasedJob> {
        let lease_until = self.now().after(LEASE);
        let request = ClaimRequest {
            node,
            video: None,
            stages: stages.to_vec(),
            max,
            room: store::Room::default(),
            limits: store::Limits::default(),
            only: None,
            lease_until,
        };
        self.store
            .job_claim(self.now(), request)
            .await
            .expect("a claim is answered")
    }

    /// Settles with nothing but an outcome.
    pub async fn settle(&self, lease: Lease, outcome: JobOutcome) -> store::Result<VideoRow> {
        let settlement = Settlement {
            lease,
            outcome,
            postings: vec![],
            events: vec![],
        };
        self.store.job_settle(self.now(), settlement).await
    }

    /// Completes a job.
    pub async fn complete(&self, lease: Lease) -> store::Result<VideoRow> {
        self.settle(lease, completed(vec![])).await
    }

    /// The row of a job.
    pub async fn job_row(&self, video: VideoId, job: JobId) -> JobRow {
        let jobs = self.store.job_list(video).await.expect("jobs are listed");
        jobs.into_iter()
            .find(|row| row.id == job)
            .expect("the job is listed")
    }

    /// The row of a video.
    pub async fn video(&self, video: VideoId) -> VideoRow {
        self.store
            .video_get(video)
            .await
            .expect("answered")
            .expect("the video is there")
    }

    /// What was told of a video, in order.
    pub async fn kinds(&self, video: VideoId) -> Vec<EventKind> {
        let events = self
            .store
            .event_list(video, 0, 1000)
            .await
            .expect("events are listed");
        events.into_iter().map(|event| event.kind).collect()
    }

    /// The money of a video.
    pub async fn transfers(&self, video: VideoId) -> Vec<Transfer> {
        self.store
            .transfer_list(video)
            .await
            .expect("transfers are listed")
    }

    /// A hold of `units` at a micro-dollar each.
    pub fn hold(&self, units: u64) -> Hold {
        let price = PriceVersion {
            provider: "fake".to_owned(),
            model: "m".to_owned(),
            meter: "characters".to_owned(),
            price: UnitPrice("0.000001".parse().expect("a decimal")),
            valid_from: Timestamp::default(),
            valid_to: None,
            imputed: false,
            source: "test".to_owned(),
            rate: None,
        };
        let id = TransferId::fresh(&self.ids, self.now());
        Hold {
            id,
            backend: "fake".to_owned(),
            price,
            quantity_max: units,
            day_zone: "UTC".to_owned(),
        }
    }

    /// A node that isn't the world's own.
    pub fn other_node(&self) -> NodeId {
        NodeId::fresh(&self.ids, self.now())
    }

    /// Registers a node.
    pub async fn join(&self, node: NodeId) {
        let row = NodeRow {
            id: node,
            name: "test".to_owned(),
            machine: store::Machine::default(),
            joined_at: self.now(),
        };
        self.store
            .node_join(self.now(), row)
            .await
            .expect("a node joins");
    }
}

pub(crate) fn completed(follow: Vec<NewJob>) -> JobOutcome {
    let output = json!({ "done": true });
    JobOutcome::Completed {
        output,
        follow,
        cached: vec![],
        title: None,
    }
}

pub(crate) fn retry(after: Duration) -> JobOutcome {
    JobOutcome::Retry {
        code: Code::ProviderDown,
        text: "down".to_owned(),
        after,
    }
}
