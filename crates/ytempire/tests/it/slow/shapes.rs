//! Formats, captions and music: the same sentence in all of them, narrated once.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::TINY;
use super::looked::{Looked, caption_words, words};
use crate::books::{faults, receipt};
use crate::place::Place;

fn json(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

#[test]
fn every_format_and_every_way_to_caption() {
    let place = Place::new();
    place.write("whale.toml", TINY);
    let make = |options: &str, out: &str| {
        place
            .make(&format!("whale.toml {options} --out {out}"))
            .end()
            .good();
        let quality = json(&place.path(out).join("quality.json"));
        assert_eq!(quality["verdict"], "pass", "{options}: {quality:#}");
        fs::read(place.path(out).join("video.mp4")).unwrap()
    };
    let sidecar = make("--captions sidecar --music none", "sidecar");
    let none = make("--captions none --music none", "none");
    let burned = make("--captions burned --music none", "burned");
    make("--format 9:16 --captions both", "tall");
    for (out, width, height) in [
        ("sidecar", 1080, 1080),
        ("burned", 1080, 1080),
        ("tall", 1080, 1920),
    ] {
        Looked::at(&place.path(out).join("video.mp4")).is_a_good_upload(width, height);
    }
    assert!(none == sidecar, "captions in files changed the picture");
    assert!(none != burned, "burned captions aren't in the picture");
    for (out, there) in [
        ("none", false),
        ("burned", false),
        ("sidecar", true),
        ("tall", true),
    ] {
        for name in ["captions.srt", "captions.vtt"] {
            assert_eq!(place.path(out).join(name).is_file(), there, "{out}/{name}");
        }
    }
    let said = words("Whales sing in the deep.");
    assert_eq!(caption_words(&place.path("tall/captions.vtt")), said);
    let music = |out: &str| {
        let credits = json(&place.path(out).join("credits.json"));
        let all = credits.as_array().unwrap().clone();
        all.iter().any(|credit| credit["kind"] == "music")
    };
    assert_eq!((music("none"), music("tall")), (false, true));
    // The narration was paid once.
    let narrated = |out: &str| {
        let lines = receipt(&place.path(out)).lines;
        let its = lines
            .into_iter()
            .filter(|line| line.stage.as_str() == "narrate");
        its.map(|line| line.backend).collect::<Vec<_>>()
    };
    assert_eq!(narrated("sidecar"), ["local", "local"]);
    assert_eq!(narrated("tall"), ["cache"]);
    assert_eq!(faults(&place), Vec::<String>::new());
}
