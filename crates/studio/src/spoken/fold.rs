//! Letters with accents, as the English voice says them, and letters it can't say.

use super::cut::Raw;
use super::lexicon;

/// Plain letters for the Latin letters of Unicode's Latin-1 Supplement and Latin Extended-A, and
/// the Vietnamese part of Latin Extended Additional: each row is a plain text and its letters.
const PLAIN: &[(&str, &str)] = &[
    ("a", "àáâãäåāăąǎạảấầẩẫậắằẳẵặª"),
    ("c", "çćĉċč"),
    ("d", "ďđð"),
    ("e", "èéêëēĕėęěẹẻẽếềểễệ"),
    ("g", "ĝğġģǧ"),
    ("h", "ĥħ"),
    ("i", "ìíîïĩīĭįıǐỉị"),
    ("j", "ĵ"),
    ("k", "ķĸǩ"),
    ("l", "ĺļľŀł"),
    ("n", "ñńņňŉŋ"),
    ("o", "òóôõöøōŏőǒọỏốồổỗộơớờởỡợº"),
    ("r", "ŕŗř"),
    ("s", "śŝşšșſ"),
    ("t", "ţťŧț"),
    ("u", "ùúûüũūŭůűųǔụủưứừửữự"),
    ("w", "ŵẁẃẅ"),
    ("y", "ýÿŷỳỵỷỹ"),
    ("z", "źżž"),
    ("ss", "ß"),
    ("ae", "æ"),
    ("oe", "œ"),
    ("ij", "ĳ"),
    ("th", "þ"),
    ("fi", "ﬁ"),
    ("fl", "ﬂ"),
];

/// The plain letters of a word, in its own case; marks and signs are kept as they are.
pub(super) fn fold(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for c in word.chars() {
        match plain_of(c) {
            Some(text) if c.is_uppercase() => plain.push_str(&text.to_uppercase()),
            Some(text) => plain.push_str(text),
            None if is_mark(c) => {}
            None => plain.push(c),
        }
    }
    plain
}

fn plain_of(c: char) -> Option<&'static str> {
    if c.is_ascii() {
        return None;
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    PLAIN
        .iter()
        .find(|(_, letters)| letters.contains(lower))
        .map(|(text, _)| *text)
}

/// Combining accents and the joiners and selectors of emoji: never spoken, never missed.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{20d0}'..='\u{20ff}' | '\u{feff}')
}

/// Every letter or digit that the English voice has no words for, each once.
pub(super) fn unspeakable(raws: &[Raw<'_>]) -> Vec<char> {
    let mut found = Vec::new();
    for c in raws.iter().flat_map(|raw| raw.whole.chars()) {
        let known = !c.is_alphanumeric()
            || c.is_ascii()
            || plain_of(c).is_some()
            || is_mark(c)
            || lexicon::symbol(c).is_some()
            || lexicon::vulgar(c).is_some()
            || lexicon::raised(c).is_some();
        if !known && !found.contains(&c) {
            found.push(c);
        }
    }
    found
}
