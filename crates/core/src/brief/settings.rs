//! A brief with its defaults applied.

use super::{Brief, BriefError, Captions, Format, Tier, rule};
use crate::MicroUsd;

/// What a brief asks for, every default applied and every value typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The title, trimmed; `None` where the script, the article or the topic shall give it.
    pub title: Option<String>,
    /// What the video is made from.
    pub source: Source,
    /// What the description begins with; `None`: made from the script.
    pub description: Option<String>,
    /// Tags for the upload; empty: made from the script.
    pub tags: Vec<String>,
    /// Shape of the picture.
    pub format: Format,
    /// How much may be bought.
    pub tier: Tier,
    /// What the whole video may cost: above zero, at most [`super::BUDGET_MAX`].
    pub budget: MicroUsd,
    /// The narrator; `None`: the speech backend's own choice.
    pub voice: Option<String>,
    /// BCP 47 tag of the text's language.
    pub language: String,
    /// The theme; `None`: the default one.
    pub theme: Option<String>,
    /// A folder of pictures and clips, relative to the brief.
    pub assets: Option<String>,
    /// What plays under the narration.
    pub music: Music,
    /// Where captions go.
    pub captions: Captions,
    /// The channel that it is made for, by name.
    pub channel: Option<String>,
}

/// What a video is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A script in the dialect of `docs/guide/script.md`.
    Script(String),
    /// A text to cut into scenes: Markdown, plain text or HTML.
    Article(String),
    /// A topic to write about.
    Topic(String),
}

/// What plays under the narration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Music {
    /// A bed made for the video.
    Made,
    /// Nothing.
    None,
    /// An audio file, relative to the brief.
    File(String),
}

impl Brief {
    /// The brief with its defaults applied.
    ///
    /// # Errors
    /// Whatever [`super::load()`] refuses, so that a brief built in code is checked as well.
    pub fn settings(&self) -> Result<Settings, BriefError> {
        self.check()?;
        let source = match (&self.script, &self.article, &self.topic) {
            (Some(script), _, _) => Source::Script(script.clone()),
            (_, Some(article), _) => Source::Article(article.clone()),
            (_, _, topic) => Source::Topic(topic.clone().unwrap_or_default()),
        };
        let budget = match &self.budget {
            Some(dollars) => rule::budget(dollars)?,
            None => super::BUDGET_MAX,
        };
        let music = match self.music.as_deref() {
            None => Music::Made,
            Some("none") => Music::None,
            Some(file) => Music::File(file.to_owned()),
        };
        Ok(Settings {
            title: self.title.as_deref().map(|title| title.trim().to_owned()),
            source,
            description: self.description.clone(),
            tags: self.tags.clone(),
            format: self.format,
            tier: self.tier,
            budget,
            voice: self.voice.clone(),
            language: self.language.clone().unwrap_or_else(|| "en".to_owned()),
            theme: self.theme.clone(),
            assets: self.assets.clone(),
            music,
            captions: self.captions,
            channel: self.channel.clone(),
        })
    }
}
