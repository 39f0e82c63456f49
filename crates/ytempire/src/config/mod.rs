//! Configuration: a TOML file, found in the usual places; unknown keys are errors.

mod depot;
mod encoder;
mod queue;
mod serve;

use std::path::{Path, PathBuf};

use providers::config::BackendTable;
use providers::{Backend, Http, Options};
use serde::Deserialize;
use worker::Backends;
use ytempire_core::Code;

use crate::args::Global;
use crate::fail::Failure;
use crate::secret_url::SecretUrl;
use crate::world;

pub(crate) use depot::DepotTable;
pub(crate) use encoder::EncoderTable;
pub(crate) use queue::{Limits, Money, Queue, Retention, some};
pub(crate) use serve::{LISTEN, ServeTable};

/// What the file may say. Every key may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where state and artifacts are kept. Since 0.1. Default: `ytempire` in the user's data
    /// folder.
    pub(crate) data_dir: Option<PathBuf>,
    /// The database, `sqlite:PATH` or `postgres://…`. Since 0.2. Default: `ytempire.db` in the
    /// data folder.
    pub(crate) database: Option<SecretUrl>,
    /// A server of Redis 7 or Valkey that wakes nodes, `redis://…`. Since 0.2. Default: none.
    pub(crate) redis: Option<SecretUrl>,
    /// Jobs at once, 1 to 64. Since 0.1. Default: the machine's cores. Too few: cores idle. Too
    /// many: memory, about 300 MB for each segment that is being drawn.
    pub(crate) slots: Option<u32>,
    /// How much may wait.
    #[serde(default)]
    pub(crate) queue: Queue,
    /// What may run at once, on all nodes together.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// How long it is waited for bills.
    #[serde(default)]
    pub(crate) money: Money,
    /// How long what has ended is kept.
    #[serde(default)]
    pub(crate) retention: Retention,
    /// How the API is served.
    #[serde(default)]
    pub(crate) serve: ServeTable,
    /// Where machines share what they make. Since 0.2. Default: none, all nodes on one machine.
    pub(crate) depot: Option<DepotTable>,
    /// What encodes. Since 0.2. Default: x264.
    #[serde(default)]
    pub(crate) encoder: EncoderTable,
    /// Remote backends, the first that fits is used. Since 0.1. Default: none.
    #[serde(default, rename = "backend")]
    pub(crate) backends: Vec<BackendTable>,
}

impl Config {
    /// Reads the configuration that `global` names, else the first of the usual files that is
    /// there, else the defaults.
    pub(crate) fn load(global: &Global) -> Result<Self, Failure> {
        let named = global.config.clone().into_iter();
        let Some(path) = named.chain(world::config_files()).find(|path| {
            // A file that was named must be there; the usual ones may be missing.
            global.config.as_deref() == Some(path) || path.is_file()
        }) else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(&path).map_err(|e| invalid(&path, &e.to_string()))?;
        let config: Self = toml::from_str(&text).map_err(|e| invalid(&path, &e.to_string()))?;
        config.validate().map_err(|why| invalid(&path, &why))?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), String> {
        if self.slots.is_some_and(|slots| !(1..=64).contains(&slots)) {
            return Err("slots: must be 1 to 64".to_owned());
        }
        self.limits.validate()?;
        self.serve.validate()?;
        self.depot.as_ref().map_or(Ok(()), DepotTable::validate)?;
        for table in &self.backends {
            let zone = table.day_zone.as_deref().unwrap_or("UTC");
            ledger::Day::of(ytempire_core::Timestamp::default(), zone)
                .map_err(|e| format!("backend {:?}: day_zone: {e}", table.name))?;
        }
        providers::config::validate_all(&self.backends)
            .map_err(|(name, e)| format!("backend {name:?}: {e}"))
    }

    /// The data folder: argument or environment, then file, then default.
    pub(crate) fn data_dir(&self, global: &Global) -> Result<PathBuf, Failure> {
        let chosen = global.data_dir.clone().or_else(|| self.data_dir.clone());
        chosen.or_else(world::default_data_dir).ok_or_else(|| {
            Failure::new(
                Code::FolderUnwritable,
                "there is no home folder; name one by --data-dir",
            )
        })
    }

    /// The backends, with their keys read.
    pub(crate) fn backends(&self) -> Result<Backends, Failure> {
        if self.backends.is_empty() {
            return Ok(Backends::default());
        }
        let ready = |table: &BackendTable| Ok((table.tier, ready(table)?));
        let backends = self.backends.iter().map(ready);
        let backends = backends.collect::<Result<_, Failure>>()?;
        Ok(Backends::new(http()?, backends))
    }
}

/// The client of all backends.
pub(crate) fn http() -> Result<Http, Failure> {
    let failed = |e: providers::Error| Failure::new(Code::ConfigInvalid, e.to_string());
    Http::new(Options::default()).map_err(failed)
}

/// The backend of `table`, with its key and its graph read.
pub(crate) fn ready(table: &BackendTable) -> Result<Backend, Failure> {
    let failed = |e: &dyn std::fmt::Display| {
        Failure::new(
            Code::ConfigInvalid,
            format!("backend {:?}: {e}", table.name),
        )
    };
    let key = world::secret(table.api_key_env.as_deref(), table.api_key_file.as_deref());
    let key = key.map_err(|e| failed(&e))?;
    let graph = table.graph_file.as_deref().map(std::fs::read_to_string);
    let graph = graph.transpose();
    let graph = graph.map_err(|e| failed(&format!("graph_file: {e}")))?;
    let backend = table.backend_with(key, graph.as_deref());
    backend.map_err(|e| failed(&e))
}

fn invalid(path: &Path, why: &str) -> Failure {
    Failure::new(Code::ConfigInvalid, format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use worker::EncoderChoice;

    use super::*;

    /// The sample with every key switched on: `#key = …` becomes `key = …`.
    fn sample() -> String {
        let text = include_str!("../../../../ytempire.default.toml");
        let on = |line: &str| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') => format!("{key}\n"),
            _ => format!("{line}\n"),
        };
        text.lines().map(on).collect()
    }

    #[test]
    fn the_sample_shows_every_key_and_each_is_valid() {
        let config: Config = toml::from_str(&sample()).unwrap();
        config.validate().unwrap();
        assert!(config.data_dir.is_some() && config.slots.is_some());
        assert!(config.database.is_some() && config.redis.is_some());
        assert!(config.queue.waiting_max.is_some());
        assert!(config.serve.listen.is_some() && config.serve.origins.len() == 1);
        assert!(config.serve.requests_per_minute.is_some());
        assert!(
            config
                .depot
                .is_some_and(|depot| depot.access_key_file.is_some())
        );
        assert!(config.limits.account.is_some() && !config.limits.stage.is_empty());
        assert!(config.retention.videos.is_some() && config.retention.events.is_some());
        assert!(config.encoder.choice.is_some());
        assert_eq!(config.backends.len(), 7);
        let shown: String = sample();
        for key in [
            "voice",
            "api_key_env",
            "tier",
            "timeout_s",
            "structured",
            "output_limit",
            "output_tokens_max",
            "characters_max",
            "format",
            "speed",
            "concurrent_max",
            "calls_per_minute",
            "fallback",
            "day_zone",
            "quality",
            "reasoning_tokens_max",
            "word_timestamps",
            "size",
            "image_quality",
            "graph_file",
            "folder",
        ] {
            assert!(shown.contains(&format!("\n{key} = ")), "{key}");
        }
    }

    #[test]
    fn the_sample_as_it_is_changes_nothing() {
        let text = include_str!("../../../../ytempire.default.toml");
        let config: Config = toml::from_str(text).unwrap();
        assert!(config.data_dir.is_none() && config.slots.is_none() && config.backends.is_empty());
        assert!(config.database.is_none() && config.redis.is_none());
        assert_eq!(config.queue.waiting_max(), Some(100));
        assert!(config.retention.videos.is_none() && config.retention.events.is_none());
    }

    #[test]
    fn limits_are_read_and_what_would_stop_the_line_is_refused() {
        let limits = |text: &str| {
            let config: Config = toml::from_str(text).map_err(|e| e.to_string())?;
            config
                .validate()
                .map(|()| store::Limits::from(config.limits))
        };
        let read = limits("[limits]\naccount = 4\nchannel = 3\nstage.compose = 2").unwrap();
        assert_eq!((read.account, read.channel), (Some(4), Some(3)));
        assert_eq!(read.stages[&ytempire_core::Stage::Compose], 2);
        assert!(limits("").unwrap().is_none());
        for wrong in [
            "account = 0",
            "channel = 0",
            "stage.compose = 0",
            "stage.draw = 2",
            "video = 3",
        ] {
            assert!(limits(&format!("[limits]\n{wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_kept_and_what_may_wait_is_read() {
        let config: Config = toml::from_str("[queue]\nwaiting_max = 0").unwrap();
        assert_eq!(config.queue.waiting_max(), None);
        let days = Some(std::time::Duration::from_hours(48));
        let config: Config = toml::from_str("[retention]\nvideos = \"2d\"").unwrap();
        assert_eq!(
            (config.retention.videos, config.retention.events),
            (days, None)
        );
        for wrong in ["videos = 90", "videos = \"long\"", "jobs = \"2d\""] {
            assert!(toml::from_str::<Config>(&format!("[retention]\n{wrong}")).is_err());
        }
    }

    #[test]
    fn encoders_are_named_as_ffmpeg_names_them_and_others_are_refused() {
        let choice = |text: &str| {
            let config: Result<Config, _> = toml::from_str(text);
            config.map(|config| config.encoder.encoders().choice())
        };
        assert_eq!(choice("").unwrap(), EncoderChoice::X264);
        assert_eq!(
            choice("encoder.use = \"auto\"").unwrap(),
            EncoderChoice::Auto
        );
        let nvenc = choice("[encoder]\nuse = \"h264_nvenc\"").unwrap();
        assert_eq!(nvenc, EncoderChoice::Nvenc);
        for wrong in ["use = \"hevc_nvenc\"", "use = \"gpu\"", "sessions = 3"] {
            assert!(choice(&format!("[encoder]\n{wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn unknown_keys_and_impossible_slots_are_refused() {
        assert!(toml::from_str::<Config>("slot = 3").is_err());
        for slots in ["slots = 0", "slots = 65"] {
            let config: Config = toml::from_str(slots).unwrap();
            assert!(config.validate().is_err(), "{slots}");
        }
    }
}
