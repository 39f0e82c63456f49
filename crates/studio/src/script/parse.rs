//! Scripts in Markdown: the dialect of `docs/guide/script.md`.

use ytempire_core::brief::TITLE_CHARS_MAX;

use super::block::{Block, Kind, blocks};
use super::directive::{self, Wish, fit, limit};
use super::error::ScriptError;
use super::inline::plain;
use super::{Scene, Script, Visual};

/// Scenes in a script, as written. A scene is a chapter: YouTube shows far fewer.
pub const SCENES_MAX: usize = 400;

/// Words in a script: three hours and twenty minutes at 150 words a minute.
pub const WORDS_MAX: usize = 30_000;

/// Headings under which a last scene is the end card, if nothing else is said.
const CLOSINGS: [&str; 12] = [
    "closing",
    "close",
    "the end",
    "end",
    "ending",
    "outro",
    "conclusion",
    "thanks",
    "thank you",
    "thanks for watching",
    "goodbye",
    "credits",
];

/// A scene while its blocks come in.
struct Draft {
    line: usize,
    heading: String,
    paragraphs: Vec<String>,
    visual: Option<Visual>,
    picture: Option<String>,
}

/// Reads a script.
///
/// `title` is the brief's; without it the script's own `# title` counts.
///
/// # Errors
/// The first thing that is wrong, with its line: see [`ScriptError`].
pub fn parse(markdown: &str, title: Option<&str>) -> Result<Script, ScriptError> {
    let mut own_title = None;
    let mut drafts: Vec<Draft> = Vec::new();
    for block in blocks(markdown)? {
        let line = block.line;
        match block.kind {
            Kind::Title(text) => {
                if own_title.is_some() || !drafts.is_empty() {
                    let what = format!("a second title, \"{}\"", plain(&text).text);
                    let help = "write ## to begin a scene; # is the title, before all scenes";
                    return Err(ScriptError::malformed(line, what, help));
                }
                own_title = Some(checked_title(line, &text)?);
            }
            Kind::Heading(text) => drafts.push(draft(line, &text)?),
            _ => {
                if drafts.is_empty() {
                    // Words before the first heading are the opening, under the title's name.
                    let heading = String::new();
                    drafts.push(Draft {
                        heading,
                        ..draft(line, "opening")?
                    });
                }
                if let Some(draft) = drafts.last_mut() {
                    draft.add(block)?;
                }
            }
        }
        if drafts.len() > SCENES_MAX {
            let what = format!("more than {SCENES_MAX} scenes");
            return Err(ScriptError::long(
                line,
                what,
                "join scenes, or make several videos",
            ));
        }
    }
    let title = match title.map(str::trim).filter(|title| !title.is_empty()) {
        Some(title) => title.to_owned(),
        None => own_title.ok_or_else(|| {
            let help = "begin the script with a line \"# Title\", or give the brief a title";
            ScriptError::malformed(1, "the title is missing", help)
        })?,
    };
    finish(title, drafts)
}

fn checked_title(line: usize, text: &str) -> Result<String, ScriptError> {
    let title = fit(line, "the title", &plain(text).text, TITLE_CHARS_MAX)?;
    if title.is_empty() {
        return Err(ScriptError::malformed(
            line,
            "the title is empty",
            "write it after the #",
        ));
    }
    if title.contains(['<', '>']) {
        let help = "write it in words: YouTube refuses \"<\" and \">\" in titles";
        return Err(ScriptError::malformed(
            line,
            "the title holds \"<\" or \">\"",
            help,
        ));
    }
    Ok(title)
}

fn draft(line: usize, heading: &str) -> Result<Draft, ScriptError> {
    let heading = fit(line, "the heading", &plain(heading).text, TITLE_CHARS_MAX)?;
    if heading.is_empty() {
        return Err(ScriptError::malformed(
            line,
            "the heading is empty",
            "name the scene",
        ));
    }
    Ok(Draft {
        line,
        heading,
        paragraphs: Vec::new(),
        visual: None,
        picture: None,
    })
}

impl Draft {
    fn add(&mut self, block: Block) -> Result<(), ScriptError> {
        let line = block.line;
        match block.kind {
            Kind::Paragraph(text) => {
                let plain = plain(&text);
                self.picture = self.picture.take().or(plain.image);
                if !plain.text.is_empty() {
                    self.paragraphs.push(plain.text);
                }
                Ok(())
            }
            Kind::Points(points) => self.add_points(line, &points),
            Kind::Quote(lines) => {
                let visual = quote(line, &lines)?;
                self.show(line, visual)
            }
            Kind::Directive { name, rest, under } => {
                match directive::read(line, &name, &rest, &under)? {
                    Wish::Show(visual) => self.show(line, visual),
                    Wish::Picture(words) => {
                        self.picture = Some(words);
                        Ok(())
                    }
                }
            }
            Kind::Title(_) | Kind::Heading(_) => Ok(()),
        }
    }

    /// Lists with narration between them are one list.
    fn add_points(&mut self, line: usize, points: &[String]) -> Result<(), ScriptError> {
        let mut all = match self.visual.take() {
            Some(Visual::Bullets { points }) => points,
            other => {
                self.visual = other;
                Vec::new()
            }
        };
        for point in points {
            let point = plain(point).text;
            if !point.is_empty() {
                all.push(fit(line, "a point", &point, limit::TEXT)?);
            }
        }
        if all.is_empty() || all.len() > limit::POINTS {
            let what = format!(
                "{} points, a card has room for 1 to {}",
                all.len(),
                limit::POINTS
            );
            return Err(ScriptError::malformed(
                line,
                what,
                "begin another scene with ##",
            ));
        }
        self.show(line, Visual::Bullets { points: all })
    }

    fn show(&mut self, line: usize, visual: Visual) -> Result<(), ScriptError> {
        if self.visual.is_some() {
            let what = format!("the scene \"{}\" shows two things", self.heading);
            let help = "begin another scene with ## before the second one";
            return Err(ScriptError::malformed(line, what, help));
        }
        self.visual = Some(visual);
        Ok(())
    }
}

fn quote(line: usize, lines: &[String]) -> Result<Visual, ScriptError> {
    let (words, by) = match lines.split_last() {
        Some((last, words)) if !words.is_empty() => {
            let by = ["— ", "– ", "-- ", "—", "- "]
                .iter()
                .find_map(|mark| last.strip_prefix(mark));
            if by.is_some() {
                (words, by)
            } else {
                (lines, None)
            }
        }
        _ => (lines, None),
    };
    let mut text = String::new();
    for line in words {
        // A backslash at a line's end breaks it there, as in Markdown: for verse.
        let (line, gap) = line
            .strip_suffix('\\')
            .map_or((line.as_str(), ' '), |l| (l, '\n'));
        text.push_str(&plain(line).text);
        text.push(gap);
    }
    let text = text.trim();
    let text = text.trim_matches(['"', '“', '”', '„', '«', '»']).trim();
    if text.is_empty() {
        let help = "write > words, and > — who under it";
        return Err(ScriptError::malformed(line, "the quotation is empty", help));
    }
    Ok(Visual::Quote {
        text: fit(line, "the quotation", text, limit::QUOTE)?,
        by: by
            .map(|by| plain(by).text)
            .filter(|by| !by.is_empty())
            .map(|by| fit(line, "the name", &by, limit::LABEL))
            .transpose()?,
    })
}

fn finish(title: String, drafts: Vec<Draft>) -> Result<Script, ScriptError> {
    if drafts.is_empty() {
        let help = "write ## and a heading, and under it what shall be said";
        return Err(ScriptError::empty(1, "the script has no scene", help));
    }
    let last = drafts.len() - 1;
    let mut words = 0;
    let mut scenes = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let heading = if draft.heading.is_empty() {
            title.clone()
        } else {
            draft.heading
        };
        if draft.paragraphs.is_empty() {
            let what = format!("the scene \"{heading}\" says nothing");
            let help = "write a paragraph under its heading; points, quotations and directives \
                        are shown, not spoken";
            return Err(ScriptError::empty(draft.line, what, help));
        }
        let narration = draft.paragraphs.join("\n\n");
        words += narration.split_whitespace().count();
        if words > WORDS_MAX {
            let what = format!("the script has more than {WORDS_MAX} words");
            return Err(ScriptError::long(
                draft.line,
                what,
                "make several videos of it",
            ));
        }
        let is_closing = CLOSINGS.contains(&heading.to_lowercase().trim_end_matches(['!', '.']));
        let visual = draft.visual.unwrap_or(match index {
            0 => Visual::Title { subtitle: None },
            _ if index == last && is_closing => Visual::Closing { text: None },
            _ => Visual::Heading { text: None },
        });
        scenes.push(Scene {
            heading,
            narration,
            visual,
            picture_hint: draft.picture,
        });
    }
    Ok(Script {
        title,
        description: String::new(),
        tags: Vec::new(),
        scenes,
    })
}
