//! The two films that are measured: pictures under a slow camera, and drawn cards.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use studio::caption::{CaptionLimits, group};
use studio::card::{self, Cues, Look, Place};
use studio::paint::{CaptionTrack, PaintScene, Painter};
use studio::script::{Scene, Visual};
use studio::text::Typesetter;
use studio::theme::Theme;
use studio::timeline::{SceneTiming, Transition};
use studio::{Canvas, WordTime, Yuv420};
use ytempire_core::brief::Format;

use crate::picture;

/// What both are drawn on.
pub(crate) const CANVAS: Canvas = Canvas::of(Format::Landscape);

/// Frames of a scene with a picture: ten of them are a minute.
const PICTURE_FRAMES: u32 = 180;

/// A narration of three words a second, as captions are made from it.
const WORDS: &str = "Nobody had ever been so deep and for half a century nobody came back to look \
    although it lies no farther away than the next town";

/// A film.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    /// Ten pictures of 2048 × 1152, each six seconds under a slow camera, with crossfades and
    /// captions.
    Pictures,
    /// The first minute of the example on the deep sea: drawn cards with captions.
    Cards,
}

/// A film, ready to be drawn.
pub(crate) struct Film {
    case: Case,
    scenes: Vec<FilmScene>,
}

struct FilmScene {
    scene: Scene,
    words: Vec<WordTime>,
    timing: SceneTiming,
    picture: Option<Arc<Yuv420>>,
}

impl Film {
    /// The first scenes of a film, about `frames` frames of it. `folder` holds the pictures.
    pub(crate) fn open(case: Case, frames: u32, folder: &Path) -> Result<Self> {
        let mut scenes = match case {
            Case::Pictures => pictures(folder)?,
            Case::Cards => cards()?,
        };
        let mut sum = 0;
        let fits = scenes.iter().take_while(|scene| {
            let begins = sum < frames;
            sum += scene.timing.frames();
            begins
        });
        let count = fits.count();
        scenes.truncate(count);
        Ok(Self { case, scenes })
    }

    /// How many scenes it has.
    pub(crate) fn scenes(&self) -> usize {
        self.scenes.len()
    }

    /// Frames of all scenes.
    pub(crate) fn frames(&self) -> u32 {
        self.scenes.iter().map(|scene| scene.timing.frames()).sum()
    }

    /// The painter of a scene, as the product makes it.
    pub(crate) fn painter(&self, index: usize) -> Result<Painter> {
        let scene = self.paint_scene(index, true)?;
        let before = match index.checked_sub(1) {
            Some(before) => Some(self.paint_scene(before, false)?),
            None => None,
        };
        let transition = match self.case {
            Case::Pictures if index > 0 => Transition::Crossfade,
            _ => Transition::of(index, 0),
        };
        Ok(Painter::new(CANVAS, scene, before, transition))
    }

    fn paint_scene(&self, index: usize, captions: bool) -> Result<PaintScene> {
        let mut setter = Typesetter::new();
        let this = &self.scenes[index];
        let look = Look {
            theme: Theme::plain(),
            canvas: CANVAS,
            captions: true,
        };
        let headings: Vec<String> = self
            .scenes
            .iter()
            .map(|scene| scene.scene.heading.clone())
            .collect();
        let place = Place {
            index,
            total: self.scenes.len(),
            title: "A film of the benchmark",
            headings: &headings,
            channel: None,
        };
        let frames = this.timing.frames();
        let shot = if let Some(picture) = &this.picture {
            let picture = Arc::clone(picture);
            card::picture(&mut setter, &look, picture, &this.scene, &place, frames)?
        } else {
            let lead_ms = this.timing.lead_in * 1000 / this.timing.fps;
            let cues = Cues::of(&this.words, CANVAS, lead_ms);
            card::draw(&mut setter, &look, &this.scene, &place, frames, &cues)?
        };
        let captions = captions.then(|| {
            let groups = group(&this.words, CaptionLimits::of(Format::Landscape));
            let area = shot.caption_area;
            CaptionTrack::draw(&mut setter, look.theme, CANVAS, area, &groups, this.timing)
        });
        Ok(PaintScene {
            shot,
            captions,
            frames,
        })
    }
}

/// Words at an even pace, and how long they take.
fn spoken(text: &str, word_ms: u32) -> (Vec<WordTime>, u64) {
    let words: Vec<WordTime> = text
        .split_whitespace()
        .zip(0_u32..)
        .map(|(word, n)| WordTime {
            text: word.to_owned(),
            start_ms: n * word_ms,
            end_ms: n * word_ms + word_ms * 9 / 10,
        })
        .collect();
    let millis = words.len() as u64 * u64::from(word_ms);
    (words, millis)
}

/// What is said over each picture, as far as there is time for it.
pub(crate) fn picture_words(narration_ms: u32) -> Vec<WordTime> {
    let (mut words, _) = spoken(WORDS, 330);
    words.retain(|word| word.end_ms < narration_ms);
    words
}

fn pictures(folder: &Path) -> Result<Vec<FilmScene>> {
    let scene = |index: u32| {
        let path = folder.join(format!("{index}.yuv"));
        let bytes = std::fs::read(&path).with_context(|| format!("no {}", path.display()))?;
        let picture = Yuv420::from_bytes(picture::WIDTH, picture::HEIGHT, bytes);
        let last = index == 9;
        // So long that lead-in, narration and tail are 180 frames together.
        let rest = SceneTiming::of(3_000, CANVAS.fps, last).frames() - 90;
        let narration_ms = u64::from(PICTURE_FRAMES - rest) * 1000 / u64::from(CANVAS.fps);
        let words = picture_words(narration_ms as u32);
        Ok(FilmScene {
            scene: Scene {
                heading: String::new(),
                narration: WORDS.to_owned(),
                visual: Visual::Heading { text: None },
                picture_hint: None,
            },
            words,
            timing: SceneTiming::of(narration_ms, CANVAS.fps, last),
            picture: Some(Arc::new(picture.context("a picture has another size")?)),
        })
    };
    (0..10).map(scene).collect()
}

fn cards() -> Result<Vec<FilmScene>> {
    let text = include_str!("../../../examples/deep-sea.toml");
    let brief: toml::Table = text.parse()?;
    let script = brief
        .get("script")
        .and_then(toml::Value::as_str)
        .context("the example has no script")?;
    let script = studio::script::parse(script, Some("A film of the benchmark"))?;
    let total = script.scenes.len();
    let scene = |(index, scene): (usize, Scene)| {
        let (words, millis) = spoken(&scene.narration, 375);
        let timing = SceneTiming::of(millis, CANVAS.fps, index + 1 == total);
        FilmScene {
            scene,
            words,
            timing,
            picture: None,
        }
    };
    Ok(script.scenes.into_iter().enumerate().map(scene).collect())
}
