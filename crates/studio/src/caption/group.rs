//! Grouping: where captions and their lines break.
//!
//! The cheapest partition of the words wins, found exactly by dynamic programming over the
//! position of the last break. Costs are in arbitrary points; what matters is their order:
//! a break in the middle of a clause is worse than a short group, which is worse than an uneven
//! line, and a break at the end of a sentence is free.

use unicode_segmentation::UnicodeSegmentation;

use super::{CaptionGroup, CaptionLimits};
use crate::WordTime;

/// Each group, so that there are no more than needed.
const GROUP: u32 = 40;
/// A group that ends between two words of the same clause.
const BREAK_IN_CLAUSE: u32 = 100;
/// On top of it, one that ends with a short word: `the`, `of`, `a`, which lean on the next one.
const BREAK_AFTER_SHORT: u32 = 40;
/// A group that ends with a comma or the like.
const BREAK_AT_CLAUSE: u32 = 30;
/// A group that ends where the speaker pauses, but no punctuation stands.
const BREAK_AT_PAUSE: u32 = 60;
/// Each end of a sentence within a group. Dearer than one more group, cheaper than a group
/// of one word, so that only very short sentences share one.
const SENTENCE_WITHIN: u32 = 60;
/// On top of it, where the group begins within a sentence: a short sentence joins a whole one
/// rather than the end of one.
const SENTENCE_AFTER_REST: u32 = 20;
/// Each long pause within a group: its last words would be seen before they are said.
const PAUSE_WITHIN: u32 = 150;
/// A group of one word that is not a sentence of its own.
const ORPHAN: u32 = 120;
/// A group shorter than `group_ms_min`: this much if it has no time at all, less in proportion.
const HURRIED: u32 = 100;
/// A line of one word beside a longer one.
const ORPHAN_LINE: u32 = 60;
/// A second line that begins within a clause.
const LINE_IN_CLAUSE: u32 = 10;
/// A pause that a listener takes for one.
const PAUSE_MS: u32 = 300;

/// Groups a scene's words. Every word is in exactly one group, in order.
///
/// Limits that words alone break are broken as little as possible: a word longer than a line
/// stands by itself, and one longer than `group_ms_max` too.
pub fn group(words: &[WordTime], limits: CaptionLimits) -> Vec<CaptionGroup> {
    let mut groups: Vec<_> = partition(words, limits)
        .into_iter()
        .map(|(from, second, to)| {
            let lines = [&words[from..second], &words[second..to]];
            CaptionGroup {
                lines: lines
                    .iter()
                    .filter(|l| !l.is_empty())
                    .map(|l| l.to_vec())
                    .collect(),
                start_ms: words[from].start_ms,
                end_ms: words[to - 1].end_ms,
            }
        })
        .collect();
    close_gaps(&mut groups, limits);
    groups
}

/// Lets groups stay long enough to be read, and until the next one where that is near.
fn close_gaps(groups: &mut [CaptionGroup], limits: CaptionLimits) {
    for index in 0..groups.len() {
        let next = groups.get(index + 1).map(|group| group.start_ms);
        let group = &mut groups[index];
        let wanted = (group.end_ms + limits.linger_ms).max(group.start_ms + limits.group_ms_min);
        group.end_ms = match next {
            Some(next) if next <= wanted.max(group.end_ms + limits.bridged_ms_max) => next,
            _ => wanted,
        };
    }
}

/// The cheapest partition, as (first word, first word of the second line, end) of each group.
fn partition(words: &[WordTime], limits: CaptionLimits) -> Vec<(usize, usize, usize)> {
    // best[j] is the cheapest way to group the first j words: its cost and its last group.
    let mut best: Vec<(u32, usize, usize)> = vec![(0, 0, 0)];
    for to in 1..=words.len() {
        let mut cheapest = (u32::MAX, to - 1, to);
        for from in (0..to).rev() {
            let Some((cost, second)) = cost(words, from, to, limits) else {
                break;
            };
            let cost = best[from].0.saturating_add(cost);
            if cost < cheapest.0 {
                cheapest = (cost, from, second);
            }
        }
        best.push(cheapest);
    }
    let mut groups = Vec::new();
    let mut to = words.len();
    while to > 0 {
        let (_, from, second) = best[to];
        groups.push((from, second, to));
        to = from;
    }
    groups.reverse();
    groups
}

/// What a group of `words[from..to]` costs and where its second line begins (`to`: nowhere), or
/// `None` if neither it nor any longer one is allowed.
fn cost(words: &[WordTime], from: usize, to: usize, limits: CaptionLimits) -> Option<(u32, usize)> {
    let group = &words[from..to];
    let alone = group.len() == 1;
    let (first, last) = (group.first()?, group.last()?);
    let too_long = last.end_ms.saturating_sub(first.start_ms) > limits.group_ms_max;
    let lines = break_line(group, limits).map(|(cost, second)| (cost, from + second));
    let (line_cost, second) = match lines {
        Some(lines) if alone || !too_long => lines,
        None if alone => (0, to),
        _ => return None,
    };
    let next = words.get(to);
    let mut cost = GROUP + line_cost + next.map_or(0, |next| break_cost(last, next));
    let begins_sentence = from == 0 || ends_sentence(&words[from - 1].text);
    for pair in group.windows(2) {
        if ends_sentence(&pair[0].text) {
            cost += SENTENCE_WITHIN
                + if begins_sentence {
                    0
                } else {
                    SENTENCE_AFTER_REST
                };
        }
        if pause(&pair[0], &pair[1]) > limits.bridged_ms_max {
            cost += PAUSE_WITHIN;
        }
    }
    if alone && !(ends_sentence(&last.text) && begins_sentence) {
        cost += ORPHAN;
    }
    let gone = next.map_or(last.end_ms + limits.linger_ms, |next| next.start_ms);
    let lacking = limits
        .group_ms_min
        .saturating_sub(gone.saturating_sub(first.start_ms));
    cost += HURRIED * lacking / limits.group_ms_min.max(1);
    Some((cost, second))
}

/// The cost of ending a group after `last`.
fn break_cost(last: &WordTime, next: &WordTime) -> u32 {
    if ends_sentence(&last.text) {
        0
    } else if ends_clause(&last.text) {
        BREAK_AT_CLAUSE
    } else if pause(last, next) >= PAUSE_MS {
        BREAK_AT_PAUSE
    } else if chars(&last.text) <= 3 {
        BREAK_IN_CLAUSE + BREAK_AFTER_SHORT
    } else {
        BREAK_IN_CLAUSE
    }
}

/// The best place for the second line to begin (the group's length: nowhere) with its cost, or
/// `None` if the words don't fit on the lines.
fn break_line(group: &[WordTime], limits: CaptionLimits) -> Option<(u32, usize)> {
    let width = |words: &[WordTime]| -> u32 {
        words
            .iter()
            .map(|word| chars(&word.text) + 1)
            .sum::<u32>()
            .saturating_sub(1)
    };
    let fits = |width: u32| width <= limits.line_chars_max;
    if fits(width(group)) {
        return Some((0, group.len()));
    }
    if limits.lines_max < 2 {
        return None;
    }
    (1..group.len())
        .filter_map(|second| {
            let (above, below) = (width(&group[..second]), width(&group[second..]));
            let mut cost = above.abs_diff(below);
            if !ends_clause(&group[second - 1].text) {
                cost += LINE_IN_CLAUSE;
            }
            if group.len() > 2 && (second == 1 || second + 1 == group.len()) {
                cost += ORPHAN_LINE;
            }
            (fits(above) && fits(below)).then_some((cost, second))
        })
        .min()
}

/// Silence between two words.
fn pause(word: &WordTime, next: &WordTime) -> u32 {
    next.start_ms.saturating_sub(word.end_ms)
}

/// Characters as a reader counts them.
fn chars(text: &str) -> u32 {
    text.graphemes(true).count() as u32
}

fn ends_sentence(word: &str) -> bool {
    last_mark(word).is_some_and(|mark| matches!(mark, '.' | '!' | '?' | '…' | '。' | '！' | '？'))
}

fn ends_clause(word: &str) -> bool {
    ends_sentence(word)
        || last_mark(word)
            .is_some_and(|mark| matches!(mark, ',' | ';' | ':' | '—' | '–' | '、' | '，' | '；'))
}

/// The last character that is not a closing quotation mark or bracket.
fn last_mark(word: &str) -> Option<char> {
    word.chars()
        .rev()
        .find(|c| !matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '}'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ytempire_core::brief::Format;

    use super::*;

    const WIDE: CaptionLimits = CaptionLimits::of(Format::Landscape);
    const UPRIGHT: CaptionLimits = CaptionLimits::of(Format::Portrait);

    /// Words spoken without a pause, 60 ms a character and 80 ms more.
    fn spoken(text: &str) -> Vec<WordTime> {
        let mut at = 0;
        let word = |text: &str| {
            let start_ms = at;
            at += 80 + 60 * text.len() as u32;
            WordTime {
                text: text.to_owned(),
                start_ms,
                end_ms: at,
            }
        };
        text.split_whitespace().map(word).collect()
    }

    fn shown(text: &str, limits: CaptionLimits) -> Vec<String> {
        let groups = group(&spoken(text), limits);
        groups
            .iter()
            .map(|g| {
                (0..g.lines.len())
                    .map(|l| g.line_text(l))
                    .collect::<Vec<_>>()
                    .join(" / ")
            })
            .collect()
    }

    #[test]
    fn breaks_fall_on_sentences_and_clauses() {
        let text = "The deep ocean covers more than half of our planet, and yet we have mapped \
                    the surface of Mars in far greater detail. Why? It is dark down there.";
        insta::assert_snapshot!(shown(text, WIDE).join("\n"), @r"
        The deep ocean covers more / than half of our planet,
        and yet we have mapped the surface / of Mars in far greater detail.
        Why? It is dark down there.
        ");
        insta::assert_snapshot!(shown(text, UPRIGHT).join("\n"), @r"
        The deep ocean / covers more than
        half of our planet, / and yet we have mapped
        the surface of Mars / in far greater detail.
        Why? It is dark / down there.
        ");
    }

    #[test]
    fn a_long_pause_parts_groups_and_short_ones_are_bridged() {
        let mut words = spoken("We waited for it to come back up again");
        for word in &mut words[3..] {
            word.start_ms += 2_000;
            word.end_ms += 2_000;
        }
        let groups = group(&words, WIDE);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].lines[0].len(), 3);
        assert_eq!(groups[0].end_ms, words[2].end_ms + WIDE.linger_ms);

        let mut words = spoken("It went down. Then it came back up.");
        for word in &mut words[3..] {
            word.start_ms += 500;
            word.end_ms += 500;
        }
        let groups = group(&words, WIDE);
        assert_eq!(groups[0].end_ms, groups[1].start_ms);
    }

    fn any_words() -> impl Strategy<Value = Vec<WordTime>> {
        let word = (
            "[a-zA-Zé]{1,12}[,.;!?]?|[a-z]{50}",
            0_u32..900,
            0_u32..200,
            0_u32..40,
        );
        prop::collection::vec(word, 0..60).prop_map(|words| {
            let mut at = 0;
            let word = |(text, length, pause, rare): (String, u32, u32, u32)| {
                let start_ms = at + pause + if rare == 0 { 3_000 } else { 0 };
                at = start_ms + length;
                WordTime {
                    text,
                    start_ms,
                    end_ms: at,
                }
            };
            words.into_iter().map(word).collect()
        })
    }

    proptest! {
        #[test]
        fn groups_keep_words_order_and_limits(
            words in any_words(),
            limits in prop::sample::select(vec![WIDE, UPRIGHT]),
        ) {
            let groups = group(&words, limits);
            let again: Vec<_> = groups.iter().flat_map(CaptionGroup::words).cloned().collect();
            prop_assert_eq!(&again, &words);
            for (index, group) in groups.iter().enumerate() {
                prop_assert!((1..=2).contains(&group.lines.len()));
                for (at, line) in group.lines.iter().enumerate() {
                    prop_assert!(!line.is_empty());
                    let fits = chars(&group.line_text(at)) <= limits.line_chars_max;
                    prop_assert!(fits || line.len() == 1);
                }
                let (first, last) =
                    (group.words().next().unwrap(), group.words().last().unwrap());
                prop_assert_eq!(group.start_ms, first.start_ms);
                prop_assert!(group.end_ms >= last.end_ms);
                let spoken = last.end_ms - first.start_ms;
                prop_assert!(spoken <= limits.group_ms_max || group.words().count() == 1);
                let length = group.end_ms - group.start_ms;
                match groups.get(index + 1) {
                    Some(next) => {
                        prop_assert!(group.end_ms <= next.start_ms);
                        prop_assert!(length >= limits.group_ms_min || group.end_ms == next.start_ms);
                    }
                    None => prop_assert!(length >= limits.group_ms_min),
                }
            }
        }
    }
}
