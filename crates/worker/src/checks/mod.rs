//! The checks of a finished video: from measurements to findings. Pure, so that each bar can be
//! tested from both sides.
//!
//! A threshold is stated beside its check. Those of the container, the streams, loudness and
//! bit rate are what `YouTube` recommends for uploads; the others are what viewers complain of.

#[cfg(test)]
mod tests;

use media::measure::{Measurements, Span};
use media::probe;
use studio::script::Script;
use studio::{Canvas, Sketch};
use ytempire_core::MicroUsd;

use crate::report::Check;

/// All that the checks look at.
pub(crate) struct Facts<'a> {
    pub(crate) canvas: Canvas,
    /// What was measured on the file; `None` if that failed.
    pub(crate) measured: Option<&'a Measurements>,
    /// Frames that the timeline has.
    pub(crate) frames: u32,
    /// Where each scene begins, in milliseconds.
    pub(crate) scene_starts_ms: &'a [u64],
    /// Stretches that stand still by design.
    pub(crate) still: &'a [Span],
    /// What the middle frame of each scene looked like before it was encoded.
    pub(crate) planned: &'a [Sketch],
    pub(crate) script: &'a Script,
    pub(crate) narrations: &'a [NarrationFacts],
    /// Words of the captions, in order.
    pub(crate) caption_words: &'a [String],
    /// Caption groups that are empty, overlap, or are too long.
    pub(crate) caption_faults: &'a [String],
    /// Layout problems by scene.
    pub(crate) layout: &'a [Vec<String>],
    /// Narration over music, where there is music.
    pub(crate) speech_over_bed_db: Option<f32>,
    pub(crate) thumbnail: ThumbnailFacts,
    pub(crate) metadata_faults: &'a [String],
    pub(crate) spent: MicroUsd,
    pub(crate) budget: MicroUsd,
    /// Text that looks misspelt: doubled words, replacement characters.
    pub(crate) text_faults: &'a [String],
}

/// What is known of a scene's narration.
#[derive(Clone, Debug)]
pub(crate) struct NarrationFacts {
    pub(crate) millis: u64,
    pub(crate) words: usize,
    /// Words whose time is an estimate.
    pub(crate) estimated: usize,
    /// Longest pause between two words, in milliseconds.
    pub(crate) pause_ms_max: u32,
    /// Distances between word starts after a pause and the sound's onsets, in milliseconds.
    pub(crate) onset_errors_ms: Vec<u32>,
    /// Words that begin before the one before them.
    pub(crate) disordered: usize,
}

/// What is known of the thumbnail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThumbnailFacts {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: u64,
}

/// Every check, in the order of the report.
pub(crate) fn all(facts: &Facts<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    match facts.measured {
        Some(measured) => file_checks(facts, measured, &mut checks),
        None => checks.push(Check::unmeasured("file", "measured in full")),
    }
    narration_checks(facts, &mut checks);
    caption_checks(facts, &mut checks);
    let faults: Vec<usize> = scenes_with(facts.layout, |problems| !problems.is_empty());
    let problems: Vec<&String> = facts.layout.iter().flatten().collect();
    let shown = match problems.first() {
        None => "no faults".to_owned(),
        Some(first) => format!("{} faults, such as {first}", problems.len()),
    };
    let asked = "texts inside the middle 90 %, apart from each other, contrast 4.5 : 1";
    checks.push(Check::measured("layout", shown, asked, problems.is_empty()).at(faults));
    checks.push(faults_check(
        "text",
        facts.text_faults,
        "no doubled or broken words",
    ));
    let thumbnail = facts.thumbnail;
    checks.push(Check::measured(
        "thumbnail",
        format!(
            "{} × {}, {} bytes",
            thumbnail.width, thumbnail.height, thumbnail.bytes
        ),
        "at least 1280 × 720 or 720 × 1280, below 2,000,000 bytes",
        thumbnail.width.max(thumbnail.height) >= 1280
            && thumbnail.width.min(thumbnail.height) >= 720
            && (1..2_000_000).contains(&thumbnail.bytes),
    ));
    let asked = "title, privacy, audience and disclosure set, within platform limits";
    checks.push(faults_check("metadata", facts.metadata_faults, asked));
    checks.push(Check::measured(
        "money",
        format!("{} spent or reserved", facts.spent),
        format!("at most {}", facts.budget),
        facts.spent <= facts.budget,
    ));
    checks
}

fn faults_check(name: &str, faults: &[String], asked: &str) -> Check {
    let shown = faults.first().map_or("no faults", String::as_str);
    Check::measured(name, shown, asked, faults.is_empty())
}

fn scenes_with<T>(scenes: &[T], bad: impl Fn(&T) -> bool) -> Vec<usize> {
    scenes
        .iter()
        .enumerate()
        .filter(|(_, scene)| bad(scene))
        .map(|(index, _)| index)
        .collect()
}

fn file_checks(facts: &Facts<'_>, m: &Measurements, checks: &mut Vec<Check>) {
    container(m, checks);
    streams(facts.canvas, m, checks);
    checks.push(Check::measured(
        "frames",
        format!("{} decoded, {} errors", m.frames, m.decode_errors.len()),
        format!("{} frames, 0 errors", facts.frames),
        m.frames == u64::from(facts.frames) && m.decode_errors.is_empty(),
    ));
    durations(facts, m, checks);
    scenes(facts, m, checks);
    stretches(facts, m, checks);
    sound(facts, m, checks);
    bit_rate(m, checks);
}

fn container(m: &Measurements, checks: &mut Vec<Check>) {
    let (video, audio) = (m.probe.video.len(), m.probe.audio.len());
    checks.push(Check::measured(
        "container",
        format!(
            "{video} video and {audio} audio streams, index {}, {} edit list",
            if m.layout.index_first {
                "first"
            } else {
                "last"
            },
            if m.layout.edit_list { "an" } else { "no" },
        ),
        "1 video and 1 audio stream, index first, no edit list",
        video == 1 && audio == 1 && m.layout.index_first && !m.layout.edit_list,
    ));
}

fn streams(canvas: Canvas, m: &Measurements, checks: &mut Vec<Check>) {
    let wanted_video = format!(
        "h264 High yuv420p {}x{} {} fps constant, BT.709",
        canvas.width, canvas.height, canvas.fps
    );
    checks.push(match m.probe.video.first() {
        None => Check::unmeasured("video-stream", wanted_video),
        Some(v) => {
            let bt709 = [&v.matrix, &v.transfer, &v.primaries]
                .iter()
                .all(|tag| *tag == "bt709");
            let ok = v.codec == "h264"
                && v.profile == "High"
                && v.pixels == "yuv420p"
                && (v.width, v.height) == (canvas.width, canvas.height)
                && v.rate == v.average_rate
                && v.rate == (canvas.fps, 1)
                && v.progressive != Some(false)
                && bt709;
            Check::measured("video-stream", video_text(v, bt709), wanted_video, ok)
        }
    });
    let wanted_audio = "aac LC 48000 Hz, 2 channels";
    checks.push(match m.probe.audio.first() {
        None => Check::unmeasured("audio-stream", wanted_audio),
        Some(a) => {
            let shown = format!(
                "{} {} {} Hz, {} channels",
                a.codec, a.profile, a.sample_rate, a.channels
            );
            let ok = shown == wanted_audio;
            Check::measured("audio-stream", shown, wanted_audio, ok)
        }
    });
}

fn video_text(v: &probe::Video, bt709: bool) -> String {
    let rate = f64::from(v.rate.0) / f64::from(v.rate.1.max(1));
    let constant = if v.rate == v.average_rate {
        "constant"
    } else {
        "variable"
    };
    let colour = if bt709 { "BT.709" } else { "other colours" };
    format!(
        "{} {} {} {}x{} {rate} fps {constant}, {colour}",
        v.codec, v.profile, v.pixels, v.width, v.height
    )
}

fn durations(facts: &Facts<'_>, m: &Measurements, checks: &mut Vec<Check>) {
    let frame_s = 1.0 / f64::from(facts.canvas.fps);
    let planned_s = f64::from(facts.frames) * frame_s;
    let video = m.probe.video.first();
    let picture_s = video.and_then(|v| v.duration_s);
    let (Some(picture_s), Some(heard)) = (picture_s, &m.sound) else {
        checks.push(Check::unmeasured("duration", format!("{planned_s:.3} s")));
        return;
    };
    // A rounding hair on top of the one frame that is allowed.
    let near = |a: f64, b: f64| (a - b).abs() <= frame_s + 0.001;
    let start_s = video.and_then(|v| v.start_s).unwrap_or(f64::MAX);
    checks.push(Check::measured(
        "duration",
        format!(
            "pictures {picture_s:.3} s, sound {:.3} s, start {start_s:.3} s",
            heard.length_s
        ),
        format!("{planned_s:.3} s each, within a frame; start 0"),
        near(picture_s, planned_s) && near(heard.length_s, planned_s) && start_s.abs() < 0.001,
    ));
}

/// In `examples/deep-sea.toml` the finished scenes are up to 1.8 levels from what was drawn, and the two
/// that look most alike are 5.0 from each other.
const SKETCH_X100_MAX: u32 = 300;

/// Whether each scene is where it was planned to be: its middle frame against the one that was drawn.
fn scenes(facts: &Facts<'_>, m: &Measurements, checks: &mut Vec<Check>) {
    let apart: Vec<Option<u32>> = facts
        .planned
        .iter()
        .enumerate()
        .map(|(index, planned)| Some(planned.distance_x100(m.sketches.get(index)?)))
        .collect();
    let wrong = scenes_with(&apart, |x100| {
        x100.is_none_or(|x100| x100 > SKETCH_X100_MAX)
    });
    let most = apart.iter().flatten().max().copied().unwrap_or(0);
    let shown = format!(
        "{} of {} scenes, {}.{:02} levels apart at most",
        apart.len() - wrong.len(),
        apart.len(),
        most / 100,
        most % 100,
    );
    let asked = "the middle frame of every scene within 3 levels of the one that was drawn";
    let ok = wrong.is_empty() && !apart.is_empty();
    checks.push(Check::measured("scenes", shown, asked, ok).at(wrong));
}

fn stretches(facts: &Facts<'_>, m: &Measurements, checks: &mut Vec<Check>) {
    let longest = |spans: &[Span]| spans.iter().map(|s| s.length_s()).fold(0.0, f64::max);
    let black: Vec<Span> = m
        .black
        .iter()
        .copied()
        .filter(|s| s.length_s() > 0.5)
        .collect();
    checks.push(
        Check::measured(
            "black",
            format!("{:.2} s at most", longest(&m.black)),
            "no stretch above 0.5 s",
            black.is_empty(),
        )
        .at(scenes_at(facts, &black)),
    );
    let by_design = |span: &Span| {
        facts
            .still
            .iter()
            .any(|s| s.start_s - 0.2 <= span.start_s && span.end_s <= s.end_s + 0.2)
    };
    let frozen: Vec<Span> = m
        .freeze
        .iter()
        .copied()
        .filter(|s| s.length_s() > 2.0 && !by_design(s))
        .collect();
    checks.push(
        Check::measured(
            "freeze",
            format!("{:.2} s at most", longest(&m.freeze)),
            "no stretch above 2 s that is not still by design",
            frozen.is_empty(),
        )
        .at(scenes_at(facts, &frozen)),
    );
}

/// The scenes in which stretches begin.
fn scenes_at(facts: &Facts<'_>, spans: &[Span]) -> Vec<usize> {
    let scene = |span: &Span| {
        let at_ms = (span.start_s * 1000.0) as u64;
        facts
            .scene_starts_ms
            .iter()
            .rposition(|start| *start <= at_ms)
            .unwrap_or(0)
    };
    let mut scenes: Vec<usize> = spans.iter().map(scene).collect();
    scenes.dedup();
    scenes
}

fn sound(facts: &Facts<'_>, m: &Measurements, checks: &mut Vec<Check>) {
    const LOUDNESS: &str = "-14 LUFS, within 1 LU";
    const PEAK: &str = "at most -1 dBTP, no clipped sample";
    let Some(heard) = &m.sound else {
        checks.push(Check::unmeasured("loudness", LOUDNESS));
        checks.push(Check::unmeasured("peak", PEAK));
        return;
    };
    checks.push(match heard.loudness_lufs {
        None => Check::unmeasured("loudness", LOUDNESS),
        Some(lufs) => {
            let ok = (lufs + 14.0).abs() <= 1.0;
            Check::measured("loudness", format!("{lufs:.1} LUFS"), LOUDNESS, ok)
        }
    });
    checks.push(match heard.true_peak_dbtp {
        None => Check::unmeasured("peak", PEAK),
        Some(peak) => {
            let shown = format!("{peak:.1} dBTP, {} clipped", heard.clipped_samples);
            Check::measured(
                "peak",
                shown,
                PEAK,
                peak <= -1.0 && heard.clipped_samples == 0,
            )
        }
    });
    let length_s = heard.length_s;
    let head = heard
        .silence
        .iter()
        .find(|s| s.start_s < 0.01)
        .map_or(0.0, |s| s.length_s());
    let tail = heard
        .silence
        .iter()
        .find(|s| s.end_s > length_s - 0.05)
        .map_or(0.0, |s| s.length_s());
    let inner = heard
        .silence
        .iter()
        .filter(|s| s.start_s >= 0.01 && s.end_s <= length_s - 0.05);
    let inner = inner.map(|s| s.length_s()).fold(0.0, f64::max);
    checks.push(Check::measured(
        "silence",
        format!("{head:.2} s before, {inner:.2} s within, {tail:.2} s after"),
        "at most 0.5 s before, 1.5 s within, 2 s after",
        head <= 0.5 && inner <= 1.5 && tail <= 2.0,
    ));
    if let Some(db) = facts.speech_over_bed_db {
        checks.push(Check::measured(
            "speech-over-music",
            format!("{db:.1} dB"),
            "at least 12 dB while somebody speaks",
            db >= 12.0,
        ));
    }
}

fn bit_rate(m: &Measurements, checks: &mut Vec<Check>) {
    let kbps = m.probe.bit_rate.map(|bits| bits / 1000);
    let asked = "100 to 12,000 kbit/s: constant quality, so that flat pictures need little";
    checks.push(match kbps {
        None => Check::unmeasured("bit-rate", asked),
        Some(kbps) => {
            let ok = (100..=12_000).contains(&kbps);
            Check::measured("bit-rate", format!("{kbps} kbit/s"), asked, ok)
        }
    });
}

fn narration_checks(facts: &Facts<'_>, checks: &mut Vec<Check>) {
    // 150 words a minute, 400 ms a word, is how narrators read.
    let odd = scenes_with(facts.narrations, |n| {
        let expected = n.words as u64 * 400;
        // A few words say nothing about pace.
        n.words > 5 && !(expected / 2..=expected * 2).contains(&n.millis)
    });
    let words: usize = facts.narrations.iter().map(|n| n.words).sum();
    let millis: u64 = facts.narrations.iter().map(|n| n.millis).sum();
    checks.push(
        Check::measured(
            "pace",
            format!(
                "{} words a minute",
                (words as u64 * 60_000).checked_div(millis).unwrap_or(0)
            ),
            "each scene within half and twice 150 words a minute",
            odd.is_empty() && words > 0,
        )
        .at(odd),
    );
    let slow = scenes_with(facts.narrations, |n| n.pause_ms_max > 1500);
    let pause = facts
        .narrations
        .iter()
        .map(|n| n.pause_ms_max)
        .max()
        .unwrap_or(0);
    let shown = format!("{pause} ms at most");
    checks.push(Check::measured("pauses", shown, "at most 1500 ms", slow.is_empty()).at(slow));
    let estimated: usize = facts.narrations.iter().map(|n| n.estimated).sum();
    checks.push(Check::measured(
        "alignment",
        format!("{estimated} of {words} word times estimated"),
        "at most 5 %",
        estimated * 20 <= words,
    ));
}

fn caption_checks(facts: &Facts<'_>, checks: &mut Vec<Check>) {
    let said: Vec<&str> = facts
        .script
        .scenes
        .iter()
        .flat_map(|scene| scene.narration.split_whitespace())
        .collect();
    let shown: Vec<&str> = facts
        .caption_words
        .iter()
        .flat_map(|word| word.split_whitespace())
        .collect();
    let same = said.iter().zip(&shown).filter(|(a, b)| a == b).count();
    checks.push(Check::measured(
        "caption-words",
        format!("{same} of {} words, {} shown", said.len(), shown.len()),
        "every word of the script, in order, none else",
        same == said.len() && same == shown.len() && same > 0,
    ));
    let disordered: usize = facts.narrations.iter().map(|n| n.disordered).sum();
    let mut faults = facts.caption_faults.to_vec();
    if disordered > 0 {
        faults.push(format!(
            "{disordered} words begin before the one before them"
        ));
    }
    let asked = "no empty or overlapping caption, at most 2 lines, words in order";
    checks.push(faults_check("caption-form", &faults, asked));
    let mut errors: Vec<u32> = facts
        .narrations
        .iter()
        .flat_map(|n| n.onset_errors_ms.iter().copied())
        .collect();
    errors.sort_unstable();
    let asked = "95 % of words after a pause within 80 ms of the sound's onset";
    checks.push(if errors.is_empty() {
        Check::unmeasured("caption-timing", asked)
    } else {
        let p95 = errors[(errors.len() - 1) * 95 / 100];
        let shown = format!("p95 {p95} ms over {} onsets", errors.len());
        Check::measured("caption-timing", shown, asked, p95 <= 80)
    });
}
