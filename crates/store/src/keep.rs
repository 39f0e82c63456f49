//! What is kept of ended videos, and for how long: deleting them, and the books that outlive them.

use serde::{Deserialize, Serialize};
use ytempire_core::{AccountId, ChannelId, MicroUsd, Stage, Timestamp};

/// What became of the wish to delete a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone, with its jobs, attempts, events and transfers; what it spent is kept in
    /// [`SpentRow`]s.
    Done,
    /// There is no such video.
    Unknown,
    /// It has not ended, or a job of it still runs: nothing was deleted.
    Unfinished,
}

/// What was spent on one thing on one day, also by videos that are deleted since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentRow {
    /// Whose money.
    pub account: AccountId,
    /// For which of its channels.
    pub channel: Option<ChannelId>,
    /// The beginning of the day in UTC on which it was settled.
    pub day: Timestamp,
    /// On which stage.
    pub stage: Stage,
    /// Who did the work.
    pub backend: String,
    /// What was counted.
    pub meter: String,
    /// Our own machine's share, not cash.
    pub imputed: bool,
    /// Units.
    pub quantity: u64,
    /// Spent.
    pub posted: MicroUsd,
    /// What may have been billed and nobody knows: at its worst case.
    pub unknown: MicroUsd,
}

/// What is not kept any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Videos that ended before this moment are deleted.
    pub videos: Option<Timestamp>,
    /// Events of videos that ended before this moment are deleted.
    pub events: Option<Timestamp>,
    /// At most so many videos are touched by each of the two, so that others wait for
    /// milliseconds.
    pub videos_max: u32,
}

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expired {
    /// Videos.
    pub videos: u64,
    /// Videos whose events were deleted, and that are still there.
    pub trimmed: u64,
}

/// How much has ended and is still kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Videos that have ended.
    pub videos: u64,
    /// When the first of them ended.
    pub since: Option<Timestamp>,
}
