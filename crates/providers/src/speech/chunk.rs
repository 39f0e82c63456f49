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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_end_with_sentences_where_they_fit() {
        let text = "One river flows. Two banks hold it, and one of them is steep! Why?";
        assert_eq!(
            chunks(text, 48),
            [
                "One river flows. ",
                "Two banks hold it, and one of them is steep! ",
                "Why?"
            ]
        );
        assert_eq!(chunks(text, 1_000), [text]);
        assert_eq!(chunks("", 10), Vec::<&str>::new());
        assert_eq!(
            chunks("川は流れる。海へ行く。", 7),
            ["川は流れる。", "海へ行く。"]
        );
    }

    #[test]
    fn a_title_before_a_name_ends_no_sentence() {
        assert_eq!(
            chunks("It rained. Dr. Livingstone waited.", 20)[0],
            "It rained. "
        );
        assert_eq!(
            chunks("It rained. Dr. Livingstone waited.", 20)
                .concat()
                .len(),
            34
        );
    }

    #[test]
    fn long_sentences_break_at_commas_then_blanks_then_letters() {
        assert_eq!(chunks("slow, brown, wide", 13), ["slow, brown,", " wide"]);
        assert_eq!(chunks("slow brown wide", 12), ["slow brown ", "wide"]);
        assert_eq!(chunks("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(chunks("10,994 metres", 6), ["10,994", " ", "metres"]);
    }

    proptest! {
        #[test]
        fn joined_pieces_are_the_text_and_each_fits(
            text in "([a-zA-Zäé川。.,!? \n]|🌊|👩\u{200D}🚀|Dr\\. |[0-9]\\.[0-9]){0,200}",
            limit in 1_usize..60,
        ) {
            let pieces = chunks(&text, limit);
            prop_assert_eq!(pieces.concat(), text.as_str());
            for piece in pieces {
                prop_assert!(!piece.is_empty() && piece.chars().count() <= limit);
            }
        }

        #[test]
        fn pieces_of_short_sentences_all_end_one(
            sentences in prop::collection::vec("[A-Z][a-z]{2,8} [a-z]{3,8}[.!?] ", 1..40),
            limit in 30_usize..120,
        ) {
            let text = sentences.concat();
            for piece in chunks(&text, limit) {
                prop_assert!(piece.ends_with(['.', '!', '?']) || piece.ends_with(' '), "{piece:?}");
                prop_assert!(piece.trim_end().ends_with(['.', '!', '?']), "{piece:?}");
            }
        }
    }
}
