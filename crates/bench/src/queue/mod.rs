//! The queue with its full semantics, beside the bare database and other queues on the same machine.
//!
//! A job here does nothing; what is measured is accepting it, claiming it under a lease with a fencing
//! number, and settling it: state, ledger, event and attempt in one transaction. The bare database
//! claims rows and deletes them, and that is all. Control rows run before and after.

mod bare;
mod held;
mod line;
mod others;
mod pace;
mod pick_up;
mod shapes;
mod waiting;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};
use testkit::PostgresServer;

use crate::machine;
use crate::stores::{self, SERVER, millis, percentile};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Jobs a second, by workers and batch, beside the bare database
    Shapes,
    /// Jobs a second while others are accepted
    Steady,
    /// From the call that adds a job to its claim while so many are added each second, also by other queues
    Pace,
    /// Exchanges with a thousand to a million waiting
    Waiting,
    /// Exchanges while somebody holds a snapshot
    Held,
    /// From a submission to its claim by an idle node
    PickUp,
    /// Other queues on the same database, as they come and tuned
    Others,
}

/// How the queue is measured.
#[derive(Args, Debug)]
pub(crate) struct Queue {
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Jobs of each row of the table; a fifth of them where they are claimed one by one
    #[arg(long, default_value_t = 20_000)]
    jobs: u32,
    /// Jobs of a video
    #[arg(long, default_value_t = 10)]
    of_video: u32,
    /// The most jobs that wait
    #[arg(long, default_value_t = 1_000_000)]
    waiting_max: u32,
    /// Videos that are submitted to an idle line, one after the other
    #[arg(long, default_value_t = 300)]
    pick_ups: u32,
    /// Seconds for which a snapshot is held
    #[arg(long, default_value_t = 30)]
    held: u64,
    /// Jobs added a second, one by one
    #[arg(long, value_delimiter = ',', default_values_t = [100, 300, 1_000])]
    paces: Vec<u32>,
    /// Seconds for which they are added
    #[arg(long, default_value_t = 10)]
    pace_seconds: u32,
    /// Leaves `SQLite` out
    #[arg(long)]
    no_sqlite: bool,
    /// Folder into which `crates/bench/peers/queues` installed other queues
    #[arg(long, default_value = "target/queues")]
    installed: PathBuf,
}

/// Workers, and jobs that each claims at once.
type Shape = (u32, u32);

impl Queue {
    pub(crate) fn run(&self) -> Result<()> {
        stores::block_on(self.measure())
    }

    async fn measure(&self) -> Result<()> {
        let server = PostgresServer::start_with(SERVER);
        let before = machine::load();
        let parts = Part::value_variants();
        let wanted = |part: &&Part| self.only.is_empty() || self.only.contains(part);
        for part in parts.iter().filter(wanted) {
            match part {
                Part::Shapes => self.shapes(&server).await?,
                Part::Steady => self.steady(&server).await?,
                Part::Pace => self.pace(&server).await?,
                Part::Others => self.others(&server).await?,
                Part::Waiting => self.waiting(&server).await?,
                Part::Held => self.held(&server).await?,
                Part::PickUp => self.pick_up(&server).await?,
            }
        }
        println!("load {before} to {}\n", machine::load());
        Ok(())
    }

    /// Jobs of a row: fewer where each is claimed alone.
    const fn jobs_of(&self, (_, batch): Shape) -> u32 {
        if batch == 1 { self.jobs / 5 } else { self.jobs }
    }
}

fn rate(jobs: u32, time: Duration) -> f64 {
    f64::from(jobs) / time.as_secs_f64().max(1e-9)
}
