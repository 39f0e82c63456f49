//! Being stopped from outside: Ctrl-C, a kill, and the same command again.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::TINY;
use crate::books::{books, faults};
use crate::place::{Place, Running};

/// Two sentences in two scenes, so that there is something left when something is done.
fn two_scenes() -> String {
    TINY.replace(
        "in the deep.\n",
        "in the deep.\n\n## Its song\n\nIts song carries for hundreds of miles.\n",
    )
}

fn place() -> Place {
    let place = Place::new();
    place.write("whale.toml", two_scenes());
    place
}

fn completed(stage: &str) -> String {
    format!("\"stage\":\"{stage}\",\"kind\":\"job.completed\"")
}

/// `make` at work, with a job of `stage` behind it.
fn until(place: &Place, stage: &str) -> Running {
    let mut running = place.make("whale.toml --json").start();
    running.until(&completed(stage));
    running
}

fn undisturbed() -> Vec<u8> {
    let place = place();
    place.make("whale.toml").end().good();
    fs::read(place.path("out/whale/video.mp4")).unwrap()
}

#[test]
fn a_video_that_was_killed_five_times_is_the_same_video() {
    let place = place();
    for stage in ["script", "narrate", "illustrate", "compose", "assemble"] {
        let running = until(&place, stage);
        running.signal(Signal::KILL);
        let dead = running.end();
        assert_eq!(dead.signal(), Some(9), "{dead}");
        assert!(no_child_is_left(&place), "children outlive their parent");
    }
    place.make("whale.toml").end().good();
    assert_eq!(faults(&place), Vec::<String>::new());
    assert_eq!(books(&place).len(), 1);
    let video = fs::read(place.path("out/whale/video.mp4")).unwrap();
    assert!(video == undisturbed());
}

/// Looks for processes that work in the place's folder until there are none, or long enough.
fn no_child_is_left(place: &Place) -> bool {
    let folder = place.data().into_os_string().into_encoded_bytes();
    let until = Instant::now() + Duration::from_secs(10);
    let ours = |entry: fs::DirEntry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.windows(folder.len()).any(|window| window == folder)
    };
    while Instant::now() < until {
        let mut all = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        if !all.any(ours) {
            return true;
        }
    }
    false
}

#[test]
fn ctrl_c_is_obeyed_at_once_and_the_same_command_goes_on() {
    let place = place();
    for (signal, stage) in [
        (Signal::INT, "narrate"),
        (Signal::TERM, "illustrate"),
        (Signal::INT, "compose"),
    ] {
        let running = until(&place, stage);
        let began = Instant::now();
        running.signal(signal);
        let ended = running.end();
        let took = began.elapsed();
        eprintln!("{signal:?} after {stage}: {} ms", took.as_millis());
        assert_eq!(ended.status.code(), Some(130), "{ended}");
        // The promise is two seconds; machines that run tests are busy.
        assert!(took < Duration::from_secs(10), "{took:?}\n{ended}");
        assert!(ended.stderr.contains("ytempire make whale.toml"), "{ended}");
        assert!(ended.stderr.contains("interrupted"), "{ended}");
        assert!(no_child_is_left(&place), "children outlive their parent");
    }
    // Stopping isn't failing: no attempt was counted for it.
    let running = books(&place).remove(0).jobs;
    assert!(running.iter().all(|job| job.attempts <= 1), "{running:#?}");
    place.make("whale.toml").end().good();
    assert_eq!(faults(&place), Vec::<String>::new());
    let video = fs::read(place.path("out/whale/video.mp4")).unwrap();
    assert!(video == undisturbed());
}

#[test]
fn a_clock_that_was_set_back_by_hours_loses_nothing() {
    let place = place();
    // Killed under a clock two hours ahead: its lease and its reservations lie in the future.
    let mut running = place
        .make("whale.toml --json")
        .env("YTEMPIRE_CLOCK_SHIFT", "7200")
        .start();
    running.until(&completed("narrate"));
    running.signal(Signal::KILL);
    running.end();
    place.make("whale.toml").end().good();
    assert_eq!(faults(&place), Vec::<String>::new());
    assert_eq!(books(&place).len(), 1);
    let video = fs::read(place.path("out/whale/video.mp4")).unwrap();
    assert!(video == undisturbed());
}
