//! A folder of its own for each test, and the program run in it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};

/// A folder that is gone afterwards. The program runs in it with an empty home, so that no
/// configuration of the machine's owner is found.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    /// Where `name` is, or would be.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Where the program keeps its state.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// The program, not yet run.
    pub(crate) fn program<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ytempire"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("YTEMPIRE_DATA_DIR", self.data())
            .stdin(Stdio::null());
        Run(command)
    }

    /// Runs the program to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ended {
        self.program(arguments).end()
    }

    /// `ytempire make` with the arguments of one line.
    pub(crate) fn make(&self, line: &str) -> Run {
        self.program(std::iter::once("make").chain(line.split_whitespace()))
    }
}

/// The program with its arguments.
pub(crate) struct Run(pub(crate) Command);

impl Run {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// Runs it to its end.
    pub(crate) fn end(mut self) -> Ended {
        let output = self.0.output().unwrap();
        Ended {
            command: shown(&self.0),
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts it, to be watched line by line.
    pub(crate) fn start(mut self) -> Running {
        let command = shown(&self.0);
        self.0.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.0.spawn().unwrap();
        let mut errors = child.stderr.take().unwrap();
        // Read beside, so that neither pipe can fill up and hold the other one up.
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            errors.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        let lines = BufReader::new(child.stdout.take().unwrap());
        Running {
            command,
            child,
            lines,
            stdout: String::new(),
            stderr,
        }
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// The program at work.
pub(crate) struct Running {
    command: String,
    child: Child,
    lines: BufReader<ChildStdout>,
    stdout: String,
    stderr: JoinHandle<String>,
}

impl Running {
    /// Waits for a line of standard output that holds `text`.
    ///
    /// # Panics
    /// It ended without.
    pub(crate) fn until(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let read = self.lines.read_line(&mut line).unwrap();
            assert!(read > 0, "{} never said {text:?}", self.command);
            self.stdout.push_str(&line);
        }
    }

    /// What it said on standard output up to the line that was waited for.
    pub(crate) fn said(&self) -> &str {
        &self.stdout
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        self.lines.read_to_string(&mut self.stdout).unwrap();
        let status = self.child.wait().unwrap();
        Ended {
            command: self.command,
            status,
            stdout: self.stdout,
            stderr: self.stderr.join().unwrap(),
        }
    }
}

/// How the program ended.
#[derive(Clone)]
pub(crate) struct Ended {
    command: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tail = |text: &str| {
            let skipped = text.lines().count().saturating_sub(30);
            text.lines().skip(skipped).collect::<Vec<_>>().join("\n  ")
        };
        let Self {
            command, status, ..
        } = self;
        let (out, err) = (tail(&self.stdout), tail(&self.stderr));
        write!(
            f,
            "$ {command}\n{status}\nstdout:\n  {out}\nstderr:\n  {err}"
        )
    }
}

impl Ended {
    /// It did what it was asked.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert!(self.status.success(), "{self}");
        self
    }

    /// It refused, with this exit code, this stable code and all of these words, and without a
    /// trace of a panic.
    #[track_caller]
    pub(crate) fn refused(self, exit: i32, code: &str, words: &[&str]) -> Self {
        if let Err(why) = self.refusal(exit, code, words) {
            panic!("{why}\n{self}");
        }
        self
    }

    /// As [`Ended::refused`], for tables.
    pub(crate) fn refusal(&self, exit: i32, code: &str, words: &[&str]) -> Result<(), String> {
        let lacks = |word: &&&str| !self.stderr.contains(**word);
        if self.status.code() != Some(exit) {
            return Err(format!("the exit code is not {exit}"));
        }
        if !self.stderr.contains(&format!("error[{code}]")) {
            return Err(format!("the code is not {code}"));
        }
        if let Some(word) = words.iter().find(lacks) {
            return Err(format!("stderr lacks {word:?}"));
        }
        if self.stderr.contains("panicked") || self.stderr.contains("YT0211") {
            return Err("the program is at fault".to_owned());
        }
        Ok(())
    }

    /// The signal that ended it.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Every line of standard output as JSON.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        let parsed = self.stdout.lines().map(serde_json::from_str);
        parsed
            .collect::<Result<_, _>>()
            .unwrap_or_else(|e| panic!("{e}\n{self}"))
    }
}
