//! Grouping: where captions and their lines break.
//!
//! The cheapest partition of the words wins, found exactly by dynamic programming over the
//! position of the last break. Costs are in arbitrary points; what matters is their order:
//! a break in the middle of a clause is worse than a short group, which is worse than an uneven
//! line, and a break at the end of a sentence is free.

use unicode_segmentation::UnicodeSegmentation;

use super::{CaptionGroup, CaptionLimits};
use crate::WordTime;
use crate::spoken::{self, Pause};

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
    let passage = Passage {
        words,
        pauses: pauses(words),
        limits,
    };
    let mut groups: Vec<_> = passage
        .partition()
        .into_iter()
        .map(|Span { from, second, to }| {
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

/// The pause that punctuation asks for after each word.
fn pauses(words: &[WordTime]) -> Vec<Pause> {
    let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
    let parts = spoken::pauses(&texts.join(" "));
    let mut taken = 0;
    words
        .iter()
        .map(|word| {
            // A word may hold a blank, as before a lone dash: its last part counts.
            taken += word.text.split_whitespace().count();
            parts
                .get(taken.saturating_sub(1))
                .copied()
                .unwrap_or_default()
        })
        .collect()
}

/// What is to be grouped.
struct Passage<'a> {
    words: &'a [WordTime],
    pauses: Vec<Pause>,
    limits: CaptionLimits,
}

/// A group's words: from the first to before the last, and where its second line begins, which
/// is at the end if there is none.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: usize,
    second: usize,
    to: usize,
}

impl Passage<'_> {
    /// The cheapest partition.
    fn partition(&self) -> Vec<Span> {
        // best[to] is the cheapest way to group the words before `to`: its cost and last group.
        let mut best = vec![(
            0_u32,
            Span {
                from: 0,
                second: 0,
                to: 0,
            },
        )];
        for to in 1..=self.words.len() {
            let mut cheapest = (
                u32::MAX,
                Span {
                    from: to - 1,
                    second: to,
                    to,
                },
            );
            for from in (0..to).rev() {
                let Some((cost, second)) = self.cost(from, to) else {
                    break;
                };
                let cost = best[from].0.saturating_add(cost);
                if cost < cheapest.0 {
                    cheapest = (cost, Span { from, second, to });
                }
            }
            best.push(cheapest);
        }
        let mut spans = Vec::new();
        let mut to = self.words.len();
        while to > 0 {
            spans.push(best[to].1);
            to = best[to].1.from;
        }
        spans.reverse();
        spans
    }

    /// What a group of the words from `from` to before `to` costs and where its second line
    /// begins, or `None` if neither it nor any longer one is allowed.
    fn cost(&self, from: usize, to: usize) -> Option<(u32, usize)> {
        let Self { words, limits, .. } = self;
        let (first, last) = (&words[from], &words[to - 1]);
        let alone = to - from == 1;
        let too_long = last.end_ms.saturating_sub(first.start_ms) > limits.group_ms_max;
        let (line_cost, second) = match self.break_line(from, to) {
            Some(line) if alone || !too_long => line,
            None if alone => (0, to),
            _ => return None,
        };
        let begins_sentence = from == 0 || self.ends_sentence(from - 1);
        let mut cost = GROUP + line_cost + self.break_cost(to);
        for at in from + 1..to {
            if self.ends_sentence(at - 1) {
                cost += SENTENCE_WITHIN
                    + if begins_sentence {
                        0
                    } else {
                        SENTENCE_AFTER_REST
                    };
            }
            if self.silence(at) > limits.bridged_ms_max {
                cost += PAUSE_WITHIN;
            }
        }
        if alone && !(begins_sentence && self.ends_sentence(from)) {
            cost += ORPHAN;
        }
        let gone = words
            .get(to)
            .map_or(last.end_ms + limits.linger_ms, |next| next.start_ms);
        let lasts = gone.saturating_sub(first.start_ms);
        let lacking = limits.group_ms_min.saturating_sub(lasts);
        cost += HURRIED * lacking / limits.group_ms_min.max(1);
        Some((cost, second))
    }

    /// The cost of breaking before the word `at`.
    fn break_cost(&self, at: usize) -> u32 {
        if at == self.words.len() || self.ends_sentence(at - 1) {
            0
        } else if self.ends_clause(at - 1) {
            BREAK_AT_CLAUSE
        } else if self.silence(at) >= PAUSE_MS {
            BREAK_AT_PAUSE
        } else if chars(&self.words[at - 1].text) <= 3 {
            BREAK_IN_CLAUSE + BREAK_AFTER_SHORT
        } else {
            BREAK_IN_CLAUSE
        }
    }

    /// The cost of the lines of a group and where the second one begins, or `None` if they don't
    /// fit.
    fn break_line(&self, from: usize, to: usize) -> Option<(u32, usize)> {
        let width = |from: usize, to: usize| -> u32 {
            let words = self.words[from..to].iter();
            words
                .map(|word| chars(&word.text) + 1)
                .sum::<u32>()
                .saturating_sub(1)
        };
        let fits = |width: u32| width <= self.limits.line_chars_max;
        if fits(width(from, to)) {
            return Some((0, to));
        }
        if self.limits.lines_max < 2 {
            return None;
        }
        (from + 1..to)
            .filter_map(|second| {
                let (above, below) = (width(from, second), width(second, to));
                let mut cost = above.abs_diff(below);
                if !self.ends_clause(second - 1) {
                    cost += LINE_IN_CLAUSE;
                }
                if to - from > 2 && (second == from + 1 || second + 1 == to) {
                    cost += ORPHAN_LINE;
                }
                (fits(above) && fits(below)).then_some((cost, second))
            })
            .min()
    }

    /// Milliseconds of silence before the word `at`.
    fn silence(&self, at: usize) -> u32 {
        self.words[at]
            .start_ms
            .saturating_sub(self.words[at - 1].end_ms)
    }

    fn ends_sentence(&self, at: usize) -> bool {
        self.pauses[at] >= Pause::Sentence
    }

    fn ends_clause(&self, at: usize) -> bool {
        self.pauses[at] >= Pause::Comma
    }
}

/// Characters as a reader counts them.
fn chars(text: &str) -> u32 {
    text.graphemes(true).count() as u32
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
    fn an_abbreviation_ends_no_sentence() {
        let text = "The ship was named after Dr. Ballard, who found it. It lay 3.8 km deep.";
        insta::assert_snapshot!(shown(text, UPRIGHT).join("\n"), @r"
        The ship was named / after Dr. Ballard,
        who found it.
        It lay 3.8 km deep.
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
