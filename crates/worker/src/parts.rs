//! What every stage works with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use media::artifact::Artifacts;
use media::depot::Depot;
use media::tools::Tools;
use signal::Signal;
use store::{Limits, Machine, Store};
use ytempire_core::{Clock, CrashPlan, IdSource, Timestamp};

use crate::{Backends, Encoders, Memory, Prices, Progress, Retention, UnknownMax};

/// Everything a node needs, put together once at start.
#[derive(Clone)]
pub struct Parts {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// What may be lost: wake-ups.
    pub signal: Arc<dyn Signal>,
    /// Files by content.
    pub artifacts: Arc<Artifacts>,
    /// Where nodes of other machines find them, and theirs are found; `None`: all see one folder.
    pub depot: Option<Depot>,
    /// Programs that were found.
    pub tools: Arc<Tools>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<IdSource>,
    /// Prices.
    pub prices: Arc<Prices>,
    /// Remote backends by name.
    pub backends: Arc<Backends>,
    /// What runs now, for whoever watches.
    pub progress: Progress,
    /// Where nodes keep their lock files and jobs their scratch folders.
    pub folder: PathBuf,
    /// Jobs at once: the cores of the machine.
    pub slots: u32,
    /// For how long backends may fail before jobs that wait for them lose attempts.
    pub patience: Duration,
    /// The most videos that may wait; `None`: any number.
    pub waiting_max: Option<u32>,
    /// What may run at once, on all nodes together.
    pub limits: Limits,
    /// How long what has ended is kept.
    pub retention: Arc<Retention>,
    /// The encoder on this machine's GPUs.
    pub encoders: Arc<Encoders>,
    /// What jobs need of this machine's memory.
    pub memory: Arc<Memory>,
    /// How long it is waited for a bill where nobody knows what came of a charge.
    pub unknown_max: Arc<UnknownMax>,
    /// Where a test ends the process.
    pub crash: CrashPlan,
}

impl Parts {
    /// The present.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Looks at this machine, with what is known of its encoders.
    pub(crate) fn look(&self) -> Machine {
        self.encoders.look(self.now(), &self.folder, self.slots)
    }
}
