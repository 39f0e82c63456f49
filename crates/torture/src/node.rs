//! One node: a process that is killed, stopped and started again.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::clock;
use crate::cut::Away;
use crate::known::{Gap, Life, micros};
use crate::world::World;

/// How a node is to be started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trim {
    /// Where it shall die, and at which visit.
    pub(crate) point: Option<(&'static str, u32)>,
    /// By how many seconds its clock is ahead.
    pub(crate) shift: i64,
    /// By how many seconds its clock is set while it works; 0: never.
    pub(crate) jump: i64,
}

impl Trim {
    /// For how long one is left alone that was started so: it shall come to its crash point, claim by
    /// its wrong clock, or see all that its clock is set to.
    pub(crate) const fn protection(&self) -> Duration {
        Duration::from_secs(if self.point.is_some() {
            10
        } else if self.jump != 0 {
            12
        } else if self.shift != 0 {
            5
        } else {
            0
        })
    }
}

/// A place for a node.
pub(crate) struct Node {
    /// Its number.
    pub(crate) number: usize,
    child: Option<Child>,
    /// How the one that runs was started.
    pub(crate) trim: Trim,
    /// When the one that runs was started.
    pub(crate) since: Instant,
    /// Until when it stands still.
    pub(crate) stopped_until: Option<Instant>,
    /// Its clock has been set so many times.
    pub(crate) jumps: usize,
    /// The one that runs, as long as nothing but us can end it.
    pub(crate) life: Option<Life>,
    /// Since when it is out, in microseconds of the machine's clock.
    out_since: i64,
    /// It is cut off, or was until a moment ago.
    pub(crate) away: Option<Away>,
    /// We have told it to leave.
    pub(crate) leaving: bool,
    /// When it may start again.
    pub(crate) restart_at: Instant,
}

/// How a node ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At the crash point that it was started with.
    Point(&'static str),
    /// As it was told.
    Left,
    /// By itself.
    Alone(String),
}

impl Node {
    pub(crate) fn new(number: usize, now: Instant) -> Self {
        Self {
            number,
            child: None,
            trim: Trim::default(),
            since: now,
            stopped_until: None,
            jumps: 0,
            life: None,
            out_since: 0,
            away: None,
            leaving: false,
            restart_at: now,
        }
    }

    pub(crate) fn start(&mut self, world: &World, trim: Trim, now: Instant) -> Result<()> {
        let mut command = world.node(self.number);
        if let Some((point, visit)) = trim.point {
            command.env("YTEMPIRE_CRASH_AT", format!("{point}:{visit}"));
        }
        if trim.shift != 0 {
            command.env("YTEMPIRE_CLOCK_SHIFT", trim.shift.to_string());
        }
        if trim.jump != 0 {
            world.give_clock(&mut command, self.number)?;
        }
        let child = command
            .stdout(world.ends_of(self.number)?)
            .stderr(world.log_of(self.number)?)
            .spawn()
            .context("start a node")?;
        world.note(&format!(
            "node {} is process {} {trim:?}",
            self.number,
            child.id()
        ));
        self.life = trim.point.is_none().then(|| Life {
            process: child.id(),
            from: micros(),
            until: i64::MAX,
            outs: Vec::new(),
        });
        self.child = Some(child);
        self.trim = trim;
        self.since = now;
        self.leaving = false;
        self.stopped_until = None;
        self.jumps = 0;
        Ok(())
    }

    pub(crate) const fn is_up(&self) -> bool {
        self.child.is_some()
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// It is out from now on.
    pub(crate) fn goes_out(&mut self) {
        self.out_since = micros();
    }

    /// It is no longer out.
    pub(crate) fn comes_back(&mut self) {
        let from = self.out_since;
        if let Some(life) = &mut self.life {
            let until = micros();
            life.outs.push(Gap { from, until });
        }
    }

    /// Its life so far, which we are about to end.
    pub(crate) fn end_life(&mut self) -> Option<Life> {
        if self.is_out() {
            self.comes_back();
        }
        let until = micros();
        self.life.take().map(|life| Life { until, ..life })
    }

    /// Stands still, or can reach nothing.
    pub(crate) fn is_out(&self) -> bool {
        self.stopped_until.is_some() || self.away.as_ref().is_some_and(Away::is_out)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = self
            .process()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        // It may have ended by itself just now.
        let _sent = id.map(|id| kill_process(id, signal));
    }

    /// Kills it and waits until the system has taken it away; tells whether it was alive.
    pub(crate) fn kill(&mut self) -> bool {
        let Some(mut child) = self.child.take() else {
            return false;
        };
        let _sent = child.kill();
        self.stopped_until = None;
        let ended = child.wait();
        clock::tidy(child.id());
        ended.is_ok_and(|status| status.signal() == Some(9))
    }

    /// How it ended, once it has.
    pub(crate) fn reap(&mut self, now: Instant) -> Option<End> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        if let Some(child) = self.child.take() {
            clock::tidy(child.id());
        }
        self.restart_at = now + Duration::from_millis(200);
        Some(self.end(status))
    }

    fn end(&self, status: ExitStatus) -> End {
        match (self.trim.point, status.signal()) {
            (Some((point, _)), Some(6)) => End::Point(point),
            _ if status.success() && self.leaving => End::Left,
            _ => End::Alone(status.to_string()),
        }
    }
}
