//! The nodes of a line, and what is done to them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::Signal;

use crate::clock;
use crate::counts::Counts;
use crate::fault::Fault;
use crate::feeder::Office;
use crate::known::{Gap, micros};
use crate::node::{End, Node, Trim};
use crate::plan::{points_of_commands, points_of_nodes};
use crate::redis::Redis;

/// How long a node takes to join and to claim.
const SETTLED: Duration = Duration::from_millis(1_200);

/// Deaths at each crash point, after which those that have had fewer go first.
const POINT_SHARE: u32 = 3;

/// Nodes, and what the servers are at.
pub(crate) struct Line<'a> {
    pub(crate) office: &'a Office<'a>,
    pub(crate) nodes: Vec<Node>,
    server_back_at: Option<Instant>,
    server_away_since: i64,
    /// How often a node was started to die at each crash point.
    tried: BTreeMap<&'static str, u32>,
    pub(crate) redis: Redis,
}

impl<'a> Line<'a> {
    pub(crate) fn start(office: &'a Office<'a>, nodes: usize) -> Result<Self> {
        let now = Instant::now();
        let nodes = (0..nodes).map(|number| Node::new(number, now)).collect();
        let mut line = Self {
            office,
            nodes,
            server_back_at: None,
            server_away_since: 0,
            tried: BTreeMap::new(),
            redis: Redis::default(),
        };
        for point in points_of_nodes().into_iter().chain(points_of_commands()) {
            office.counts().points.entry(point.to_owned()).or_default();
        }
        line.restart_those_that_ended(now)?;
        Ok(line)
    }

    /// Does what the plan says, if a node is free for it.
    pub(crate) fn apply(&mut self, fault: &Fault, now: Instant) -> Result<bool> {
        let plain = Trim::default();
        match *fault {
            Fault::Kill { node } => return self.kill(node, now),
            Fault::Arm { node, point, visit } => {
                let point = Some((self.lacking(point), visit));
                return self.change(node, Trim { point, ..plain }, now);
            }
            Fault::Shift { node, seconds } => {
                let shift = seconds;
                return self.change(node, Trim { shift, ..plain }, now);
            }
            Fault::Jump { node, seconds } => {
                let jump = seconds;
                return self.change(node, Trim { jump, ..plain }, now);
            }
            Fault::Stop { node, ms } => return Ok(self.stop(node, ms, now)),
            Fault::CutOff { node, ms, how } => return Ok(self.cut_off(node, ms, how, now)),
            Fault::Drain { node } => return Ok(self.drain(node, now)),
            Fault::Crash { down_ms } => self.crash(down_ms, now),
            Fault::Redis { what, ms } => {
                let cut = self.out_of_reach();
                self.redis.apply(self.office, what, ms, &cut);
            }
            Fault::Cancel { .. }
            | Fault::Retry { .. }
            | Fault::Hold { .. }
            | Fault::Command { .. } => {}
        }
        Ok(true)
    }

    /// The point; where that one has had its share and others haven't, the one of them that was tried
    /// least: some are come to seldom.
    fn lacking(&self, point: &'static str) -> &'static str {
        let counts = self.office.counts();
        let lacks = |point: &&str| counts.points.get(*point).is_none_or(|n| *n < POINT_SHARE);
        let tried = |point: &&str| self.tried.get(*point).copied().unwrap_or(0);
        let others = points_of_nodes().into_iter().filter(lacks);
        match others.min_by_key(tried) {
            Some(other) if !lacks(&point) => other,
            _ => point,
        }
    }

    /// The node meant, or the next one that may be touched: one that stands still, is or was cut off,
    /// or is on its way to a crash point is left alone.
    pub(crate) fn meant(&self, node: usize, now: Instant) -> Option<usize> {
        self.free(node, now, Duration::ZERO)
    }

    /// A node that may be touched and has been up for so long: `node`, or the next one.
    fn free(&self, node: usize, now: Instant, up: Duration) -> Option<usize> {
        let many = self.nodes.len();
        (0..many).map(|step| (node + step) % many).find(|&index| {
            let node = &self.nodes[index];
            let least = up.max(node.trim.protection());
            let busy = node.stopped_until.is_some() || node.away.is_some();
            node.is_up() && !busy && now - node.since >= least
        })
    }

    fn kill(&mut self, node: usize, now: Instant) -> Result<bool> {
        let Some(node) = self.meant(node, now) else {
            return Ok(false);
        };
        self.office.world.note(&format!("kill node {node}"));
        self.end_life(node);
        if self.nodes[node].kill() {
            self.office.counts().kills += 1;
        }
        self.nodes[node].restart_at = now;
        self.start_node(node, Trim::default(), now)?;
        Ok(true)
    }

    /// Kills a node and starts it in another trim.
    fn change(&mut self, node: usize, trim: Trim, now: Instant) -> Result<bool> {
        let Some(node) = self.meant(node, now) else {
            return Ok(false);
        };
        self.office
            .world
            .note(&format!("kill node {node}, then {trim:?}"));
        self.end_life(node);
        if self.nodes[node].kill() {
            self.office.counts().kills += 1;
        }
        if let Some((point, _)) = trim.point {
            *self.tried.entry(point).or_default() += 1;
        }
        if trim.shift != 0 {
            self.office.counts().shifts += 1;
        }
        self.start_node(node, trim, now)?;
        Ok(true)
    }

    fn end_life(&mut self, node: usize) {
        let life = self.nodes[node].end_life();
        self.office.known().lives.extend(life);
    }

    fn start_node(&mut self, node: usize, trim: Trim, now: Instant) -> Result<()> {
        self.office.counts().starts += 1;
        self.nodes[node].start(self.office.world, trim, now)
    }

    /// One that has been up long enough to be at work, if one at least goes on without it.
    pub(crate) fn spare(&self, node: usize, now: Instant) -> Option<usize> {
        let out = self.nodes.iter().filter(|node| node.is_out()).count();
        let node = self.free(node, now, SETTLED)?;
        (out + 1 < self.nodes.len()).then_some(node)
    }

    fn stop(&mut self, node: usize, ms: u64, now: Instant) -> bool {
        let Some(node) = self.spare(node, now) else {
            return false;
        };
        self.office
            .world
            .note(&format!("node {node} stands still for {ms} ms"));
        self.nodes[node].goes_out();
        self.nodes[node].signal(Signal::STOP);
        self.nodes[node].stopped_until = Some(now + Duration::from_millis(ms));
        true
    }

    fn drain(&mut self, node: usize, now: Instant) -> bool {
        let Some(node) = self.meant(node, now) else {
            return false;
        };
        self.office.world.note(&format!("node {node} shall leave"));
        self.end_life(node);
        self.nodes[node].leaving = true;
        self.nodes[node].signal(Signal::TERM);
        self.office.counts().drains += 1;
        true
    }

    fn crash(&mut self, down_ms: u64, now: Instant) {
        if let (Some(server), None) = (self.office.world.database.server(), self.server_back_at) {
            self.office
                .world
                .note(&format!("the server crashes, away for {down_ms} ms"));
            self.server_away_since = micros();
            server.crash();
            self.office.counts().crashes += 1;
            self.note_crash();
            self.server_back_at = Some(now + Duration::from_millis(down_ms));
        }
    }

    /// Brings back what was only away, and starts again what ended.
    pub(crate) fn tend(&mut self, now: Instant) -> Result<()> {
        if self.server_back_at.is_some_and(|at| at <= now) {
            self.restart_server();
        }
        for index in 0..self.nodes.len() {
            if self.nodes[index].stopped_until.is_some_and(|at| at <= now) {
                self.go_on(index);
            }
            self.set_clock(index, now)?;
        }
        self.tend_those_cut_off(now);
        let cut = self.out_of_reach();
        self.redis.tend(self.office, now, &cut);
        self.note_ends(now);
        self.restart_those_that_ended(now)
    }

    fn restart_server(&mut self) {
        if let Some(server) = self.office.world.database.server() {
            server.restart();
            let from = self.server_away_since;
            let until = micros();
            self.office.known().server_gaps.push(Gap { from, until });
            self.office.world.note("the server is back");
        }
        self.server_back_at = None;
    }

    fn go_on(&mut self, index: usize) {
        self.office.world.note(&format!("node {index} goes on"));
        self.nodes[index].signal(Signal::CONT);
        self.nodes[index].comes_back();
        self.nodes[index].stopped_until = None;
        self.office.counts().stops += 1;
    }

    /// Sets a node's clock when it is time.
    fn set_clock(&mut self, index: usize, now: Instant) -> Result<()> {
        let node = &mut self.nodes[index];
        let due = clock::STEPS.get(node.jumps);
        let due = due.filter(|(after, _)| now - node.since >= *after);
        let Some((_, times)) = due.filter(|_| node.trim.jump != 0 && node.is_up()) else {
            return Ok(());
        };
        node.jumps += 1;
        self.office.counts().jumps += 1;
        self.office.world.set_clock(index, node.trim.jump * times)
    }

    fn note_ends(&mut self, now: Instant) {
        for index in 0..self.nodes.len() {
            let Some(end) = self.nodes[index].reap(now) else {
                continue;
            };
            self.reach_again(index, now);
            self.close_cut(index);
            // When it ended is not known.
            self.nodes[index].life = None;
            let node = &self.nodes[index];
            self.office
                .world
                .note(&format!("node {} ended: {end:?}", node.number));
            let mut counts = self.office.counts();
            match end {
                End::Point(point) => Counts::one(&mut counts.points, point),
                End::Left => {}
                // One that stood still was taken for dead, and leaves.
                End::Alone(status) => Counts::one(&mut counts.ended_by_themselves, &status),
            }
        }
    }

    fn restart_those_that_ended(&mut self, now: Instant) -> Result<()> {
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            if !node.is_up() && node.restart_at <= now {
                self.start_node(index, Trim::default(), now)?;
            }
        }
        Ok(())
    }

    /// Everything works again: nobody stands still, no clock is wrong, no crash point is armed.
    pub(crate) fn heal(&mut self, now: Instant) -> Result<()> {
        if self.server_back_at.is_some() {
            self.restart_server();
        }
        self.redis.heal(self.office, &[]);
        for index in 0..self.nodes.len() {
            if self.nodes[index].stopped_until.is_some() {
                self.go_on(index);
            }
            self.reach_again(index, now);
            self.close_cut(index);
            self.end_life(index);
            if self.nodes[index].trim != Trim::default() {
                self.nodes[index].kill();
                self.start_node(index, Trim::default(), now)?;
            }
        }
        Ok(())
    }

    /// All nodes end at once.
    pub(crate) fn kill_all(&mut self) {
        for node in &mut self.nodes {
            node.kill();
        }
    }

    /// All nodes leave. Tells which had to be killed after 60 seconds.
    pub(crate) fn leave(&mut self) -> Vec<String> {
        for node in self.nodes.iter_mut().filter(|node| node.is_up()) {
            node.leaving = true;
            node.signal(Signal::TERM);
        }
        let patience = Instant::now() + Duration::from_mins(1);
        let mut wrong = Vec::new();
        for node in &mut self.nodes {
            while node.is_up() {
                let now = Instant::now();
                match node.reap(now) {
                    Some(End::Left) => {}
                    Some(end) => wrong.push(format!("node {} ended {end:?}", node.number)),
                    None if now > patience => {
                        wrong.push(format!("node {} doesn't leave", node.number));
                        node.kill();
                    }
                    None => std::thread::sleep(Duration::from_millis(20)),
                }
            }
        }
        wrong
    }
}
