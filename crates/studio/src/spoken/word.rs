//! Words, acronyms, names of letters, addresses, and whatever else is written in letters.

use super::expand::Around;
use super::number::{self, Written};
use super::{fold, lexicon};

/// Longest spoken word in letters; longer ones are cut, so that no engine chokes on them. The
/// longest word in large English dictionaries has 45.
const LETTERS_MAX: usize = 45;

/// Words whose capitals or letters mislead the rules.
#[rustfmt::skip]
const EXACT: &[(&str, &str)] = &[
    ("pH", "P H"),
    ("PhD", "P H D"),
    ("PhDs", "P H D's"),
    ("OK", "okay"),
    ("Ok", "okay"),
    ("iOS", "I O S"),
    ("macOS", "mac O S"),
    ("WiFi", "wifi"),
    ("Wi-Fi", "wifi"),
    ("w/", "with"),
    ("w/o", "without"),
    ("C++", "C plus plus"),
    ("C#", "C sharp"),
    ("F#", "F sharp"),
    ("R&D", "R and D"),
    ("Q&A", "Q and A"),
    ("AT&T", "A T and T"),
    ("vs", "versus"),
    ("LaTeX", "lah tek"),
    ("SQL", "sequel"),
    ("MySQL", "my sequel"),
    ("GIFs", "gifs"),
    ("LEDs", "L E D's"),
    ("LED", "L E D"),
    ("CO₂", "C O two"),
    ("H₂O", "H two O"),
    ("Mbps", "megabits per second"),
    ("Gbps", "gigabits per second"),
    ("km/h", "kilometers per hour"),
    ("mph", "miles per hour"),
    ("GHz", "gigahertz"),
    ("MHz", "megahertz"),
    ("kWh", "kilowatt hours"),
    ("AC/DC", "A C D C"),
    ("WWI", "world war one"), ("WWII", "world war two"), ("WW1", "world war one"),
    ("WW2", "world war two"),
];

/// Top-level domains that make a dotted word an address.
const DOMAINS: &[&str] = &[
    "com", "org", "net", "io", "gov", "edu", "co", "uk", "de", "fr", "ai", "dev", "app", "info",
    "tv", "me", "us", "eu", "ch", "it", "es", "nl", "ca", "au", "jp", "in", "int", "mil", "biz",
    "xyz", "tech", "blog", "news",
];

/// Appends the words of a text of ours.
pub(super) fn push(text: &str, out: &mut Vec<String>) {
    out.extend(text.split_whitespace().map(str::to_owned));
}

/// A scale word in full: `bn` is "billion".
pub(super) fn scale_in_full(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    lexicon::scale(&lower).map_or_else(|| lower.clone(), str::to_owned)
}

/// A word in another language: its letters, digits and inner apostrophes, in lower case.
pub(super) fn as_written(core: &str) -> Vec<String> {
    core.split(|c: char| !(c.is_alphanumeric() || is_mark(c) || matches!(c, '\'' | '’')))
        .map(|part| part.trim_matches(['\'', '’']))
        .filter(|part| part.chars().any(char::is_alphanumeric))
        .map(str::to_lowercase)
        .collect()
}

/// Combining marks, which many scripts need to spell a word.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{e4e}')
}

/// Reads web and e-mail addresses, hashtags and handles.
pub(super) fn address(core: &str, _: &Around<'_>, out: &mut Vec<String>) -> bool {
    if let Some(tag) = core
        .strip_prefix('#')
        .filter(|t| t.starts_with(char::is_alphabetic))
    {
        push("hashtag", out);
        camel(tag, out);
        return true;
    }
    if let Some(handle) = core.strip_prefix('@') {
        push("at", out);
        camel(handle, out);
        return true;
    }
    let lower = core.to_ascii_lowercase();
    let has_scheme = ["https://", "http://", "ftp://"]
        .iter()
        .any(|s| lower.starts_with(s));
    let bare = lower
        .split_once("://")
        .map_or(lower.as_str(), |(_, rest)| rest);
    let bare = bare.strip_prefix("mailto:").unwrap_or(bare);
    let bare = bare.strip_prefix("www.").unwrap_or(bare);
    let bare = bare
        .split(['?', '#'])
        .next()
        .unwrap_or(bare)
        .trim_end_matches('/');
    let host = bare.split('/').next().unwrap_or(bare);
    if !(has_scheme || lower.starts_with("www.") || is_mail(host) || is_host(host)) {
        return false;
    }
    spell_address(bare, out);
    true
}

fn is_mail(host: &str) -> bool {
    host.split_once('@')
        .is_some_and(|(user, domain)| !user.is_empty() && domain.contains('.'))
}

fn is_host(host: &str) -> bool {
    let mut labels = host.split('.');
    let top = labels.next_back().unwrap_or_default();
    let named = labels.clone().any(|label| label.len() > 1);
    named
        && DOMAINS.contains(&top)
        && labels.all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

fn spell_address(text: &str, out: &mut Vec<String>) {
    let mut run = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            run.push(c);
            continue;
        }
        run_words(&std::mem::take(&mut run), true, out);
        let said = match c {
            '.' => "dot",
            '/' => "slash",
            '-' => "dash",
            '_' => "underscore",
            '@' => "at",
            '+' => "plus",
            _ => "",
        };
        push(said, out);
    }
    run_words(&run, true, out);
}

/// Parts a name at its capitals: `#ClimateChange`.
fn camel(name: &str, out: &mut Vec<String>) {
    let mut part = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            run_words(&std::mem::take(&mut part), true, out);
        }
        before = c;
        part.push(if c.is_alphanumeric() { c } else { ' ' });
    }
    part.split(' ')
        .for_each(|piece| run_words(piece, true, out));
}

/// Reads anything: the rule of last resort. Says nothing only for what is silent.
pub(super) fn read(core: &str, around: &Around<'_>, out: &mut Vec<String>) {
    if let Some((_, said)) = EXACT.iter().find(|(exact, _)| *exact == core) {
        push(said, out);
        return;
    }
    let plain = fold::fold(core).replace(['’', 'ʼ', '`'], "'");
    if super::cut::is_dotted(&plain) {
        letters(&plain.to_ascii_uppercase(), out);
        return;
    }
    let compound = plain.contains(|c: char| !c.is_alphanumeric() && c != '\'');
    let mut run = String::new();
    let mut chars = plain.chars().peekable();
    while let Some(c) = chars.next() {
        let inside = chars.peek().is_some_and(char::is_ascii_alphanumeric) && !run.is_empty();
        if c.is_ascii_alphanumeric() || c == '\'' {
            run.push(c);
            continue;
        }
        if matches!(c, '.' | ',') && inside && run.ends_with(|r: char| r.is_ascii_digit()) {
            run.push(c);
            continue;
        }
        run_in(&std::mem::take(&mut run), compound, around, out);
        push(if c == '.' && inside { "dot" } else { sign(c) }, out);
    }
    run_in(&run, compound, around, out);
}

/// What is said for a character between letters.
fn sign(c: char) -> &'static str {
    match c {
        '@' => "at",
        _ => lexicon::symbol(c)
            .unwrap_or_else(|| lexicon::currency(c).map_or("", |(_, many, ..)| many)),
    }
}

fn run_in(run: &str, compound: bool, around: &Around<'_>, out: &mut Vec<String>) {
    const LETTERED: &[&str] = &[
        "vitamin",
        "grade",
        "plan",
        "type",
        "hepatitis",
        "group",
        "section",
        "class",
        "team",
    ];
    // An article is followed by a word, never by punctuation: "Plan A.", "from A, then B".
    let lettered = LETTERED.contains(&around.prev.to_ascii_lowercase().as_str())
        || run == "A" && around.tail.starts_with(['.', ',', '?', '!', ';', ':', ')']);
    if around.shouting && run.len() > 1 && run.contains(['A', 'E', 'I', 'O', 'U', 'Y']) {
        run_words(&run.to_ascii_lowercase(), compound, out);
    } else {
        run_words(run, compound || lettered, out);
    }
}

/// Reads a run of letters, digits and apostrophes. `compound`: a lone letter is a letter, not
/// the article.
fn run_words(run: &str, compound: bool, out: &mut Vec<String>) {
    let run = run.trim_matches(['\'', '.', ',']);
    let mut rest = run;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        let same = |c: char| {
            if digit {
                is_numeric(c)
            } else {
                !c.is_ascii_digit()
            }
        };
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end.max(first.len_utf8()));
        if digit {
            digits(piece, out);
        } else {
            alphabetic(piece, compound || piece.len() < run.len(), out);
        }
        rest = after;
    }
}

fn is_numeric(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '.' | ',')
}

fn digits(piece: &str, out: &mut Vec<String>) {
    let piece = piece.trim_end_matches(['.', ',']);
    match Written::read(piece) {
        Some(number) => number.say_as_year(out),
        None => number::digits(piece, out),
    }
}

/// Reads letters and apostrophes; anything else in them is dropped.
fn alphabetic(piece: &str, compound: bool, out: &mut Vec<String>) {
    let piece: String = piece
        .chars()
        .filter(|c| c.is_ascii_alphabetic() || *c == '\'')
        .collect();
    let piece = piece.trim_matches('\'');
    let (stem, possessive) = match piece
        .strip_suffix("'s")
        .or_else(|| piece.strip_suffix("'S"))
    {
        Some(stem) if !stem.is_empty() => (stem, "'s"),
        _ => (piece, ""),
    };
    if stem.is_empty() {
        return;
    }
    let before = out.len();
    if let Some(capitals) = stem
        .strip_suffix('s')
        .filter(|c| is_initialism(c) && c.len() > 1)
    {
        letters(capitals, out);
        append(out, before, "'s");
        return;
    }
    if stem.len() == 1 {
        lone_letter(stem, compound, out);
    } else if is_initialism(stem) {
        letters(stem, out);
    } else {
        lower(stem, out);
    }
    append(out, before, possessive);
}

fn append(out: &mut [String], from: usize, ending: &str) {
    if let Some(last) = out[from..].last_mut() {
        last.push_str(ending);
    }
}

/// Tells whether capitals are read one by one.
fn is_initialism(stem: &str) -> bool {
    stem.len() > 1
        && stem.bytes().all(|b| b.is_ascii_uppercase())
        && (!lexicon::is_said_as_word(stem) || !stem.contains(['A', 'E', 'I', 'O', 'U', 'Y']))
}

fn lone_letter(stem: &str, compound: bool, out: &mut Vec<String>) {
    match stem {
        "a" => out.push("a".to_owned()),
        "A" if !compound => out.push("a".to_owned()),
        "I" if !compound => out.push("i".to_owned()),
        _ => out.push(stem.to_ascii_uppercase()),
    }
}

/// Names each letter.
fn letters(capitals: &str, out: &mut Vec<String>) {
    out.extend(
        capitals
            .chars()
            .filter(char::is_ascii_alphabetic)
            .map(|c| c.to_string()),
    );
}

/// Says a word in lower case, cut where it is absurdly long.
fn lower(stem: &str, out: &mut Vec<String>) {
    let lower = stem.to_ascii_lowercase();
    let mut rest = lower.as_str();
    while rest.len() > LETTERS_MAX {
        let (head, tail) = rest.split_at(LETTERS_MAX);
        out.extend(
            Some(head.trim_matches('\''))
                .filter(|h| !h.is_empty())
                .map(str::to_owned),
        );
        rest = tail;
    }
    out.extend(
        Some(rest.trim_matches('\''))
            .filter(|r| !r.is_empty())
            .map(str::to_owned),
    );
}
