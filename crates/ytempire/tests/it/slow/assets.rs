//! Pictures that a scene asks for: good ones are shown, damaged ones stop the video by name.

use std::fs;

use serde_json::Value;

use super::TINY;
use crate::books::faults;
use crate::place::Place;
use crate::refusals::assets::ffmpeg;

fn place() -> Place {
    let place = Place::new();
    place.write("whale.toml", format!("assets = \"pictures\"\n{TINY}"));
    fs::create_dir(place.path("pictures")).unwrap();
    place
}

#[test]
fn damaged_ones_stop_the_video_and_are_named() {
    let place = place();
    let whole = place.path("whole.jpg");
    ffmpeg("-f lavfi -i testsrc=size=1280x720 -frames:v 1", &whole);
    let whole = fs::read(whole).unwrap();
    for (name, bytes) in [
        ("whale, cut.jpg", whole[..whole.len() / 20].to_vec()),
        ("whale, huge.png", huge_png(30_000)),
        (
            "whale, noise.mp4",
            [b"\0\0\0\x18ftypisom".as_slice(), &[0xA5; 4096]].concat(),
        ),
    ] {
        let path = place.write(format!("pictures/{name}"), bytes);
        let ended = place.make("whale.toml").end();
        let refusal = ended.refusal(2, "YT0011", &[name]);
        assert_eq!(refusal, Ok(()), "{name}\n{ended}");
        assert!(!place.path("out/whale/video.mp4").exists());
        fs::remove_file(path).unwrap();
    }
    // Without them the brief is a good one.
    place.make("whale.toml").end().good();
    assert_eq!(faults(&place), Vec::<String>::new());
}

/// A picture whose header promises `side` pixels each way, in a few bytes.
fn huge_png(side: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(side.to_be_bytes());
    header.extend(side.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for chunk in [header, b"IDAT".to_vec(), b"IEND".to_vec()] {
        png.extend((chunk.len() as u32 - 4).to_be_bytes());
        png.extend(&chunk);
        png.extend(crc(&chunk).to_be_bytes());
    }
    png
}

/// PNG's check sum (CRC-32).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_picture_under_a_wrong_name_is_shown_and_credited() {
    let place = place();
    let pictures = place.path("pictures");
    let picture = pictures.join("a 'whale' \"here\".png");
    ffmpeg(
        "-f lavfi -i testsrc=size=1920x1080 -frames:v 1 -f mjpeg",
        &picture,
    );
    place.write(
        "pictures/assets.toml",
        "[[asset]]\nfile = \"a 'whale' \\\"here\\\".png\"\nauthor = \"Ada\"\nlicence = \"CC0\"\n",
    );
    place.write("pictures/notes.txt", "buy milk");
    place.write("pictures/.DS_Store", "\0\0\0\x01Bud1");
    let ended = place.make("whale.toml").end().good();
    let notes = ended.stderr.matches("note: ").count();
    assert!(notes == 1 && ended.stderr.contains("notes.txt"), "{ended}");
    let credits = fs::read(place.path("out/whale/credits.json")).unwrap();
    let credits: Value = serde_json::from_slice(&credits).unwrap();
    let shown = credits
        .as_array()
        .unwrap()
        .iter()
        .find(|credit| credit["kind"] == "picture");
    assert_eq!(shown.unwrap()["author"], "Ada", "{credits:#}");
    let metadata = fs::read_to_string(place.path("out/whale/metadata.json")).unwrap();
    assert!(metadata.contains("Ada (CC0)"), "{metadata}");
}
