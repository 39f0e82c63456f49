//! Budgets of days and switches of backends, while videos are made with what costs money.

use std::fs;

use ledger::TransferState;
use rustix::process::Signal;
use testkit::Fault;

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
    for (by, shown) in [
        ("backend", "voice"),
        ("channel", "no channel"),
        ("stage", "narrate"),
    ] {
        let told = place.run(["cost", "--days", "1", "--by", by]).good();
        assert!(told.stdout.contains(shown), "{told}");
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

/// A price that is imported while a node works holds for its next call, and a charge tells by which
/// price it was made.
#[test]
fn an_imported_price_holds_from_the_next_call_on() {
    let server = speaking();
    let place = server.place();
    let node = place.program(["work", "--slots", "2"]).start();
    place.program(SUBMIT).end().good();
    place.program(["video", "watch", "last"]).end().good();
    let row = "provider,model,meter,price,valid_from,source\n\
               voice,kokoro,characters,0.000030,2026-01-01,invoice\n";
    place.write("prices.csv", row);
    place.run(["price", "import", "prices.csv"]).good();
    let again = ["video", "retry", "last", "--from", "narrate", "--yes"];
    place.program(again).end().good();
    place.program(["video", "watch", "last"]).end().good();
    node.signal(Signal::TERM);
    node.end().good();
    let made = crate::books::books(&place);
    let of = |video: usize| {
        let spoken = made[video]
            .transfers
            .iter()
            .filter(|t| t.backend == "voice");
        spoken.cloned().collect::<Vec<_>>()
    };
    let (later, first) = (of(0), of(1));
    assert!(!first.is_empty() && first.len() == later.len());
    for (old, new) in first.iter().zip(&later) {
        assert_eq!(
            (old.quantity, old.posted.0 * 2),
            (new.quantity, new.posted.0)
        );
        assert_eq!(new.price_version, "voice/kokoro/characters@2026-01-01");
    }
    let told = place
        .run(["price", "explain", &later[0].id.to_string()])
        .good();
    for shown in ["× $0.00003 =", "source    invoice", "from 2026-01-01"] {
        assert!(told.stdout.contains(shown), "{shown}: {told}");
    }
    let told = place
        .run(["price", "explain", &first[0].id.to_string()])
        .good();
    assert!(told.stdout.contains("configuration of that day"), "{told}");
}

/// A call whose end nobody knows stays charged at its worst case until the bill says what it was; the
/// deadline ends the others.
#[test]
fn a_bill_settles_what_nobody_knew_and_the_deadline_the_rest() {
    let server = speaking();
    server.0.fail_next([Fault::FailBefore(503)]);
    let place = server.place();
    place
        .program(["make", "whale.toml", "--tier", "complex"])
        .end()
        .good();
    let charges = || {
        let mut all = crate::books::books(&place).remove(0).transfers;
        all.retain(|transfer| transfer.backend == "voice");
        all
    };
    let [lost, spoken] = &charges()[..] else {
        panic!("{:#?}", charges());
    };
    assert_eq!(lost.state, TransferState::Unknown);
    let bill = format!(
        "request_id,cost\n{},0.000100\n{},{}\nreq_7,0.5\n",
        lost.id,
        spoken.id,
        spoken.posted.to_string().trim_start_matches('$')
    );
    place.write("bill.csv", bill);
    let reconcile = "reconcile bill.csv --provider voice";
    let run = |more: &str| place.run(format!("{reconcile}{more}").split(' ')).good();
    let told = run(" --dry-run");
    for shown in [
        "settled by the bill",
        "missing here",
        "1 matched",
        "nothing was changed",
    ] {
        assert!(told.stdout.contains(shown), "{shown}: {told}");
    }
    let told = run("");
    assert!(told.stdout.contains("1 settled, 0 adjusted"), "{told}");
    let lost = &charges()[0];
    assert_eq!(
        (lost.state, lost.posted.0),
        (TransferState::Reconciled, 100)
    );
    assert!(run("").stdout.contains("0 settled, 0 adjusted"));
    // A refund of the other.
    place.write("bill.csv", format!("id,amount\n{},0\n", spoken.id));
    assert!(run("").stdout.contains("1 adjusted"));
    let receipt = place.run(["cost"]).good().stdout;
    assert!(receipt.contains("billed otherwise since: -$"), "{receipt}");
}
