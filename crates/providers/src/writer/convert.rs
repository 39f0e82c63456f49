//! From a model's JSON to a script: types, bounds, clean text.
//!
//! Whatever a model writes is hostile. Harmless dirt is washed off (control characters, bidi
//! overrides, markup); what breaks a bound is refused with its place and the bound, never cut,
//! because half a sentence is worse than another call.

use serde::Deserialize;
use serde_json::Value;
use studio::script::{Scene, Script, Side, Visual};
use unicode_segmentation::UnicodeSegmentation;
use ytempire_core::brief::{DESCRIPTION_BYTES_MAX, TAGS_CHARS_MAX, TITLE_CHARS_MAX, tags_chars};

use super::prompt::{Assignment, KINDS};

#[cfg(test)]
mod tests;

/// Bounds of a whole script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fewest words of narration.
    pub words_min: usize,
    /// Most words of narration: speech is billed by its length.
    pub words_max: usize,
}

impl Limits {
    /// Half to seven quarters of what was asked for: models miss the count by that much, and
    /// such a script is still a good one.
    pub const fn of(assignment: &Assignment) -> Self {
        let words = assignment.words as usize;
        Self {
            words_min: words / 2,
            words_max: words * 7 / 4,
        }
    }
}

/// Most scenes.
const SCENES_MAX: usize = 80;
/// Most characters of each text: what cards can show and a scene can last.
const HEADING_MAX: usize = 90;
const NARRATION_MAX: usize = 4_000;
const LINE_MAX: usize = 160;
const POINT_MAX: usize = 110;
const QUOTE_MAX: usize = 300;
const VALUE_MAX: usize = 32;
const LABEL_MAX: usize = 80;
const HINT_MAX: usize = 80;
/// Most characters of one tag. Nobody searches for longer ones.
const TAG_MAX: usize = 60;

/// The script that `value` holds.
///
/// # Errors
/// Everything that is wrong, each beginning with its place: `scenes[2].visual.points: …`.
/// Nothing of the model's own text is repeated.
pub fn script(value: &Value, limits: &Limits) -> Result<Script, Vec<String>> {
    let raw = RawScript::deserialize(value).map_err(|error| vec![shape(&error)])?;
    let mut check = Check::default();
    let title = check.line("title", &raw.title, TITLE_CHARS_MAX);
    let description = clean_paragraphs(raw.description.as_deref().unwrap_or_default());
    if description.len() > DESCRIPTION_BYTES_MAX {
        let what = format!("longer than {DESCRIPTION_BYTES_MAX} bytes");
        check.say("description", &what);
    }
    if raw.scenes.is_empty() || raw.scenes.len() > SCENES_MAX {
        check.say(
            "scenes",
            &format!("{} scenes; 1 to {SCENES_MAX} are needed", raw.scenes.len()),
        );
    }
    let scenes: Vec<_> = raw
        .scenes
        .iter()
        .take(SCENES_MAX)
        .enumerate()
        .map(|(n, scene)| check.scene(n, scene))
        .collect();
    let words: usize = scenes
        .iter()
        .map(|scene| scene.narration.unicode_words().count())
        .sum();
    if !(limits.words_min..=limits.words_max).contains(&words) {
        let (least, most) = (limits.words_min, limits.words_max);
        check.say(
            "scenes",
            &format!("{words} words of narration; {least} to {most} are needed"),
        );
    }
    if !check.0.is_empty() {
        return Err(check.0);
    }
    Ok(Script {
        title,
        description,
        tags: tags(raw.tags.as_deref().unwrap_or_default()),
        scenes,
    })
}

/// What is wrong with the shape: `serde`'s text without the values in it, which may be long.
fn shape(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let known = text.starts_with("missing field") || text.starts_with("invalid type");
    let short = text.chars().count() <= 120 && !text.contains('"');
    if known && short {
        text
    } else {
        "a field has the wrong type".to_owned()
    }
}

/// Collects what is wrong.
#[derive(Default)]
struct Check(Vec<String>);

impl Check {
    fn say(&mut self, place: &str, what: &str) {
        self.0.push(format!("{place}: {what}"));
    }

    fn length(&mut self, place: &str, text: &str, most: usize) {
        let length = text.chars().count();
        if length > most {
            self.say(
                place,
                &format!("{length} characters; at most {most} are possible"),
            );
        }
    }

    /// A required line.
    fn line(&mut self, place: &str, raw: &str, most: usize) -> String {
        let text = clean_line(raw);
        if text.is_empty() {
            self.say(place, "is empty");
        }
        self.length(place, &text, most);
        text
    }

    /// A line that may be missing or empty.
    fn maybe(&mut self, place: &str, raw: Option<&str>, most: usize) -> Option<String> {
        let text = clean_line(raw?);
        self.length(place, &text, most);
        (!text.is_empty()).then_some(text)
    }

    /// A line that this kind of picture needs.
    fn needed(&mut self, place: &str, raw: Option<&str>, most: usize) -> String {
        self.line(place, raw.unwrap_or_default(), most)
    }

    fn scene(&mut self, n: usize, raw: &RawScene) -> Scene {
        let place = format!("scenes[{n}]");
        let narration = clean_paragraphs(&raw.narration);
        if narration.unicode_words().next().is_none() {
            self.say(&format!("{place}.narration"), "has no words");
        }
        self.length(&format!("{place}.narration"), &narration, NARRATION_MAX);
        Scene {
            heading: self.line(&format!("{place}.heading"), &raw.heading, HEADING_MAX),
            narration,
            picture_hint: self.maybe(
                &format!("{place}.picture_hint"),
                raw.picture_hint.as_deref(),
                HINT_MAX,
            ),
            visual: self.visual(&format!("{place}.visual"), &raw.visual),
        }
    }

    fn visual(&mut self, place: &str, raw: &RawVisual) -> Visual {
        let at = |field: &str| format!("{place}.{field}");
        let text = raw.text.as_deref();
        match raw.kind.as_str() {
            "title" => Visual::Title {
                subtitle: self.maybe(&at("text"), text, LINE_MAX),
            },
            "heading" => Visual::Heading {
                text: self.maybe(&at("text"), text, LINE_MAX),
            },
            "bullets" => Visual::Bullets {
                points: self.points(&at("points"), raw.points.as_deref().unwrap_or_default()),
            },
            "quote" => Visual::Quote {
                text: unquoted(&self.needed(&at("text"), text, QUOTE_MAX)),
                by: self.maybe(&at("by"), raw.by.as_deref(), LABEL_MAX),
            },
            "number" => Visual::Number {
                value: self.needed(&at("value"), raw.value.as_deref(), VALUE_MAX),
                label: self.needed(&at("label"), raw.label.as_deref(), LABEL_MAX),
            },
            "comparison" => {
                let left = [&raw.left_label, &raw.left_value, &raw.left_note];
                let right = [&raw.right_label, &raw.right_value, &raw.right_note];
                Visual::Comparison {
                    left: self.side(&at("left"), left),
                    right: self.side(&at("right"), right),
                }
            }
            "sections" => Visual::Sections,
            "closing" => Visual::Closing {
                text: self.maybe(&at("text"), text, LINE_MAX),
            },
            _ => {
                self.say(&at("kind"), &format!("must be one of {}", KINDS.join(", ")));
                Visual::Sections
            }
        }
    }

    fn points(&mut self, place: &str, raw: &[String]) -> Vec<String> {
        let points: Vec<_> = raw
            .iter()
            .take(7)
            .map(|point| clean_line(point))
            .filter(|p| !p.is_empty())
            .collect();
        if points.is_empty() || raw.len() > 6 {
            self.say(place, &format!("{} points; 1 to 6 are needed", raw.len()));
        }
        for (n, point) in points.iter().enumerate() {
            self.length(&format!("{place}[{n}]"), point, POINT_MAX);
        }
        points
    }

    fn side(&mut self, place: &str, [label, value, note]: [&Option<String>; 3]) -> Side {
        Side {
            label: self.needed(&format!("{place}_label"), label.as_deref(), LABEL_MAX),
            value: self.needed(&format!("{place}_value"), value.as_deref(), VALUE_MAX),
            note: self.maybe(&format!("{place}_note"), note.as_deref(), LABEL_MAX),
        }
    }
}

/// The tags that fit, without `#`, each once. Tags are a bonus: what doesn't fit is left out.
fn tags(raw: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    // No set of tags within the limit has more members than it has characters.
    for tag in raw.iter().take(TAGS_CHARS_MAX) {
        let tag = clean_line(tag).replace([',', '<', '>', '"'], " ");
        let tag = clean_line(tag.trim_start_matches('#'));
        let known = kept
            .iter()
            .any(|other| other.to_lowercase() == tag.to_lowercase());
        if tag.is_empty() || known || tag.chars().count() > TAG_MAX {
            continue;
        }
        kept.push(tag);
        if tags_chars(&kept) > TAGS_CHARS_MAX {
            kept.pop();
        }
    }
    kept
}

/// Whether a character may stand in a script: no controls, no invisible direction or tag
/// characters, no byte-order mark, no private or unassigned plane ends.
fn is_clean(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFF}'
            | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{10FFFF}'))
}

/// `raw` as one line: clean characters, markup taken off, single blanks.
fn clean_line(raw: &str) -> String {
    let visible: String = raw
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| is_clean(*c))
        .collect();
    let bare = visible.trim_start().trim_start_matches(['#', '>']);
    // Pairs only: a single star or underscore may be meant.
    let bare = bare.replace("**", "").replace("__", "").replace('`', "");
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `raw` as paragraphs with one blank line between them, each a clean line.
fn clean_paragraphs(raw: &str) -> String {
    let unix = raw.replace("\r\n", "\n");
    let mut paragraphs: Vec<String> = vec![String::new()];
    for line in unix.split(['\n', '\r', '\u{2029}']) {
        let line = clean_line(line);
        match paragraphs.last_mut() {
            Some(open) if !line.is_empty() => {
                if !open.is_empty() {
                    open.push(' ');
                }
                open.push_str(&line);
            }
            Some(open) if !open.is_empty() => paragraphs.push(String::new()),
            _ => {}
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n")
}

/// `text` without the quotation marks around it.
fn unquoted(text: &str) -> String {
    let marks = ['"', '“', '”', '„', '«', '»', '‘', '’', '\''];
    let inner = text
        .strip_prefix(marks)
        .and_then(|rest| rest.strip_suffix(marks));
    inner.map_or_else(|| text.to_owned(), |inner| inner.trim().to_owned())
}

#[derive(Deserialize)]
struct RawScript {
    title: String,
    description: Option<String>,
    tags: Option<Vec<String>>,
    scenes: Vec<RawScene>,
}

#[derive(Deserialize)]
struct RawScene {
    heading: String,
    narration: String,
    picture_hint: Option<String>,
    visual: RawVisual,
}

#[derive(Deserialize)]
struct RawVisual {
    kind: String,
    text: Option<String>,
    by: Option<String>,
    value: Option<String>,
    label: Option<String>,
    points: Option<Vec<String>>,
    left_label: Option<String>,
    left_value: Option<String>,
    left_note: Option<String>,
    right_label: Option<String>,
    right_value: Option<String>,
    right_note: Option<String>,
}
