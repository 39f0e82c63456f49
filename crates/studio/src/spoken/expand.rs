//! What is said for each word, with an eye on its neighbours.

use super::cut::{self, Raw};
use super::{Break, Pause, lexicon, money, number, quantity, word};

/// The spoken words of a written one, and the pauses between them.
pub(super) type Said = (Vec<String>, Vec<Break>);

/// A word's neighbours, as far as its reading depends on them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around<'a> {
    /// The core before the one before.
    pub(super) before: &'a str,
    /// The core before, or empty at the start and after a sentence's end.
    pub(super) prev: &'a str,
    /// The core after, or empty at the end and where punctuation parts them.
    pub(super) next: &'a str,
    /// The word's own punctuation.
    pub(super) tail: &'a str,
    /// The text is mostly in capitals, so that capitals mean nothing.
    pub(super) shouting: bool,
    /// A sentence ends here, or the text.
    pub(super) ends: bool,
}

/// Reads every word.
pub(super) fn all(raws: &[Raw<'_>]) -> Vec<Said> {
    let shouting = is_shouting(raws);
    let mut owed = None;
    (0..raws.len())
        .map(|i| {
            let around = around(raws, i, shouting);
            let mut out = Vec::new();
            if let Some(currency) = owed.take()
                && lexicon::is_scale_word(raws[i].core)
            {
                out.push(word::scale_in_full(raws[i].core));
                word::push(currency, &mut out);
                return (out, Vec::new());
            }
            let breaks = one(raws[i].core, &around, &mut out);
            owed = money::owed_currency(raws[i].core, &around);
            (out, breaks)
        })
        .collect()
}

fn around<'a>(raws: &[Raw<'a>], i: usize, shouting: bool) -> Around<'a> {
    let parted = |raw: &Raw<'_>| raw.tail.contains([',', ';', '!', '?', ':', ')', '—', '–']);
    let prev = i.checked_sub(1).map(|p| &raws[p]).filter(|p| !parted(p));
    let next = raws
        .get(i + 1)
        .filter(|_| !parted(&raws[i]) && !raws[i].ends_paragraph);
    Around {
        before: i.checked_sub(2).map_or("", |p| raws[p].core),
        prev: prev.map_or("", |p| p.core),
        next: next.map_or("", |n| n.core),
        tail: raws[i].tail,
        shouting,
        ends: cut::pause(raws, i) >= Pause::Sentence,
    }
}

/// Tells whether most words of four and more letters are in capitals.
fn is_shouting(raws: &[Raw<'_>]) -> bool {
    let long = raws
        .iter()
        .filter(|raw| raw.core.chars().filter(|c| c.is_alphabetic()).count() > 3);
    let (mut loud, mut total) = (0_usize, 0_usize);
    for raw in long {
        total += 1;
        loud += usize::from(!raw.core.contains(char::is_lowercase));
    }
    loud >= 3 && loud * 2 > total
}

/// Reads one core; a dash or an ellipsis inside it parts it into pieces with pauses between.
fn one(core: &str, around: &Around<'_>, out: &mut Vec<String>) -> Vec<Break> {
    let mut breaks = Vec::new();
    let mut rest = core;
    while let Some((piece, after)) = split_at_dash(rest) {
        piece_words(
            piece,
            &Around {
                next: "",
                tail: "",
                ..*around
            },
            out,
        );
        if !out.is_empty() && !breaks.iter().any(|b: &Break| b.after == out.len()) {
            breaks.push(Break {
                after: out.len(),
                pause: Pause::Clause,
            });
        }
        rest = after;
    }
    let first = breaks.is_empty();
    let inner = if first {
        *around
    } else {
        Around {
            prev: "",
            before: "",
            ..*around
        }
    };
    piece_words(rest, &inner, out);
    breaks.retain(|b| b.after < out.len());
    breaks
}

/// Parts a core at the first dash or ellipsis between two letters. An en dash or an ellipsis
/// between digits means a range and is left alone.
fn split_at_dash(core: &str) -> Option<(&str, &str)> {
    for mark in ["—", "--", "…", "...", "–"] {
        let Some(at) = core.find(mark) else { continue };
        let (left, right) = (
            &core[..at],
            core[at + mark.len()..].trim_start_matches(['-', '.']),
        );
        let range = mark == "–"
            && left.ends_with(|c: char| c.is_ascii_digit() || "%°KkMmB".contains(c))
            && right.starts_with(|c: char| c.is_ascii_digit() || lexicon::currency(c).is_some());
        if !left.is_empty() && !range {
            return Some((left, right));
        }
    }
    None
}

fn piece_words(piece: &str, around: &Around<'_>, out: &mut Vec<String>) {
    const RULES: [quantity::Rule; 5] = [
        word::address,
        roman,
        abbreviation,
        quantity::read,
        lone_unit,
    ];
    if RULES.iter().all(|rule| !rule(piece, around, out)) {
        word::read(piece, around, out);
    }
}

/// `Henry VIII`, `World War II`, `Chapter IV`.
fn roman(core: &str, around: &Around<'_>, out: &mut Vec<String>) -> bool {
    let (numeral, possessive) = match core.strip_suffix("'s").or_else(|| core.strip_suffix("’s"))
    {
        Some(numeral) => (numeral, true),
        None => (core, false),
    };
    let Some(value) = number::roman(numeral) else {
        return false;
    };
    let known_war = around.prev == "War" && around.before == "World";
    if numeral.len() == 1 && !known_war && !stands_alone(numeral, around) {
        return false;
    }
    if lexicon::is_regnal(around.prev) && is_name(around.prev) {
        out.push("the".to_owned());
        number::ordinal(value, out);
    } else if lexicon::is_numbered(around.prev) && is_name(around.prev) {
        number::cardinal(value, out);
    } else {
        return false;
    }
    if possessive && let Some(last) = out.last_mut() {
        last.push_str("'s");
    }
    true
}

/// `Elizabeth I`, with nothing after it that would make it the pronoun. V and X need no such
/// care after a name.
fn stands_alone(numeral: &str, around: &Around<'_>) -> bool {
    const AFTER: &[&str] = &[
        "of", "was", "and", "the", "ruled", "reigned", "in", "became", "died", "is", "who",
    ];
    numeral != "I" || around.ends || around.next.is_empty() || AFTER.contains(&around.next)
}

fn is_name(text: &str) -> bool {
    text.starts_with(char::is_uppercase)
}

fn abbreviation(core: &str, around: &Around<'_>, out: &mut Vec<String>) -> bool {
    let Some(said) = lexicon::abbreviation(core) else {
        return false;
    };
    let digit_follows = around.next.starts_with(|c: char| c.is_ascii_digit());
    let name_follows = around.next.starts_with(char::is_uppercase) && !around.ends;
    let stopped = around.tail.starts_with('.');
    let fits = match core.to_ascii_lowercase().as_str() {
        "no" | "nos" | "p" | "ch" | "ed" | "mag" => stopped && digit_follows,
        "v" => stopped && name_follows && !around.prev.is_empty(),
        "st" | "ft" | "mt" => stopped || name_follows,
        "al" => true,
        "co" => stopped && is_name(around.prev),
        "min" | "max" | "sec" => stopped && !around.ends,
        "ie" | "eg" => stopped || !around.tail.is_empty(),
        "ms" => is_name(core) && (stopped || name_follows),
        "oz" | "lb" | "lbs" | "hr" | "hrs" => around.prev.ends_with(|c: char| c.is_ascii_digit()),
        _ if lexicon::is_also_word(core) => stopped && (!around.ends || digit_follows),
        _ if core.contains('.') => true,
        _ => stopped || name_follows || is_name(core) && core.len() == 2 || core == "vs",
    };
    if !fits {
        return false;
    }
    let street = core == "St" && !name_follows && is_name(around.prev);
    let drive = core == "Dr" && !name_follows && is_name(around.prev);
    match () {
        () if street => out.push("street".to_owned()),
        () if drive => out.push("drive".to_owned()),
        () => word::push(said, out),
    }
    true
}

/// A unit of its own after a number: `2,000 m`, `5 million km`, `20 °C`.
fn lone_unit(core: &str, around: &Around<'_>, out: &mut Vec<String>) -> bool {
    let counted = quantity::is_counted(around.prev) || lexicon::is_scale_word(around.prev);
    if !counted || lexicon::is_shy(core) {
        return false;
    }
    if let Some((_, many, ..)) = lexicon::currency_code(core) {
        word::push(many, out);
        return true;
    }
    let one = quantity::is_one(around.prev);
    quantity::unit(core, one, out)
}
