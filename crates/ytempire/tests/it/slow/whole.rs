//! One video of twenty seconds, everything about it, and what the next command finds of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::looked::{Looked, caption_words, cue_times, seconds, words};
use crate::books::{books, faults, receipt};
use crate::place::Place;

const SCENES: [(&str, &str, &str); 3] = [
    (
        "How deep is the sea?",
        "!title A short descent",
        "The sea is deep, and nearly all of it is dark. Let us go down.",
    ),
    (
        "Eleven kilometres",
        "!number 10,935 m | the deepest place that we know",
        "The deepest place that we know lies almost eleven kilometres under the waves. Mount \
         Everest would drown in it, and two kilometres of water would be left above.",
    ),
    (
        "The end",
        "!closing",
        "Most of it is still waiting for you. Go and look.",
    ),
];

fn brief() -> String {
    let scenes =
        SCENES.map(|(heading, visual, said)| format!("## {heading}\n{visual}\n\n{said}\n"));
    format!(
        "title = \"How deep is the sea?\"\ntags = [\"sea\", \"deep\"]\nscript = '''\n{}'''\n",
        scenes.join("\n")
    )
}

#[test]
fn a_brief_becomes_a_folder_that_can_be_uploaded() {
    let place = Place::new();
    place.write("sea.toml", brief());
    let made = place.make("sea.toml --json").end().good();
    let folder = place.path("out/sea");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "captions.srt",
            "captions.vtt",
            "credits.json",
            "metadata.json",
            "quality.json",
            "receipt.json",
            "thumbnail.jpg",
            "video.mp4",
        ]
    );

    let looked = Looked::at(&folder.join("video.mp4"));
    looked.is_a_good_upload(1920, 1080);
    assert!(
        (15.0..35.0).contains(&looked.seconds()),
        "{}",
        looked.seconds()
    );
    chapters(&looked);

    captions(&folder, looked.seconds());
    reports(&folder);
    let thumbnail = Looked::picture(&folder.join("thumbnail.jpg"));
    assert_eq!(thumbnail, (1280, 720));

    events(&made.json_lines());
    money(&place);
    again(&place);
    watched_by_head(&place);
}

/// Every word that is said is shown, in order, and no caption overlaps the next.
fn captions(folder: &Path, seconds: f64) {
    let said: Vec<_> = SCENES.iter().flat_map(|(_, _, said)| words(said)).collect();
    for name in ["captions.srt", "captions.vtt"] {
        let file = folder.join(name);
        assert_eq!(caption_words(&file), said, "{name}");
        let times = cue_times(&file);
        let mut end = 0.0;
        for (from, to) in times {
            assert!(end <= from && from < to && to <= seconds + 0.001, "{name}");
            end = to;
        }
    }
}

/// What lies beside the video says that it is good, whose it is, and what an upload needs.
fn reports(folder: &Path) {
    let json = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
    };
    let quality = json("quality.json");
    assert_eq!(quality["verdict"], "pass", "{quality:#}");
    assert_eq!(
        (&quality["score"], &quality["repaired"]),
        (&100.into(), &false.into())
    );
    assert_eq!(
        quality["substitutions"],
        Value::Array(vec![]),
        "{quality:#}"
    );
    let metadata = json("metadata.json");
    assert_eq!(metadata["title"], "How deep is the sea?");
    assert_eq!(metadata["privacy"], "private");
    assert_eq!(metadata["tags"], serde_json::json!(["sea", "deep"]));
    let credits = json("credits.json");
    for kind in ["voice", "font", "music"] {
        let all = credits.as_array().unwrap();
        assert!(
            all.iter().any(|credit| credit["kind"] == kind),
            "{credits:#}"
        );
    }
}

fn chapters(looked: &Looked) {
    let chapters = looked.probe["chapters"].as_array().unwrap();
    let titles: Vec<_> = chapters
        .iter()
        .map(|c| c["tags"]["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, SCENES.map(|(heading, _, _)| heading));
    let mut end = 0.0;
    for chapter in chapters {
        assert!(
            (seconds(&chapter["start_time"]) - end).abs() < 0.002,
            "{chapters:#?}"
        );
        end = seconds(&chapter["end_time"]);
    }
    assert!((end - looked.seconds()).abs() < 0.05, "{chapters:#?}");
}

/// Every line is an event in order, but for the last, which is the receipt.
fn events(lines: &[Value]) {
    let (last, events) = lines.split_last().unwrap();
    assert_eq!(
        (&last["kind"], &last["state"]),
        (&"receipt".into(), &"ready".into())
    );
    let kind = |n: usize| events[n]["kind"].as_str().unwrap();
    assert_eq!(
        (kind(0), kind(events.len() - 1)),
        ("video.queued", "video.ready")
    );
    let numbers: Vec<_> = events
        .iter()
        .map(|event| event["seq"].as_i64().unwrap())
        .collect();
    assert!(numbers.is_sorted());
    let done = events
        .iter()
        .filter(|event| event["kind"] == "job.completed")
        .count();
    // One script, three jobs a scene, and assemble, thumbnail, validate.
    assert_eq!(done, 1 + 3 * SCENES.len() + 3);
}

/// The receipt adds up, is what `cost` prints, and nothing of it was cash.
fn money(place: &Place) {
    let laid = receipt(&place.path("out/sea"));
    assert!(laid.adds_up());
    assert_eq!(laid.cash.0, 0);
    assert!(laid.imputed.0 > 0 && laid.total < laid.budget);
    assert_eq!(laid.unknown.0, 0);
    let printed = place.run(["cost", "--json"]).good().stdout;
    assert_eq!(
        serde_json::from_str::<ledger::Receipt>(&printed).unwrap(),
        laid
    );
    let id = laid.video.to_string();
    assert_eq!(place.run(["cost", &id, "--json"]).good().stdout, printed);
    let table = place.run(["cost", &id]).good().stdout;
    assert!(table.contains(&laid.total.to_string()), "{table}");
    assert_eq!(faults(place), Vec::<String>::new());
}

/// A second run lays the same files out again and pays nothing.
fn again(place: &Place) {
    let before = fs::read(place.path("out/sea/video.mp4")).unwrap();
    let ended = place.make("sea.toml -q --out elsewhere").end().good();
    assert_eq!(ended.stdout, "elsewhere/video.mp4\n");
    assert_eq!(ended.stderr, "");
    assert!(fs::read(place.path("elsewhere/video.mp4")).unwrap() == before);
    let books = books(place);
    assert_eq!(books.len(), 1, "the same brief became two videos");
    assert_eq!(
        receipt(&place.path("elsewhere")),
        receipt(&place.path("out/sea"))
    );
    let plain = place.make("sea.toml").end().good();
    assert!(plain.stdout.ends_with("out/sea/video.mp4\n"), "{plain}");
    assert!(!plain.stderr.contains("error"), "{plain}");
    let listed = place.run(["list", "--json"]).good().json_lines();
    assert_eq!((listed.len(), &listed[0]["state"]), (1, &"ready".into()));
}

/// A reader that leaves early is no error, and the video is finished all the same.
fn watched_by_head(place: &Place) {
    let mut command = place.make("sea.toml --json --out headed").0;
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let head = Command::new("head")
        .args(["-n", "1"])
        .stdin(child.stdout.take().unwrap())
        .output()
        .unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(
        ended.status.success() && ended.stderr.is_empty(),
        "{ended:?}"
    );
    assert!(head.stdout.starts_with(b"{"), "{head:?}");
    assert!(place.path("headed/video.mp4").is_file());
}
