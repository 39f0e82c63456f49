//! Pictures in memory: planar YUV for frames, premultiplied RGBA for what is laid over them.

use std::sync::Arc;

/// A picture in planar YUV 4:2:0, 8 bits, BT.709 limited range: what encoders eat.
///
/// One block of bytes: the luma plane, then the two chroma planes of half the size each way.
#[derive(Clone, Debug)]
pub struct Yuv420 {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
    stamp: Option<Stamp>,
}

/// Says which painter left a picture as it is, and at which of its paints. Any writing access
/// from outside takes the stamp off, so a painter that finds its own knows every pixel.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    /// Identifies the painter by its address, which stays taken while the stamp lives.
    pub(crate) painter: Arc<()>,
    /// Counts its paints.
    pub(crate) paint: u64,
}

impl PartialEq for Yuv420 {
    /// Compares what is seen: size and pixels.
    fn eq(&self, other: &Self) -> bool {
        self.width == other.width && self.height == other.height && self.bytes == other.bytes
    }
}

impl Eq for Yuv420 {}

impl Yuv420 {
    /// A black picture. Width and height must be even.
    pub fn black(width: u32, height: u32) -> Self {
        assert!(
            width.is_multiple_of(2) && height.is_multiple_of(2),
            "4:2:0 needs even sides: {width}x{height}"
        );
        let luma = width as usize * height as usize;
        let mut bytes = vec![16; luma + luma / 2];
        bytes[luma..].fill(128);
        Self {
            width,
            height,
            bytes,
            stamp: None,
        }
    }

    /// A picture from raw `yuv420p` bytes, or `None` if their number or the sides don't fit.
    pub fn from_bytes(width: u32, height: u32, bytes: Vec<u8>) -> Option<Self> {
        let luma = width as usize * height as usize;
        let fits =
            width.is_multiple_of(2) && height.is_multiple_of(2) && bytes.len() == luma + luma / 2;
        fits.then_some(Self {
            width,
            height,
            bytes,
            stamp: None,
        })
    }

    /// Pixels across.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// All three planes in one block, as an encoder's raw input wants them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same block, to be filled in place by a decoder.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.stamp = None;
        &mut self.bytes
    }

    /// The planes: luma, blue difference, red difference.
    pub fn planes(&self) -> [&[u8]; 3] {
        let luma = self.width as usize * self.height as usize;
        let (y, chroma) = self.bytes.split_at(luma);
        let (u, v) = chroma.split_at(luma / 4);
        [y, u, v]
    }

    /// The planes, writable.
    pub fn planes_mut(&mut self) -> [&mut [u8]; 3] {
        self.stamp = None;
        let luma = self.width as usize * self.height as usize;
        let (y, chroma) = self.bytes.split_at_mut(luma);
        let (u, v) = chroma.split_at_mut(luma / 4);
        [y, u, v]
    }

    /// The stamp, if nobody wrote since it was set.
    pub(crate) const fn stamp(&self) -> Option<&Stamp> {
        self.stamp.as_ref()
    }

    /// Stamps the picture.
    pub(crate) fn set_stamp(&mut self, stamp: Stamp) {
        self.stamp = Some(stamp);
    }
}

/// A picture in RGBA, 8 bits each, sRGB, colour premultiplied by alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgba {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Rows from the top, four bytes a pixel.
    pub bytes: Vec<u8>,
}

impl Rgba {
    /// A fully transparent picture.
    pub fn clear(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            bytes: vec![0; width as usize * height as usize * 4],
        }
    }
}

impl Rgba {
    /// Converts to BT.709 limited range, over black where it is transparent. Odd sides lose
    /// their last row or column.
    ///
    /// Luma and chroma are dithered by one level of static noise, so that slow gradients don't show bands
    /// at eight bits.
    pub fn to_yuv420(&self) -> Yuv420 {
        let stride = self.width as usize * 4;
        let pixel = |x: usize, y: usize| {
            let at = y * stride + x * 4;
            [0, 1, 2].map(|i| f32::from(self.bytes[at + i]) / 255.0)
        };
        yuv420_from(self.width & !1, self.height & !1, 0.75, pixel)
    }
}

/// A picture from a function of the place: red, green, blue, each 0 to 1, sRGB.
///
/// `grain` is the amplitude of the noise in luma levels: 0.75 hides the rounding, 1 and more
/// shows as fine grain. It depends on the place alone, so the encoder pays for it once.
pub(crate) fn yuv420_from(
    width: u32,
    height: u32,
    grain: f32,
    pixel: impl Fn(usize, usize) -> [f32; 3],
) -> Yuv420 {
    let (wide, high) = (width as usize, height as usize);
    let mut out = Yuv420::black(width, height);
    let [luma, blue, red] = out.planes_mut();
    for y in (0..high).step_by(2) {
        for x in (0..wide).step_by(2) {
            let mut sum = [0.0_f32; 3];
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let (x, y) = (x + dx, y + dy);
                let rgb = pixel(x, y);
                let noise = noise(x as u32, y as u32) * grain;
                luma[y * wide + x] = level(16.0 + 219.0 * luma_of(rgb) + noise, 16, 235);
                sum = [sum[0] + rgb[0], sum[1] + rgb[1], sum[2] + rgb[2]];
            }
            let rgb = sum.map(|channel| channel / 4.0);
            let y709 = luma_of(rgb);
            let at = (y / 2) * (wide / 2) + x / 2;
            let noise = noise(x as u32 ^ 0x5bd1, y as u32) * grain.min(0.75);
            blue[at] = level(128.0 + 224.0 * (rgb[2] - y709) / 1.8556 + noise, 16, 240);
            red[at] = level(128.0 + 224.0 * (rgb[0] - y709) / 1.5748 - noise, 16, 240);
        }
    }
    out
}

/// The colour of BT.709 limited-range levels, as sRGB.
pub(crate) fn rgb_of([y, u, v]: [f32; 3]) -> crate::text::Color {
    let luma = (y - 16.0) / 219.0;
    let (blue, red) = ((u - 128.0) / 224.0 * 1.8556, (v - 128.0) / 224.0 * 1.5748);
    let green = -(0.0722 * blue + 0.2126 * red) / 0.7152;
    let [r, g, b] = [luma + red, luma + green, luma + blue]
        .map(|channel| (channel * 255.0).round().clamp(0.0, 255.0) as u8);
    crate::text::Color(r, g, b)
}

/// Luma by ITU-R BT.709.
fn luma_of([r, g, b]: [f32; 3]) -> f32 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn level(value: f32, least: u8, most: u8) -> u8 {
    (value.round().clamp(f32::from(least), f32::from(most))) as u8
}

/// Triangular noise, −1 to 1, from the place alone.
fn noise(x: u32, y: u32) -> f32 {
    let mut h = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77);
    h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
    h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
    h ^= h >> 15;
    ((h & 0xffff) as f32 + (h >> 16) as f32) / 65_535.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(rgb: [u8; 3]) -> [u8; 3] {
        let mut picture = Rgba::clear(2, 2);
        for pixel in picture.bytes.chunks_exact_mut(4) {
            pixel.copy_from_slice(&[rgb[0], rgb[1], rgb[2], 255]);
        }
        let yuv = picture.to_yuv420();
        let [y, u, v] = yuv.planes();
        [y[0], u[0], v[0]]
    }

    #[test]
    fn colours_follow_bt_709_limited_range() {
        // Values of the 75 % bars' primaries at full level, ITU-R BT.709-6 table 4.
        for (rgb, want) in [
            ([255, 255, 255], [235, 128, 128]),
            ([0, 0, 0], [16, 128, 128]),
            ([255, 0, 0], [63, 102, 240]),
            ([0, 255, 0], [173, 42, 26]),
            ([0, 0, 255], [32, 240, 118]),
        ] {
            let got = flat(rgb);
            for (got, want) in got.into_iter().zip(want) {
                assert!(got.abs_diff(want) <= 1, "{rgb:?} became {got}, not {want}");
            }
        }
    }

    #[test]
    fn a_dark_gradient_has_no_bands() {
        // Two levels over 256 pixels: without noise there would be runs of a hundred pixels.
        let yuv = yuv420_from(256, 2, 0.75, |x, _| [0.05 + x as f32 / 256.0 * 0.01; 3]);
        let row = &yuv.planes()[0][..256];
        let longest = row.chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap();
        assert!(longest < 60, "{longest} equal pixels in a row");
    }
}
