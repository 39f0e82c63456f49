//! What is wrong with a script, by line.

use ytempire_core::Code;

/// Why a script was refused.
///
/// Shown as `script line 12: unknown directive "!nubmer"; did you mean "!number"?`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("script line {line}: {what}; {help}")]
pub struct ScriptError {
    /// The line of the script, from 1.
    pub line: usize,
    /// What is wrong, as a lowercase fragment.
    pub what: String,
    /// What to do; never empty.
    pub help: String,
    /// `YT0005` (nothing to say), `YT0006` (too long) or `YT0007` (not understood).
    pub code: Code,
}

impl ScriptError {
    pub(super) fn empty(line: usize, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
            help: help.into(),
            code: Code::ScriptEmpty,
        }
    }

    pub(super) fn long(line: usize, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
            help: help.into(),
            code: Code::ScriptTooLong,
        }
    }

    pub(super) fn malformed(line: usize, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
            help: help.into(),
            code: Code::ScriptMalformed,
        }
    }
}
