//! What a video is made from, with everything resolved: what the store keeps as `request`.

use serde::{Deserialize, Serialize};
use studio::Canvas;
use studio::script::Script;
use studio::theme::Theme;
use ytempire_core::brief::{Captions, Format, Tier};
use ytempire_core::{ChannelId, MicroUsd, Stage};

use crate::Asset;
use crate::dispatch::Amount;
use crate::plan::Size;

/// Words of a usual scene: 18 seconds.
const SCENE_WORDS: u32 = 45;

/// Grows with every change that alters what the same request gives.
pub(crate) const RENDERER: u32 = 4;

/// A brief with every file found, every default applied and every backend chosen.
///
/// Two equal requests are one video: the hash of its JSON is the idempotency key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The renderer that it was resolved for.
    pub renderer: u32,
    /// The script, or how to get one.
    pub source: Source,
    /// What the description begins with, where the brief says so.
    pub description: Option<String>,
    /// Tags, where the brief has some.
    pub tags: Vec<String>,
    /// Shape of the picture.
    pub format: Format,
    /// How much may be bought.
    pub tier: Tier,
    /// What it may cost.
    pub budget: MicroUsd,
    /// Who speaks.
    pub narrator: Narrator,
    /// Who says when each word is spoken, where the narrator doesn't; `None`: the aligner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<String>,
    /// Who has or makes pictures for scenes that the user's own don't cover; `None`: cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures: Option<Illustrator>,
    /// BCP 47 tag of the text's language.
    pub language: String,
    /// The theme's name.
    pub theme: String,
    /// Pictures and clips that may be used.
    pub assets: Vec<Asset>,
    /// What plays under the narration.
    pub music: Music,
    /// Where captions go.
    pub captions: Captions,
    /// The channel that it is made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// What is not to be taken from the cache, though it may be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takes: Vec<Take>,
}

/// A wish to have part of a video made again: it goes into the cache keys of its stage and of all
/// that follow, so that they find only what was made for the same wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// The first stage that is made again.
    pub from: Stage,
    /// What no other wish has.
    pub mark: String,
}

/// Where the scenes come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// They are here: the user's own script, or cut from the user's article.
    Script(Script),
    /// A language backend writes them.
    Topic {
        /// What about.
        topic: String,
        /// The title, where the user has chosen one.
        title: Option<String>,
        /// The backend's name.
        writer: String,
        /// Words wanted.
        words: u32,
    },
}

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Narrator {
    /// The embedded voice.
    Local {
        /// Its name; `None`: the best that is installed.
        voice: Option<String>,
    },
    /// A speech backend.
    Backend {
        /// Its name.
        name: String,
        /// The voice, where the brief names one.
        voice: Option<String>,
    },
}

/// Who gives pictures, and how many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Illustrator {
    /// The backend's name.
    pub name: String,
    /// So many scenes get one at most: what the budget leaves room for.
    pub most: u32,
}

/// What plays under the narration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Music {
    /// A bed made for the video.
    Made,
    /// Nothing.
    None,
    /// The user's file.
    File(Asset),
}

impl Request {
    /// How much is to be made, as far as is known: a topic's words are those asked for, in scenes of the
    /// usual length.
    pub(crate) fn amount(&self) -> Amount {
        match &self.source {
            Source::Script(script) => {
                let size = Size::of(script);
                Amount {
                    words: u32::try_from(size.words).unwrap_or(u32::MAX),
                    scenes: u32::try_from(size.scenes).unwrap_or(u32::MAX),
                }
            }
            Source::Topic { words, .. } => Amount {
                words: *words,
                scenes: words.div_ceil(SCENE_WORDS),
            },
        }
    }

    /// The user's files that it may use.
    pub(crate) fn own_files(&self) -> impl Iterator<Item = &Asset> {
        let music = match &self.music {
            Music::File(asset) => Some(asset),
            Music::Made | Music::None => None,
        };
        self.assets.iter().chain(music)
    }

    /// The size and speed of its picture.
    pub const fn canvas(&self) -> Canvas {
        Canvas::of(self.format)
    }

    /// The takes that go into the cache keys of `stage`.
    pub(crate) fn takes_of(&self, stage: Stage) -> Vec<&Take> {
        let takes = self.takes.iter();
        takes.filter(|take| stage.follows(take.from)).collect()
    }

    /// Its theme. A theme that is gone since is the default one.
    pub fn theme(&self) -> &'static Theme {
        Theme::named(&self.theme).unwrap_or_else(|| Theme::default_for(""))
    }

    /// Whether captions go into the picture.
    pub const fn burns_captions(&self) -> bool {
        matches!(self.captions, Captions::Burned | Captions::Both)
    }

    /// Whether captions go into files.
    pub const fn writes_captions(&self) -> bool {
        matches!(self.captions, Captions::Sidecar | Captions::Both)
    }
}
