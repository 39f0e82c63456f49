//! Where lines break: as few lines as fit, as even as can be.

use unicode_linebreak::{BreakOpportunity, linebreaks};
use unicode_segmentation::UnicodeSegmentation;

/// A stretch of text that is never broken, with what may be dropped at a line's end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chunk {
    /// First byte.
    pub start: usize,
    /// One past its last byte, trailing spaces included.
    pub end: usize,
    /// Width without trailing spaces.
    pub ink: f32,
    /// Width with them.
    pub advance: f32,
    /// Whether the line must end after it.
    pub hard: bool,
    /// Whether a space follows; a break elsewhere, after a hyphen say, is the worse choice.
    pub spaced: bool,
}

/// Cuts `text` at its break opportunities (UAX 14). `width_of` measures a byte range.
///
/// A chunk wider than `limit` is cut between graphemes, as no other place is left; the flag
/// tells whether that happened.
pub(super) fn chunks(
    text: &str,
    limit: f32,
    width_of: &dyn Fn(usize, usize) -> f32,
) -> (Vec<Chunk>, bool) {
    let mut out = Vec::new();
    let mut start = 0;
    let mut split = false;
    for (end, kind) in linebreaks(text) {
        let hard = kind == BreakOpportunity::Mandatory && end < text.len();
        let chunk = measured(text, start, end, hard, width_of);
        if chunk.ink > limit {
            cut(text, &chunk, limit, width_of, &mut out);
            split = true;
        } else {
            out.push(chunk);
        }
        start = end;
    }
    (out, split)
}

fn measured(
    text: &str,
    start: usize,
    end: usize,
    hard: bool,
    width_of: &dyn Fn(usize, usize) -> f32,
) -> Chunk {
    let bare = start + text[start..end].trim_end().len();
    let (ink, advance) = (width_of(start, bare), width_of(start, end));
    let spaced = bare < end || end == text.len();
    Chunk {
        start,
        end,
        ink,
        advance,
        hard,
        spaced,
    }
}

fn cut(
    text: &str,
    chunk: &Chunk,
    limit: f32,
    width_of: &dyn Fn(usize, usize) -> f32,
    out: &mut Vec<Chunk>,
) {
    let mut start = chunk.start;
    let mut last = start;
    for (at, grapheme) in text[chunk.start..chunk.end].grapheme_indices(true) {
        let end = chunk.start + at + grapheme.len();
        if last > start && width_of(start, end) > limit {
            out.push(measured(text, start, last, false, width_of));
            start = last;
        }
        last = end;
    }
    out.push(measured(text, start, chunk.end, chunk.hard, width_of));
}

/// Groups chunks into lines no wider than `limit`: the fewest lines, then the least uneven.
///
/// Returns the first and one past the last chunk of each line. A last line of a single short
/// word costs extra, so that no orphan is left where the words can be spread.
pub(super) fn balance(chunks: &[Chunk], limit: f32) -> Vec<(usize, usize)> {
    let mut lines = Vec::new();
    let mut from = 0;
    while from < chunks.len() {
        let to = chunks[from..]
            .iter()
            .position(|chunk| chunk.hard)
            .map_or(chunks.len(), |offset| from + offset + 1);
        lines.extend(
            balance_paragraph(&chunks[from..to], limit)
                .into_iter()
                .map(|(a, b)| (a + from, b + from)),
        );
        from = to;
    }
    lines
}

fn line_width(chunks: &[Chunk]) -> f32 {
    let Some((last, rest)) = chunks.split_last() else {
        return 0.0;
    };
    rest.iter().map(|chunk| chunk.advance).sum::<f32>() + last.ink
}

fn greedy_count(chunks: &[Chunk], limit: f32) -> usize {
    let (mut lines, mut from) = (1, 0);
    for to in 1..=chunks.len() {
        if to - from > 1 && line_width(&chunks[from..to]) > limit {
            lines += 1;
            from = to - 1;
        }
    }
    lines
}

fn balance_paragraph(chunks: &[Chunk], limit: f32) -> Vec<(usize, usize)> {
    let (n, lines) = (chunks.len(), greedy_count(chunks, limit));
    // cost[k][i]: the least unevenness of the first `i` chunks on `k` lines.
    let mut cost = vec![vec![f32::INFINITY; n + 1]; lines + 1];
    let mut from = vec![vec![0; n + 1]; lines + 1];
    cost[0][0] = 0.0;
    for k in 1..=lines {
        for i in 1..=n {
            for j in (0..i).rev() {
                let width = line_width(&chunks[j..i]);
                // Chunks are no wider than the limit, save by rounding: one always fits.
                if width > limit && i - j > 1 {
                    break;
                }
                let slack = (limit - width).max(0.0) / limit.max(1.0);
                let orphan = if i == n && k == lines && lines > 1 {
                    orphan_cost(slack)
                } else {
                    0.0
                };
                let inside = if chunks[i - 1].spaced {
                    0.0
                } else {
                    HYPHEN_COST
                };
                let total = cost[k - 1][j] + slack * slack + orphan + inside;
                if total < cost[k][i] {
                    cost[k][i] = total;
                    from[k][i] = j;
                }
            }
        }
    }
    let mut out = Vec::with_capacity(lines);
    let mut i = n;
    for k in (1..=lines).rev() {
        out.push((from[k][i], i));
        i = from[k][i];
    }
    out.reverse();
    out
}

/// What a line costs that ends without a space.
const HYPHEN_COST: f32 = 0.12;

/// What a last line costs that leaves most of its width empty.
fn orphan_cost(slack: f32) -> f32 {
    if slack > 0.7 { 0.5 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str, limit: f32) -> Vec<&str> {
        let width = |a: usize, b: usize| text[a..b].chars().count() as f32;
        let (chunks, _) = chunks(text, limit, &width);
        balance(&chunks, limit)
            .into_iter()
            .map(|(a, b)| text[chunks[a].start..chunks[b - 1].end].trim_end())
            .collect()
    }

    #[test]
    fn lines_are_even_instead_of_greedy() {
        assert_eq!(broken("aaaa bbbb cccc dd", 14.0), ["aaaa bbbb", "cccc dd"]);
        assert_eq!(broken("one", 14.0), ["one"]);
    }

    #[test]
    fn a_word_wider_than_the_line_is_cut_and_newlines_hold() {
        assert_eq!(broken("abcdefgh", 3.0), ["abc", "def", "gh"]);
        assert_eq!(broken("a\nb c", 10.0), ["a", "b c"]);
    }
}
