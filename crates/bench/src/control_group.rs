//! A control group of the kernel (version 1 or 2) that counts the CPU time of the processes in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// A group that is there as long as this value.
#[derive(Debug)]
pub(crate) struct ControlGroup {
    /// Where its parent is, in which this process is too.
    parent: PathBuf,
    folder: PathBuf,
}

impl ControlGroup {
    /// A new and empty one within the group that this process is in. Fails where the system doesn't
    /// let us, as it does without root.
    pub(crate) fn new() -> Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let parent = own()?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("ytempire-bench-{}-{number}", std::process::id()));
        fs::create_dir(&folder)
            .with_context(|| format!("can't make the control group {}", folder.display()))?;
        Ok(Self { parent, folder })
    }

    /// Starts `command` in it. This process goes in for a moment, so that the child and all that it
    /// starts are in it from their first instruction.
    pub(crate) fn spawn(&self, command: &mut Command) -> Result<Child> {
        enter(&self.folder)?;
        let child = command.spawn();
        enter(&self.parent)?;
        Ok(child?)
    }

    /// User and system time of all processes that are or were in it.
    pub(crate) fn used(&self) -> Result<Duration> {
        if let Ok(text) = fs::read_to_string(self.folder.join("cpuacct.usage")) {
            return Ok(Duration::from_nanos(text.trim().parse()?));
        }
        let text = fs::read_to_string(self.folder.join("cpu.stat"))?;
        let Some(micros) = text
            .lines()
            .find_map(|line| line.strip_prefix("usage_usec "))
        else {
            bail!("{} doesn't count CPU time", self.folder.display());
        };
        Ok(Duration::from_micros(micros.trim().parse()?))
    }
}

/// The folder of the group that counts this process now.
fn own() -> Result<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup")?;
    let of = |controller: &str| {
        groups.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            let ours = controllers.split(',').any(|name| name == controller);
            ours.then(|| path.trim_start_matches('/').to_owned())
        })
    };
    let root = Path::new("/sys/fs/cgroup");
    match of("cpuacct") {
        Some(path) => Ok(root.join("cpuacct").join(path)),
        // Version 2 names no controllers.
        None => of("")
            .map(|path| root.join(path))
            .context("no control groups here"),
    }
}

fn enter(group: &Path) -> Result<()> {
    fs::write(group.join("cgroup.procs"), std::process::id().to_string())
        .with_context(|| format!("can't enter the control group {}", group.display()))
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        // It stays only where a process of it does.
        let _left = fs::remove_dir(&self.folder);
    }
}
