//! Dying at every crash point, and going on.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;

use ytempire_core::CrashPlan;

use super::TINY;
use super::providers::{Speaking, speaking};
use crate::books::{books, faults, receipt};
use crate::place::Place;

/// `SIGABRT` on Linux: how the program ends itself at a crash point.
const ABORTED: i32 = 6;

/// Where to die, and at which visit; the last column says whether a speech backend is needed to
/// pass there.
const DEATHS: &[(&str, u32, bool)] = &[
    ("submit.before_commit", 1, false),
    ("submit.after_commit", 1, false),
    ("claim.after_commit", 1, false),
    ("claim.after_commit", 4, false),
    ("hold.before_commit", 2, false),
    ("hold.after_commit", 2, false),
    ("sent.after_commit", 1, true),
    ("call.after_response", 1, true),
    ("script.after_write", 1, false),
    ("narrate.after_voice", 1, false),
    ("narrate.after_artifact", 1, false),
    ("illustrate.after_artifact", 1, false),
    ("compose.first_frame", 1, false),
    ("compose.mid_segment", 1, false),
    ("compose.after_encoder", 1, false),
    ("compose.after_artifact", 1, false),
    ("artifact.before_rename", 1, false),
    ("artifact.after_rename", 3, false),
    ("assemble.after_mix", 1, false),
    ("assemble.after_mux", 1, false),
    ("thumbnail.after_artifact", 1, false),
    ("validate.after_measure", 1, false),
    ("settle.before_commit", 3, false),
    ("settle.after_commit", 5, false),
    ("export.before_rename", 1, false),
    ("export.after_rename", 4, false),
    ("receipt.after_write", 1, false),
];

#[test]
fn every_point_is_died_at() {
    let died: BTreeSet<_> = DEATHS.iter().map(|(point, _, _)| *point).collect();
    let known: BTreeSet<_> = CrashPlan::POINTS.iter().copied().collect();
    assert_eq!(died, known);
}

#[test]
fn the_same_command_goes_on_from_every_death() {
    let local = undisturbed(None);
    let remote = undisturbed(Some(&speaking()));
    let left = Mutex::new(DEATHS.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(&(point, visit, called)) = next(&left) {
                    let wanted = if called { &remote } else { &local };
                    if let Err(why) = dies_and_goes_on(point, visit, called, wanted) {
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("── {point}:{visit}: {why}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn next<'a, T>(left: &Mutex<std::slice::Iter<'a, T>>) -> Option<&'a T> {
    left.lock().unwrap().next()
}

/// The command whose process dies.
const MAKE: &str = "whale.toml --tier complex";

fn place(server: Option<&Speaking>) -> Place {
    server.map_or_else(
        || {
            let place = Place::new();
            place.write("whale.toml", TINY);
            place
        },
        Speaking::place,
    )
}

/// The video that a run makes which nothing disturbs.
fn undisturbed(server: Option<&Speaking>) -> Vec<u8> {
    let place = place(server);
    place.make(MAKE).end().good();
    fs::read(place.path("out/whale/video.mp4")).unwrap()
}

fn dies_and_goes_on(point: &str, visit: u32, called: bool, wanted: &[u8]) -> Result<(), String> {
    let server = called.then(speaking);
    let place = place(server.as_ref());
    let dead = place
        .make(MAKE)
        .env("YTEMPIRE_CRASH_AT", format!("{point}:{visit}"))
        .end();
    if dead.signal() != Some(ABORTED) {
        return Err(format!("it was never passed\n{dead}"));
    }
    let ended = place.make(MAKE).end();
    if !ended.status.success() {
        return Err(format!("the second run failed\n{ended}"));
    }
    let mut wrong = faults(&place);
    if fs::read(place.path("out/whale/video.mp4")).unwrap_or_default() != wanted {
        wrong.push("the video differs from that of an undisturbed run".to_owned());
    }
    let receipt = receipt(&place.path("out/whale"));
    if !receipt.adds_up() {
        wrong.push(format!("the receipt doesn't add up: {receipt:#?}"));
    }
    if books(&place).len() != 1 {
        wrong.push("there is not one video".to_owned());
    }
    let parts = fs::read_dir(place.path("out/whale")).unwrap();
    let parts = parts.filter_map(|file| file.unwrap().file_name().into_string().ok());
    wrong.extend(
        parts
            .filter(|name| name.contains(".part"))
            .map(|name| format!("{name} is left")),
    );
    if let Some(server) = server {
        let (bill, booked) = (server.bill(), receipt.cash.0 + receipt.unknown.0);
        if bill == 0 || bill > booked {
            wrong.push(format!("the provider billed {bill}, booked are {booked}"));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{ended}", wrong.join("\n")))
}
