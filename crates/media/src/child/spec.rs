//! What to run, with which rights and limits.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::CpuMeter;

/// How much a child may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time on the wall.
    pub wall: Duration,
    /// Time on a CPU, in seconds, over all its threads.
    pub cpu_s: u64,
    /// Address space in bytes. Libraries map much more than they touch: below 1 GiB ffmpeg
    /// doesn't start its threads.
    pub memory_bytes: u64,
    /// Size of any one file it writes.
    pub file_bytes: u64,
    /// Open files.
    pub open_files: u64,
    /// Bytes kept of its standard output by [`run`](super::run); more is an error.
    pub stdout_bytes: u64,
}

impl Default for Limits {
    /// Ten minutes, 4 GiB of memory and of file, 256 files, 16 MiB of output.
    fn default() -> Self {
        Self {
            wall: Duration::from_mins(10),
            cpu_s: 1200,
            memory_bytes: 4 << 30,
            file_bytes: 4 << 30,
            open_files: 256,
            stdout_bytes: 16 << 20,
        }
    }
}

/// A program with its arguments, the folder it works in, and what else it may read.
#[derive(Clone, Debug)]
pub struct Spec {
    pub(super) program: PathBuf,
    pub(super) package: &'static str,
    pub(super) args: Vec<OsString>,
    pub(super) folder: PathBuf,
    pub(super) reads: Vec<PathBuf>,
    pub(super) gpu: bool,
    pub(super) env: Vec<(&'static str, OsString)>,
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) limits: Limits,
    pub(super) meter: CpuMeter,
}

impl Spec {
    /// The program at the absolute path `program`, of the Debian package `package`, working in
    /// `folder`: its only writable place, its home and its place for temporary files.
    pub fn new(program: &Path, package: &'static str, folder: &Path) -> Self {
        Self {
            program: program.to_owned(),
            package,
            args: Vec::new(),
            folder: folder.to_owned(),
            reads: Vec::new(),
            gpu: false,
            env: Vec::new(),
            stdin: false,
            stdout: false,
            limits: Limits::default(),
            meter: CpuMeter::default(),
        }
    }

    /// Adds its CPU time to `meter` when it has ended.
    #[must_use]
    pub fn metered(mut self, meter: &CpuMeter) -> Self {
        self.meter = meter.clone();
        self
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Allows it to read `path`, a file or a folder with all below it. Paths that don't exist
    /// are skipped.
    #[must_use]
    pub fn read(mut self, path: impl Into<PathBuf>) -> Self {
        self.reads.push(path.into());
        self
    }

    /// Lets it use the machine's NVIDIA GPUs: their devices, and what their driver tells of them.
    #[must_use]
    pub const fn gpu(mut self) -> Self {
        self.gpu = true;
        self
    }

    /// Sets a variable in its otherwise small environment.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Gives it a pipe as standard input. Without, it reads nothing.
    #[must_use]
    pub const fn piped_stdin(mut self) -> Self {
        self.stdin = true;
        self
    }

    /// Gives it a pipe as standard output. Without, its output is dropped.
    #[must_use]
    pub const fn piped_stdout(mut self) -> Self {
        self.stdout = true;
        self
    }

    /// Replaces the limits.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The limits.
    pub const fn current_limits(&self) -> Limits {
        self.limits
    }

    /// The program's bare name, for messages.
    pub(super) fn name(&self) -> String {
        self.program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }
}
