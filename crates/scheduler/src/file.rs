//! Files that describe a machine or a workload: TOML, where an unknown key is an error.

use serde::de::DeserializeOwned;

/// Why such a file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}{}", line.map_or(String::new(), |n| format!("line {n}: ")),
        help.as_ref().map_or(String::new(), |h| format!("; {h}")))]
pub struct FileError {
    /// The line, from 1, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// The way out.
    pub help: Option<String>,
}

impl FileError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            line: None,
            what: what.into(),
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Reads `text`; a key that nobody knows is told with the nearest one that somebody does.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|e| {
        let line = e.span().map(|span| line_of(text, span.start));
        let told = e.message();
        let mut quoted = told.split('`').skip(1).step_by(2);
        let unknown = told.contains("unknown field") || told.contains("unknown variant");
        let (Some(name), true) = (quoted.next(), unknown) else {
            return FileError {
                line,
                ..FileError::new(told.trim())
            };
        };
        let known: Vec<&str> = quoted.collect();
        let kind = if told.contains("field") {
            "key"
        } else {
            "value"
        };
        let help = nearest(name, &known).map_or_else(
            || format!("known are {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        FileError {
            line,
            ..FileError::new(format!("unknown {kind} `{name}`")).help(help)
        }
    })
}

/// The known name that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known
        .iter()
        .map(|known| (strsim::osa_distance(name, known), *known));
    let near = scored.min_by_key(|(distance, known)| (*distance, *known));
    near.filter(|(distance, _)| *distance <= 1 + name.chars().count() / 4)
        .map(|(_, known)| known)
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|byte| **byte == b'\n').count()
}
