//! A card in the making: blocks of text and shapes are put on it and become layers.

use std::sync::Arc;

use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};

use super::backdrop::contrast_within;
use super::grid::Grid;
use crate::text::{Block, Color, Painted, Style, Typesetter};
use crate::theme::Theme;
use crate::{Backdrop, Edge, Layer, Motion, MotionKind, Rect, Rgba, Shot, TextBox};

/// Text, shapes and where they are, collected for one [`Shot`].
pub(crate) struct Sheet<'a> {
    pub set: &'a mut Typesetter,
    pub theme: &'a Theme,
    pub grid: Grid,
    /// The scene's length in frames.
    pub frames: u32,
    layers: Vec<Layer>,
    texts: Vec<TextBox>,
    /// The colours of the texts that lie on the backdrop itself.
    bare: Vec<(usize, Color)>,
}

/// A block and its optical box: from the top of its capitals to its last baseline.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub block: Block,
    /// From the block's origin to the top of its capitals.
    pub top: f32,
    /// From the top of the capitals to the last baseline.
    pub height: f32,
}

/// What a text lies on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ground {
    /// The backdrop: contrast is measured once it is known.
    Backdrop,
    /// A shape of this colour.
    Solid(Color),
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(set: &'a mut Typesetter, theme: &'a Theme, grid: Grid, frames: u32) -> Self {
        Self {
            set,
            theme,
            grid,
            frames,
            layers: Vec::new(),
            texts: Vec::new(),
            bare: Vec::new(),
        }
    }

    /// The finished shot. Contrast on the backdrop is measured in its pixels.
    pub(crate) fn into_shot(mut self, backdrop: Backdrop) -> Shot {
        for (index, color) in &self.bare {
            let text = &mut self.texts[*index];
            text.contrast_x100 = contrast_within(&backdrop, text.area, *color);
        }
        Shot {
            backdrop,
            layers: self.layers,
            texts: self.texts,
            caption_area: self.grid.captions,
        }
    }

    /// A block with its optical box.
    pub(crate) fn measured(&mut self, block: Block) -> Set {
        let cap = self.set.cap_height(&block.style);
        let first = block.lines.first().map_or(0.0, |line| line.baseline);
        let last = block.lines.last().map_or(0.0, |line| line.baseline);
        Set {
            block,
            top: first - cap,
            height: last - first + cap,
        }
    }

    /// Fits `text` into a width, a number of lines and a range of sizes, all in pixels; the
    /// height is bounded by lines alone.
    pub(crate) fn fitted(&mut self, text: &str, style: Style, fit: crate::text::Fit) -> Set {
        let block = self.set.fit(text, &style, fit);
        self.measured(block)
    }

    /// One line, shortened with an ellipsis where it is wider than `width`.
    pub(crate) fn line(&mut self, text: &str, style: Style, width: f32) -> Set {
        let fit = crate::text::Fit {
            width,
            height: style.size * style.line_height * 1.01,
            lines: 1,
            size_max: style.size,
            size_min: style.size,
        };
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let block = self.set.fit(&flat, &style, fit).hugged();
        self.measured(block)
    }

    /// Puts a text with the top of its capitals at `y`. Returns where its ink lies.
    pub(crate) fn put(&mut self, text: &Set, x: f32, y: f32, enter: Motion, on: Ground) -> Rect {
        let painted = self.set.paint(&text.block);
        self.put_painted(text, &painted, (x, y), enter, on)
    }

    /// As [`Sheet::put`], with pixels that were painted before.
    pub(crate) fn put_painted(
        &mut self,
        text: &Set,
        painted: &Painted,
        (x, y): (f32, f32),
        enter: Motion,
        on: Ground,
    ) -> Rect {
        // At display sizes the space beside the first letter shows: edges align by ink.
        let flush = text.block.style.size >= self.grid.px(44.0) && painted.x.abs() < 40;
        let starts_left = text
            .block
            .lines
            .iter()
            .any(|line| line.x.abs() < f32::EPSILON);
        let bearing = if flush && starts_left { painted.x } else { 0 };
        let origin = (x.round() as i32 - bearing, (y - text.top).round() as i32);
        let area = painted.area(origin.0, origin.1);
        self.layers.push(Layer {
            pixels: Arc::clone(&painted.pixels),
            x: area.x,
            y: area.y,
            enter,
            exit: None,
        });
        self.note(&text.block, area, on);
        area
    }

    /// Puts a text whose lines enter one after the other, `step` frames apart.
    pub(crate) fn put_lines(&mut self, text: &Set, (x, y): (f32, f32), at: u32, step: u32) -> Rect {
        let whole = self.set.ink(&text.block);
        let flush = text
            .block
            .lines
            .iter()
            .any(|line| line.x.abs() < f32::EPSILON);
        let bearing = if flush { whole.x } else { 0 };
        let origin = (x.round() as i32 - bearing, (y - text.top).round() as i32);
        let mut area = Rect::default();
        for (index, line) in text.block.lines.iter().enumerate() {
            let Some((first, last)) = line.words.first().zip(line.words.last()) else {
                continue;
            };
            let own = first.index..=last.index;
            let color = text.block.style.color;
            let painted = self
                .set
                .paint_words(&text.block, &|w| own.contains(&w.index).then_some(color));
            let place = painted.area(origin.0, origin.1);
            area = area.union(place);
            let enter = rise(at + index as u32 * step, self.grid.px(34.0));
            self.layers.push(Layer {
                pixels: painted.pixels,
                x: place.x,
                y: place.y,
                enter,
                exit: None,
            });
        }
        self.note(&text.block, area, Ground::Backdrop);
        area
    }

    /// Records a text for the layout checks.
    pub(crate) fn note(&mut self, block: &Block, area: Rect, on: Ground) {
        let text = block.text();
        if !text.is_empty() {
            let color = block.style.color;
            let contrast_x100 = match on {
                Ground::Solid(ground) => color.contrast_x100(ground),
                Ground::Backdrop => {
                    self.bare.push((self.texts.len(), color));
                    0
                }
            };
            self.texts.push(TextBox {
                text,
                area,
                contrast_x100,
            });
        }
    }

    /// Adds a painted layer without text.
    pub(crate) fn layer(&mut self, layer: Layer) {
        self.layers.push(layer);
    }

    /// Draws a shape in `area`, which `draw` sees with its own origin at the left top corner.
    pub(crate) fn shape(&mut self, area: Rect, enter: Motion, draw: impl FnOnce(&mut Pixmap)) {
        if let Some(pixels) = painted(area.width, area.height, draw) {
            self.layers.push(Layer {
                pixels,
                x: area.x,
                y: area.y,
                enter,
                exit: None,
            });
        }
    }

    /// A filled bar.
    pub(crate) fn bar(&mut self, area: Rect, color: Color, enter: Motion) {
        let radius = self
            .grid
            .px(1.5)
            .min(area.height as f32 / 2.0)
            .min(area.width as f32 / 2.0);
        self.shape(area, enter, |map| {
            let (w, h) = (map.width() as f32, map.height() as f32);
            fill(map, &rounded(0.0, 0.0, w, h, radius), color, 255);
        });
    }

    /// A hairline, one design unit thick and at least one pixel.
    pub(crate) fn rule(&mut self, x: f32, y: f32, width: f32, color: Color, enter: Motion) {
        let area = Rect {
            x: x.round() as i32,
            y: y.round() as i32,
            width: width.round().max(1.0) as u32,
            height: self.grid.px(1.6).round().max(1.0) as u32,
        };
        self.bar(area, color, enter);
    }
}

/// A picture that `draw` fills; `None` if it would be empty.
pub(crate) fn painted(
    width: u32,
    height: u32,
    draw: impl FnOnce(&mut Pixmap),
) -> Option<Arc<Rgba>> {
    let mut map = Pixmap::new(width, height)?;
    draw(&mut map);
    Some(Arc::new(Rgba {
        width,
        height,
        bytes: map.take(),
    }))
}

/// Fills a path with a colour at an opacity.
pub(crate) fn fill(map: &mut Pixmap, path: &Path, color: Color, alpha: u8) {
    let paint = paint_of(color, alpha);
    map.fill_path(path, &paint, FillRule::Winding, Transform::identity(), None);
}

/// Strokes a path.
pub(crate) fn stroke(map: &mut Pixmap, path: &Path, width: f32, color: Color, alpha: u8) {
    let stroke = Stroke {
        width,
        line_cap: tiny_skia::LineCap::Round,
        line_join: tiny_skia::LineJoin::Round,
        ..Stroke::default()
    };
    map.stroke_path(
        path,
        &paint_of(color, alpha),
        &stroke,
        Transform::identity(),
        None,
    );
}

/// An anti-aliased paint.
pub(crate) fn paint_of(color: Color, alpha: u8) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(color.0, color.1, color.2, alpha);
    paint.anti_alias = true;
    paint
}

/// A rectangle with round corners.
pub(crate) fn rounded(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Path {
    // Four cubics; 0.5523 puts their handles where a circle's are.
    let (r, k) = (radius.min(width / 2.0).min(height / 2.0), 0.447_7);
    let (right, bottom, handle) = (
        x + width,
        y + height,
        radius.min(width / 2.0).min(height / 2.0) * k,
    );
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.line_to(right - r, y);
    path.cubic_to(right - handle, y, right, y + handle, right, y + r);
    path.line_to(right, bottom - r);
    path.cubic_to(
        right,
        bottom - handle,
        right - handle,
        bottom,
        right - r,
        bottom,
    );
    path.line_to(x + r, bottom);
    path.cubic_to(x + handle, bottom, x, bottom - handle, x, bottom - r);
    path.line_to(x, y + r);
    path.cubic_to(x, y + handle, x + handle, y, x + r, y);
    path.close();
    path.finish()
        .expect("a rounded rectangle always has points")
}

/// Comes up by some pixels while it fades in: how text enters.
pub(crate) fn rise(at: u32, pixels: f32) -> Motion {
    Motion {
        kind: MotionKind::Rise(pixels),
        at,
        frames: 16,
    }
}

/// Fades in.
pub(crate) const fn fade(at: u32, frames: u32) -> Motion {
    Motion {
        kind: MotionKind::Fade,
        at,
        frames,
    }
}

/// Is uncovered from an edge.
pub(crate) const fn reveal(edge: Edge, at: u32, frames: u32) -> Motion {
    Motion {
        kind: MotionKind::Reveal(edge),
        at,
        frames,
    }
}

/// Is there from the first frame.
pub(crate) const THERE: Motion = Motion {
    kind: MotionKind::Fade,
    at: 0,
    frames: 0,
};
