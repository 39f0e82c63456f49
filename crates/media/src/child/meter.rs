//! How much CPU time children took, added up wherever they were started.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A sum of CPU time that every ended child of some [`Tools`](crate::tools::Tools) adds to,
/// failed ones too: what a job is charged for.
#[derive(Clone, Debug, Default)]
pub struct CpuMeter(Arc<AtomicU64>);

impl CpuMeter {
    /// The sum so far.
    pub fn total(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Acquire))
    }

    pub(super) fn add(&self, cpu: Duration) {
        let micros = u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX);
        self.0.fetch_add(micros, Ordering::AcqRel);
    }
}
