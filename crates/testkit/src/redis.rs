//! A private Redis server: its own folder, its own socket, nobody else's.

#![expect(
    clippy::disallowed_methods,
    reason = "it runs the server's own programs, for tests only"
)]

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

/// How to get what is missing.
const INSTALL: &str = "install Redis 7 or later: dev/setup --test, or apt-get install redis-server";

/// Waits for the test's end, however it ends, then stops the server and clears its folder away.
/// A test that is killed can do neither; but the system closes its pipes.
const WATCHER: &str = "trap '' INT TERM HUP; read -r _; \
                       kill -9 \"$(cat \"$1/pid\")\" 2>/dev/null; rm -rf \"$1\"";

/// A running server that keeps nothing on disk; gone when dropped, and also when the test is
/// killed.
#[derive(Debug)]
pub struct RedisServer {
    folder: PathBuf,
    server: Mutex<Option<Child>>,
    watcher: Option<Child>,
}

impl RedisServer {
    /// Starts a server; it is ready when this returns.
    ///
    /// # Panics
    /// Without Redis: says how to install it.
    pub fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        // In the system's folder for such things: the path of a socket has at most 107 bytes.
        let name = format!("ytempire-redis-{}-{n}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        // A process of this number may have been killed together with its watcher.
        drop(fs::remove_dir_all(&folder));
        fs::create_dir(&folder).expect("the system's temporary folder can be written");
        // First, so that a test that is killed while the server starts leaves none behind; in a
        // session of its own, so that a killed process group doesn't take it along.
        let watcher = Command::new("setsid")
            .args(["sh", "-c", WATCHER, "sh"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("setsid and sh are there");
        let server = Self {
            folder,
            server: Mutex::new(None),
            watcher: Some(watcher),
        };
        server.restart();
        server
    }

    /// Ends it at once, as `kill -9` does: it loses all it holds.
    pub fn kill(&self) {
        let taken = self.child().take();
        if let Some(mut child) = taken {
            child.kill().expect("it is ours");
            drop(child.wait());
        }
    }

    /// Starts it again, empty; it is ready when this returns.
    pub fn restart(&self) {
        self.kill();
        drop(fs::remove_file(self.socket()));
        let mut child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .args(["--maxmemory-policy", "noeviction", "--daemonize", "no"])
            .arg("--unixsocket")
            .arg(self.socket())
            .arg("--dir")
            .arg(&self.folder)
            .arg("--pidfile")
            .arg(self.folder.join("pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("redis-server can't be run ({e}); {INSTALL}"));
        let mut said = BufReader::new(child.stdout.take().expect("it was asked for"));
        let (mut all, mut line) = (String::new(), String::new());
        while !line.contains("eady to accept connections") {
            line.clear();
            let read = said.read_line(&mut line).expect("the server writes text");
            assert!(read > 0, "the server doesn't start; {INSTALL}\n{all}");
            all.push_str(&line);
        }
        // Somebody must read on, or the server stands still when the pipe is full.
        std::thread::spawn(move || io::copy(&mut said, &mut io::sink()));
        *self.child() = Some(child);
    }

    /// Stops it in its tracks: connections stay open, nothing is answered.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`RedisServer::pause`].
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Makes it forget everything.
    pub fn wipe(&self) {
        self.command(&["FLUSHALL"]);
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Runs a command and returns what it answered, as `redis-cli` prints it.
    ///
    /// # Panics
    /// It failed.
    pub fn command(&self, words: &[&str]) -> String {
        let done = Command::new("redis-cli")
            .arg("-e")
            .arg("-s")
            .arg(self.socket())
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|e| panic!("redis-cli can't be run ({e}); {INSTALL}"));
        let said = String::from_utf8_lossy(&done.stdout).trim().to_owned();
        let error = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{words:?}: {said} {error}");
        said
    }

    /// How often clients called the command `name` since the server started.
    pub fn calls(&self, name: &str) -> u64 {
        let said = self.command(&["INFO", "commandstats"]);
        let prefix = format!("cmdstat_{name}:calls=");
        let line = said.lines().find_map(|line| line.strip_prefix(&*prefix));
        let figures = line.and_then(|rest| rest.split(',').next());
        figures.map_or(0, |n| n.parse().expect("calls are a number"))
    }

    fn signal(&self, signal: Signal) {
        let child = self.child();
        let id = child.as_ref().expect("it runs").id();
        let id = Pid::from_raw(id.cast_signed()).expect("it has a number");
        kill_process(id, signal).expect("it is ours");
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        if let Some(mut watcher) = self.watcher.take() {
            drop(watcher.stdin.take());
            drop(watcher.wait());
        }
    }
}
