//! Burned-in captions: groups drawn once, words that light up as they are spoken.

mod draw;

use std::sync::Arc;

use super::element::{Element, Glow};
use super::sprite::Sprite;
use crate::{Motion, MotionKind, Rgba, TextBox};

/// Frames a group takes to appear after a pause and to disappear before one: quick, as it must
/// be readable at once, yet no pop.
const FADE_FRAMES: u32 = 3;
/// Frames a word takes to light up and to go out.
const GLOW_FRAMES: u32 = 3;

/// A scene's captions, drawn.
#[derive(Clone, Debug, Default)]
pub struct CaptionTrack {
    /// The groups, in order; they never overlap in time.
    pub groups: Vec<DrawnCaption>,
}

/// A caption group, drawn.
#[derive(Clone, Debug)]
pub struct DrawnCaption {
    /// The scene's frame at which it appears.
    pub from: u32,
    /// The frame at which it is gone.
    pub to: u32,
    /// What lies behind the words, and where its top left corner stands.
    pub plate: Option<(Arc<Rgba>, i32, i32)>,
    /// The words, in order.
    pub words: Vec<DrawnWord>,
    /// Its lines as laid out, for checks.
    pub texts: Vec<TextBox>,
}

/// A word, drawn.
#[derive(Clone, Debug)]
pub struct DrawnWord {
    /// The word at rest.
    pub still: Arc<Rgba>,
    /// The word while it is spoken; of the same size.
    pub spoken: Arc<Rgba>,
    /// Left edge, in canvas pixels.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// The scene's frame at which it begins to be spoken.
    pub from: u32,
    /// The frame at which it is over.
    pub to: u32,
}

impl CaptionTrack {
    /// Adds everything that the captions consist of.
    pub(super) fn add_elements(&self, elements: &mut Vec<Element>) {
        for (index, group) in self.groups.iter().enumerate() {
            // Where groups follow at once, a fade would let the plate blink.
            let follows = index > 0 && self.groups[index - 1].to >= group.from;
            let followed = self
                .groups
                .get(index + 1)
                .is_some_and(|next| next.from <= group.to);
            let frames = |cut: bool| {
                if cut {
                    0
                } else {
                    FADE_FRAMES.min((group.to - group.from) / 2)
                }
            };
            let enter = Motion {
                kind: MotionKind::Fade,
                at: group.from,
                frames: frames(follows),
            };
            let gone = frames(followed);
            let exit = Motion {
                kind: MotionKind::Fade,
                at: group.to - gone,
                frames: gone,
            };
            if let Some((plate, x, y)) = &group.plate {
                let sprite = Arc::new(Sprite::new(plate, *x, *y));
                elements.push(Element::new(sprite, enter, Some(exit)));
            }
            for word in &group.words {
                let sprite = |paint: &Rgba| Arc::new(Sprite::new(paint, word.x, word.y));
                let mut element = Element::new(sprite(&word.still), enter, Some(exit));
                let glow = Glow {
                    from: word.from,
                    to: word.to,
                    ramp: GLOW_FRAMES,
                };
                element.glowing = Some((sprite(&word.spoken), glow));
                elements.push(element);
            }
        }
    }
}
