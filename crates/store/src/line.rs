//! The line: what all nodes obey, and the order in which videos have their turn.

use serde::{Deserialize, Serialize};
use ytempire_core::{NodeId, Timestamp};

/// What nodes may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineMode {
    /// Claim and spend.
    #[default]
    Running,
    /// Claim nothing; what runs goes on to its end.
    Paused,
    /// Claim nothing and spend nothing: no reservation is granted and no request may leave.
    Halted,
}

impl LineMode {
    /// The stable name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Halted => "halted",
        }
    }

    /// The mode of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Running, Self::Paused, Self::Halted]
            .into_iter()
            .find(|mode| mode.as_str() == name)
    }
}

/// The line as the store has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What nodes may do.
    pub mode: LineMode,
    /// Since when; the epoch if it never changed.
    pub changed_at: Timestamp,
    /// Why, in the words of whoever changed it.
    pub reason: String,
}

/// Videos and jobs that have not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineLoad {
    /// Videos of which nothing was claimed yet.
    pub videos_queued: u64,
    /// Videos that are being made.
    pub videos_running: u64,
    /// Jobs that wait for jobs before them.
    pub jobs_waiting: u64,
    /// Jobs that wait for their time.
    pub jobs_scheduled: u64,
    /// Jobs that may be claimed.
    pub jobs_available: u64,
    /// Jobs under a lease.
    pub jobs_running: u64,
}

/// What a node is told when it says that it lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeOrders {
    /// It shall claim nothing more and leave when its jobs have ended.
    pub draining: bool,
    /// What all nodes obey.
    pub mode: LineMode,
}

/// A node as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Its id.
    pub id: NodeId,
    /// For people: host and process.
    pub name: String,
    /// When it joined.
    pub joined_at: Timestamp,
    /// When it last said that it lives.
    pub seen_at: Timestamp,
    /// Whether it was told to leave.
    pub draining: bool,
    /// Jobs that it has under a lease.
    pub jobs: u64,
    /// What its machine has.
    pub machine: crate::Machine,
}

/// Priorities: 1 can wait, 10 goes first.
pub const PRIORITIES: std::ops::RangeInclusive<u8> = 1..=10;
/// The priority of who asks for none.
pub const PRIORITY: u8 = 5;

/// Bits below a turn: ranks of jobs within their video.
const RANK_BITS: u32 = 16;
/// Bits below a priority: turns, 2 to the power of 40 of them.
const PRIORITY_BITS: u32 = 56;

/// How urgent a job is among all jobs; smaller is more urgent. By priority, then by its video's
/// turn, then by its own `rank` within the video (0 to 65,535; what lies outside is the nearest of
/// them).
///
/// A video's turn is one after its account's last turn, or the line's if that is later: the turn of
/// the latest video that was begun. So an account that comes with its first video stands beside
/// those that are served now, however many others wait: with `n` accounts of the same priority, at
/// most `n − 1` videos are begun before it that were not begun when it came.
pub fn urgency(priority: u8, turn: i64, rank: i64) -> i64 {
    let band = i64::from(PRIORITIES.end() - priority.clamp(*PRIORITIES.start(), *PRIORITIES.end()));
    let turn = turn.clamp(0, (1 << (PRIORITY_BITS - RANK_BITS)) - 1);
    (band << PRIORITY_BITS) + (turn << RANK_BITS) + rank.clamp(0, (1 << RANK_BITS) - 1)
}

/// The most urgent that a job of the same priority can be.
pub const fn band(urgency: i64) -> i64 {
    urgency >> PRIORITY_BITS << PRIORITY_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_goes_before_turn_and_turn_before_rank() {
        let order = [
            urgency(10, i64::MAX, i64::MAX),
            urgency(9, 0, 0),
            urgency(9, 0, 1),
            urgency(9, 0, i64::MAX),
            urgency(9, 1, 0),
            urgency(1, i64::MAX, 0),
            urgency(0, i64::MAX, i64::MAX),
        ];
        assert!(order.is_sorted() && order[0] > 0, "{order:?}");
        assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "{order:?}");
    }

    #[test]
    fn a_band_begins_where_its_priority_does() {
        assert_eq!(band(urgency(5, 77, 9)), urgency(5, 0, 0));
        assert_eq!(band(urgency(10, i64::MAX, i64::MAX)), urgency(10, 0, 0));
    }

    #[test]
    fn modes_have_names() {
        for mode in [LineMode::Running, LineMode::Paused, LineMode::Halted] {
            assert_eq!(LineMode::from_name(mode.as_str()), Some(mode));
        }
    }
}
