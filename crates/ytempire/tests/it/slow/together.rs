//! Two processes on one store at once.

use std::fs;

use super::TINY;
use crate::books::{books, faults, receipt};
use crate::place::Place;

#[test]
fn the_same_brief_twice_is_one_video_and_both_say_so() {
    let place = Place::new();
    place.write("whale.toml", TINY);
    let one = place.make("whale.toml --json --out one").start();
    let two = place.make("whale.toml --json --out two").start();
    for ended in [one.end(), two.end()] {
        let last = ended.good().json_lines().pop().unwrap();
        assert_eq!(last["state"], "ready");
    }
    assert_eq!(books(&place).len(), 1);
    assert_eq!(faults(&place), Vec::<String>::new());
    let video = |out: &str| fs::read(place.path(out).join("video.mp4")).unwrap();
    assert!(video("one") == video("two"));
    assert_eq!(receipt(&place.path("one")), receipt(&place.path("two")));
}

#[test]
fn two_briefs_at_once_are_two_videos() {
    let place = Place::new();
    place.write("whale.toml", TINY);
    place.write("shark.toml", TINY.replace("blue whale", "whale shark"));
    let one = place.make("whale.toml -q").start();
    let two = place.make("shark.toml -q").start();
    assert_eq!(one.end().good().stdout, "out/whale/video.mp4\n");
    assert_eq!(two.end().good().stdout, "out/shark/video.mp4\n");
    assert_eq!(books(&place).len(), 2);
    assert_eq!(faults(&place), Vec::<String>::new());
}

#[test]
fn one_job_at_a_time_and_three_make_the_same_bytes() {
    let make = |slots: u32| {
        let place = Place::new();
        place.write("ytempire.toml", format!("slots = {slots}\n"));
        let more = "deep.\n\n## Its song\n\nIt sings.\n\n## Its way\n\nIt swims.\n";
        place.write("whale.toml", TINY.replace("deep.\n", more));
        place.make("whale.toml").end().good();
        assert_eq!(faults(&place), Vec::<String>::new());
        fs::read(place.path("out/whale/video.mp4")).unwrap()
    };
    assert!(make(1) == make(3));
}
