//! Typesetting: shaping, line breaking, fitting, painting.
//!
//! Only the embedded fonts and those handed over as bytes are ever used, so the same text
//! gives the same pixels on every machine.

mod block;
mod breaks;
mod fonts;
mod paint;
mod style;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use cosmic_text::{
    Attrs, AttrsList, BufferLine, CacheKeyFlags, Ellipsize, Family, FeatureTag, FontFeatures,
    FontSystem, Hinting, LayoutGlyph, LineEnding, Shaping, Stretch, SwashCache, Weight, Wrap,
    fontdb,
};
use unicode_segmentation::UnicodeSegmentation;

pub use block::{Block, Line, Word};
use block::{cluster_widths, words_of};
pub use fonts::{ARCHIVO, BRICOLAGE, FONT_CREDITS, FRAUNCES, INTER_DISPLAY, NEWSREADER, TEXT};
pub use paint::Painted;
pub(crate) use paint::lay_over;
pub use style::{Align, Color, Style};

/// Shapes, measures, breaks, fits and paints text.
pub struct Typesetter {
    fonts: FontSystem,
    glyphs: SwashCache,
    faces: Vec<Face>,
    covered: HashMap<(usize, char), bool>,
    chosen: HashMap<(&'static str, u16), usize>,
}

/// A face that may draw characters.
struct Face {
    id: fontdb::ID,
    family: String,
    weight: Weight,
    stretch: Stretch,
    style: fontdb::Style,
}

/// The space and sizes that [`Typesetter::fit`] may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Pixels across.
    pub width: f32,
    /// Pixels down.
    pub height: f32,
    /// Most lines.
    pub lines: usize,
    /// Largest size.
    pub size_max: f32,
    /// Smallest size; below it words are left out.
    pub size_min: f32,
}

impl Default for Typesetter {
    fn default() -> Self {
        Self::new()
    }
}

impl Typesetter {
    /// A typesetter with the embedded fonts alone.
    pub fn new() -> Self {
        Self::with_fonts([])
    }

    /// A typesetter that draws what the embedded fonts lack with `extra` (TTF, OTF or TTC
    /// files), the first that has a character first. Bytes that are no font add nothing.
    pub fn with_fonts(extra: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut db = fontdb::Database::new();
        for bytes in fonts::EMBEDDED {
            db.load_font_data(bytes.to_vec());
        }
        for bytes in extra {
            db.load_font_data(bytes);
        }
        let faces = db
            .faces()
            .filter_map(|face| {
                let (family, _) = face.families.first()?;
                Some(Face {
                    id: face.id,
                    family: family.clone(),
                    weight: face.weight,
                    stretch: face.stretch,
                    style: face.style,
                })
            })
            .collect();
        let fonts = FontSystem::new_with_locale_and_db("en-US".to_owned(), db);
        Self {
            fonts,
            glyphs: SwashCache::new(),
            faces,
            covered: HashMap::new(),
            chosen: HashMap::new(),
        }
    }

    /// The characters of `text` that no font has, each once, in order of appearance.
    pub fn missing_glyphs(&mut self, text: &str) -> Vec<char> {
        let mut missing = Vec::new();
        for c in clean(text).chars() {
            let drawn = !c.is_whitespace() && !is_ignorable(c);
            if drawn && !missing.contains(&c) && !(0..self.faces.len()).any(|f| self.covers(f, c)) {
                missing.push(c);
            }
        }
        missing
    }

    /// Lays `text` out in lines no wider than `width`, or in one line where it is `None`
    /// (line breaks in the text hold in both cases).
    pub fn lay_out(&mut self, text: &str, style: &Style, width: Option<f32>) -> Block {
        let text = clean(text);
        let limit = width.unwrap_or(f32::MAX);
        let whole = self.shape(&text, style);
        let widths = cluster_widths(&text, &whole);
        let measure = |a: usize, b: usize| widths[b] - widths[a];
        let (chunks, split) = breaks::chunks(&text, limit, &measure);
        let lines: Vec<&str> = breaks::balance(&chunks, limit)
            .into_iter()
            .map(|(a, b)| text[chunks[a].start..chunks[b - 1].end].trim())
            .collect();
        let mut block = self.set(&lines, style, width, is_rtl(&text));
        block.split = split;
        block
    }

    /// Lays `text` out as large as `fit` allows. At the smallest size, words that don't fit
    /// are left out and an ellipsis put in their place.
    pub fn fit(&mut self, text: &str, style: &Style, fit: Fit) -> Block {
        let cleaned = clean(text);
        let whole = self.shape(&cleaned, &style.sized(fit.size_max));
        let widths = cluster_widths(&cleaned, &whole);
        let measure = |a: usize, b: usize| widths[b] - widths[a];
        // Unhinted advances grow with the size, so the line is scaled instead of the text.
        let fits = |size: f32| {
            let limit = fit.width * fit.size_max / size;
            let (chunks, split) = breaks::chunks(&cleaned, limit, &measure);
            let lines = breaks::balance(&chunks, limit).len();
            !split && lines <= fit.lines && lines as f32 * size * style.line_height <= fit.height
        };
        // The largest whole step below the maximum that fits, by bisection.
        let steps = (fit.size_max - fit.size_min).max(0.0).ceil() as u32;
        let size_of = |step: u32| (fit.size_max - (steps - step) as f32).max(fit.size_min);
        let (mut low, mut high) = (0, steps + 1);
        while low < high {
            let step = u32::midpoint(low, high);
            if fits(size_of(step)) {
                low = step + 1;
            } else {
                high = step;
            }
        }
        // Rounding may tell the scaled line and the set one apart: then one step down.
        for step in (0..low).rev().take(2) {
            let block = self.lay_out(&cleaned, &style.sized(size_of(step)), Some(fit.width));
            if block.lines.len() <= fit.lines && block.height <= fit.height && !block.split {
                return block;
            }
        }
        self.shorten(&cleaned, &style.sized(fit.size_min), fit)
    }

    /// The height of capitals at this style, in pixels.
    pub fn cap_height(&mut self, style: &Style) -> f32 {
        let face = self.face_for("H", style);
        let Face { id, weight, .. } = self.faces[face];
        self.fonts
            .get_font(id, weight)
            .map_or(style.size * 0.7, |font| {
                font.as_swash().metrics(&[]).scale(style.size).cap_height
            })
    }

    fn shorten(&mut self, text: &str, style: &Style, fit: Fit) -> Block {
        let text = clean(text);
        let by_height = (fit.height / (style.size * style.line_height))
            .floor()
            .max(1.0) as usize;
        let lines_max = fit.lines.min(by_height).max(1);
        let whole = self.lay_out(&text, style, Some(fit.width));
        if whole.lines.len() <= lines_max {
            return whole;
        }
        let ends: Vec<usize> = text
            .grapheme_indices(true)
            .map(|(at, grapheme)| at + grapheme.len())
            .collect();
        let (mut kept, mut low, mut high) = (None, 0, ends.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let head = text[..ends[middle]].trim_end_matches(|c: char| {
                c.is_whitespace() || matches!(c, ',' | ';' | ':' | '.' | '–' | '—' | '-')
            });
            let block = self.lay_out(&format!("{head}…"), style, Some(fit.width));
            if block.lines.len() <= lines_max {
                kept = Some(block);
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut block = kept.unwrap_or_else(|| self.lay_out("…", style, Some(fit.width)));
        block.shortened = true;
        block
    }

    /// Shapes lines and places them under each other.
    fn set(&mut self, lines: &[&str], style: &Style, width: Option<f32>, rtl: bool) -> Block {
        let line_height = style.size * style.line_height;
        let mut words_before = 0;
        let mut out = Vec::with_capacity(lines.len());
        for (index, text) in lines.iter().enumerate() {
            // A line of a right-to-left text that begins with a Latin word still runs from
            // the right: a mark without ink says so.
            let marked = if rtl && !is_rtl(text) {
                format!("\u{200f}{text}")
            } else {
                (*text).to_owned()
            };
            let glyphs = self.shape(&marked, style);
            let line_width = advance(&glyphs) - style.tracking * style.size;
            let words = words_of(&marked, &glyphs, &mut words_before);
            let baseline =
                (line_height * index as f32 + line_height * 0.5 + style.size * 0.36).round();
            out.push(Line {
                text: (*text).to_owned(),
                words,
                x: 0.0,
                width: line_width.max(0.0),
                baseline,
                glyphs,
            });
        }
        let widest = out.iter().map(|line| line.width).fold(0.0, f32::max);
        let block_width = width.unwrap_or(widest);
        for line in &mut out {
            let spare = block_width - line.width;
            line.x = match (style.align, rtl) {
                (Align::Start, false) | (Align::End, true) => 0.0,
                (Align::Center, _) => spare / 2.0,
                (Align::Start, true) | (Align::End, false) => spare,
            };
            for word in &mut line.words {
                word.x += line.x;
            }
        }
        let height = line_height * out.len() as f32;
        Block {
            lines: out,
            width: block_width,
            height,
            style: *style,
            shortened: false,
            split: false,
        }
    }

    /// Shapes one line without breaking it.
    fn shape(&mut self, text: &str, style: &Style) -> Vec<LayoutGlyph> {
        if text.is_empty() {
            return Vec::new();
        }
        let mut features = FontFeatures::new();
        features.enable(FeatureTag::new(b"lnum"));
        if style.tabular {
            // Kerning would pull figures out of their columns again.
            features
                .enable(FeatureTag::new(b"tnum"))
                .disable(FeatureTag::KERNING);
        }
        let base = Attrs::new()
            .cache_key_flags(CacheKeyFlags::DISABLE_HINTING)
            .font_features(features)
            .letter_spacing(style.tracking);
        let mut list = AttrsList::new(&base);
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for (at, grapheme) in text.grapheme_indices(true) {
            let (face, end) = (self.face_for(grapheme, style), at + grapheme.len());
            match runs.last_mut() {
                Some((_, last_end, last_face)) if *last_face == face => *last_end = end,
                _ => runs.push((at, end, face)),
            }
        }
        for (start, end, face) in runs {
            let face = &self.faces[face];
            let attrs = base
                .clone()
                .family(Family::Name(&face.family))
                .weight(face.weight)
                .stretch(face.stretch)
                .style(face.style);
            list.add_span(start..end, &attrs);
        }
        let mut line = BufferLine::new(text, LineEnding::None, list, Shaping::Advanced);
        let layout = line.layout(
            &mut self.fonts,
            style.size,
            None,
            Wrap::None,
            Ellipsize::None,
            None,
            4,
            Hinting::Disabled,
        );
        layout
            .first()
            .map(|line| line.glyphs.clone())
            .unwrap_or_default()
    }

    /// The face that draws `grapheme`: the style's own if it can, then the text family, then
    /// any other in order of loading.
    fn face_for(&mut self, grapheme: &str, style: &Style) -> usize {
        let own = self.nearest(style.family, style.weight);
        let text = self.nearest(TEXT, style.weight);
        let all = 0..self.faces.len();
        [own, text]
            .into_iter()
            .chain(all)
            .find(|&face| {
                grapheme
                    .chars()
                    .all(|c| is_ignorable(c) || c.is_whitespace() || self.covers(face, c))
            })
            .unwrap_or(text)
    }

    /// The face of a family whose weight is nearest; the first face of all for a stranger.
    fn nearest(&mut self, family: &'static str, weight: u16) -> usize {
        if let Some(&known) = self.chosen.get(&(family, weight)) {
            return known;
        }
        let face = (0..self.faces.len())
            .filter(|&f| self.faces[f].family == family)
            .min_by_key(|&f| self.faces[f].weight.0.abs_diff(weight))
            .unwrap_or(0);
        self.chosen.insert((family, weight), face);
        face
    }

    fn covers(&mut self, face: usize, c: char) -> bool {
        if let Some(&known) = self.covered.get(&(face, c)) {
            return known;
        }
        let Face { id, weight, .. } = self.faces[face];
        let covers = self
            .fonts
            .get_font(id, weight)
            .is_some_and(|font| font.as_swash().charmap().map(c) != 0);
        self.covered.insert((face, c), covers);
        covers
    }
}

/// Text without what must never be drawn: control characters (a tab becomes a space), marks
/// that reorder text, soft hyphens. Line breaks stay, as `\n`.
fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .trim()
        .chars()
        .filter_map(|c| match c {
            '\n' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\t' => Some(' '),
            '\u{ad}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// Characters without ink of their own: joiners, direction marks, variation selectors.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Tells whether the first letter belongs to a script that runs from right to left.
fn is_rtl(text: &str) -> bool {
    text.chars()
        .find(|c| c.is_alphabetic() || *c == '\u{200f}')
        .is_some_and(|c| matches!(c, '\u{200f}' | '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{1e800}'..='\u{1efff}'))
}

fn advance(glyphs: &[LayoutGlyph]) -> f32 {
    glyphs
        .iter()
        .map(|glyph| glyph.x + glyph.w)
        .fold(0.0, f32::max)
}
