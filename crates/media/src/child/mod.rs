//! Runs one program, sandboxed and limited, and tells what came of it.
//!
//! Users' files and models' answers are hostile, and the programs that read them are large and
//! native. So each child sees only system folders and the paths it was given, writes only into
//! its own folder, has no network, and has limits on memory, CPU, file size, open files and
//! time. Cancelling or timing out kills its whole process group; it also dies with us.

mod meter;
mod running;
mod sandbox;
mod spec;
mod watch;

use std::time::Duration;

use ytempire_core::Cancel;

pub use meter::CpuMeter;
pub use running::{Running, start};
pub use spec::{Limits, Spec};

/// A program that ended well.
#[derive(Debug)]
pub struct Finished {
    /// What it wrote to its standard output, where that was captured.
    pub stdout: Vec<u8>,
    /// The end of what it wrote to its standard error: at most 8 KiB, control characters
    /// replaced.
    pub stderr: String,
    /// User and system time of the program and of the children it waited for.
    pub cpu: Duration,
    /// The most memory it was seen to hold, in bytes; sampled, so short peaks are missed.
    /// 0 if it ended before the first sample.
    pub memory_peak_bytes: u64,
    /// Whether the kernel enforced the sandbox: files and network both.
    pub sandboxed: bool,
}

/// Why a program gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not installed.
    #[error("{program} is not installed; on Debian: apt install {package}")]
    Missing {
        /// The program's name.
        program: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// It ended with an error.
    #[error("{program} failed ({status}): {tail}")]
    Failed {
        /// The program's name.
        program: String,
        /// Exit code or signal, in words.
        status: String,
        /// The end of its standard error.
        tail: String,
    },
    /// It took longer than its wall-clock or CPU limit and was killed.
    #[error("{program} took longer than {limit:?} and was stopped")]
    TimedOut {
        /// The program's name.
        program: String,
        /// The limit.
        limit: Duration,
    },
    /// The caller's wish to stop was obeyed.
    #[error("{program} was stopped on request")]
    Cancelled {
        /// The program's name.
        program: String,
    },
    /// It wrote more than was allowed and was killed.
    #[error("{program} wrote more than {limit_bytes} bytes and was stopped")]
    TooMuchOutput {
        /// The program's name.
        program: String,
        /// The limit on standard output or on one file.
        limit_bytes: u64,
    },
    /// It ran out of memory: the kernel killed it, or its limit refused it more.
    #[error("{program} ran out of memory, having {peak_mib} MiB: {tail}")]
    OutOfMemory {
        /// The program's name.
        program: String,
        /// The most it was seen to hold.
        peak_mib: u32,
        /// The end of its standard error.
        tail: String,
    },
    /// It ran out of disk space.
    #[error("{program} ran out of disk space: {tail}")]
    DiskFull {
        /// The program's name.
        program: String,
        /// The end of its standard error.
        tail: String,
    },
    /// The system would not start it.
    #[error("failed to start {program}")]
    Start {
        /// The program's name.
        program: String,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
}

/// Runs `spec` to its end with `input` as its standard input and its output captured.
///
/// # Errors
/// See [`Error`]; an exit code other than 0 is one.
pub fn run(spec: &Spec, input: &[u8], cancel: &Cancel) -> Result<Finished, Error> {
    let mut running = start(spec, cancel)?;
    let stdin = running.stdin.take();
    let stdout = running.stdout.take();
    let captured = std::thread::scope(|scope| {
        scope.spawn(move || {
            // A program may end without reading all: its exit code tells whether that is wrong.
            drop(stdin.map(|mut pipe| std::io::Write::write_all(&mut pipe, input)));
        });
        stdout.map(|pipe| running.capture(pipe, spec.limits.stdout_bytes))
    });
    let mut finished = running.finish()?;
    finished.stdout = captured.unwrap_or_default();
    Ok(finished)
}

#[cfg(test)]
mod tests;
