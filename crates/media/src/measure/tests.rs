//! Known faults are measured as what they are.

use std::ffi::OsStr;

use studio::sound::{Depth, Sound, write_wav};
use studio::{Canvas, Yuv420};
use ytempire_core::brief::Tier;

use super::*;
use crate::encode::{Encoder, Settings};
use crate::mux::{Plan, Segment, mux};

fn tools() -> Tools {
    Tools::find(OsStr::new("/usr/bin"))
}

/// A file made from generated pictures and sound.
fn make(folder: &Path, pictures: &str, sound: &str, extra: &[&str]) -> PathBuf {
    let path = folder.join("made.mp4");
    let spec = ffmpeg::quiet(&tools(), folder)
        .unwrap()
        .args(["-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "superfast",
            "-pix_fmt",
            "yuv420p",
        ])
        .args(["-c:a", "aac", "-b:a", "192k", "-ac", "2", "-ar", "48000"])
        .args(extra)
        .arg(ffmpeg::file(&path));
    child::run(&spec, &[], &Cancel::new()).unwrap();
    path
}

fn task(sketch_frames: &[u64]) -> Task<'_> {
    Task {
        thresholds: Thresholds::default(),
        sketch_frames,
        threads: 1,
    }
}

fn look_at(folder: &Path, path: &Path) -> Measurements {
    measure(&tools(), path, &task(&[]), folder, &Cancel::new()).unwrap()
}

fn near(spans: &[Span], wanted: &[(f64, f64)], tolerance: f64) {
    let close = |span: &Span, (start, end): (f64, f64)| {
        (span.start_s - start).abs() <= tolerance && (span.end_s - end).abs() <= tolerance
    };
    let all = spans.len() == wanted.len() && spans.iter().zip(wanted).all(|(s, w)| close(s, *w));
    assert!(all, "{spans:?} instead of {wanted:?}");
}

#[test]
fn black_standing_and_silent_stretches_are_timed() {
    let folder = tempfile::tempdir().unwrap();
    // Moving, black, moving, standing to the end.
    let pictures = "testsrc2=s=640x360:r=30:d=1[a];color=black:s=640x360:r=30:d=0.5[b];\
                    testsrc2=s=640x360:r=30:d=1[c];color=red:s=640x360:r=30:d=1.5[d];\
                    [a][b][c][d]concat=n=4";
    let sound = "sine=f=440:d=4:r=48000,volume=enable='between(t,1,1.4)+gte(t,3)':volume=0";
    let path = make(folder.path(), pictures, sound, &["-movflags", "+faststart"]);
    let seen = look_at(folder.path(), &path);
    assert_eq!((seen.frames, seen.probe.video[0].frames), (120, Some(120)));
    assert_eq!(seen.decode_errors, Vec::<String>::new());
    near(&seen.black, &[(1.0, 1.5)], 0.04);
    near(&seen.freeze, &[(2.5, 4.0)], 0.04);
    let heard = seen.sound.unwrap();
    near(&heard.silence, &[(1.0, 1.4), (3.0, heard.length_s)], 0.05);
    assert!((heard.length_s - 4.0).abs() < 0.05, "{}", heard.length_s);
    let off = heard
        .onsets_ms
        .iter()
        .zip([0, 1400])
        .map(|(a, b)| a.abs_diff(b))
        .max();
    assert!(
        heard.onsets_ms.len() == 2 && off.unwrap() <= 40,
        "{:?}",
        heard.onsets_ms
    );
    assert!(seen.layout.index_first && seen.sandboxed);
    assert_eq!(seen.bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn loudness_and_peaks_are_what_another_meter_says() {
    let folder = tempfile::tempdir().unwrap();
    // Near full scale, with peaks between samples: a quarter of the rate, shifted by an eighth.
    let sound = "aevalsrc='0.8*sin(2*PI*12000*t+PI/4)*(0.3+0.7*lt(mod(t,1),0.5))':s=48000:d=6";
    let path = make(folder.path(), "testsrc2=s=64x64:r=30:d=6", sound, &[]);
    let heard = look_at(folder.path(), &path).sound.unwrap();
    let spec = ffmpeg::quiet(&tools(), folder.path())
        .unwrap()
        .args(["-v", "info", "-f", "mov", "-i", "made.mp4"])
        .args([
            "-af",
            "ebur128=peak=true:framelog=verbose",
            "-vn",
            "-f",
            "null",
            "-",
        ]);
    let said = child::run(&spec, &[], &Cancel::new()).unwrap().stderr;
    let value = |mark: &str| -> f64 {
        let rest = said.rsplit_once(mark).unwrap().1;
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    let (lufs, peak) = (heard.loudness_lufs.unwrap(), heard.true_peak_dbtp.unwrap());
    assert!(
        (lufs - value("I:")).abs() <= 0.15,
        "{lufs} and {}",
        value("I:")
    );
    assert!(
        (peak - value("Peak:")).abs() <= 0.3,
        "{peak} and {}",
        value("Peak:")
    );
}

#[test]
fn clipping_is_counted_and_silence_has_no_loudness() {
    let folder = tempfile::tempdir().unwrap();
    let path = make(
        folder.path(),
        "color=s=64x64:r=30:d=1",
        "sine=d=1,volume=40dB",
        &[],
    );
    assert!(look_at(folder.path(), &path).sound.unwrap().clipped_samples > 1000);
    let path = make(folder.path(), "color=s=64x64:r=30:d=1", "anullsrc=d=1", &[]);
    let heard = look_at(folder.path(), &path).sound.unwrap();
    assert_eq!((heard.loudness_lufs, heard.clipped_samples), (None, 0));
    assert_eq!(heard.silence.len(), 1);
}

#[test]
fn damage_edit_lists_and_late_indexes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = make(
        folder.path(),
        "testsrc2=s=640x360:r=30:d=2",
        "sine=d=2:r=48000",
        &[],
    );
    let seen = look_at(folder.path(), &path);
    assert_eq!(
        seen.layout,
        boxes::Layout {
            index_first: false,
            edit_list: true
        }
    );
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle..middle + 4000].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    assert!(!look_at(folder.path(), &path).decode_errors.is_empty());
}

#[test]
fn a_file_without_sound_is_measured_and_one_that_is_no_video_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = make(
        folder.path(),
        "testsrc2=s=64x64:r=30:d=1",
        "anullsrc=d=1",
        &["-an"],
    );
    let seen = look_at(folder.path(), &path);
    assert_eq!((seen.frames, seen.sound), (30, None));
    std::fs::write(&path, "no video").unwrap();
    let failed = measure(&tools(), &path, &task(&[]), folder.path(), &Cancel::new());
    assert!(matches!(failed, Err(Error::File { .. })), "{failed:?}");
}

/// Encodes frames that never stand still.
fn moving(folder: &Path, canvas: Canvas, from: u64, frames: u64) -> Segment {
    let path = folder.join(format!("segment-{from}.mp4"));
    let mut encoder = Encoder::start(
        &tools(),
        &Settings::of(Tier::Simple),
        canvas,
        &path,
        &Cancel::new(),
    )
    .unwrap();
    for n in from..from + frames {
        let mut frame = Yuv420::black(canvas.width, canvas.height);
        let luma = &mut frame.planes_mut()[0];
        luma.iter_mut()
            .enumerate()
            .for_each(|(i, y)| *y = (60 + (i as u64 + n * 9) % 120) as u8);
        encoder.frame(&frame).unwrap();
    }
    encoder.finish().unwrap();
    Segment { path, frames }
}

/// Four seconds of silence with a tone of 400 ms at each of `starts_ms`.
fn bursts(starts_ms: &[u32]) -> Sound {
    let samples = (0..4 * 48_000_u32).flat_map(|n| {
        let inside = starts_ms
            .iter()
            .any(|at| (*at..at + 400).contains(&(n / 48)));
        let voice = if inside {
            0.3 * (f64::from(n) * 0.04).sin()
        } else {
            0.0
        };
        [voice as f32; 2]
    });
    Sound {
        rate: 48_000,
        channels: 2,
        samples: samples.collect(),
    }
}

/// What the pipeline makes passes its own checks: frames, lengths, boxes, and sound in time.
#[test]
fn a_file_of_ours_is_measured_as_planned() {
    let folder = tempfile::tempdir().unwrap();
    let canvas = Canvas {
        width: 320,
        height: 180,
        fps: 30,
    };
    let segments =
        [(0, 50), (50, 70)].map(|(from, frames)| moving(folder.path(), canvas, from, frames));
    // Three bursts like words after pauses.
    let starts_ms = [300, 1450, 2870];
    let sound = bursts(&starts_ms);
    let wav = folder.path().join("sound.wav");
    std::fs::write(&wav, write_wav(&sound, Depth::Float32)).unwrap();
    let plan = Plan {
        canvas,
        segments: segments.to_vec(),
        sound: wav,
        sound_kbps: 192,
        title: "A title".into(),
        chapters: Vec::new(),
    };
    let path = folder.path().join("out.mp4");
    mux(&tools(), &plan, &path, &Cancel::new()).unwrap();

    let seen = look_at(folder.path(), &path);
    assert_eq!((seen.frames, seen.probe.video[0].frames), (120, Some(120)));
    assert_eq!(
        seen.layout,
        boxes::Layout {
            index_first: true,
            edit_list: false
        }
    );
    assert_eq!(
        (
            seen.decode_errors.len(),
            seen.black.len(),
            seen.freeze.len()
        ),
        (0, 0, 0)
    );
    let heard = seen.sound.unwrap();
    // Decoders hand out the last, padded AAC frame in full.
    assert!(
        (heard.length_s - 4.0).abs() < 1024.0 / 48_000.0,
        "{}",
        heard.length_s
    );
    let off = heard
        .onsets_ms
        .iter()
        .zip(starts_ms)
        .map(|(a, b)| a.abs_diff(b))
        .max();
    assert!(
        heard.onsets_ms.len() == 3 && off.unwrap() <= 10,
        "{:?}",
        heard.onsets_ms
    );
}

#[test]
fn the_frames_that_are_asked_for_are_sketched_as_they_were_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let canvas = Canvas {
        width: 480,
        height: 270,
        fps: 30,
    };
    let path = folder.path().join("video.mp4");
    let settings = Settings::of(Tier::Simple);
    let mut encoder = Encoder::start(&tools(), &settings, canvas, &path, &Cancel::new()).unwrap();
    let drawn: Vec<Yuv420> = (0..40).map(|n| stripes(canvas, n)).collect();
    for frame in &drawn {
        encoder.frame(frame).unwrap();
    }
    encoder.finish().unwrap();
    // Frame 99 is not there: one sketch fewer.
    let wanted = [3, 20, 39, 99];
    let seen = measure(
        &tools(),
        &path,
        &task(&wanted),
        folder.path(),
        &Cancel::new(),
    )
    .unwrap();
    assert_eq!((seen.frames, seen.sketches.len()), (40, 3));
    for (sketch, at) in seen.sketches.iter().zip(wanted) {
        let near = Sketch::of(&drawn[at as usize]).distance_x100(sketch);
        let far = Sketch::of(&drawn[(at as usize + 8) % 40]).distance_x100(sketch);
        assert!(near < 150 && far > 600, "frame {at}: {near}, {far}");
    }
}

/// A light bar that walks over a dark frame: the `n`th place of 40.
fn stripes(canvas: Canvas, n: u32) -> Yuv420 {
    let mut frame = Yuv420::black(canvas.width, canvas.height);
    let [luma, ..] = frame.planes_mut();
    let from = n * canvas.width / 40;
    for (at, texel) in luma.iter_mut().enumerate() {
        let x = at as u32 % canvas.width;
        *texel = if x >= from && x < from + canvas.width / 8 {
            200
        } else {
            40
        };
    }
    frame
}
