//! What a scene shows, found in its own sentences.

use super::Visual;
use super::directive::limit;
use crate::prose::{leans, ranks, word_count};

/// Words that make a number worth a card, when they follow it.
#[rustfmt::skip]
const UNITS: &[&str] = &[
    "%",
    "percent",
    "per cent",
    "metres",
    "meters",
    "metre",
    "meter",
    "kilometres",
    "kilometers",
    "km",
    "m",
    "cm",
    "mm",
    "miles",
    "feet",
    "inches",
    "square",
    "cubic",
    "hectares",
    "acres",
    "kilograms",
    "kg",
    "grams",
    "tonnes",
    "tons",
    "pounds",
    "litres",
    "liters",
    "gallons",
    "million",
    "billion",
    "trillion",
    "thousand",
    "dollars",
    "euros",
    "degrees",
    "°C",
    "°F",
    "watts",
    "kilowatts",
    "megawatts",
    "gigawatts",
    "MW",
    "GW",
    "kW",
    "kWh",
    "volts",
    "hertz",
    "people",
    "times",
    "years",
    "light-years",
    "deaths",
    "species",
];

/// Words after which a second unit belongs to the number: "3 million people".
const SCALES: &[&str] = &[
    "million", "billion", "trillion", "thousand", "square", "cubic",
];

/// Verbs that tie a quotation to its speaker.
#[rustfmt::skip]
const SAYING: &[&str] = &[
    "said",
    "says",
    "wrote",
    "writes",
    "asked",
    "asks",
    "argued",
    "argues",
    "explained",
    "explains",
    "recalled",
    "recalls",
    "noted",
    "notes",
    "added",
    "adds",
    "declared",
    "warned",
    "warns",
    "observed",
    "remarked",
    "replied",
];

/// Words in a key sentence that is short enough to be shown.
const KEY_WORDS: std::ops::RangeInclusive<usize> = 3..=12;

/// A quotation, a number or a key sentence of these sentences, in this order; the heading alone
/// if there is none.
pub(crate) fn of(sentences: &[String]) -> Visual {
    sentences
        .iter()
        .find_map(|s| quote(s))
        .or_else(|| sentences.iter().find_map(|s| number(s)))
        .unwrap_or_else(|| Visual::Heading {
            text: key_sentence(sentences),
        })
}

/// The highest-ranked sentence among those short enough to be read at a glance.
fn key_sentence(sentences: &[String]) -> Option<String> {
    let ranks = ranks(sentences);
    sentences
        .iter()
        .zip(ranks)
        .enumerate()
        .filter(|(_, (s, _))| {
            KEY_WORDS.contains(&word_count(s)) && s.chars().count() <= 80 && !leans(s)
        })
        .max_by_key(|(index, (_, rank))| (*rank, usize::MAX - index))
        .map(|(_, (sentence, _))| sentence.clone())
}

/// A number with its unit, and the clause that it stands in.
fn number(sentence: &str) -> Option<Visual> {
    let clause = clauses(sentence)
        .into_iter()
        .find(|clause| value(clause).is_some())?;
    let value = value(clause)?;
    // A clause of a word or two says nothing alone: then the sentence stands whole.
    let clause = if word_count(clause) < 4 {
        sentence
    } else {
        clause
    };
    let clause = clause.trim().trim_matches(['.', ',', ';', ':', '—', ' ']);
    // What follows the value says what it is; otherwise the whole clause does.
    let label = match clause.strip_prefix(value.as_str()) {
        Some(rest) if word_count(rest) >= 2 => rest.trim(),
        _ => clause,
    };
    let fits = value.chars().count() <= limit::VALUE
        && label.chars().count() <= 90
        && word_count(label) >= 2
        && label != value;
    fits.then(|| Visual::Number {
        value,
        label: label.to_owned(),
    })
}

/// The clauses of a sentence: cut after commas and the like, never inside a number.
fn clauses(sentence: &str) -> Vec<&str> {
    let mut clauses = Vec::new();
    let mut start = 0;
    for (at, word) in words(sentence) {
        let end = at + word.len();
        if word.ends_with([',', ';', ':']) || word == "—" || word == "–" {
            clauses.push(&sentence[start..end]);
            start = end;
        }
    }
    clauses.push(&sentence[start..]);
    clauses
}

/// The words of a text with the byte at which each begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = text.as_ptr() as usize;
    text.split_whitespace()
        .map(move |word| (word.as_ptr() as usize - base, word))
}

/// The first number with a unit, as written: `10,994 metres`, `$2.5 billion`, `71 %`.
fn value(clause: &str) -> Option<String> {
    let words: Vec<(usize, &str)> = words(clause).collect();
    for (index, &(at, word)) in words.iter().enumerate() {
        let bare = word.trim_start_matches(['(', '"', '“']);
        let at = at + (word.len() - bare.len());
        let is_money = bare.starts_with(['$', '€', '£']);
        let digits = bare.trim_start_matches(['$', '€', '£']);
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let core = bare.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '%');
        let ends_here = core.len() < bare.len();
        let mut end = at + core.len();
        let mut is_worth = is_money || core.ends_with('%');
        let mut next = index + 1;
        while !ends_here && next <= index + 3 {
            let Some(&(unit_at, unit)) = words.get(next) else {
                break;
            };
            let core = unit.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '%');
            if !UNITS.contains(&core) {
                break;
            }
            is_worth = true;
            end = unit_at + core.len();
            if core.len() < unit.len() || !SCALES.contains(&core) {
                break;
            }
            next += 1;
        }
        if is_worth {
            return Some(clause[at..end].to_owned());
        }
    }
    None
}

/// Quoted speech of five words and more whose speaker is named in the same sentence.
fn quote(sentence: &str) -> Option<Visual> {
    let (open, close) = [('“', '”'), ('"', '"'), ('«', '»'), ('„', '“')]
        .into_iter()
        .find(|(open, _)| sentence.contains(*open))?;
    let start = sentence.find(open)? + open.len_utf8();
    let end = start + sentence[start..].find(close)?;
    let text = sentence[start..end].trim().trim_end_matches(',');
    let rest = &sentence[end + close.len_utf8()..];
    // A second stretch of speech, or a part of a longer one, would be torn out of its context.
    if word_count(text) < 5 || text.chars().count() > limit::QUOTE || rest.contains(open) {
        return None;
    }
    let by = speaker(rest).or_else(|| speaker(&sentence[..start - open.len_utf8()]))?;
    Some(Visual::Quote {
        text: text.to_owned(),
        by: Some(by),
    })
}

/// The name beside a verb of saying: after it, else before it.
fn speaker(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let verb = words
        .iter()
        .position(|word| SAYING.contains(&bare(word).as_str()))?;
    let after: Vec<String> = words[verb + 1..]
        .iter()
        .map(|w| bare(w))
        .take_while(|w| is_name(w))
        .collect();
    let mut before: Vec<String> = words[..verb]
        .iter()
        .rev()
        .map(|w| bare(w))
        .take_while(|w| is_name(w))
        .collect();
    before.reverse();
    let name = if after.is_empty() { before } else { after };
    (1..=4).contains(&name.len()).then(|| name.join(" "))
}

fn is_name(word: &str) -> bool {
    word.starts_with(char::is_uppercase) && !crate::prose::is_stop(&word.to_lowercase())
}
