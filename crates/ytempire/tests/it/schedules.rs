//! Recurring starts: added, shown, paused, and started by whichever node is first.

use rustix::process::Signal;
use serde_json::Value;

use crate::place::{Ended, Place};

const BRIEF: &str = "title = \"The blue whale\"\nscript = '''\n## The blue whale\n\nWhales sing in \
                     the deep.\n'''\n";

fn place() -> Place {
    let place = Place::new();
    place.write("whale.toml", BRIEF);
    place
}

/// Runs the program with the arguments of one line, parted by bars.
fn run(place: &Place, line: &str) -> Ended {
    place.run(line.split('|'))
}

fn object(ended: Ended) -> Value {
    let ended = ended.good();
    serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}\n{ended}"))
}

#[test]
fn a_schedule_is_added_shown_paused_resumed_and_removed() {
    let place = place();
    let told = run(&place, "schedule|list").good();
    assert!(told.stdout.contains("schedule add"), "{told}");
    let slots = "schedule|add|whale.toml|--slot|mon,thu 18:00|--slot|sat 10:30|--lead|2h|--zone|\
                 Europe/Berlin|--priority|8|--json";
    let added = object(run(&place, slots));
    assert_eq!(
        (&added["name"], &added["priority"]),
        (&"whale".into(), &8.into())
    );
    let upcoming = added["upcoming"].as_array().unwrap();
    assert_eq!(upcoming.len(), 5);
    for tick in upcoming {
        let (start, due) = (
            tick["start_at"].as_i64().unwrap(),
            tick["due_at"].as_i64().unwrap(),
        );
        assert_eq!(due - start, 2 * 3_600_000_000);
    }
    let shown = run(&place, "schedule|show|whale").good().stdout;
    assert!(
        shown.contains(", for Sat ") && shown.contains(" 10:30 CE"),
        "{shown}"
    );
    run(&place, slots).refused(2, "YT0018", &["whale", "--name"]);
    run(
        &place,
        "schedule|add|whale.toml|--name|nightly|--cron|0 3 * * *|--due-in|4h",
    )
    .good();
    let table = run(&place, "schedule|list").good().stdout;
    assert!(
        table.contains("nightly") && table.contains("UTC, in "),
        "{table}"
    );
    run(&place, "schedule|pause|nightly").good();
    assert_eq!(
        object(run(&place, "schedule|show|nightly|--json"))["state"],
        "paused"
    );
    run(&place, "schedule|resume|nightly").good();
    let shown = run(&place, "schedule|show|nightly").good().stdout;
    assert!(
        shown.contains("03:00, due") && shown.contains("07:00 UTC"),
        "{shown}"
    );
    run(&place, "schedule|remove|nightly").good();
    run(&place, "schedule|show|nightly").refused(2, "YT0017", &["schedule list"]);
    let lines = run(&place, "schedule|list|--json").good().json_lines();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].get("request").is_none());
}

#[test]
fn what_can_not_be_started_is_refused_when_it_is_added() {
    let place = place();
    for (times, says) in [
        ("--cron|61 * * * *", "cron"),
        ("--cron|* * * * * *", "five fields"),
        ("--cron|0 0 30 2 *", "never"),
        ("--slot|someday 18:00", "weekday"),
        ("--slot|mon 18:00|--zone|Berlin", "Europe/Berlin"),
    ] {
        let added = run(&place, &format!("schedule|add|whale.toml|{times}"));
        added.refused(2, "YT0018", &[says]);
    }
    let theme = run(
        &place,
        "schedule|add|whale.toml|--cron|0 3 * * *|--theme|neon",
    );
    theme.refused(2, "YT0004", &["midnight"]);
    for usage in [
        "schedule|add|whale.toml",
        "schedule|add|--cron|0 3 * * *",
        "schedule|add|whale.toml|--cron|0 3 * * *|--slot|mon 18:00",
        "schedule|add|whale.toml|--cron|0 3 * * *|--lead|2h",
    ] {
        let ended = run(&place, usage);
        assert_eq!(ended.status.code(), Some(2), "{ended}");
    }
    assert!(run(&place, "schedule|list|--json").good().stdout.is_empty());
}

#[test]
fn a_start_by_hand_is_a_video_each_time() {
    let place = place();
    run(
        &place,
        "schedule|add|whale.toml|--cron|0 3 * * *|--due-in|4h",
    )
    .good();
    let first = object(run(&place, "schedule|run-now|whale|--json"));
    assert_eq!(first["fresh"], true);
    assert!(first["due_at"].is_i64());
    run(&place, "schedule|run-now|whale").good();
    assert_eq!(run(&place, "list|--json").good().json_lines().len(), 2);
}

/// The clocks of both nodes are two hours ahead, so a tick has passed when they look first. Nothing
/// is made: the line is paused.
#[test]
fn a_tick_that_passed_is_started_once_by_two_nodes() {
    let place = place();
    run(&place, "queue|pause").good();
    run(&place, "schedule|add|whale.toml|--cron|0 * * * *").good();
    let node = || {
        let node = place.program(["work", "--slots", "1", "-v"]);
        node.env("YTEMPIRE_CLOCK_SHIFT", "7200").start()
    };
    let nodes = [node(), node()];
    // Whoever has been seen since it joined has looked.
    let looked = || {
        let listed = run(&place, "node|list|--json").good().json_lines();
        let seen = listed
            .iter()
            .filter(|node| node["seen_at"] != node["joined_at"]);
        seen.count()
    };
    while looked() < 2 {
        std::thread::yield_now();
    }
    for node in nodes {
        node.signal(Signal::TERM);
        node.end().good();
    }
    let videos = run(&place, "list|--json").good().json_lines();
    assert_eq!(videos.len(), 1);
    assert_eq!(videos[0]["state"], "queued");
    let shown = object(run(&place, "schedule|show|whale|--json"));
    assert_eq!(shown["started"], 1);
    assert_eq!(shown["last_video"], videos[0]["id"]);
}

/// A node whose clock is so many hours ahead, until it has looked once.
fn work_for_a_heartbeat(place: &Place, hours: u32) {
    let node = place.program(["work", "--slots", "1"]);
    let shift = (hours * 3600).to_string();
    let node = node.env("YTEMPIRE_CLOCK_SHIFT", shift).start();
    let looked = || {
        let listed = run(place, "node|list|--json").good().json_lines();
        listed
            .iter()
            .any(|node| node["seen_at"] != node["joined_at"])
    };
    while !looked() {
        std::thread::yield_now();
    }
    node.signal(Signal::TERM);
    node.end().good();
}

#[test]
fn what_can_not_be_started_stays_due_and_says_why() {
    let place = place();
    run(&place, "queue|pause").good();
    place.write("ytempire.toml", "[queue]\nwaiting_max = 1\n");
    run(&place, "video|submit|whale.toml").good();
    run(&place, "schedule|add|whale.toml|--cron|0 * * * *").good();
    work_for_a_heartbeat(&place, 2);
    let shown = object(run(&place, "schedule|show|whale|--json"));
    let why = shown["last_error"].as_str().unwrap();
    assert!(why.contains("1 videos wait"), "{why}");
    assert_eq!(shown["started"], 0);
    // Room again: the tick is still due.
    place.write("ytempire.toml", "[queue]\nwaiting_max = 2\n");
    work_for_a_heartbeat(&place, 2);
    let shown = object(run(&place, "schedule|show|whale|--json"));
    assert_eq!(
        (&shown["started"], &shown["last_error"]),
        (&1.into(), &Value::Null)
    );
}

#[test]
fn a_node_deletes_what_is_older_than_it_is_kept() {
    let place = place();
    run(&place, "queue|pause").good();
    run(&place, "video|submit|whale.toml").good();
    run(&place, "video|cancel|last").good();
    run(&place, "video|retry|last").good();
    let listed = || run(&place, "list|--json").good().json_lines();
    place.write(
        "ytempire.toml",
        "[retention]\nvideos = \"3h\"\nevents = \"1h\"\n",
    );
    work_for_a_heartbeat(&place, 2);
    assert_eq!(listed().len(), 2);
    let cancelled = listed()[1]["id"].as_str().unwrap().to_owned();
    let told = run(&place, &format!("video|watch|{cancelled}|--json"));
    assert!(told.stdout.is_empty(), "{told}");
    work_for_a_heartbeat(&place, 4);
    assert_eq!(listed().len(), 1);
    assert_eq!(listed()[0]["state"], "queued");
}
