//! Glyphs to pixels.

use std::sync::Arc;

use cosmic_text::SwashContent;

use super::{Block, Color, Line, Typesetter, Word};
use crate::{Rect, Rgba};

/// A painted text, tight around its ink.
#[derive(Clone, Debug)]
pub struct Painted {
    /// The ink; at least one pixel, so that an empty text is a picture too.
    pub pixels: Arc<Rgba>,
    /// Its left edge, from the block's left edge.
    pub x: i32,
    /// Its top edge, from the block's top edge.
    pub y: i32,
}

impl Painted {
    /// Where the ink lies when the block's origin is put at `x`, `y`.
    pub fn area(&self, x: i32, y: i32) -> Rect {
        Rect {
            x: x + self.x,
            y: y + self.y,
            width: self.pixels.width,
            height: self.pixels.height,
        }
    }
}

/// A rasterised glyph at its place in the block.
struct Stamp {
    area: Rect,
    color: Color,
    content: SwashContent,
    data: Vec<u8>,
}

/// Glyph pictures kept before the cache is emptied: some 30 MB at caption sizes.
const CACHED_GLYPHS_MAX: usize = 4096;

impl Typesetter {
    /// Paints a block in its own colour.
    pub fn paint(&mut self, block: &Block) -> Painted {
        self.paint_words(block, &|_| Some(block.style.color))
    }

    /// Paints a block with each word in the colour that `color_of` gives it; a word without a
    /// colour is left out, and the others stay where they are.
    pub fn paint_words(
        &mut self,
        block: &Block,
        color_of: &dyn Fn(&Word) -> Option<Color>,
    ) -> Painted {
        let stamps: Vec<Stamp> = block
            .lines
            .iter()
            .flat_map(|line| self.stamps(line, color_of))
            .collect();
        let ink = stamps
            .iter()
            .fold(Rect::default(), |ink, stamp| ink.union(stamp.area));
        let mut pixels = Rgba::clear(ink.width.max(1), ink.height.max(1));
        for stamp in &stamps {
            press(&mut pixels, stamp, ink.x, ink.y);
        }
        Painted {
            pixels: Arc::new(pixels),
            x: ink.x,
            y: ink.y,
        }
    }

    /// Where a block's ink lies, from its origin.
    pub fn ink(&mut self, block: &Block) -> Rect {
        block
            .lines
            .iter()
            .flat_map(|line| self.stamps(line, &|_| Some(Color::BLACK)))
            .fold(Rect::default(), |ink, stamp| ink.union(stamp.area))
    }

    fn stamps(&mut self, line: &Line, color_of: &dyn Fn(&Word) -> Option<Color>) -> Vec<Stamp> {
        let mut stamps = Vec::with_capacity(line.glyphs.len());
        for glyph in &line.glyphs {
            let word = line
                .words
                .iter()
                .find(|w| glyph.start >= w.start && glyph.start < w.end);
            let Some(color) = word.and_then(color_of) else {
                continue;
            };
            let place = glyph.physical((line.x, line.baseline), 1.0);
            if self.glyphs.image_cache.len() > CACHED_GLYPHS_MAX {
                self.glyphs.image_cache.clear();
            }
            let Some(image) = self.glyphs.get_image(&mut self.fonts, place.cache_key) else {
                continue;
            };
            let area = Rect {
                x: place.x + image.placement.left,
                y: place.y - image.placement.top,
                width: image.placement.width,
                height: image.placement.height,
            };
            if !area.is_empty() {
                stamps.push(Stamp {
                    area,
                    color,
                    content: image.content,
                    data: image.data.clone(),
                });
            }
        }
        stamps
    }
}

/// Lays one glyph over the picture.
fn press(pixels: &mut Rgba, stamp: &Stamp, left: i32, top: i32) {
    let wide = stamp.area.width as usize;
    for (row, source_at) in (0..stamp.area.height as usize).map(|row| (row, row * wide)) {
        let y = (stamp.area.y - top) as usize + row;
        let x = (stamp.area.x - left) as usize;
        let start = (y * pixels.width as usize + x) * 4;
        let target = &mut pixels.bytes[start..start + wide * 4];
        for (column, pixel) in target.chunks_exact_mut(4).enumerate() {
            let source = match stamp.content {
                SwashContent::Color => {
                    let at = (source_at + column) * 4;
                    let [r, g, b, a] = [0, 1, 2, 3].map(|i| stamp.data[at + i]);
                    premultiplied(Color(r, g, b), a)
                }
                SwashContent::Mask | SwashContent::SubpixelMask => {
                    premultiplied(stamp.color, stamp.data[source_at + column])
                }
            };
            lay_over(pixel, source);
        }
    }
}

/// A colour at an opacity, as premultiplied bytes.
pub(crate) fn premultiplied(color: Color, alpha: u8) -> [u8; 4] {
    let scale = |channel: u8| ((u32::from(channel) * u32::from(alpha) + 127) / 255) as u8;
    [scale(color.0), scale(color.1), scale(color.2), alpha]
}

/// Lays one premultiplied pixel over another.
pub(crate) fn lay_over(below: &mut [u8], above: [u8; 4]) {
    let rest = 255 - u32::from(above[3]);
    for (under, over) in below.iter_mut().zip(above) {
        let sum = u32::from(over) + (u32::from(*under) * rest + 127) / 255;
        *under = sum.min(255) as u8;
    }
}
