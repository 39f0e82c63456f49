//! How words sound: the dictionary of the acoustic model, and rules for words it lacks.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

const DICTIONARY: &str = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict";

/// Names of letters that the dictionary gives to words as well.
const LETTER_A: &str = "EY";

/// Tells whether the dictionary is installed.
pub(super) fn has_dictionary() -> bool {
    Path::new(DICTIONARY).is_file()
}

/// The pronunciations of some words.
#[derive(Debug, Default)]
pub(super) struct Lexicon(HashMap<String, Vec<String>>);

impl Lexicon {
    /// The pronunciations of all `words`: from the dictionary where it is installed and has
    /// them, else by rule.
    pub(super) fn load(words: &HashSet<&str>) -> std::io::Result<Self> {
        let mut known: HashMap<String, Vec<String>> = HashMap::new();
        let keys: HashSet<String> = words.iter().flat_map(|word| forms(word)).collect();
        if has_dictionary() {
            let mut reader = BufReader::new(fs::File::open(DICTIONARY)?);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line)? > 0 {
                let text = String::from_utf8_lossy(&line);
                if let Some((word, phones)) = text.trim_end().split_once(' ') {
                    let word = word.split('(').next().unwrap_or(word);
                    if keys.contains(word) {
                        known
                            .entry(word.to_owned())
                            .or_default()
                            .push(phones.to_owned());
                    }
                }
                line.clear();
            }
        }
        let all = words
            .iter()
            .map(|&word| (word.to_owned(), sounds(word, &known)));
        Ok(Self(all.collect()))
    }

    /// The pronunciations of a word that was asked for at loading; at least one.
    pub(super) fn get(&self, word: &str) -> &[String] {
        self.0.get(word).map_or(&[], Vec::as_slice)
    }

    /// How long a word takes compared with others: vowels count 1.4, consonants 1.
    pub(super) fn weight(&self, word: &str) -> f32 {
        let phones = self.get(word).first().map_or("", String::as_str);
        let weigh = |phone: &str| {
            if phone.starts_with(['A', 'E', 'I', 'O', 'U']) {
                1.4
            } else {
                1.0
            }
        };
        phones.split(' ').map(weigh).sum()
    }
}

/// The entries that may help with a word: itself, and what it is a possessive of.
fn forms(word: &str) -> Vec<String> {
    let lower = word.to_ascii_lowercase();
    let stem = lower.strip_suffix("'s").map(str::to_owned);
    stem.into_iter().chain([lower]).collect()
}

fn sounds(word: &str, known: &HashMap<String, Vec<String>>) -> Vec<String> {
    let lower = word.to_ascii_lowercase();
    if word == "A" {
        return vec![LETTER_A.to_owned()];
    }
    if let Some(found) = known.get(&lower) {
        return found.clone();
    }
    if let Some(stem) = word.strip_suffix("'s") {
        return sounds(stem, known)
            .iter()
            .map(|phones| with_s(phones))
            .collect();
    }
    let phones = letters_to_phones(&lower);
    vec![if phones.is_empty() {
        "AH".to_owned()
    } else {
        phones.join(" ")
    }]
}

/// A possessive: "dog's" with Z, "cat's" with S, "church's" with a vowel.
fn with_s(phones: &str) -> String {
    let ending = match phones.rsplit(' ').next().unwrap_or_default() {
        "S" | "Z" | "SH" | "CH" | "ZH" | "JH" => "AH Z",
        "P" | "T" | "K" | "F" | "TH" => "S",
        _ => "Z",
    };
    format!("{phones} {ending}")
}

/// Groups of letters and their sounds, longest first; `^` marks a group that counts only at a
/// word's start, `$` one at its end. Good enough to find a word in speech: a wrong vowel costs
/// little where everything around it is known.
#[rustfmt::skip]
const RULES: &[(&str, &str)] = &[
    ("tion$", "SH AH N"), ("sion$", "ZH AH N"), ("ture$", "CH ER"), ("ough", "AO"),
    ("eigh", "EY"), ("augh", "AO"), ("tch", "CH"), ("dge", "JH"), ("igh", "AY"), ("sch", "SH"),
    ("eau", "OW"), ("ious$", "IY AH S"), ("ous$", "AH S"), ("ing$", "IH NG"), ("ck", "K"),
    ("^kn", "N"), ("^wr", "R"), ("^ps", "S"), ("^gn", "N"), ("^x", "Z"), ("ch", "CH"),
    ("sh", "SH"), ("th", "TH"), ("ph", "F"), ("wh", "W"), ("gh", "G"), ("ng", "NG"),
    ("qu", "K W"), ("zh", "ZH"), ("rh", "R"), ("kh", "K"), ("dh", "D"), ("bh", "B"),
    ("ee", "IY"), ("ea", "IY"), ("oo", "UW"), ("ou", "AW"), ("ow", "OW"), ("oi", "OY"),
    ("oy", "OY"), ("ai", "EY"), ("ay", "EY"), ("au", "AO"), ("aw", "AO"), ("ei", "EY"),
    ("ey", "IY"), ("ie", "IY"), ("oa", "OW"), ("ue$", "UW"), ("ui", "UW"), ("ew", "UW"),
    ("er", "ER"), ("ir", "ER"), ("ur", "ER"), ("ar", "AA R"), ("or", "AO R"), ("es$", "Z"),
    ("ed$", "D"), ("le$", "AH L"), ("ce", "S EH"), ("ci", "S IH"), ("cy", "S IY"),
    ("ge", "JH EH"), ("gi", "JH IH"), ("gy", "JH IY"), ("bb", "B"), ("cc", "K"), ("dd", "D"),
    ("ff", "F"), ("gg", "G"), ("kk", "K"), ("ll", "L"), ("mm", "M"), ("nn", "N"), ("pp", "P"),
    ("rr", "R"), ("ss", "S"), ("tt", "T"), ("zz", "Z"), ("^y", "Y"), ("y$", "IY"), ("e$", ""),
    ("a$", "AH"), ("o$", "OW"), ("i$", "IY"), ("a", "AE"), ("b", "B"), ("c", "K"), ("d", "D"),
    ("e", "EH"), ("f", "F"), ("g", "G"), ("h", "HH"), ("i", "IH"), ("j", "JH"), ("k", "K"),
    ("l", "L"), ("m", "M"), ("n", "N"), ("o", "AA"), ("p", "P"), ("q", "K"), ("r", "R"),
    ("s", "S"), ("t", "T"), ("u", "AH"), ("v", "V"), ("w", "W"), ("x", "K S"), ("y", "IH"),
    ("z", "Z"),
];

/// The sounds of an unknown English word by rule, in the 39 phones of the dictionary; empty for a word
/// without letters.
pub fn letters_to_phones(word: &str) -> Vec<&'static str> {
    let letters: String = word
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let mut phones = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let rest = &letters[at..];
        let fits = |(group, _): &&(&str, &str)| {
            let start = group.strip_prefix('^');
            let end = group.strip_suffix('$');
            let bare = start.or(end).unwrap_or(group);
            rest.starts_with(bare)
                && (start.is_none() || at == 0)
                && (end.is_none() || rest.len() == bare.len() && at > 0)
        };
        let rule = RULES.iter().find(fits);
        let Some((group, said)) = rule else { break };
        phones.extend(said.split_ascii_whitespace());
        at += group.trim_matches(['^', '$']).len();
    }
    phones
}
