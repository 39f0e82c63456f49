//! Amounts of money.

use super::expand::Around;
use super::number::{self, Written};
use super::quantity::say;
use super::{lexicon, word};

/// An amount taken apart: sign, number, scale suffix and what follows.
pub(super) struct Amount<'a> {
    currency: lexicon::Currency,
    number: Written<'a>,
    scale: Option<&'static str>,
    per: Option<&'a str>,
    rounded_up: bool,
}

impl<'a> Amount<'a> {
    /// Reads a whole core as an amount.
    pub(super) fn read(core: &'a str) -> Option<Self> {
        Self::sign_first(core).or_else(|| Self::sign_last(core))
    }

    fn sign_first(core: &'a str) -> Option<Self> {
        let (negative, text) = match core.strip_prefix(['-', '−']) {
            Some(text) => (true, text),
            None => (false, core),
        };
        let bare = text.trim_start_matches(|c: char| c.is_ascii_uppercase());
        if text.len() - bare.len() > 2 {
            return None;
        }
        let sign = bare.chars().next()?;
        let currency = lexicon::currency(sign)?;
        let (mut number, mut rest) = Written::lead(&bare[sign.len_utf8()..])?;
        number.negative |= negative;
        let rounded_up = rest.starts_with('+');
        rest = rest.strip_prefix('+').unwrap_or(rest);
        let (suffix, per) = match rest.split_once('/') {
            Some((suffix, per)) => (suffix, Some(per)),
            None => (rest, None),
        };
        let scale = if suffix.is_empty() {
            None
        } else {
            Some(lexicon::scale(suffix)?)
        };
        Some(Self {
            currency,
            number,
            scale,
            per,
            rounded_up,
        })
    }

    fn sign_last(core: &'a str) -> Option<Self> {
        let (number, rest) = Written::lead(core)?;
        let sign = rest.chars().next_back()?;
        let currency = lexicon::currency(sign)?;
        let suffix = &rest[..rest.len() - sign.len_utf8()];
        let scale = if suffix.is_empty() {
            None
        } else {
            Some(lexicon::scale(suffix)?)
        };
        Some(Self {
            currency,
            number,
            scale,
            per: None,
            rounded_up: false,
        })
    }

    /// Says it; the currency is left out where a scale word of its own follows.
    pub(super) fn say(&self, scale_follows: bool, out: &mut Vec<String>) {
        let (one, many, hundredth, hundredths) = self.currency;
        let cents = self.number.fraction().filter(|f| {
            f.len() == 2 && self.scale.is_none() && !scale_follows && !hundredth.is_empty()
        });
        if let Some(cents) = cents {
            self.say_with_cents(cents, (hundredth, hundredths), out);
        } else {
            self.number.say(out);
            if let Some(scale) = self.scale {
                say(scale, out);
            }
            if !scale_follows {
                let single = self.number.is_one() && self.scale.is_none();
                say(if single { one } else { many }, out);
            }
        }
        if self.rounded_up {
            say("plus", out);
        }
        if let Some(per) = self.per {
            say("per", out);
            word::read(per, &Around::default(), out);
        }
    }

    fn say_with_cents(&self, cents: &str, names: (&str, &str), out: &mut Vec<String>) {
        let (one, many, ..) = self.currency;
        let value = self.number.whole_value();
        let of_hundred: u64 = cents.parse().unwrap_or(0);
        if self.number.negative {
            say("minus", out);
        }
        if value != Some(0) || of_hundred == 0 {
            match value {
                Some(value) => number::cardinal(value, out),
                None => self.number.say(out),
            }
            say(if value == Some(1) { one } else { many }, out);
            if of_hundred > 0 {
                say("and", out);
            }
        }
        if of_hundred > 0 {
            number::cardinal(of_hundred, out);
            say(if of_hundred == 1 { names.0 } else { names.1 }, out);
        }
    }
}

/// Reads an amount: `$2.50`, `€3m`, `20€`.
pub(super) fn money(core: &str, around: &Around<'_>, out: &mut Vec<String>) -> bool {
    let Some(amount) = Amount::read(core) else {
        return false;
    };
    amount.say(lexicon::is_scale_word(around.next), out);
    true
}

/// The currency that the next word must name: `$1.2` before `billion`.
pub(super) fn owed_currency(core: &str, around: &Around<'_>) -> Option<&'static str> {
    if !lexicon::is_scale_word(around.next) {
        return None;
    }
    let of_range = || {
        let (left, right) = core.rsplit_once(['-', '–'])?;
        Amount::read(right).or_else(|| range_of_money(left, right))
    };
    Some(Amount::read(core).or_else(of_range)?.currency.1)
}

/// `$5-10`: the sign stands before the first number only.
pub(super) fn range_of_money<'a>(left: &str, right: &'a str) -> Option<Amount<'a>> {
    let currency = lexicon::currency(left.chars().next()?)?;
    let (number, suffix) = Written::lead(right)?;
    let scale = if suffix.is_empty() {
        None
    } else {
        Some(lexicon::scale(suffix)?)
    };
    Some(Amount {
        currency,
        number,
        scale,
        per: None,
        rounded_up: false,
    })
}
