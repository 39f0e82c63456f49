//! The timeline: from the narrations' lengths to whole frames.
//!
//! A scene's frames follow from its own narration and from whether it is the last one; nothing
//! else. So scenes are drawn and encoded independently, on any machine, in any order, and their
//! segments still join without a gap.

mod transition;

use serde::{Deserialize, Serialize};

pub use transition::Transition;

use crate::Canvas;

/// Milliseconds of picture before a scene's narration begins: the eye arrives first. Below the
/// 0.5 s of silence that a video may open with.
const LEAD_IN_MS: u64 = 350;
/// Milliseconds of picture after it. With the next lead-in a pause of 0.9 s, which is what a
/// speaker takes between paragraphs; above 1.5 s it would count as dead air.
const TAIL_MS: u64 = 550;
/// The same for the last scene, so that the end card is read and the music goes out; below the
/// 2 s of silence that it may end with.
const LAST_TAIL_MS: u64 = 1_800;
/// The shortest scene: less can't be taken in.
const SCENE_MS_MIN: u64 = 2_000;
/// How long a transition takes.
const TRANSITION_MS: u64 = 500;

/// A scene's length in frames, part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SceneTiming {
    /// Frames per second.
    pub fps: u32,
    /// Frames before the narration begins.
    pub lead_in: u32,
    /// Frames during which it is heard, the last one perhaps not to its end.
    pub narration: u32,
    /// Frames after it.
    pub tail: u32,
}

impl SceneTiming {
    /// Times a scene whose narration takes `narration_ms`.
    pub fn of(narration_ms: u64, fps: u32, last: bool) -> Self {
        let lead_in = nearest(LEAD_IN_MS, fps);
        let narration = (narration_ms * u64::from(fps)).div_ceil(1_000) as u32;
        let rest = nearest(if last { LAST_TAIL_MS } else { TAIL_MS }, fps);
        let short_by = nearest(SCENE_MS_MIN, fps).saturating_sub(lead_in + narration + rest);
        Self {
            fps,
            lead_in,
            narration,
            tail: rest + short_by,
        }
    }

    /// The scene's length in frames.
    pub const fn frames(self) -> u32 {
        self.lead_in + self.narration + self.tail
    }

    /// The scene's frame that is on screen when `narration_ms` of its narration have been heard.
    pub const fn frame_at(self, narration_ms: u32) -> u32 {
        self.lead_in + (narration_ms as u64 * self.fps as u64 / 1_000) as u32
    }

    /// Where the narration begins within the scene's sound, in samples of `rate` a second. Exact
    /// where `rate` is a multiple of the frame rate (48,000 and 30: 1,600 samples a frame).
    pub const fn narration_at_sample(self, rate: u32) -> u64 {
        self.lead_in as u64 * rate as u64 / self.fps as u64
    }

    /// The scene's length in samples of `rate` a second.
    pub const fn samples(self, rate: u32) -> u64 {
        self.frames() as u64 * rate as u64 / self.fps as u64
    }
}

/// All scenes of a video on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The scenes, in order.
    pub scenes: Vec<PlacedScene>,
}

/// A scene's place on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedScene {
    /// The video's frame at which the scene begins.
    pub at: u32,
    /// Its length.
    pub timing: SceneTiming,
    /// How it takes over from the scene before it, during its own first frames.
    pub transition: Transition,
}

impl Timeline {
    /// Places the scenes whose narrations take `narrations_ms`. `seed` picks the flavour of the
    /// transitions; the same for all scenes of a video.
    pub fn new(narrations_ms: &[u64], canvas: Canvas, seed: u64) -> Self {
        let mut at = 0;
        let scenes = narrations_ms.iter().enumerate().map(|(index, &ms)| {
            let timing = SceneTiming::of(ms, canvas.fps, index + 1 == narrations_ms.len());
            let placed = PlacedScene {
                at,
                timing,
                transition: Transition::of(index, seed),
            };
            at += timing.frames();
            placed
        });
        Self {
            scenes: scenes.collect(),
        }
    }

    /// The video's length in frames.
    pub fn frames(&self) -> u32 {
        self.scenes
            .last()
            .map_or(0, |scene| scene.at + scene.timing.frames())
    }
}

impl PlacedScene {
    /// Milliseconds from the start of the video to the scene's first frame, rounded.
    pub fn start_ms(self) -> u64 {
        millis(self.at, self.timing.fps)
    }

    /// Milliseconds from the start of the video to the start of the scene's narration, rounded:
    /// what is added to a [`crate::WordTime`] to find it in the finished video.
    pub fn narration_start_ms(self) -> u64 {
        millis(self.at + self.timing.lead_in, self.timing.fps)
    }
}

/// Frames in `ms`, to the nearest.
const fn nearest(ms: u64, fps: u32) -> u32 {
    ((ms * fps as u64 + 500) / 1_000) as u32
}

/// Milliseconds that `frames` take, to the nearest.
fn millis(frames: u32, fps: u32) -> u64 {
    let fps = u64::from(fps);
    (u64::from(frames) * 1_000 + fps / 2) / fps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ytempire_core::brief::Format;

    use super::*;

    const CANVAS: Canvas = Canvas::of(Format::Landscape);

    #[test]
    fn a_scene_is_its_narration_with_air_around_it() {
        let timing = SceneTiming::of(5_010, 30, false);
        assert_eq!(
            (timing.lead_in, timing.narration, timing.tail),
            (11, 151, 17)
        );
        assert_eq!(timing.frames(), 179);
        assert_eq!(timing.narration_at_sample(48_000), 17_600);
        assert_eq!(timing.samples(48_000), 179 * 1_600);
    }

    #[test]
    fn a_word_is_seen_no_later_than_it_is_heard() {
        let timing = SceneTiming::of(5_000, 30, false);
        assert_eq!(timing.frame_at(0), 11);
        assert_eq!(timing.frame_at(33), 11);
        assert_eq!(timing.frame_at(34), 12);
    }

    proptest! {
        #[test]
        fn scenes_join_without_gap_and_pauses_stay_short(
            narrations in prop::collection::vec(500_u64..60_000, 1..30),
            fps in prop::sample::select(vec![24_u32, 25, 30, 50, 60]),
        ) {
            let line = Timeline::new(&narrations, Canvas { fps, ..CANVAS }, 7);
            let mut at = 0;
            for (index, scene) in line.scenes.iter().enumerate() {
                let timing = scene.timing;
                prop_assert_eq!(scene.at, at);
                at += timing.frames();
                prop_assert!(timing.frames() >= 2 * fps);
                prop_assert!(u64::from(timing.narration) * 1_000 >= narrations[index] * u64::from(fps));
                prop_assert!(scene.transition.frames(fps) < timing.frames() / 2);
                let last = index + 1 == narrations.len();
                let silence = timing.tail + if last { 0 } else { timing.lead_in };
                let silence_ms_max = if last { 1_999 } else { 1_540 };
                prop_assert!(silence * 1_000 <= fps * silence_ms_max);
                // A scene's length depends on its own narration only.
                prop_assert_eq!(timing, SceneTiming::of(narrations[index], fps, last));
            }
            prop_assert_eq!(line.frames(), at);
        }
    }
}
