//! Budgets of days and switches of backends, while videos are made with what costs money.

use std::fs;

use rustix::process::Signal;

use super::providers::speaking;
use crate::books::faults;

const SUBMIT: [&str; 5] = ["video", "submit", "whale.toml", "--tier", "complex"];

/// A day that is used up blocks what costs money until there is more; nothing fails meanwhile.
#[test]
fn a_used_up_day_blocks_and_a_higher_budget_goes_on() {
    let server = speaking();
    let place = server.place();
    place.run("budget set account 0.00001".split(' ')).good();
    place.program(SUBMIT).end().good();
    let node = place.program(["work", "--slots", "2"]).start();
    let mut watching = place.program(["video", "watch", "last", "--json"]).start();
    watching.until("YT0104");
    assert_eq!(server.0.seen().len(), 0, "nothing has left");
    let shown = place.run(["video", "show", "last"]).good().stdout;
    assert!(shown.contains("YT0104"), "{shown}");
    place.run("budget set account 1".split(' ')).good();
    watching.end().good();
    node.signal(Signal::TERM);
    node.end().good();
    assert_eq!(faults(&place), Vec::<String>::new());
    let listed = place.run(["budget", "list", "--json"]).good().json_lines();
    let spent = |name: &str| {
        let line = listed.iter().find(|line| line["name"] == name);
        line.unwrap_or_else(|| panic!("{name}: {listed:?}"))["posted_micro_usd"].clone()
    };
    for name in ["account", "global", "provider voice"] {
        assert_eq!(spent(name), server.bill(), "{name}");
    }
}

/// A backend that is switched off is passed over for the next of its chain.
#[test]
fn a_backend_that_is_off_is_passed_over() {
    let (first, second) = (speaking(), speaking());
    let place = first.place();
    let others = second
        .configuration()
        .replace("name = \"", "name = \"other-");
    let text = fs::read_to_string(place.path("ytempire.toml")).unwrap();
    place.write("ytempire.toml", format!("{text}\n{others}"));
    place
        .run(["backend", "off", "voice", "--reason", "bills twice"])
        .good();
    place
        .program(["make", "whale.toml", "--tier", "complex"])
        .end()
        .good();
    assert_eq!((first.0.seen().len(), second.bill() > 0), (0, true));
    assert_eq!(faults(&place), Vec::<String>::new());
}
