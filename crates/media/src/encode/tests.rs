//! Frames become files: the same frames the same file, and failures say why.

use std::ffi::OsStr;

use ytempire_core::brief::Tier;

use super::*;

const SMALL: Canvas = Canvas {
    width: 320,
    height: 180,
    fps: 30,
};

fn tools() -> Tools {
    Tools::find(OsStr::new("/usr/bin"))
}

/// A picture that changes with `n`.
fn frame(n: u32) -> Yuv420 {
    let mut frame = Yuv420::black(SMALL.width, SMALL.height);
    for (i, luma) in frame.planes_mut()[0].iter_mut().enumerate() {
        *luma = 16 + ((i as u32 * 7 + n * 5) % 200) as u8;
    }
    frame
}

fn encode(folder: &Path, name: &str, frames: u32) -> Encoded {
    let path = folder.join(name);
    let settings = Settings::of(Tier::Simple);
    let mut encoder = Encoder::start(&tools(), &settings, SMALL, &path, &Cancel::new()).unwrap();
    for n in 0..frames {
        encoder.frame(&frame(n)).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn the_same_frames_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let first = encode(folder.path(), "first.mp4", 70);
    let second = encode(folder.path(), "second.mp4", 70);
    assert_eq!((first.frames, first.bytes), (70, second.bytes));
    assert!(first.sandboxed);
    let read = |name| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("first.mp4"), read("second.mp4"));
}

#[test]
fn names_are_names_and_never_protocols_or_options() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "-y.mp4",
        "http://x.mp4".rsplit('/').next().unwrap(),
        "pipe:1",
        "a:b'\n.mp4",
    ] {
        encode(folder.path(), name, 2);
        assert!(folder.path().join(name).exists(), "{name:?}");
    }
}

#[test]
fn an_encoder_that_cannot_go_on_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.mp4");
    std::fs::create_dir(&path).unwrap();
    let settings = Settings::of(Tier::Simple);
    let mut encoder = Encoder::start(&tools(), &settings, SMALL, &path, &Cancel::new()).unwrap();
    let error = (0..1000)
        .find_map(|n| encoder.frame(&frame(n)).err())
        .unwrap();
    assert!(error.to_string().contains("Is a directory"), "{error}");
}

#[test]
fn cancelling_frees_a_writer_that_waits() {
    let folder = tempfile::tempdir().unwrap();
    let cancel = Cancel::new();
    let settings = Settings::of(Tier::Simple);
    let path = folder.path().join("out.mp4");
    let mut encoder = Encoder::start(&tools(), &settings, SMALL, &path, &cancel).unwrap();
    encoder.frame(&frame(0)).unwrap();
    cancel.cancel();
    let error = loop {
        if let Err(error) = encoder.frame(&frame(1)) {
            break error;
        }
    };
    assert!(
        matches!(error, Error::Child(child::Error::Cancelled { .. })),
        "{error}"
    );
}

#[test]
fn frames_must_fit_the_canvas_and_there_must_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.mp4");
    let settings = Settings::of(Tier::Simple);
    let mut encoder = Encoder::start(&tools(), &settings, SMALL, &path, &Cancel::new()).unwrap();
    let wrong = encoder.frame(&Yuv420::black(64, 64));
    assert!(matches!(wrong, Err(Error::FrameSize { got: (64, 64), .. })));
    assert!(matches!(encoder.finish(), Err(Error::NoFrames)));
}

#[test]
fn probing_finds_the_encoder_that_is_always_there() {
    let folder = tempfile::tempdir().unwrap();
    let probed = probe_encoders(&tools(), folder.path(), &Cancel::new()).unwrap();
    assert_eq!(probed.len(), Codec::ALL.len());
    assert_eq!(
        probed[0],
        Probed {
            codec: Codec::X264,
            trouble: None
        }
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
