//! The folder of a run, the program in it, and the log of what was done.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};
use testkit::RedisServer;

use crate::clock;
use crate::database::Database;
use crate::options::Options;
use crate::wires::Wires;

/// Where programs are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A run's folder, database and log.
pub struct World {
    /// Where all of it is.
    folder: PathBuf,
    /// Gone afterwards, unless the folder was named.
    _temporary: Option<tempfile::TempDir>,
    /// The product's files.
    data: PathBuf,
    /// The product's database.
    pub database: Database,
    /// The line's Redis; none once the run is over.
    pub(crate) redis: Option<RedisServer>,
    wires: Option<Wires>,
    faketime: PathBuf,
    starts: AtomicU32,
    plant: Option<String>,
    program: PathBuf,
    began: Instant,
    log: Mutex<File>,
}

impl World {
    /// A fresh one: the database is migrated and its history is kept from now on.
    ///
    /// # Errors
    /// The program can't be run, or the folder can't be made.
    pub fn new(options: &Options) -> Result<Self> {
        Self::start(options, None, "")
    }

    /// A fresh one whose database and files are on `disk`; what the harness knows is elsewhere.
    pub(crate) fn on(options: &Options, disk: &Path, settings: &str) -> Result<Self> {
        Self::start(options, Some(disk), settings)
    }

    fn start(options: &Options, disk: Option<&Path>, settings: &str) -> Result<Self> {
        let program = options
            .ytempire
            .canonicalize()
            .with_context(|| format!("find {}", options.ytempire.display()))?;
        let temporary = match options.keep {
            Some(_) => None,
            None => Some(tempfile::tempdir()?),
        };
        let folder = match (&options.keep, &temporary) {
            (Some(folder), _) => folder.clone(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => unreachable!("one of the two is there"),
        };
        for below in ["briefs", "clocks", "logs", "out"] {
            fs::create_dir_all(folder.join(below))?;
        }
        let folder = folder.canonicalize()?;
        let log = File::create(folder.join("acts.log"))?;
        let data = disk.unwrap_or(&folder).join("data");
        fs::create_dir_all(&data)?;
        let temporary_folder = std::env::temp_dir();
        let below = disk.unwrap_or(&temporary_folder);
        let database = Database::start_in(below, options.database, &data, settings);
        let redis = RedisServer::start();
        let wires = Wires::lay(options.nodes, &database, &redis)?;
        let world = Self {
            database,
            redis: Some(redis),
            wires: Some(wires),
            faketime: clock::library()?,
            starts: AtomicU32::new(0),
            plant: options.plant.clone(),
            folder,
            _temporary: temporary,
            data,
            program,
            began: Instant::now(),
            log: Mutex::new(log),
        };
        let migrated = world.command(&["migrate"]).output()?;
        anyhow::ensure!(
            migrated.status.success(),
            "the program can't make its tables: {}",
            String::from_utf8_lossy(&migrated.stderr)
        );
        crate::audit::install(&world.database)?;
        Ok(world)
    }

    /// The folder of an earlier run on `SQLite`, to be checked again.
    ///
    /// # Errors
    /// The program or the folder isn't there.
    pub fn found(options: &Options, folder: &Path) -> Result<Self> {
        let folder = folder.canonicalize()?;
        Ok(Self {
            database: Database::Sqlite(folder.join("data/ytempire.db")),
            redis: None,
            wires: None,
            faketime: PathBuf::new(),
            starts: AtomicU32::new(0),
            plant: None,
            log: Mutex::new(
                OpenOptions::new()
                    .append(true)
                    .open(folder.join("acts.log"))?,
            ),
            data: folder.join("data"),
            folder,
            _temporary: None,
            program: options.ytempire.canonicalize()?,
            began: Instant::now(),
        })
    }

    /// Where `name` is.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    /// Where the product keeps its files.
    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// The program with its arguments. It dies with the thread that starts it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .arg(&self.program)
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", &self.folder)
            .env("YTEMPIRE_DATA_DIR", self.data())
            .env("YTEMPIRE_LOG", "warn")
            .stdin(Stdio::null());
        if let Some(url) = self.database.url() {
            command.env("YTEMPIRE_DATABASE", url);
        }
        if let Some(plant) = &self.plant {
            command.env("YTEMPIRE_PLANT", plant);
        }
        if let Some(redis) = &self.redis {
            command.env("YTEMPIRE_REDIS", redis.url());
        }
        command
    }

    /// A node of that number, which has wires of its own to the database and Redis.
    pub(crate) fn node(&self, number: usize) -> Command {
        let mut command = self.command(&["work", "--slots", "1"]);
        // Each time another name: who writes what is told apart by it.
        let start = self.starts.fetch_add(1, Ordering::Relaxed);
        let name = format!("node-{number}-{start}");
        let (database, redis) = self.wires().urls(number, &name, &self.database);
        command.env("YTEMPIRE_REDIS", redis);
        command.envs(database.map(|url| ("YTEMPIRE_DATABASE", url)));
        command
    }

    /// Gives a node a clock that can be set, by [`World::set_clock`].
    pub(crate) fn give_clock(&self, command: &mut Command, node: usize) -> Result<()> {
        clock::give(command, &self.faketime, &self.clock_of(node))
    }

    /// Sets a node's clock so many seconds ahead.
    pub(crate) fn set_clock(&self, node: usize, seconds: i64) -> Result<()> {
        self.note(&format!("node {node}'s clock is {seconds} s ahead"));
        Ok(clock::set(&self.clock_of(node), seconds)?)
    }

    fn clock_of(&self, node: usize) -> PathBuf {
        self.path(format!("clocks/{node}"))
    }

    /// The nodes' wires.
    ///
    /// # Panics
    /// In a world that was found: nothing runs there.
    pub(crate) fn wires(&self) -> &Wires {
        self.wires.as_ref().expect("a fresh world has wires")
    }

    /// A file that a node's messages are added to.
    pub(crate) fn log_of(&self, node: usize) -> Result<File> {
        let path = self.path(format!("logs/node-{node}.log"));
        Ok(OpenOptions::new().create(true).append(true).open(path)?)
    }

    /// A file that a node tells the ends of videos to.
    pub(crate) fn ends_of(&self, node: usize) -> Result<File> {
        let path = self.path(format!("logs/ends-{node}"));
        Ok(OpenOptions::new().create(true).append(true).open(path)?)
    }

    /// Videos that nodes have told are ready.
    pub(crate) fn told_ready(&self) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        for node in 0..16 {
            let text = fs::read_to_string(self.path(format!("logs/ends-{node}")));
            let text = text.unwrap_or_default();
            let ready = text.lines().filter_map(|line| line.strip_prefix("ready "));
            told.extend(ready.filter_map(|rest| rest.split(' ').next().map(str::to_owned)));
        }
        told
    }

    /// Notes what was done.
    pub(crate) fn note(&self, text: &str) {
        let at = self.began.elapsed().as_secs_f64();
        if let Ok(mut log) = self.log.lock() {
            // A full disk shows elsewhere.
            let _written = writeln!(log, "{at:8.3} {text}");
        }
    }
}
