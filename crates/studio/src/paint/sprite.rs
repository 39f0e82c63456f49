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
        let mut luma = Plane::clear(width, height);
        // Four texels make one of chroma: their sum first, converted afterwards.
        let half = width as usize / 2;
        let mut sums = vec![[0_u32; 4]; half * height as usize / 2];
        let rows = paint.bytes.chunks_exact((paint.width as usize * 4).max(4));
        for (row, y) in rows.zip(top as usize..) {
            for (texel, x) in row.as_chunks::<4>().0.iter().zip(left as usize..) {
                if texel[3] == 0 {
                    continue;
                }
                let texel = texel.map(u32::from);
                luma.colour[y * luma.width + x] = yuv(straight(texel))[0];
                luma.alpha[y * luma.width + x] = texel[3] as u8;
                let sum = &mut sums[y / 2 * half + x / 2];
                *sum = std::array::from_fn(|i| sum[i] + texel[i]);
            }
        }
        let [mut cb, mut cr] = [0, 1].map(|_| Plane::clear(width / 2, height / 2));
        for (at, sum) in sums.into_iter().enumerate().filter(|(_, sum)| sum[3] > 0) {
            [_, cb.colour[at], cr.colour[at]] = yuv(straight(sum));
            cb.alpha[at] = ((sum[3] + 2) / 4) as u8;
        }
        cr.alpha.copy_from_slice(&cb.alpha);
        let mut planes = [luma, cb, cr];
        planes.iter_mut().for_each(Plane::find_ink);
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
    /// A transparent plane.
    fn clear(width: u32, height: u32) -> Self {
        let pixels = width as usize * height as usize;
        Self {
            width: width as usize,
            colour: vec![0; pixels],
            alpha: vec![0; pixels],
            inked: Vec::new(),
        }
    }

    fn find_ink(&mut self) {
        let rows = self.alpha.chunks_exact(self.width);
        let inked = rows.map(|row| {
            let start = row.iter().position(|&alpha| alpha != 0);
            let last = row.iter().rposition(|&alpha| alpha != 0);
            start
                .zip(last)
                .map_or(0..0, |(start, last)| start..last + 1)
        });
        self.inked = inked.collect();
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
