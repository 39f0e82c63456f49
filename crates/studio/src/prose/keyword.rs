//! RAKE: phrases between function words, weighed by the company that their words keep.
//!
//! S. Rose, D. Engel, N. Cramer and W. Cowley, "Automatic Keyword Extraction from Individual
//! Documents", in *Text Mining*, 2010. A phrase's weight is the sum of degree / frequency of its
//! words. The plain sum favours long phrases that occur once, so ours is multiplied by how often
//! the phrase occurs, and parts of phrases that come back are candidates too.

use std::collections::BTreeMap;

use unicode_segmentation::UnicodeSegmentation;

use super::{is_stop, singular};

/// Words in a phrase at most.
const PHRASE_WORDS_MAX: usize = 3;

/// Letters of a word that is a keyword alone, at least.
const ALONE_CHARS_MIN: usize = 4;

/// A candidate: how it was first written, where, and how often it occurs.
struct Phrase {
    shown: String,
    at: usize,
    count: u64,
    /// It filled a whole stretch between function words at least once.
    is_whole: bool,
}

/// The `most` phrases that tell best what the text is about, best first, as first written. None
/// of them repeats another's words.
pub(crate) fn keywords(text: &str, most: usize) -> Vec<String> {
    let mut phrases: BTreeMap<Vec<String>, Phrase> = BTreeMap::new();
    // Frequency and degree of each word, as the paper calls them.
    let mut words: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (at, written) in stretches(text).into_iter().enumerate() {
        let key: Vec<String> = written
            .iter()
            .map(|w| singular(&w.to_lowercase()))
            .collect();
        for word in &key {
            let (frequency, degree) = words.entry(word.clone()).or_default();
            *frequency += 1;
            *degree += key.len().min(PHRASE_WORDS_MAX) as u64;
        }
        for length in 1..=PHRASE_WORDS_MAX.min(key.len()) {
            for start in 0..=key.len() - length {
                let phrase = phrases.entry(key[start..start + length].to_vec());
                let phrase = phrase.or_insert_with(|| Phrase {
                    shown: written[start..start + length].join(" "),
                    at,
                    count: 0,
                    is_whole: false,
                });
                phrase.count += 1;
                phrase.is_whole |= length == key.len();
            }
        }
    }
    phrases.retain(|_, phrase| is_candidate(phrase));
    let mut ranked: Vec<(u64, usize, Vec<String>, String)> = phrases
        .into_iter()
        .map(|(key, phrase)| {
            let weight: u64 = key
                .iter()
                .map(|word| words[word].1 * 1_000 / words[word].0)
                .sum();
            // A phrase that never comes back counts half, since it may be a chance meeting of
            // words; one that does says more than its words alone: half as much again for each.
            let length = key.len() as u64;
            let score = match phrase.count {
                1 => weight / 2,
                count => weight * count * (length + 1) / 2,
            };
            (score, phrase.at, key, phrase.shown)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut taken: Vec<Vec<String>> = Vec::new();
    let mut chosen = Vec::new();
    for (_, _, key, shown) in ranked {
        let repeats = taken.iter().any(|other| {
            key.iter().all(|w| other.contains(w)) || other.iter().all(|w| key.contains(w))
        });
        if chosen.len() < most && !repeats {
            taken.push(key);
            chosen.push(shown);
        }
    }
    chosen
}

/// The stretches of content words between function words and punctuation.
fn stretches(text: &str) -> Vec<Vec<&str>> {
    let mut all = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for piece in text.split_word_bounds() {
        let is_blank = piece.chars().all(char::is_whitespace);
        let is_word = piece.chars().any(char::is_alphanumeric);
        if is_word && !is_stop(&piece.to_lowercase()) {
            open.push(piece);
        } else if (!is_blank && piece != "-") || piece.contains('\n') {
            // Spaces within a line and hyphens hold a phrase together; all else ends it.
            all.push(std::mem::take(&mut open));
        }
    }
    all.push(open);
    all.retain(|stretch| !stretch.is_empty());
    all
}

/// A part of a stretch counts only if it comes back: then it is a phrase of its own.
fn is_candidate(phrase: &Phrase) -> bool {
    let words = || phrase.shown.split(' ');
    (phrase.count > 1 || phrase.is_whole)
        && words().all(|word| word.chars().any(char::is_alphabetic))
        && words().any(|word| word.chars().count() >= ALONE_CHARS_MIN)
}
