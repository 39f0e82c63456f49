//! Known bugs, planted into the program one at a time: each must be noticed.
//!
//! A checker that finds nothing is worth what it is known to find. The program must be built with the
//! feature `planted`, which no build has by default.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::fault::Fault;
use crate::options::{Backend, Minimums, Options};
use crate::plan::{Act, Plan};
use crate::power::{PowerOptions, one_storm};
use crate::run::{Pace, run_plan};
use crate::world::World;

/// What planted bugs are told.
#[derive(Clone, Debug, Args, Serialize)]
pub struct PlantOptions {
    /// Everything that happens is derived from it
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The program, built with the feature `planted`
    #[arg(long, value_name = "PATH")]
    pub ytempire: PathBuf,
    /// How often a bug is looked for that needs an unlucky moment
    #[arg(long, value_name = "TRIES", default_value_t = 3)]
    pub tries: u32,
    /// Only these bugs
    pub only: Vec<String>,
}

/// How one bug was looked for, and what noticed it.
#[derive(Clone, Debug, Serialize)]
pub struct Planted {
    /// Its name.
    pub plant: &'static str,
    /// What is wrong with the program.
    pub what: &'static str,
    /// The rule that noticed it; none did where it is missing.
    pub caught_by: Option<&'static str>,
    /// What that rule said.
    pub said: String,
    /// How often it was looked for.
    pub tries: u32,
    /// How long it took, breaking, healing and checking included.
    pub seconds: f64,
    /// It can't be noticed without root and loop devices.
    pub skipped: Option<String>,
}

/// One bug, what is done to the line, and which rules may notice it.
struct Case {
    plant: &'static str,
    what: &'static str,
    how: How,
    rules: &'static [&'static str],
}

enum How {
    /// A line on `PostgreSQL`, broken so for so many seconds.
    Line(u64, fn() -> Vec<Act>),
    /// A line whose power is cut so often.
    Power(Backend, u32),
}

const CASES: [Case; 10] = [
    Case {
        plant: "no-fence",
        what: "whoever ends a job need not be who holds it",
        how: How::Line(22, standstills),
        rules: &["one-writer", "fence", "transfer"],
    },
    Case {
        plant: "own-clock",
        what: "leases end by the node's own clock",
        how: How::Line(9, wrong_clocks),
        rules: &["robbed"],
    },
    Case {
        plant: "shared-claim",
        what: "two nodes may take the same job",
        how: How::Line(12, Vec::new),
        rules: &["job-steps", "fence", "lease"],
    },
    Case {
        plant: "first-parent",
        what: "a job begins when the first of those that it waits for is completed",
        how: How::Line(9, Vec::new),
        rules: &["order"],
    },
    Case {
        plant: "check-then-act",
        what: "accounts are read, changed and written back without a lock",
        how: How::Line(14, Vec::new),
        rules: &["ledger"],
    },
    Case {
        plant: "forgotten-hold",
        what: "what an attempt leaves reserved is never given back",
        how: How::Line(9, kills),
        rules: &["transfer"],
    },
    Case {
        plant: "key-per-try",
        what: "an order has another idempotency key each time that it is given",
        how: How::Line(8, lost_answers),
        rules: &["accepted"],
    },
    Case {
        plant: "early-answer",
        what: "PostgreSQL acknowledges before anything is on disk",
        how: How::Power(Backend::Postgres, 2),
        rules: &["accepted", "told", "files"],
    },
    Case {
        plant: "early-answer-sqlite",
        what: "SQLite acknowledges before anything is on disk",
        how: How::Power(Backend::Sqlite, 4),
        rules: &["accepted", "told", "files"],
    },
    Case {
        plant: "unsynced-file",
        what: "files are named before their bytes are on disk",
        how: How::Power(Backend::Sqlite, 3),
        rules: &["files"],
    },
];

fn acts(times: impl Iterator<Item = u64>, fault: impl Fn(usize) -> Fault) -> Vec<Act> {
    let act = |(n, at_ms)| Act {
        at_ms,
        fault: fault(n),
    };
    (0..).zip(times).map(act).collect()
}

/// Three of four nodes come back about when others have just begun what they held.
fn standstills() -> Vec<Act> {
    acts((0..3).map(|n| 2_500 + 400 * n), |node| Fault::Stop {
        node,
        ms: 15_800 + 500 * node as u64,
    })
}

fn wrong_clocks() -> Vec<Act> {
    acts([2_500, 5_500].into_iter(), |node| Fault::Shift {
        node,
        seconds: 7_200,
    })
}

fn kills() -> Vec<Act> {
    acts((2_500..8_000).step_by(700), |n| Fault::Kill { node: n % 4 })
}

fn lost_answers() -> Vec<Act> {
    acts([2_000, 3_500, 5_000].into_iter(), |_| Fault::Command {
        point: "submit.after_commit",
        visit: 1,
    })
}

/// Plants each bug and looks whether it is noticed; `done` is told of each.
///
/// # Errors
/// The program has none planted, or the harness itself failed.
pub fn plants(options: &PlantOptions, done: impl Fn(&Planted)) -> Result<Vec<Planted>> {
    has_plants(options)?;
    let wanted =
        |case: &&Case| options.only.is_empty() || options.only.iter().any(|o| o == case.plant);
    let mut all = Vec::new();
    for case in CASES.iter().filter(wanted) {
        let planted = look_for(options, case)?;
        done(&planted);
        all.push(planted);
    }
    Ok(all)
}

/// A program without plants would be caught at nothing, and all would look missed.
fn has_plants(options: &PlantOptions) -> Result<()> {
    let none_such = Command::new(&options.ytempire)
        .args(["schema"])
        .env("YTEMPIRE_PLANT", "none-such")
        .output()?;
    ensure!(
        !none_such.status.success(),
        "{} has no planted bugs: it is built with --features planted (make plants)",
        options.ytempire.display()
    );
    Ok(())
}

fn look_for(options: &PlantOptions, case: &Case) -> Result<Planted> {
    let began = Instant::now();
    let mut planted = Planted {
        plant: case.plant,
        what: case.what,
        caught_by: None,
        said: String::new(),
        tries: 0,
        seconds: 0.0,
        skipped: None,
    };
    while planted.caught_by.is_none() && planted.tries < options.tries {
        planted.tries += 1;
        let seed = options.seed + u64::from(planted.tries);
        let found = match case.how {
            How::Line(seconds, acts) => of_a_line(options, case.plant, seed, (seconds, acts()))?,
            How::Power(database, cuts) => {
                let options = PowerOptions {
                    seed,
                    ytempire: options.ytempire.clone(),
                    plant: Some(case.plant.to_owned()),
                    sqlite: cuts,
                    postgres: cuts,
                    control: 0,
                };
                match one_storm(&options, database, cuts)? {
                    Ok(storm) => storm.findings,
                    Err(why) => {
                        planted.skipped = Some(why);
                        return Ok(planted);
                    }
                }
            }
        };
        if let Some(finding) = found.iter().find(|f| case.rules.contains(&f.rule)) {
            planted.caught_by = Some(finding.rule);
            planted.said.clone_from(&finding.text);
        }
    }
    planted.seconds = began.elapsed().as_secs_f64();
    Ok(planted)
}

fn of_a_line(
    options: &PlantOptions,
    plant: &str,
    seed: u64,
    (seconds, acts): (u64, Vec<Act>),
) -> Result<Vec<crate::check::Finding>> {
    let options = Options {
        seed,
        seconds,
        heal: 12,
        nodes: 4,
        database: Backend::Postgres,
        ytempire: options.ytempire.clone(),
        keep: None,
        plant: Some(plant.to_owned()),
        minimums: Minimums::default(),
    };
    let world = World::new(&options)?;
    let (run, _known) = run_plan(&options, &world, &Plan { acts }, Pace::FRESH)?;
    Ok(run.findings)
}
