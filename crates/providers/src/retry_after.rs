//! When a server wants to be asked again.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::HeaderMap;

/// Shortest and longest pause believed. Servers send 0, -1 and days: Azure returns -1, and a
/// job that sleeps longer than ten minutes is better parked by its own schedule.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(10);

/// A number of seconds from here on is a moment, not a span: 30 years.
const MOMENT_MIN: f64 = 1e9;

/// The pause that `headers` ask for, clamped to 1 second … 10 minutes; `None` if they say
/// nothing that can be read.
///
/// `retry-after-ms` is the most exact and wins; then `retry-after` (seconds, or a date, which is
/// measured against the answer's own `date` so that no clock is needed); then the
/// `x-ratelimit-reset-*` of whatever has run out, or else the longer of them.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::trim)
    };
    let exact = text("retry-after-ms").and_then(|ms| seconds(ms).map(|ms| ms / 1000.0));
    let plain = || {
        let wanted = text("retry-after")?;
        seconds(wanted).or_else(|| until(wanted, text("date")?))
    };
    let reset = || {
        let meters = ["requests", "tokens"].map(|meter| {
            let left = text(&format!("x-ratelimit-remaining-{meter}"));
            let reset = text(&format!("x-ratelimit-reset-{meter}")).and_then(span);
            (
                left.and_then(seconds).is_some_and(|left| left <= 0.0),
                reset,
            )
        });
        let exhausted = meters
            .iter()
            .filter(|(gone, _)| *gone)
            .filter_map(|(_, r)| *r);
        let longest = exhausted.reduce(f64::max);
        longest.or_else(|| meters.iter().filter_map(|(_, r)| *r).reduce(f64::max))
    };
    // Anthropic's: moments as in RFC 3339, of which those that have run out count.
    let moments = || {
        let now = DateTime::parse_from_rfc2822(text("date")?).ok()?;
        let meters = ["requests", "tokens", "input-tokens", "output-tokens"];
        let gone = meters.iter().filter_map(|meter| {
            let left = text(&format!("anthropic-ratelimit-{meter}-remaining"))?;
            let reset = text(&format!("anthropic-ratelimit-{meter}-reset"))?;
            let reset = DateTime::parse_from_rfc3339(reset).ok()?;
            (seconds(left)? <= 0.0).then(|| (reset - now).num_milliseconds() as f64 / 1000.0)
        });
        gone.reduce(f64::max)
    };
    // Stock sites': seconds, or a moment in seconds since 1970.
    let stock = || {
        let reset = seconds(text("x-ratelimit-reset")?)?;
        if reset < MOMENT_MIN {
            return Some(reset);
        }
        let now = DateTime::parse_from_rfc2822(text("date")?).ok()?;
        Some(reset - now.timestamp() as f64)
    };
    let asked = exact.or_else(plain).or_else(reset).or_else(moments);
    asked.or_else(stock).map(clamp)
}

fn clamp(seconds: f64) -> Duration {
    let bounded = seconds.clamp(PAUSE_MIN.as_secs_f64(), PAUSE_MAX.as_secs_f64());
    Duration::from_secs_f64(bounded)
}

fn seconds(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Seconds from one HTTP date to another.
fn until(wanted: &str, now: &str) -> Option<f64> {
    let wanted = DateTime::parse_from_rfc2822(wanted).ok()?;
    let now = DateTime::parse_from_rfc2822(now).ok()?;
    Some((wanted - now).num_milliseconds() as f64 / 1000.0)
}

/// Seconds of a span as `OpenAI` writes it (`1s`, `6m0s`, `1h2m3.5s`, `20ms`), or of a bare
/// number.
fn span(text: &str) -> Option<f64> {
    if let Some(bare) = seconds(text) {
        return Some(bare);
    }
    let (mut total, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number = seconds(&rest[..digits])?;
        let unit_end = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |length| digits + length);
        total += number
            * match &rest[digits..unit_end] {
                "d" => 86_400.0,
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        retry_after(&headers).map(|pause| pause.as_millis() as u64)
    }

    #[test]
    fn every_way_of_asking_is_understood() {
        assert_eq!(asked(&[("retry-after", "7")]), Some(7_000));
        assert_eq!(
            asked(&[("retry-after-ms", "1500"), ("retry-after", "2")]),
            Some(1_500)
        );
        let dates = [
            ("date", "Tue, 24 Nov 2026 07:00:00 GMT"),
            ("retry-after", "Tue, 24 Nov 2026 07:00:30 GMT"),
        ];
        assert_eq!(asked(&dates), Some(30_000));
        assert_eq!(
            asked(&dates[1..]),
            None,
            "a date means nothing without another"
        );
        assert_eq!(
            asked(&[("x-ratelimit-reset-tokens", "6m0s")]),
            Some(360_000)
        );
        assert_eq!(
            asked(&[("x-ratelimit-reset-requests", "1m2.5s")]),
            Some(62_500)
        );
        assert_eq!(asked(&[("x-ratelimit-reset-requests", "12")]), Some(12_000));
    }

    #[test]
    fn what_has_run_out_decides_which_reset_counts() {
        let headers = [
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "3s"),
            ("x-ratelimit-remaining-tokens", "900"),
            ("x-ratelimit-reset-tokens", "5m"),
        ];
        assert_eq!(asked(&headers), Some(3_000));
        assert_eq!(asked(&[headers[1], headers[3]]), Some(300_000));
    }

    #[test]
    fn moments_are_measured_against_the_answers_own_date() {
        let date = ("date", "Tue, 24 Nov 2026 07:00:00 GMT");
        let gone = |meter: &'static str, left| {
            [
                (meter, left),
                (
                    if meter.contains("requests") {
                        "anthropic-ratelimit-requests-reset"
                    } else {
                        "anthropic-ratelimit-tokens-reset"
                    },
                    "2026-11-24T07:00:40Z",
                ),
            ]
        };
        let [left, reset] = gone("anthropic-ratelimit-requests-remaining", "0");
        assert_eq!(asked(&[date, left, reset]), Some(40_000));
        let [left, reset] = gone("anthropic-ratelimit-tokens-remaining", "7");
        assert_eq!(asked(&[date, left, reset]), None, "there is some left");
        assert_eq!(asked(&[("x-ratelimit-reset", "50")]), Some(50_000));
        let moment = ("x-ratelimit-reset", "1795503630");
        assert_eq!(asked(&[date, moment]), Some(30_000));
        assert_eq!(asked(&[moment]), None);
    }

    #[test]
    fn nonsense_is_clamped_or_ignored() {
        assert_eq!(asked(&[("retry-after", "-1")]), Some(1_000));
        assert_eq!(asked(&[("retry-after", "0")]), Some(1_000));
        assert_eq!(asked(&[("retry-after", "864000")]), Some(600_000));
        assert_eq!(asked(&[("x-ratelimit-reset-tokens", "20ms")]), Some(1_000));
        for broken in ["NaN", "inf", "soon", "", "5x", "ms"] {
            assert_eq!(asked(&[("retry-after", broken)]), None, "{broken:?}");
            assert_eq!(
                asked(&[("x-ratelimit-reset-tokens", broken)]),
                None,
                "{broken:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_header_gives_a_pause_in_bounds(value in "[ -~]{0,20}") {
            for name in ["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens"] {
                if let Some(pause) = asked(&[(name, &value)]) {
                    prop_assert!((1_000..=600_000).contains(&pause));
                }
            }
        }
    }
}
