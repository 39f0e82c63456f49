//! The real world: clock, entropy, environment, signals, and the parts put together.

#![expect(
    clippy::disallowed_methods,
    reason = "this file is where the world is let in"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use media::artifact::{self, Artifacts};
use media::tools::{Program, Tools};
use rand::TryRngCore;
use signal::{LocalSignal, Options, RedisSignal, Signal};
use tracing_subscriber::EnvFilter;
use worker::{Backends, Parts, Prices, Progress, Retention};
use ytempire_core::{Cancel, Clock, Code, CrashPlan, IdSource, Timestamp};

use crate::args::Global;
use crate::config::{Config, DepotTable};
use crate::database::Place;
use crate::fail::Failure;
use crate::redis;

/// The machine's clock, to the microsecond.
struct SystemClock {
    /// Microseconds by which it is ahead: for tests of clocks that are wrong.
    shift: i64,
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // Before 1970 the clock is wrong, and zero is as good as any.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(micros.saturating_add(self.shift))
    }
}

/// The machine's clock.
pub(crate) fn clock() -> Result<Arc<dyn Clock>, Failure> {
    let seconds: i64 = harness("YTEMPIRE_CLOCK_SHIFT", "0", |text| text.parse().ok())?;
    let shift = seconds.saturating_mul(1_000_000);
    Ok(Arc::new(SystemClock { shift }))
}

/// What a test harness says in the environment; no option, as it is none of a user's business.
fn harness<T>(
    variable: &str,
    default: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, Failure> {
    let text = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    read(&text).ok_or_else(|| {
        let text = format!("{variable}={text}: it is for tests, and this is none of its values");
        Failure::new(Code::ConfigInvalid, text).hint(format!("unset {variable}"))
    })
}

/// Sends log lines to standard error; `YTEMPIRE_LOG` overrides the verbosity.
pub(crate) fn log(verbosity: i8) {
    let default = match verbosity {
        ..=0 => "error",
        1 => "info",
        _ => "debug",
    };
    let filter =
        EnvFilter::try_from_env("YTEMPIRE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

/// Where a configuration file may be, in the order of looking.
pub(crate) fn config_files() -> Vec<PathBuf> {
    let user = home("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("ytempire/config.toml"));
    [
        Some(PathBuf::from("ytempire.toml")),
        user,
        Some("/etc/ytempire/config.toml".into()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `ytempire` in the user's data folder.
pub(crate) fn default_data_dir() -> Option<PathBuf> {
    home("XDG_DATA_HOME", ".local/share").map(|dir| dir.join("ytempire"))
}

fn home(variable: &str, below: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute());
    set.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(below)))
}

/// A backend's key, from the environment or a file.
pub(crate) fn secret(
    variable: Option<&str>,
    file: Option<&Path>,
) -> Result<Option<secrecy::SecretString>, String> {
    if let Some(name) = variable {
        let value = std::env::var(name).map_err(|_| format!("api_key_env: {name} is not set"))?;
        return Ok(Some(value.trim().to_owned().into()));
    }
    let Some(path) = file else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .map_err(|e| format!("api_key_file: {}: {e}", path.display()))?;
    Ok(Some(text.trim().to_owned().into()))
}

/// Cores of this machine.
fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
}

/// The database that `global` or `config` names, else the file in the data folder, which is made
/// if it isn't there.
pub(crate) fn place(global: &Global, config: &Config) -> Result<Place, Failure> {
    let folder = config.data_dir(global)?;
    std::fs::create_dir_all(&folder).map_err(|e| unwritable(&folder, &e))?;
    let url = global.database.as_ref().or(config.database.as_ref());
    Place::of(url, &folder, config.slots.unwrap_or_else(cores))
}

fn unwritable(folder: &Path, e: &dyn std::fmt::Display) -> Failure {
    let text = format!("the data folder {} can't be used: {e}", folder.display());
    Failure::new(Code::FolderUnwritable, text).hint("name another one by --data-dir DIR")
}

/// The programs on `PATH`.
pub(crate) fn tools() -> Tools {
    Tools::find(&std::env::var_os("PATH").unwrap_or_default())
}

/// Opens the store and puts all parts together; no backend is configured in them.
pub(crate) async fn parts(global: &Global, config: &Config) -> Result<Parts, Failure> {
    let folder = config.data_dir(global)?;
    let crash = crash()?;
    let store = place(global, config)?.open(crash.clone()).await?;
    let options = artifact::Options {
        crash: crash.clone(),
    };
    let artifacts =
        Artifacts::open(&folder.join("artifacts"), options).map_err(|e| unwritable(&folder, &e))?;
    let prices = Arc::new(Prices::default());
    prices.refresh(&*store).await?;
    let mut seed = [0; 32];
    entropy(&mut seed)?;
    Ok(Parts {
        store,
        signal: signal(global, config)?,
        artifacts: Arc::new(artifacts),
        depot: config.depot.as_ref().map(DepotTable::open).transpose()?,
        tools: Arc::new(tools()),
        clock: clock()?,
        ids: Arc::new(IdSource::seeded(seed)),
        prices,
        backends: Arc::new(Backends::default()),
        progress: Progress::default(),
        folder,
        encoders: Arc::new(config.encoder.encoders()),
        memory: Arc::default(),
        slots: config.slots.unwrap_or_else(cores),
        patience: std::time::Duration::ZERO,
        waiting_max: config.queue.waiting_max(),
        limits: config.limits.clone().into(),
        retention: Arc::new(Retention::new(
            config.retention.videos,
            config.retention.events,
        )),
        unknown_max: Arc::new(config.money.unknown_max()),
        crash,
    })
}

/// The Redis that `global` or `config` names, else this process alone.
fn signal(global: &Global, config: &Config) -> Result<Arc<dyn Signal>, Failure> {
    let Some(options) = redis(global, config)? else {
        return Ok(Arc::new(LocalSignal::default()));
    };
    Ok(Arc::new(RedisSignal::start(options)))
}

/// The Redis that `global` or `config` names, as a process of its own uses it.
pub(crate) fn redis(global: &Global, config: &Config) -> Result<Option<Options>, Failure> {
    let Some(url) = global.redis.as_ref().or(config.redis.as_ref()) else {
        return Ok(None);
    };
    let mut instance = [0; 16];
    entropy(&mut instance)?;
    redis::options(url, u128::from_le_bytes(instance)).map(Some)
}

pub(crate) fn entropy(bytes: &mut [u8]) -> Result<(), Failure> {
    rand::rngs::OsRng
        .try_fill_bytes(bytes)
        .map_err(|e| Failure::bug(format!("the system gives no entropy: {e}")))
}

/// Where a test ends the process: `NAME` or `NAME:VISIT`.
pub(crate) fn crash() -> Result<CrashPlan, Failure> {
    harness("YTEMPIRE_CRASH_AT", "", |text| {
        if text.is_empty() {
            return Some(CrashPlan::default());
        }
        let (point, visit) = text.split_once(':').unwrap_or((text, "1"));
        CrashPlan::armed(point, visit.parse().ok()?)
    })
}

/// Plants the known bug that `YTEMPIRE_PLANT` names.
#[cfg(feature = "planted")]
pub(crate) fn plant() -> Result<(), Failure> {
    let plant = harness("YTEMPIRE_PLANT", "", |text| match text {
        "" => Some(None),
        name => ytempire_core::Plant::from_name(name).map(Some),
    })?;
    if let Some(plant) = plant {
        plant.put_in();
    }
    Ok(())
}

/// Fails where a program is missing that every video needs.
pub(crate) fn check_tools(tools: &Tools) -> Result<(), Failure> {
    for program in [
        Program::Ffmpeg,
        Program::Ffprobe,
        Program::Setpriv,
        Program::Prlimit,
    ] {
        tools.get(program).map_err(|e| {
            Failure::new(Code::ToolMissing, e.to_string()).hint("dev/setup installs all of them")
        })?;
    }
    Ok(())
}

/// Raises the returned flag at Ctrl-C or SIGTERM; a second one ends the process at once.
pub(crate) fn stop_signal() -> Result<Cancel, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |e: std::io::Error| Failure::bug(format!("can't listen for signals: {e}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let cancel = Cancel::new();
    let raised = cancel.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if raised.is_cancelled() {
                std::process::exit(130);
            }
            raised.cancel();
        }
    });
    Ok(cancel)
}

/// Waits until the flag is raised.
pub(crate) async fn raised(cancel: &Cancel) {
    let mut look = tokio::time::interval(std::time::Duration::from_millis(50));
    while !cancel.is_cancelled() {
        look.tick().await;
    }
}

/// The host's name, for people.
pub(crate) fn node_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{} (process {})", host.trim(), std::process::id())
}
