//! `[[backend]]` tables of the configuration.
//!
//! Nothing is read here: the caller hands over the key that `api_key_env` or `api_key_file`
//! names.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use ytempire_core::Stage;
use ytempire_core::brief::Tier;

use crate::backend::{AudioFormat, Backend, BaseUrl, OutputLimit, Prices, Structured, WordTimes};
use crate::kind::{Auth, Kind, Role};
use crate::picture;
use crate::usage::Usage;

/// One `[[backend]]`. Unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendTable {
    /// A name of its own: 1 to 40 of `a-z`, `0-9`, `-`, `_`, `.`.
    pub name: String,
    /// What it does: `script`, `narrate` or `illustrate`.
    pub stage: Stage,
    /// Its wire protocol, which must be one of its stage: see [`KINDS`](crate::KINDS).
    pub kind: Kind,
    /// Where its API begins, most often ending in `/v1`. Default: the provider's own, where the
    /// kind is one provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The model, as the server names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The voice, as the server names it; speech only, where it is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// The environment variable that holds the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// The file that holds the key, and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    /// The lowest tier that uses it. Default `complex`. `simple` only at a price of 0 and on the
    /// own net.
    #[serde(default = "complex")]
    pub tier: Tier,
    /// What it costs. Every meter of its kind must be there: unknown is not free.
    #[serde(default)]
    pub price: Prices,
    /// How good what it gives is, 0 to 100. Default by kind. Too high: it is preferred to better
    /// ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// Seconds that one call may take, 1 to 3,600. Default 600. Too small: long answers are
    /// paid for and thrown away. Too big: a hanging server holds its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// How JSON is asked for first; weaker ways follow by themselves. Default `json_schema`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Structured>,
    /// The field that limits the output. Default by host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_limit: Option<OutputLimit>,
    /// Most tokens of an answer, hidden reasoning included, 256 to 1,000,000. Default 16,384.
    /// Too small: answers are cut. Too big: more is reserved, and some servers throttle by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens_max: Option<u32>,
    /// Of them, those that a model may think before it writes, 0 to 500,000. Default 0. Too small:
    /// a thinking model's answer is cut. Too big: more is reserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens_max: Option<u32>,
    /// Most characters of one speech call, 100 to 4,096. Default 4,096.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters_max: Option<usize>,
    /// What speech is delivered in. Default `wav`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<AudioFormat>,
    /// Speaking speed, 0.25 to 4.0, as a decimal string. Default `"1.0"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<String>,
    /// How the server tells when each word is spoken, `kokoro`. Default: it doesn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word_timestamps: Option<WordTimes>,
    /// The size that pictures are asked for in, as `1536x1024`. Default: the nearest usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// The quality that pictures are asked for in, as the server names it. Default: the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_quality: Option<String>,
    /// The file with the graph that `ComfyUI` is given, in its API format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph_file: Option<PathBuf>,
    /// The folder with a library's pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Calls at once, 1 to 1,000, over all nodes that share a Redis; else for each node. Default:
    /// one for each job that needs it. Too small: jobs wait for each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_max: Option<u32>,
    /// Calls in a minute, 1 to 100,000, shared in the same way. Default: any number. Too small: jobs
    /// wait; too big: the provider refuses, and rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_minute: Option<u32>,
    /// Names of backends of the same role that are asked while this one fails, in this order.
    /// Default for speech: those of the same kind, model and voice, as another voice would be heard
    /// in the middle of a video; else all others that fit the tier. `[]`: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Vec<String>>,
    /// The IANA name of the time zone in which the provider counts days. Default `UTC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_zone: Option<String>,
}

const fn complex() -> Tier {
    Tier::Complex
}

/// What is wrong with a `[[backend]]`. Texts begin with the key, for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The name can't be used.
    #[error("name must be 1 to 40 of a-z, 0-9, '-', '_' and '.'")]
    Name,
    /// The stage can't be done by that kind.
    #[error("stage = \"{stage}\" can't be done by kind = \"{kind}\", which does {does}")]
    Stage {
        /// The stage.
        stage: Stage,
        /// The kind.
        kind: &'static str,
        /// What it does.
        does: Stage,
    },
    /// The address can't be used.
    #[error("base_url {0}")]
    BaseUrl(&'static str),
    /// A key would travel in the clear.
    #[error("base_url must begin with https:// because a key is sent to {host}")]
    KeyInTheClear {
        /// Where to.
        host: String,
    },
    /// Two places for one key.
    #[error("api_key_env and api_key_file exclude each other")]
    TwoKeys,
    /// A place for a key was named and none was found there.
    #[error("the API key named by api_key_env or api_key_file is missing or empty")]
    KeyMissing,
    /// The graph can't be used.
    #[error("graph_file {0}")]
    Graph(&'static str),
    /// Prices of meters that don't go together.
    #[error("price must have exactly {0}")]
    Meters(String),
    /// A key that another kind or the kind itself needs.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A key that this kind has no use for.
    #[error("{0} means nothing for this kind")]
    Useless(&'static str),
    /// A value outside its range.
    #[error("{key} must be {range}")]
    Range {
        /// The key.
        key: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// A meter has no price.
    #[error("price.{0} is missing; write \"0\" for a server of your own")]
    PriceMissing(&'static str),
    /// A price of a meter that the kind isn't billed by.
    #[error("price.{0} means nothing for this kind")]
    UselessPrice(&'static str),
    /// A price for nothing, or below zero.
    #[error("price.{0} must not be negative")]
    PriceNegative(&'static str),
    /// A priced or foreign backend for those who pay nobody.
    #[error("tier = \"simple\" is for servers on the own net that cost nothing; use complex")]
    TierCosts,
    /// A fallback that isn't there, is of another kind, or is the backend itself.
    #[error("fallback names {name:?}, which is no other backend for the same work")]
    Fallback {
        /// The name.
        name: String,
    },
    /// Two backends of one name.
    #[error("name = \"{name}\" is given twice")]
    Twice {
        /// The name.
        name: String,
    },
}

impl BackendTable {
    /// Says whether a key has to be handed to [`BackendTable::backend`].
    pub const fn needs_key(&self) -> bool {
        self.api_key_env.is_some() || self.api_key_file.is_some()
    }

    /// Checks everything that can be checked without the key.
    pub fn validate(&self) -> Result<(), Problem> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if self.name.is_empty() || self.name.len() > 40 || !self.name.chars().all(plain) {
            return Err(Problem::Name);
        }
        let spec = self.kind.spec();
        if spec.stage() != self.stage {
            let (kind, does) = (spec.name, spec.stage());
            let stage = self.stage;
            return Err(Problem::Stage { stage, kind, does });
        }
        self.validate_keys()?;
        if spec.probe.is_some() {
            self.validate_server(&self.address()?)?;
        }
        within("timeout_s", self.timeout_s, 1, 3_600, "1 to 3600")?;
        let concurrent = self.concurrent_max.map(u64::from);
        within("concurrent_max", concurrent, 1, 1_000, "1 to 1000")?;
        let calls = self.calls_per_minute.map(u64::from);
        within("calls_per_minute", calls, 1, 100_000, "1 to 100000")?;
        within("quality", self.quality.map(u64::from), 0, 100, "0 to 100")?;
        let tokens = self.output_tokens_max.map(u64::from);
        let range = "256 to 1000000";
        within("output_tokens_max", tokens, 256, 1_000_000, range)?;
        let thoughts = self.reasoning_tokens_max.map(u64::from);
        within("reasoning_tokens_max", thoughts, 0, 500_000, "0 to 500000")?;
        let characters = self.characters_max.map(|count| count as u64);
        within("characters_max", characters, 100, 4_096, "100 to 4096")?;
        self.speed_percent()?;
        self.validate_prices()
    }

    fn address(&self) -> Result<BaseUrl, Problem> {
        let text = self
            .base_url
            .as_deref()
            .or_else(|| self.kind.spec().base_url);
        BaseUrl::parse(text.ok_or(Problem::Missing("base_url"))?)
    }

    fn validate_server(&self, base_url: &BaseUrl) -> Result<(), Problem> {
        if self.api_key_env.is_some() && self.api_key_file.is_some() {
            return Err(Problem::TwoKeys);
        }
        if self.needs_key() && self.kind.spec().auth == Auth::None {
            return Err(Problem::Useless("api_key_env or api_key_file"));
        }
        if self.needs_key() && base_url.is_exposed() {
            return Err(Problem::KeyInTheClear {
                host: base_url.host().to_owned(),
            });
        }
        if self.tier == Tier::Simple && !base_url.is_local() {
            return Err(Problem::TierCosts);
        }
        Ok(())
    }

    /// Every key that not all kinds have a use for, and whether it says something.
    fn keys(&self) -> [(&'static str, Option<bool>); 16] {
        let text = |text: &Option<String>| text.as_deref().map(|text| !text.trim().is_empty());
        [
            ("base_url", text(&self.base_url)),
            ("model", text(&self.model)),
            ("voice", text(&self.voice)),
            ("structured", self.structured.map(|_| true)),
            ("output_limit", self.output_limit.map(|_| true)),
            ("output_tokens_max", self.output_tokens_max.map(|_| true)),
            (
                "reasoning_tokens_max",
                self.reasoning_tokens_max.map(|_| true),
            ),
            ("characters_max", self.characters_max.map(|_| true)),
            ("format", self.format.map(|_| true)),
            ("speed", text(&self.speed)),
            ("word_timestamps", self.word_timestamps.map(|_| true)),
            ("size", text(&self.size)),
            ("image_quality", text(&self.image_quality)),
            ("graph_file", self.graph_file.as_ref().map(|_| true)),
            ("folder", self.folder.as_ref().map(|_| true)),
            ("timeout_s", self.timeout_s.map(|_| true)),
        ]
    }

    fn validate_keys(&self) -> Result<(), Problem> {
        let spec = self.kind.spec();
        for (key, given) in self.keys() {
            match given {
                Some(_) if !spec.keys.contains(&key) => return Err(Problem::Useless(key)),
                Some(false) => return Err(Problem::Missing(key)),
                None if spec.required.contains(&key) => return Err(Problem::Missing(key)),
                _ => {}
            }
        }
        Ok(())
    }

    fn validate_prices(&self) -> Result<(), Problem> {
        let spec = self.kind.spec();
        let known = |meter: &&str| spec.meters.iter().any(|set| set.contains(meter));
        let priced = || {
            let all = Usage::METERS.into_iter();
            all.filter(|meter| self.price.of(meter).is_some())
        };
        for meter in priced() {
            let price = self.price.of(meter).map_or(Decimal::ZERO, |price| price.0);
            if !known(&meter) {
                return Err(Problem::UselessPrice(meter));
            }
            if price < Decimal::ZERO {
                return Err(Problem::PriceNegative(meter));
            }
            if price > Decimal::ZERO && self.tier == Tier::Simple {
                return Err(Problem::TierCosts);
            }
        }
        let complete = |set: &&&[&str]| set.iter().all(|meter| self.price.of(meter).is_some());
        match spec.meters {
            [] => Ok(()),
            [set] => match set.iter().find(|meter| self.price.of(meter).is_none()) {
                Some(meter) => Err(Problem::PriceMissing(meter)),
                None => Ok(()),
            },
            sets => match sets.iter().find(complete) {
                Some(set) if priced().count() == set.len() => Ok(()),
                _ => {
                    let sets: Vec<_> = sets.iter().map(|set| set.join(" and ")).collect();
                    Err(Problem::Meters(sets.join(", or ")))
                }
            },
        }
    }

    fn speed_percent(&self) -> Result<u16, Problem> {
        let wrong = Problem::Range {
            key: "speed",
            range: "a string from \"0.25\" to \"4.0\"",
        };
        let Some(text) = &self.speed else {
            return Ok(100);
        };
        let percent = text
            .parse::<Decimal>()
            .ok()
            .and_then(|speed| speed.checked_mul(Decimal::ONE_HUNDRED))
            .and_then(|percent| u16::try_from(percent.round()).ok());
        percent
            .filter(|percent| (25..=400).contains(percent))
            .ok_or(wrong)
    }

    /// The backend that the table describes; `api_key` is what `api_key_env` or `api_key_file`
    /// names, without white space around it.
    pub fn backend(&self, api_key: Option<SecretString>) -> Result<Backend, Problem> {
        self.backend_with(api_key, None)
    }

    /// The same, with the content of `graph_file`.
    pub fn backend_with(
        &self,
        api_key: Option<SecretString>,
        graph: Option<&str>,
    ) -> Result<Backend, Problem> {
        self.validate()?;
        let empty = |key: &SecretString| secrecy::ExposeSecret::expose_secret(key).is_empty();
        if self.needs_key() && api_key.as_ref().is_none_or(empty) {
            return Err(Problem::KeyMissing);
        }
        let base_url = match self.kind.spec().probe {
            Some(_) => self.address()?,
            None => BaseUrl::none(),
        };
        let graph = match (&self.graph_file, graph) {
            (None, _) => None,
            (Some(_), None) => return Err(Problem::Graph("can't be read")),
            (Some(_), Some(text)) => Some(Arc::new(picture::comfyui::graph(text)?)),
        };
        let trimmed = |text: &Option<String>| text.as_deref().map(|text| text.trim().to_owned());
        let model = trimmed(&self.model).unwrap_or_default();
        let usual = Backend::new(&self.name, self.kind, base_url, &model);
        Ok(Backend {
            voice: trimmed(&self.voice),
            api_key: api_key.filter(|_| self.needs_key()),
            prices: self.price,
            quality: self.quality.unwrap_or(usual.quality),
            timeout: self.timeout_s.map(Duration::from_secs),
            structured: self.structured.unwrap_or(usual.structured),
            output_limit: self.output_limit.unwrap_or(usual.output_limit),
            output_tokens_max: self.output_tokens_max.unwrap_or(usual.output_tokens_max),
            reasoning_tokens_max: self.reasoning_tokens_max.unwrap_or_default(),
            characters_max: self.characters_max.unwrap_or(usual.characters_max),
            format: self.format.unwrap_or(usual.format),
            speed_percent: self.speed_percent()?,
            word_timestamps: self.word_timestamps,
            size: trimmed(&self.size),
            image_quality: trimmed(&self.image_quality),
            graph,
            folder: self.folder.clone(),
            concurrent_max: self.concurrent_max,
            calls_per_minute: self.calls_per_minute,
            fallback: self.fallback.clone(),
            day_zone: self.day_zone.clone().unwrap_or(usual.day_zone),
            ..usual
        })
    }

    /// What it is asked for.
    pub fn role(&self) -> Role {
        self.kind.role()
    }
}

/// Checks all tables, also against each other. An error comes with the table's name.
pub fn validate_all(tables: &[BackendTable]) -> Result<(), (String, Problem)> {
    let mut names = HashSet::new();
    for table in tables {
        let named = |problem| (table.name.clone(), problem);
        table.validate().map_err(named)?;
        if !names.insert(&table.name) {
            let name = table.name.clone();
            return Err(named(Problem::Twice { name }));
        }
        for name in table.fallback.iter().flatten() {
            let is_it = |other: &BackendTable| other.name == *name && other.role() == table.role();
            if *name == table.name || !tables.iter().any(is_it) {
                return Err(named(Problem::Fallback { name: name.clone() }));
            }
        }
    }
    Ok(())
}

fn within(
    key: &'static str,
    value: Option<u64>,
    least: u64,
    most: u64,
    range: &'static str,
) -> Result<(), Problem> {
    match value {
        Some(value) if !(least..=most).contains(&value) => Err(Problem::Range { key, range }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
