//! A backend: one model on one server, and what it costs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use ytempire_core::UnitPrice;

use crate::config::Problem;
use crate::error::{Billed, Class, Error};
use crate::kind::Kind;

/// How a language backend is asked for JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Structured {
    /// By `json_schema`: the server holds the model to the schema.
    #[default]
    JsonSchema,
    /// By `json_object`: any object; the schema stands in the prompt.
    JsonObject,
    /// By the prompt alone; the first object of the answer counts.
    Plain,
}

impl Structured {
    /// The next weaker way, for a server that refused this one.
    pub const fn weaker(self) -> Option<Self> {
        match self {
            Self::JsonSchema => Some(Self::JsonObject),
            Self::JsonObject => Some(Self::Plain),
            Self::Plain => None,
        }
    }
}

/// The field by which a language backend's output is limited. One of them is always sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputLimit {
    /// `max_tokens`: every server but `OpenAI`'s newer models.
    MaxTokens,
    /// `max_completion_tokens`: `OpenAI` and Azure. Servers that don't know it ignore it, and
    /// then nothing limits the bill: hence the choice by host.
    MaxCompletionTokens,
}

/// The container a speech backend is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioFormat {
    /// Uncompressed; what every server can.
    #[default]
    Wav,
    /// Smaller on the wire.
    Mp3,
}

impl AudioFormat {
    /// The name on the wire, which is also the file extension.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
        }
    }
}

/// Exact prices in US dollars per unit of each meter. `None` is unknown, which is not free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Dollars per token read.
    #[serde(
        default,
        deserialize_with = "exact",
        skip_serializing_if = "Option::is_none"
    )]
    pub input_tokens: Option<UnitPrice>,
    /// Dollars per token written.
    #[serde(
        default,
        deserialize_with = "exact",
        skip_serializing_if = "Option::is_none"
    )]
    pub output_tokens: Option<UnitPrice>,
    /// Dollars per character spoken.
    #[serde(
        default,
        deserialize_with = "exact",
        skip_serializing_if = "Option::is_none"
    )]
    pub characters: Option<UnitPrice>,
    /// Dollars per picture made.
    #[serde(
        default,
        deserialize_with = "exact",
        skip_serializing_if = "Option::is_none"
    )]
    pub images: Option<UnitPrice>,
    /// Dollars per second of sound heard.
    #[serde(
        default,
        deserialize_with = "exact",
        skip_serializing_if = "Option::is_none"
    )]
    pub audio_seconds: Option<UnitPrice>,
    /// Dollars per second that a GPU is busy.
    #[serde(
        default,
        deserialize_with = "exact",
        skip_serializing_if = "Option::is_none"
    )]
    pub gpu_seconds: Option<UnitPrice>,
    /// Dollars per call.
    #[serde(
        default,
        deserialize_with = "exact",
        skip_serializing_if = "Option::is_none"
    )]
    pub requests: Option<UnitPrice>,
}

/// Reads a price from a decimal string; a number would have passed through a float.
fn exact<'de, D: Deserializer<'de>>(source: D) -> Result<Option<UnitPrice>, D::Error> {
    let wrong = || D::Error::custom("a price is a decimal string, such as \"0.000015\"");
    let text = String::deserialize(source).map_err(|_| wrong())?;
    let price = Decimal::from_str_exact(text.trim()).map_err(|_| wrong())?;
    Ok(Some(UnitPrice(price)))
}

impl Prices {
    /// The price of a meter by the names of [`Usage::meters`](crate::Usage::meters).
    pub fn of(&self, meter: &str) -> Option<UnitPrice> {
        match meter {
            crate::Usage::INPUT_TOKENS => self.input_tokens,
            crate::Usage::OUTPUT_TOKENS => self.output_tokens,
            crate::Usage::CHARACTERS => self.characters,
            crate::Usage::IMAGES => self.images,
            crate::Usage::AUDIO_SECONDS => self.audio_seconds,
            crate::Usage::GPU_SECONDS => self.gpu_seconds,
            crate::Usage::REQUESTS => self.requests,
            _ => None,
        }
    }
}

/// Where a server's API begins: `http` or `https`, without user, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads `text`, such as `http://127.0.0.1:8880/v1`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refuse = |why| Err(Problem::BaseUrl(why));
        // `text` is never repeated: somebody may have put a password into it.
        let Ok(url) = Url::parse(text) else {
            return refuse("is not a URL; write it like http://127.0.0.1:8880/v1");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refuse("must begin with http:// or https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("must not hold a user or password; use api_key_file or api_key_env");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("must end before any ? or #");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return refuse("names no host");
        }
        Ok(Self(url))
    }

    /// The address of what has no server.
    pub(crate) fn none() -> Self {
        Self(Url::parse("http://localhost/").expect("a constant address parses"))
    }

    /// The origin's address of `path`: what stands beside the API, not below it.
    pub(crate) fn beside(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }

    /// The address of `path`, which begins without a slash.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{path}"));
        url
    }

    /// The host, as written in the configuration.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether what is sent there can be read on the way: plain `http` beyond the machine and
    /// the local net (private or link-local address, name without a dot, `.local` and the like).
    pub(crate) fn is_exposed(&self) -> bool {
        self.0.scheme() == "http" && !self.is_local()
    }

    /// Whether it is on this machine or the own net, as far as its name tells.
    pub(crate) fn is_local(&self) -> bool {
        is_local(self.host())
    }
}

fn is_local(host: &str) -> bool {
    if let Ok(v4) = host.parse::<std::net::Ipv4Addr>() {
        return v4.is_loopback() || v4.is_private() || v4.is_link_local();
    }
    if let Ok(v6) = host.trim_matches(['[', ']']).parse::<std::net::Ipv6Addr>() {
        return v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local();
    }
    let host = host.trim_end_matches('.');
    let local = [
        ".localhost",
        ".local",
        ".lan",
        ".internal",
        ".home.arpa",
        ".svc",
    ];
    !host.contains('.') || local.iter().any(|end| host.ends_with(end))
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// How a server that speaks the `OpenAI` shape tells when each word is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordTimes {
    /// Kokoro-FastAPI's `POST /dev/captioned_speech`, beside the API.
    Kokoro,
}

/// One model on one server. Made from [`config::BackendTable`](crate::config::BackendTable).
#[derive(Clone, Debug)]
pub struct Backend {
    /// Its name in the configuration, the ledger and error texts.
    pub name: String,
    /// Its wire protocol.
    pub kind: Kind,
    /// Where its API begins.
    pub base_url: BaseUrl,
    /// The model, as the server names it; empty where a kind has none.
    pub model: String,
    /// The voice, as the server names it; speech only.
    pub voice: Option<String>,
    /// Sent as the kind wants it.
    pub api_key: Option<SecretString>,
    /// What its meters cost.
    pub prices: Prices,
    /// How good what it gives is, 0 to 100.
    pub quality: u8,
    /// A call's time from first to last byte. `None`: [`Options::total`](crate::Options::total).
    pub timeout: Option<Duration>,
    /// How JSON is asked for first; language only.
    pub structured: Structured,
    /// The field that limits the output; language only.
    pub output_limit: OutputLimit,
    /// Most tokens an answer may have; language, and pictures that are billed by tokens.
    pub output_tokens_max: u32,
    /// Of them, those that a model may think before it writes; language only.
    pub reasoning_tokens_max: u32,
    /// Most characters of one call's text; speech only.
    pub characters_max: usize,
    /// The container asked for; speech only.
    pub format: AudioFormat,
    /// Speaking speed in hundredths, 25 to 400; speech only.
    pub speed_percent: u16,
    /// How the server tells when each word is spoken; speech only.
    pub word_timestamps: Option<WordTimes>,
    /// The size that pictures are asked for in, as `1536x1024`. `None`: the nearest usual one.
    pub size: Option<String>,
    /// The quality that pictures are asked for in, as the server names it.
    pub image_quality: Option<String>,
    /// The graph that `ComfyUI` is given, with its placeholders.
    pub graph: Option<Arc<serde_json::Value>>,
    /// Where a library's pictures are.
    pub folder: Option<PathBuf>,
    /// Calls at once, over all nodes that share their signals. `None`: as many as there are jobs.
    pub concurrent_max: Option<u32>,
    /// Calls in a minute, over all nodes that share their signals. `None`: any number.
    pub calls_per_minute: Option<u32>,
    /// Backends that are asked instead while this one fails; `None`: the usual ones.
    pub fallback: Option<Vec<String>>,
    /// The IANA name of the time zone in which the provider counts days.
    pub day_zone: String,
}

impl Backend {
    /// A backend with every option at its default and no price.
    pub fn new(name: &str, kind: Kind, base_url: BaseUrl, model: &str) -> Self {
        let output_limit = match base_url.host() {
            "api.openai.com" => OutputLimit::MaxCompletionTokens,
            host if host.ends_with(".openai.azure.com") => OutputLimit::MaxCompletionTokens,
            _ => OutputLimit::MaxTokens,
        };
        Self {
            name: name.to_owned(),
            kind,
            base_url,
            model: model.to_owned(),
            voice: None,
            api_key: None,
            prices: Prices::default(),
            quality: kind.spec().quality,
            timeout: None,
            structured: Structured::default(),
            output_limit,
            // A picture of the best quality comes to some 6,300 tokens.
            output_tokens_max: match kind.role() {
                crate::Role::Pictures => 8_192,
                _ => 16_384,
            },
            reasoning_tokens_max: 0,
            characters_max: crate::speech::CHARACTERS_MAX,
            format: AudioFormat::default(),
            speed_percent: 100,
            word_timestamps: None,
            size: None,
            image_quality: None,
            graph: None,
            folder: None,
            concurrent_max: None,
            calls_per_minute: None,
            fallback: None,
            day_zone: "UTC".to_owned(),
        }
    }

    /// What is said where it is asked for what it can't do: nothing left, and nothing is billed.
    pub(crate) fn refuse(&self, why: &str) -> Error {
        Error::new(Class::Input, &self.name, Billed::No, why)
    }

    /// What it is asked for.
    pub fn role(&self) -> crate::Role {
        self.kind.role()
    }
}
