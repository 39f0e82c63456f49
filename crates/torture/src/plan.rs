//! What is broken when: derived from the seed alone, so that a run can be run again.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde::Serialize;
use ytempire_core::CrashPlan;

use crate::options::{Backend, Options};

/// Longer than a lease (15 s), so that the others take over what a node held that stands still.
const STANDSTILL_MS: (u64, u64) = (15_500, 17_500);

/// How wrong a clock is: two hours, either way.
const SHIFT_SECONDS: i64 = 7_200;

/// One thing that is done to the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum Fault {
    /// `SIGKILL` for a node, which starts again.
    Kill {
        /// Which node.
        node: usize,
    },
    /// `SIGKILL` for a node, which starts again and dies at a named point.
    Arm {
        /// Which node.
        node: usize,
        /// One of [`CrashPlan::POINTS`].
        point: &'static str,
        /// At which visit.
        visit: u32,
    },
    /// `SIGKILL` for a node, which starts again with a wrong clock.
    Shift {
        /// Which node.
        node: usize,
        /// By how much its clock is ahead.
        seconds: i64,
    },
    /// `SIGSTOP` for a node, and `SIGCONT` when its leases have long run out.
    Stop {
        /// Which node.
        node: usize,
        /// For how long.
        ms: u64,
    },
    /// `SIGTERM` for a node, which leaves and starts again.
    Drain {
        /// Which node.
        node: usize,
    },
    /// The database server ends as in a power cut, and comes back.
    Crash {
        /// How long it is away.
        down_ms: u64,
    },
    /// Somebody cancels a video that is open.
    Cancel {
        /// Picks the video.
        pick: u64,
    },
    /// Somebody makes an ended video again.
    Retry {
        /// Picks the video.
        pick: u64,
    },
    /// Somebody pauses or halts the line, and resumes it.
    Hold {
        /// Also no spending.
        halt: bool,
        /// For how long.
        ms: u64,
    },
    /// A command that dies at a named point: `video submit` or `video export`.
    Command {
        /// One of [`CrashPlan::POINTS`].
        point: &'static str,
        /// At which visit.
        visit: u32,
    },
}

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
        let end = options.seconds * 1_000;
        let mut acts = of_nodes(options, end);
        acts.extend(of_people(options, end));
        if options.database == Backend::Postgres {
            acts.extend(of_the_server(options, end));
        }
        acts.sort_by_key(|act| act.at_ms);
        Self { acts }
    }
}

/// A generator of its own for each kind of act: one more of a kind leaves the others as they were.
fn chance(options: &Options, stream: u64) -> ChaCha12Rng {
    let mut chance = ChaCha12Rng::seed_from_u64(options.seed);
    chance.set_stream(stream);
    chance
}

fn of_nodes(options: &Options, end: u64) -> Vec<Act> {
    let mut chance = chance(options, 1);
    let (points, mut turn) = (points_of_nodes(), 0);
    let mut acts = Vec::new();
    let mut at_ms = 2_000;
    while at_ms < end {
        let node = chance.random_range(0..usize::from(options.nodes));
        let fault = match chance.random_range(0..100) {
            0..58 => Fault::Kill { node },
            58..85 => {
                turn += 1;
                Fault::Arm {
                    node,
                    point: points[turn % points.len()],
                    visit: *[1, 1, 2].choose(&mut chance).unwrap_or(&1),
                }
            }
            85..91 => Fault::Stop {
                node,
                ms: chance.random_range(STANDSTILL_MS.0..STANDSTILL_MS.1),
            },
            91..96 => Fault::Shift {
                node,
                seconds: if chance.random() {
                    SHIFT_SECONDS
                } else {
                    -SHIFT_SECONDS
                },
            },
            _ => Fault::Drain { node },
        };
        acts.push(Act { at_ms, fault });
        at_ms += chance.random_range(350..1_100);
    }
    acts
}

fn of_people(options: &Options, end: u64) -> Vec<Act> {
    let mut chance = chance(options, 2);
    let (points, mut turn) = (points_of_commands(), 0);
    let mut acts = Vec::new();
    let mut at_ms = 3_000;
    while at_ms < end {
        let pick = chance.random();
        let fault = match chance.random_range(0..100) {
            0..30 => Fault::Cancel { pick },
            30..55 => Fault::Retry { pick },
            55..65 => Fault::Hold {
                halt: chance.random(),
                ms: chance.random_range(500..2_500),
            },
            _ => {
                turn += 1;
                Fault::Command {
                    point: points[turn % points.len()],
                    visit: 1,
                }
            }
        };
        acts.push(Act { at_ms, fault });
        at_ms += chance.random_range(3_000..9_000);
    }
    acts
}

fn of_the_server(options: &Options, end: u64) -> Vec<Act> {
    let mut chance = chance(options, 3);
    let mut acts = Vec::new();
    let mut at_ms = chance.random_range(8_000..15_000);
    while at_ms < end {
        let down_ms = chance.random_range(0..3_000);
        let fault = Fault::Crash { down_ms };
        acts.push(Act { at_ms, fault });
        at_ms += chance.random_range(15_000..30_000);
    }
    acts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(seed: u64) -> Options {
        Options {
            seed,
            seconds: 480,
            heal: 60,
            nodes: 3,
            database: Backend::Postgres,
            ytempire: "ytempire".into(),
            keep: None,
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
            let count =
                |is: fn(&Fault) -> bool| plan.acts.iter().filter(|act| is(&act.fault)).count();
            let kills = count(|f| {
                matches!(
                    f,
                    Fault::Kill { .. } | Fault::Arm { .. } | Fault::Shift { .. }
                )
            });
            assert!(kills >= 300, "seed {seed}: {kills} kills");
            assert!(
                count(|f| matches!(f, Fault::Crash { .. })) >= 15,
                "seed {seed}"
            );
            assert!(
                count(|f| matches!(f, Fault::Shift { .. })) >= 5,
                "seed {seed}"
            );
            for point in points_of_nodes() {
                let armed = plan
                    .acts
                    .iter()
                    .filter(|act| matches!(&act.fault, Fault::Arm { point: p, .. } if *p == point));
                assert!(armed.count() >= 3, "seed {seed}: {point}");
            }
        }
    }
}
