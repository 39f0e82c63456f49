//! A disk whose power can be cut: ext4 in a file, mounted through a loop device.
//!
//! The cut is ext4's own shutdown without a flush of its journal: what was not synced is lost, at one
//! instant. It is no model of torn sectors or of disks that lie.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

/// The image's size; the file is sparse.
const MEGABYTES: u64 = 1_024;

/// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`, of the kernel's `fs/ext4/ext4.h`. A safe
/// ioctl of this kind exists in no crate; Perl is part of every Debian.
const CUT: &str = "open(my $disk, '<', $ARGV[0]) or die qq(open: $!\\n); \
                   my $flags = pack('L', 2); \
                   defined ioctl($disk, 0x8004587d, $flags) or die qq(ioctl: $!\\n);";

/// Takes the disk away at the run's end, however that ends: the system closes its pipes.
const WATCHER: &str = "trap '' INT TERM HUP; read -r _; umount -l \"$1/disk\"; rm -rf \"$1\"";

/// How long a disk may be busy that nobody should use any more.
const BUSY: Duration = Duration::from_secs(20);

/// A mounted disk; gone when dropped.
pub(super) struct Disk {
    folder: PathBuf,
    watcher: Option<Child>,
}

/// Why no disk can be made here.
pub(super) fn lacks() -> Option<String> {
    if !rustix::process::getuid().is_root() {
        return Some("only root may mount a disk".to_owned());
    }
    if !Path::new("/dev/loop-control").exists() {
        return Some("this system has no loop devices (/dev/loop-control)".to_owned());
    }
    Disk::make().err().map(|e| format!("{e:#}"))
}

impl Disk {
    /// A fresh one, mounted.
    pub(super) fn make() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ytempire-power-{}-{n}", std::process::id());
        // Short, and any user can walk to it: a server's socket will be there.
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("disk"))?;
        let watcher = Command::new("setsid")
            .args(["sh", "-c", WATCHER, "sh"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start setsid and sh")?;
        let disk = Self {
            folder,
            watcher: Some(watcher),
        };
        let image = disk.folder.join("image");
        fs::File::create(&image)?.set_len(MEGABYTES << 20)?;
        done(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))?;
        disk.mount()?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join("disk")
    }

    fn mount(&self) -> Result<()> {
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop"]).arg(self.folder.join("image"));
        done(mount.arg(self.path()))
    }

    /// Writes down all that is there: what was put there before anything is promised.
    pub(super) fn settle(&self) -> Result<()> {
        done(Command::new("sync").arg("-f").arg(self.path()))
    }

    /// Cuts its power: from now on nothing is written or read.
    pub(super) fn cut(&self) -> Result<()> {
        done(Command::new("perl").args(["-e", CUT]).arg(self.path()))
    }

    /// Power is back: the journal is replayed. Nobody may use it meanwhile.
    pub(super) fn power_on(&self) -> Result<()> {
        let patience = Instant::now() + BUSY;
        while let Err(e) = done(Command::new("umount").arg(self.path())) {
            if Instant::now() > patience {
                return Err(e);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.mount()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            drop(watcher.stdin.take());
            drop(watcher.wait());
        }
    }
}

fn done(command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("run {}", command.get_program().display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{}: {}",
        command.get_program().display(),
        said.trim()
    );
    Ok(())
}
