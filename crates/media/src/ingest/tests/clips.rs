use std::fs;

use super::*;

/// Black and white by turns, changing each half second.
const BLINK: &str = "color=black:s=640x480:r=10:d=1,drawbox=color=white:t=fill:enable='gte(t,0.5)'";

/// Mean luma above the middle, frame by frame.
fn bright(clip: &mut Clip, frames: usize) -> Vec<bool> {
    (0..frames)
        .map(|_| {
            let luma = clip.next_frame().unwrap().planes()[0];
            luma.iter().map(|y| u64::from(*y)).sum::<u64>() / luma.len() as u64 > 120
        })
        .collect()
}

#[test]
fn clips_take_the_canvas_shape_and_rate_and_loop() {
    let world = World::new();
    for (name, args) in [
        ("a.mp4", &["-c:v", "libx264", "-pix_fmt", "yuv420p"][..]),
        ("a.mov", &["-c:v", "prores"]),
        ("a.mkv", &["-c:v", "libx264"]),
        (
            "a.webm",
            &[
                "-c:v",
                "libvpx-vp9",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
            ],
        ),
        ("a.gif", &[]),
    ] {
        let path = world.make(BLINK, args, name);
        let mut clip = world.ingest().clip(&path, CANVAS, 75).unwrap();
        assert_eq!((clip.width, clip.height), (640, 480), "{name}");
        let seen = bright(&mut clip, 80);
        assert_eq!(clip.frames(), 75, "{name}");
        let turns = [false, true, false, true, false]
            .map(|white| [white; 15])
            .concat();
        // Formats that keep hundredths or thousandths of a second may be a frame off.
        let off = seen.iter().zip(&turns).filter(|(a, b)| a != b).count();
        assert!(off <= 4, "{name}: {off} frames differ");
        assert_eq!(seen[75..], [seen[74]; 5], "{name}");
    }
    world.assert_clean();
}

#[test]
fn turned_and_squeezed_clips_are_shown_as_meant() {
    let world = World::new();
    let squeezed = world.make(
        "testsrc2=s=320x480:r=30:d=0.2,setsar=2/1",
        &["-c:v", "libx264", "-pix_fmt", "yuv420p"],
        "squeezed.mp4",
    );
    let clip = world.ingest().clip(&squeezed, CANVAS, 3).unwrap();
    assert_eq!((clip.width, clip.height), (640, 480));

    let turned = world.path("turned.mp4");
    let spec = ffmpeg::quiet(&world.tools, world.users.path()).unwrap();
    let spec = spec
        .args([
            "-f",
            "mov",
            "-i",
            "squeezed.mp4",
            "-c",
            "copy",
            "-metadata:s:v:0",
            "rotate=90",
        ])
        .arg(ffmpeg::file(&turned));
    child::run(&spec, &[], &Cancel::new()).unwrap();
    let mut clip = world.ingest().clip(&turned, CANVAS, 3).unwrap();
    assert_eq!((clip.width, clip.height), (480, 640));
    clip.next_frame().unwrap();
}

#[test]
fn a_clip_that_was_cut_off_is_refused() {
    let world = World::new();
    let args = [
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "+faststart",
    ];
    let whole = fs::read(world.make("testsrc2=s=640x360:r=30:d=1", &args, "whole.mp4")).unwrap();
    for part in [whole.len() / 2, whole.len() - 1, 200] {
        let path = world.write("part.mp4", &whole[..part]);
        let refused = world.ingest().clip(&path, CANVAS, 30).unwrap_err();
        assert!(
            matches!(refused, Error::Damaged { .. }),
            "{part}: {refused}"
        );
    }
    world.assert_clean();
}

#[test]
fn cancelling_ends_a_clip() {
    let world = World::new();
    let path = world.make(BLINK, &["-c:v", "libx264"], "a.mp4");
    let mut clip = world.ingest().clip(&path, CANVAS, 1_000_000).unwrap();
    clip.next_frame().unwrap();
    world.cancel.cancel();
    let error = loop {
        if let Err(error) = clip.next_frame() {
            break error;
        }
    };
    assert!(
        matches!(error, Error::Child(child::Error::Cancelled { .. })),
        "{error}"
    );
}
