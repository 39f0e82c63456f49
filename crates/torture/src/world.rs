//! The folder of a run, the program in it, and the log of what was done.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::database::Database;
use crate::options::Options;

/// Where programs are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A run's folder, database and log.
pub struct World {
    /// Where all of it is.
    folder: PathBuf,
    /// Gone afterwards, unless the folder was named.
    _temporary: Option<tempfile::TempDir>,
    /// The product's database.
    pub database: Database,
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
        for below in ["data", "briefs", "logs", "out"] {
            fs::create_dir_all(folder.join(below))?;
        }
        let folder = folder.canonicalize()?;
        let log = File::create(folder.join("acts.log"))?;
        let world = Self {
            database: Database::start(options.database, &folder.join("data")),
            folder,
            _temporary: temporary,
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
            log: Mutex::new(
                OpenOptions::new()
                    .append(true)
                    .open(folder.join("acts.log"))?,
            ),
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
        self.path("data")
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
        command
    }

    /// A file that a node's messages are added to.
    pub(crate) fn log_of(&self, node: usize) -> Result<File> {
        let path = self.path(format!("logs/node-{node}.log"));
        Ok(OpenOptions::new().create(true).append(true).open(path)?)
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
