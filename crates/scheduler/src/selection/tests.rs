use std::cmp::Reverse;

use proptest::prelude::*;

use super::*;

const STAGES: [Stage; 5] = [
    Stage::Script,
    Stage::Narrate,
    Stage::Illustrate,
    Stage::Compose,
    Stage::Thumbnail,
];

fn candidate(name: &str, quality: u32, cents: i64, seconds: u64) -> Candidate {
    Candidate {
        name: name.to_owned(),
        quality,
        expected: MicroUsd(cents * 10_000),
        worst: MicroUsd(cents * 12_000),
        cash: MicroUsd(cents * 12_000),
        payee: None,
        time: seconds * 1_000_000,
    }
}

fn menu(stage: Stage, weight: u32, candidates: Vec<Candidate>) -> Menu {
    Menu {
        stage,
        weight,
        candidates,
    }
}

/// Small numbers, so that ties and limits that just fit are common.
fn any_menus() -> impl Strategy<Value = Vec<Menu>> {
    let payee = prop::option::of(prop::sample::select(vec!["p", "q"]));
    let one = (0_u32..6, 0_i64..6, 0_i64..4, 0_i64..3, payee, 0_u64..5).prop_map(
        |(quality, expected, room, free, payee, time)| Candidate {
            name: String::new(),
            quality,
            expected: MicroUsd(expected),
            worst: MicroUsd(expected + room),
            cash: MicroUsd((expected + room - free).max(0)),
            payee: payee.map(str::to_owned),
            time,
        },
    );
    let menu = (1_u32..4, prop::collection::vec(one, 1..6));
    prop::collection::vec(menu, 1..=STAGES.len()).prop_map(|menus| {
        let menus = menus.into_iter().zip(STAGES);
        menus
            .map(|((weight, candidates), stage)| Menu {
                stage,
                weight,
                candidates,
            })
            .collect()
    })
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let payee = || prop::option::of(0_i64..12);
    (0_i64..40, 0_i64..30, 0_i64..40, payee(), payee(), 0_u64..16).prop_map(
        |(cap, aim, cash, p, q, time)| Limits {
            cap: MicroUsd(cap),
            aim: MicroUsd(aim),
            cash: MicroUsd(cash),
            payees: [("p", p), ("q", q)]
                .into_iter()
                .filter_map(|(name, limit)| Some((name.to_owned(), MicroUsd(limit?))))
                .collect(),
            time,
        },
    )
}

fn keeps(menus: &[Menu], limits: &Limits, sums: &Selection) -> bool {
    let paid = |payee: &String| -> i64 {
        let chosen = menus.iter().zip(&sums.chosen);
        chosen
            .map(|(menu, &at)| &menu.candidates[at])
            .filter(|c| c.payee.as_ref() == Some(payee))
            .map(|c| c.cash.0)
            .sum()
    };
    sums.worst.0 + sums.reserve.0 <= limits.cap.0
        && sums.expected <= limits.aim
        && sums.cash <= limits.cash
        && sums.time <= limits.time
        && limits
            .payees
            .iter()
            .all(|(payee, limit)| paid(payee) <= limit.0)
}

/// Every combination, one after another, the later menus turning faster.
fn all_combinations(menus: &[Menu]) -> Vec<Vec<usize>> {
    menus.iter().fold(vec![vec![]], |begun, menu| {
        let longer = |chosen: &Vec<usize>| {
            let chosen = chosen.clone();
            (0..menu.candidates.len()).map(move |at| [chosen.as_slice(), &[at]].concat())
        };
        begun.iter().flat_map(longer).collect()
    })
}

fn by_brute_force(menus: &[Menu], limits: &Limits) -> Option<Selection> {
    let possible = all_combinations(menus)
        .into_iter()
        .map(|chosen| Selection::of(menus, &chosen))
        .filter(|sums| keeps(menus, limits, sums));
    // The first of equals is kept.
    possible.reduce(|best, next| {
        let rank = |s: &Selection| (s.quality, -s.expected.0, -s.worst.0, Reverse(s.time));
        if rank(&next) > rank(&best) {
            next
        } else {
            best
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_combination_is_better(menus in any_menus(), limits in any_limits()) {
        let found = select(&menus, &limits);
        prop_assert_eq!(found.ok(), by_brute_force(&menus, &limits));
    }

    #[test]
    fn a_limit_that_is_named_can_not_be_kept(menus in any_menus(), limits in any_limits()) {
        let Err(Impossible::Beyond { limit, allowed, least }) = select(&menus, &limits) else {
            return Ok(());
        };
        prop_assert!(least > allowed);
        // With just so much of it, and all else allowed, there is a way; with less there is none.
        let only = |amount: i64| match &limit {
            Limit::Cap => Limits { cap: MicroUsd(amount), ..Limits::none() },
            Limit::Aim => Limits { aim: MicroUsd(amount), ..Limits::none() },
            Limit::Cash => Limits { cash: MicroUsd(amount), ..Limits::none() },
            Limit::Time => Limits { time: amount as u64, ..Limits::none() },
            Limit::Payee(payee) => Limits {
                payees: [(payee.clone(), MicroUsd(amount))].into(),
                ..Limits::none()
            },
        };
        prop_assert!(select(&menus, &only(least)).is_ok());
        prop_assert!(select(&menus, &only(least - 1)).is_err());
    }

    #[test]
    fn what_is_rejected_would_not_have_been_better(menus in any_menus(), limits in any_limits()) {
        let Ok(selection) = select(&menus, &limits) else { return Ok(()) };
        let rejected = explain(&menus, &limits, &selection);
        let candidates: usize = menus.iter().map(|menu| menu.candidates.len()).sum();
        prop_assert_eq!(rejected.len(), candidates - menus.len());
        let mut rejected = rejected.into_iter();
        for (place, menu) in menus.iter().enumerate() {
            for at in (0..menu.candidates.len()).filter(|at| *at != selection.chosen[place]) {
                let with_it = all_combinations(&menus)
                    .into_iter()
                    .filter(|chosen| chosen[place] == at)
                    .map(|chosen| Selection::of(&menus, &chosen))
                    .filter(|sums| keeps(&menus, &limits, sums));
                let best = with_it.map(|sums| (sums.quality, -sums.expected.0)).max();
                let why = match best {
                    None => None,
                    Some((quality, _)) if quality < selection.quality => {
                        Some(Why::LessGood { by: selection.quality - quality })
                    }
                    Some((_, expected)) if -expected > selection.expected.0 => {
                        Some(Why::Dearer { by: -expected - selection.expected.0 })
                    }
                    Some(_) => Some(Why::NoBetter),
                };
                match (rejected.next().map(|r| r.why), why) {
                    (Some(Why::Impossible(_)), None) => {}
                    (said, why) => prop_assert_eq!(said, why),
                }
            }
        }
    }
}

fn premium() -> Vec<Menu> {
    let voice = vec![
        candidate("embedded", 300, 0, 60),
        candidate("flash", 700, 28, 40),
        candidate("best", 900, 56, 60),
    ];
    let pictures = vec![
        candidate("cards", 400, 0, 20),
        candidate("stock", 600, 0, 60),
        candidate("40 drawn", 800, 41, 90),
        candidate("40 drawn and a clip", 850, 91, 200),
    ];
    vec![
        menu(Stage::Script, 3, vec![candidate("large", 900, 60, 60)]),
        menu(Stage::Narrate, 4, voice),
        menu(Stage::Illustrate, 3, pictures),
    ]
}

fn names(menus: &[Menu], selection: &Selection) -> Vec<String> {
    let chosen = menus.iter().zip(&selection.chosen);
    chosen
        .map(|(menu, &at)| menu.candidates[at].name.clone())
        .collect()
}

#[test]
fn money_goes_where_it_buys_most() {
    let menus = premium();
    let with = |cap: i64| Limits {
        cap: MicroUsd(cap),
        ..Limits::none()
    };
    let chosen = |cap| names(&menus, &select(&menus, &with(cap)).unwrap());
    assert_eq!(chosen(3_000_000), ["large", "best", "40 drawn and a clip"]);
    assert_eq!(chosen(2_400_000), ["large", "best", "40 drawn"]);
    assert_eq!(chosen(1_400_000), ["large", "best", "stock"]);
    assert_eq!(chosen(1_100_000), ["large", "flash", "stock"]);
    assert_eq!(chosen(720_000), ["large", "embedded", "stock"]);
    assert_eq!(
        select(&menus, &with(719_999)).unwrap_err(),
        Impossible::Beyond {
            limit: Limit::Cap,
            allowed: 719_999,
            least: 720_000
        }
    );
}

#[test]
fn what_is_done_in_parallel_takes_the_longer_time() {
    let menus = premium();
    let limits = Limits {
        time: 150_000_000,
        ..Limits::none()
    };
    let selection = select(&menus, &limits).unwrap();
    assert_eq!(names(&menus, &selection), ["large", "best", "40 drawn"]);
    assert_eq!(selection.time, 150_000_000);
}

#[test]
fn a_stage_that_nothing_can_do_is_named() {
    let menus = [menu(Stage::Script, 1, vec![])];
    assert_eq!(
        select(&menus, &Limits::none()),
        Err(Impossible::NoCandidate(Stage::Script))
    );
}

#[test]
fn the_cheapest_way_stays_payable_after_what_was_chosen_failed() {
    let menus = [menu(
        Stage::Narrate,
        1,
        vec![
            candidate("good", 900, 50, 1),
            candidate("cheap", 100, 10, 1),
        ],
    )];
    let with = |cap: i64| Limits {
        cap: MicroUsd(cap),
        ..Limits::none()
    };
    let good = select(&menus, &with(720_000)).unwrap();
    assert_eq!(names(&menus, &good), ["good"]);
    assert_eq!((good.worst.0, good.reserve.0), (600_000, 120_000));
    let cheap = select(&menus, &with(719_999)).unwrap();
    assert_eq!(names(&menus, &cheap), ["cheap"]);
}
