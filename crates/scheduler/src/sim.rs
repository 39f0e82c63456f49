//! A simulated machine under the real scheduler.
//!
//! Planner, claim and predictor are the very functions that production calls; only the clock, the
//! arrivals and the true length of jobs are made up. The same world with predicted lengths is the
//! what-if by which [`crate::admission`] promises.

mod arrivals;
mod bound;
mod need;
mod policy;
mod report;
mod shared;
mod world;

#[cfg(test)]
mod tests;

pub use arrivals::{Arrival, Arrivals};
pub use bound::{Bound, bound};
pub use need::{Need, needs};
pub use policy::{Order, Policy};
pub use report::{Finished, Moment, Report, Used};
pub use world::{Fault, Scenario, World};

use crate::workload::Workload;

/// Runs one policy over the arrivals of a scenario until the last video is finished.
pub fn run(scenario: &Scenario<'_>, policy: &Policy) -> Report {
    let mut world = World::new(scenario, policy);
    world.go();
    world.report()
}

/// The true length of jobs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Truth {
    /// Drawn around the prior, with so many times the workload's deviation.
    Drawn(crate::chance::Chance, f64),
    /// Just as predicted.
    Predicted,
}

impl Truth {
    /// How long a job takes when it has what it needs for itself.
    pub(crate) fn time(
        self,
        workload: &Workload,
        video: u64,
        (stage, job, backend): (u8, u16, u8),
        prior: crate::resource::Micros,
    ) -> Option<crate::resource::Micros> {
        let Self::Drawn(chance, noise) = self else {
            return None;
        };
        let known = &workload.backends[usize::from(backend)];
        let sigma = known.sigma * noise;
        let of_stage = chance.of(video).of(u64::from(stage)).of(known.place as u64);
        // Chunks of a stage are long together: what they are made from is the same.
        let mut factor = libm::exp(sigma * of_stage.normal() - known.sigma * known.sigma / 2.0);
        if known.place == crate::workload::Place::Remote {
            let own = of_stage.of(u64::from(job));
            if own.of(1).uniform() < STALL_SHARE {
                factor *= STALL_FACTOR;
            }
            if own.of(2).uniform() < RETRY_SHARE {
                factor *= 2.0;
            }
        }
        Some(((prior as f64 * factor) as u64).max(1))
    }
}

/// Requests that a provider lets hang, and how much longer they take.
const STALL_SHARE: f64 = 0.01;
const STALL_FACTOR: f64 = 4.0;

/// Requests that must be made again.
const RETRY_SHARE: f64 = 0.015;
