//! What a run is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

/// What a run is told. Everything else follows from `seed`.
#[derive(Clone, Debug, Args, Serialize)]
pub struct Options {
    /// Everything that happens is derived from it
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// For how long things are broken; healing and checking come on top
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// How long the line may take to come to its end once nothing is broken any more
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub heal: u64,
    /// Nodes of one slot each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub nodes: u8,
    /// Where videos, jobs, money and events are kept
    #[arg(long, value_enum, default_value = "postgres")]
    pub database: Backend,
    /// The program that is tortured
    #[arg(long, value_name = "PATH")]
    pub ytempire: PathBuf,
    /// Keep the folder of the run, with the logs of its nodes, here
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// The known bug that a program with planted ones shall have
    #[arg(skip)]
    pub plant: Option<String>,
    /// What must have happened for a run to count.
    #[command(flatten)]
    pub minimums: Minimums,
}

/// Which store is tortured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// A file in the data folder
    Sqlite,
    /// A private server, which is crashed as well
    Postgres,
}

/// How often each thing must have happened: a run in which nothing broke proves nothing.
#[derive(Clone, Copy, Debug, Default, Args, Serialize)]
pub struct Minimums {
    /// Nodes killed at random moments
    #[arg(long, value_name = "MIN", default_value_t = 0)]
    pub kills: u32,
    /// Deaths at each crash point that this mix of stages can reach
    #[arg(long, value_name = "MIN", default_value_t = 0)]
    pub points: u32,
    /// Crashes of the database server
    #[arg(long, value_name = "MIN", default_value_t = 0)]
    pub crashes: u32,
    /// Nodes that stood still for longer than a lease
    #[arg(long, value_name = "MIN", default_value_t = 0)]
    pub stops: u32,
    /// Nodes with a clock that is two hours wrong
    #[arg(long, value_name = "MIN", default_value_t = 0)]
    pub shifts: u32,
    /// Clocks set by hours while a node worked
    #[arg(long, value_name = "MIN", default_value_t = 0)]
    pub jumps: u32,
    /// Nodes that were cut off alone, and came back
    #[arg(long, value_name = "MIN", default_value_t = 0)]
    pub cuts: u32,
    /// Times that Redis was killed, and that it was wiped, and that it was silent or slow
    #[arg(long, value_name = "MIN", default_value_t = 0)]
    pub redis: u32,
    /// Videos that came out ready
    #[arg(long, value_name = "MIN", default_value_t = 1)]
    pub ready: u32,
}
