//! What a scene shows: a backdrop and layers over it that enter and leave.
//!
//! Cards and themes produce a [`Shot`]; the compositor turns it into frames.

use crate::{Rect, Rgba, Yuv420};

/// Everything a scene shows except its captions.
#[derive(Clone, Debug)]
pub struct Shot {
    /// What fills the canvas.
    pub backdrop: Backdrop,
    /// What lies over it, bottom first.
    pub layers: Vec<Layer>,
    /// Every text drawn into `layers`, for layout checks: inside the safe area, not overlapping.
    pub texts: Vec<TextBox>,
    /// Where captions may stand; layers keep out of it.
    pub caption_area: Rect,
}

/// What fills the canvas behind the layers.
#[derive(Clone, Debug)]
pub enum Backdrop {
    /// A still, seen through a window that moves from `from` to `to` over the scene's length
    /// with eased sub-pixel steps. Windows are in pixels of `picture` (`f64`: x, y, width,
    /// height), of the canvas's shape and inside the picture.
    Still {
        /// The picture, at least as large as its windows.
        picture: std::sync::Arc<Yuv420>,
        /// The window at the first frame.
        from: [f64; 4],
        /// The window at the last frame.
        to: [f64; 4],
    },
    /// Moving pictures: the caller hands over one canvas-sized frame at each paint.
    Clip,
}

/// A painted rectangle that enters, rests and leaves.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The paint.
    pub pixels: std::sync::Arc<Rgba>,
    /// Where its left edge rests, in canvas pixels.
    pub x: i32,
    /// Where its top edge rests.
    pub y: i32,
    /// How it enters; before `enter.at` it is not there.
    pub enter: Motion,
    /// How it leaves; after `exit.at + exit.frames` it is gone. `None`: it stays.
    pub exit: Option<Motion>,
}

/// A change that begins at a frame of the scene and takes some frames, eased.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// What changes.
    pub kind: MotionKind,
    /// The scene's frame at which it begins.
    pub at: u32,
    /// Frames it takes; 0 is a cut.
    pub frames: u32,
}

/// What changes during a [`Motion`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MotionKind {
    /// Opacity alone.
    Fade,
    /// Opacity, while it comes up (positive) or down (negative) by some pixels.
    Rise(f32),
    /// Opacity, while it comes from the right (positive) or the left by some pixels.
    Slide(f32),
    /// It is uncovered from an edge, as bars grow and lines are drawn.
    Reveal(Edge),
}

/// A side of a rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Uncovered from the left edge rightwards.
    Left,
    /// Uncovered from the right edge leftwards.
    Right,
    /// Uncovered from the top edge downwards.
    Top,
    /// Uncovered from the bottom edge upwards.
    Bottom,
}

/// A text as it was laid out, for checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextBox {
    /// The text.
    pub text: String,
    /// Where its ink lies at rest, in canvas pixels.
    pub area: Rect,
    /// Contrast of its colour against what lies behind it, times 100 (WCAG: 450 is 4.5 : 1).
    pub contrast_x100: u32,
}
