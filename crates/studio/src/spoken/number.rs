//! Numbers in English words.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const SCALES: [(u64, &str); 5] = [
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1000, "thousand"),
];

/// Longest run of digits read as one number; longer runs are read digit by digit.
const DIGITS_MAX: usize = 18;

/// Appends `value` as a cardinal: 1914 is "one thousand nine hundred fourteen".
pub(super) fn cardinal(value: u64, out: &mut Vec<String>) {
    if value == 0 {
        out.push(SMALL[0].to_owned());
        return;
    }
    let mut rest = value;
    for (scale, name) in SCALES {
        if rest >= scale {
            // At most 18 446: the largest scale has three digits or one recursion above it.
            cardinal(rest / scale, out);
            out.push(name.to_owned());
            rest %= scale;
        }
    }
    if rest >= 100 {
        out.push(SMALL[(rest / 100) as usize].to_owned());
        out.push("hundred".to_owned());
        rest %= 100;
    }
    below_hundred(rest, out);
}

fn below_hundred(value: u64, out: &mut Vec<String>) {
    if value == 0 {
        return;
    }
    if value < 20 {
        out.push(SMALL[value as usize].to_owned());
        return;
    }
    out.push(TENS[(value / 10) as usize].to_owned());
    if !value.is_multiple_of(10) {
        out.push(SMALL[(value % 10) as usize].to_owned());
    }
}

/// Appends `value` as an ordinal: 21 is "twenty first".
pub(super) fn ordinal(value: u64, out: &mut Vec<String>) {
    cardinal(value, out);
    if let Some(last) = out.last_mut() {
        *last = to_ordinal(last);
    }
}

/// The ordinal of one cardinal word.
fn to_ordinal(word: &str) -> String {
    match word {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        _ => match word.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{word}th"),
        },
    }
}

/// Appends a year: 1960 is "nineteen sixty", 1906 "nineteen oh six", 2007 "two thousand seven".
pub(super) fn year(value: u64, out: &mut Vec<String>) {
    let (century, rest) = (value / 100, value % 100);
    if !(1000..=9999).contains(&value) || century % 10 == 0 && rest < 10 {
        cardinal(value, out);
        return;
    }
    below_hundred(century, out);
    match rest {
        0 => out.push("hundred".to_owned()),
        1..=9 => {
            out.push("oh".to_owned());
            below_hundred(rest, out);
        }
        _ => below_hundred(rest, out),
    }
}

/// Appends each digit of `text`; other characters are passed over.
pub(super) fn digits(text: &str, out: &mut Vec<String>) {
    out.extend(
        text.chars()
            .filter_map(|c| c.to_digit(10))
            .map(|d| SMALL[d as usize].to_owned()),
    );
}

/// Appends whole digits as people read them: leading zeros and very long runs digit by digit.
pub(super) fn whole(text: &str, out: &mut Vec<String>) {
    let zero_led = text.len() > 1 && text.starts_with('0');
    match text.parse::<u64>() {
        Ok(value) if !zero_led && text.len() <= DIGITS_MAX => cardinal(value, out),
        _ => digits(text, out),
    }
}

/// Makes the last word plural: "sixty" → "sixties", "six" → "sixes", "hundred" → "hundreds".
pub(super) fn plural_of_last(out: &mut [String]) {
    if let Some(last) = out.last_mut() {
        *last = plural(last);
    }
}

/// The English plural of a regular noun or number word.
pub(super) fn plural(word: &str) -> String {
    if let Some(stem) = word.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    if word.ends_with(['x', 's']) || word.ends_with("ch") || word.ends_with("sh") {
        return format!("{word}es");
    }
    format!("{word}s")
}

/// Digits with optional thousands commas and one decimal point, as written in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written<'a> {
    /// A sign stood before it.
    pub(super) negative: bool,
    /// The digits before the point, commas included.
    whole: &'a str,
    /// The digits after the point.
    fraction: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// Reads a whole text as a number, or nothing.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (number, rest) = Self::lead(text)?;
        rest.is_empty().then_some(number)
    }

    /// Reads a number at the start of a text and returns what follows it.
    pub(super) fn lead(text: &'a str) -> Option<(Self, &'a str)> {
        let (negative, body) = match text.strip_prefix(['-', '−']) {
            Some(body) => (true, body),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let whole_len = whole_len(body);
        let (whole, rest) = body.split_at(whole_len);
        let after = rest.strip_prefix('.').unwrap_or("");
        let fraction_len = after.bytes().take_while(u8::is_ascii_digit).count();
        if whole_len == 0 && fraction_len == 0 {
            return None;
        }
        if fraction_len == 0 {
            return Some((
                Self {
                    negative,
                    whole,
                    fraction: None,
                },
                rest,
            ));
        }
        let (fraction, rest) = after.split_at(fraction_len);
        Some((
            Self {
                negative,
                whole,
                fraction: Some(fraction),
            },
            rest,
        ))
    }

    /// The value, if it is a whole number of at most 18 digits.
    pub(super) fn value(&self) -> Option<u64> {
        let digits = self.plain();
        (self.fraction.is_none() && digits.len() <= DIGITS_MAX)
            .then(|| digits.parse().ok())
            .flatten()
    }

    /// The value before the point, if it has at most 18 digits.
    pub(super) fn whole_value(&self) -> Option<u64> {
        let plain = self.plain();
        if plain.is_empty() {
            return Some(0);
        }
        (plain.len() <= DIGITS_MAX)
            .then(|| plain.parse().ok())
            .flatten()
    }

    /// The digits before the point, without commas.
    fn plain(&self) -> String {
        self.whole.chars().filter(char::is_ascii_digit).collect()
    }

    /// The digits after the point.
    pub(super) fn fraction(&self) -> Option<&'a str> {
        self.fraction
    }

    /// Tells whether it is one: "1", but not "1.0".
    pub(super) fn is_one(&self) -> bool {
        self.value() == Some(1)
    }

    /// Tells whether it may be a year: four bare digits from 1100 to 2099.
    pub(super) fn is_year(&self) -> bool {
        !self.negative
            && self.whole.len() == 4
            && self.value().is_some_and(|v| (1100..2100).contains(&v))
    }

    /// Appends it as a quantity.
    pub(super) fn say(&self, out: &mut Vec<String>) {
        if self.negative {
            out.push("minus".to_owned());
        }
        let plain = self.plain();
        whole(if plain.is_empty() { "0" } else { &plain }, out);
        if let Some(fraction) = self.fraction {
            out.push("point".to_owned());
            digits(fraction, out);
        }
    }

    /// Appends it as a year where it may be one, else as a quantity.
    pub(super) fn say_as_year(&self, out: &mut Vec<String>) {
        match self.value() {
            Some(value) if self.is_year() => year(value, out),
            _ => self.say(out),
        }
    }
}

/// Length of leading digits with well-placed thousands commas: `12,345` whole, `1,2` only `1`.
fn whole_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut len = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    if (1..=3).contains(&len) {
        while bytes.get(len) == Some(&b',')
            && bytes.len() >= len + 4
            && bytes[len + 1..len + 4].iter().all(u8::is_ascii_digit)
            && !bytes.get(len + 4).is_some_and(u8::is_ascii_digit)
        {
            len += 4;
        }
    }
    len
}

/// The value of a Roman numeral in capitals, up to 89, written the usual way.
pub(super) fn roman(text: &str) -> Option<u64> {
    let value = |c| match c {
        'I' => Some(1_i64),
        'V' => Some(5),
        'X' => Some(10),
        'L' => Some(50),
        _ => None,
    };
    let digits: Vec<i64> = text.chars().map(value).collect::<Option<_>>()?;
    let mut total = 0_i64;
    for (i, &digit) in digits.iter().enumerate() {
        let smaller = digits.get(i + 1).is_some_and(|&next| next > digit);
        total += if smaller { -digit } else { digit };
    }
    let total = u64::try_from(total).ok()?;
    // Writing it back refuses misspelt numerals such as IIX.
    (to_roman(total) == text).then_some(total)
}

fn to_roman(mut value: u64) -> String {
    const STEPS: [(u64, &str); 7] = [
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut text = String::new();
    if !(1..90).contains(&value) {
        return text;
    }
    for (step, sign) in STEPS {
        while value >= step {
            text.push_str(sign);
            value -= step;
        }
    }
    text
}
