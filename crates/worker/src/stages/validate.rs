//! Validate: the finished file, measured; the package, or a repair, or a rejection.

use std::collections::BTreeMap;

use ledger::Receipt;
use media::measure::{Measurements, Span, Task, Thresholds, measure, onsets};
use serde::Serialize;
use serde_json::json;
use store::{ArtifactRow, JobOutcome, Settlement};
use studio::Sketch;
use studio::script::Script;
use studio::sound::read_wav;
use studio::timeline::Timeline;
use ytempire_core::{Code, Event, EventKind};

use super::assemble::{Assembled, Joined, caption_groups};
use super::compose::Composed;
use super::graph::{Maker, WholeArgs};
use super::illustrate::Illustrated;
use super::narrate::Narrated;
use super::thumbnail::Thumbnailed;
use super::{finished, nothing, reserve};
use crate::attempt::{Attempt, Follow, Made};
use crate::checks::{self, Facts, NarrationFacts, ThumbnailFacts};
use crate::error::StageError;
use crate::export::Package;
use crate::package::{credits, metadata, metadata_faults, text_faults};
use crate::plan::Size;
use crate::report::{QualityReport, Verdict};

/// The video's parts, as the stages before gave them.
pub(crate) struct Whole {
    pub(crate) script: Script,
    pub(super) assembled: Assembled,
    pub(super) thumbnail: Thumbnailed,
    pub(super) narrated: Vec<Narrated>,
    pub(super) pictures: Vec<Illustrated>,
    pub(super) composed: Vec<Composed>,
}

impl Whole {
    fn of(attempt: &Attempt, assembled: Assembled, scenes: usize) -> Result<Self, StageError> {
        fn many<T: serde::de::DeserializeOwned>(
            attempt: &Attempt,
            from: usize,
            n: usize,
        ) -> Result<Vec<T>, StageError> {
            (from..from + n).map(|index| attempt.input(index)).collect()
        }
        Ok(Self {
            script: attempt.input(0)?,
            assembled,
            thumbnail: attempt.input(2)?,
            narrated: many(attempt, 3, scenes)?,
            pictures: many(attempt, 3 + scenes, scenes)?,
            composed: many(attempt, 3 + 2 * scenes, scenes)?,
        })
    }

    /// Everything that was done otherwise than asked for.
    fn substitutions(&self) -> Vec<String> {
        let mut said: Vec<String> = self
            .narrated
            .iter()
            .filter_map(|n| n.substituted.clone())
            .collect();
        said.extend(self.pictures.iter().filter_map(|p| p.substituted.clone()));
        said.extend(self.composed.iter().filter_map(|c| c.substituted.clone()));
        let caged = self.assembled.sandboxed && self.composed.iter().all(|c| c.sandboxed);
        if !caged {
            said.push("this kernel can't confine ffmpeg: it ran without a sandbox".to_owned());
        }
        said.sort();
        said.dedup();
        said
    }

    /// Who spoke, once each.
    pub(crate) fn voices(&self) -> Vec<String> {
        let mut voices: Vec<String> = self.narrated.iter().map(|n| n.voice.clone()).collect();
        voices.sort();
        voices.dedup();
        voices
    }

    /// The assets that are seen.
    pub(crate) fn assets(&self) -> impl Iterator<Item = &crate::Asset> {
        self.pictures
            .iter()
            .filter_map(|picture| picture.asset.as_ref())
    }

    /// Whether a generator made any of what is seen.
    pub(crate) fn is_generated(&self) -> bool {
        self.pictures.iter().any(|picture| picture.generated)
    }

    /// Its length.
    pub(crate) fn length_ms(&self) -> u64 {
        let last = self.narrated.last().map_or(0, |n| n.millis);
        self.scene_starts_ms()
            .last()
            .map_or(0, |start| start + last)
    }

    /// Where each scene begins, in milliseconds.
    pub(crate) fn scene_starts_ms(&self) -> &[u64] {
        &self.assembled.scene_starts_ms
    }
}

pub(crate) async fn run(attempt: &Attempt) -> Result<Settlement, StageError> {
    let args: WholeArgs = attempt.args()?;
    let make = Maker {
        fresh: attempt.fresh_job(),
        memory: &attempt.parts.memory,
    };
    let assembled = match attempt.input(1)? {
        Joined::Whole(assembled) => *assembled,
        Joined::Mixed { mixed } => {
            let jobs = make.in_one_encoding(&args.jobs, &mixed, args.take);
            let output = serde_json::to_value(Package::default())?;
            let follow = Follow { jobs, title: None };
            return Ok(nothing(attempt, output).await?.settle(attempt, follow));
        }
    };
    let whole = Whole::of(attempt, assembled, args.scenes)?;
    let hold = reserve(attempt, Size::of(&whole.script).words).await?;
    let transfers = attempt.parts.store.transfer_list(attempt.job.video).await?;
    let receipt = Receipt::of(attempt.job.video, "", attempt.request.budget, &transfers);
    let repaired = args.take > 0;
    let ((report, files), cpu) = attempt
        .blocking(&hold, move |attempt| {
            judge(attempt, &whole, &receipt, repaired)
        })
        .await?;
    let key = attempt.key(&json!([attempt.job.lease.job, "package"]))?;
    let events = vec![measured(attempt, &report, &files)?];
    // The video and its captions were paid for by the stages that made them.
    let written = ["metadata.json", "credits.json", "quality.json"];
    let rows = written
        .iter()
        .filter_map(|name| files.get(*name).cloned())
        .collect();
    let package = if report.verdict == Verdict::Pass {
        Package { files }
    } else {
        Package::default()
    };
    let made = Made {
        output: serde_json::to_value(&package)?,
        files: rows,
    };
    let done = finished(&hold, key, made, cpu);
    let mut settlement = match report.verdict {
        Verdict::Pass | Verdict::Reject => done.settle(attempt, Follow::default()),
        Verdict::Repair => {
            let mut scenes: Vec<usize> = report.failed().flat_map(|c| c.scenes.clone()).collect();
            scenes.sort_unstable();
            scenes.dedup();
            tracing::info!(faults = report.faults(), "repairing");
            let jobs = make.repair(&args.jobs, &scenes);
            done.settle(attempt, Follow { jobs, title: None })
        }
    };
    if report.verdict == Verdict::Reject {
        let text = format!("the video was rejected by its checks: {}", report.faults());
        settlement.outcome = JobOutcome::Discard {
            code: Code::ValidationRejected,
            text,
        };
    }
    settlement.events = events;
    Ok(settlement)
}

fn measured(
    attempt: &Attempt,
    report: &QualityReport,
    files: &BTreeMap<String, ArtifactRow>,
) -> Result<Event, StageError> {
    let detail = json!({ "verdict": report.verdict, "score": report.score,
        "report": files.get("quality.json"), "faults": report.faults() });
    Ok(Event {
        seq: 0,
        at: attempt.parts.now(),
        video: attempt.job.video,
        job: Some(attempt.job.lease.job),
        stage: Some(attempt.stage()),
        kind: EventKind::QualityMeasured,
        detail: serde_json::to_value(detail)?,
    })
}

/// Measures, checks, and writes everything that goes beside the video.
fn judge(
    attempt: &Attempt,
    whole: &Whole,
    receipt: &Receipt,
    repaired: bool,
) -> Result<(QualityReport, BTreeMap<String, ArtifactRow>), StageError> {
    let path = attempt.artifact(&whole.assembled.video.id)?;
    let task = Task {
        thresholds: Thresholds::default(),
        sketch_frames: &middle_frames(whole),
        threads: attempt.parts.slots.clamp(1, 4),
    };
    let (tools, folder) = (&attempt.tools, &attempt.folder);
    let measured = measure(tools, &path, &task, folder, &attempt.cancel);
    attempt.go_on()?;
    attempt.parts.crash.pass("validate.after_measure");
    attempt.progress(0.8);
    let measured = measured
        .inspect_err(|e| tracing::warn!(error = %e, "the finished file can't be measured"))
        .ok();
    let metadata = metadata(&attempt.request, whole);
    let checks = check(
        attempt,
        whole,
        receipt,
        measured.as_ref(),
        &metadata_faults(&metadata),
    )?;
    let report = QualityReport::of(checks, whole.substitutions(), repaired);
    let mut files = BTreeMap::from([
        ("video.mp4".to_owned(), whole.assembled.video.clone()),
        ("thumbnail.jpg".to_owned(), whole.thumbnail.picture.clone()),
        ("metadata.json".to_owned(), keep_json(attempt, &metadata)?),
        (
            "credits.json".to_owned(),
            keep_json(attempt, &credits(&attempt.request, whole))?,
        ),
        ("quality.json".to_owned(), keep_json(attempt, &report)?),
    ]);
    let captions = [
        ("captions.srt", &whole.assembled.srt),
        ("captions.vtt", &whole.assembled.vtt),
    ];
    for (name, file) in captions {
        if let Some(file) = file {
            files.insert(name.to_owned(), file.clone());
        }
    }
    Ok((report, files))
}

fn keep_json(attempt: &Attempt, value: &impl Serialize) -> Result<ArtifactRow, StageError> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    attempt.keep_bytes(&text)
}

fn check(
    attempt: &Attempt,
    whole: &Whole,
    receipt: &Receipt,
    measured: Option<&Measurements>,
    metadata_faults: &[String],
) -> Result<Vec<crate::report::Check>, StageError> {
    let canvas = attempt.request.canvas();
    let lengths: Vec<u64> = whole.narrated.iter().map(|n| n.millis).collect();
    let timeline = Timeline::new(&lengths, canvas, 0);
    let groups = caption_groups(attempt, &whole.narrated, &timeline);
    let caption_words: Vec<String> = groups
        .iter()
        .flat_map(|(_, groups)| {
            groups
                .iter()
                .flat_map(|g| g.words().map(|w| w.text.clone()))
        })
        .collect();
    let narrations: Vec<NarrationFacts> = whole
        .narrated
        .iter()
        .map(|n| narration(attempt, n))
        .collect::<Result<_, _>>()?;
    let planned: Vec<Sketch> = whole.composed.iter().map(|c| c.middle).collect();
    let layout: Vec<Vec<String>> = whole.composed.iter().map(|c| c.layout.clone()).collect();
    Ok(checks::all(&Facts {
        canvas,
        measured,
        frames: whole.assembled.frames,
        scene_starts_ms: &whole.assembled.scene_starts_ms,
        still: &still(whole, canvas.fps),
        planned: &planned,
        script: &whole.script,
        narrations: &narrations,
        caption_words: &caption_words,
        caption_faults: &caption_faults(&groups),
        layout: &layout,
        speech_over_bed_db: whole.assembled.speech_over_bed_db,
        thumbnail: ThumbnailFacts {
            width: whole.thumbnail.width,
            height: whole.thumbnail.height,
            bytes: whole.thumbnail.picture.bytes,
        },
        metadata_faults,
        spent: receipt.total,
        budget: attempt.request.budget,
        text_faults: &text_faults(&whole.script),
    }))
}

/// The middle frame of each scene, on the video's count.
fn middle_frames(whole: &Whole) -> Vec<u64> {
    let mut start = 0;
    let frames = whole.composed.iter().map(|composed| {
        let middle = start + u64::from(composed.middle_frame());
        start += u64::from(composed.frames);
        middle
    });
    frames.collect()
}

/// Stretches that stand still by design, on the video's clock.
fn still(whole: &Whole, fps: u32) -> Vec<Span> {
    let scenes = whole.composed.iter().zip(whole.scene_starts_ms());
    let spans = scenes.flat_map(|(composed, start_ms)| {
        let at = |frame: u32| *start_ms as f64 / 1000.0 + f64::from(frame) / f64::from(fps);
        composed.still.iter().map(move |(from, to)| Span {
            start_s: at(*from),
            end_s: at(*to),
        })
    });
    spans.collect()
}

/// A pause from which on a word's onset can be heard.
const PAUSE_MS: u32 = 150;

fn narration(attempt: &Attempt, narrated: &Narrated) -> Result<NarrationFacts, StageError> {
    let bytes = std::fs::read(attempt.artifact(&narrated.audio.id)?)?;
    let sound = read_wav(&bytes).map_err(|e| StageError::discard(Code::ArtifactDamaged, e))?;
    let heard = onsets(&sound);
    let words = &narrated.words;
    let pause = |i: usize| words[i].start_ms.saturating_sub(words[i - 1].end_ms);
    // The first word follows the silence before the scene: a single short sentence has no other.
    let after_pause = (0..words.len()).filter(|&i| i == 0 || pause(i) >= PAUSE_MS);
    let onset_errors_ms = after_pause
        .filter_map(|i| {
            heard
                .iter()
                .map(|onset| onset.abs_diff(words[i].start_ms))
                .min()
        })
        .collect();
    Ok(NarrationFacts {
        millis: narrated.millis,
        words: words
            .iter()
            .map(|word| word.text.split_whitespace().count())
            .sum(),
        estimated: narrated.estimated,
        pause_ms_max: (1..words.len()).map(pause).max().unwrap_or(0),
        onset_errors_ms,
        disordered: words
            .windows(2)
            .filter(|pair| pair[1].start_ms < pair[0].start_ms)
            .count(),
    })
}

fn caption_faults(scenes: &[(u64, Vec<studio::caption::CaptionGroup>)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (_, groups) in scenes {
        for group in groups {
            let empty = group.lines.is_empty() || group.lines.iter().any(Vec::is_empty);
            let blank = group.words().any(|word| word.text.trim().is_empty());
            if empty || blank || group.lines.len() > 2 || group.end_ms <= group.start_ms {
                faults.push(format!("the caption at {} ms is malformed", group.start_ms));
            }
        }
        let overlaps = groups
            .windows(2)
            .filter(|pair| pair[1].start_ms < pair[0].end_ms)
            .count();
        if overlaps > 0 {
            faults.push(format!("{overlaps} captions overlap"));
        }
    }
    faults
}
