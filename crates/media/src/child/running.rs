//! Starting a child and waiting for its end.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use ytempire_core::Cancel;

use super::watch::{End, Stopped, watch};
use super::{Error, Finished, Spec, sandbox};

/// Where the two wrappers live. Both are in `util-linux`, which is essential on Debian.
const WRAPPERS: [&str; 2] = ["/usr/bin/setpriv", "/usr/bin/prlimit"];

/// A started child. Dropping it kills it with its group.
#[derive(Debug)]
pub struct Running {
    /// Its standard input, if [`Spec::piped_stdin`] was asked for. Dropping it ends the input.
    pub stdin: Option<ChildStdin>,
    /// Its standard output, if [`Spec::piped_stdout`] was asked for. Must be read, or dropped.
    pub stdout: Option<ChildStdout>,
    spec: Spec,
    sandboxed: bool,
    pid: u32,
    /// Raised by us when we no longer want it.
    abandoned: Arc<AtomicBool>,
    /// Raised when its output went over the cap.
    flooded: bool,
    watcher: Option<JoinHandle<End>>,
}

/// Starts `spec`. `cancel` is watched until the child ends.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Start`].
pub fn start(spec: &Spec, cancel: &Cancel) -> Result<Running, Error> {
    check_present(spec)?;
    let failed = |source| Error::Start {
        program: spec.name(),
        source,
    };
    let (spawned, births) = mpsc::channel();
    // The child dies with the thread that started it, so that thread stays until the watcher
    // has seen the end and lets go of `release`.
    let (release, hold) = mpsc::channel::<()>();
    let wanted = spec.clone();
    std::thread::Builder::new()
        .name("child-keeper".into())
        .spawn(move || {
            let sandboxed = sandbox::enter(&wanted);
            let started = spawned.send(command(&wanted).spawn().map(|child| (child, sandboxed)));
            if started.is_ok() {
                // An error is the release: nothing is ever sent.
                let _released = hold.recv();
            }
        })
        .map_err(failed)?;
    let (mut child, sandboxed) = births
        .recv()
        .unwrap_or_else(|_| Err(std::io::Error::other("the keeper thread ended")))
        .map_err(failed)?;
    let (stdin, stdout, pid) = (child.stdin.take(), child.stdout.take(), child.id());
    let abandoned = Arc::new(AtomicBool::new(false));
    let watcher = watcher(child, spec, cancel, &abandoned, release).map_err(failed)?;
    Ok(Running {
        stdin,
        stdout,
        spec: spec.clone(),
        sandboxed,
        pid,
        abandoned,
        flooded: false,
        watcher: Some(watcher),
    })
}

fn watcher(
    child: Child,
    spec: &Spec,
    cancel: &Cancel,
    abandoned: &Arc<AtomicBool>,
    release: mpsc::Sender<()>,
) -> std::io::Result<JoinHandle<End>> {
    let (cancel, abandoned) = (cancel.clone(), Arc::clone(abandoned));
    let (wall, meter) = (spec.limits.wall, spec.meter.clone());
    std::thread::Builder::new()
        .name("child-watcher".into())
        .spawn(move || {
            let end = watch(child, wall, &cancel, &abandoned);
            meter.add(end.cpu);
            drop(release);
            end
        })
}

fn check_present(spec: &Spec) -> Result<(), Error> {
    if !spec.program.is_file() {
        return Err(Error::Missing {
            program: spec.name(),
            package: spec.package,
        });
    }
    for wrapper in WRAPPERS {
        if !Path::new(wrapper).is_file() {
            return Err(Error::Missing {
                program: wrapper.to_owned(),
                package: "util-linux",
            });
        }
    }
    Ok(())
}

/// The program behind its wrappers: die with the parent, gain no rights, stay within limits.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where children are started"
)]
pub(super) fn command(spec: &Spec) -> Command {
    let limits = spec.limits;
    let [setpriv, prlimit] = WRAPPERS;
    let mut command = Command::new(setpriv);
    command
        .args(["--pdeathsig=KILL", "--no-new-privs", "--", prlimit])
        .arg(format!("--as={}", limits.memory_bytes))
        // At the soft limit SIGXCPU names the cause; at the hard one SIGKILL needs no consent.
        .arg(format!("--cpu={}:{}", limits.cpu_s, limits.cpu_s + 5))
        .arg(format!("--fsize={}", limits.file_bytes))
        .arg(format!("--nofile={}", limits.open_files))
        .args(["--core=0", "--"])
        .arg(&spec.program)
        .args(&spec.args)
        .current_dir(&spec.folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", &spec.folder)
        .env("TMPDIR", &spec.folder)
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .stdin(if spec.stdin {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(if spec.stdout {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stderr(Stdio::piped())
        .process_group(0);
    command
}

impl Running {
    /// Whether the kernel enforces the sandbox: files and network both.
    pub const fn sandboxed(&self) -> bool {
        self.sandboxed
    }

    /// The process id, which is also its group's.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Reads `pipe` to its end or to `limit` bytes; beyond that the child is killed.
    pub(super) fn capture(&mut self, mut pipe: ChildStdout, limit: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A read error is an end like any other: the exit code tells what happened.
        let _end = pipe.by_ref().take(limit + 1).read_to_end(&mut bytes);
        if bytes.len() as u64 > limit {
            self.flooded = true;
            self.abandoned.store(true, Ordering::Release);
        }
        bytes
    }

    /// Ends its input, waits for its end and judges it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn finish(mut self) -> Result<Finished, Error> {
        drop(self.stdin.take());
        drop(self.stdout.take());
        let end = self.join();
        self.judge(end)
    }

    /// Waits for the end of a child that closed its pipe early, and says why it did.
    pub fn post_mortem(&mut self) -> Error {
        drop(self.stdin.take());
        drop(self.stdout.take());
        let end = self.join();
        self.judge(end).err().unwrap_or_else(|| Error::Failed {
            program: self.spec.name(),
            status: "ended early".to_owned(),
            tail: String::new(),
        })
    }

    /// Kills it with its group and waits until it is gone.
    pub fn kill(self) {
        drop(self);
    }

    fn join(&mut self) -> End {
        let joined = self.watcher.take().map(JoinHandle::join);
        joined.and_then(Result::ok).unwrap_or_else(End::unknown)
    }

    fn judge(&self, end: End) -> Result<Finished, Error> {
        let program = self.spec.name();
        let limits = self.spec.limits;
        if self.flooded {
            return Err(Error::TooMuchOutput {
                program,
                limit_bytes: limits.stdout_bytes,
            });
        }
        if end.status.is_some_and(|status| status.success()) {
            return Ok(Finished {
                stdout: Vec::new(),
                stderr: end.tail,
                cpu: end.cpu,
                memory_peak_bytes: end.memory_peak_bytes,
                sandboxed: self.sandboxed,
            });
        }
        match end.stopped {
            Some(Stopped::Cancelled | Stopped::Abandoned) => {
                return Err(Error::Cancelled { program });
            }
            Some(Stopped::TimedOut) => {
                return Err(Error::TimedOut {
                    program,
                    limit: limits.wall,
                });
            }
            None => {}
        }
        Err(match end.status.and_then(|status| status.signal()) {
            Some(libc::SIGXCPU) => Error::TimedOut {
                program,
                limit: std::time::Duration::from_secs(limits.cpu_s),
            },
            Some(libc::SIGXFSZ) => Error::TooMuchOutput {
                program,
                limit_bytes: limits.file_bytes,
            },
            signal if ran_out_of_memory(signal, &end.tail) => Error::OutOfMemory {
                program,
                peak_mib: u32::try_from(end.memory_peak_bytes >> 20).unwrap_or(u32::MAX),
                tail: end.tail,
            },
            _ if end.tail.contains("No space left on device") => Error::DiskFull {
                program,
                tail: end.tail,
            },
            _ if end.tail.contains("File too large") => Error::TooMuchOutput {
                program,
                limit_bytes: limits.file_bytes,
            },
            _ => Error::Failed {
                program,
                status: in_words(end.status),
                tail: end.tail,
            },
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.watcher.is_some() {
            self.abandoned.store(true, Ordering::Release);
            drop(self.stdin.take());
            drop(self.stdout.take());
            drop(self.join());
        }
    }
}

/// Whether a child that nobody stopped ran out of memory: the kernel killed it, or its limit refused it
/// more and it said so. "(10)" is a GPU's memory, which is another matter.
fn ran_out_of_memory(signal: Option<i32>, tail: &str) -> bool {
    let refused = [
        "Cannot allocate memory",
        "std::bad_alloc",
        "virtual memory exhausted",
    ];
    signal == Some(libc::SIGKILL) || refused.iter().any(|text| tail.contains(text))
}

fn in_words(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => format!("exit code {code}"),
        Some((None, Some(signal))) => format!("killed by signal {signal}"),
        _ => "its end was not seen".to_owned(),
    }
}
