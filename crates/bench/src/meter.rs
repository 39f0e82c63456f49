//! What a program and everything that it starts takes: CPU, memory, time.
//!
//! Not `/usr/bin/time`: a browser's zygote ignores the ends of its children, and then the kernel adds
//! their time to nobody's. So each run has a control group of its own, whose clock counts every
//! process in it. Orphans are adopted, so that none outlives the run.

use std::fs;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, WaitOptions};

use crate::control_group::ControlGroup;

/// How often memory is looked at. Adding up the pages of a process takes the kernel about a
/// millisecond, which isn't charged to it.
const LOOK: Duration = Duration::from_millis(200);

/// How exactly wall time is told.
const STEP: Duration = Duration::from_millis(10);

/// What a run took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// User and system time of the whole process tree.
    pub(crate) cpu: Duration,
    /// The most memory that the tree held at once, in bytes; shared pages count once.
    pub(crate) memory_peak: u64,
}

/// Makes this process the one that orphaned grandchildren fall to.
pub(crate) fn adopt_orphans() -> Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .context("can't adopt orphans")
}

/// Runs `command` to its end.
pub(crate) fn run(command: &mut Command) -> Result<Taken> {
    watch(command, &mut |_| {}).map(|(taken, _)| taken)
}

/// Runs `command` to its end and gives its standard output; `line` is called with each line of
/// it as it comes.
pub(crate) fn watch(command: &mut Command, line: &mut dyn FnMut(&str)) -> Result<(Taken, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let errors = tempfile()?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors.try_clone()?);
    let group = ControlGroup::new().ok();
    let before = reaped()?;
    let start = Instant::now();
    let started = match &group {
        Some(group) => group.spawn(command),
        None => command.spawn().map_err(Into::into),
    };
    let mut child = started.with_context(|| format!("can't start {name}"))?;
    let lines = lines_of(&mut child);
    let mut memory_peak = 0;
    let mut looked = start;
    let mut said = String::new();
    let status = loop {
        while let Ok(text) = lines.try_recv() {
            line(&text);
            said.push_str(&text);
            said.push('\n');
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if looked.elapsed() >= LOOK {
            memory_peak = memory_peak.max(memory());
            looked = Instant::now();
        }
        std::thread::sleep(STEP);
    };
    let wall = start.elapsed();
    bury();
    for text in &lines {
        line(&text);
        said.push_str(&text);
        said.push('\n');
    }
    let cpu = match &group {
        Some(group) => group.used()?,
        None => reaped()?.saturating_sub(before),
    };
    if !status.success() {
        let mut text = String::new();
        let mut errors = errors;
        std::io::Seek::rewind(&mut errors)?;
        errors.read_to_string(&mut text)?;
        let tail: Vec<&str> = text.lines().rev().take(12).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("{name} failed ({status}):\n{}", tail.join("\n"));
    }
    let taken = Taken {
        wall,
        cpu,
        memory_peak,
    };
    Ok((taken, said))
}

fn lines_of(child: &mut Child) -> std::sync::mpsc::Receiver<String> {
    let (send, receive) = std::sync::mpsc::channel();
    if let Some(out) = child.stdout.take() {
        std::thread::spawn(move || {
            let lines = std::io::BufRead::lines(std::io::BufReader::new(out));
            for text in lines.map_while(std::io::Result::ok) {
                if send.send(text).is_err() {
                    break;
                }
            }
        });
    }
    receive
}

fn tempfile() -> Result<fs::File> {
    let path = crate::work_folder()?.join("stderr");
    let open = fs::File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path);
    open.with_context(|| format!("can't write {}", path.display()))
}

/// Ends and reaps the children that the program left behind.
fn bury() {
    loop {
        for pid in children(std::process::id()) {
            if let Some(pid) = Pid::from_raw(pid as i32) {
                // It may have just ended.
                let _ended = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        // An error says that there are no more children.
        if rustix::process::waitpid(None, WaitOptions::empty()).is_err() {
            return;
        }
    }
}

/// CPU time of all children that this process has waited for, theirs included: what there is without
/// control groups, and too little for a browser.
fn reaped() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
    // proc(5): cutime and cstime are fields 16 and 17, in 100ths of a second on Linux; the first of
    // these is field 3.
    let (Some(user), Some(system)) = (ticks(13), ticks(14)) else {
        bail!("/proc/self/stat is not as expected");
    };
    Ok(Duration::from_millis((user + system) * 10))
}

/// The processes that `pid` started and that still live.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|text| {
            let pids = text.split_whitespace().filter_map(|pid| pid.parse().ok());
            pids.collect::<Vec<u32>>()
        })
        .collect()
}

/// Bytes that the processes below this one hold: proportional set sizes, so that what two share
/// is counted once.
fn memory() -> u64 {
    let held = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find(|line| line.starts_with("Pss:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let mut left = children(std::process::id());
    let mut sum = 0;
    while let Some(pid) = left.pop() {
        sum += held(pid).unwrap_or_default() * 1024;
        left.extend(children(pid));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_whose_ends_are_ignored_are_counted_in_a_control_group() {
        let Ok(group) = ControlGroup::new() else {
            eprintln!("NOT TESTED: control groups can't be made here");
            return;
        };
        // As a browser's zygote does it: without the signal, the kernel adds their time to nobody's.
        let script = "$SIG{CHLD} = 'IGNORE'; if (!fork) { $x += $_ for 1..20_000_000; exit } wait";
        let mut perl = group
            .spawn(Command::new("perl").args(["-e", script]))
            .unwrap();
        assert!(perl.wait().unwrap().success());
        let used = group.used().unwrap();
        assert!(used > Duration::from_millis(50), "{used:?}");
    }

    #[test]
    fn orphans_are_counted() {
        adopt_orphans().unwrap();
        let pipe = std::env::temp_dir().join(format!("bench-orphan-{}", std::process::id()));
        // The orphan works, says so through the pipe, and would stay for a minute.
        let script = format!(
            "mkfifo {0}; (sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; \
             echo done > {0}; exec sleep 60' &); read answer < {0}; rm {0}",
            pipe.display()
        );
        let taken = run(Command::new("sh").args(["-c", &script])).unwrap();
        assert!(taken.cpu > Duration::from_millis(30), "{taken:?}");
        assert!(taken.wall < Duration::from_secs(55), "{taken:?}");
    }
}
