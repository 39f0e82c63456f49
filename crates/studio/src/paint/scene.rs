//! One scene's frames: paints what changed since the last one.

use std::ops::Range;
use std::sync::Arc;

use super::blend::blend;
use super::dirty::Dirty;
use super::element::{Element, Look};
use super::resample::{LOADED, Resample, STEP_MAX, Source, Target};
use super::window::Window;
use super::{PaintScene, simd};
use crate::frame::Stamp;
use crate::timeline::Transition;
use crate::{Backdrop, Canvas, Rect, Yuv420};

/// Pixels across a still, so that its chroma planes fill a register.
const PICTURE_WIDTH_MIN: u32 = 2 * LOADED as u32;

/// Paints the frames of one scene, without transitions.
pub(super) struct ScenePainter {
    canvas: Canvas,
    backdrop: Backdrop,
    /// The layers, then the captions, bottom first.
    elements: Vec<Element>,
    /// How many of them are layers.
    layers: usize,
    frames: u32,
    /// How long a still moves: the scene and the transition after it.
    still_frames: u32,
    painted: Option<Painted>,
    identity: Arc<()>,
}

/// What was painted last, and where.
struct Painted {
    paint: u64,
    window: Option<Window>,
    looks: Vec<Option<Look>>,
}

impl ScenePainter {
    /// Prepares a scene.
    pub(super) fn new(canvas: Canvas, scene: PaintScene) -> Self {
        let mut elements: Vec<_> = scene.shot.layers.iter().map(Element::of_layer).collect();
        let layers = elements.len();
        if let Some(captions) = &scene.captions {
            captions.add_elements(&mut elements);
        }
        let painter = Self {
            canvas,
            backdrop: scene.shot.backdrop,
            elements,
            layers,
            frames: scene.frames,
            still_frames: scene.frames + Transition::Crossfade.frames(canvas.fps),
            painted: None,
            identity: Arc::new(()),
        };
        if let Backdrop::Still { picture, .. } = &painter.backdrop {
            assert!(
                picture.width() >= PICTURE_WIDTH_MIN,
                "a still is at least {PICTURE_WIDTH_MIN} pixels wide"
            );
        }
        for frame in [0, painter.still_frames] {
            if let Some(window) = painter.window(frame) {
                let fits = window.step.iter().all(|step| (1..=STEP_MAX).contains(step));
                assert!(
                    fits,
                    "a still's window is at most twice the canvas: scale it first"
                );
            }
        }
        painter
    }

    /// The scene's length in frames.
    pub(super) const fn frames(&self) -> u32 {
        self.frames
    }

    /// Paints a frame, captions included. Frames after the scene's end are defined, too.
    pub(super) fn paint(&mut self, frame: u32, clip: Option<&Yuv420>, out: &mut Yuv420) {
        self.paint_some(0..self.elements.len(), frame, clip, out);
    }

    /// Paints a frame without captions.
    pub(super) fn paint_shot(&mut self, frame: u32, clip: Option<&Yuv420>, out: &mut Yuv420) {
        self.paint_some(0..self.layers, frame, clip, out);
    }

    /// Paints the captions of a frame over a finished picture.
    pub(super) fn paint_captions_over(&self, frame: u32, out: &mut Yuv420) {
        for element in &self.elements[self.layers..] {
            if let Some(look) = element.look(frame) {
                blend(element, &look, self.canvas.bounds(), out);
            }
        }
    }

    /// Tells whether the backdrop moves.
    pub(super) fn moving(&self) -> bool {
        match &self.backdrop {
            Backdrop::Clip => true,
            Backdrop::Still { .. } => self.window(0) != self.window(self.frames),
        }
    }

    /// Tells whether two frames may differ.
    pub(super) fn changes_between(&self, a: u32, b: u32) -> bool {
        matches!(self.backdrop, Backdrop::Clip)
            || self.window(a) != self.window(b)
            || self
                .elements
                .iter()
                .any(|element| element.look(a) != element.look(b))
    }

    fn paint_some(
        &mut self,
        seen: Range<usize>,
        frame: u32,
        clip: Option<&Yuv420>,
        out: &mut Yuv420,
    ) {
        let window = self.window(frame);
        let mut looks: Vec<_> = self.elements[seen]
            .iter()
            .map(|element| element.look(frame))
            .collect();
        looks.resize(self.elements.len(), None);
        for rect in self.changed(window, &looks, out).rects() {
            self.paint_backdrop(window, clip, *rect, out);
            for (element, look) in self.elements.iter().zip(&looks) {
                if let Some(look) = look {
                    blend(element, look, *rect, out);
                }
            }
        }
        let paint = self.painted.as_ref().map_or(0, |painted| painted.paint + 1);
        self.painted = Some(Painted {
            paint,
            window,
            looks,
        });
        out.set_stamp(Stamp {
            painter: Arc::clone(&self.identity),
            paint,
        });
    }

    /// What must be painted so that `out` shows `window` and `looks`: only the differences, if
    /// `out` is as the last paint left it, else everything.
    fn changed(&self, window: Option<Window>, looks: &[Option<Look>], out: &Yuv420) -> Dirty {
        let bounds = self.canvas.bounds();
        let mut dirty = Dirty::default();
        match (&self.painted, out.stamp()) {
            (Some(painted), Some(stamp))
                if Arc::ptr_eq(&stamp.painter, &self.identity)
                    && stamp.paint == painted.paint
                    && painted.window == window
                    && window.is_some() =>
            {
                for ((element, old), new) in self.elements.iter().zip(&painted.looks).zip(looks) {
                    if old != new {
                        for look in [old, new].into_iter().flatten() {
                            dirty.add(element.touched(look), bounds);
                        }
                    }
                }
            }
            _ => dirty.add(bounds, bounds),
        }
        dirty
    }

    fn paint_backdrop(
        &self,
        window: Option<Window>,
        clip: Option<&Yuv420>,
        rect: Rect,
        out: &mut Yuv420,
    ) {
        let picture = match (&self.backdrop, clip) {
            (Backdrop::Still { picture, .. }, _) => &**picture,
            (Backdrop::Clip, Some(clip)) => clip,
            (Backdrop::Clip, None) => panic!("a shot of moving pictures needs a frame of them"),
        };
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let out_width = out.width() as usize;
        let window = window.unwrap_or_else(|| {
            assert_eq!(
                (picture.width(), picture.height()),
                (out.width(), out.height())
            );
            let area = [0.0, 0.0, f64::from(out.width()), f64::from(out.height())];
            Window::new(area, [out.width(), out.height()])
        });
        let sources = picture.planes();
        for (component, pixels) in out.planes_mut().into_iter().enumerate() {
            let half = usize::from(component > 0);
            let columns = rect.x as usize >> half..rect.right() as usize >> half;
            let rows = rect.y as usize >> half..rect.bottom() as usize >> half;
            simd::run(Resample {
                source: Source {
                    pixels: sources[component],
                    size: [width >> half, height >> half],
                },
                window: if half == 0 { window } else { window.halved() },
                target: Target {
                    pixels,
                    width: out_width >> half,
                    columns,
                    rows,
                },
            });
        }
    }

    /// The part of a still that is seen at `frame`; `None` for clips.
    fn window(&self, frame: u32) -> Option<Window> {
        match &self.backdrop {
            Backdrop::Still { from, to, .. } => {
                let size = [self.canvas.width, self.canvas.height];
                Some(Window::at([*from, *to], frame, self.still_frames, size))
            }
            Backdrop::Clip => None,
        }
    }
}
