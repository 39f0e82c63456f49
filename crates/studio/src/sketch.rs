//! What a frame looks like from afar: enough to tell whether it is the one that was planned.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Yuv420;

/// The mean brightness of each of 12 × 12 fields of a frame.
///
/// A perceptual hash that says how far two pictures are apart. Encoding moves a field by a level or
/// two; another scene of the same video by five and more on average.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Sketch([u8; Self::FIELDS]);

/// A text that is no sketch: not [`Sketch::FIELDS`] pairs of hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sketch is {} hexadecimal digits", 2 * Sketch::FIELDS)]
pub struct NoSketch;

impl Sketch {
    /// Fields along each side.
    pub const SIDE: usize = 12;
    /// All of them.
    pub const FIELDS: usize = Self::SIDE * Self::SIDE;

    /// The sketch of a frame of at least 12 × 12 pixels.
    pub fn of(frame: &Yuv420) -> Self {
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let mut fields = [0; Self::FIELDS];
        for (index, field) in fields.iter_mut().enumerate() {
            let range =
                |at: usize, length: usize| at * length / Self::SIDE..(at + 1) * length / Self::SIDE;
            let columns = range(index % Self::SIDE, width);
            let rows = range(index / Self::SIDE, height);
            let count = columns.len() * rows.len();
            let sum: u64 = rows
                .flat_map(|y| &frame.bytes()[y * width..][columns.clone()])
                .map(|&luma| u64::from(luma))
                .sum();
            *field = (sum / count.max(1) as u64) as u8;
        }
        Self(fields)
    }

    /// A sketch from its fields, row by row.
    pub const fn from_fields(fields: [u8; Self::FIELDS]) -> Self {
        Self(fields)
    }

    /// How far two frames are apart: the mean difference of their fields, in hundredths of a level
    /// of brightness. 0 is alike, 21,900 is black against white.
    pub fn distance_x100(&self, other: &Self) -> u32 {
        let fields = self.0.iter().zip(&other.0);
        let sum: u32 = fields.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        sum * 100 / Self::FIELDS as u32
    }
}

impl fmt::Display for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|field| write!(f, "{field:02x}"))
    }
}

impl FromStr for Sketch {
    type Err = NoSketch;

    fn from_str(text: &str) -> Result<Self, NoSketch> {
        if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoSketch);
        }
        let pairs = text.as_bytes().chunks_exact(2);
        let fields: Option<Vec<u8>> = pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let fields = fields.and_then(|fields| fields.try_into().ok());
        fields.map(Self).ok_or(NoSketch)
    }
}

impl From<Sketch> for String {
    fn from(sketch: Sketch) -> Self {
        sketch.to_string()
    }
}

impl TryFrom<String> for Sketch {
    type Error = NoSketch;

    fn try_from(text: String) -> Result<Self, NoSketch> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(luma: impl Fn(usize, usize) -> u8) -> Yuv420 {
        let (width, height) = (100, 62);
        let mut bytes: Vec<u8> = (0..width * height)
            .map(|at| luma(at % width, at / width))
            .collect();
        bytes.resize(width * height * 3 / 2, 128);
        Yuv420::from_bytes(width as u32, height as u32, bytes).unwrap()
    }

    #[test]
    fn other_pictures_are_far_and_noise_is_near() {
        let left = Sketch::of(&frame(|x, _| if x < 50 { 200 } else { 30 }));
        let noisy = Sketch::of(&frame(|x, y| {
            let base = if x < 50 { 200 } else { 30 };
            base + ((x * 7 + y * 13) % 5) as u8
        }));
        let right = Sketch::of(&frame(|x, _| if x < 50 { 30 } else { 200 }));
        assert_eq!(left.distance_x100(&left), 0);
        assert!(left.distance_x100(&noisy) <= 300, "{noisy}");
        assert!(left.distance_x100(&right) > 15_000, "{right}");
    }

    #[test]
    fn a_sketch_survives_its_text_and_nothing_else_becomes_one() {
        let sketch = Sketch::of(&frame(|x, y| (x + y) as u8));
        assert_eq!(sketch.to_string().parse(), Ok(sketch));
        for text in [
            "",
            "zz",
            &"00".repeat(143),
            &"0".repeat(289),
            &"+1".repeat(144),
        ] {
            assert_eq!(text.parse::<Sketch>(), Err(NoSketch), "{text}");
        }
    }
}
