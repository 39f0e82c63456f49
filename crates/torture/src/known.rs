//! What the harness itself knows, against which the product's books are held.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// What those who order and those who break know.
#[derive(Debug, Default)]
pub struct Known {
    /// Ids that were acknowledged.
    pub accepted: Vec<String>,
    /// How often each budget was asked for, answered or not.
    pub asked: BTreeMap<i64, u32>,
    /// Nodes that were cut off.
    pub(crate) cuts: Vec<Cut>,
    /// Nodes that were killed by us or never, and not by themselves.
    pub(crate) lives: Vec<Life>,
    /// When the database server was away.
    pub(crate) server_gaps: Vec<Gap>,
    /// When Redis was of no use.
    pub(crate) redis_gaps: Vec<Gap>,
}

/// A node's process.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) process: u32,
    pub(crate) from: i64,
    /// When it was killed or told to leave.
    pub(crate) until: i64,
    /// When it stood still or was cut off.
    pub(crate) outs: Vec<Gap>,
}

/// A node that was cut off alone. Times are microseconds of the machine's clock, which the database
/// server goes by as well.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// Its process.
    pub(crate) process: u32,
    /// While it could reach nothing.
    pub(crate) gap: Gap,
    /// When it was killed, told to leave, or last seen.
    pub(crate) ended: i64,
    /// The database was away for all during that time.
    pub(crate) crashed: bool,
}

/// A span of time, in microseconds of the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Gap {
    /// Whether they have a moment in common.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.from <= other.until && other.from <= self.until
    }
}

/// Now, in microseconds of the machine's clock.
pub(crate) fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as i64)
}
