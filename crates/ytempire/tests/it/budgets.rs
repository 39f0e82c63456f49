//! Budgets and the switch of backends, as commands.

use serde_json::Value;

use crate::place::{Ended, Place};

/// Runs the program with the arguments of one line, parted by bars.
fn run(place: &Place, line: &str) -> Ended {
    place.run(line.split('|'))
}

fn listed(place: &Place) -> Vec<Value> {
    run(place, "budget|list|--json").good().json_lines()
}

#[test]
fn budgets_are_set_shown_and_removed() {
    let place = Place::new();
    let told = run(&place, "budget|list").good();
    assert!(told.stdout.contains("no budget is set"), "{told}");
    run(&place, "budget|set|global|20").good();
    let told = run(&place, "budget|set|account|15.50|--thresholds|90,100").good();
    assert!(told.stdout.contains("$13.95, $15.50"), "{told}");
    run(&place, "budget|set|channel|sea|5").refused(2, "YT0019", &["sea"]);
    run(&place, "channel|add|sea|--zone|Asia/Tokyo").good();
    run(&place, "budget|set|channel|sea|5").good();
    run(&place, "budget|set|provider|openai|4.000001").good();
    let told = run(&place, "budget|set|video|--thresholds|2.50,1").good();
    assert!(told.stdout.contains("$1.00, $2.50"), "{told}");
    for (wrong, said) in [
        ("budget|set|global|much", "much"),
        ("budget|set|global|0.0000001", "six decimals"),
        ("budget|set|video|--thresholds|3.01", "$3.00"),
    ] {
        run(&place, wrong).refused(3, "YT0105", &[said]);
    }
    let table = run(&place, "budget|list").good().stdout;
    for shown in [
        "global",
        "channel sea",
        "provider openai",
        "$4.000001",
        "$20.00",
    ] {
        assert!(table.contains(shown), "{shown}: {table}");
    }
    let caps: Vec<_> = listed(&place)
        .iter()
        .map(|line| line["cap_micro_usd"].clone())
        .collect();
    assert_eq!(caps.len(), 5, "{caps:?}");
    assert!(caps.contains(&4_000_001.into()));
    run(&place, "budget|remove|channel|sea").good();
    let told = run(&place, "budget|remove|channel|sea").good();
    assert!(told.stdout.contains("none"), "{told}");
    assert_eq!(listed(&place).len(), 4);
}

#[test]
fn a_backend_is_switched_off_and_on() {
    let place = Place::new();
    let told = run(&place, "backend|off|openai|--reason|bills twice").good();
    assert!(
        told.stdout.contains("is switched off") && told.stderr.contains("no backend"),
        "{told}"
    );
    let told = run(&place, "backend|off|openai").good();
    assert!(told.stdout.contains("was switched off"), "{told}");
    let told = run(&place, "backend|on|openai").good();
    assert!(told.stdout.contains("is switched on"), "{told}");
}
