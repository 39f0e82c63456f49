//! Recurring starts: what is started again and again, and how a tick is started once.

use serde::{Deserialize, Serialize};
use ytempire_core::{AccountId, ScheduleId, Timestamp, VideoId};

use crate::Submission;

/// Whether a schedule starts anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleState {
    /// It does.
    Active,
    /// Not until it is resumed.
    Paused,
}

impl ScheduleState {
    /// The stable name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Paused]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// A recurring start as the store has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleRow {
    /// Its id.
    pub id: ScheduleId,
    /// Whose videos it starts.
    pub account: AccountId,
    /// Its name, unique within the account.
    pub name: String,
    /// Whether it starts anything.
    pub state: ScheduleState,
    /// When it ticks: the store keeps it and doesn't look into it.
    pub timing: serde_json::Value,
    /// What is made at each tick: a video's request.
    pub request: serde_json::Value,
    /// How urgent its videos are: 1 can wait, 10 goes first.
    pub priority: u8,
    /// When the next tick is to be started; `None` if there is none any more.
    pub next_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last did something, or failed to.
    pub last_at: Option<Timestamp>,
    /// The video that it started last.
    pub last_video: Option<VideoId>,
    /// Why the last tick started nothing.
    pub last_error: Option<String>,
    /// Videos that it has started.
    pub started: u64,
}

/// What comes of the ticks that are due: everything of it, or nothing.
#[derive(Clone, Debug)]
pub struct ScheduleStep {
    /// The schedule.
    pub id: ScheduleId,
    /// What its `next_at` was when this was decided. Somebody else may have been quicker: then
    /// nothing is written.
    pub was: Timestamp,
    /// When it ticks next.
    pub next_at: Option<Timestamp>,
    /// The videos to start: one, several where missed ticks are caught up with, or none.
    pub submissions: Vec<Submission>,
    /// Why nothing is started, where something should be.
    pub error: Option<String>,
}
