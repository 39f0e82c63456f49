//! The nodes of a line, and what is done to them.

use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::Signal;

use crate::counts::Counts;
use crate::feeder::Office;
use crate::node::{End, Node, Trim};
use crate::plan::{Fault, points_of_commands, points_of_nodes};

/// For how long a node with a crash point is left alone, so that it comes to it.
const PROTECTED: Duration = Duration::from_secs(12);

/// Nodes, and the server's pause.
pub(crate) struct Line<'a> {
    office: &'a Office<'a>,
    nodes: Vec<Node>,
    server_back_at: Option<Instant>,
}

impl<'a> Line<'a> {
    pub(crate) fn start(office: &'a Office<'a>, nodes: usize) -> Result<Self> {
        let now = Instant::now();
        let nodes = (0..nodes).map(|number| Node::new(number, now)).collect();
        let mut line = Self {
            office,
            nodes,
            server_back_at: None,
        };
        for point in points_of_nodes().into_iter().chain(points_of_commands()) {
            office.counts().points.entry(point.to_owned()).or_default();
        }
        line.restart_those_that_ended(now)?;
        Ok(line)
    }

    /// Does what the plan says.
    pub(crate) fn apply(&mut self, fault: &Fault, now: Instant) -> Result<()> {
        match *fault {
            Fault::Kill { node } => self.kill(node, now).map(drop),
            Fault::Arm { node, point, visit } => {
                let point = Some((point, visit));
                self.change(node, Trim { point, shift: 0 }, now)
            }
            Fault::Shift { node, seconds } => {
                let trim = Trim {
                    point: None,
                    shift: seconds,
                };
                self.change(node, trim, now)
            }
            Fault::Stop { node, ms } => {
                self.stop(node, ms, now);
                Ok(())
            }
            Fault::Drain { node } => {
                self.drain(node);
                Ok(())
            }
            Fault::Crash { down_ms } => {
                self.crash(down_ms, now);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The node meant, or the next one that may be touched: one that stands still or that is on
    /// its way to a crash point is left alone.
    fn meant(&self, node: usize, now: Instant) -> Option<usize> {
        let many = self.nodes.len();
        (0..many).map(|step| (node + step) % many).find(|&index| {
            let node = &self.nodes[index];
            let protected = node.trim != Trim::default() && now - node.since < PROTECTED;
            node.is_up() && node.stopped_until.is_none() && !protected
        })
    }

    fn kill(&mut self, node: usize, now: Instant) -> Result<Option<usize>> {
        let Some(node) = self.meant(node, now) else {
            return Ok(None);
        };
        self.office.world.note(&format!("kill node {node}"));
        if self.nodes[node].kill() {
            self.office.counts().kills += 1;
        }
        self.nodes[node].restart_at = now;
        self.start_node(node, Trim::default(), now)?;
        Ok(Some(node))
    }

    /// Kills a node and starts it in another trim.
    fn change(&mut self, node: usize, trim: Trim, now: Instant) -> Result<()> {
        let Some(node) = self.meant(node, now) else {
            return Ok(());
        };
        self.office
            .world
            .note(&format!("kill node {node}, then {trim:?}"));
        if self.nodes[node].kill() {
            self.office.counts().kills += 1;
        }
        if trim.shift != 0 {
            self.office.counts().shifts += 1;
        }
        self.start_node(node, trim, now)
    }

    fn start_node(&mut self, node: usize, trim: Trim, now: Instant) -> Result<()> {
        self.office.counts().starts += 1;
        self.nodes[node].start(self.office.world, trim, now)
    }

    fn stop(&mut self, node: usize, ms: u64, now: Instant) {
        let standing = self.nodes.iter().filter(|n| n.stopped_until.is_some());
        // One at least goes on.
        if standing.count() + 1 >= self.nodes.len() {
            return;
        }
        let Some(node) = self.meant(node, now) else {
            return;
        };
        self.office
            .world
            .note(&format!("node {node} stands still for {ms} ms"));
        self.nodes[node].signal(Signal::STOP);
        self.nodes[node].stopped_until = Some(now + Duration::from_millis(ms));
    }

    fn drain(&mut self, node: usize) {
        if let Some(node) = self.meant(node, Instant::now()) {
            self.office.world.note(&format!("node {node} shall leave"));
            self.nodes[node].leaving = true;
            self.nodes[node].signal(Signal::TERM);
            self.office.counts().drains += 1;
        }
    }

    fn crash(&mut self, down_ms: u64, now: Instant) {
        if let (Some(server), None) = (self.office.world.database.server(), self.server_back_at) {
            self.office
                .world
                .note(&format!("the server crashes, away for {down_ms} ms"));
            server.crash();
            self.office.counts().crashes += 1;
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
        }
        self.note_ends(now);
        self.restart_those_that_ended(now)
    }

    fn restart_server(&mut self) {
        if let Some(server) = self.office.world.database.server() {
            server.restart();
            self.office.world.note("the server is back");
        }
        self.server_back_at = None;
    }

    fn go_on(&mut self, index: usize) {
        self.office.world.note(&format!("node {index} goes on"));
        self.nodes[index].signal(Signal::CONT);
        self.nodes[index].stopped_until = None;
        self.office.counts().stops += 1;
    }

    fn note_ends(&mut self, now: Instant) {
        for node in &mut self.nodes {
            let Some(end) = node.reap(now) else { continue };
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
        for index in 0..self.nodes.len() {
            if self.nodes[index].stopped_until.is_some() {
                self.go_on(index);
            }
            if self.nodes[index].trim != Trim::default() {
                self.nodes[index].kill();
                self.start_node(index, Trim::default(), now)?;
            }
        }
        Ok(())
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
