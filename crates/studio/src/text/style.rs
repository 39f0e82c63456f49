//! How a text looks.

use serde::{Deserialize, Serialize};

/// An opaque colour in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Color(pub u8, pub u8, pub u8);

impl Color {
    /// White.
    pub const WHITE: Self = Self(255, 255, 255);
    /// Black.
    pub const BLACK: Self = Self(0, 0, 0);

    /// A colour from `0xRRGGBB`.
    pub const fn hex(rgb: u32) -> Self {
        Self((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
    }

    /// Relative luminance, 0 (black) to 1 (white), as WCAG 2.2 defines it.
    pub fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Contrast against `other` times 100: 100 (none) to 2100 (black on white). Rounded down,
    /// so that a text which just misses a bound doesn't pass it.
    pub fn contrast_x100(self, other: Self) -> u32 {
        let (a, b) = (self.luminance(), other.luminance());
        ((a.max(b) + 0.05) / (a.min(b) + 0.05) * 100.0) as u32
    }

    /// `self` moved towards `other`: 0 is `self`, 1 is `other`.
    #[must_use]
    pub fn mix(self, other: Self, share: f32) -> Self {
        let mix =
            |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share).round() as u8;
        Self(
            mix(self.0, other.0),
            mix(self.1, other.1),
            mix(self.2, other.2),
        )
    }
}

/// Where the lines of a block stand in its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Where reading begins: left, or right for a text that runs from right to left.
    Start,
    /// In the middle.
    Center,
    /// Where reading ends.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// An embedded family, such as [`crate::text::TEXT`].
    pub family: &'static str,
    /// 400, 500, 600 or 700; the nearest that the family has is used.
    pub weight: u16,
    /// Pixels per em.
    pub size: f32,
    /// Its colour; colour glyphs (emoji) keep their own.
    pub color: Color,
    /// Space added between letters, in ems; negative draws them together.
    pub tracking: f32,
    /// Distance between baselines, in ems.
    pub line_height: f32,
    /// Where lines stand in the block.
    pub align: Align,
    /// Whether all figures are equally wide.
    pub tabular: bool,
}

impl Style {
    /// A style with line height 1.2, no tracking and proportional figures.
    pub const fn new(family: &'static str, weight: u16, size: f32, color: Color) -> Self {
        Self {
            family,
            weight,
            size,
            color,
            tracking: 0.0,
            line_height: 1.2,
            align: Align::Start,
            tabular: false,
        }
    }

    /// The same at another size.
    #[must_use]
    pub const fn sized(mut self, size: f32) -> Self {
        self.size = size;
        self
    }

    /// The same in another colour.
    #[must_use]
    pub const fn colored(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    /// The same with other tracking.
    #[must_use]
    pub const fn tracked(mut self, ems: f32) -> Self {
        self.tracking = ems;
        self
    }

    /// The same with another line height.
    #[must_use]
    pub const fn leaded(mut self, ems: f32) -> Self {
        self.line_height = ems;
        self
    }

    /// The same with another alignment.
    #[must_use]
    pub const fn aligned(mut self, align: Align) -> Self {
        self.align = align;
        self
    }

    /// The same with equally wide figures.
    #[must_use]
    pub const fn tabular(mut self) -> Self {
        self.tabular = true;
        self
    }
}
