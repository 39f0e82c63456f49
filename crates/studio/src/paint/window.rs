//! Which part of a still is seen at a frame.

use super::ease;

/// One pixel in the fixed-point numbers of a [`Window`]: 32 bits before the point, 32 after, so
/// that rounding adds up to less than a millionth of a pixel across a row.
pub(super) const ONE: i64 = 1 << 32;

/// A window onto a picture, in fixed-point pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Position of the middle of the first output pixel, across and down, where 0 is the middle
    /// of the picture's first pixel.
    pub(super) origin: [i64; 2],
    /// Picture pixels to an output pixel, across and down.
    pub(super) step: [i64; 2],
}

impl Window {
    /// The window `area` (x, y, width, height) of a picture, shown on `size` output pixels.
    pub(super) fn new(area: [f64; 4], size: [u32; 2]) -> Self {
        let axis = |at: f64, length: f64, pixels: u32| {
            let step = length / f64::from(pixels);
            // The middle of an output pixel lies half a step in; the middle of the first picture
            // pixel half a pixel.
            (fixed(at + step / 2.0 - 0.5), fixed(step))
        };
        let (x, step_x) = axis(area[0], area[2], size[0]);
        let (y, step_y) = axis(area[1], area[3], size[1]);
        Self {
            origin: [x, y],
            step: [step_x, step_y],
        }
    }

    /// The window at `frame` of a move from `from` to `to` that takes `frames` frames.
    pub(super) fn at([from, to]: [[f64; 4]; 2], frame: u32, frames: u32, size: [u32; 2]) -> Self {
        let done = ease::glide(f64::from(frame) / f64::from(frames.max(2) - 1));
        let area = std::array::from_fn(|i| from[i] + (to[i] - from[i]) * done);
        Self::new(area, size)
    }

    /// The same window in the chroma planes, which have half the pixels each way.
    pub(super) fn halved(self) -> Self {
        // In luma pixels a chroma pixel's middle lies between two: p luma is (p - 1/2) / 2
        // chroma. The first output chroma pixel covers luma pixels 0 and 1.
        let axis = |origin: i64, step: i64| (origin + step / 2 - ONE / 2) / 2;
        let [ox, oy] = self.origin;
        let [sx, sy] = self.step;
        Self {
            origin: [axis(ox, sx), axis(oy, sy)],
            step: self.step,
        }
    }
}

fn fixed(value: f64) -> i64 {
    (value * ONE as f64).round() as i64
}
