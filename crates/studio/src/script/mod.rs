//! The script: scenes, each with a narration and what it shows.

mod block;
mod directive;
mod error;
pub(crate) mod inline;
mod parse;
mod split;
pub(crate) mod visual;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use directive::DIRECTIVES;
pub use error::ScriptError;
pub use parse::{SCENES_MAX, WORDS_MAX, parse};
pub use split::{PART_WORDS_MAX, split_long_scenes};

/// A whole video in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// The title, 1 to 100 characters.
    pub title: String,
    /// What the description begins with; may be empty.
    pub description: String,
    /// Tags for the upload.
    pub tags: Vec<String>,
    /// The scenes, in order; at least one.
    pub scenes: Vec<Scene>,
}

/// A stretch of narration and what is seen meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// The heading, also the chapter's name.
    pub heading: String,
    /// What is said, as one text; paragraphs are separated by a blank line.
    pub narration: String,
    /// What is shown.
    pub visual: Visual,
    /// Words to look for among the assets and in stock libraries; may be empty.
    pub picture_hint: Option<String>,
}

/// What a scene shows where no picture of the user's fits it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Visual {
    /// The video's title card.
    Title {
        /// A line under the title.
        subtitle: Option<String>,
    },
    /// The heading and a short text, or the heading alone.
    Heading {
        /// On-screen text.
        text: Option<String>,
    },
    /// The heading over a few points, which enter one by one.
    Bullets {
        /// 1 to 6 points.
        points: Vec<String>,
    },
    /// A quotation.
    Quote {
        /// The words, without quotation marks.
        text: String,
        /// Who said it.
        by: Option<String>,
    },
    /// One large number and what it means.
    Number {
        /// The number as shown: `10,994 m`, `$2.50`, `71 %`.
        value: String,
        /// What it means.
        label: String,
    },
    /// Two things side by side.
    Comparison {
        /// The left one.
        left: Side,
        /// The right one.
        right: Side,
    },
    /// A chart of data from the brief.
    Chart(Chart),
    /// Where we are: the headings of all scenes, this one marked.
    Sections,
    /// The end card.
    Closing {
        /// A line, such as a question or an invitation.
        text: Option<String>,
    },
}

/// One half of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Its name.
    pub label: String,
    /// What is shown large: a number or a few words.
    pub value: String,
    /// A line under it.
    pub note: Option<String>,
}

/// Data drawn as bars or as a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Bars or line.
    pub shape: ChartShape,
    /// What the values are, with their unit: `Depth (m)`.
    pub caption: Option<String>,
    /// 2 to 12 bars, or 2 to 60 points of a line: label and finite value.
    pub points: Vec<(String, f64)>,
    /// Where the data is from.
    pub source: Option<String>,
}

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartShape {
    /// A bar for each value, from zero.
    Bar,
    /// A line through the values in order.
    Line,
}
