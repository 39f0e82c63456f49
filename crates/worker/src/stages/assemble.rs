//! Assemble: segments joined as they are, narration over its bed, captions as files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use media::encode::Codec;
use media::mux::{Chapter, Plan, Segment, mux};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{ArtifactRow, Settlement};
use studio::caption::{CaptionGroup, CaptionLimits, group};
use studio::script::Script;
use studio::sidecar;
use studio::sound::{Depth, MasterError, Mastered, Mix, RATE, bed, master, read_wav, wav_header};
use studio::timeline::Timeline;
use ytempire_core::Code;

use super::compose::Composed;
use super::graph::WholeArgs;
use super::illustrate::asset_failed;
use super::narrate::Narrated;
use super::{local, nothing};
use crate::attempt::{Attempt, Follow, Made};
use crate::carry::own_file;
use crate::error::StageError;
use crate::plan::Size;
use crate::request::Music;

/// What this stage gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Assembled {
    /// The video.
    pub(super) video: ArtifactRow,
    /// Captions as `SubRip`, where files are wanted.
    pub(super) srt: Option<ArtifactRow>,
    /// Captions as `WebVTT`.
    pub(super) vtt: Option<ArtifactRow>,
    /// Its frames.
    pub(super) frames: u32,
    /// Where each scene begins, in milliseconds.
    pub(super) scene_starts_ms: Vec<u64>,
    /// Narration over bed while somebody speaks, in decibels; `None` without a bed.
    pub(super) speech_over_bed_db: Option<f32>,
    /// What lies under the narration.
    pub(super) music: String,
    /// Whether ffmpeg ran sandboxed.
    pub(super) sandboxed: bool,
}

/// What comes to validation: a file, or that there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Joined {
    /// A file. It is much the larger, and the usual.
    Whole(Box<Assembled>),
    /// Some scenes were encoded on a GPU and others, when it failed, by x264. One file has one
    /// description of its pictures, so these are to be encoded again.
    Mixed {
        /// The scenes that x264 has not encoded.
        mixed: Vec<usize>,
    },
}

/// The scenes that another encoder than the rest's has made; none if all are of one.
fn mixed(composed: &[Composed]) -> Vec<usize> {
    let usual = |composed: &Composed| composed.encoder == Codec::X264;
    if !composed.iter().any(usual) {
        return Vec::new();
    }
    let others = composed.iter().enumerate().filter(|(_, c)| !usual(c));
    others.map(|(scene, _)| scene).collect()
}

/// Bits a second of the sound, in thousands. Clear at stereo; platforms encode it again.
const SOUND_KBPS: u32 = 192;

/// All that goes into the file.
struct Parts {
    title: String,
    headings: Vec<String>,
    narrated: Vec<Narrated>,
    composed: Vec<Composed>,
}

pub(crate) async fn run(attempt: &Attempt) -> Result<Settlement, StageError> {
    let args: WholeArgs = attempt.args()?;
    let script: Script = attempt.input(0)?;
    let n = args.scenes;
    let narrated = (1..=n)
        .map(|i| attempt.input(i))
        .collect::<Result<Vec<Narrated>, _>>()?;
    let composed = (n + 1..=2 * n)
        .map(|i| attempt.input(i))
        .collect::<Result<Vec<Composed>, _>>()?;
    let mixed = mixed(&composed);
    if !mixed.is_empty() {
        tracing::info!(
            scenes = mixed.len(),
            "encoded in two ways, to be made again"
        );
        let output = serde_json::to_value(Joined::Mixed { mixed })?;
        return Ok(nothing(attempt, output)
            .await?
            .settle(attempt, Follow::default()));
    }
    let parts = Parts {
        title: script.title.clone(),
        headings: script
            .scenes
            .iter()
            .map(|scene| scene.heading.clone())
            .collect(),
        narrated,
        composed,
    };
    let inputs = json!({
        "title": parts.title, "headings": parts.headings, "narrated": parts.narrated,
        "segments": parts.composed.iter().map(|c| &c.segment.id).collect::<Vec<_>>(),
        "music": attempt.request.music, "captions": attempt.request.captions,
        "format": attempt.request.format, "take": args.take,
    });
    let words = Size::of(&script).words;
    let done = local(attempt, &inputs, words, move |attempt| {
        assemble(attempt, &parts)
    })
    .await?;
    Ok(done.settle(attempt, Follow::default()))
}

fn assemble(attempt: &Attempt, parts: &Parts) -> Result<Made, StageError> {
    let canvas = attempt.request.canvas();
    let lengths: Vec<u64> = parts.narrated.iter().map(|n| n.millis).collect();
    let timeline = Timeline::new(&lengths, canvas, 0);
    let sound = attempt.folder.join("sound.wav");
    let (mastered, music) = mix(attempt, parts, &timeline, &sound)?;
    attempt.parts.crash.pass("assemble.after_mix");
    attempt.progress(0.5);
    let video = attempt.folder.join("video.mp4");
    let plan = plan(attempt, parts, &timeline, sound)?;
    let muxed = mux(&attempt.tools, &plan, &video, &attempt.cancel).map_err(mux_failed)?;
    attempt.parts.crash.pass("assemble.after_mux");
    let video = attempt.keep(&video)?;
    let (srt, vtt) = captions(attempt, parts, &timeline)?;
    let files = [Some(video.clone()), srt.clone(), vtt.clone()]
        .into_iter()
        .flatten()
        .collect();
    let over_bed = mastered.balance.speech_over_bed_db;
    let output = serde_json::to_value(Assembled {
        video,
        srt,
        vtt,
        frames: timeline.frames(),
        scene_starts_ms: timeline
            .scenes
            .iter()
            .map(|scene| scene.start_ms())
            .collect(),
        speech_over_bed_db: over_bed.is_finite().then_some(over_bed),
        music,
        sandboxed: muxed.sandboxed,
    })?;
    Ok(Made { output, files })
}

/// Mixes and masters the sound into `path`, a block at a time.
fn mix(
    attempt: &Attempt,
    parts: &Parts,
    timeline: &Timeline,
    path: &Path,
) -> Result<(Mastered, String), StageError> {
    let millis = u64::from(timeline.frames()) * 1000 / u64::from(attempt.request.canvas().fps);
    let mut mix = Mix::new(millis);
    for (narrated, placed) in parts.narrated.iter().zip(&timeline.scenes) {
        attempt.go_on()?;
        let bytes = std::fs::read(attempt.artifact(&narrated.audio.id)?)?;
        let sound = read_wav(&bytes).map_err(|e| StageError::discard(Code::ArtifactDamaged, e))?;
        mix.speak(placed.narration_start_ms(), sound);
    }
    let music = lay_music(attempt, parts, &mut mix)?;
    attempt.progress(0.2);
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(&wav_header(RATE, 2, mix.frames(), Depth::Float32))?;
    let mut bytes = Vec::new();
    let stop = || attempt.cancel.is_cancelled();
    let mastered = master(&mix, &stop, |block| {
        bytes.clear();
        Depth::Float32.encode(block, &mut bytes);
        file.write_all(&bytes)
    })
    .map_err(|e| match e {
        MasterError::Cancelled => StageError::interrupted(),
        MasterError::Sink(e) => e.into(),
        other @ MasterError::Loudness(_) => StageError::discard(Code::Bug, other),
    })?;
    file.into_inner()
        .map_err(std::io::IntoInnerError::into_error)?
        .sync_all()?;
    Ok((mastered, music))
}

fn lay_music(attempt: &Attempt, parts: &Parts, mix: &mut Mix) -> Result<String, StageError> {
    match &attempt.request.music {
        Music::None => Ok("none".to_owned()),
        Music::Made => {
            mix.lay(bed(seed(&parts.title)));
            Ok("made for this video".to_owned())
        }
        Music::File(asset) => {
            let path = own_file(attempt, asset)?;
            let sound = attempt.ingest().sound(&path, 2);
            mix.lay(sound.map_err(|e| asset_failed(asset, e))?);
            Ok(asset.path.display().to_string())
        }
    }
}

/// A number that follows from a title: the same video, the same bed (FNV-1a).
fn seed(title: &str) -> u64 {
    title.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

fn plan(
    attempt: &Attempt,
    parts: &Parts,
    timeline: &Timeline,
    sound: PathBuf,
) -> Result<Plan, StageError> {
    let segments = parts.composed.iter().map(|composed| {
        let path = attempt.artifact(&composed.segment.id)?;
        Ok(Segment {
            path,
            frames: u64::from(composed.frames),
        })
    });
    let chapters = timeline
        .scenes
        .iter()
        .zip(&parts.headings)
        .map(|(placed, heading)| Chapter {
            start_ms: placed.start_ms(),
            title: heading.clone(),
        });
    Ok(Plan {
        canvas: attempt.request.canvas(),
        segments: segments.collect::<Result<_, StageError>>()?,
        sound,
        sound_kbps: SOUND_KBPS,
        title: parts.title.clone(),
        chapters: chapters.collect(),
    })
}

/// The scenes' caption groups, each with the time at which its scene's narration begins.
pub(super) fn caption_groups(
    attempt: &Attempt,
    narrated: &[Narrated],
    timeline: &Timeline,
) -> Vec<(u64, Vec<CaptionGroup>)> {
    let limits = CaptionLimits::of(attempt.request.format);
    let placed = narrated.iter().zip(&timeline.scenes);
    placed
        .map(|(n, scene)| (scene.narration_start_ms(), group(&n.words, limits)))
        .collect()
}

fn captions(
    attempt: &Attempt,
    parts: &Parts,
    timeline: &Timeline,
) -> Result<(Option<ArtifactRow>, Option<ArtifactRow>), StageError> {
    if !attempt.request.writes_captions() {
        return Ok((None, None));
    }
    let scenes = caption_groups(attempt, &parts.narrated, timeline);
    let cues = sidecar::cues(scenes.iter().map(|(at, groups)| (*at, groups.as_slice())));
    let srt = attempt.keep_bytes(sidecar::srt(&cues).as_bytes())?;
    let vtt = attempt.keep_bytes(sidecar::vtt(&cues).as_bytes())?;
    Ok((Some(srt), Some(vtt)))
}

fn mux_failed(error: media::mux::Error) -> StageError {
    match error {
        media::mux::Error::Child(child) => child.into(),
        media::mux::Error::File { source, .. } => source.into(),
        other => StageError::retry(Code::ToolFailed, Duration::from_secs(1), other),
    }
}
