//! A node's own clock, set while it works, by libfaketime.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// When a node's clock is set, and how many times over to the amount that the plan says: ahead, then
/// as far behind, then right.
pub(crate) const STEPS: [(Duration, i64); 3] = [
    (Duration::from_millis(2_500), 1),
    (Duration::from_secs(6), -1),
    (Duration::from_millis(9_500), 0),
];

/// The library that stands between programs and the clock.
pub(crate) fn library() -> Result<PathBuf> {
    fs::read_dir("/usr/lib")?
        .flatten()
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists())
        .context("libfaketime is missing: dev/setup --test, or apt-get install libfaketime")
}

/// A clock that goes right until it is [`set`]: the steady clock always does.
pub(crate) fn give(command: &mut Command, library: &Path, file: &Path) -> Result<()> {
    set(file, 0)?;
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Ok(())
}

/// Sets it so many seconds ahead. Nobody reads half a figure.
pub(crate) fn set(file: &Path, seconds: i64) -> io::Result<()> {
    let fresh = file.with_extension("fresh");
    fs::write(&fresh, format!("{seconds:+}"))?;
    fs::rename(fresh, file)
}

/// Takes away what the library leaves in memory when its process is killed.
pub(crate) fn tidy(process: u32) {
    for left in ["faketime_shm_", "sem.faketime_sem_"] {
        drop(fs::remove_file(format!("/dev/shm/{left}{process}")));
    }
}
