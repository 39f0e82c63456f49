//! Peers and limits side by side, measured in one run. Never shipped.
//!
//! Every contestant is a process of its own; [`meter`] tells what it took, children and orphans
//! included. Contestants of a table run in turn, several rounds of them, and the table shows
//! medians: what else the machine does then falls on all alike. Compare ratios, not times.

#![expect(
    clippy::disallowed_methods,
    reason = "it measures real time and starts programs that are not ours"
)]
#![expect(clippy::print_stdout, reason = "the tables are for standard output")]

mod compose;
mod control_group;
mod draw;
mod film;
mod jitter;
mod machine;
mod meter;
mod money;
mod peers;
mod picture;
mod queue;
mod schedule;
mod stores;
mod table;
mod whole;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

/// Where programs are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Measures the product, its peers and the limits of the machine side by side.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Drawing and encoding a minute, against the bare encoder on the same frames
    Compose(compose::Compose),
    /// The same film by ffmpeg's filters, Remotion and `MoviePy`
    Peers(peers::Peers),
    /// How steadily a slow zoom moves
    Jitter(jitter::Jitter),
    /// The eight-minute example by the finished program
    Make(whole::Make),
    /// Videos of one minute to sixteen by the finished program
    Growth(whole::Growth),
    /// The scheduler under every load, beside other policies and the bounds
    Schedule(schedule::Schedule),
    /// Accepting, claiming and settling jobs, beside the bare database
    Queue(queue::Queue),
    /// What money costs: races for a budget, reservations, choosing
    Money(money::Money),
    /// Says what machine this is
    Machine,
    /// One run of our painter and encoder, to be measured from outside
    #[command(hide = true)]
    Draw(draw::Draw),
    /// Calls that spend, to be killed from outside
    #[command(hide = true)]
    Spend(money::Caller),
}

fn main() -> Result<()> {
    let command = Arguments::parse().command;
    if !matches!(command, Command::Draw(_) | Command::Spend(_)) {
        meter::adopt_orphans()?;
    }
    match command {
        Command::Draw(draw) => draw.run(),
        Command::Spend(caller) => caller.run(),
        Command::Machine => machine::print(),
        Command::Compose(compose) => compose.run(),
        Command::Peers(peers) => peers.run(),
        Command::Jitter(jitter) => jitter.run(),
        Command::Make(make) => make.run(),
        Command::Growth(growth) => growth.run(),
        Command::Money(money) => money.run(),
        Command::Queue(queue) => queue.run(),
        Command::Schedule(schedule) => schedule.run(),
    }
}

/// The folder for what runs leave behind. In memory: what is measured is computing, not a disk.
fn work_folder() -> Result<PathBuf> {
    let folder = PathBuf::from("/dev/shm/ytempire-bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    Ok(folder)
}

/// A fresh, empty folder within [`work_folder`].
fn fresh_folder(name: &str) -> Result<PathBuf> {
    let folder = work_folder()?.join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
