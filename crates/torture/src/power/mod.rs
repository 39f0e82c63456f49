//! Power cuts under a line at work: what was acknowledged must be there when power is back.
//!
//! Killing a process can't show that: what it wrote is safe with the system. So the controls, which
//! acknowledge before anything is on the disk, must lose something here; where they don't, the cuts
//! prove nothing.

mod control;
mod disk;
mod storm;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use serde::Serialize;

use crate::check::Finding;
use crate::options::Backend;
pub use storm::Storm;

/// What power cuts are told.
#[derive(Clone, Debug, Args, Serialize)]
pub struct PowerOptions {
    /// Every moment at which power is cut is derived from it
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The program whose power is cut
    #[arg(long, value_name = "PATH")]
    pub ytempire: PathBuf,
    /// The known bug that a program with planted ones shall have
    #[arg(skip)]
    pub plant: Option<String>,
    /// Power cuts under a line on `SQLite`
    #[arg(long, value_name = "CUTS", default_value_t = 8)]
    pub sqlite: u32,
    /// Power cuts under a line on `PostgreSQL`
    #[arg(long, value_name = "CUTS", default_value_t = 4)]
    pub postgres: u32,
    /// Power cuts, at most, until the control on `SQLite` has lost something
    #[arg(long, value_name = "CUTS", default_value_t = 16)]
    pub control: u32,
}

/// What came of power cuts.
#[derive(Clone, Debug, Serialize)]
pub struct Power {
    /// What they were told.
    pub options: PowerOptions,
    /// Why nothing was done.
    pub skipped: Option<String>,
    /// Lines, and controls.
    pub storms: Vec<Storm>,
}

impl Power {
    /// Nothing that was acknowledged is lost, the controls have lost something, and all was done.
    pub fn is_good(&self) -> bool {
        self.skipped.is_none() && self.wrong().is_empty()
    }

    /// What is wrong with what was done.
    pub fn wrong(&self) -> Vec<String> {
        self.storms.iter().flat_map(Storm::wrong).collect()
    }
}

/// Cuts the power of lines and controls.
///
/// # Errors
/// The harness itself failed.
pub fn power(options: &PowerOptions) -> Result<Power> {
    let mut power = Power {
        options: options.clone(),
        skipped: disk::lacks(),
        storms: Vec::new(),
    };
    if power.skipped.is_some() {
        return Ok(power);
    }
    let mut chance = ChaCha12Rng::seed_from_u64(options.seed);
    let line = |database, cuts, settings, chance: &mut ChaCha12Rng| {
        storm::storm(options, database, cuts, settings, chance)
    };
    power.storms = vec![
        line(Backend::Sqlite, options.sqlite, "", &mut chance)?,
        line(Backend::Postgres, options.postgres, "", &mut chance)?,
        Storm {
            must_lose: true,
            ..line(Backend::Postgres, 1, "-c fsync=off", &mut chance)?
        },
        control::sqlite(options.control, &mut chance)?,
    ];
    Ok(power)
}

/// A line whose power is cut so often, without controls; or why that can't be done here.
pub(crate) fn one_storm(
    options: &PowerOptions,
    database: Backend,
    cuts: u32,
) -> Result<Result<Storm, String>> {
    if let Some(why) = disk::lacks() {
        return Ok(Err(why));
    }
    let mut chance = ChaCha12Rng::seed_from_u64(options.seed);
    storm::storm(options, database, cuts, "", &mut chance).map(Ok)
}

/// Whether something that was acknowledged is what a finding says is gone.
fn is_loss(finding: &Finding) -> bool {
    ["accepted", "told", "files"].contains(&finding.rule)
}
