//! What is wrong with a brief, and what to do about it.

use crate::Code;

/// Why a brief was refused.
///
/// Shown as `deep-sea.toml:7: unknown key "scirpt"; did you mean "script"?`: the file and the
/// line where they are known, what is wrong, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefError {
    /// The stable code; each has a page in `docs/errors/`.
    pub code: Code,
    /// What is wrong, as a lowercase fragment.
    pub what: String,
    /// Line and column, both counted from 1, the column in characters. `None` where the fault
    /// is not at one place, as with a missing key.
    pub at: Option<(u32, u32)>,
    /// The key whose name or value is wrong.
    pub key: Option<String>,
    /// What to do; never empty.
    pub help: String,
    /// The file's name, where the caller told it through [`BriefError::in_file`].
    pub file: Option<String>,
}

impl BriefError {
    pub(super) fn new(code: Code, what: impl Into<String>, help: impl Into<String>) -> Self {
        let (what, help) = (what.into(), help.into());
        Self {
            code,
            what,
            at: None,
            key: None,
            help,
            file: None,
        }
    }

    pub(super) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(super) fn at(mut self, at: Option<(u32, u32)>) -> Self {
        self.at = at;
        self
    }

    /// The same error, shown with the name of the file that the brief came from.
    #[must_use]
    pub fn in_file(mut self, name: &str) -> Self {
        self.file = Some(name.to_owned());
        self
    }
}

impl std::error::Error for BriefError {}

impl std::fmt::Display for BriefError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.file, self.at) {
            (Some(file), Some((line, _))) => write!(f, "{file}:{line}: ")?,
            (Some(file), None) => write!(f, "{file}: ")?,
            (None, Some((line, column))) => write!(f, "line {line}, column {column}: ")?,
            (None, None) => {}
        }
        write!(f, "{}; {}", self.what, self.help)
    }
}

/// The line and column, both from 1, of the character that begins at or holds byte `offset`.
pub(super) fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |i| i + 1);
    let line = before.split(|&b| b == b'\n').count();
    // Continuation bytes begin with the bits 10: every other byte begins a character.
    let column = before[line_start..]
        .iter()
        .filter(|&&b| b & 0xC0 != 0x80)
        .count()
        + 1;
    // The text is at most 2 MiB long.
    (line as u32, column as u32)
}

/// The line of a brief's file on which line `line` (from 1) of its script or article stands, so
/// that an error in the script can be told by the file's own numbers.
///
/// `None` where the file writes the text on one line, as JSON does, or where the line can't be
/// found again.
pub fn line_in_file(file: &str, text: &str, line: usize) -> Option<usize> {
    let wanted: Vec<&str> = text.lines().take(line).map(str::trim).collect();
    let lines: Vec<&str> = file.lines().map(str::trim).collect();
    // The text begins where its first lines follow each other; the first of them may share
    // its line with the key.
    let start = (0..(lines.len() + 1).checked_sub(wanted.len())?).find(|&start| {
        let mut pairs = lines[start..].iter().zip(&wanted);
        pairs
            .next()
            .is_some_and(|(have, want)| have.ends_with(want))
            && pairs.all(|(have, want)| have == want)
    })?;
    (wanted.len() == line).then_some(start + line)
}
