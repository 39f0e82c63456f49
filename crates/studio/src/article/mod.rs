//! Articles into scripts, by extraction: the author's own words, nothing added.
//!
//! An article in Markdown, HTML or plain text is read into sections; sentences are ranked by
//! `TextRank` and the best are kept in their order until the wished length is reached; scenes
//! follow the article's headings, or its changes of subject (`TextTiling`) where it has none.
//! What is shown is found in the text as well: its lists, quotations and numbers.

mod document;
mod html;
mod markdown;
mod plain;
mod write;

#[cfg(test)]
mod tests;

use ytempire_core::Code;

pub use write::write;

/// How an article shall be cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The video's title; without it the article's own, else its first sentence.
    pub title: Option<String>,
    /// Words that the narration may have. Default: all of an article of up to
    /// [`WHOLE_WORDS_MAX`] words; of a longer one two fifths, and 450 to 1,200 words: three to
    /// eight minutes at 150 words a minute.
    pub words: Option<usize>,
}

/// An article of up to so many words (eight minutes) is narrated whole.
pub const WHOLE_WORDS_MAX: usize = 1_200;

/// Why an article can't become a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No sentence is left once navigation, code and tables are gone.
    #[error("the article has no sentence to speak; give a text of at least one sentence")]
    NothingToSay,
}

impl Error {
    /// The stable code.
    pub const fn code(&self) -> Code {
        match self {
            Self::NothingToSay => Code::ScriptEmpty,
        }
    }
}
