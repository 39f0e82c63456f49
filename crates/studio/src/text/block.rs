//! Laid-out text: lines, words and where they stand.

use cosmic_text::LayoutGlyph;

use super::Style;

/// A text laid out in lines; its origin is the left top corner of the first line's box.
#[derive(Clone, Debug)]
pub struct Block {
    /// The lines, from the top.
    pub lines: Vec<Line>,
    /// Pixels across: the width that was asked for, or that of the longest line.
    pub width: f32,
    /// Pixels down: the number of lines times the line height.
    pub height: f32,
    /// How it looks, at the size that was chosen.
    pub style: Style,
    /// Whether words were left out to make it fit.
    pub shortened: bool,
    /// Whether a word was cut because it is wider than the block.
    pub split: bool,
}

/// One line of a [`Block`].
#[derive(Clone, Debug)]
pub struct Line {
    /// Its text, without spaces at the ends.
    pub text: String,
    /// Its words in reading order.
    pub words: Vec<Word>,
    /// Where it begins, from the block's left edge.
    pub x: f32,
    /// Pixels across.
    pub width: f32,
    /// The baseline, from the block's top edge; whole pixels.
    pub baseline: f32,
    pub(super) glyphs: Vec<LayoutGlyph>,
}

/// A word of a line, with the box it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Its text, punctuation included.
    pub text: String,
    /// Its place among the block's words, from 0.
    pub index: usize,
    /// Left edge, from the block's left edge.
    pub x: f32,
    /// Pixels across.
    pub width: f32,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Block {
    /// Every word, in reading order.
    pub fn words(&self) -> impl Iterator<Item = (&Line, &Word)> {
        self.lines
            .iter()
            .flat_map(|line| line.words.iter().map(move |word| (line, word)))
    }

    /// The text as it was set, lines joined by spaces.
    pub fn text(&self) -> String {
        self.lines
            .iter()
            .map(|line| line.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The same block, only as wide as its longest line: a text from right to left, or one that
    /// is centred, then begins where the block does.
    #[must_use]
    pub fn hugged(mut self) -> Self {
        let left = self
            .lines
            .iter()
            .map(|line| line.x)
            .fold(f32::INFINITY, f32::min);
        if left.is_finite() {
            for line in &mut self.lines {
                line.x -= left;
                line.words.iter_mut().for_each(|word| word.x -= left);
            }
        }
        self.width = self.widest();
        self
    }

    /// The width of the longest line.
    pub fn widest(&self) -> f32 {
        self.lines.iter().map(|line| line.width).fold(0.0, f32::max)
    }
}

/// The running width before each byte of `text`, in reading order.
pub(super) fn cluster_widths(text: &str, glyphs: &[LayoutGlyph]) -> Vec<f32> {
    let mut widths = vec![0.0; text.len() + 1];
    for glyph in glyphs {
        // Reading order may differ from drawing order; only the sums matter.
        widths[glyph.end.min(text.len())] += glyph.w;
    }
    let mut sum = 0.0;
    for width in &mut widths {
        sum += *width;
        *width = sum;
    }
    widths
}

pub(super) fn words_of(text: &str, glyphs: &[LayoutGlyph], count: &mut usize) -> Vec<Word> {
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let end = start + word.len();
        let own = || glyphs.iter().filter(|g| g.start >= start && g.start < end);
        let left = own().map(|g| g.x).fold(f32::INFINITY, f32::min);
        let right = own().map(|g| g.x + g.w).fold(0.0, f32::max);
        let bare = word.trim_start_matches('\u{200f}');
        if left.is_finite() && !bare.is_empty() {
            words.push(Word {
                text: bare.to_owned(),
                index: *count,
                x: left,
                width: right - left,
                start,
                end,
            });
            *count += 1;
        }
    }
    words
}
