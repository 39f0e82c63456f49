//! The studio: script → timeline → frames, and narration → sound.
//!
//! Floor 1, pure: text, pixels and samples in; text, pixels and samples out. No files, no
//! clock, no chance that isn't seeded. The same input gives the same bytes on every machine.

mod canvas;
mod frame;
mod layer;
mod prose;
mod sketch;
mod word;

pub mod article;
pub mod caption;
pub mod card;
pub mod metadata;
pub mod paint;
pub mod script;
pub mod sidecar;
pub mod sound;
pub mod spoken;
pub mod text;
pub mod theme;
pub mod thumbnail;
pub mod timeline;

pub use canvas::{Canvas, Rect};
pub use frame::{Rgba, Yuv420};
pub use layer::{Backdrop, Edge, Layer, Motion, MotionKind, Shot, TextBox};
pub use sketch::{NoSketch, Sketch};
pub use word::WordTime;
