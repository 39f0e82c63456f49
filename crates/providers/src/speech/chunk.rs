//! A long text cut where a speaker would breathe.

use unicode_segmentation::UnicodeSegmentation;

/// Cuts `text` into pieces of at most `characters_max` characters each; joined they are `text`.
///
/// Pieces end at a sentence's end wherever a sentence fits; one that is longer is cut after a
/// comma or other break in its middle, else between words, else (no blank for thousands of
/// characters) between letters. No piece is empty; an empty text has none. A `characters_max`
/// of 0 counts as 1.
pub fn chunks(text: &str, characters_max: usize) -> Vec<&str> {
    let limit = characters_max.max(1);
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let window = head(rest, limit);
        let length = if window.len() == rest.len() {
            rest.len()
        } else {
            cut(rest, window.len())
        };
        let (piece, later) = rest.split_at(length);
        pieces.push(piece);
        rest = later;
    }
    pieces
}

/// The first `characters` of `text`.
fn head(text: &str, characters: usize) -> &str {
    text.char_indices()
        .nth(characters)
        .map_or(text, |(at, _)| &text[..at])
}

/// Where to cut `text`, at most `most` bytes from its start and never at 0.
fn cut(text: &str, most: usize) -> usize {
    // Looked at beyond the cut, where a window's edge would pass for a sentence's end; not
    // without bound, as a text may be one long sentence.
    let around = head(text, 2 * text[..most].chars().count());
    let sentence = sentence_end(around, most);
    let break_ = || {
        let window = &text[..most];
        let after = |at: usize, c: char| at + c.len_utf8();
        let mut breaks = window.char_indices().filter(|(at, c)| {
            ",;:—–、，；：\n".contains(*c)
                && text[after(*at, *c)..]
                    .chars()
                    .next()
                    .is_none_or(|next| next.is_whitespace() || !c.is_ascii())
        });
        breaks.next_back().map(|(at, c)| after(at, c))
    };
    let blank = || {
        let window = &text[..most];
        window
            .char_indices()
            .rfind(|(_, c)| c.is_whitespace())
            .map(|(at, c)| at + c.len_utf8())
    };
    let letter = || last_within(text.grapheme_indices(true), most);
    sentence
        .or_else(break_)
        .or_else(blank)
        .or_else(letter)
        .unwrap_or(most)
}

/// The end of the last sentence that ends at or before `most`; `Dr.` and its like end none.
fn sentence_end(text: &str, most: usize) -> Option<usize> {
    const SHORT: [&str; 14] = [
        "Mr.", "Mrs.", "Ms.", "Dr.", "Prof.", "St.", "Sr.", "Jr.", "vs.", "No.", "Fig.", "e.g.",
        "i.e.", "approx.",
    ];
    let sentences = text.split_sentence_bound_indices().filter(|(_, sentence)| {
        sentence
            .split_whitespace()
            .last()
            .is_some_and(|word| !SHORT.contains(&word))
    });
    last_within(sentences, most)
}

/// The end of the last segment that ends at or before `most`.
fn last_within<'t>(segments: impl Iterator<Item = (usize, &'t str)>, most: usize) -> Option<usize> {
    segments
        .map(|(at, segment)| at + segment.len())
        .take_while(|end| *end <= most)
        .last()
}
