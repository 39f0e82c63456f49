//! A scene's words, timed by what an engine or an ear tells of its own.
//!
//! What is heard differs from what is written: `10` is heard as `ten`, marks are words to some. The
//! longest row of words that both have in common is taken as it is told; what lies between two of
//! them shares the time between them by its letters.

use studio::WordTime;
use studio::spoken::SpokenText;

/// The least share of a text's words, in percent, that must have been heard as they are written.
const SHARED_PERCENT_MIN: usize = 60;

/// Words of one text and of the other that are compared at most: 16 million pairs.
const PAIRS_MAX: usize = 16 << 20;

/// A word for each token of `text`, which lasts `millis`, and how many of their times are
/// estimates. `None` if too little of what was heard is in the text.
pub(super) fn fitted(
    text: &SpokenText,
    heard: &[WordTime],
    millis: u64,
) -> Option<(Vec<WordTime>, usize)> {
    let written: Vec<String> = text
        .tokens
        .iter()
        .map(|token| bare(&token.display))
        .collect();
    let known: Vec<(String, &WordTime)> = heard
        .iter()
        .map(|word| (bare(&word.text), word))
        .filter(|(word, _)| !word.is_empty())
        .collect();
    let told: Vec<&str> = known.iter().map(|(word, _)| word.as_str()).collect();
    let pairs = common(&written, &told)?;
    let spoken = written.iter().filter(|word| !word.is_empty()).count();
    if pairs.len() * 100 < spoken * SHARED_PERCENT_MIN || spoken == 0 {
        return None;
    }
    let last = u32::try_from(millis).unwrap_or(u32::MAX);
    let mut times: Vec<Option<(u32, u32)>> = vec![None; written.len()];
    for (at, index) in &pairs {
        let word = known[*index].1;
        times[*at] = Some((word.start_ms.min(last), word.end_ms.min(last)));
    }
    let estimated = times.iter().filter(|time| time.is_none()).count();
    share(&written, &mut times, last);
    let displays = text.tokens.iter().map(|token| token.display.clone());
    let mut words: Vec<WordTime> = displays
        .zip(times)
        .map(|(text, time)| {
            let (start_ms, end_ms) = time.unwrap_or((last, last));
            WordTime {
                text,
                start_ms,
                end_ms,
            }
        })
        .collect();
    order(&mut words);
    Some((words, estimated))
}

/// A word as it is compared.
fn bare(word: &str) -> String {
    let letters = word.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The longest row of words that both have in common, as pairs of places. `None` where they are too
/// long to compare.
fn common(written: &[String], heard: &[&str]) -> Option<Vec<(usize, usize)>> {
    let (rows, columns) = (written.len() + 1, heard.len() + 1);
    if rows.checked_mul(columns)? > PAIRS_MAX {
        return None;
    }
    let mut lengths = vec![0_u32; rows * columns];
    for row in (0..written.len()).rev() {
        for column in (0..heard.len()).rev() {
            let at = row * columns + column;
            lengths[at] = if written[row] == heard[column] && !written[row].is_empty() {
                lengths[at + columns + 1] + 1
            } else {
                lengths[at + columns].max(lengths[at + 1])
            };
        }
    }
    let (mut pairs, mut row, mut column) = (Vec::new(), 0, 0);
    while row < written.len() && column < heard.len() {
        let at = row * columns + column;
        if written[row] == heard[column] && !written[row].is_empty() {
            pairs.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if lengths[at + columns] >= lengths[at + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    Some(pairs)
}

/// Gives each run of words without a time that between its neighbours, by letters.
fn share(written: &[String], times: &mut [Option<(u32, u32)>], last: u32) {
    let mut at = 0;
    while at < times.len() {
        if times[at].is_some() {
            at += 1;
            continue;
        }
        let end = (at..times.len())
            .find(|n| times[*n].is_some())
            .unwrap_or(times.len());
        let from = at
            .checked_sub(1)
            .and_then(|n| times[n])
            .map_or(0, |time| time.1);
        let to = times
            .get(end)
            .copied()
            .flatten()
            .map_or(last, |time| time.0);
        let span = u64::from(to.saturating_sub(from));
        let weight = |n: usize| written[n].chars().count() as u64 + 1;
        let whole: u64 = (at..end).map(weight).sum();
        let mut before = 0;
        for (n, time) in times.iter_mut().enumerate().take(end).skip(at) {
            let place = |weight: u64| from + (span * weight / whole.max(1)) as u32;
            let start = place(before);
            before += weight(n);
            *time = Some((start, place(before)));
        }
        at = end;
    }
}

/// No word ends before it starts, none after the next one's start.
fn order(words: &mut [WordTime]) {
    let mut least = 0;
    for word in words.iter_mut() {
        word.start_ms = word.start_ms.max(least);
        word.end_ms = word.end_ms.max(word.start_ms);
        least = word.start_ms;
    }
    for at in 1..words.len() {
        let next = words[at].start_ms;
        words[at - 1].end_ms = words[at - 1].end_ms.min(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(words: &[(&str, u32, u32)]) -> Vec<WordTime> {
        let word = |(text, start_ms, end_ms): &(&str, u32, u32)| WordTime {
            text: (*text).to_owned(),
            start_ms: *start_ms,
            end_ms: *end_ms,
        };
        words.iter().map(word).collect()
    }

    fn times(words: &[WordTime]) -> Vec<(&str, u32, u32)> {
        words
            .iter()
            .map(|w| (w.text.as_str(), w.start_ms, w.end_ms))
            .collect()
    }

    #[test]
    fn words_that_were_heard_keep_their_times_and_others_share_what_is_between() {
        let text = SpokenText::plain("In 10 years, the river dries.").unwrap();
        let told = heard(&[
            ("in", 100, 200),
            ("ten", 210, 500),
            ("years", 520, 800),
            (",", 800, 810),
            ("the", 900, 950),
            ("river", 960, 1300),
            ("dries", 1310, 1900),
        ]);
        let (words, estimated) = fitted(&text, &told, 2_000).unwrap();
        assert_eq!(estimated, 1);
        assert_eq!(
            times(&words)[..3],
            [("In", 100, 200), ("10", 200, 520), ("years,", 520, 800)]
        );
        assert_eq!(words.len(), text.tokens.len());
    }

    #[test]
    fn another_text_is_refused_and_times_never_go_back() {
        let text = SpokenText::plain("One two three four.").unwrap();
        let other = heard(&[("five", 0, 100), ("six", 100, 200)]);
        assert_eq!(fitted(&text, &other, 1_000), None);
        assert_eq!(fitted(&text, &[], 1_000), None);
        let wild = heard(&[("one", 900, 800), ("two", 100, 5_000), ("four", 50, 60)]);
        let (words, _) = fitted(&text, &wild, 1_000).unwrap();
        for pair in words.windows(2) {
            assert!(pair[0].start_ms <= pair[0].end_ms);
            assert!(pair[0].end_ms <= pair[1].start_ms);
        }
        assert!(words.iter().all(|word| word.end_ms <= 1_000));
    }
}
