//! What an engine is given at once, and where it shall breathe.

use std::ops::Range;

use studio::spoken::{Pause, SpokenText};

/// Spoken words in one utterance; engines hold all of it in memory, and quadratic steps in
/// them make long ones slow.
const WORDS_MAX: usize = 60;
/// A stretch of more words than this without a pause gets a soft one before a conjunction.
const STRETCH_MAX: usize = 9;
/// Words that must follow a soft pause before the next real one.
const STRETCH_REST: usize = 4;

/// Words before which a speaker may take breath.
const CONJUNCTIONS: [&str; 14] = [
    "and", "but", "because", "which", "who", "while", "when", "where", "although", "though",
    "until", "unless", "whereas", "so",
];

/// One utterance: a sentence, or a part of one that is too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    /// Its tokens.
    pub(super) tokens: Range<usize>,
    /// Its spoken words, each with the mark after it.
    pub(super) words: Vec<(String, Mark)>,
    /// The pause after it.
    pub(super) pause: Pause,
}

/// What follows a spoken word inside a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The next word.
    None,
    /// A short rest that no punctuation asks for, as long as the engine likes.
    Soft,
    /// A rest that punctuation asks for.
    Rest(Pause),
}

impl Phrase {
    /// The text for an engine: letters, blanks, commas, apostrophes and a last full stop or
    /// question mark, nothing else, whatever the words contain.
    pub(super) fn text(&self, asks: bool) -> String {
        let mut text = String::new();
        for (i, (word, mark)) in self.words.iter().enumerate() {
            if i > 0 {
                text.push(' ');
            }
            text.extend(
                word.chars()
                    .filter(|c| c.is_ascii_alphabetic() || *c == '\''),
            );
            if i + 1 < self.words.len() && *mark != Mark::None {
                text.push(',');
            }
        }
        text.push(if asks { '?' } else { '.' });
        text
    }
}

/// The phrases of a text, in order, covering all of its tokens.
pub(super) fn phrases(text: &SpokenText) -> Vec<Phrase> {
    let mut phrases = Vec::new();
    for sentence in text.sentences() {
        let mut start = sentence.start;
        while start < sentence.end {
            let end = cut(text, start..sentence.end);
            phrases.push(phrase(text, start..end));
            start = end;
        }
    }
    phrases
}

/// Where a phrase that starts with `range` ends: with the sentence if that is short enough,
/// else at its last pause within reach, else after as many words as fit.
fn cut(text: &SpokenText, range: Range<usize>) -> usize {
    let mut words = 0;
    let mut last_pause = None;
    for i in range.clone() {
        let token = &text.tokens[i];
        words += token.spoken.len();
        if words > WORDS_MAX && i > range.start {
            return last_pause.unwrap_or(i);
        }
        if token.pause >= Pause::Comma && words >= WORDS_MAX / 3 {
            last_pause = Some(i + 1);
        }
    }
    range.end
}

fn phrase(text: &SpokenText, tokens: Range<usize>) -> Phrase {
    let mut words = Vec::new();
    for token in &text.tokens[tokens.clone()] {
        let after = |n: usize| token.breaks.iter().find(|b| b.after == n).map(|b| b.pause);
        for (n, word) in (1..).zip(&token.spoken) {
            let pause = if n == token.spoken.len() {
                Some(token.pause)
            } else {
                after(n)
            };
            let mark = match pause {
                None | Some(Pause::None) => Mark::None,
                Some(pause) => Mark::Rest(pause),
            };
            words.push((word.clone(), mark));
        }
    }
    soften(&mut words);
    let pause = text.tokens[tokens.end - 1].pause;
    Phrase {
        tokens,
        words,
        pause,
    }
}

/// Puts soft pauses into long stretches.
fn soften(words: &mut [(String, Mark)]) {
    let mut since = 0;
    for i in 0..words.len() {
        since += 1;
        if words[i].1 != Mark::None {
            since = 0;
            continue;
        }
        let rest = words[i + 1..]
            .iter()
            .take_while(|(_, mark)| *mark == Mark::None)
            .count();
        let joins = words
            .get(i + 1)
            .is_some_and(|(w, _)| CONJUNCTIONS.contains(&w.as_str()));
        if joins && since >= STRETCH_MAX / 2 && rest >= STRETCH_REST && since + rest > STRETCH_MAX {
            words[i].1 = Mark::Soft;
            since = 0;
        }
    }
}
