//! A line at work whose power is cut again and again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use rand::Rng;
use rand_chacha::ChaCha12Rng;
use serde::Serialize;

use super::disk::Disk;
use super::{PowerOptions, is_loss};
use crate::check::{self, Finding};
use crate::counts::{Counts, Outcome};
use crate::feeder::{Office, Pace};
use crate::line::Line;
use crate::options::{Backend, Minimums, Options};
use crate::world::World;

/// How long a line works until its power is cut.
const WORK_MS: (u64, u64) = (1_200, 2_800);

/// How long the first video may take: no power is cut before, so that there is one to lose.
const FIRST: Duration = Duration::from_secs(40);

/// For how long it is left alone then: whatever it acknowledges now, it must not.
const AFTER: Duration = Duration::from_millis(250);

/// Orders that must have been acknowledged for the cuts to count.
const ACKNOWLEDGED_MIN: usize = 20;

/// What came of the cuts under one line or control.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Storm {
    /// What it was.
    pub what: String,
    /// A control: where it loses nothing, the cuts prove nothing.
    pub must_lose: bool,
    /// Power cuts.
    pub cuts: u32,
    /// Power cuts before which nothing was acknowledged since the one before.
    pub idle_cuts: u32,
    /// Orders, or rows, that were acknowledged.
    pub acknowledged: usize,
    /// Videos that a node had told were ready.
    pub told_ready: usize,
    /// Files compared with their names after the last cut.
    pub files: usize,
    /// Of what was acknowledged, what is gone.
    pub lost: usize,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Storm {
    pub(super) fn wrong(&self) -> Vec<String> {
        let what = &self.what;
        if self.must_lose {
            let text = format!("{what}: lost nothing in {} power cuts", self.cuts);
            return Vec::from_iter((self.lost == 0).then_some(text));
        }
        let mut wrong: Vec<String> = self
            .findings
            .iter()
            .map(|finding| format!("{what}: {finding}"))
            .collect();
        let Self {
            acknowledged,
            told_ready,
            idle_cuts,
            ..
        } = *self;
        if acknowledged < ACKNOWLEDGED_MIN || told_ready == 0 || idle_cuts > 0 {
            wrong.push(format!(
                "{what}: too little to lose: {acknowledged} orders acknowledged, none before \
                 {idle_cuts} of the cuts, {told_ready} videos told ready"
            ));
        }
        wrong
    }
}

/// Cuts the power of a line `cuts` times, over a server started with `settings`.
pub(super) fn storm(
    options: &PowerOptions,
    database: Backend,
    cuts: u32,
    settings: &str,
    chance: &mut ChaCha12Rng,
) -> Result<Storm> {
    let options = Options {
        seed: options.seed,
        seconds: 0,
        heal: 0,
        nodes: 2,
        database,
        ytempire: options.ytempire.clone(),
        keep: None,
        plant: options.plant.clone(),
        minimums: Minimums::default(),
    };
    let disk = Disk::make()?;
    let world = World::on(&options, &disk.path(), settings)?;
    disk.settle()?;
    let counts = Mutex::new(Counts::default());
    let office = Office::new(&world, &counts, Pace::EAGER);
    let mut storm = Storm {
        what: format!("{database:?} {settings}").trim_end().to_owned(),
        ..Storm::default()
    };
    for _ in 0..cuts {
        let work = Duration::from_millis(chance.random_range(WORK_MS.0..WORK_MS.1));
        let before = office.known().accepted.len();
        work_until_the_cut(&office, &disk, work)?;
        storm.cuts += 1;
        storm.idle_cuts += u32::from(office.known().accepted.len() == before);
        disk.power_on()?;
        let found = recovered(&office)?;
        storm.files = found.1.files;
        storm.findings.extend(found.0);
        if !storm.findings.is_empty() {
            break;
        }
    }
    storm.acknowledged = office.known().accepted.len();
    storm.told_ready = world.told_ready().len();
    storm.lost = storm.findings.iter().filter(|found| is_loss(found)).count();
    Ok(storm)
}

fn work_until_the_cut(office: &Office<'_>, disk: &Disk, work: Duration) -> Result<()> {
    let stop = AtomicBool::new(false);
    let mut line = Line::start(office, 2)?;
    std::thread::scope(|scope| {
        let feeder = scope.spawn(|| office.feed(&stop));
        let patience = Instant::now() + FIRST;
        while office.world.told_ready().is_empty() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(work);
        office.world.note("power is cut");
        let cut = disk.cut();
        std::thread::sleep(AFTER);
        stop.store(true, Ordering::Relaxed);
        line.kill_all();
        if let Some(server) = office.world.database.server() {
            server.kill();
        }
        let fed = feeder.join().expect("no thread has panicked");
        cut.and(fed)
    })
}

/// What is wrong once power is back, and everything that heals by itself has healed.
fn recovered(office: &Office<'_>) -> Result<(Vec<Finding>, Outcome)> {
    let world = office.world;
    let gone = |text: String| {
        Ok((
            vec![Finding::new("accepted", "all", text)],
            Outcome::default(),
        ))
    };
    if let Some(Err(said)) = world
        .database
        .server()
        .map(testkit::PostgresServer::try_restart)
    {
        return gone(format!("the server doesn't start: {said}"));
    }
    // Opening the database is what heals it.
    let opened = office.run(&["migrate"], None)?;
    if !opened.status.success() {
        let said = String::from_utf8_lossy(&opened.stderr);
        return gone(format!("the database can't be opened: {said}"));
    }
    match check::what_lasts(world, &office.known()) {
        Ok(found) => Ok(found),
        Err(e) => gone(format!("the books can't be read: {e:#}")),
    }
}
