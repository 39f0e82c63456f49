//! `ytempire plan`: the same answer for the same seed, on paper, as JSON and as a page.

use std::fs;

use serde_json::Value;

use crate::place::Place;
use crate::repository;

/// Fifty videos: enough to see everything, few enough for a moment.
const SMALL: [&str; 5] = ["plan", "--videos-per-day", "50", "--days", "1"];

fn small<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SMALL.iter().chain(more).copied().collect()
}

#[test]
fn every_policy_is_shown_beside_the_bound_and_the_bottleneck() {
    let place = Place::new();
    let ended = place.run(small(&[])).good();
    for shown in [
        "RTX 5090",
        "FIFO",
        "priority",
        "EDF",
        "ours, nothing bought",
        "no policy can have a mean below",
        "first bottleneck: GPU",
    ] {
        assert!(ended.stdout.contains(shown), "{shown}: {ended}");
    }
    assert!(!place.data().exists(), "a plan keeps nothing");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let place = Place::new();
    let json = |seed| place.run(small(&["--json", "--seed", seed])).good().stdout;
    assert_eq!(json("7"), json("7"));
    assert_ne!(json("7"), json("8"));
    let value: Value = serde_json::from_str(&json("7")).unwrap();
    assert_eq!(value["policies"].as_array().unwrap().len(), 5);
    for policy in value["policies"].as_array().unwrap() {
        assert_eq!(policy["videos"], 50);
        assert!(
            policy["mean_over_bound"].as_f64().unwrap() >= 1.0,
            "{policy}"
        );
    }
    assert_eq!(value["bottleneck"], "GPU");
}

#[test]
fn a_page_holds_everything_and_loads_nothing() {
    let place = Place::new();
    let file = place.write("plan.html", "");
    let path = file.to_str().unwrap();
    place.run(small(&["--html", path])).good();
    let page = fs::read_to_string(&file).unwrap();
    for (mark, count) in [
        ("role=\"img\"", 3),
        ("<title id=", 3),
        ("<desc id=", 3),
        ("<h1>", 1),
    ] {
        assert_eq!(page.matches(mark).count(), count, "{mark}");
    }
    assert!(page.contains("prefers-color-scheme:dark"));
    for foreign in ["://", "<script", "@import", "url(", "NaN", "inf"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn the_shipped_hardware_files_can_be_planned_with() {
    let place = Place::new();
    for (file, bottleneck) in [("rtx5090", "GPU"), ("two-cores", "CPU")] {
        let path = repository(&format!("examples/hardware/{file}.toml"));
        let path = path.to_str().unwrap().to_owned();
        let ended = place
            .run(small(&["--hardware", &path, "--policy", "ours"]))
            .good();
        assert!(
            ended
                .stdout
                .contains(&format!("first bottleneck: {bottleneck}")),
            "{ended}"
        );
    }
}

#[test]
fn files_and_figures_that_can_not_be_meant_are_refused() {
    let place = Place::new();
    let shipped = repository("examples/hardware/two-cores.toml");
    let text = fs::read_to_string(shipped).unwrap();
    let mistyped = place.write("mistyped.toml", text.replace("cores = 2", "coers = 2"));
    let lacking = place.write(
        "lacking.toml",
        text.replace("\"drawn\"", "\"generated\"") + "[providers]\nllm = 0\n",
    );
    let (mistyped, lacking) = (mistyped.to_str().unwrap(), lacking.to_str().unwrap());
    for (arguments, told) in [
        (vec!["--hardware", mistyped], "did you mean `cores`?"),
        (vec!["--hardware", mistyped], "mistyped.toml:"),
        (vec!["--hardware", lacking], "the stage \"script\""),
        (vec!["--hardware", "no/such.toml"], "no/such.toml"),
        (vec!["--workload", "drwan"], "known are generated and drawn"),
        (
            vec!["--days", "60", "--videos-per-day", "5000"],
            "give --days 1",
        ),
    ] {
        let mut all = vec!["plan"];
        all.extend(arguments);
        let ended = place.run(all);
        assert_eq!(ended.status.code(), Some(2), "{ended}");
        assert!(
            ended.stderr.contains("YT0012") && ended.stderr.contains(told),
            "{ended}"
        );
        assert!(ended.stdout.is_empty(), "{ended}");
    }
}
