//! Breaks a real line of many videos, and checks from outside what came of it. Never shipped.
//!
//! [`run()`] starts a database and nodes, keeps videos queued, and does to them what [`Plan`] derived
//! from a seed; then it lets everything heal and [`check`] reads what is left. The checker shares no
//! decision with the product: its own SQL, its own sums, its own table of what may follow what, and a
//! history of every change that triggers of its own write.

#![expect(
    clippy::disallowed_methods,
    reason = "it lives in real time and starts and kills real processes"
)]

mod act;
mod audit;
pub mod check;
mod clock;
mod counts;
mod cut;
mod database;
mod fault;
mod feeder;
mod known;
mod line;
mod node;
mod operator;
mod options;
mod plan;
mod plants;
mod power;
mod redis;
mod run;
mod wires;
mod world;

pub use counts::{Counts, Outcome};
pub use database::Database;
pub use fault::{Fault, Loss, RedisFault};
pub use known::Known;
pub use options::{Backend, Minimums, Options};
pub use plan::{Act, Plan};
pub use plants::{PlantOptions, Planted, plants};
pub use power::{Power, PowerOptions, Storm, power};
pub use run::{Run, run};
pub use world::World;
