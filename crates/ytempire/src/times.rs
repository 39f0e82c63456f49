//! Times as people write them: spans such as `3d`, moments such as `in 2h`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ytempire_core::Timestamp;

/// Ten years: longer is a slip of the finger.
const SPAN_MAX: Duration = Duration::from_hours(3650 * 24);

/// A length of time: `90s`, `15m`, `2h30m`, `3d`, `2w`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let help = || format!("{text:?} is no length of time; write 90s, 15m, 2h30m, 3d or 2w");
    let mut rest = text.trim();
    let mut whole = Duration::ZERO;
    if rest.is_empty() {
        return Err(help());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(help)?;
        let number: u64 = rest[..digits].parse().map_err(|_| help())?;
        let unit = rest[digits..].chars().next().ok_or_else(help)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(help()),
        };
        let part = number.checked_mul(seconds).map(Duration::from_secs);
        let sum = part.and_then(|part| whole.checked_add(part));
        whole = sum.filter(|sum| *sum <= SPAN_MAX).ok_or_else(help)?;
        rest = rest[digits + unit.len_utf8()..].trim_start();
    }
    Ok(whole)
}

/// So much before `now`.
pub(crate) fn before(now: Timestamp, age: Duration) -> Timestamp {
    let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(age))
}

/// A moment as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So much later than now.
    In(Duration),
    /// Then.
    At(Timestamp),
}

impl Moment {
    /// When that is.
    pub(crate) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::In(span) => now.after(span),
            Self::At(at) => at,
        }
    }
}

/// A moment: `in 2h`, or a date and time with its zone, `2026-12-01T18:00Z`,
/// `2026-12-01 18:00+01:00`.
pub(crate) fn moment(text: &str) -> Result<Moment, String> {
    let trimmed = text.trim();
    if let Some(later) = trimmed.strip_prefix("in ") {
        return span(later).map(Moment::In);
    }
    let zoned = trimmed.replace(['Z', 'z'], "+00:00").replacen(' ', "T", 1);
    let parsed = ["%Y-%m-%dT%H:%M%:z", "%Y-%m-%dT%H:%M:%S%.f%:z"]
        .iter()
        .find_map(|format| DateTime::parse_from_str(&zoned, format).ok());
    let at = parsed.ok_or_else(|| {
        format!(
            "{text:?} is no moment; write `in 2h`, or date, time and zone: 2026-12-01T18:00Z, \
             2026-12-01T18:00+01:00"
        )
    })?;
    let at = Timestamp::from_micros(at.with_timezone(&Utc).timestamp_micros());
    Ok(Moment::At(at))
}

/// A length of time in its two largest units: `2 d 3 h`, `5 min`, `12 s`.
pub(crate) fn said(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];
    let Some(largest) = units.iter().position(|(_, size)| seconds >= *size) else {
        return "0 s".to_owned();
    };
    let mut left = seconds;
    let mut parts = Vec::new();
    for (name, size) in units.iter().skip(largest).take(2) {
        let number = left / size;
        left %= size;
        if number > 0 {
            parts.push(format!("{number} {name}"));
        }
    }
    parts.join(" ")
}

/// A moment to the minute: `2026-12-01 18:00`, in UTC.
pub(crate) fn minute(at: Timestamp) -> String {
    at.to_rfc3339()[..16].replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_nonsense_is_told() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("2h30m", 9000),
            ("2h 30m", 9000),
            ("3d", 259_200),
            ("2w", 1_209_600),
        ] {
            assert_eq!(span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "3",
            "d",
            "3x",
            "-3d",
            "3.5h",
            "99999999999999999999d",
            "400w900000d",
        ] {
            assert!(span(text).unwrap_err().contains("2h30m"), "{text}");
        }
    }

    #[test]
    fn moments_have_a_zone_or_count_from_now() {
        let at = |text: &str| match moment(text) {
            Ok(Moment::At(at)) => at.to_rfc3339(),
            other => panic!("{text}: {other:?}"),
        };
        for text in [
            "2026-12-01T18:00Z",
            "2026-12-01 18:00Z",
            "2026-12-01T18:00:00Z",
            "2026-12-01T19:00+01:00",
            "2026-12-01T18:00:00.000000Z",
        ] {
            assert_eq!(at(text), "2026-12-01T18:00:00.000000Z", "{text}");
        }
        assert_eq!(moment("in 2h"), Ok(Moment::In(Duration::from_hours(2))));
        for text in [
            "2026-12-01T18:00",
            "tomorrow",
            "18:00",
            "in soon",
            "2026-13-01T18:00Z",
        ] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_are_said_in_two_units() {
        for (seconds, wanted) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3661, "1 h 1 min"),
            (90_000, "1 d 1 h"),
            (86_430, "1 d"),
        ] {
            assert_eq!(said(Duration::from_secs(seconds)), wanted);
        }
    }
}
