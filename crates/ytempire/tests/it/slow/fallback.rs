//! What takes a backend's place while it fails, and what that costs.

use std::fs;

use rustix::process::Signal;
use testkit::Fault;

use super::providers::{Speaking, speaking};
use crate::books::{books, faults, receipt};
use crate::place::Place;

/// Both kinds of backend at both servers; the second's names begin with `other-`.
fn place(first: &Speaking, second: &Speaking) -> Place {
    let place = first.place();
    let others = second
        .configuration()
        .replace("name = \"", "name = \"other-");
    place.write(
        "ytempire.toml",
        format!("{}\n{others}", first.configuration()),
    );
    place
}

#[test]
fn another_writer_takes_the_place_of_one_that_fails_by_a_reservation_of_its_own() {
    let (broken, well) = (speaking(), speaking());
    broken.0.fail_next([Fault::FailBefore(503)]);
    well.0
        .write_by(|_| super::providers::short_words().to_string());
    let place = place(&broken, &well);
    let mut making = place.program(super::providers::TOPIC).start();
    making.until("\"stage\":\"script\",\"kind\":\"job.completed\"");
    making.signal(Signal::KILL);
    making.end();
    let books = books(&place).remove(0);
    let of = |backend: &str| -> Vec<(bool, i64)> {
        let of = books.transfers.iter().filter(|t| t.backend == backend);
        of.map(|t| (t.state.is_open(), t.posted.0)).collect()
    };
    // Nobody knows whether the 503 is billed: tokens in and tokens out.
    assert_eq!(of("writer"), [(true, 0), (true, 0)]);
    let written = of("other-writer");
    assert!(written.iter().all(|(open, _)| !open));
    assert_eq!(
        written.iter().map(|(_, posted)| posted).sum::<i64>(),
        well.bill()
    );
    assert_eq!(broken.0.seen().len(), 1);
}

/// Eight sentences, eight scenes.
fn eight_scenes() -> String {
    let scenes = [
        "one", "two", "three", "four", "five", "six", "seven", "eight",
    ];
    let scene = |n: &&str| format!("## Part {n}\n\nPart {n} is told in few words.\n\n");
    let scenes: String = scenes.iter().map(scene).collect();
    format!("title = \"Parts\"\nformat = \"1:1\"\ntier = \"complex\"\nscript = '''\n{scenes}'''\n")
}

#[test]
fn the_same_voice_at_another_server_speaks_and_the_broken_one_is_left_alone() {
    let (broken, well) = (speaking(), speaking());
    broken.0.fail_next(vec![Fault::FailBefore(500); 100]);
    let place = place(&broken, &well);
    place.write("parts.toml", eight_scenes());
    place.make("parts.toml").end().good();
    assert_eq!(faults(&place), Vec::<String>::new());
    // After three failures in a row it rests for ten seconds; what is left is spoken in less. Jobs
    // that were on their way when it failed for the third time make it one more for each slot.
    let asked = broken.0.seen().len();
    assert!((3..=6).contains(&asked), "asked {asked} times");
    assert_eq!(well.0.bill().len(), 8);
    let laid = receipt(&place.path("out/parts"));
    let spoke = |name: &str| {
        laid.lines
            .iter()
            .filter(|line| line.backend == name)
            .count()
    };
    assert_eq!(
        (spoke("voice"), spoke("other-voice")),
        (asked, 8),
        "{laid:#?}"
    );
}

#[test]
fn another_voice_is_not_heard_in_the_middle_of_a_video_unless_asked_for() {
    let (broken, well) = (speaking(), speaking());
    // Refused without being billed, so that money isn't what ends it.
    let busy = Fault::RateLimited(vec![("retry-after", "0".to_owned())]);
    broken.0.fail_next(vec![busy; 100]);
    let place = place(&broken, &well);
    let text = fs::read_to_string(place.path("ytempire.toml")).unwrap();
    let (first, others) = text.split_once("name = \"other-voice\"").unwrap();
    let others = others.replace("af_heart", "bm_george");
    let text = format!("{first}name = \"other-voice\"{others}");
    place.write("ytempire.toml", &text);
    let wanted = ["make", "whale.toml", "--tier", "complex"];
    place
        .program(wanted)
        .end()
        .refused(4, "YT0220", &["voice", "429"]);
    assert_eq!(well.0.seen().len(), 0);

    let asked_for = text.replacen(
        "name = \"voice\"",
        "name = \"voice\"\nfallback = [\"other-voice\"]",
        1,
    );
    place.write("ytempire.toml", asked_for);
    place.program(wanted).end().good();
    assert_eq!(well.0.seen().len(), 1);
}

/// A job that waits for its time is found again by a node that has nothing else to do.
#[test]
fn a_node_tries_again_what_failed() {
    let broken = speaking();
    let busy = |seconds: &str| Fault::RateLimited(vec![("retry-after", seconds.to_owned())]);
    broken
        .0
        .fail_next([busy("1"), Fault::FailBefore(503), busy("2")]);
    let place = broken.place();
    let wanted = ["video", "submit", "whale.toml", "--tier", "complex"];
    place.program(wanted).end().good();
    let node = place.program(["work", "--slots", "1"]).start();
    place.program(["video", "watch", "last"]).end().good();
    node.signal(Signal::TERM);
    node.end().good();
    assert_eq!(broken.0.bill().len(), 1);
    assert_eq!(faults(&place), Vec::<String>::new());
}

#[test]
fn a_backend_gets_no_more_calls_at_once_than_it_may() {
    let server = speaking();
    let place = server.place();
    let text = server.configuration().replacen(
        "name = \"voice\"",
        "name = \"voice\"\nconcurrent_max = 1",
        1,
    );
    place.write("ytempire.toml", format!("slots = 4\n{text}"));
    place.write("parts.toml", eight_scenes());
    server.0.fail_next([Fault::Hang]);
    let mut making = place.make("parts.toml --json").start();
    // Another job waited as long as one does, and gave its slot to others.
    making.until("YT0220");
    assert_eq!(server.0.seen().len(), 1);
    server.0.release();
    making.end().good();
    assert_eq!(server.0.bill().len(), 8);
}
