//! The stages of a video's production.

use serde::{Deserialize, Serialize};

/// One kind of work in the production of a video, in the order in which a video passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Text in, scenes out.
    Script,
    /// A scene's narration, with a time for every word.
    Narrate,
    /// A scene's picture: an asset or a drawn card.
    Illustrate,
    /// A scene's frames, encoded: a segment.
    Compose,
    /// Segments and sound joined into one file.
    Assemble,
    /// The picture people click.
    Thumbnail,
    /// The finished file, measured.
    Validate,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 7] = [
        Self::Script,
        Self::Narrate,
        Self::Illustrate,
        Self::Compose,
        Self::Assemble,
        Self::Thumbnail,
        Self::Validate,
    ];

    /// The stable name, as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Narrate => "narrate",
            Self::Illustrate => "illustrate",
            Self::Compose => "compose",
            Self::Assemble => "assemble",
            Self::Thumbnail => "thumbnail",
            Self::Validate => "validate",
        }
    }

    /// Whether this stage's work is made from that of `earlier`, or is it.
    pub const fn follows(self, earlier: Self) -> bool {
        match earlier {
            Self::Script => true,
            Self::Narrate => !matches!(self, Self::Script | Self::Illustrate | Self::Thumbnail),
            Self::Illustrate => !matches!(self, Self::Script | Self::Narrate),
            Self::Compose => matches!(self, Self::Compose | Self::Assemble | Self::Validate),
            Self::Assemble => matches!(self, Self::Assemble | Self::Validate),
            Self::Thumbnail => matches!(self, Self::Thumbnail | Self::Validate),
            Self::Validate => matches!(self, Self::Validate),
        }
    }

    /// The stage of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
