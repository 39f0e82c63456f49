//! From a scene's parts to what the painter needs.

use std::sync::Arc;

use serde::Serialize;
use studio::caption::{CaptionLimits, group};
use studio::card::{self, CardError, Cues, Look, Place};
use studio::paint::{CaptionTrack, PaintScene};
use studio::script::{Scene, Script};
use studio::text::Typesetter;
use studio::timeline::SceneTiming;
use studio::{Canvas, Shot, Yuv420};
use ytempire_core::Code;

use super::illustrate::{Illustrated, Shown};
use super::narrate::Narrated;
use crate::attempt::Attempt;
use crate::error::StageError;

/// All that a scene's frames depend on: part of the segment's key.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SceneSource {
    pub(super) index: usize,
    total: usize,
    title: String,
    headings: Vec<String>,
    scene: Scene,
    pub(super) narrated: Narrated,
    pub(super) shown: Illustrated,
}

impl SceneSource {
    pub(super) fn of(
        script: &Script,
        index: usize,
        narrated: Narrated,
        shown: Illustrated,
    ) -> Result<Self, StageError> {
        let scene = script.scenes.get(index).cloned();
        Ok(Self {
            index,
            total: script.scenes.len(),
            title: script.title.clone(),
            headings: script
                .scenes
                .iter()
                .map(|scene| scene.heading.clone())
                .collect(),
            scene: scene.ok_or_else(|| StageError::bug(format!("no scene {index}")))?,
            narrated,
            shown,
        })
    }

    pub(super) fn timing(&self, canvas: Canvas) -> SceneTiming {
        SceneTiming::of(
            self.narrated.millis,
            canvas.fps,
            self.index + 1 == self.total,
        )
    }
}

/// The scene, ready to be painted; without captions where only its picture is needed.
pub(super) fn paint_scene(
    attempt: &Attempt,
    source: &SceneSource,
    captions: bool,
) -> Result<PaintScene, StageError> {
    let canvas = attempt.request.canvas();
    let timing = source.timing(canvas);
    let mut setter = Typesetter::new();
    let shot = shot(attempt, source, timing, &mut setter)?;
    let captions = (captions && attempt.request.burns_captions()).then(|| {
        let groups = group(
            &source.narrated.words,
            CaptionLimits::of(attempt.request.format),
        );
        let style = attempt.request.theme();
        CaptionTrack::draw(
            &mut setter,
            style,
            canvas,
            shot.caption_area,
            &groups,
            timing,
        )
    });
    Ok(PaintScene {
        shot,
        captions,
        frames: timing.frames(),
    })
}

fn shot(
    attempt: &Attempt,
    source: &SceneSource,
    timing: SceneTiming,
    setter: &mut Typesetter,
) -> Result<Shot, StageError> {
    let request = &attempt.request;
    let canvas = request.canvas();
    let look = Look {
        theme: request.theme(),
        canvas,
        captions: request.burns_captions(),
    };
    let place = Place {
        index: source.index,
        total: source.total,
        title: &source.title,
        headings: &source.headings,
        channel: None,
    };
    let lead_ms = timing.lead_in * 1000 / timing.fps;
    let cues = Cues::of(&source.narrated.words, canvas, lead_ms);
    let frames = timing.frames();
    let drawn = match &source.shown.shown {
        Shown::Card => card::draw(setter, &look, &source.scene, &place, frames, &cues),
        Shown::Picture {
            file,
            width,
            height,
        } => {
            let path = attempt.artifact(&file.id)?;
            let bytes = std::fs::read(path)?;
            let picture = Yuv420::from_bytes(*width, *height, bytes).ok_or_else(|| {
                let text = format!("artifact {} is no picture of {width} × {height}", file.id);
                StageError::discard(Code::ArtifactDamaged, anyhow::anyhow!(text))
            })?;
            card::picture(
                setter,
                &look,
                Arc::new(picture),
                &source.scene,
                &place,
                frames,
            )
        }
        Shown::Clip { .. } => card::clip(setter, &look, &source.scene, &place, frames),
    };
    drawn.map_err(|e| match e {
        CardError::MissingGlyphs(_) => StageError::discard(Code::GlyphsMissing, e),
        CardError::BadChart { .. } => StageError::discard(Code::ScriptMalformed, e),
    })
}
