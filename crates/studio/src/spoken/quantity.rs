//! Numbers in all their dress: money, percentages, units, dates, times, ranges, fractions.

use super::expand::Around;
use super::money::{Amount, money, range_of_money};
use super::number::{self, Written};
use super::{lexicon, word};

/// A way to read a core: says it and returns true, or says nothing that counts.
pub(super) type Rule = fn(&str, &Around<'_>, &mut Vec<String>) -> bool;

/// Reads a core that holds a number at its start; says nothing and returns false otherwise.
pub(super) fn read(core: &str, around: &Around<'_>, out: &mut Vec<String>) -> bool {
    const RULES: [Rule; 12] = [
        short_year, numbered, money, date, clock, range, fraction, ordinal, decade, size, version,
        measure,
    ];
    // Nothing below starts with a letter except money ("US$5", "C$5").
    RULES.iter().any(|rule| {
        let before = out.len();
        let read = rule(core, around, out);
        if !read {
            out.truncate(before);
        }
        read
    })
}

pub(super) fn say(text: &str, out: &mut Vec<String>) {
    word::push(text, out);
}

/// `’90s`, `'99`.
fn short_year(core: &str, _: &Around<'_>, out: &mut Vec<String>) -> bool {
    let Some(rest) = core.strip_prefix(['\'', '’']) else {
        return false;
    };
    let (digits, plural) = match rest.strip_suffix('s') {
        Some(digits) => (digits, true),
        None => (rest, false),
    };
    if digits.len() != 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    two_digits(digits, out);
    if plural {
        number::plural_of_last(out);
    }
    true
}

/// The last two digits of a year or the minutes of a time: "oh five", "eighteen".
fn two_digits(digits: &str, out: &mut Vec<String>) {
    if let Some(last) = digits.strip_prefix('0') {
        say("oh", out);
        number::digits(last, out);
    } else {
        number::whole(digits, out);
    }
}

/// `#5`.
fn numbered(core: &str, _: &Around<'_>, out: &mut Vec<String>) -> bool {
    let Some(number) = core.strip_prefix('#').and_then(Written::read) else {
        return false;
    };
    say("number", out);
    number.say(out);
    true
}

/// `2024-05-03`, `5/3/2024`.
fn date(core: &str, _: &Around<'_>, out: &mut Vec<String>) -> bool {
    let parts: Vec<&str> = core.split(['-', '/']).collect();
    let [a, b, c] = parts[..] else { return false };
    let numbers: Option<Vec<u64>> = [a, b, c]
        .iter()
        .map(|p| if p.len() > 4 { None } else { p.parse().ok() })
        .collect();
    let Some(&[x, y, z]) = numbers.as_deref() else {
        return false;
    };
    let (year, month, day) = match (a.len(), c.len()) {
        (4, 1..=2) => (x, y, z),
        (1..=2, 4) if x > 12 => (z, y, x),
        (1..=2, 4) => (z, x, y),
        _ => return false,
    };
    let Some(name) = lexicon::month_of(month) else {
        return false;
    };
    if !(1..=31).contains(&day) {
        return false;
    }
    say(name, out);
    number::ordinal(day, out);
    number::year(year, out);
    true
}

/// `10:30`, `10:05am`, `7pm`, `16:9`.
fn clock(core: &str, around: &Around<'_>, out: &mut Vec<String>) -> bool {
    let lower = core.to_ascii_lowercase();
    let half = ["a.m", "am", "p.m", "pm"]
        .into_iter()
        .find(|half| lower.ends_with(half));
    let body = half.map_or(core, |half| &core[..core.len() - half.len()]);
    let parts: Vec<&str> = body.split(':').collect();
    let digits = |p: &&str| !p.is_empty() && p.len() <= 3 && p.bytes().all(|b| b.is_ascii_digit());
    if !parts.iter().all(digits) || parts.len() > 3 || (parts.len() == 1 && half.is_none()) {
        return false;
    }
    number::whole(strip_zero(parts[0]), out);
    let half_follows = ["am", "pm", "a.m", "p.m", "AM", "PM"].contains(&around.next);
    match parts[1..] {
        [minutes] if minutes.len() != 2 => {
            say("to", out);
            number::whole(minutes, out);
        }
        ["00"] if half.is_none() && !half_follows => {
            say(
                if body.len() == 5 && &body[..2] > "12" {
                    "hundred"
                } else {
                    "o'clock"
                },
                out,
            );
        }
        ["00"] | [] => {}
        _ => parts[1..].iter().for_each(|part| two_digits(part, out)),
    }
    match half.map(|half| half.starts_with('a')) {
        Some(true) => say("A M", out),
        Some(false) => say("P M", out),
        None => {}
    }
    true
}

fn strip_zero(digits: &str) -> &str {
    match digits.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => rest,
        _ => digits,
    }
}

/// `1914–1918`, `10-20%`, `$5–$10`, `555-0199`.
fn range(core: &str, around: &Around<'_>, out: &mut Vec<String>) -> bool {
    let Some(at) = core
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '-' | '–' | '−'))
    else {
        return false;
    };
    let (left, right) = (&core[..at.0], &core[at.0 + at.1.len_utf8()..]);
    if right.contains(['-', '–']) || at.1 == '-' && is_telephone(left, right) {
        let plain = core.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if plain {
            number::digits(core, out);
        }
        return plain;
    }
    if let Some(amount) = Amount::read(right).or_else(|| range_of_money(left, right)) {
        let low = left.trim_start_matches(|c| lexicon::currency(c).is_some());
        let Some((low, rest)) = Written::lead(low) else {
            return false;
        };
        let low_scale = lexicon::scale(rest);
        if !rest.is_empty() && low_scale.is_none() {
            return false;
        }
        low.say(out);
        if let Some(scale) = low_scale {
            say(scale, out);
        }
        say("to", out);
        amount.say(lexicon::is_scale_word(around.next), out);
        return true;
    }
    let left = left.trim_end_matches(['%', '°']);
    let (Some(low), Some((high, unit_sign))) = (Written::read(left), Written::lead(right)) else {
        return false;
    };
    if right.starts_with(['+', '-']) {
        return false;
    }
    both_ends(low, high, at.1, (around, right), out);
    unit_sign.is_empty() || unit(unit_sign, false, out)
}

fn both_ends(
    low: Written<'_>,
    high: Written<'_>,
    dash: char,
    (around, right): (&Around<'_>, &str),
    out: &mut Vec<String>,
) {
    let falls = dash == '-' && high.value() < low.value();
    let short = low.is_year() && right.len() == 2;
    if lexicon::month(around.prev).is_some() && low.value().is_some_and(|v| v <= 31) {
        number::ordinal(low.value().unwrap_or(0), out);
        say("to", out);
        number::ordinal(high.value().unwrap_or(0), out);
    } else if short {
        low.say_as_year(out);
        say("to", out);
        two_digits(right, out);
    } else {
        low.say_as_year(out);
        if !falls {
            say("to", out);
        }
        high.say_as_year(out);
    }
}

fn is_telephone(left: &str, right: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    digits(left)
        && digits(right)
        && (left.len() == 3 && right.len() == 4 || left.starts_with('0') && left.len() > 1)
}

/// `3/4`, `24/7`, `1½`, `7/10`.
fn fraction(core: &str, _: &Around<'_>, out: &mut Vec<String>) -> bool {
    if let Some((said, after)) = core.chars().next_back().and_then(lexicon::vulgar) {
        let last = core.chars().next_back().map_or(0, char::len_utf8);
        let whole = &core[..core.len() - last];
        if whole.is_empty() {
            say(said, out);
            return true;
        }
        let Some(number) = Written::read(whole) else {
            return false;
        };
        number.say(out);
        say("and", out);
        say(after, out);
        return true;
    }
    let Some((upper, lower)) = core.split_once('/') else {
        return false;
    };
    let lower = lower.strip_suffix("ths").unwrap_or(lower);
    let (Some(upper), Some(lower)) = (Written::read(upper), Written::read(lower)) else {
        return false;
    };
    let (Some(u), Some(l)) = (upper.value(), lower.value()) else {
        return false;
    };
    number::cardinal(u, out);
    match l {
        2 if u == 1 => say("half", out),
        4 if u < l => say(if u == 1 { "quarter" } else { "quarters" }, out),
        3 | 5 | 6 | 8 if u < l => {
            number::ordinal(l, out);
            if u > 1 {
                number::plural_of_last(out);
            }
        }
        10 | 100 if u <= l => {
            say("out of", out);
            number::cardinal(l, out);
        }
        _ => number::cardinal(l, out),
    }
    true
}

/// `21st`, and days beside their month: `May 3`, `3 May`.
fn ordinal(core: &str, around: &Around<'_>, out: &mut Vec<String>) -> bool {
    let (Some((written, rest)), true) = (Written::lead(core), core.starts_with(is_digit)) else {
        return false;
    };
    let Some(value) = written.value() else {
        return false;
    };
    let is_day = rest.is_empty() && (1..=31).contains(&value) && core.len() <= 2;
    if ["st", "nd", "rd", "th"].contains(&rest) || is_day && is_month(around.prev, around.before) {
        number::ordinal(value, out);
        return true;
    }
    if is_day && is_month(around.next, "") && around.tail.is_empty() {
        if !around.prev.eq_ignore_ascii_case("the") {
            say("the", out);
        }
        number::ordinal(value, out);
        say("of", out);
        return true;
    }
    false
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Tells whether a word names a month. "May" and "March" are other words too, which "you may"
/// shows by its small letter; a sentence that starts with "May 3" is read as a date.
fn is_month(name: &str, _before: &str) -> bool {
    lexicon::month(name).is_some()
}

/// `1990s`, `80s`, `1800's`.
fn decade(core: &str, _: &Around<'_>, out: &mut Vec<String>) -> bool {
    let Some(digits) = core.strip_suffix('s') else {
        return false;
    };
    let digits = digits.strip_suffix(['\'', '’']).unwrap_or(digits);
    let fits = matches!(digits.len(), 2 | 4) && digits.ends_with('0');
    let Some(number) = Written::read(digits).filter(|_| fits) else {
        return false;
    };
    number.say_as_year(out);
    number::plural_of_last(out);
    true
}

/// `1920x1080`, `3×4`.
fn size(core: &str, _: &Around<'_>, out: &mut Vec<String>) -> bool {
    let Some((a, b)) = core.split_once(['x', '×', '*']) else {
        return false;
    };
    let (Some(a), Some(b)) = (Written::read(a), Written::read(b)) else {
        return false;
    };
    for (i, side) in [a, b].into_iter().enumerate() {
        if i > 0 {
            say("by", out);
        }
        // "Ten eighty", as everybody calls a screen's height.
        match side.value().filter(|v| (1001..10_000).contains(v)) {
            Some(value) => number::year(value, out),
            None => side.say(out),
        }
    }
    true
}

/// `2.0.1`, `192.168.0.1`.
fn version(core: &str, _: &Around<'_>, out: &mut Vec<String>) -> bool {
    let parts: Vec<&str> = core.split('.').collect();
    let digits = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    if parts.len() < 3 || !parts.iter().all(digits) {
        return false;
    }
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            say("point", out);
        }
        number::whole(part, out);
    }
    true
}

/// A number, alone or with its unit: `12,345`, `-5°C`, `3.5GHz`, `10k`, `50+`.
fn measure(core: &str, around: &Around<'_>, out: &mut Vec<String>) -> bool {
    let (approx, body) = match core.strip_prefix(['~', '≈', '<', '>', '±', '+']) {
        Some(body) => (core.chars().next(), body),
        None => (None, core),
    };
    let Some((number, rest)) = Written::lead(body) else {
        return false;
    };
    match approx {
        Some('~') => say("about", out),
        Some(sign) => say(lexicon::symbol(sign).unwrap_or(""), out),
        None => {}
    }
    if rest.is_empty() {
        let counted = lexicon::is_scale_word(around.next)
            || !lexicon::is_shy(around.next) && is_unit(around.next);
        if counted {
            number.say(out);
        } else {
            number.say_as_year(out);
        }
        return true;
    }
    if rest == "+" {
        number.say(out);
        say("plus", out);
        return true;
    }
    number.say(out);
    with_suffix(&number, rest, out)
}

fn with_suffix(number: &Written<'_>, rest: &str, out: &mut Vec<String>) -> bool {
    let screen = rest == "K" && matches!(number.value(), Some(2 | 4 | 5 | 6 | 8));
    if ["k", "K", "M", "B", "bn", "mn"].contains(&rest) && !screen {
        say(lexicon::scale(rest).unwrap_or(""), out);
        return true;
    }
    if ["A", "J", "N", "B", "K", "pp"].contains(&rest) {
        return false;
    }
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    unit(rest, number.is_one(), out)
}

fn is_unit(sign: &str) -> bool {
    !sign.is_empty() && unit(sign, false, &mut Vec::new())
}

/// Says a unit, also squared, cubed or per another: `km²`, `m/s²`, `kg/m³`.
pub(super) fn unit(sign: &str, one: bool, out: &mut Vec<String>) -> bool {
    if let Some(unit) = lexicon::unit(sign) {
        say(if one { unit.one } else { unit.many }, out);
        return true;
    }
    if let Some((upper, lower)) = sign.split_once('/') {
        let before = out.len();
        if !unit_power(upper, one, out) {
            return false;
        }
        say("per", out);
        if let Some(base) = lower.strip_suffix('²').filter(|base| *base == "s") {
            let said = unit(base, true, out);
            say("squared", out);
            return said;
        }
        if unit_power(lower, true, out) {
            return true;
        }
        if lower.len() > 2 && lower.bytes().all(|b| b.is_ascii_lowercase()) {
            say(lower, out);
            return true;
        }
        out.truncate(before);
        return false;
    }
    unit_power(sign, one, out)
}

fn unit_power(sign: &str, one: bool, out: &mut Vec<String>) -> bool {
    let (power, base) = match (sign.strip_suffix(['²', '2']), sign.strip_suffix(['³', '3'])) {
        (Some(base), _) => ("square", base),
        (_, Some(base)) => ("cubic", base),
        _ => ("", sign),
    };
    let Some(unit) = lexicon::unit(base) else {
        return false;
    };
    if !power.is_empty() {
        say(power, out);
    }
    say(if one { unit.one } else { unit.many }, out);
    true
}

/// Tells whether a core ends in a number that a unit may follow.
pub(super) fn is_counted(core: &str) -> bool {
    let last = core.rsplit(['-', '–', '×', 'x']).next().unwrap_or(core);
    Written::read(last).is_some() || core.ends_with(|c| lexicon::vulgar(c).is_some())
}

/// Tells whether a core is the number one.
pub(super) fn is_one(core: &str) -> bool {
    Written::read(core).is_some_and(|number| number.is_one())
}
