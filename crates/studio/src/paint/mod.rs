//! The compositor: from a scene's shot to frames in planar YUV 4:2:0.
//!
//! The way of a frame, and the reading order:
//!
//! 1. [`ease`]: how far a motion has come at a frame. [`window`]: which part of a still is seen.
//! 2. [`sprite`]: a layer's paint, converted once to YUV with alpha. [`element`]: a sprite with
//!    its motions; tells its [`element::Look`] at any frame.
//! 3. [`captions`]: caption groups, drawn once, as elements whose words light up.
//! 4. [`scene`]: compares the looks of two frames and repaints the rectangles that differ:
//!    first the backdrop ([`resample`]), then the elements over it ([`blend`]).
//! 5. [`mix`]: the transition from the scene before. [`Painter`] puts it all together.
//!
//! Everything after step 1 is integer arithmetic. [`simd`] only lets the compiler use wider
//! registers where the machine has them; the bytes are the same without.
//!
//! Every frame is a pure function of its number: what an earlier call left in the picture is
//! only used to paint less, never to paint differently.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined into a kernel is not compiled for wide registers"
)]

mod blend;
mod captions;
mod dirty;
mod ease;
mod element;
mod mix;
mod resample;
mod scene;
mod simd;
mod sprite;
mod window;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use captions::{CaptionTrack, DrawnCaption, DrawnWord};

use crate::timeline::Transition;
use crate::{Backdrop, Canvas, Shot, Yuv420};
use scene::ScenePainter;

/// A scene, ready to be painted.
#[derive(Clone, Debug)]
pub struct PaintScene {
    /// What it shows.
    pub shot: Shot,
    /// Its burned-in captions.
    pub captions: Option<CaptionTrack>,
    /// Its length.
    pub frames: u32,
}

/// Paints the frames of one scene.
pub struct Painter {
    canvas: Canvas,
    scene: ScenePainter,
    takeover: Option<Takeover>,
}

/// The scene before and the way from it to this one.
struct Takeover {
    before: ScenePainter,
    transition: Transition,
    frames: u32,
    /// What the old scene and the new one show; only kept while the transition lasts.
    pictures: Option<Box<(Yuv420, Yuv420)>>,
}

impl Painter {
    /// Prepares a scene: converts its layers and captions.
    ///
    /// `previous` is the scene before it, whose shot is seen under the transition. Captions of
    /// `previous` are not painted; they end before their scene does. An outgoing clip can't go
    /// on after its end: the caller hands over a still of its last frame instead, else the
    /// scenes are cut.
    pub fn new(
        canvas: Canvas,
        scene: PaintScene,
        previous: Option<PaintScene>,
        transition: Transition,
    ) -> Self {
        let frames = transition.frames(canvas.fps).min(scene.frames);
        let takeover = previous
            .filter(|before| frames > 0 && !matches!(before.shot.backdrop, Backdrop::Clip))
            .map(|before| {
                let before = ScenePainter::new(
                    canvas,
                    PaintScene {
                        captions: None,
                        ..before
                    },
                );
                Takeover {
                    before,
                    transition,
                    frames,
                    pictures: None,
                }
            });
        Self {
            canvas,
            scene: ScenePainter::new(canvas, scene),
            takeover,
        }
    }

    /// Paints a frame of the scene into `out`.
    ///
    /// Calls in order with the same `out` are fast, as only what changed is painted again; any
    /// other order gives the same bytes. `clip` is the moving picture's frame, canvas-sized,
    /// where the shot has one.
    ///
    /// # Panics
    /// If `out` or `clip` is not of the canvas's size, or a shot of moving pictures gets no
    /// `clip`: the caller mixed up its scenes.
    pub fn paint(&mut self, frame: u32, clip: Option<&Yuv420>, out: &mut Yuv420) {
        assert_eq!(
            (out.width(), out.height()),
            (self.canvas.width, self.canvas.height)
        );
        let Some(takeover) = &mut self.takeover else {
            return self.scene.paint(frame, clip, out);
        };
        if frame >= takeover.frames {
            takeover.pictures = None;
            return self.scene.paint(frame, clip, out);
        }
        let (old, new) = &mut **takeover.pictures.get_or_insert_with(|| {
            let black = Yuv420::black(self.canvas.width, self.canvas.height);
            Box::new((black.clone(), black))
        });
        takeover
            .before
            .paint(takeover.before.frames() + frame, None, old);
        self.scene.paint_shot(frame, clip, new);
        mix::mix(takeover.transition, frame, takeover.frames, [old, new], out);
        self.scene.paint_captions_over(frame, out);
    }

    /// The scene's length in frames.
    pub const fn frames(&self) -> u32 {
        self.scene.frames()
    }

    /// Tells whether the backdrop moves, so that no two frames in a row look alike.
    pub fn moving(&self) -> bool {
        self.scene.moving()
    }

    /// The stretches of at least `frames_min` frames during which the picture stands perfectly
    /// still: a validator that looks for frozen pictures expects these and no others.
    pub fn still_stretches(&self, frames_min: u32) -> Vec<Range<u32>> {
        let begin = self.takeover.as_ref().map_or(0, |takeover| takeover.frames);
        let mut stretches = Vec::new();
        let mut since = begin;
        for frame in begin..self.frames() {
            let next = frame + 1;
            if next == self.frames() || self.scene.changes_between(frame, next) {
                if next - since >= frames_min {
                    stretches.push(since..next);
                }
                since = next;
            }
        }
        stretches
    }
}
