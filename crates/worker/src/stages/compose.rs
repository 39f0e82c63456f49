//! Compose: a scene's frames, drawn straight into the encoder's pipe: a segment.

use media::child;
use media::encode::{Codec, Encoder, Fault, Settings};
use media::ingest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{ArtifactRow, Settlement};
use studio::paint::Painter;
use studio::script::Script;
use studio::timeline::{SceneTiming, Transition};
use studio::{Canvas, Sketch, TextBox, Yuv420};
use ytempire_core::Code;

use super::graph::SceneArgs;
use super::illustrate::{Illustrated, Shown, asset_failed};
use super::narrate::Narrated;
use super::shot::{SceneSource, paint_scene};
use super::{Done, local};
use crate::attempt::{Attempt, Follow, Made};
use crate::error::StageError;
use crate::plan::words;

/// What this stage gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Composed {
    /// The segment: an MP4 file without sound.
    pub(super) segment: ArtifactRow,
    /// Its frames.
    pub(super) frames: u32,
    /// Texts that leave the safe area, meet each other or lack contrast; none, we hope.
    pub(super) layout: Vec<String>,
    /// Frames during which nothing moves by design, as ranges.
    pub(super) still: Vec<(u32, u32)>,
    /// What its middle frame looks like.
    pub(super) middle: Sketch,
    /// Whether the encoder ran sandboxed.
    pub(super) sandboxed: bool,
    /// By what it was encoded: segments of two encoders don't make one file.
    #[serde(default)]
    pub(super) encoder: Codec,
    /// What it was to be encoded by, and why it wasn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) substituted: Option<String>,
}

impl Composed {
    /// The frame that `middle` is of.
    pub(super) const fn middle_frame(&self) -> u32 {
        middle_of(self.frames)
    }
}

const fn middle_of(frames: u32) -> u32 {
    frames / 2
}

/// How often the wish to stop is looked at, in frames.
const LOOK: u32 = 8;

/// Stillness shorter than this is nobody's business: two seconds at 30 frames.
const STILL_FRAMES: u32 = 55;

pub(crate) async fn run(attempt: &Attempt) -> Result<Settlement, StageError> {
    let args: SceneArgs = attempt.args()?;
    let script: Script = attempt.input(0)?;
    let sources = sources(attempt, &script, args.scene)?;
    let narration = script
        .scenes
        .get(args.scene)
        .map_or("", |scene| scene.narration.as_str());
    let words = words(narration);
    let mut substituted = None;
    let mut done = None;
    if args.encoder.on_gpu() {
        match on_gpu(attempt, &sources, &args, words).await? {
            Ok(encoded) => done = Some(encoded),
            Err(why) => {
                let (was, is) = (args.encoder.name(), Codec::X264.name());
                substituted = Some(format!("encoded by {is} instead of {was}: {why}"));
            }
        }
    }
    let mut done = match done {
        Some(done) => done,
        None => encoded(attempt, &sources, (Codec::X264, args.take), words).await?,
    };
    if let (Some(why), Some(output)) = (substituted, done.output.as_object_mut()) {
        // Not in what is cached: another video may want just this.
        output.insert("substituted".to_owned(), why.into());
    }
    attempt.parts.crash.pass("compose.after_artifact");
    Ok(done.settle(attempt, Follow::default()))
}

/// The segment, taken from the cache or made. The encoder is part of the key.
async fn encoded(
    attempt: &Attempt,
    sources: &[SceneSource],
    (codec, take): (Codec, u32),
    words: u64,
) -> Result<Done, StageError> {
    let settings = settings(attempt, codec);
    let inputs = json!({
        "sources": sources, "settings": settings, "canvas": attempt.request.canvas(),
        "theme": attempt.request.theme, "captions": attempt.request.burns_captions(),
        "format": attempt.request.format, "take": take,
    });
    let sources = sources.to_vec();
    let work = move |attempt: &Attempt| compose(attempt, &sources, settings);
    local(attempt, &inputs, words, work).await
}

/// The segment encoded on a GPU, or why no GPU could: then it is to be encoded without, at once.
async fn on_gpu(
    attempt: &Attempt,
    sources: &[SceneSource],
    args: &SceneArgs,
    words: u64,
) -> Result<Result<Done, String>, StageError> {
    let encoders = &attempt.parts.encoders;
    if !encoders.takes_work() {
        return Ok(Err("no GPU can encode where it was made".to_owned()));
    }
    let session = encoders.session();
    let done = encoded(attempt, sources, (args.encoder, args.take), words).await;
    let error = match done {
        Ok(done) => {
            encoders.went_well();
            return Ok(Ok(done));
        }
        Err(error) => error,
    };
    let child = error.source.downcast_ref::<child::Error>();
    let Some(fault) = child.and_then(Fault::of_child) else {
        return Err(error);
    };
    let parts = &attempt.parts;
    let machine = parts.look();
    encoders.failed(parts.now(), (fault, &error.text()), &machine);
    drop(session);
    Ok(Err(fault.in_words().to_owned()))
}

/// The scene and, from the second on, the one before it.
fn sources(
    attempt: &Attempt,
    script: &Script,
    scene: usize,
) -> Result<Vec<SceneSource>, StageError> {
    let mut sources = vec![SceneSource::of(
        script,
        scene,
        attempt.input(1)?,
        attempt.input(2)?,
    )?];
    if let Some(before) = scene.checked_sub(1) {
        let (narrated, shown): (Narrated, Illustrated) = (attempt.input(3)?, attempt.input(4)?);
        sources.push(SceneSource::of(script, before, narrated, shown)?);
    }
    Ok(sources)
}

/// One thread an encoder: segments run side by side, and the bytes are the same on any machine.
fn settings(attempt: &Attempt, codec: Codec) -> Settings {
    Settings {
        codec,
        threads: 1,
        ..Settings::of(attempt.request.tier)
    }
}

fn compose(
    attempt: &Attempt,
    sources: &[SceneSource],
    settings: Settings,
) -> Result<Made, StageError> {
    let canvas = attempt.request.canvas();
    let current = &sources[0];
    let timing = current.timing(canvas);
    let scene = paint_scene(attempt, current, true)?;
    let layout = layout(canvas, &scene);
    let before = match sources.get(1) {
        Some(before) => Some(paint_scene(attempt, before, false)?),
        None => None,
    };
    let transition = if before.is_some() {
        Transition::of(current.index, 0)
    } else {
        Transition::Cut
    };
    let mut painter = Painter::new(canvas, scene, before, transition);
    let path = attempt.folder.join("segment.mp4");
    let mut encoder = Encoder::start(&attempt.tools, &settings, canvas, &path, &attempt.cancel)?;
    let middle = draw(attempt, current, &mut painter, timing, &mut encoder)?;
    let encoded = encoder.finish()?;
    attempt.parts.crash.pass("compose.after_encoder");
    let segment = attempt.keep(&path)?;
    let still = painter.still_stretches(STILL_FRAMES);
    let output = serde_json::to_value(Composed {
        segment: segment.clone(),
        frames: timing.frames(),
        layout,
        still: still
            .into_iter()
            .map(|range| (range.start, range.end))
            .collect(),
        middle,
        sandboxed: encoded.sandboxed,
        encoder: settings.codec,
        substituted: None,
    })?;
    Ok(Made {
        output,
        files: vec![segment],
    })
}

/// Draws every frame into the encoder; gives the sketch of the middle one.
fn draw(
    attempt: &Attempt,
    source: &SceneSource,
    painter: &mut Painter,
    timing: SceneTiming,
    encoder: &mut Encoder,
) -> Result<Sketch, StageError> {
    let canvas = attempt.request.canvas();
    let frames = timing.frames();
    let mut clip = open_clip(attempt, source, frames)?;
    let mut out = Yuv420::black(canvas.width, canvas.height);
    let mut middle = Sketch::of(&out);
    for frame in 0..frames {
        if frame % LOOK == 0 {
            attempt.go_on()?;
            attempt.progress(frame as f32 / frames as f32);
            attempt
                .parts
                .progress
                .frames_drawn(u64::from(LOOK.min(frames - frame)));
        }
        let moving = match &mut clip {
            Some(clip) => Some(clip.next_frame().map_err(|e| clip_failed(source, e))?),
            None => None,
        };
        painter.paint(frame, moving, &mut out);
        encoder.frame(&out)?;
        match frame {
            0 => attempt.parts.crash.pass("compose.first_frame"),
            n if n == middle_of(frames) => {
                middle = Sketch::of(&out);
                attempt.parts.crash.pass("compose.mid_segment");
            }
            _ => {}
        }
    }
    Ok(middle)
}

fn open_clip(
    attempt: &Attempt,
    source: &SceneSource,
    frames: u32,
) -> Result<Option<ingest::Clip>, StageError> {
    let Shown::Clip { file } = &source.shown.shown else {
        return Ok(None);
    };
    let path = attempt.artifact(&file.id)?;
    let clip = attempt
        .ingest()
        .clip(&path, attempt.request.canvas(), frames);
    clip.map(Some).map_err(|e| clip_failed(source, e))
}

fn clip_failed(source: &SceneSource, error: ingest::Error) -> StageError {
    match &source.shown.asset {
        Some(asset) => asset_failed(asset, error),
        None => StageError::discard(Code::Bug, error),
    }
}

/// What is wrong with how texts lie. WCAG asks for a contrast of 4.5 : 1.
fn layout(canvas: Canvas, scene: &studio::paint::PaintScene) -> Vec<String> {
    const CONTRAST_X100_MIN: u32 = 450;
    let mut problems = Vec::new();
    let captions: Vec<&TextBox> = scene
        .captions
        .iter()
        .flat_map(|track| &track.groups)
        .flat_map(|g| &g.texts)
        .collect();
    let all = scene.shot.texts.iter().chain(captions.iter().copied());
    for text in all {
        if !canvas.title_safe().contains(text.area) {
            problems.push(format!("{:?} leaves the safe area", text.text));
        }
        if text.contrast_x100 < CONTRAST_X100_MIN {
            problems.push(format!("{:?} has too little contrast", text.text));
        }
    }
    for (index, text) in scene.shot.texts.iter().enumerate() {
        let others = scene.shot.texts[index + 1..]
            .iter()
            .chain(captions.iter().copied());
        for other in others {
            if !text.area.intersect(other.area).is_empty() {
                problems.push(format!("{:?} lies over {:?}", text.text, other.text));
            }
        }
    }
    problems.sort();
    problems.dedup();
    problems
}
