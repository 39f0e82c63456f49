//! What goes with a video to where it is shown: title, description, chapters, tags, flags.

mod chapter;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use ytempire_core::brief::{DESCRIPTION_BYTES_MAX, TAGS_CHARS_MAX, TITLE_CHARS_MAX, tags_chars};

pub use chapter::{Chapter, chapters};

use crate::prose::{keywords, sentences};
use crate::script::Script;

/// Tags that are made from the script, at most: more of them are noise.
const TAGS_MADE_MAX: usize = 12;

/// Characters of a made introduction at most. YouTube shows about so much above the fold.
const INTRODUCTION_CHARS_MAX: usize = 300;

/// Everything an upload asks for, as `metadata.json` keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// 1 to 100 characters, without `<` and `>`.
    pub title: String,
    /// The introduction, the chapters and the credits; at most 5,000 bytes.
    pub description: String,
    /// At most 500 characters in all, as YouTube counts them.
    pub tags: Vec<String>,
    /// The chapters that the description lists; empty if YouTube would not show them.
    pub chapters: Vec<Chapter>,
    /// BCP 47 tag of the narration's language.
    pub language: String,
    /// YouTube's number of a category; 27 is Education, 28 Science & Technology.
    pub category_id: u32,
    /// Who may see it. Always `private`: publishing is a decision of its own.
    pub privacy: Privacy,
    /// Whether it is made for children. YouTube wants an answer; ours is no.
    pub made_for_kids: bool,
    /// Whether YouTube shall label it as altered or synthetic.
    pub contains_synthetic_media: bool,
    /// Why the flag stands as it does.
    pub synthetic_media_reason: String,
}

/// Who may see a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// The channel's owner alone.
    Private,
    /// Whoever has the address.
    Unlisted,
    /// Everybody.
    Public,
}

/// What the script doesn't tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What the description begins with; made from the script if `None`.
    pub description: Option<String>,
    /// Tags; made from the script if empty.
    pub tags: Vec<String>,
    /// BCP 47 tag of the narration's language.
    pub language: String,
    /// Lines that name who made what is used: music, pictures, the voice.
    pub credits: Vec<String>,
    /// The narration was spoken by a machine.
    pub synthetic_voice: bool,
    /// Some pictures or clips were made by a generator and look real.
    pub synthetic_pictures: bool,
}

/// YouTube's category Education.
const EDUCATION: u32 = 27;

impl Metadata {
    /// Describes the video of `script`, whose scenes begin at `starts_ms` on its clock (one for
    /// each scene, ascending) and which lasts `duration_ms`.
    pub fn of(script: &Script, starts_ms: &[u64], duration_ms: u64, options: &Options) -> Self {
        let headings = script.scenes.iter().map(|scene| scene.heading.as_str());
        let chapters = chapters(starts_ms.iter().copied().zip(headings), duration_ms);
        let (contains_synthetic_media, reason) = disclosure(options);
        Self {
            title: clean(&script.title, TITLE_CHARS_MAX),
            description: description(script, &chapters, options),
            tags: tags(script, options),
            chapters,
            language: options.language.clone(),
            category_id: EDUCATION,
            privacy: Privacy::Private,
            made_for_kids: false,
            contains_synthetic_media,
            synthetic_media_reason: reason.to_owned(),
        }
    }
}

/// YouTube asks for the label on realistic content that is altered or synthetic, and names a
/// voice-over for a script among what needs none. We set it for a synthetic voice all the same:
/// a label too many harms nobody, a missing one can cost the video.
///
/// Source: YouTube Help, "Disclosing use of altered or synthetic content".
fn disclosure(options: &Options) -> (bool, &'static str) {
    match (options.synthetic_pictures, options.synthetic_voice) {
        (true, _) => (true, "pictures that look real were made by a generator"),
        (false, true) => (true, "the narration is spoken by a synthetic voice"),
        (false, false) => (
            false,
            "voice and pictures are the maker's own or drawn as graphics",
        ),
    }
}

fn description(script: &Script, chapters: &[Chapter], options: &Options) -> String {
    let given = options
        .description
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    let given = given.or_else(|| Some(script.description.trim()).filter(|text| !text.is_empty()));
    let introduction = given.map_or_else(|| introduction(script), str::to_owned);
    let mut parts = vec![clean(&introduction, DESCRIPTION_BYTES_MAX)];
    if !chapters.is_empty() {
        let lines: Vec<_> = chapters.iter().map(Chapter::to_string).collect();
        parts.push(lines.join("\n"));
    }
    if !options.credits.is_empty() {
        let lines: Vec<_> = options
            .credits
            .iter()
            .map(|line| clean(line, DESCRIPTION_BYTES_MAX))
            .collect();
        parts.push(lines.join("\n"));
    }
    // What comes first matters most; a part that doesn't fit any more is left out whole, so
    // that no list of chapters is cut in two.
    let mut whole = String::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let gap = if whole.is_empty() { "" } else { "\n\n" };
        if whole.len() + gap.len() + part.len() <= DESCRIPTION_BYTES_MAX {
            whole.push_str(gap);
            whole.push_str(&part);
        }
    }
    whole
}

/// The first sentences of the narration, as many as fit.
fn introduction(script: &Script) -> String {
    let mut text = String::new();
    let paragraphs = script
        .scenes
        .iter()
        .flat_map(|scene| scene.narration.split("\n\n"));
    for sentence in paragraphs.flat_map(sentences) {
        if text.chars().count() + sentence.chars().count() >= INTRODUCTION_CHARS_MAX {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&sentence);
    }
    if text.is_empty() {
        script.title.clone()
    } else {
        text
    }
}

fn tags(script: &Script, options: &Options) -> Vec<String> {
    let given = if options.tags.is_empty() {
        &script.tags
    } else {
        &options.tags
    };
    let candidates = if given.is_empty() {
        // What the title says counts twice.
        let mut text = format!("{0}\n\n{0}", script.title);
        for scene in &script.scenes {
            text.push_str("\n\n");
            text.push_str(&scene.heading);
            text.push_str("\n\n");
            text.push_str(&scene.narration);
        }
        keywords(&text, TAGS_MADE_MAX)
    } else {
        given.clone()
    };
    let mut tags = Vec::new();
    for tag in candidates {
        let tag = clean(&tag.replace(',', " "), TAGS_CHARS_MAX);
        if tag.is_empty() || tags.contains(&tag) {
            continue;
        }
        tags.push(tag);
        if tags_chars(&tags) > TAGS_CHARS_MAX {
            tags.pop();
        }
    }
    tags
}

/// A text without what YouTube refuses, at most `most` bytes or characters long.
///
/// Characters are counted for limits in characters; for bytes the caller's limit is checked
/// where the parts are put together.
fn clean(text: &str, most: usize) -> String {
    let allowed = |c: &char| !matches!(c, '<' | '>') && (!c.is_control() || *c == '\n');
    text.chars()
        .filter(allowed)
        .take(most)
        .collect::<String>()
        .trim()
        .to_owned()
}
