//! When each word is spoken.

use serde::{Deserialize, Serialize};

/// A word of the narration as captions show it, with the time at which it is spoken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordTime {
    /// The word as written, with the punctuation that clings to it: `"1960,"`, `($5`.
    pub text: String,
    /// Milliseconds from the start of the scene's narration to its onset.
    pub start_ms: u32,
    /// Milliseconds to its end; never before `start_ms`, never after the next word's start.
    pub end_ms: u32,
}
