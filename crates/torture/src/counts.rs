//! What happened in a run, counted.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::options::Minimums;

/// What happened in a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    /// Nodes killed by `SIGKILL`.
    pub kills: u32,
    /// Deaths at each crash point; points that were armed and not reached stand at 0.
    pub points: BTreeMap<String, u32>,
    /// Crashes of the database server.
    pub crashes: u32,
    /// Nodes that stood still for longer than a lease, and went on.
    pub stops: u32,
    /// Nodes that worked with a wrong clock.
    pub shifts: u32,
    /// Clocks set by hours while a node worked.
    pub jumps: u32,
    /// Nodes that were cut off alone, and came back.
    pub cuts: u32,
    /// Times that Redis was killed.
    pub redis_kills: u32,
    /// Times that Redis forgot everything.
    pub redis_wipes: u32,
    /// Times that Redis was silent or slow.
    pub redis_stalls: u32,
    /// Nodes told to leave by `SIGTERM`.
    pub drains: u32,
    /// Times that a node was started.
    pub starts: u32,
    /// Nodes that ended without being told to, by their exit code: a database that was away.
    pub ended_by_themselves: BTreeMap<String, u32>,
    /// Videos cancelled.
    pub cancels: u32,
    /// Videos made again.
    pub retries: u32,
    /// Times that the line was paused or halted.
    pub holds: u32,
    /// Commands that answered with a failure, by what it was.
    pub refusals: BTreeMap<String, u32>,
}

/// How what was accepted ended.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// Videos that were acknowledged.
    pub accepted: usize,
    /// Videos by their last state.
    pub videos: BTreeMap<String, usize>,
    /// Failed videos by their code.
    pub failures: BTreeMap<String, usize>,
    /// Jobs by their last state.
    pub jobs: BTreeMap<String, usize>,
    /// Times that a job was claimed.
    pub claims: usize,
    /// Jobs taken back from nodes that died or stood still.
    pub rescues: usize,
    /// Jobs that others took over from a node that was cut off.
    pub taken_over: usize,
    /// The longest that one of them had waited for it since the cut, in milliseconds.
    pub taken_over_ms_max: i64,
    /// Nodes that were cut off and claimed again afterwards.
    pub went_on: usize,
    /// Jobs completed while Redis was away.
    pub without_redis: usize,
    /// Reservations that came to their end.
    pub transfers: usize,
    /// Events written.
    pub events: usize,
    /// Files compared with their names.
    pub files: usize,
    /// Videos that ffprobe could read.
    pub probed: usize,
}

impl Counts {
    /// What didn't happen often enough for the run to count.
    pub fn lacks(&self, outcome: &Outcome, minimums: &Minimums) -> Vec<String> {
        let ready = outcome.videos.get("ready").copied().unwrap_or(0) as u32;
        let without_redis = outcome.without_redis as u32;
        let mut lacks: Vec<String> = [
            ("kills", self.kills, minimums.kills),
            ("crashes of the database", self.crashes, minimums.crashes),
            ("standstills", self.stops, minimums.stops),
            ("wrong clocks", self.shifts, minimums.shifts),
            ("clocks set", self.jumps, minimums.jumps),
            ("nodes cut off", self.cuts, minimums.cuts),
            ("kills of Redis", self.redis_kills, minimums.redis),
            ("wipes of Redis", self.redis_wipes, minimums.redis),
            ("stalls of Redis", self.redis_stalls, minimums.redis),
            ("jobs without Redis", without_redis, minimums.redis.min(1)),
            ("ready videos", ready, minimums.ready),
        ]
        .into_iter()
        .filter(|(_, reached, wanted)| reached < wanted)
        .map(|(what, reached, wanted)| format!("{reached} {what}, wanted {wanted}"))
        .collect();
        for (point, reached) in &self.points {
            if *reached < minimums.points {
                lacks.push(format!(
                    "{reached} deaths at {point}, wanted {}",
                    minimums.points
                ));
            }
        }
        lacks
    }

    /// One more of `name` in `map`.
    pub(crate) fn one(map: &mut BTreeMap<String, u32>, name: &str) {
        *map.entry(name.to_owned()).or_default() += 1;
    }
}
