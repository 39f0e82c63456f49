//! What can be done to a line.

use serde::Serialize;

/// One thing that is done to the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum Fault {
    /// `SIGKILL` for a node, which starts again.
    Kill {
        /// Which node.
        node: usize,
    },
    /// `SIGKILL` for a node, which starts again and dies at a named point.
    Arm {
        /// Which node.
        node: usize,
        /// One of [`ytempire_core::CrashPlan::POINTS`]; another one where that has had its share.
        point: &'static str,
        /// At which visit.
        visit: u32,
    },
    /// `SIGKILL` for a node, which starts again with a wrong clock.
    Shift {
        /// Which node.
        node: usize,
        /// By how much its clock is ahead.
        seconds: i64,
    },
    /// `SIGSTOP` for a node, and `SIGCONT` when its leases have long run out.
    Stop {
        /// Which node.
        node: usize,
        /// For how long.
        ms: u64,
    },
    /// `SIGKILL` for a node, which starts again with a clock that is set while it works: so much
    /// ahead, then so much behind, then right again.
    Jump {
        /// Which node.
        node: usize,
        /// By how much, first.
        seconds: i64,
    },
    /// A node alone can't reach the database and Redis; the others can.
    CutOff {
        /// Which node.
        node: usize,
        /// For how long.
        ms: u64,
        /// How it looks to the node.
        how: Loss,
    },
    /// `SIGTERM` for a node, which leaves and starts again.
    Drain {
        /// Which node.
        node: usize,
    },
    /// The database server ends as in a power cut, and comes back.
    Crash {
        /// How long it is away.
        down_ms: u64,
    },
    /// Redis is killed, wiped, silent or slow.
    Redis {
        /// What is done to it.
        what: RedisFault,
        /// For how long; a wipe takes none.
        ms: u64,
    },
    /// Somebody cancels a video that is open.
    Cancel {
        /// Picks the video.
        pick: u64,
    },
    /// Somebody makes an ended video again.
    Retry {
        /// Picks the video.
        pick: u64,
    },
    /// Somebody pauses or halts the line, and resumes it.
    Hold {
        /// Also no spending.
        halt: bool,
        /// For how long.
        ms: u64,
    },
    /// A command that dies at a named point: `video submit` or `video export`.
    Command {
        /// One of [`ytempire_core::CrashPlan::POINTS`].
        point: &'static str,
        /// At which visit.
        visit: u32,
    },
}

impl Fault {
    /// Whether it is still to be done where no node was free for it. There are kills enough.
    pub(crate) const fn can_wait(&self) -> bool {
        matches!(
            self,
            Self::Arm { .. }
                | Self::Shift { .. }
                | Self::Jump { .. }
                | Self::Stop { .. }
                | Self::CutOff { .. }
                | Self::Drain { .. }
        )
    }
}

/// How a connection looks that is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Closed, and closed again at each try.
    Closed,
    /// Open, and nothing is answered.
    Silent,
}

/// What is done to Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedisFault {
    /// `SIGKILL`; it comes back empty.
    Kill,
    /// It forgets everything.
    Wipe,
    /// It answers no node.
    Silent,
    /// It answers every node late.
    Slow,
}
