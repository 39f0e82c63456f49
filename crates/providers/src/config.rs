//! `[[backend]]` tables of the configuration.
//!
//! Nothing is read here: the caller hands over the key that `api_key_env` or `api_key_file`
//! names.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use rust_decimal::Decimal;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use ytempire_core::Stage;
use ytempire_core::brief::Tier;

use crate::backend::{AudioFormat, Backend, BaseUrl, Kind, OutputLimit, Prices, Structured};

/// One `[[backend]]`. Unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendTable {
    /// A name of its own: 1 to 40 of `a-z`, `0-9`, `-`, `_`, `.`.
    pub name: String,
    /// What it does: `script` or `narrate`.
    pub stage: Stage,
    /// Its wire protocol: `openai-chat` for `script`, `openai-speech` for `narrate`.
    pub kind: Kind,
    /// Where its API begins, most often ending in `/v1`.
    pub base_url: String,
    /// The model, as the server names it.
    pub model: String,
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
    /// Most characters of one speech call, 100 to 4,096. Default 4,096.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters_max: Option<usize>,
    /// What speech is delivered in. Default `wav`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<AudioFormat>,
    /// Speaking speed, 0.25 to 4.0, as a decimal string. Default `"1.0"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<String>,
    /// Calls at once, 1 to 1,000, over all nodes that share a Redis; else for each node. Default:
    /// one for each job that needs it. Too small: jobs wait for each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_max: Option<u32>,
    /// Calls in a minute, 1 to 100,000, shared in the same way. Default: any number. Too small: jobs
    /// wait; too big: the provider refuses, and rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_minute: Option<u32>,
    /// Names of backends of the same kind that are asked while this one fails, in this order.
    /// Default for `script`: all others that fit the tier; for `narrate`: those of the same model and
    /// voice, as another voice would be heard in the middle of a video. `[]`: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Vec<String>>,
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
    #[error(
        "stage = \"{stage}\" can't be done by this kind; openai-chat does script, openai-speech does narrate"
    )]
    Stage {
        /// The stage.
        stage: Stage,
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
    /// A price for nothing, or below zero.
    #[error("price.{0} must not be negative")]
    PriceNegative(&'static str),
    /// A priced or foreign backend for those who pay nobody.
    #[error("tier = \"simple\" is for servers on the own net that cost nothing; use complex")]
    TierCosts,
    /// A fallback that isn't there, is of another kind, or is the backend itself.
    #[error("fallback names {name:?}, which is no other backend of the same kind")]
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
        if !matches!(
            (self.kind, self.stage),
            (Kind::OpenaiChat, Stage::Script) | (Kind::OpenaiSpeech, Stage::Narrate)
        ) {
            return Err(Problem::Stage { stage: self.stage });
        }
        let base_url = BaseUrl::parse(&self.base_url)?;
        if self.api_key_env.is_some() && self.api_key_file.is_some() {
            return Err(Problem::TwoKeys);
        }
        if self.needs_key() && base_url.is_exposed() {
            return Err(Problem::KeyInTheClear {
                host: base_url.host().to_owned(),
            });
        }
        if self.model.trim().is_empty() {
            return Err(Problem::Missing("model"));
        }
        if self.tier == Tier::Simple && !base_url.is_local() {
            return Err(Problem::TierCosts);
        }
        within("timeout_s", self.timeout_s, 1, 3_600, "1 to 3600")?;
        let concurrent = self.concurrent_max.map(u64::from);
        within("concurrent_max", concurrent, 1, 1_000, "1 to 1000")?;
        let calls = self.calls_per_minute.map(u64::from);
        within("calls_per_minute", calls, 1, 100_000, "1 to 100000")?;
        self.validate_kind()?;
        self.validate_prices()
    }

    fn validate_kind(&self) -> Result<(), Problem> {
        let useless = |there: bool, key| {
            if there {
                Err(Problem::Useless(key))
            } else {
                Ok(())
            }
        };
        match self.kind {
            Kind::OpenaiChat => {
                useless(self.voice.is_some(), "voice")?;
                useless(self.characters_max.is_some(), "characters_max")?;
                useless(self.format.is_some(), "format")?;
                useless(self.speed.is_some(), "speed")?;
                let tokens = self.output_tokens_max.map(u64::from);
                within(
                    "output_tokens_max",
                    tokens,
                    256,
                    1_000_000,
                    "256 to 1000000",
                )
            }
            Kind::OpenaiSpeech => {
                useless(self.structured.is_some(), "structured")?;
                useless(self.output_limit.is_some(), "output_limit")?;
                useless(self.output_tokens_max.is_some(), "output_tokens_max")?;
                if self
                    .voice
                    .as_deref()
                    .is_none_or(|voice| voice.trim().is_empty())
                {
                    return Err(Problem::Missing("voice"));
                }
                let characters = self.characters_max.map(|count| count as u64);
                within("characters_max", characters, 100, 4_096, "100 to 4096")?;
                self.speed_percent().map(drop)
            }
        }
    }

    fn validate_prices(&self) -> Result<(), Problem> {
        let all = [
            ("input_tokens", self.price.input_tokens, Kind::OpenaiChat),
            ("output_tokens", self.price.output_tokens, Kind::OpenaiChat),
            ("characters", self.price.characters, Kind::OpenaiSpeech),
        ];
        for (meter, price, kind) in all {
            match price {
                None if kind == self.kind => return Err(Problem::PriceMissing(meter)),
                Some(_) if kind != self.kind => {
                    return Err(Problem::Useless(match meter {
                        "characters" => "price.characters",
                        "input_tokens" => "price.input_tokens",
                        _ => "price.output_tokens",
                    }));
                }
                Some(price) if price.0 < Decimal::ZERO => {
                    return Err(Problem::PriceNegative(meter));
                }
                Some(price) if price.0 > Decimal::ZERO && self.tier == Tier::Simple => {
                    return Err(Problem::TierCosts);
                }
                _ => {}
            }
        }
        Ok(())
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
        self.validate()?;
        let empty = |key: &SecretString| secrecy::ExposeSecret::expose_secret(key).is_empty();
        if self.needs_key() && api_key.as_ref().is_none_or(empty) {
            return Err(Problem::KeyMissing);
        }
        let base_url = BaseUrl::parse(&self.base_url)?;
        let usual = Backend::new(&self.name, self.kind, base_url, self.model.trim());
        Ok(Backend {
            voice: self.voice.as_deref().map(|voice| voice.trim().to_owned()),
            api_key: api_key.filter(|_| self.needs_key()),
            prices: self.price,
            timeout: self.timeout_s.map(Duration::from_secs),
            structured: self.structured.unwrap_or(usual.structured),
            output_limit: self.output_limit.unwrap_or(usual.output_limit),
            output_tokens_max: self.output_tokens_max.unwrap_or(usual.output_tokens_max),
            characters_max: self.characters_max.unwrap_or(usual.characters_max),
            format: self.format.unwrap_or(usual.format),
            speed_percent: self.speed_percent()?,
            concurrent_max: self.concurrent_max,
            calls_per_minute: self.calls_per_minute,
            fallback: self.fallback.clone(),
            ..usual
        })
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
            let is_it = |other: &BackendTable| other.name == *name && other.kind == table.kind;
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
