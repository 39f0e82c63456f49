//! Numbers as people write them, taken apart so that they can count and be compared.

/// A number with what stands before and after it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// `$`, `~`, `−`.
    pub prefix: String,
    /// The value.
    pub value: f64,
    /// Decimals shown.
    pub decimals: usize,
    /// What separates decimals.
    point: char,
    /// What separates thousands, if anything does.
    group: Option<char>,
    /// ` m`, ` %`, ` million`.
    pub suffix: String,
}

impl Figure {
    /// Takes `text` apart, or `None` if it isn't one number with something around it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let is_part = |c: char| {
            c.is_ascii_digit()
                || matches!(
                    c,
                    ',' | '.' | '\u{a0}' | '\u{2009}' | '\u{202f}' | ' ' | '’'
                )
        };
        let length = text[start..]
            .find(|c| !is_part(c))
            .unwrap_or(text.len() - start);
        let body = text[start..start + length].trim_end_matches(|c: char| !c.is_ascii_digit());
        let (prefix, suffix) = (&text[..start], &text[start + body.len()..]);
        let plain = suffix.chars().all(|c| !c.is_ascii_digit()) && prefix.chars().count() <= 3;
        if !plain || suffix.chars().count() > 16 {
            return None;
        }
        let separators: Vec<(usize, char)> = body
            .char_indices()
            .filter(|(_, c)| !c.is_ascii_digit())
            .collect();
        let (group, point) = match separators.last() {
            None => (None, None),
            Some(&(at, c)) => {
                let after = body[at + c.len_utf8()..].len();
                let first = separators[0].1;
                let repeated = separators.iter().filter(|(_, other)| *other == c).count() > 1;
                let groups =
                    after == 3 && (repeated || c != '.') && separators.iter().all(|s| s.1 == c);
                if groups {
                    (Some(c), None)
                } else if matches!(c, '.' | ',') && !repeated {
                    ((separators.len() > 1).then_some(first), Some(at))
                } else {
                    return None;
                }
            }
        };
        let digits: String = body
            .char_indices()
            .filter_map(|(at, c)| match c {
                c if c.is_ascii_digit() => Some(c),
                _ if Some(at) == point => Some('.'),
                _ => None,
            })
            .collect();
        Some(Self {
            prefix: prefix.to_owned(),
            value: digits.parse().ok()?,
            decimals: digits
                .split_once('.')
                .map_or(0, |(_, decimals)| decimals.len()),
            point: point.map_or('.', |at| {
                if body[at..].starts_with(',') {
                    ','
                } else {
                    '.'
                }
            }),
            group,
            suffix: suffix.to_owned(),
        })
    }

    /// The digits of a share of the value, grouped and rounded as the whole is.
    pub(crate) fn shown(&self, share: f64) -> String {
        let fixed = format!("{:.*}", self.decimals, self.value * share);
        let (whole, decimals) = fixed.split_once('.').unwrap_or((&fixed, ""));
        let mut out = String::new();
        for (index, digit) in whole.chars().enumerate() {
            let left = whole.len() - index;
            if let Some(group) = self.group
                && index > 0
                && left.is_multiple_of(3)
            {
                out.push(group);
            }
            out.push(digit);
        }
        if !decimals.is_empty() {
            out.push(self.point);
            out.push_str(decimals);
        }
        out
    }

    /// The value, if it is a share of a hundred.
    pub(crate) fn percent(&self) -> Option<f32> {
        let sign = self.suffix.trim();
        let share = matches!(sign, "%" | "percent" | "per cent") && self.prefix.is_empty();
        (share && (0.0..=100.0).contains(&self.value)).then_some(self.value as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_apart_and_put_together_again() {
        for (text, prefix, value, suffix) in [
            ("10,994 m", "", 10_994.0, " m"),
            ("$2.50", "$", 2.5, ""),
            ("71 %", "", 71.0, " %"),
            ("1 234 567 km²", "", 1_234_567.0, " km²"),
            ("3,5 °C", "", 3.5, " °C"),
            ("1.234.567,89 €", "", 1_234_567.89, " €"),
            ("~7 billion", "~", 7.0, " billion"),
        ] {
            let figure = Figure::parse(text).unwrap();
            assert_eq!(
                (figure.prefix.as_str(), figure.suffix.as_str()),
                (prefix, suffix)
            );
            assert!(
                (figure.value - value).abs() < 1e-9,
                "{text}: {}",
                figure.value
            );
            assert_eq!(format!("{prefix}{}{suffix}", figure.shown(1.0)), text);
        }
    }

    #[test]
    fn what_is_no_single_number_does_not_count() {
        for text in ["Zero", "3 of 4", "1960–1995", "12:30", "1.2.3"] {
            assert_eq!(Figure::parse(text), None, "{text}");
        }
    }
}
