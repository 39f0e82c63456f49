//! The grid all cards share: margins, header, body, caption area.

use crate::{Canvas, Rect};

/// The shape of the canvas, as far as layout cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Wider than high.
    Wide,
    /// Higher than wide.
    Tall,
    /// About square.
    Square,
}

/// Where things stand on a canvas, in whole pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub canvas: Canvas,
    pub shape: Shape,
    /// Pixels per design unit: 1.0 where the short side is 1080.
    pub unit: f32,
    /// The line of small print at the top.
    pub header: Rect,
    /// Where the card's own content stands.
    pub body: Rect,
    /// Where captions stand; empty if there are none.
    pub captions: Rect,
}

/// Distances in design units.
struct Measures {
    margin: f32,
    header: f32,
    header_height: f32,
    body: f32,
    body_end: f32,
    body_end_captioned: f32,
    captions: (f32, f32),
}

const WIDE: Measures = Measures {
    margin: 120.0,
    header: 68.0,
    header_height: 56.0,
    body: 164.0,
    body_end: 992.0,
    body_end_captioned: 834.0,
    captions: (862.0, 1026.0),
};

/// The lowest sixth stays empty: players for upright video put their buttons there.
const TALL: Measures = Measures {
    margin: 84.0,
    header: 132.0,
    header_height: 64.0,
    body: 260.0,
    body_end: 1640.0,
    body_end_captioned: 1330.0,
    captions: (1364.0, 1600.0),
};

const SQUARE: Measures = Measures {
    margin: 76.0,
    header: 64.0,
    header_height: 56.0,
    body: 166.0,
    body_end: 1000.0,
    body_end_captioned: 812.0,
    captions: (838.0, 1026.0),
};

impl Grid {
    pub(crate) fn of(canvas: Canvas, captions: bool) -> Self {
        let (width, height) = (canvas.width as f32, canvas.height as f32);
        let shape = match width / height {
            ratio if ratio > 1.25 => Shape::Wide,
            ratio if ratio < 0.8 => Shape::Tall,
            _ => Shape::Square,
        };
        let measures = match shape {
            Shape::Wide => WIDE,
            Shape::Tall => TALL,
            Shape::Square => SQUARE,
        };
        let (unit, down) = match shape {
            Shape::Wide | Shape::Square => (height / 1080.0, height / 1080.0),
            Shape::Tall => (width / 1080.0, height / 1920.0),
        };
        let left = measures.margin * unit;
        let band = |top: f32, bottom: f32| Rect {
            x: left.round() as i32,
            y: (top * down).round() as i32,
            width: (width - 2.0 * left).round() as u32,
            height: ((bottom - top) * down).round() as u32,
        };
        let body_end = if captions {
            measures.body_end_captioned
        } else {
            measures.body_end
        };
        let caption_area = if captions {
            band(measures.captions.0, measures.captions.1).intersect(canvas.title_safe())
        } else {
            Rect::default()
        };
        Self {
            canvas,
            shape,
            unit,
            header: band(measures.header, measures.header + measures.header_height),
            body: band(measures.body, body_end),
            captions: caption_area,
        }
    }

    /// A length in design units, in pixels.
    pub(crate) fn px(&self, units: f32) -> f32 {
        units * self.unit
    }

    /// One of three values, by shape.
    pub(crate) fn pick<T>(&self, wide: T, tall: T, square: T) -> T {
        match self.shape {
            Shape::Wide => wide,
            Shape::Tall => tall,
            Shape::Square => square,
        }
    }
}

#[cfg(test)]
mod tests {
    use ytempire_core::brief::Format;

    use super::*;

    #[test]
    fn bands_follow_each_other_inside_the_safe_area() {
        for format in [Format::Landscape, Format::Portrait, Format::Square] {
            for captions in [true, false] {
                let grid = Grid::of(Canvas::of(format), captions);
                let safe = grid.canvas.title_safe();
                assert!(
                    safe.contains(grid.header) && safe.contains(grid.body),
                    "{format:?}"
                );
                assert!(grid.header.bottom() < grid.body.y);
                assert!(!captions || safe.contains(grid.captions));
                assert!(!captions || grid.body.bottom() < grid.captions.y);
            }
        }
    }
}
