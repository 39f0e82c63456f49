//! The surface everything is drawn on.

use serde::{Deserialize, Serialize};
use ytempire_core::brief::Format;

/// Size and speed of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Canvas {
    /// Pixels across; even.
    pub width: u32,
    /// Pixels down; even.
    pub height: u32,
    /// Frames per second.
    pub fps: u32,
}

impl Canvas {
    /// The canvas of a format: 1080p at 30 frames per second.
    pub const fn of(format: Format) -> Self {
        let (width, height) = match format {
            Format::Landscape => (1920, 1080),
            Format::Portrait => (1080, 1920),
            Format::Square => (1080, 1080),
        };
        Self {
            width,
            height,
            fps: 30,
        }
    }

    /// The whole surface.
    pub const fn bounds(self) -> Rect {
        Rect {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }

    /// The middle 90 % each way: nothing that must be read may leave it.
    pub const fn title_safe(self) -> Rect {
        Rect {
            x: (self.width / 20) as i32,
            y: (self.height / 20) as i32,
            width: self.width - self.width / 10,
            height: self.height - self.height / 10,
        }
    }

    /// The frame shown at `millis`, rounded down.
    pub const fn frame_at(self, millis: u64) -> u32 {
        (millis * self.fps as u64 / 1000) as u32
    }
}

/// An upright rectangle in whole pixels; may lie partly outside the canvas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Rect {
    /// The first column to the right of it.
    pub const fn right(self) -> i32 {
        self.x + self.width as i32
    }

    /// The first row below it.
    pub const fn bottom(self) -> i32 {
        self.y + self.height as i32
    }

    /// What both cover; empty (zero width and height) if they don't meet.
    #[must_use]
    pub fn intersect(self, other: Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (
            self.right().min(other.right()),
            self.bottom().min(other.bottom()),
        );
        if right <= x || bottom <= y {
            return Self::default();
        }
        Self {
            x,
            y,
            width: (right - x) as u32,
            height: (bottom - y) as u32,
        }
    }

    /// The smallest rectangle around both; an empty one adds nothing.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (right, bottom) = (
            self.right().max(other.right()),
            self.bottom().max(other.bottom()),
        );
        Self {
            x,
            y,
            width: (right - x) as u32,
            height: (bottom - y) as u32,
        }
    }

    /// Tells whether it covers nothing.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Tells whether `inner` lies wholly within it.
    pub const fn contains(self, inner: Self) -> bool {
        inner.x >= self.x
            && inner.y >= self.y
            && inner.right() <= self.right()
            && inner.bottom() <= self.bottom()
    }
}
