//! The joined file is what platforms want, and sound meets picture.

use std::ffi::OsStr;

use studio::Yuv420;
use ytempire_core::brief::Tier;

use super::*;
use crate::encode::{Encoder, Settings};
use crate::sniff::Kind;
use crate::{boxes, probe};

const CANVAS: Canvas = Canvas {
    width: 320,
    height: 180,
    fps: 30,
};

fn tools() -> Tools {
    Tools::find(OsStr::new("/usr/bin"))
}

/// Grey frames, white at each full second of the whole video.
fn segment(folder: &Path, name: &str, from: u64, frames: u64) -> Segment {
    let path = folder.join(name);
    let settings = Settings::of(Tier::Simple);
    let mut encoder = Encoder::start(&tools(), &settings, CANVAS, &path, &Cancel::new()).unwrap();
    for n in from..from + frames {
        let mut frame = Yuv420::black(CANVAS.width, CANVAS.height);
        frame.planes_mut()[0].fill(if n % 30 == 0 { 235 } else { 60 });
        encoder.frame(&frame).unwrap();
    }
    encoder.finish().unwrap();
    Segment { path, frames }
}

/// A WAV file, 48 kHz stereo, with a click of 10 ms at each full second.
fn clicks(path: &Path, seconds: usize) {
    let mut samples = vec![0_i16; seconds * 48_000 * 2];
    for second in 0..seconds {
        for n in 0..480 {
            let value = if n / 12 % 2 == 0 { 20_000 } else { -20_000 };
            samples[(second * 48_000 + n) * 2..][..2].fill(value);
        }
    }
    let data: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    let size = u32::try_from(data.len()).unwrap();
    let mut wav = b"RIFF".to_vec();
    wav.extend((size + 36).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    wav.extend(48_000_u32.to_le_bytes());
    wav.extend(192_000_u32.to_le_bytes());
    wav.extend(b"\x04\0\x10\0data");
    wav.extend(size.to_le_bytes());
    wav.extend(data);
    fs::write(path, wav).unwrap();
}

fn joined(folder: &Path) -> (Plan, PathBuf) {
    let sound = folder.join("sound.wav");
    clicks(&sound, 6);
    // Uneven lengths, one segment of a single frame, and a name that needs quoting.
    let segments = vec![
        segment(folder, "it's\none.mp4", 0, 47),
        segment(folder, "two.mp4", 47, 1),
        segment(folder, "three.mp4", 48, 109),
    ];
    let chapters = vec![
        Chapter {
            start_ms: 0,
            title: "One; =#\\ 'two'\nthree".into(),
        },
        Chapter {
            start_ms: 2000,
            title: "Zwei – 二".into(),
        },
    ];
    let title = "A=B; #1 \\ \"quoted\"\n[CHAPTER]".into();
    let plan = Plan {
        canvas: CANVAS,
        segments,
        sound,
        sound_kbps: 192,
        title,
        chapters,
    };
    (plan, folder.join("out.mp4"))
}

#[test]
fn the_file_is_what_platforms_want() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, path) = joined(folder.path());
    let muxed = mux(&tools(), &plan, &path, &Cancel::new()).unwrap();
    assert_eq!(muxed.frames, 157);
    // Three segments, the sound, the result: no helper stays.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
    let layout = boxes::layout(&path).unwrap();
    assert_eq!(
        layout,
        boxes::Layout {
            index_first: true,
            edit_list: false
        }
    );

    let seen = probe::probe(&tools(), &path, Kind::Mp4, folder.path(), &Cancel::new()).unwrap();
    let [video] = seen.video.as_slice() else {
        panic!("{seen:?}")
    };
    let [audio] = seen.audio.as_slice() else {
        panic!("{seen:?}")
    };
    assert_eq!(
        (video.codec.as_str(), video.profile.as_str()),
        ("h264", "High")
    );
    assert_eq!(
        (video.pixels.as_str(), video.range.as_str()),
        ("yuv420p", "tv")
    );
    let tags = [&video.matrix, &video.transfer, &video.primaries];
    assert!(tags.iter().all(|tag| *tag == "bt709"), "{tags:?}");
    assert_eq!((video.rate, video.average_rate), ((30, 1), (30, 1)));
    assert_eq!((video.frames, video.progressive), (Some(157), Some(true)));
    assert_eq!(
        (audio.codec.as_str(), audio.profile.as_str()),
        ("aac", "LC")
    );
    assert_eq!((audio.sample_rate, audio.channels), (48_000, 2));
    assert_eq!((video.start_s, audio.start_s), (Some(0.0), Some(0.0)));
    let lengths = [video.duration_s.unwrap(), audio.duration_s.unwrap()];
    assert!(
        lengths.iter().all(|s| (s - 157.0 / 30.0).abs() < 0.001),
        "{lengths:?}"
    );

    assert_eq!(
        seen.title.as_deref(),
        Some("A=B; #1 \\ \"quoted\" [CHAPTER]")
    );
    let chapters = [
        (0.0, "One; =#\\ 'two' three".into()),
        (2.0, "Zwei – 二".into()),
    ];
    assert_eq!(seen.chapters, chapters);
}

#[test]
fn a_click_is_heard_at_the_frame_it_belongs_to() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, path) = joined(folder.path());
    mux(&tools(), &plan, &path, &Cancel::new()).unwrap();

    let decode = |args: &[&str]| {
        let spec = ffmpeg::quiet(&tools(), folder.path()).unwrap();
        let spec = spec
            .args(["-f", "mov", "-i", "out.mp4"])
            .args(args)
            .arg("pipe:1");
        let limits = Limits {
            stdout_bytes: 64 << 20,
            ..Limits::default()
        };
        child::run(&spec.piped_stdout().limits(limits), &[], &Cancel::new())
            .unwrap()
            .stdout
    };
    let sound = decode(&["-map", "0:a", "-ac", "1", "-f", "f32le"]);
    let samples: Vec<f32> = sound
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let pictures = decode(&[
        "-map",
        "0:v",
        "-vf",
        "scale=2:2",
        "-pix_fmt",
        "gray",
        "-f",
        "rawvideo",
    ]);
    let flashes: Vec<usize> = pictures
        .chunks(4)
        .enumerate()
        .filter_map(|(n, pixels)| (pixels[0] > 200).then_some(n))
        .collect();
    assert_eq!(flashes, [0, 30, 60, 90, 120, 150]);
    for frame in &flashes[1..] {
        let due = frame * 1600;
        let window = &samples[due - 2400..due + 2400];
        let heard = due - 2400 + window.iter().position(|s| s.abs() > 0.2).unwrap();
        // The encoder smears a click over a few samples; a millisecond is 48.
        assert!(
            heard.abs_diff(due) <= 48,
            "frame {frame}: {heard} instead of {due}"
        );
    }
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, path) = joined(folder.path());
    let mut runs = Vec::new();
    for _ in 0..2 {
        mux(&tools(), &plan, &path, &Cancel::new()).unwrap();
        runs.push(fs::read(&path).unwrap());
    }
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn short_sound_is_filled_and_no_rounding_adds_up() {
    let folder = tempfile::tempdir().unwrap();
    let (mut plan, path) = joined(folder.path());
    clicks(&plan.sound, 1);
    // 150 segments of a third of a frame's remainder each would drift by 50 microseconds.
    plan.segments = vec![plan.segments[1].clone(); 150];
    mux(&tools(), &plan, &path, &Cancel::new()).unwrap();
    let seen = probe::probe(&tools(), &path, Kind::Mp4, folder.path(), &Cancel::new()).unwrap();
    assert_eq!(
        (seen.video[0].frames, seen.video[0].rate),
        (Some(150), (30, 1))
    );
    assert_eq!(seen.video[0].average_rate, (30, 1));
    assert!((seen.audio[0].duration_s.unwrap() - 5.0).abs() < 0.001);
}

#[test]
fn nothing_to_join_and_missing_parts_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (mut plan, path) = joined(folder.path());
    let whole = fs::read(&plan.segments[1].path).unwrap();
    fs::write(&plan.segments[1].path, &whole[..whole.len() / 2]).unwrap();
    let failed = mux(&tools(), &plan, &path, &Cancel::new());
    // ffmpeg itself is content with what comes before the damage.
    assert!(
        matches!(
            failed,
            Err(Error::Incomplete {
                wanted: 157,
                found: 47
            })
        ),
        "{failed:?}"
    );
    let absent = folder.path().join("absent.mp4");
    plan.segments[1].path.clone_from(&absent);
    let failed = mux(&tools(), &plan, &path, &Cancel::new());
    assert!(
        matches!(&failed, Err(Error::File { path, .. }) if *path == absent),
        "{failed:?}"
    );
    plan.segments.clear();
    let failed = mux(&tools(), &plan, &path, &Cancel::new());
    assert!(matches!(failed, Err(Error::NoSegments)), "{failed:?}");
}
