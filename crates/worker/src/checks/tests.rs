//! Each bar from both sides: a good video passes all, and each fault fails its own check alone.

use std::time::Duration;

use media::boxes::Layout;
use media::measure::Heard;
use media::probe::{Audio, Probe, Video};
use studio::script::{Scene, Visual};

use super::*;
use crate::report::{Finding, QualityReport, Verdict};

/// What [`Facts`] borrows.
struct World {
    measured: Option<Measurements>,
    script: Script,
    narrations: Vec<NarrationFacts>,
    caption_words: Vec<String>,
    caption_faults: Vec<String>,
    layout: Vec<Vec<String>>,
    still: Vec<Span>,
    planned: Vec<Sketch>,
    bed_db: Option<f32>,
    thumbnail: ThumbnailFacts,
    metadata_faults: Vec<String>,
    text_faults: Vec<String>,
    spent: MicroUsd,
}

const WORDS: &str = "The deep sea covers more than half of our planet";

/// A faultless video of two scenes, ten seconds each.
fn good() -> World {
    let scene = || Scene {
        heading: "Sea".to_owned(),
        narration: WORDS.to_owned(),
        visual: Visual::Heading { text: None },
        picture_hint: None,
    };
    let narration = NarrationFacts {
        millis: 4_000,
        words: 10,
        estimated: 0,
        pause_ms_max: 400,
        onset_errors_ms: vec![10, 20],
        disordered: 0,
    };
    World {
        measured: Some(measured()),
        script: Script {
            title: "T".to_owned(),
            description: String::new(),
            tags: vec![],
            scenes: vec![scene(), scene()],
        },
        narrations: vec![narration.clone(), narration],
        caption_words: format!("{WORDS} {WORDS}")
            .split(' ')
            .map(str::to_owned)
            .collect(),
        caption_faults: vec![],
        layout: vec![vec![], vec![]],
        still: vec![],
        planned: vec![sketch(40), sketch(90)],
        bed_db: Some(20.0),
        thumbnail: ThumbnailFacts {
            width: 1280,
            height: 720,
            bytes: 100_000,
        },
        metadata_faults: vec![],
        text_faults: vec![],
        spent: MicroUsd(10),
    }
}

fn sketch(luma: u8) -> Sketch {
    Sketch::from_fields([luma; Sketch::FIELDS])
}

fn measured() -> Measurements {
    let bt709 = || "bt709".to_owned();
    let video = Video {
        codec: "h264".to_owned(),
        profile: "High".to_owned(),
        width: 1920,
        height: 1080,
        pixels: "yuv420p".to_owned(),
        matrix: bt709(),
        transfer: bt709(),
        primaries: bt709(),
        progressive: Some(true),
        rate: (30, 1),
        average_rate: (30, 1),
        start_s: Some(0.0),
        duration_s: Some(20.0),
        frames: Some(600),
        ..Video::default()
    };
    let audio = Audio {
        codec: "aac".to_owned(),
        profile: "LC".to_owned(),
        sample_rate: 48_000,
        channels: 2,
        ..Audio::default()
    };
    Measurements {
        bytes: 5_000_000,
        probe: Probe {
            video: vec![video],
            audio: vec![audio],
            bit_rate: Some(4_000_000),
            ..Probe::default()
        },
        layout: Layout {
            index_first: true,
            edit_list: false,
        },
        frames: 600,
        decode_errors: vec![],
        black: vec![],
        freeze: vec![],
        sketches: vec![sketch(41), sketch(88)],
        sound: Some(Heard {
            length_s: 20.0,
            loudness_lufs: Some(-14.2),
            true_peak_dbtp: Some(-1.3),
            clipped_samples: 0,
            silence: vec![],
            onsets_ms: vec![],
        }),
        cpu: Duration::ZERO,
        sandboxed: true,
    }
}

/// The names of the checks that don't pass.
fn failing(world: &World) -> Vec<Check> {
    let facts = Facts {
        canvas: Canvas {
            width: 1920,
            height: 1080,
            fps: 30,
        },
        measured: world.measured.as_ref(),
        frames: 600,
        scene_starts_ms: &[0, 10_000],
        still: &world.still,
        planned: &world.planned,
        script: &world.script,
        narrations: &world.narrations,
        caption_words: &world.caption_words,
        caption_faults: &world.caption_faults,
        layout: &world.layout,
        speech_over_bed_db: world.bed_db,
        thumbnail: world.thumbnail,
        metadata_faults: &world.metadata_faults,
        spent: world.spent,
        budget: MicroUsd(3_000_000),
        text_faults: &world.text_faults,
    };
    let mut checks = all(&facts);
    checks.retain(|check| check.finding != Finding::Pass);
    checks
}

fn span(start_s: f64, end_s: f64) -> Span {
    Span { start_s, end_s }
}

#[test]
fn a_good_video_passes_every_check() {
    assert_eq!(failing(&good()), []);
}

#[test]
fn each_fault_fails_its_own_check_alone() {
    type Fault = (&'static str, fn(&mut World));
    fn m(world: &mut World) -> &mut Measurements {
        world.measured.as_mut().unwrap()
    }
    fn heard(world: &mut World) -> &mut Heard {
        m(world).sound.as_mut().unwrap()
    }
    let faults: [Fault; 36] = [
        ("container", |w| m(w).layout.edit_list = true),
        ("container", |w| m(w).layout.index_first = false),
        ("container", |w| {
            m(w).probe.audio.push(measured().probe.audio.remove(0));
        }),
        ("video-stream", |w| {
            m(w).probe.video[0].profile = "Main".to_owned();
        }),
        ("video-stream", |w| {
            m(w).probe.video[0].average_rate = (299, 10);
        }),
        ("video-stream", |w| {
            m(w).probe.video[0].matrix = String::new();
        }),
        ("video-stream", |w| m(w).probe.video[0].width = 1280),
        ("audio-stream", |w| m(w).probe.audio[0].sample_rate = 44_100),
        ("audio-stream", |w| m(w).probe.audio[0].channels = 1),
        ("frames", |w| m(w).frames = 599),
        ("frames", |w| m(w).decode_errors.push("broken".to_owned())),
        ("duration", |w| m(w).probe.video[0].start_s = Some(0.04)),
        ("duration", |w| m(w).probe.video[0].duration_s = Some(20.04)),
        ("duration", |w| heard(w).length_s = 19.96),
        ("scenes", |w| w.planned.swap(0, 1)),
        ("scenes", |w| m(w).sketches.truncate(1)),
        ("black", |w| m(w).black.push(span(3.0, 3.6))),
        ("freeze", |w| m(w).freeze.push(span(3.0, 5.1))),
        ("loudness", |w| heard(w).loudness_lufs = Some(-15.1)),
        ("loudness", |w| heard(w).loudness_lufs = None),
        ("peak", |w| heard(w).true_peak_dbtp = Some(-0.9)),
        ("peak", |w| heard(w).clipped_samples = 1),
        ("silence", |w| heard(w).silence.push(span(0.0, 0.6))),
        ("silence", |w| heard(w).silence.push(span(5.0, 6.6))),
        ("silence", |w| heard(w).silence.push(span(17.9, 20.0))),
        ("speech-over-music", |w| w.bed_db = Some(11.9)),
        ("bit-rate", |w| m(w).probe.bit_rate = Some(12_100_000)),
        ("pace", |w| w.narrations[1].millis = 8_100),
        ("pauses", |w| w.narrations[1].pause_ms_max = 1_501),
        ("alignment", |w| w.narrations[1].estimated = 2),
        ("caption-words", |w| {
            w.caption_words[3] = "covered".to_owned();
        }),
        ("caption-form", |w| w.narrations[0].disordered = 1),
        ("caption-timing", |w| {
            w.narrations[0].onset_errors_ms = vec![90; 40];
        }),
        ("layout", |w| {
            w.layout[1].push("\"Sea\" leaves the safe area".to_owned());
        }),
        ("thumbnail", |w| w.thumbnail.bytes = 2_000_000),
        ("money", |w| w.spent = MicroUsd(3_000_001)),
    ];
    for (index, (name, break_it)) in faults.into_iter().enumerate() {
        let mut world = good();
        break_it(&mut world);
        let failed: Vec<String> = failing(&world)
            .into_iter()
            .map(|check| check.name)
            .collect();
        assert_eq!(failed, [name], "fault {index}");
    }
}

#[test]
fn a_file_that_cant_be_measured_fails() {
    let world = World {
        measured: None,
        ..good()
    };
    assert_eq!(failing(&world)[0].finding, Finding::Unmeasured);
}

#[test]
fn a_freeze_by_design_is_none_and_another_names_its_scene() {
    let mut world = good();
    world.measured.as_mut().unwrap().freeze = vec![span(12.0, 15.0)];
    assert_eq!(failing(&world)[0].scenes, [1]);
    world.still = vec![span(11.9, 15.1)];
    assert_eq!(failing(&world), []);
}

#[test]
fn a_first_failure_is_repaired_and_a_second_rejected() {
    let verdict = |repaired| {
        let check = Check::measured("black", "1 s", "0.5 s", false);
        QualityReport::of(vec![check], vec![], repaired).verdict
    };
    assert_eq!(
        (verdict(false), verdict(true)),
        (Verdict::Repair, Verdict::Reject)
    );
}
