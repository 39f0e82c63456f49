//! Which job runs where and when: planning, claiming, predicting, promising, and the simulator that
//! drives the very same code.
//!
//! Floor 1. No IO, no clock, and no chance but what is passed as a seed. Time is whole
//! microseconds, money whole micro-dollars, resources whole thousandths and MiB. Every decision is
//! a function of `(now, snapshot)`: the same snapshot, the same decision, on any machine.

mod chance;
mod file;
mod graph;
mod outline;

pub mod admission;
pub mod claim;
pub mod footprint;
pub mod hardware;
pub mod health;
pub mod planner;
pub mod predictor;
pub mod resource;
pub mod selection;
pub mod sim;
pub mod snapshot;
pub mod workload;

pub use chance::Chance;
pub use file::FileError;
pub use graph::{Graph, GraphJob};
pub use outline::{Available, Offer, Outline};
