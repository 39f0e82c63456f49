//! Cuts a text into words and finds the pause after each.

use super::{Pause, lexicon};

/// A word between blanks, with the punctuation around its core.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    /// All of it.
    pub(super) whole: &'a str,
    /// Quotes, brackets and dashes before the core.
    pub(super) lead: &'a str,
    /// What may be spoken; empty for a lone dash or an emoji.
    pub(super) core: &'a str,
    /// Punctuation after the core.
    pub(super) tail: &'a str,
    /// A blank line or the text's end follows.
    pub(super) ends_paragraph: bool,
}

/// The words of a text.
pub(super) fn words(text: &str) -> Vec<Raw<'_>> {
    let mut raws: Vec<Raw<'_>> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            if let Some(last) = raws.last_mut() {
                last.ends_paragraph = true;
            }
            continue;
        }
        raws.extend(line.split_whitespace().map(raw));
    }
    if let Some(last) = raws.last_mut() {
        last.ends_paragraph = true;
    }
    raws
}

fn raw(whole: &str) -> Raw<'_> {
    let start = whole
        .char_indices()
        .find(|&(i, c)| opens_core(c, &whole[i + c.len_utf8()..]))
        .map_or(whole.len(), |(i, _)| i);
    let (lead, rest) = whole.split_at(start);
    let end = rest.char_indices().rev().find(|&(_, c)| closes_core(c));
    let (core, tail) = rest.split_at(end.map_or(0, |(i, c)| i + c.len_utf8()));
    // A core that lost its end to the tail altogether ("#!") has nothing to say.
    Raw {
        whole,
        lead,
        core,
        tail,
        ends_paragraph: false,
    }
}

/// Tells whether a core may start with `c`, which `rest` follows.
fn opens_core(c: char, rest: &str) -> bool {
    let next = rest.chars().next();
    match c {
        '-' | '−' | '.' | '~' | '±' => next.is_some_and(|n| {
            n.is_ascii_digit()
                || matches!(c, '-' | '−') && (n == '.' || lexicon::currency(n).is_some())
        }),
        '#' | '@' => next.is_some_and(char::is_alphanumeric),
        '\'' | '’' => next.is_some_and(|n| n.is_ascii_digit()),
        '/' => false,
        _ => c.is_alphanumeric() || lexicon::symbol(c).is_some() || lexicon::currency(c).is_some(),
    }
}

/// Tells whether a core may end with `c`.
fn closes_core(c: char) -> bool {
    c.is_alphanumeric()
        || lexicon::symbol(c).is_some()
        || lexicon::currency(c).is_some()
        || c == '#'
}

/// The pause after the word at `i`.
pub(super) fn pause(raws: &[Raw<'_>], i: usize) -> Pause {
    let raw = &raws[i];
    if raw.ends_paragraph {
        return Pause::Paragraph;
    }
    let next = raws.get(i + 1);
    let opens = next.is_some_and(|n| n.lead.contains(['(', '[', '—', '–']));
    let own = by_tail(raw, next);
    if opens { own.max(Pause::Comma) } else { own }
}

fn by_tail(raw: &Raw<'_>, next: Option<&Raw<'_>>) -> Pause {
    let mut marks = raw.tail;
    if raw.core.is_empty() {
        // A word of punctuation alone has all of it in its lead.
        marks = raw.whole;
    }
    let lower_follows = next.is_some_and(|n| n.core.starts_with(char::is_lowercase));
    if marks.contains(['!', '?']) && !(lower_follows && closes_quote(marks)) {
        return Pause::Sentence;
    }
    if marks.contains('…') || marks.contains("..") {
        return if lower_follows {
            Pause::Clause
        } else {
            Pause::Sentence
        };
    }
    if marks.contains('.') {
        return by_full_stop(raw, next, lower_follows);
    }
    if marks.contains(['—', '–', ';', ':', '―']) || marks.contains("--") || marks == "-" {
        return Pause::Clause;
    }
    if marks.contains([',', ')', ']', '?', '!']) {
        Pause::Comma
    } else {
        Pause::None
    }
}

/// A full stop ends a sentence unless it belongs to an abbreviation inside one.
fn by_full_stop(raw: &Raw<'_>, next: Option<&Raw<'_>>, lower_follows: bool) -> Pause {
    if raw.tail.contains(['—', '–', ';', ':']) {
        return Pause::Clause;
    }
    if lexicon::never_ends_sentence(raw.core) {
        return Pause::None;
    }
    let after = if raw.tail.contains(',') {
        Pause::Comma
    } else {
        Pause::None
    };
    let digit_follows = next.is_some_and(|n| n.core.starts_with(|c: char| c.is_ascii_digit()));
    let initial = raw.core.len() == 1
        && raw.core.starts_with(|c: char| c.is_ascii_uppercase())
        && raw.core != "I";
    let abbreviated = lexicon::abbreviation(raw.core).is_some() || is_dotted(raw.core) || initial;
    if lexicon::number_follows(raw.core) && digit_follows {
        return after;
    }
    if abbreviated && (lower_follows || initial || after == Pause::Comma || digit_follows) {
        return after;
    }
    if abbreviated && is_dotted(raw.core) && !next.is_some_and(starts_sentence) {
        return after;
    }
    Pause::Sentence
}

/// Tells whether a word looks like the start of a sentence rather than a name.
fn starts_sentence(raw: &Raw<'_>) -> bool {
    lexicon::SENTENCE_STARTS.contains(&raw.core)
}

/// Letters with full stops between them: `U.S`, `e.g`, `J.R.R`.
pub(super) fn is_dotted(core: &str) -> bool {
    core.contains('.')
        && core
            .split('.')
            .all(|part| part.len() == 1 && part.as_bytes()[0].is_ascii_alphabetic())
}

fn closes_quote(marks: &str) -> bool {
    marks.contains(['"', '”', '’', '\'', '»', ')'])
}
