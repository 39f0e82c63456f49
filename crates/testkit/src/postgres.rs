//! A private `PostgreSQL` server: its own folder, its own socket, nobody else's.

#![expect(
    clippy::disallowed_methods,
    reason = "it runs the server's own programs, for tests only"
)]

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal, kill_process};

/// How to get what is missing.
const INSTALL: &str = "install PostgreSQL 15 or later: dev/setup --test, \
                       or apt-get install postgresql";

/// The oldest version that the product supports.
const OLDEST: u32 = 15;

/// What every cluster here is started with. `fsync` stays on: tests kill servers.
const SETTINGS: &str = "-c listen_addresses='' -c shared_buffers=32MB -c max_connections=200 \
                        -c log_min_messages=warning -c timezone=UTC";

/// Waits for the test's end, however it ends, then stops the server and clears its folder away.
/// A test that is killed can do neither; but the system closes its pipes.
const WATCHER: &str = "trap '' INT TERM HUP; read -r _; \
                       \"$1\" -D \"$2/data\" -m immediate -w stop; rm -rf \"$2\"";

/// A running server with a cluster of its own; gone when dropped, and also when the test is
/// killed.
#[derive(Debug)]
pub struct PostgresServer {
    programs: Programs,
    folder: PathBuf,
    settings: String,
    watcher: Option<Child>,
    schemas: AtomicU32,
}

/// Where the server's programs are and as whom they run: `initdb` refuses to be root.
#[derive(Clone, Debug)]
struct Programs {
    folder: PathBuf,
    user: Option<(u32, u32)>,
}

impl PostgresServer {
    /// Starts a server over a fresh cluster; it is ready when this returns.
    ///
    /// # Panics
    /// Without `PostgreSQL`: says how to install it.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// As [`PostgresServer::start`], with more of the server's options, such as
    /// `-c synchronous_commit=off`.
    ///
    /// # Panics
    /// Without `PostgreSQL`: says how to install it.
    pub fn start_with(settings: &str) -> Self {
        Self::start_in(&std::env::temp_dir(), settings)
    }

    /// As [`PostgresServer::start_with`], below a folder that any user can walk to. Its path is short:
    /// that of a socket has at most 107 bytes.
    ///
    /// # Panics
    /// Without `PostgreSQL`: says how to install it.
    pub fn start_in(parent: &Path, settings: &str) -> Self {
        let programs = Programs::find();
        let template = programs.template();
        let folder = programs.folder(parent, "ytempire-pg");
        let copied = Command::new("cp")
            .arg("-a")
            .arg(&template)
            .arg(folder.join("data"))
            .status();
        assert!(
            copied.is_ok_and(|status| status.success()),
            "no copy of {}",
            template.display()
        );
        let mut server = Self {
            folder,
            settings: format!("{SETTINGS} {settings}"),
            watcher: None,
            schemas: AtomicU32::new(0),
            programs,
        };
        // First, so that a test that is killed while the server starts leaves none behind.
        server.watcher = Some(server.watch());
        server.up();
        server
    }

    fn watch(&self) -> Child {
        // A session of its own: a killed process group doesn't take the watcher along.
        let mut command = Command::new("setsid");
        command
            .args(["sh", "-c", WATCHER, "sh"])
            .arg(self.programs.folder.join("pg_ctl"))
            .arg(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.programs.drop_rights(&mut command);
        command.spawn().expect("setsid and sh are there")
    }

    fn up(&self) {
        let started = self.try_up();
        assert!(
            started.is_ok(),
            "the server doesn't start; {INSTALL}\n{started:?}"
        );
    }

    /// Starts it; what it said where it didn't start.
    fn try_up(&self) -> Result<(), String> {
        let log = self.folder.join("log");
        let options = format!(
            "{} -c unix_socket_directories='{}'",
            self.settings,
            self.folder.display()
        );
        let done = self.control(
            &["-w", "-t", "60", "-o", &options, "-l"],
            Some(&log),
            "start",
        );
        if done {
            return Ok(());
        }
        Err(fs::read_to_string(&log).unwrap_or_default())
    }

    /// Ends the server as a power cut would (nothing is written any more) and starts it again;
    /// it is ready when this returns.
    pub fn crash_and_restart(&self) {
        self.crash();
        self.up();
    }

    /// Ends the server as a power cut would: nothing is written any more.
    pub fn crash(&self) {
        assert!(self.control(&["-m", "immediate", "-w"], None, "stop"));
    }

    /// Starts it again after [`PostgresServer::crash`].
    pub fn restart(&self) {
        self.up();
    }

    /// As [`PostgresServer::restart`], after [`PostgresServer::kill`]; what the server said where it
    /// didn't start.
    pub fn try_restart(&self) -> Result<(), String> {
        // They name a process that has ended; until the system has buried it, or where the number is
        // another process's by now, they would be taken for a running server's.
        for lock in ["data/postmaster.pid", ".s.PGSQL.5432.lock"] {
            drop(fs::remove_file(self.folder.join(lock)));
        }
        self.try_up()
    }

    /// Ends all its processes at once, when its disk is gone already: nothing is read from there.
    pub fn kill(&self) {
        let data = self.folder.join("data");
        loop {
            let ours = processes_in(&data);
            if ours.is_empty() {
                return;
            }
            for id in ours {
                // It may have ended just now.
                let _sent = kill_process(id, Signal::KILL);
            }
            std::thread::yield_now();
        }
    }

    fn psql(&self) -> Command {
        let mut command = self.programs.command("psql");
        command
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(["-U", "postgres", "-d", "postgres", "-h"])
            .arg(&self.folder);
        command
    }

    fn control(&self, arguments: &[&str], log: Option<&Path>, verb: &str) -> bool {
        let mut command = self.programs.command("pg_ctl");
        command
            .arg("-D")
            .arg(self.folder.join("data"))
            .args(arguments);
        if let Some(log) = log {
            command.arg(log);
        }
        command
            .arg(verb)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// The URL of the server's first database.
    pub fn url(&self) -> String {
        let socket = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{socket}/postgres")
    }

    /// The URL of an empty schema of its own: as good as a database, and made in no time.
    pub fn fresh(&self) -> String {
        let n = self.schemas.fetch_add(1, Ordering::Relaxed);
        self.sql(&format!("CREATE SCHEMA s{n}"));
        self.schema(n)
    }

    fn schema(&self, n: u32) -> String {
        format!("{}?options=-c%20search_path%3Ds{n}", self.url())
    }

    /// Runs SQL as the superuser and returns what it printed, without headers.
    ///
    /// # Panics
    /// It failed.
    pub fn sql(&self, text: &str) -> String {
        self.try_sql(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    /// Asks `question` again and again until the answer is true.
    pub fn wait_for(&self, question: &str) {
        while self.sql(question) != "t" {}
    }

    /// A session of the superuser that has run `text` and stays open.
    pub fn session(&self, text: &str) -> PostgresSession {
        let mut command = self.psql();
        let mut child = command
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql can be run");
        let mut input = child.stdin.take().expect("it was asked for");
        writeln!(input, "{text}\n\\echo ready").expect("psql reads");
        let mut output = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut line = String::new();
        while line.trim() != "ready" {
            line.clear();
            let read = output.read_line(&mut line).expect("psql writes");
            assert!(read > 0, "psql has ended: {text}");
        }
        PostgresSession {
            child,
            input: Some(input),
        }
    }

    /// As [`PostgresServer::sql`]; a refusal is returned.
    pub fn try_sql(&self, text: &str) -> Result<String, String> {
        let mut command = self.psql();
        command.args(["-c", text]).stdin(Stdio::null());
        let done = command.output().map_err(|e| e.to_string())?;
        if done.status.success() {
            Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&done.stderr).into_owned())
        }
    }
}

/// An open session. Ended when dropped.
#[derive(Debug)]
pub struct PostgresSession {
    child: Child,
    input: Option<ChildStdin>,
}

impl PostgresSession {
    /// Ends it: what wasn't committed is undone.
    pub fn end(&mut self) {
        drop(self.input.take());
        drop(self.child.wait());
    }
}

impl Drop for PostgresSession {
    fn drop(&mut self) {
        self.end();
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            drop(watcher.stdin.take());
            drop(watcher.wait());
        }
    }
}

impl Programs {
    fn find() -> Self {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        let newest = versions
            .flatten()
            .filter_map(|entry| {
                let version: u32 = entry.file_name().to_str()?.parse().ok()?;
                let folder = entry.path().join("bin");
                let whole = folder.join("initdb").exists() && folder.join("psql").exists();
                (version >= OLDEST && whole).then_some((version, folder))
            })
            .max();
        let (_, folder) = newest.unwrap_or_else(|| panic!("there is no server; {INSTALL}"));
        let user = rustix::process::getuid().is_root().then(server_user);
        Self { folder, user }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        self.drop_rights(&mut command);
        command
    }

    fn drop_rights(&self, command: &mut Command) {
        use std::os::unix::process::CommandExt;
        command.current_dir("/").env("LC_ALL", "C");
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
    }

    fn own(&self, path: &Path) {
        if let Some((user, group)) = self.user {
            chown(path, Some(user), Some(group)).expect("root may give files away");
        }
    }

    /// A fresh folder that belongs to the server's user.
    fn folder(&self, parent: &Path, name: &str) -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("{name}-{}-{n}", std::process::id()));
        // A process of this number may have been killed together with its watcher.
        drop(fs::remove_dir_all(&folder));
        fs::create_dir(&folder).expect("the system's temporary folder can be written");
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("it is ours");
        self.own(&folder);
        folder
    }

    /// An initialised cluster to copy: making one takes seconds, copying it a tenth of one.
    fn template(&self) -> PathBuf {
        let version = self.folder.to_string_lossy().replace('/', "-");
        let user = self
            .user
            .map_or_else(|| rustix::process::getuid().as_raw(), |(user, _)| user);
        let folder = std::env::temp_dir().join(format!("ytempire-pg-template{version}-{user}"));
        let guard = File::create(folder.with_extension("lock")).expect("a lock file can be made");
        guard.lock().expect("it can be locked");
        if folder.join("PG_VERSION").exists() {
            let owner = fs::metadata(&folder).expect("it is there").uid();
            assert_eq!(owner, user, "{} is somebody else's", folder.display());
            return folder;
        }
        let fresh = self.folder(&std::env::temp_dir(), "ytempire-pg-initdb");
        let made = self
            .command("initdb")
            .args([
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ])
            .arg("-D")
            .arg(fresh.join("data"))
            .output()
            .expect("initdb can be run");
        if !made.status.success() {
            drop(std::io::stderr().write_all(&made.stderr));
            panic!("initdb failed; {INSTALL}");
        }
        drop(fs::remove_dir_all(&folder));
        fs::rename(fresh.join("data"), &folder).expect("one folder becomes the other");
        drop(fs::remove_dir_all(&fresh));
        folder
    }
}

/// Processes that work in `folder`, as a server's do in its data folder. One that has ended and that
/// nobody has waited for works nowhere.
fn processes_in(folder: &Path) -> Vec<Pid> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|at| at == folder))
        .filter_map(|process| Pid::from_raw(process.file_name().to_str()?.parse().ok()?))
        .collect()
}

/// The user that the Debian package made for servers.
fn server_user() -> (u32, u32) {
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = known.lines().find(|line| line.starts_with("postgres:"));
    let mut fields = line.unwrap_or_default().split(':').skip(2);
    let mut number = || fields.next().and_then(|field| field.parse().ok());
    match (number(), number()) {
        (Some(user), Some(group)) => (user, group),
        _ => panic!("root may not run a server, and there is no user postgres; {INSTALL}"),
    }
}
