//! What is broken when: derived from the seed alone, so that a run can be run again.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde::Serialize;
use ytempire_core::CrashPlan;

use crate::fault::{Fault, Loss, RedisFault};
use crate::options::{Backend, Options};

/// Longer than a lease (15 s), so that the others take over what a node held that stands still.
const STANDSTILL_MS: (u64, u64) = (15_500, 17_500);

/// How wrong a clock is: two hours, either way.
const SHIFT_SECONDS: i64 = 7_200;

/// Longer than a lease, and shorter than one: the node comes back to what others have, or goes on.
const CUT_MS: [(u64, u64); 2] = [(17_500, 21_000), (3_000, 8_000)];

/// A fault and its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Act {
    /// Milliseconds after the beginning.
    pub at_ms: u64,
    /// What is done.
    #[serde(flatten)]
    pub fault: Fault,
}

/// All that is done in a run, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What is done to nodes, the database and by people.
    pub acts: Vec<Act>,
}

/// Points that only a call to a provider passes: no backend is configured here.
const REMOTE: [&str; 2] = ["sent.after_commit", "call.after_response"];

/// Where a node may die while it makes the videos of this mix.
pub(crate) fn points_of_nodes() -> Vec<&'static str> {
    let other = |point: &&str| !REMOTE.contains(point) && !is_command(point);
    CrashPlan::POINTS.iter().copied().filter(other).collect()
}

/// Where a command may die.
pub(crate) fn points_of_commands() -> Vec<&'static str> {
    let ours = |point: &&str| is_command(point);
    CrashPlan::POINTS.iter().copied().filter(ours).collect()
}

fn is_command(point: &str) -> bool {
    ["submit.", "export.", "receipt."]
        .iter()
        .any(|of| point.starts_with(of))
}

impl Plan {
    /// The plan that follows from `options`.
    pub fn derive(options: &Options) -> Self {
        let mut acts = of_nodes(options);
        acts.extend(of_absences(options));
        acts.extend(of_people(options));
        acts.extend(of_redis(options));
        if options.database == Backend::Postgres {
            acts.extend(of_the_server(options));
        }
        acts.sort_by_key(|act| act.at_ms);
        Self { acts }
    }
}

/// How often one kind of fault comes, in milliseconds: the first, and from one to the next.
struct Rhythm {
    first: (u64, u64),
    gap: (u64, u64),
}

/// One kind of fault. It has a generator of its own, so that one more kind leaves the others as they
/// were. `fault` is given how many there were before.
fn every(
    options: &Options,
    stream: u64,
    rhythm: &Rhythm,
    mut fault: impl FnMut(usize, &mut ChaCha12Rng) -> Fault,
) -> Vec<Act> {
    let mut chance = ChaCha12Rng::seed_from_u64(options.seed);
    chance.set_stream(stream);
    let between = |span: (u64, u64), chance: &mut ChaCha12Rng| chance.random_range(span.0..span.1);
    let mut at_ms = between(rhythm.first, &mut chance);
    let mut acts = Vec::new();
    while at_ms < options.seconds * 1_000 {
        let fault = fault(acts.len(), &mut chance);
        acts.push(Act { at_ms, fault });
        at_ms += between(rhythm.gap, &mut chance);
    }
    acts
}

/// Each special way to run comes in a rhythm of its own: what they take of the
/// nodes' time leaves enough nodes to be killed.
fn of_nodes(options: &Options) -> Vec<Act> {
    let nodes = usize::from(options.nodes);
    let of = |first, gap| Rhythm { first, gap };
    let points = points_of_nodes();
    let mut acts = every(
        options,
        1,
        &of((2_000, 2_500), (500, 1_000)),
        |_, chance| {
            let node = chance.random_range(0..nodes);
            Fault::Kill { node }
        },
    );
    acts.extend(every(
        options,
        2,
        &of((2_500, 4_000), (2_200, 4_800)),
        |n, chance| Fault::Arm {
            node: chance.random_range(0..nodes),
            point: points[(n + options.seed as usize) % points.len()],
            visit: *[1, 1, 1, 2].choose(chance).unwrap_or(&1),
        },
    ));
    acts.extend(every(
        options,
        4,
        &of((4_000, 12_000), (20_000, 35_000)),
        |_, chance| {
            let node = chance.random_range(0..nodes);
            let seconds = either_way(chance);
            Fault::Shift { node, seconds }
        },
    ));
    acts.extend(every(
        options,
        5,
        &of((5_000, 15_000), (45_000, 75_000)),
        |_, chance| {
            let node = chance.random_range(0..nodes);
            let seconds = either_way(chance);
            Fault::Jump { node, seconds }
        },
    ));
    acts.extend(every(
        options,
        7,
        &of((8_000, 20_000), (15_000, 35_000)),
        |_, chance| {
            let node = chance.random_range(0..nodes);
            Fault::Drain { node }
        },
    ));
    acts
}

/// Nodes that stand still, and nodes that reach nothing.
fn of_absences(options: &Options) -> Vec<Act> {
    let nodes = usize::from(options.nodes);
    let of = |first, gap| Rhythm { first, gap };
    let mut acts = every(
        options,
        3,
        &of((5_000, 9_000), (10_000, 20_000)),
        |_, chance| Fault::Stop {
            node: chance.random_range(0..nodes),
            ms: chance.random_range(STANDSTILL_MS.0..STANDSTILL_MS.1),
        },
    );
    if options.database == Backend::Postgres {
        // Nobody can be cut off from a file.
        let cut = |n: usize, chance: &mut ChaCha12Rng| Fault::CutOff {
            node: chance.random_range(0..nodes),
            ms: chance.random_range(CUT_MS[n % 2].0..CUT_MS[n % 2].1),
            how: if chance.random() {
                Loss::Closed
            } else {
                Loss::Silent
            },
        };
        acts.extend(every(
            options,
            6,
            &of((6_000, 9_000), (35_000, 60_000)),
            cut,
        ));
    }
    acts
}

fn either_way(chance: &mut ChaCha12Rng) -> i64 {
    if chance.random() {
        SHIFT_SECONDS
    } else {
        -SHIFT_SECONDS
    }
}

fn of_people(options: &Options) -> Vec<Act> {
    let of = |first, gap| Rhythm { first, gap };
    let points = points_of_commands();
    let mut acts = every(
        options,
        11,
        &of((6_000, 12_000), (12_000, 30_000)),
        |_, chance| {
            let pick = chance.random();
            Fault::Cancel { pick }
        },
    );
    acts.extend(every(
        options,
        12,
        &of((14_000, 20_000), (15_000, 35_000)),
        |_, chance| {
            let pick = chance.random();
            Fault::Retry { pick }
        },
    ));
    acts.extend(every(
        options,
        13,
        &of((10_000, 30_000), (40_000, 80_000)),
        |_, chance| Fault::Hold {
            halt: chance.random(),
            ms: chance.random_range(500..2_500),
        },
    ));
    acts.extend(every(
        options,
        14,
        &of((3_000, 6_000), (8_000, 16_000)),
        |n, _| Fault::Command {
            point: points[n % points.len()],
            visit: 1,
        },
    ));
    acts
}

/// Each in turn, so that a run of a minute has seen each.
fn of_redis(options: &Options) -> Vec<Act> {
    let turns = [
        RedisFault::Kill,
        RedisFault::Wipe,
        RedisFault::Silent,
        RedisFault::Kill,
        RedisFault::Wipe,
        RedisFault::Slow,
    ];
    let rhythm = Rhythm {
        first: (4_000, 7_000),
        gap: (5_500, 11_000),
    };
    every(options, 21, &rhythm, |n, chance| {
        let what = turns[n % turns.len()];
        let ms = match what {
            RedisFault::Wipe => 0,
            _ => chance.random_range(500..5_000),
        };
        Fault::Redis { what, ms }
    })
}

fn of_the_server(options: &Options) -> Vec<Act> {
    let rhythm = Rhythm {
        first: (8_000, 15_000),
        gap: (15_000, 30_000),
    };
    every(options, 31, &rhythm, |_, chance| Fault::Crash {
        down_ms: chance.random_range(0..3_000),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(seed: u64) -> Options {
        Options {
            seed,
            seconds: 440,
            heal: 60,
            nodes: 4,
            database: Backend::Postgres,
            ytempire: "ytempire".into(),
            keep: None,
            plant: None,
            minimums: crate::Minimums::default(),
        }
    }

    #[test]
    fn a_seed_is_one_plan_and_another_seed_another() {
        let plan = Plan::derive(&options(7));
        assert_eq!(plan, Plan::derive(&options(7)));
        assert_ne!(plan, Plan::derive(&options(8)));
    }

    #[test]
    fn a_long_plan_holds_enough_of_each_fault() {
        for seed in 0..50 {
            let plan = Plan::derive(&options(seed));
            let enough = |what: &str, least: usize, is: &dyn Fn(&Fault) -> bool| {
                let many = plan.acts.iter().filter(|act| is(&act.fault)).count();
                assert!(many >= least, "seed {seed}: {many} times {what}");
            };
            enough("kill", 400, &|f| matches!(f, Fault::Kill { .. }));
            enough("crash", 15, &|f| matches!(f, Fault::Crash { .. }));
            enough("stop", 24, &|f| matches!(f, Fault::Stop { .. }));
            enough("shift", 10, &|f| matches!(f, Fault::Shift { .. }));
            enough("jump", 5, &|f| matches!(f, Fault::Jump { .. }));
            enough("cut", 6, &|f| matches!(f, Fault::CutOff { .. }));
            for wanted in [RedisFault::Kill, RedisFault::Wipe] {
                let is = |f: &Fault| matches!(f, Fault::Redis { what, .. } if *what == wanted);
                enough("redis", 12, &is);
            }
            for wanted in points_of_nodes() {
                let is = |f: &Fault| matches!(f, Fault::Arm { point, .. } if *point == wanted);
                enough(wanted, 4, &is);
            }
            for wanted in points_of_commands() {
                let is = |f: &Fault| matches!(f, Fault::Command { point, .. } if *point == wanted);
                enough(wanted, 4, &is);
            }
        }
    }

    #[test]
    fn a_short_plan_holds_some_of_each_fault() {
        for seed in 0..50 {
            let mut options = options(seed);
            options.seconds = 40;
            let plan = Plan::derive(&options);
            let told = serde_json::to_string(&plan).unwrap();
            for fault in [
                "kill", "arm", "shift", "stop", "jump", "cut_off", "drain", "crash", "redis",
                "cancel", "retry", "hold", "command",
            ] {
                assert!(
                    told.contains(&format!("\"fault\":\"{fault}\"")),
                    "{seed}: {fault}"
                );
            }
        }
    }
}
