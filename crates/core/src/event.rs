//! The event envelope: what happened to what, when, in the order of the store.

use serde::{Deserialize, Serialize};

use crate::{JobId, Stage, Timestamp, VideoId};

/// One change, written in the transaction that made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the store's outbox; grows without ever going back. 0 before it is stored.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The video it belongs to.
    pub video: VideoId,
    /// The job, where one changed.
    pub job: Option<JobId>,
    /// The stage, where one changed.
    pub stage: Option<Stage>,
    /// What happened.
    pub kind: EventKind,
    /// Details, by kind.
    pub detail: serde_json::Value,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A brief was accepted.
    #[serde(rename = "video.queued")]
    VideoQueued,
    /// What its stages use was chosen: the plan, and why nothing else was taken.
    #[serde(rename = "video.planned")]
    VideoPlanned,
    /// Its first job was claimed.
    #[serde(rename = "video.running")]
    VideoRunning,
    /// Every job is done and the checks passed.
    #[serde(rename = "video.ready")]
    VideoReady,
    /// A job failed for good.
    #[serde(rename = "video.failed")]
    VideoFailed,
    /// Somebody cancelled it.
    #[serde(rename = "video.cancelled")]
    VideoCancelled,
    /// A job was completed.
    #[serde(rename = "job.completed")]
    JobCompleted,
    /// A job failed and will be tried again.
    #[serde(rename = "job.retryable")]
    JobRetryable,
    /// A job can't be done yet and waits for its time; the attempt doesn't count.
    #[serde(rename = "job.snoozed")]
    JobSnoozed,
    /// A job failed and will not be tried again.
    #[serde(rename = "job.discarded")]
    JobDiscarded,
    /// A job's lease ran out and it was taken back.
    #[serde(rename = "job.rescued")]
    JobRescued,
    /// A finished video was measured: its report, its score and the verdict.
    #[serde(rename = "quality.measured")]
    QualityMeasured,
    /// A video's spending passed a threshold.
    #[serde(rename = "budget.threshold")]
    BudgetThreshold,
    /// A provider billed more than was reserved.
    #[serde(rename = "budget.overrun")]
    BudgetOverrun,
    /// What came of a charge is known now: by the provider's bill, or given up at its worst case.
    #[serde(rename = "budget.reconciled")]
    BudgetReconciled,
    /// A provider billed a charge otherwise than it was booked.
    #[serde(rename = "budget.adjusted")]
    BudgetAdjusted,
}
