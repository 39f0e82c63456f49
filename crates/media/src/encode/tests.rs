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

/// A picture that hardly compresses.
fn noise(n: u32) -> Yuv420 {
    let mut frame = Yuv420::black(SMALL.width, SMALL.height);
    let mut state = n.wrapping_mul(2_654_435_761) | 1;
    for luma in &mut *frame.planes_mut()[0] {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        *luma = 16 + (state >> 24) as u8 / 2;
    }
    frame
}

fn encode(folder: &Path, name: &str, frames: u32) {
    let path = folder.join(name);
    let settings = Settings::of(Tier::Simple);
    let mut encoder = Encoder::start(&tools(), &settings, SMALL, &path, &Cancel::new()).unwrap();
    for n in 0..frames {
        encoder.frame(&frame(n)).unwrap();
    }
    encoder.finish().unwrap();
}

#[test]
fn the_same_frames_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    // The peak rate is far below what noise needs: that is where threads race.
    let tight = Settings {
        rate_kbps_max: 400,
        buffer_kbit: 800,
        ..Settings::of(Tier::Simple)
    };
    for threads in [1, 2, 3] {
        let encode = |name| {
            let path = folder.path().join(name);
            let settings = Settings { threads, ..tight };
            let mut encoder =
                Encoder::start(&tools(), &settings, SMALL, &path, &Cancel::new()).unwrap();
            (0..120).for_each(|n| encoder.frame(&noise(n)).unwrap());
            let encoded = encoder.finish().unwrap();
            assert_eq!((encoded.frames, encoded.sandboxed), (120, true));
            std::fs::read(path).unwrap()
        };
        let first = encode("first.mp4");
        // Only one thread keeps to the peak rate.
        let limited = first.len() < 400_000;
        assert_eq!(limited, threads == 1, "{}", first.len());
        for name in ["second.mp4", "third.mp4"] {
            assert!(encode(name) == first, "{threads} threads");
        }
    }
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
    let probed = probe_encoders(&tools(), &Codec::ALL, folder.path(), &Cancel::new()).unwrap();
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

/// Where a GPU is, it works; where none is, ffmpeg's own words are understood.
#[test]
fn an_encoder_without_its_gpu_says_whose_fault_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let probed = probe(&tools(), Codec::H264Nvenc, folder.path(), &Cancel::new());
    if let Err(error) = probed {
        let fault = Fault::of(&error).unwrap();
        assert!(
            matches!(fault, Fault::Driver | Fault::Device),
            "{fault:?}: {error}"
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
