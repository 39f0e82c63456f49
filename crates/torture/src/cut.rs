//! A node that can't reach the database and Redis while the others can.

use std::time::{Duration, Instant};

use crate::fault::Loss;
use crate::known::{Cut, Gap, micros};
use crate::line::Line;

/// For how long a node is left alone that is back: it must be seen to go on.
const WATCHED: Duration = Duration::from_secs(14);

/// A node that is cut off, or was until a moment ago.
pub(crate) struct Away {
    /// When it can reach everything again; then, until when it is left alone.
    until: Instant,
    out: bool,
    cut: Cut,
}

impl Away {
    /// It can reach nothing.
    pub(crate) const fn is_out(&self) -> bool {
        self.out
    }
}

impl Line<'_> {
    /// Cuts one off, unless another one is or no node is free for it.
    pub(crate) fn cut_off(&mut self, node: usize, ms: u64, how: Loss, now: Instant) -> bool {
        if self.nodes.iter().any(|node| node.away.is_some()) {
            return false;
        }
        let Some(node) = self.spare(node, now) else {
            return false;
        };
        let Some(process) = self.nodes[node].process() else {
            return false;
        };
        let world = self.office.world;
        world.note(&format!("node {node} is cut off for {ms} ms, {how:?}"));
        world.wires().cut(node, Some(how));
        let from = micros();
        let gap = Gap { from, until: from };
        self.nodes[node].goes_out();
        self.nodes[node].away = Some(Away {
            until: now + Duration::from_millis(ms),
            out: true,
            cut: Cut {
                process,
                gap,
                ended: from,
                crashed: false,
            },
        });
        true
    }

    /// Nodes that can reach nothing.
    pub(crate) fn out_of_reach(&self) -> Vec<usize> {
        let out = |index: &usize| self.nodes[*index].away.as_ref().is_some_and(Away::is_out);
        (0..self.nodes.len()).filter(out).collect()
    }

    /// The database is away for all.
    pub(crate) fn note_crash(&mut self) {
        for away in self.nodes.iter_mut().filter_map(|node| node.away.as_mut()) {
            away.cut.crashed = true;
        }
    }

    /// Brings back those whose time is over, and no longer watches those that have been back.
    pub(crate) fn tend_those_cut_off(&mut self, now: Instant) {
        for index in 0..self.nodes.len() {
            match &self.nodes[index].away {
                Some(away) if away.until > now => {}
                Some(away) if away.out => self.reach_again(index, now),
                Some(_) => self.close_cut(index),
                None => {}
            }
        }
    }

    /// The node can reach everything again.
    pub(crate) fn reach_again(&mut self, index: usize, now: Instant) {
        let Some(away) = self.nodes[index].away.as_mut().filter(|away| away.out) else {
            return;
        };
        away.out = false;
        away.until = now + WATCHED;
        away.cut.gap.until = micros();
        self.nodes[index].comes_back();
        let world = self.office.world;
        world.wires().cut(index, None);
        let others = self.out_of_reach();
        world.wires().stall_redis(self.redis.stall(), &others);
        world.note(&format!("node {index} is no longer cut off"));
        self.office.counts().cuts += 1;
    }

    /// It isn't watched any more.
    pub(crate) fn close_cut(&mut self, index: usize) {
        if let Some(mut away) = self.nodes[index].away.take() {
            away.cut.ended = micros();
            self.office.known().cuts.push(away.cut);
        }
    }
}
