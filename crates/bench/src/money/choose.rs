//! How long it takes to choose what a video's stages use.

use std::time::{Duration, Instant};

use scheduler::selection::{Candidate, Limits, Menu, explain, select};
use ytempire_core::{MicroUsd, Stage};

use super::{Chance, millis, percentile};
use crate::table::markdown;

/// Choices of each row; a tenth of them with more candidates than there ever are.
const CHOICES: u64 = 2_000;

/// What candidates are like.
#[derive(Clone, Copy)]
enum Kind {
    /// What is dearer is mostly better, some more than others, and some takes longer.
    Realistic,
    /// What is dearer is better by just so much: hardly anything can be passed over.
    Correlated,
    /// The same, and each is paid from one of three daily budgets.
    Payees,
}

pub(super) fn measure() {
    let sizes: [&[(Stage, u64)]; 2] = [
        &[
            (Stage::Script, 8),
            (Stage::Narrate, 8),
            (Stage::Illustrate, 40),
        ],
        &[
            (Stage::Script, 20),
            (Stage::Narrate, 20),
            (Stage::Illustrate, 100),
            (Stage::Thumbnail, 10),
        ],
    ];
    let kinds = [
        ("realistic", Kind::Realistic),
        ("strongly correlated", Kind::Correlated),
        ("strongly correlated, three who are paid", Kind::Payees),
    ];
    let mut rows = Vec::new();
    for (stages, choices) in sizes.into_iter().zip([CHOICES, CHOICES / 10]) {
        for (name, kind) in kinds {
            rows.push(row(name, kind, stages, choices));
        }
    }
    let head = [
        "candidates",
        "of each stage",
        "choices",
        "possible",
        "choosing p50 ms",
        "p99",
        "longest",
        "explaining p50 ms",
        "longest",
    ];
    println!("\nChoosing\n\n{}", markdown(&head, &rows));
}

fn row(name: &str, kind: Kind, stages: &[(Stage, u64)], choices: u64) -> Vec<String> {
    let (mut chosen, mut explained) = (Vec::new(), Vec::new());
    let mut possible = 0;
    for seed in 0..choices {
        let mut chance = Chance::of(seed);
        let menus: Vec<Menu> = stages
            .iter()
            .map(|&(stage, count)| menu(stage, count, kind, &mut chance))
            .collect();
        let limits = limits(&menus, kind, &mut chance);
        let begun = Instant::now();
        let selection = select(&menus, &limits);
        chosen.push(begun.elapsed());
        if let Ok(selection) = selection {
            possible += 1;
            let begun = Instant::now();
            std::hint::black_box(explain(&menus, &limits, &selection));
            explained.push(begun.elapsed());
        }
    }
    let counts: Vec<String> = stages.iter().map(|(_, count)| count.to_string()).collect();
    let longest = |times: &[Duration]| millis(times.iter().max().copied().unwrap_or_default());
    let row = vec![
        name.to_owned(),
        counts.join(" + "),
        choices.to_string(),
        possible.to_string(),
        millis(percentile(&mut chosen, 50)),
        millis(percentile(&mut chosen, 99)),
        longest(&chosen),
        millis(percentile(&mut explained, 50)),
        longest(&explained),
    ];
    eprintln!("{}", row.join(", "));
    row
}

fn menu(stage: Stage, count: u64, kind: Kind, chance: &mut Chance) -> Menu {
    let candidates = (0..count)
        .map(|n| {
            let expected = 1 + chance.below(700_000);
            let quality = match kind {
                Kind::Realistic => {
                    // Twice the money, so much better: by the logarithm, more or less.
                    let better = u64::from(expected.ilog2()) * 45;
                    (better + chance.below(120)).min(1_000)
                }
                Kind::Correlated | Kind::Payees => expected / 1_000 + 100,
            };
            let payee = match kind {
                Kind::Payees => Some(format!("payee {}", chance.below(3))),
                _ => Some(format!("payee {n}")),
            };
            Candidate {
                name: format!("{stage} {n}"),
                quality: quality as u32,
                expected: MicroUsd(expected as i64),
                worst: MicroUsd((expected * (110 + chance.below(60)) / 100) as i64),
                cash: MicroUsd(expected as i64),
                payee,
                time: (20 + chance.below(200)) * 1_000_000,
            }
        })
        .collect();
    Menu {
        stage,
        weight: 1 + chance.below(4) as u32,
        candidates,
    }
}

/// Between what the cheapest of all takes and what the dearest takes: where choosing is hard.
fn limits(menus: &[Menu], kind: Kind, chance: &mut Chance) -> Limits {
    let dearest: i64 = menus
        .iter()
        .filter_map(|menu| menu.candidates.iter().map(|c| c.worst.0).max())
        .sum();
    let part = |chance: &mut Chance| {
        let percent = 35 + chance.below(50) as i64;
        MicroUsd(dearest * percent / 100)
    };
    let mut limits = Limits {
        cap: part(chance),
        aim: part(chance),
        cash: part(chance),
        time: 450_000_000,
        ..Limits::none()
    };
    if matches!(kind, Kind::Payees) {
        limits.payees = (0..3)
            .map(|n| {
                (
                    format!("payee {n}"),
                    MicroUsd(dearest * (15 + chance.below(30) as i64) / 100),
                )
            })
            .collect();
    }
    limits
}
