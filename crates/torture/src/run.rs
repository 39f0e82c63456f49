//! A run: break, heal, drain, check.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::act;
use crate::check::{self, Finding};
use crate::counts::{Counts, Outcome};
use crate::feeder::Office;
pub(crate) use crate::feeder::Pace;
use crate::known::Known;
use crate::line::Line;
use crate::options::Options;
use crate::plan::Plan;
use crate::world::World;

/// What came of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// What it was told.
    pub options: Options,
    /// What happened.
    pub counts: Counts,
    /// How what was accepted ended.
    pub outcome: Outcome,
    /// How long it took the line to come to its end, once nothing was broken any more.
    pub healed_seconds: f64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What didn't happen often enough for the run to count.
    pub lacks: Vec<String>,
}

impl Run {
    /// Enough was broken, and nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty() && self.lacks.is_empty()
    }
}

#[derive(Deserialize)]
struct Open {
    open: u64,
}

/// Tortures the line of `world`, and checks it.
///
/// # Errors
/// The harness itself failed: a program can't be started, the database doesn't come back.
pub fn run(options: &Options, world: &World) -> Result<(Run, Known)> {
    run_plan(options, world, &Plan::derive(options), Pace::MIXED)
}

/// As [`run()`], by another plan.
pub(crate) fn run_plan(
    options: &Options,
    world: &World,
    plan: &Plan,
    pace: Pace,
) -> Result<(Run, Known)> {
    for act in &plan.acts {
        world.note(&format!("plan {}", serde_json::to_string(act)?));
    }
    let counts = Mutex::new(Counts::default());
    let office = Office::new(world, &counts, pace);
    let mut line = Line::start(&office, options.nodes.into())?;
    act::torture(options, plan, &office, &mut line)?;
    let began = Instant::now();
    let mut wrong = drained(options, &office, &mut line)?;
    let healed_seconds = began.elapsed().as_secs_f64();
    wrong.extend(line.leave());
    drop(line);
    // What the last one left is taken by whoever joins next: what still lies about then stays.
    let mut last = Line::start(&office, 1)?;
    wait_for_nodes(world)?;
    wrong.extend(last.leave());
    drop(last);
    let known = std::mem::take(&mut *office.known());
    let counts = office.counts().clone();
    let (outcome, mut findings) = check::everything(world, &known)?;
    findings.extend(
        wrong
            .into_iter()
            .map(|text| Finding::new("liveness", "line", text)),
    );
    let run = Run {
        options: options.clone(),
        lacks: counts.lacks(&outcome, &options.minimums),
        counts,
        outcome,
        healed_seconds,
        findings,
    };
    Ok((run, known))
}

/// Waits until no video is open.
fn drained(options: &Options, office: &Office<'_>, line: &mut Line<'_>) -> Result<Vec<String>> {
    let world = office.world;
    office.run(&["queue", "resume"], None)?;
    world.note("healed");
    let patience = Instant::now() + Duration::from_secs(options.heal);
    loop {
        line.tend(Instant::now())?;
        let open = "SELECT count(*) AS open FROM videos WHERE finalized_at IS NULL";
        let open = world
            .database
            .rows::<Open>(open)?
            .first()
            .map_or(0, |row| row.open);
        let running = "SELECT count(*) AS open FROM jobs WHERE finalized_at IS NULL";
        let jobs = world
            .database
            .rows::<Open>(running)?
            .first()
            .map_or(0, |row| row.open);
        if open + jobs == 0 {
            world.note("nothing is open any more");
            return Ok(Vec::new());
        }
        if Instant::now() > patience {
            let text = format!(
                "{open} videos and {jobs} jobs are open {} s after the last fault",
                options.heal
            );
            return Ok(vec![text]);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until a node has joined, and with that taken over what was left.
fn wait_for_nodes(world: &World) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(30);
    let joined = "SELECT count(*) AS open FROM nodes";
    while Instant::now() < patience {
        let nodes = world.database.rows::<Open>(joined)?;
        if nodes.first().is_some_and(|row| row.open > 0) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
