//! Watches one child from its birth to its end: its errors, its time, our wish to stop.

use std::collections::VecDeque;
use std::io::Read;
use std::process::{Child, ChildStderr, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use ytempire_core::Cancel;

/// How often the wishes of others are looked at: well within the half second we promise.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};
/// How much of the standard error is kept.
const TAIL_BYTES: usize = 8 << 10;
/// After the end of the group, how many ticks to wait for the last words in the pipe. Only a
/// child that left its group can hold the pipe open for longer, and we don't wait for that.
const LAST_WORDS_TICKS: u32 = 10;
/// The unit of times in `/proc/PID/stat`; Linux shows 100 a second on every architecture.
const CLOCK_TICKS_PER_SECOND: u64 = 100;

/// How a child ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) status: Option<ExitStatus>,
    pub(super) stopped: Option<Stopped>,
    pub(super) tail: String,
    pub(super) cpu: Duration,
    pub(super) memory_peak_bytes: u64,
}

impl End {
    pub(super) fn unknown() -> Self {
        Self {
            status: None,
            stopped: None,
            tail: String::new(),
            cpu: Duration::ZERO,
            memory_peak_bytes: 0,
        }
    }
}

/// Why we killed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    Cancelled,
    TimedOut,
    Abandoned,
}

/// Blocks until `child` is gone with its whole group.
pub(super) fn watch(
    mut child: Child,
    wall: Duration,
    cancel: &Cancel,
    abandoned: &AtomicBool,
) -> End {
    let mut end = End::unknown();
    let mut stderr = child.stderr.take();
    let mut tail = Tail::default();
    let pid = Pid::from_child(&child);
    let started = monotonic();
    if let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) {
        loop {
            end.memory_peak_bytes = end.memory_peak_bytes.max(memory_peak(pid));
            let mut ready = [
                PollFd::new(&pidfd, PollFlags::IN),
                PollFd::new(&pidfd, PollFlags::empty()),
            ];
            if let Some(pipe) = &stderr {
                ready[1] = PollFd::new(pipe, PollFlags::IN);
            }
            // An interrupted poll looks like one in which nothing happened.
            let _count = poll(&mut ready, Some(&TICK));
            let gone = !ready[0].revents().is_empty();
            let spoke = !ready[1].revents().is_empty();
            if gone {
                break;
            }
            if spoke {
                tail.take(&mut stderr);
            }
            if end.stopped.is_none() {
                end.stopped = wish(cancel, abandoned, monotonic().saturating_sub(started), wall);
                if end.stopped.is_some() {
                    kill_group(pid);
                }
            }
        }
    }
    // The zombie still holds its process id, so neither the figures nor the group can be
    // another's.
    end.cpu = cpu_time(pid);
    kill_group(pid);
    end.status = child.wait().ok();
    tail.take_rest(&mut stderr);
    end.tail = tail.into_text();
    end
}

fn wish(
    cancel: &Cancel,
    abandoned: &AtomicBool,
    elapsed: Duration,
    wall: Duration,
) -> Option<Stopped> {
    if cancel.is_cancelled() {
        Some(Stopped::Cancelled)
    } else if abandoned.load(Ordering::Acquire) {
        Some(Stopped::Abandoned)
    } else if elapsed > wall {
        Some(Stopped::TimedOut)
    } else {
        None
    }
}

/// Time since some fixed moment. Limits are about this machine's real time and nothing
/// computed depends on it, so no `Clock` is passed through to here.
fn monotonic() -> Duration {
    thread_local! {
        #[expect(clippy::disallowed_methods, reason = "a wall-clock limit needs a real clock")]
        static START: Instant = Instant::now();
    }
    START.with(Instant::elapsed)
}

fn kill_group(pid: Pid) {
    // The only failure is that nobody is left.
    let _nobody = kill_process_group(pid, Signal::KILL);
}

/// User and system time of a process and the children it waited for.
fn cpu_time(pid: Pid) -> Duration {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return Duration::ZERO;
    };
    // The second field is the name in parentheses and may contain anything; times are the
    // fields 14 to 17, so the 12th to 15th after it.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(4)
        .filter_map(|t| t.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * (1000 / CLOCK_TICKS_PER_SECOND))
}

/// The most memory a living process has held so far.
fn memory_peak(pid: Pid) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| {
        rest.trim()
            .trim_end_matches("kB")
            .trim()
            .parse::<u64>()
            .ok()
    });
    kib.unwrap_or(0) * 1024
}

/// The end of a stream.
#[derive(Default)]
struct Tail(VecDeque<u8>);

impl Tail {
    /// Takes what is ready; at the end of the stream lets go of it.
    fn take(&mut self, pipe: &mut Option<ChildStderr>) {
        let mut chunk = [0; 4096];
        match pipe.as_mut().map(|pipe| pipe.read(&mut chunk)) {
            Some(Ok(length @ 1..)) => self.0.extend(&chunk[..length]),
            Some(Ok(0) | Err(_)) => *pipe = None,
            None => {}
        }
        let surplus = self.0.len().saturating_sub(TAIL_BYTES);
        self.0.drain(..surplus);
    }

    fn take_rest(&mut self, pipe: &mut Option<ChildStderr>) {
        let mut patience = LAST_WORDS_TICKS;
        while let Some(open) = pipe.as_ref() {
            let mut ready = [PollFd::new(open, PollFlags::IN)];
            match poll(&mut ready, Some(&TICK)) {
                Ok(1..) => self.take(pipe),
                _ if patience == 0 => return,
                _ => patience -= 1,
            }
        }
    }

    fn into_text(self) -> String {
        let bytes: Vec<u8> = self.0.into();
        let text: String = String::from_utf8_lossy(&bytes)
            .chars()
            .map(|c| match c {
                '\n' | '\r' => '\n',
                c if c.is_control() => ' ',
                c => c,
            })
            .collect();
        text.trim().to_owned()
    }
}
