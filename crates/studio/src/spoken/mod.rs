//! Narration as it is spoken: every written word with its words for the ear and its pause.
//!
//! Captions show what was written ("$2.50,"), a voice says what it means ("two dollars and
//! fifty cents"), and both must stay tied to each other, because the time of the spoken words
//! is the time at which the written one is shown. English is read in full by rules and tables;
//! texts in other languages are only cut, for a remote engine that reads them itself.

mod cut;
mod expand;
mod fold;
mod lexicon;
mod money;
mod number;
mod quantity;
mod word;

#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A narration, ready for a voice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpokenText {
    /// The written words in order; at least one. Their `display` texts joined by blanks are the
    /// input's words joined by blanks.
    pub tokens: Vec<Token>,
}

/// A written word and what is said for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The word as captions show it, with clinging punctuation, and with silent neighbours such
    /// as a lone dash or an emoji after a blank.
    pub display: String,
    /// What a voice says; at least one word. For English only `a`–`z` and inner apostrophes, or
    /// one capital for the name of a letter: `["F", "B", "I"]`.
    pub spoken: Vec<String>,
    /// Pauses between its spoken words, as in `well—maybe`; rarely any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<Break>,
    /// The pause after it.
    pub pause: Pause,
}

impl Token {
    /// Tells whether it ends a question.
    pub fn asks(&self) -> bool {
        self.pause >= Pause::Sentence
            && self
                .display
                .chars()
                .rev()
                .take_while(|c| !c.is_alphanumeric())
                .any(|c| c == '?')
    }
}

/// A pause inside a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// It follows this many of the token's spoken words.
    pub after: usize,
    /// How long it is.
    pub pause: Pause,
}

/// How long a voice rests; a longer one is greater.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// None.
    #[default]
    None,
    /// As at a comma or bracket.
    Comma,
    /// As at a semicolon, colon or dash.
    Clause,
    /// As at the end of a sentence.
    Sentence,
    /// As between paragraphs; the last token has it too.
    Paragraph,
}

/// The pause after each blank-separated word of `text`, by its punctuation.
pub(crate) fn pauses(text: &str) -> Vec<Pause> {
    let words = cut::words(text);
    (0..words.len()).map(|at| cut::pause(&words, at)).collect()
}

/// Why a narration can't be spoken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The English voice has no sounds for some letters.
    #[error("the voice can't speak {}", list(.characters))]
    Unspeakable {
        /// The letters, each once, in order of appearance.
        characters: Vec<char>,
    },
    /// There is no word in it.
    #[error("there is nothing to say")]
    NothingToSay,
}

/// The first letters as people can look them up: `“你” (U+4F60), …`.
fn list(characters: &[char]) -> String {
    const SHOWN_MAX: usize = 10;
    let shown = characters.iter().take(SHOWN_MAX);
    let text: Vec<_> = shown
        .map(|&c| format!("“{c}” (U+{:04X})", u32::from(c)))
        .collect();
    match characters.len().saturating_sub(SHOWN_MAX) {
        0 => text.join(", "),
        more => format!("{} and {more} more", text.join(", ")),
    }
}

impl SpokenText {
    /// Reads an English narration. Paragraphs are separated by blank lines.
    ///
    /// # Errors
    /// * [`Error::Unspeakable`] – letters of a script that English has no sounds for (Chinese,
    ///   Arabic, Cyrillic, …). Letters with accents are spoken without them.
    /// * [`Error::NothingToSay`] – only blanks, punctuation or emoji.
    pub fn english(narration: &str) -> Result<Self, Error> {
        let raws = cut::words(narration);
        let characters = fold::unspeakable(&raws);
        if !characters.is_empty() {
            return Err(Error::Unspeakable { characters });
        }
        Self::build(&raws, expand::all(&raws))
    }

    /// Cuts a narration in another language: each word is spoken as it is written, in lower case
    /// and without punctuation; numbers are left as digits for the engine to read.
    ///
    /// # Errors
    /// [`Error::NothingToSay`] – only blanks, punctuation or emoji.
    pub fn plain(narration: &str) -> Result<Self, Error> {
        let raws = cut::words(narration);
        let said = raws
            .iter()
            .map(|raw| (word::as_written(raw.core), Vec::new()))
            .collect();
        Self::build(&raws, said)
    }

    /// Reads a narration in a language given by its BCP 47 tag: `en`, `en-GB`, `fr`, ….
    pub fn of_language(narration: &str, language: &str) -> Result<Self, Error> {
        let primary = language.split(['-', '_']).next().unwrap_or_default();
        if primary.is_empty() || primary.eq_ignore_ascii_case("en") {
            Self::english(narration)
        } else {
            Self::plain(narration)
        }
    }

    /// Joins the words with what is said for them; silent ones cling to a neighbour.
    fn build(raws: &[cut::Raw<'_>], said: Vec<expand::Said>) -> Result<Self, Error> {
        let mut tokens: Vec<Token> = Vec::with_capacity(raws.len());
        let mut waiting = String::new();
        for (i, (raw, (spoken, breaks))) in raws.iter().zip(said).enumerate() {
            let pause = cut::pause(raws, i);
            if !spoken.is_empty() {
                let display = std::mem::take(&mut waiting) + raw.whole;
                tokens.push(Token {
                    display,
                    spoken,
                    breaks,
                    pause,
                });
            } else if let Some(last) = tokens.last_mut() {
                last.display.push(' ');
                last.display.push_str(raw.whole);
                last.pause = last.pause.max(pause);
            } else {
                waiting.push_str(raw.whole);
                waiting.push(' ');
            }
        }
        match tokens.last_mut() {
            Some(last) => last.pause = Pause::Paragraph,
            None => return Err(Error::NothingToSay),
        }
        Ok(Self { tokens })
    }

    /// The sentences, as ranges of `tokens` that together cover all of them.
    pub fn sentences(&self) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let mut start = 0;
        for (i, token) in self.tokens.iter().enumerate() {
            if token.pause >= Pause::Sentence {
                ranges.push(start..i + 1);
                start = i + 1;
            }
        }
        if start < self.tokens.len() {
            ranges.push(start..self.tokens.len());
        }
        ranges
    }

    /// How many words are spoken.
    pub fn spoken_words(&self) -> usize {
        self.tokens.iter().map(|token| token.spoken.len()).sum()
    }
}
