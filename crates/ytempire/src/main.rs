//! `ytempire`: a brief in, a finished video and its receipt out.
//!
//! Floor 5, the composition root: the only place that reads arguments, the environment and the
//! clock, and that names a database driver. One file per subcommand.

mod args;
mod backend;
mod budget;
mod cache;
mod capacity;
mod channel;
mod config;
mod cost;
mod database;
mod display;
mod doctor;
mod fail;
mod key;
mod line;
mod make;
mod manual;
mod migrate;
mod plan;
mod price;
mod reconcile;
mod redis;
mod schedule;
mod schema;
mod secret_url;
mod serve;
mod times;
mod video;
mod work;
mod world;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::fail::Failure;

fn main() -> ExitCode {
    let args = Args::parse();
    world::log(args.verbosity());
    #[cfg(feature = "planted")]
    if let Err(failure) = world::plant() {
        return failure.report();
    }
    providers::install_tls();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(args: Args) -> Result<(), Failure> {
    // Two threads serve the store, the claim loop and the screen; stages bring their own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Failure::bug(format!("can't start: {e}")))?;
    let global = args.global;
    let done = runtime.block_on(async {
        match args.command {
            Command::Make(make) => make::run(&global, *make).await,
            Command::List(list) => video::run(&global, args::line::Video::List(list)).await,
            Command::Cost(cost) => cost::run(&global, cost).await,
            Command::Cache(cache) => cache::run(&global, cache).await,
            Command::Migrate(migrate) => migrate::run(&global, migrate).await,
            Command::Doctor(doctor) => doctor::run(&global, doctor).await,
            Command::Plan(plan) => plan::run(&global, &plan),
            Command::Serve(args) => serve::run(&global, args).await,
            Command::Key(command) => key::run(&global, command).await,
            Command::Work(work) => work::run(&global, work).await,
            Command::Video(video) => video::run(&global, video).await,
            Command::Queue(queue) => line::queue(&global, queue).await,
            Command::Budget(command) => budget::run(&global, command).await,
            Command::Reconcile(args) => reconcile::run(&global, args).await,
            Command::Price(command) => price::run(&global, command).await,
            Command::Backend(command) => backend::run(&global, command).await,
            Command::Channel(command) => channel::run(&global, command).await,
            Command::Schedule(command) => schedule::run(&global, command).await,
            Command::Node(node) => line::node(&global, node).await,
            Command::Schema(schema) => schema::run(&schema),
            Command::Completions(shell) => manual::completions(&shell),
            Command::Man(man) => manual::man(&man),
        }
    });
    // A stage that doesn't stop in time must not hold up the answer to Ctrl-C: what it left is
    // taken over at the next start.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}
