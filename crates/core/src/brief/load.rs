//! From bytes to a checked brief.

use super::error::position;
use super::key::Key;
use super::{Brief, BriefError, Syntax, read, rule};
use crate::Code;

/// Bytes in a brief: 2 MiB, some sixty times the longest script that is accepted. Larger files
/// are somebody's mistake, and are refused before they are parsed.
pub const BYTES_MAX: usize = 2 << 20;

/// Reads and checks a brief.
///
/// A byte order mark is ignored. The text of [`Syntax::Article`] becomes the article of an
/// otherwise default brief.
///
/// # Errors
/// [`BriefError`] with `YT0001` for text that is empty, too large or holds control characters,
/// `YT0002` for broken syntax, `YT0003` for unknown keys and `YT0004` for values outside their
/// limits. It never panics, and neither deep nesting nor repeated aliases make it slow.
pub fn load(text: &str, syntax: Syntax) -> Result<Brief, BriefError> {
    if text.len() > BYTES_MAX {
        return Err(too_large());
    }
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.trim().is_empty() {
        let help = "write at least a title and a script; docs/guide/brief.md shows how";
        return Err(BriefError::new(
            Code::BriefUnreadable,
            "the brief is empty",
            help,
        ));
    }
    if let Some((offset, c)) = text
        .char_indices()
        .find(|&(_, c)| rule::is_refused_control(c))
    {
        let what = format!("the brief holds the control character U+{:04X}", c as u32);
        let help = "remove it: a brief is plain text, with tabs and line breaks at most";
        return Err(
            BriefError::new(Code::BriefUnreadable, what, help).at(Some(position(text, offset)))
        );
    }
    let brief = read::read(text, syntax)?;
    brief.check()?;
    Ok(brief)
}

/// Reads and checks a brief from a file's bytes, as [`load`] does.
///
/// # Errors
/// Also `YT0001` for bytes that are not UTF-8, with their place.
pub fn load_bytes(bytes: &[u8], syntax: Syntax) -> Result<Brief, BriefError> {
    if bytes.len() > BYTES_MAX {
        return Err(too_large());
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => load(text, syntax),
        Err(error) => {
            let good = error.valid_up_to();
            let valid = String::from_utf8_lossy(&bytes[..good]);
            let what = format!("the brief is not UTF-8 from byte {good} on");
            let help = "save it as UTF-8; pictures and documents can't be briefs";
            Err(BriefError::new(Code::BriefUnreadable, what, help).at(Some(position(&valid, good))))
        }
    }
}

fn too_large() -> BriefError {
    // A reader stops behind the limit, so the true size isn't known here.
    let what = format!("the brief has more than {BYTES_MAX} bytes");
    let help = "shorten it, or make several videos of it";
    BriefError::new(Code::BriefUnreadable, what, help)
}

impl Brief {
    /// A brief that asks for a video of `article` and leaves everything else to the defaults.
    pub fn from_article(article: &str) -> Self {
        Self {
            article: Some(article.to_owned()),
            ..Self::default()
        }
    }

    /// Checks every value and what must hold between them; `load` has done it already.
    ///
    /// # Errors
    /// `YT0004`, without a place.
    pub fn check(&self) -> Result<(), BriefError> {
        let texts = [
            (Key::Title, &self.title),
            (Key::Script, &self.script),
            (Key::Article, &self.article),
            (Key::Topic, &self.topic),
            (Key::Description, &self.description),
            (Key::Voice, &self.voice),
            (Key::Language, &self.language),
            (Key::Theme, &self.theme),
            (Key::Assets, &self.assets),
            (Key::Music, &self.music),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                rule::text(key, text)?;
            }
        }
        rule::tags(&self.tags)?;
        if let Some(budget) = &self.budget {
            rule::budget(budget)?;
        }
        self.check_source()
    }

    fn check_source(&self) -> Result<(), BriefError> {
        let sources = [
            ("script", self.script.is_some()),
            ("article", self.article.is_some()),
            ("topic", self.topic.is_some()),
        ];
        let given: Vec<_> = sources.iter().filter(|s| s.1).map(|s| s.0).collect();
        match given.as_slice() {
            [] => {
                let what = "nothing to make a video from: no script, article or topic";
                let help = "give one of the three; docs/guide/brief.md shows how";
                Err(BriefError::new(Code::BriefInvalid, what, help).key("script"))
            }
            [_] => self.check_title(),
            [first, second, ..] => {
                let what = format!("both {first} and {second} are given");
                let help = "keep exactly one of script, article and topic";
                Err(BriefError::new(Code::BriefInvalid, what, help).key(second))
            }
        }
    }

    /// A script needs a title, from the brief or from its own first line.
    fn check_title(&self) -> Result<(), BriefError> {
        let Some(script) = &self.script else {
            return Ok(());
        };
        let own = script
            .lines()
            .any(|line| line.trim_start().starts_with("# "));
        if self.title.is_some() || own {
            return Ok(());
        }
        let help = "add title = \"…\", or begin the script with a line \"# Title\"";
        Err(BriefError::new(Code::BriefInvalid, "the title is missing", help).key("title"))
    }
}
