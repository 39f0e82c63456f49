//! Paint for blending: RGBA converted once to planar YUV with alpha.

use std::ops::Range;

use crate::{Rect, Rgba};

/// A painted rectangle in YUV 4:2:0 with alpha, standing on even pixels of the canvas.
///
/// Colours are not premultiplied: one multiplication less per blended pixel.
#[derive(Debug)]
pub(super) struct Sprite {
    /// Where it rests, in luma pixels; all edges even.
    pub(super) area: Rect,
    /// Luma, blue difference, red difference.
    pub(super) planes: [Plane; 3],
}

/// One colour component with its alpha.
#[derive(Debug)]
pub(super) struct Plane {
    /// Pixels across.
    pub(super) width: usize,
    /// Rows of the component.
    pub(super) colour: Vec<u8>,
    /// Rows of alpha, 255 is opaque.
    pub(super) alpha: Vec<u8>,
    /// For each row the columns outside which it is transparent.
    pub(super) inked: Vec<Range<usize>>,
}

impl Sprite {
    /// Converts `paint` whose top left corner stands at (`x`, `y`).
    pub(super) fn new(paint: &Rgba, x: i32, y: i32) -> Self {
        // Odd edges get a transparent column or row, so that chroma pixels aren't shared.
        let (left, top) = (x.rem_euclid(2) as u32, y.rem_euclid(2) as u32);
        let width = (left + paint.width).next_multiple_of(2);
        let height = (top + paint.height).next_multiple_of(2);
        let texel = |x: u32, y: u32| -> [u8; 4] {
            let (x, y) = (x.wrapping_sub(left), y.wrapping_sub(top));
            if x >= paint.width || y >= paint.height {
                return [0; 4];
            }
            let at = (y as usize * paint.width as usize + x as usize) * 4;
            [0, 1, 2, 3].map(|i| paint.bytes[at + i])
        };
        let planes = {
            let luma = Plane::fill(width, height, |x, y| {
                let texel = texel(x, y);
                (yuv(straight(texel.map(u32::from)))[0], texel[3])
            });
            let chroma = |component: usize| {
                Plane::fill(width / 2, height / 2, |x, y| {
                    let (x, y) = (2 * x, 2 * y);
                    let four = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)];
                    let sum = four.iter().fold([0; 4], |sum: [u32; 4], &(x, y)| {
                        let texel = texel(x, y);
                        std::array::from_fn(|i| sum[i] + u32::from(texel[i]))
                    });
                    (yuv(straight(sum))[component], ((sum[3] + 2) / 4) as u8)
                })
            };
            [luma, chroma(1), chroma(2)]
        };
        let area = Rect {
            x: x - left as i32,
            y: y - top as i32,
            width,
            height,
        };
        Self { area, planes }
    }
}

impl Plane {
    fn fill(width: u32, height: u32, pixel: impl Fn(u32, u32) -> (u8, u8)) -> Self {
        let pixels = width as usize * height as usize;
        let mut plane = Self {
            width: width as usize,
            colour: Vec::with_capacity(pixels),
            alpha: Vec::with_capacity(pixels),
            inked: Vec::with_capacity(height as usize),
        };
        for y in 0..height {
            let mut inked = 0..0;
            for x in 0..width {
                let (colour, alpha) = pixel(x, y);
                plane.colour.push(colour);
                plane.alpha.push(alpha);
                if alpha != 0 {
                    let x = x as usize;
                    inked = if inked.is_empty() {
                        x..x + 1
                    } else {
                        inked.start..x + 1
                    };
                }
            }
            plane.inked.push(inked);
        }
        plane
    }
}

/// Undoes the premultiplication of one texel or of the sum of several.
fn straight([r, g, b, a]: [u32; 4]) -> [u8; 3] {
    [r, g, b].map(|c| {
        (c * 255 + a / 2)
            .checked_div(a)
            .map_or(0, |c| c.min(255) as u8)
    })
}

/// An sRGB colour in BT.709, limited range: luma 16 to 235, chroma 16 to 240.
///
/// Factors after ITU-R BT.709 (0.2126, 0.7152, 0.0722), times 219 / 255 and 224 / 255, in
/// 65,536ths, rounded so that each row adds up: greys have no colour and white is 235.
pub(super) fn yuv([r, g, b]: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = [r, g, b].map(i32::from);
    let row = |wr: i32, wg: i32, wb: i32, base: i32| {
        ((wr * r + wg * g + wb * b + (base << 16) + (1 << 15)) >> 16) as u8
    };
    [
        row(11_966, 40_254, 4_064, 16),
        row(-6_596, -22_189, 28_785, 128),
        row(28_785, -26_145, -2_640, 128),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_bt709_limited_range() {
        // Values of the 8-bit 100 % colour bars in BT.709, within one step of rounding.
        let bars = [
            ([255, 255, 255], [235, 128, 128]),
            ([0, 0, 0], [16, 128, 128]),
            ([128, 128, 128], [126, 128, 128]),
            ([255, 255, 0], [219, 16, 138]),
            ([0, 255, 255], [188, 154, 16]),
            ([0, 255, 0], [173, 42, 26]),
            ([255, 0, 0], [63, 102, 240]),
            ([0, 0, 255], [32, 240, 118]),
        ];
        for (rgb, wanted) in bars {
            assert_eq!(yuv(rgb), wanted, "{rgb:?}");
        }
    }

    #[test]
    fn a_sprite_on_odd_pixels_is_padded_and_keeps_its_colour_at_soft_edges() {
        // Red at half opacity, premultiplied.
        let red = Rgba {
            width: 2,
            height: 1,
            bytes: [128, 0, 0, 128].repeat(2),
        };
        let sprite = Sprite::new(&red, 3, -1);
        assert_eq!(
            sprite.area,
            Rect {
                x: 2,
                y: -2,
                width: 4,
                height: 2
            }
        );
        let [luma, cb, cr] = &sprite.planes;
        assert_eq!(luma.alpha, [0, 0, 0, 0, 0, 128, 128, 0]);
        assert_eq!(luma.inked, [0..0, 1..3]);
        assert_eq!(luma.colour[5], 63);
        assert_eq!((cb.colour[0], cr.colour[0], cr.alpha[0]), (102, 240, 32));
        assert_eq!(cb.inked, vec![0..2]);
    }
}
