//! A sprite with its motions: what it looks like at any frame.

use std::sync::Arc;

use super::ease;
use super::sprite::Sprite;
use crate::{Edge, Layer, Motion, MotionKind, Rect};

/// Sub-pixel positions and lengths are in 256ths of a luma pixel.
pub(super) const SUBPIXELS: i32 = 256;
/// Opacity and mixing are in 256ths.
pub(super) const FULL: u16 = 256;

/// Something that enters, rests and leaves.
#[derive(Debug)]
pub(super) struct Element {
    /// Its paint.
    pub(super) sprite: Arc<Sprite>,
    /// Another paint of the same area, which it takes on while it glows.
    pub(super) glowing: Option<(Arc<Sprite>, Glow)>,
    enter: Motion,
    exit: Option<Motion>,
}

/// When an element takes on its other paint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glow {
    /// The frame at which it begins to light up.
    pub(super) from: u32,
    /// The frame at which it begins to go out.
    pub(super) to: u32,
    /// Frames it takes to light up, and to go out.
    pub(super) ramp: u32,
}

/// What is seen of an element at a frame. Equal looks are equal pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// How far it is from where it rests, across and down, in sub-pixels.
    pub(super) shift: [i32; 2],
    /// Its opacity, 1 to [`FULL`].
    pub(super) opacity: u16,
    /// What of it is uncovered, in sub-pixels from its top left corner: left, top, right, bottom.
    pub(super) uncovered: [i32; 4],
    /// How much it glows, 0 to [`FULL`].
    pub(super) glow: u16,
}

impl Element {
    /// An element of `sprite`.
    pub(super) const fn new(sprite: Arc<Sprite>, enter: Motion, exit: Option<Motion>) -> Self {
        Self {
            sprite,
            glowing: None,
            enter,
            exit,
        }
    }

    /// The element that shows a layer.
    pub(super) fn of_layer(layer: &Layer) -> Self {
        let sprite = Arc::new(Sprite::new(&layer.pixels, layer.x, layer.y));
        Self::new(sprite, layer.enter, layer.exit)
    }

    /// What is seen of it at `frame`, or `None` if nothing.
    pub(super) fn look(&self, frame: u32) -> Option<Look> {
        let entered = ease::settle(progress(self.enter, frame)?);
        let left = self
            .exit
            .and_then(|exit| progress(exit, frame))
            .map_or(0.0, ease::depart);
        let area = self.sprite.area;
        let size = [
            area.width as i32 * SUBPIXELS,
            area.height as i32 * SUBPIXELS,
        ];
        let mut look = Look {
            shift: [0, 0],
            opacity: FULL,
            uncovered: [0, 0, size[0], size[1]],
            glow: self.glow(frame),
        };
        look.show(self.enter.kind, entered, size);
        if let Some(exit) = self.exit {
            look.show(exit.kind, 1.0 - left, size);
        }
        let [x0, y0, x1, y1] = look.uncovered;
        (look.opacity > 0 && x1 > x0 && y1 > y0).then_some(look)
    }

    fn glow(&self, frame: u32) -> u16 {
        let Some((_, glow)) = &self.glowing else {
            return 0;
        };
        let motion = |at| Motion {
            kind: MotionKind::Fade,
            at,
            frames: glow.ramp,
        };
        let lit = progress(motion(glow.from), frame).map_or(0.0, ease::sweep);
        let out = progress(motion(glow.to), frame).map_or(0.0, ease::sweep);
        scaled((lit - out).max(0.0), i32::from(FULL)) as u16
    }

    /// The canvas pixels that it touches with `look`; chroma is included.
    pub(super) fn touched(&self, look: &Look) -> Rect {
        let Rect {
            x,
            y,
            width,
            height,
        } = self.sprite.area;
        let [dx, dy] = look.shift;
        let axis = |at: i32, length: u32, shift: i32| {
            // Two pixels more on the side that a sub-pixel shift reaches over: one of chroma.
            let whole = shift.div_euclid(2 * SUBPIXELS) * 2;
            let part = if shift % (2 * SUBPIXELS) == 0 { 0 } else { 2 };
            (at + whole, length + part)
        };
        let ((x, width), (y, height)) = (axis(x, width, dx), axis(y, height, dy));
        Rect {
            x,
            y,
            width,
            height,
        }
    }
}

impl Look {
    /// Takes a motion into account that is `shown` far towards full sight.
    fn show(&mut self, kind: MotionKind, shown: f64, size: [i32; 2]) {
        let fade = |opacity: u16| scaled(shown, i32::from(opacity)) as u16;
        let away = |pixels: f32| scaled((1.0 - shown) * f64::from(pixels), SUBPIXELS);
        let [x0, y0, x1, y1] = self.uncovered;
        match kind {
            MotionKind::Fade => self.opacity = fade(self.opacity),
            MotionKind::Rise(pixels) => {
                self.opacity = fade(self.opacity);
                self.shift[1] += away(pixels);
            }
            MotionKind::Slide(pixels) => {
                self.opacity = fade(self.opacity);
                self.shift[0] += away(pixels);
            }
            MotionKind::Reveal(edge) => {
                let [w, h] = size.map(|length| scaled(shown, length));
                self.uncovered = match edge {
                    Edge::Left => [x0, y0, x1.min(w), y1],
                    Edge::Right => [x0.max(size[0] - w), y0, x1, y1],
                    Edge::Top => [x0, y0, x1, y1.min(h)],
                    Edge::Bottom => [x0, y0.max(size[1] - h), x1, y1],
                };
            }
        }
    }
}

/// How far `motion` has come at `frame`, above 0 to 1, or `None` before it begins.
fn progress(motion: Motion, frame: u32) -> Option<f64> {
    let since = frame.checked_sub(motion.at)?;
    if since >= motion.frames {
        return Some(1.0);
    }
    Some(f64::from(since + 1) / f64::from(motion.frames + 1))
}

/// `part` of `whole`, to the nearest.
fn scaled(part: f64, whole: i32) -> i32 {
    (part * f64::from(whole)).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rgba;

    fn element(enter: Motion, exit: Option<Motion>) -> Element {
        Element::new(
            Arc::new(Sprite::new(&Rgba::clear(40, 20), 10, 10)),
            enter,
            exit,
        )
    }

    #[test]
    fn a_layer_is_there_from_its_entrance_to_the_end_of_its_exit() {
        let enter = Motion {
            kind: MotionKind::Rise(24.0),
            at: 10,
            frames: 8,
        };
        let exit = Motion {
            kind: MotionKind::Fade,
            at: 50,
            frames: 5,
        };
        let element = element(enter, Some(exit));
        assert_eq!(element.look(9), None);
        let first = element.look(10).unwrap();
        assert!(first.opacity < 128 && first.shift[1] > 12 * SUBPIXELS && first.shift[0] == 0);
        let rest = element.look(18).unwrap();
        assert_eq!((rest.opacity, rest.shift), (FULL, [0, 0]));
        assert_eq!(element.look(49), Some(rest));
        assert!(element.look(54).unwrap().opacity < FULL);
        assert_eq!(element.look(55), None);
        assert_eq!(element.look(5_000), None);
    }

    #[test]
    fn a_cut_has_no_in_between() {
        let cut = |at| Motion {
            kind: MotionKind::Fade,
            at,
            frames: 0,
        };
        let element = element(cut(3), Some(cut(7)));
        assert_eq!(element.look(2), None);
        assert_eq!(element.look(3).unwrap().opacity, FULL);
        assert_eq!(element.look(6).unwrap().opacity, FULL);
        assert_eq!(element.look(7), None);
    }

    #[test]
    fn a_reveal_uncovers_in_parts_of_a_pixel() {
        let grow = Motion {
            kind: MotionKind::Reveal(Edge::Bottom),
            at: 0,
            frames: 9,
        };
        let element = element(grow, None);
        let tops: Vec<_> = (0..10)
            .map(|f| element.look(f).unwrap().uncovered[1])
            .collect();
        assert!(tops.windows(2).all(|pair| pair[0] > pair[1]) && tops[9] == 0);
        assert!(tops.iter().any(|top| top % SUBPIXELS != 0));
    }
}
