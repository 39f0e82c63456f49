//! What a scheduler sees of the line, and what it leaves there.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ytempire_core::{AccountId, ChannelId, JobId, JobState, NodeId, Stage, Timestamp, VideoId};

use crate::line::NodeStatus;

/// For how long it is remembered how much was done for an account: several times the two minutes that
/// one may be ahead of others.
pub const SERVED_WINDOW: Duration = Duration::from_mins(10);

/// The line at one moment: its open videos and its nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineView {
    /// Videos that have not ended, the most urgent first, as priorities and turns have it.
    pub videos: Vec<OpenVideo>,
    /// Who may work on them.
    pub nodes: Vec<NodeStatus>,
    /// How long nodes have worked for each account on videos that ended within [`SERVED_WINDOW`].
    pub served: Vec<(AccountId, Duration)>,
    /// Promised videos that ended lately, the latest first: how well promises are kept.
    pub ended: Vec<EndedVideo>,
}

/// A video that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenVideo {
    /// Its id.
    pub id: VideoId,
    /// Whose it is.
    pub account: AccountId,
    /// For which of its channels.
    pub channel: Option<ChannelId>,
    /// How urgent it is, 1 to 10.
    pub priority: u8,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// Nothing of it is begun before.
    pub start_at: Option<Timestamp>,
    /// How many words are spoken in it, as far as was known when it was accepted.
    pub words: u32,
    /// Of how many scenes it is, once that is known; 0 before.
    pub scenes: u32,
    /// What was promised last.
    pub promised_at: Option<Timestamp>,
    /// How long nodes have worked on it.
    pub served: Duration,
    /// Its jobs that have not ended, in the order of their birth.
    pub jobs: Vec<OpenJob>,
}

/// A job that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenJob {
    /// Its id.
    pub id: JobId,
    /// Its stage.
    pub stage: Stage,
    /// Where it stands.
    pub state: JobState,
    /// Not before this moment, where its time has not come: a retry, or a snooze.
    pub scheduled_at: Option<Timestamp>,
    /// Sessions of a hardware encoder that it needs.
    pub encoder_sessions: u32,
    /// Who runs it, and since when.
    pub running: Option<(NodeId, Timestamp)>,
    /// Unfinished jobs that it waits for.
    pub after: Vec<JobId>,
}

/// A promised video that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedVideo {
    /// How urgent it was.
    pub priority: u8,
    /// When it could begin: accepted, or later if that was asked for.
    pub began_at: Timestamp,
    /// When it was likely to end.
    pub likely_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// What is promised to a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// When it is likely to end.
    pub likely_at: Timestamp,
    /// When it will have ended, 95 times of 100.
    pub promised_at: Timestamp,
}

/// What history taught about a backend on a kind of machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedRow {
    /// The kind of machine.
    pub machine: String,
    /// The backend, as the workload names it.
    pub backend: String,
    /// Jobs seen.
    pub jobs: i64,
    /// Mean of ln(time over prior median), in millionths.
    pub mean: i64,
    /// Variance of the same, in millionths.
    pub variance: i64,
    /// MiB of memory that such a job needs at least, as one that had less ran out of it; 0: unknown.
    /// Writing a smaller number leaves the larger.
    pub memory_mib: u32,
    /// The same of a GPU's memory.
    pub vram_mib: u32,
}
