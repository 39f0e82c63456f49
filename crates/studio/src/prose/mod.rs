//! Sentences and the words that carry their meaning: the ground that the extractive writer,
//! the cutter of long scenes and the keywords stand on.

mod keyword;
mod rank;
mod stop;
mod tile;

#[cfg(test)]
mod tests;

use unicode_segmentation::UnicodeSegmentation;

pub(crate) use keyword::keywords;
pub(crate) use rank::ranks;
pub(crate) use stop::is_stop;
pub(crate) use tile::shifts;

use crate::spoken::SpokenText;

/// The sentences of a paragraph, their words as written with single spaces between them.
///
/// Abbreviations, initials, decimals and quoted questions don't end one; the rules are those by
/// which the narrator pauses. Chinese and Japanese sentences end at their own full stops.
pub(crate) fn sentences(paragraph: &str) -> Vec<String> {
    let Ok(spoken) = SpokenText::plain(paragraph) else {
        return Vec::new();
    };
    let mut sentences = Vec::new();
    for range in spoken.sentences() {
        let words: Vec<_> = spoken.tokens[range]
            .iter()
            .map(|t| t.display.as_str())
            .collect();
        split_wide(&words.join(" "), &mut sentences);
    }
    sentences
}

/// Cuts after `。！？` and the marks that close a quotation behind them.
fn split_wide(text: &str, sentences: &mut Vec<String>) {
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if !matches!(c, '。' | '！' | '？') {
            continue;
        }
        let mut end = at + c.len_utf8();
        while let Some(&(at, c)) = chars.peek()
            && matches!(c, '。' | '！' | '？' | '」' | '』' | '”' | '’' | '）')
        {
            end = at + c.len_utf8();
            chars.next();
        }
        sentences.push(text[start..end].trim().to_owned());
        start = end;
    }
    if !text[start..].trim().is_empty() {
        sentences.push(text[start..].trim().to_owned());
    }
}

/// How many words a text has; two characters of a script without spaces count as one.
pub(crate) fn word_count(text: &str) -> usize {
    text.split_whitespace()
        .map(
            |token| match token.chars().filter(|&c| is_wide(c)).count() {
                0 => 1,
                wide => wide.div_ceil(2),
            },
        )
        .sum()
}

/// Letters of scripts that put no spaces between words: Chinese, Japanese, Thai.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{0E00}'..='\u{0E7F}')
}

/// The words that carry a sentence's meaning, in order: lower case, without function words and
/// without the endings of plurals.
pub(crate) fn terms(sentence: &str) -> Vec<String> {
    sentence
        .unicode_words()
        .map(str::to_lowercase)
        .filter(|word| !is_stop(word) && word.chars().count() > 1)
        .map(|word| singular(&word))
        .collect()
}

/// Folds plurals so that "clock" and "clocks" are one word: Harman's "S" stemmer (1991), which
/// changes only what follows a plural's spelling.
fn singular(word: &str) -> String {
    let word = word.trim_end_matches("'s").trim_end_matches("’s");
    if let Some(stem) = word.strip_suffix("ies")
        && stem.len() > 2
        && !stem.ends_with(['a', 'e'])
    {
        return format!("{stem}y");
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// Words with which a sentence leans on the one before it: it isn't kept without that one.
const LEANING: &[&str] = &[
    "he",
    "she",
    "it",
    "they",
    "him",
    "her",
    "them",
    "his",
    "its",
    "their",
    "this",
    "that",
    "these",
    "those",
    "such",
    "but",
    "and",
    "so",
    "yet",
    "or",
    "then",
    "however",
    "therefore",
    "thus",
    "also",
    "instead",
    "moreover",
    "there",
    "here",
    "nor",
    "both",
    "neither",
    "only",
    "still",
    "again",
    "otherwise",
    "meanwhile",
    "afterwards",
    "because",
];

/// Tells whether a sentence says little without the one before it.
pub(crate) fn leans(sentence: &str) -> bool {
    let first = sentence.split_whitespace().next().unwrap_or_default();
    let first = first
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    LEANING.contains(&first.as_str())
}
