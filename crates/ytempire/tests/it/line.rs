//! What operators do with many videos, before a frame is drawn.

use serde_json::Value;

use crate::place::{Ended, Place};

fn brief(title: &str) -> String {
    format!("title = \"{title}\"\nscript = '''\n## {title}\n\nWhales sing in the deep.\n'''\n")
}

/// A place with `count` briefs, `0.toml` and so on.
fn place(count: u32) -> Place {
    let place = Place::new();
    for n in 0..count {
        place.write(format!("{n}.toml"), brief(&format!("The whale number {n}")));
    }
    place
}

fn run(place: &Place, line: &str) -> Ended {
    place.run(line.split_whitespace())
}

fn states(place: &Place) -> Vec<String> {
    let state = |video: &Value| video["state"].as_str().unwrap().to_owned();
    let listed = run(place, "video list --json").good();
    listed.json_lines().iter().map(state).collect()
}

#[test]
fn what_make_takes_submit_takes() {
    let place = place(1);
    place.write("pictures/readme.txt", "no picture");
    let options = "--voice rms --language en --theme paper --assets pictures --music none \
                   --captions sidecar --format 9:16 --tier simple --budget 2.50";
    let told = run(&place, &format!("video submit 0.toml {options}")).good();
    assert!(told.stderr.contains("readme.txt"), "{told}");
    for (wrong, code, says) in [
        ("--theme neon", "YT0004", "midnight"),
        ("--voice nobody", "YT0009", "slt"),
        ("--music nowhere.mp3", "YT0011", "nowhere.mp3"),
        ("--assets nowhere", "YT0011", "nowhere"),
    ] {
        run(&place, &format!("video submit 0.toml {wrong}")).refused(2, code, &[says]);
    }
    // Every option made another video of the same brief.
    run(&place, "video submit 0.toml").good();
    assert_eq!(states(&place).len(), 2);
}

#[test]
fn many_are_chosen_counted_and_only_then_changed() {
    let place = place(3);
    run(&place, "video submit 0.toml 1.toml 2.toml").good();
    // Nobody is there to say yes.
    run(&place, "video cancel --state queued").refused(2, "YT0015", &["cancel 3 videos", "--yes"]);
    assert_eq!(states(&place), ["queued"; 3]);
    let nothing = run(&place, "video cancel --older-than 1h --yes --json").good();
    assert!(nothing.stdout.is_empty(), "{nothing}");
    let other = "--account 0192c3a0-5d2f-7c11-8a3e-5f0e1d2c3b4a";
    let nothing = run(&place, &format!("video cancel {other} --yes")).good();
    assert!(nothing.stderr.contains("no such videos"), "{nothing}");
    for (filter, count) in [("--account local", 3), (other, 0), ("--older-than 1h", 0)] {
        let listed = run(&place, &format!("video list {filter} --json")).good();
        assert_eq!(listed.json_lines().len(), count, "{listed}");
    }
    let cancelled = run(&place, "video cancel --account local --yes --json").good();
    let lines = cancelled.json_lines();
    assert!(lines.len() == 3 && lines.iter().all(|l| l["cancelled"] == true));
    // What has ended is passed over.
    let nothing = run(&place, "video cancel --all --yes").good();
    assert!(nothing.stdout.is_empty(), "{nothing}");
    let again = run(&place, "video retry --all --yes --json").good();
    assert_eq!(again.json_lines().len(), 3);
    // Six now, of which three have ended.
    run(&place, "video delete --all").refused(2, "YT0015", &["delete 3 videos"]);
    let deleted = run(&place, "video delete --all --yes --json").good();
    assert!(deleted.json_lines().iter().all(|l| l["deleted"] == true));
    assert_eq!(states(&place), ["queued"; 3]);
    run(&place, "video delete last").refused(2, "YT0016", &["queued", "video cancel"]);
    run(&place, "video retry last").refused(2, "YT0016", &["queued"]);
    for wrong in [
        "video delete",
        "video delete last --all",
        "video cancel --older-than soon",
        "video cancel --account me",
        "video retry last --from nowhere",
    ] {
        let ended = run(&place, wrong);
        assert_eq!(ended.status.code(), Some(2), "{ended}");
    }
}

#[test]
fn each_retry_from_a_stage_is_another_video() {
    let place = place(1);
    run(&place, "video submit 0.toml").good();
    run(&place, "video cancel last").good();
    let first = run(&place, "video retry last --json").good().json_lines();
    let first = first[0]["id"].as_str().unwrap().to_owned();
    run(&place, &format!("video cancel {first}")).good();
    for _ in 0..2 {
        let again = run(
            &place,
            &format!("video retry {first} --from compose --json"),
        );
        assert_eq!(again.good().json_lines()[0]["fresh"], true);
    }
    assert_eq!(states(&place).len(), 4);
}

#[test]
fn due_times_and_later_starts_are_kept_and_told() {
    let place = place(3);
    let submit = |line: &str| {
        let words: Vec<&str> = line.split('|').collect();
        place.run([&["video", "submit"], words.as_slice()].concat())
    };
    submit("0.toml|--due|2001-01-01T18:00Z").good();
    submit("1.toml|--due|in 2h|--start-at|in 1h").good();
    submit("2.toml").good();
    let listed = run(&place, "video list --json").good().json_lines();
    let late: Vec<&Value> = listed.iter().map(|video| &video["late"]).collect();
    assert_eq!(
        late,
        [&Value::Bool(false), &Value::Bool(false), &Value::Bool(true)]
    );
    assert_eq!(listed[2]["due_at"], 978_372_000_000_000_i64);
    let table = run(&place, "list").good().stdout;
    for says in ["late by", "begins in 59 min", "due in 1 h 59 min"] {
        assert!(table.contains(says), "{says}: {table}");
    }
    let status: Value = {
        let text = run(&place, "queue status --json").good().stdout;
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(status["late"], 1);
    assert_eq!(status["load"]["jobs_scheduled"], 1);
    assert_eq!(status["load"]["jobs_available"], 2);
    for wrong in [
        "0.toml|--due|tomorrow",
        "0.toml|--start-at|2026-12-01T18:00",
    ] {
        let ended = submit(wrong);
        assert_eq!(ended.status.code(), Some(2), "{ended}");
        assert!(ended.stderr.contains("zone"), "{ended}");
    }
}

#[test]
fn what_all_videos_cost_is_told_by_day() {
    let place = place(1);
    let told = run(&place, "cost --days 7").good().stdout;
    assert!(
        told.contains("own machine") && told.contains("all"),
        "{told}"
    );
    assert!(run(&place, "cost --days 7 --json").good().stdout.is_empty());
}

#[test]
fn a_filling_line_warns_and_a_full_one_says_when_to_come_again() {
    let place = place(6);
    place.write("ytempire.toml", "[queue]\nwaiting_max = 5\n");
    let submit = |n: u32| run(&place, &format!("video submit {n}.toml"));
    for n in 0..3 {
        assert!(!submit(n).good().stderr.contains("warning"));
    }
    let told = submit(3).good();
    assert!(
        told.stderr.contains("4 of 5 videos wait (warning"),
        "{told}"
    );
    let told = submit(4).good();
    assert!(told.stderr.contains("5 of 5 videos wait (full"), "{told}");
    submit(5).refused(8, "YT0216", &["retry_after: 900 s, which is 15 min"]);
    let refused = run(&place, "video submit 5.toml --json");
    let object = &refused.json_lines()[0]["error"];
    assert_eq!(
        (&object["code"], &object["retry_after_s"]),
        (&"YT0216".into(), &900.into())
    );
    run(&place, "video submit 5.toml --waiting-max 6").good();
    place.write(
        "ytempire.toml",
        "[queue]\nwaiting_max = 5\n[limits]\naccount = 4\n",
    );
    let status = run(&place, "queue status").good().stdout;
    assert!(status.contains("6 queued of 5 (full"), "{status}");
    assert!(status.contains("limits  4 of an account"), "{status}");
    let status: Value = {
        let text = run(&place, "queue status --json").good().stdout;
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(
        (&status["fullness"], &status["waiting_max"]),
        (&"full".into(), &5.into())
    );
}

#[test]
fn what_ended_is_counted_and_pruned() {
    let place = place(2);
    run(&place, "video submit 0.toml 1.toml").good();
    run(&place, "video cancel --all --yes").good();
    let status = run(&place, "queue status").good().stdout;
    assert!(status.contains("ended   2 videos, since 20"), "{status}");
    run(&place, "queue prune --older-than 0s").refused(2, "YT0015", &["delete 2 videos"]);
    let none = run(&place, "queue prune --older-than 1h --yes --json").good();
    assert_eq!(none.json_lines()[0]["videos"], 0);
    let events = run(&place, "queue prune --older-than 0s --events --yes").good();
    assert!(events.stdout.contains("events of 2 videos"), "{events}");
    assert_eq!(states(&place), ["cancelled"; 2]);
    let videos = run(&place, "queue prune --older-than 0s --yes").good();
    assert!(videos.stdout.contains("2 videos"), "{videos}");
    assert!(states(&place).is_empty());
}
