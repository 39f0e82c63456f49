//! The brief: what a user asks for.
//!
//! TOML, YAML or JSON with the same keys; `ytempire schema brief` prints the JSON Schema.

mod error;
mod key;
mod load;
mod read;
mod rule;
mod schema;
mod settings;
mod syntax;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use error::{BriefError, line_in_file};
pub use load::{BYTES_MAX, load, load_bytes};
pub use rule::{
    BUDGET_MAX, DESCRIPTION_BYTES_MAX, TAGS_CHARS_MAX, TITLE_CHARS_MAX, TOPIC_CHARS_MAX, tags_chars,
};
pub use schema::schema;
pub use settings::{Music, Settings, Source};
pub use syntax::Syntax;

/// What a video shall be made from, and how. Unknown keys are refused.
///
/// A brief of only `title` and `script` works; exactly one of `script`, `article` and `topic`
/// must be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Brief {
    /// The video's title, 1 to 100 characters. With `article` or `topic` it may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The script in Markdown: each `## heading` is a scene, its paragraphs the narration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// A text to cut into scenes; the author's own words, nothing added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// A topic for a language backend to write about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What the description begins with. Default: made from the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Tags for the upload. Default: made from the script.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Shape of the picture. Default `16:9`.
    #[serde(default)]
    pub format: Format,
    /// How much may be bought. Default `simple`.
    #[serde(default)]
    pub tier: Tier,
    /// Dollars that the whole video may cost, as a string or number. Default `3.00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Dollars>,
    /// The narrator, as the speech backend names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// BCP 47 tag of the text's language. Default `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// A theme by name: `ytempire make --help` lists them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// A folder of pictures and clips, relative to the brief.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<String>,
    /// An audio file, relative to the brief, or `none`. Default: a bed made for the video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub music: Option<String>,
    /// Where captions go. Default `both`.
    #[serde(default)]
    pub captions: Captions,
    /// The channel that it is made for, by name: `ytempire channel list` shows them. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// The shape of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// 1920 × 1080.
    #[default]
    #[serde(rename = "16:9")]
    Landscape,
    /// 1080 × 1920.
    #[serde(rename = "9:16")]
    Portrait,
    /// 1080 × 1080.
    #[serde(rename = "1:1")]
    Square,
}

/// How much may be bought for a video.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Local parts only; nothing is paid to anybody.
    #[default]
    Simple,
    /// A configured speech or language backend is used where it fits the budget.
    Complex,
    /// As `complex`, and the encoder spends more CPU on the picture.
    Premium,
}

impl Tier {
    /// The name, as briefs and options write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Complex => "complex",
            Self::Premium => "premium",
        }
    }
}

/// Where captions go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Captions {
    /// Into the picture.
    Burned,
    /// Into files beside the video.
    Sidecar,
    /// Into both.
    #[default]
    Both,
    /// Nowhere.
    None,
}

/// Dollars as people write them: `2.5` or `"2.50"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Dollars {
    /// `"2.50"`
    Text(String),
    /// `3`
    Whole(i64),
    /// `2.5`; read back through its shortest decimal form, never used in arithmetic.
    Number(f64),
}
