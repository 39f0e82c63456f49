//! What verbs take and give.

use std::collections::BTreeMap;
use std::time::Duration;

use ledger::Posting;
use serde::{Deserialize, Serialize};
use ytempire_core::{
    AccountId, ArtifactId, ChannelId, Code, Event, JobId, JobState, MicroUsd, NodeId, Stage,
    Timestamp, VideoId, VideoState,
};

use crate::limits::Limits;
use crate::room::{Needs, Room};

/// A video to be made.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The id it gets if it is new.
    pub video: VideoId,
    /// Whose it is.
    pub account: AccountId,
    /// For which of its channels.
    pub channel: Option<ChannelId>,
    /// Same key, same video.
    pub key: String,
    /// Its working title.
    pub title: String,
    /// The brief and everything resolved from it.
    pub request: serde_json::Value,
    /// What it may cost.
    pub budget: MicroUsd,
    /// Each stage's share.
    pub envelopes: BTreeMap<Stage, MicroUsd>,
    /// What was chosen for its stages, and why: told by the event `video.planned`.
    pub plan: Option<serde_json::Value>,
    /// How urgent it is: 1 can wait, 10 goes first.
    pub priority: u8,
    /// The most videos that may wait before it; `None` takes it in any case.
    pub waiting_max: Option<u32>,
    /// When it is due: kept for whoever orders by it, and shown.
    pub due_at: Option<Timestamp>,
    /// Nothing of it is begun before.
    pub start_at: Option<Timestamp>,
    /// How many words are spoken in it, as far as is known: what its length is foretold by.
    pub words: u32,
    /// Its first jobs.
    pub jobs: Vec<NewJob>,
}

/// Which videos are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoFilter {
    /// Only in these states; all if there are none.
    pub states: Vec<VideoState>,
    /// Only of this account.
    pub account: Option<AccountId>,
    /// Only of this channel.
    pub channel: Option<ChannelId>,
    /// Only those older than this one: how a list goes on.
    pub before: Option<VideoId>,
    /// Only those accepted before this moment.
    pub accepted_before: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}

impl VideoFilter {
    /// The newest ones of all.
    pub const fn newest(limit: u32) -> Self {
        Self {
            states: Vec::new(),
            account: None,
            channel: None,
            before: None,
            accepted_before: None,
            limit,
        }
    }
}

/// The answer to a submission.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The video: the new one, or the one that the key named before.
    pub video: VideoRow,
    /// Whether this call accepted it.
    pub fresh: bool,
}

/// A video as the store has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoRow {
    /// Its id.
    pub id: VideoId,
    /// Whose it is.
    pub account: AccountId,
    /// For which of its channels.
    #[serde(default)]
    pub channel: Option<ChannelId>,
    /// Its idempotency key.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub state: VideoState,
    /// The brief and everything resolved from it.
    pub request: serde_json::Value,
    /// What it may cost.
    pub budget: MicroUsd,
    /// How urgent it is: 1 can wait, 10 goes first.
    pub priority: u8,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// Nothing of it is begun before.
    pub start_at: Option<Timestamp>,
    /// When it ended.
    pub finalized_at: Option<Timestamp>,
    /// Why it failed: code and text of the job that was discarded.
    pub failure: Option<(Code, String)>,
}

impl VideoRow {
    /// Whether it is or was late at `now`.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.due_at
            .is_some_and(|due| self.finalized_at.unwrap_or(now) > due)
    }
}

/// A job to be added.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Its stage.
    pub stage: Stage,
    /// Its input.
    pub args: serde_json::Value,
    /// Its place within the video, 0 to 65,535; smaller is more urgent.
    pub rank: i64,
    /// Jobs of the same video that must be completed before.
    pub after: Vec<JobId>,
    /// What must be free on the node that runs it.
    pub needs: Needs,
}

/// A job as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// Its video.
    pub video: VideoId,
    /// Its stage.
    pub stage: Stage,
    /// Where it stands.
    pub state: JobState,
    /// Its input.
    pub args: serde_json::Value,
    /// What it gave, once completed.
    pub output: Option<serde_json::Value>,
    /// Attempts so far.
    pub attempts: u32,
    /// The last failure.
    pub error: Option<(Code, String)>,
}

/// What a node asks for.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// Who asks.
    pub node: NodeId,
    /// Only jobs of this video.
    pub video: Option<VideoId>,
    /// Only these stages.
    pub stages: Vec<Stage>,
    /// At most so many.
    pub max: u32,
    /// What they may need together.
    pub room: Room,
    /// What may run at once, on all nodes together.
    pub limits: Limits,
    /// Only these, as a scheduler chose them; `None`: whatever is most urgent.
    pub only: Option<Vec<JobId>>,
    /// When the leases run out.
    pub lease_until: Timestamp,
}

impl ClaimRequest {
    /// How many of the most urgent available jobs are looked at: [`Room::sight`], and as many where
    /// there are limits.
    pub fn sight(&self) -> u32 {
        if self.limits.is_none() {
            return self.room.sight(self.max);
        }
        let narrow = Room {
            cpu_milli: Some(0),
            ..Room::default()
        };
        narrow.sight(self.max)
    }
}

/// The right to run one attempt of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// The fencing number: the attempt's.
    pub attempt: u32,
    /// Who holds it.
    pub node: NodeId,
}

/// A claimed job.
#[derive(Clone, Debug)]
pub struct LeasedJob {
    /// The right to run it.
    pub lease: Lease,
    /// Its video.
    pub video: VideoId,
    /// Its stage.
    pub stage: Stage,
    /// Its input.
    pub args: serde_json::Value,
    /// What the jobs before it gave, in the order of `NewJob::after`.
    pub inputs: Vec<serde_json::Value>,
    /// What it needs while it runs.
    pub needs: Needs,
}

/// How an attempt ended, as it is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// Its job is done.
    Completed,
    /// It failed, and the job was to be tried again.
    Retryable,
    /// It failed for good.
    Discarded,
    /// It was given back, and doesn't count.
    Released,
    /// It waits for its time, and doesn't count.
    Snoozed,
    /// Its node died, or was too late.
    Rescued,
}

impl AttemptEnd {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Completed,
        Self::Retryable,
        Self::Discarded,
        Self::Released,
        Self::Snoozed,
        Self::Rescued,
    ];

    /// The stable name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Retryable => "retryable",
            Self::Discarded => "discarded",
            Self::Released => "released",
            Self::Snoozed => "snoozed",
            Self::Rescued => "rescued",
        }
    }

    /// The end of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.as_str() == name)
    }
}

/// How a job leaves `running`: what both stores write of it.
#[derive(Clone, Copy, Debug)]
pub struct JobExit<'a> {
    /// Where it goes.
    pub next: JobState,
    /// When a retry is due.
    pub due: Option<Timestamp>,
    /// How the attempt is remembered.
    pub end: AttemptEnd,
    /// Why it failed.
    pub error: Option<(Code, &'a str)>,
}

impl JobExit<'_> {
    /// To `next`, without a failure.
    pub const fn to(next: JobState, end: AttemptEnd) -> Self {
        Self {
            next,
            due: None,
            end,
            error: None,
        }
    }
}

/// An attempt of a job: kept with its error, whatever became of the job later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// The right by which it runs or ran.
    pub lease: Lease,
    /// The job's stage.
    pub stage: Stage,
    /// When it was claimed.
    pub started_at: Timestamp,
    /// When and how it ended; `None` while it runs.
    pub ended: Option<(Timestamp, AttemptEnd)>,
    /// Why it failed.
    pub error: Option<(Code, String)>,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum JobOutcome {
    /// Done.
    Completed {
        /// What it gave.
        output: serde_json::Value,
        /// Jobs that follow from it.
        follow: Vec<NewJob>,
        /// What later videos may use instead of doing it again.
        cached: Vec<CacheEntry>,
        /// The video's title, where this job decided it.
        title: Option<String>,
    },
    /// Failed; to be tried again after a pause, if attempts are left.
    Retry {
        /// Why.
        code: Code,
        /// Why, in words.
        text: String,
        /// The pause.
        after: Duration,
    },
    /// It can't be done yet, and nothing has failed: a quota that is used up until midnight, say.
    /// The attempt doesn't count.
    Snooze {
        /// When it is to be tried again.
        until: Timestamp,
        /// Why.
        code: Code,
        /// Why, in words.
        text: String,
    },
    /// Failed for good.
    Discard {
        /// Why.
        code: Code,
        /// Why, in words.
        text: String,
    },
}

/// The end of an attempt.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The right by which it ran.
    pub lease: Lease,
    /// How it ended.
    pub outcome: JobOutcome,
    /// The ends of its reservations; those it names none for are voided, or unknown if sent.
    pub postings: Vec<Posting>,
    /// More to tell than the change of state, which is told anyway.
    pub events: Vec<Event>,
}

impl Settlement {
    /// Jobs that follow from it.
    pub fn follow(&self) -> &[NewJob] {
        match &self.outcome {
            JobOutcome::Completed { follow, .. } => follow,
            JobOutcome::Retry { .. } | JobOutcome::Snooze { .. } | JobOutcome::Discard { .. } => {
                &[]
            }
        }
    }
}

/// A batch of ended attempts, and what is wanted next.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The ends, in the order in which they happened.
    pub settlements: Vec<Settlement>,
    /// What is claimed after them; their places are free then.
    pub claim: Option<ClaimRequest>,
}

/// The answer to an exchange.
#[derive(Debug)]
pub struct Exchanged {
    /// How each settlement went, in their order. Of one that failed nothing was written.
    pub settled: Vec<crate::Result<Settled>>,
    /// What was claimed.
    pub claimed: Vec<LeasedJob>,
}

/// What a settlement meant for its video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The video.
    pub video: VideoId,
    /// Where it stands now.
    pub state: VideoState,
    /// Whether this was its end.
    pub ended: bool,
}

/// A file of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRow {
    /// Its name: its content's hash.
    pub id: ArtifactId,
    /// Its size.
    pub bytes: u64,
}

/// What a piece of work gave, under the hash of all that went into it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CacheEntry {
    /// The hash of all that went in.
    pub key: String,
    /// What it gave.
    pub output: serde_json::Value,
    /// The files that belong to it.
    pub artifacts: Vec<ArtifactRow>,
}

/// How much is cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheTotals {
    /// Entries.
    pub entries: u64,
    /// Distinct artifacts.
    pub artifacts: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What a machine has, as far as jobs may use it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// Its kind, for people and for what is learned on such machines: processor, cores, GPUs.
    pub kind: String,
    /// Jobs at once.
    pub slots: u32,
    /// Cores.
    pub cores: u32,
    /// Memory, in MiB.
    pub memory_mib: u32,
    /// Free space of the data folder, in MiB.
    pub disk_free_mib: u64,
    /// Its GPUs.
    pub gpus: Vec<Gpu>,
    /// Hardware encoders that were tried; none where the node may use none.
    pub encoders: Vec<EncoderState>,
}

/// A hardware encoder of a machine, as encoding with it went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EncoderState {
    /// ffmpeg's name of it.
    pub name: String,
    /// Sessions that jobs may have at once; 0 while it is not used.
    pub sessions_max: u32,
    /// Why it isn't used, and when it is tried again; empty if it is.
    pub trouble: String,
}

/// A GPU, as its driver tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gpu {
    /// What it is called.
    pub name: String,
    /// Its identity, whatever its number.
    pub uuid: String,
    /// Memory in all, in MiB.
    pub vram_mib: u32,
    /// Memory that nobody uses, in MiB.
    pub vram_free_mib: u32,
    /// Part of the time in which it computed lately, in percent.
    pub busy_percent: u32,
    /// Sessions of its encoders that are open.
    pub encoder_sessions: u32,
    /// Its temperature in degrees Celsius.
    pub celsius: u32,
    /// Why it may not be given work; empty if it may.
    pub sick: String,
}

/// A process that runs jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Its id.
    pub id: NodeId,
    /// For people: host and process.
    pub name: String,
    /// What its machine has.
    pub machine: Machine,
    /// When it joined.
    pub joined_at: Timestamp,
}

/// How long a node that holds nothing may be silent before it is forgotten: long enough to be seen
/// in `node list`, and far above its heartbeats of 2.5 s.
pub const NODE_SILENT_MAX: Duration = Duration::from_mins(10);

/// Attempts that a job may take; a killed one counts.
pub const ATTEMPTS_MAX: u32 = 5;
