//! What money costs and what it is worth: the guarantee under a race, the price of a reservation, and
//! the time that choosing takes.

mod balance;
mod bare;
mod caller;
mod choose;
mod control;
mod litellm;
mod provider;
mod purse;
mod race;
mod rate;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use testkit::PostgresServer;

use crate::machine;
use crate::stores::{self, SERVER, WallClock, millis, percentile};

pub(crate) use caller::Caller;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Calls that race for one budget, some of them killed
    Race,
    /// Reservations and settlements a second, beside the bare database
    Rate,
    /// Questions about money as the ledger grows
    Balance,
    /// Choosing what a video's stages use
    Choose,
}

/// How it is measured.
#[derive(Args, Debug)]
pub(crate) struct Money {
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Races of each row
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// Races of each row whose callers are processes
    #[arg(long, default_value_t = 10)]
    process_seeds: u64,
    /// Races of each row of other programs
    #[arg(long, default_value_t = 10)]
    peer_seeds: u64,
    /// Calls of a race
    #[arg(long, value_delimiter = ',', default_values_t = [64, 1_000])]
    calls: Vec<u32>,
    /// Reservations of each row
    #[arg(long, default_value_t = 4_000)]
    holds: u32,
    /// Transfers that the ledger grows to
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 1_000_000])]
    transfers: Vec<u64>,
    /// Folder into which `crates/bench/peers/budgets` installed other programs
    #[arg(long, default_value = "target/budgets")]
    installed: PathBuf,
}

impl Money {
    pub(crate) fn run(&self) -> Result<()> {
        stores::block_on(self.measure())
    }

    async fn measure(&self) -> Result<()> {
        let server = PostgresServer::start_with(SERVER);
        let parts = Part::value_variants();
        let wanted = |part: &&Part| self.only.is_empty() || self.only.contains(part);
        for part in parts.iter().filter(wanted) {
            let before = machine::load();
            match part {
                Part::Race => self.race(&server).await?,
                Part::Rate => self.rate(&server).await?,
                Part::Balance => self.balance(&server).await?,
                Part::Choose => choose::measure(),
            }
            println!("load {before} to {}\n", machine::load());
        }
        Ok(())
    }
}

/// Chance from a seed: `SplitMix64` (Steele, Lea and Flood, 2014).
struct Chance(u64);

impl Chance {
    const fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `end`.
    const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

fn dollars(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
