//! What every endpoint works with.

use std::sync::Arc;
use std::time::Duration;

use signal::{Rate, Signal};
use store::Store;
use tokio_util::sync::CancellationToken;
use ytempire_core::{Clock, IdSource, Timestamp};

use crate::live::Feed;
use crate::orders::Orders;
use crate::traffic::Traffic;

/// Fills bytes with chance that nobody can guess.
pub type Chance = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Everything the API needs, put together once at start.
#[derive(Clone)]
pub struct Parts {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// Rates of keys, over all servers.
    pub signal: Arc<dyn Signal>,
    /// Who makes videos.
    pub orders: Arc<dyn Orders>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<IdSource>,
    /// Fresh secrets.
    pub chance: Chance,
    /// How it serves.
    pub options: Options,
}

/// How the API serves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The largest body of a request, in bytes: twice the largest brief, which JSON may escape.
    pub body_bytes_max: usize,
    /// What a key may ask.
    pub rate: Rate,
    /// Web pages of these origins may ask with a key; `*` is all.
    pub origins: Vec<String>,
    /// How long the write of `/readyz` may take.
    pub ready_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_bytes_max: 2 * ytempire_core::brief::BYTES_MAX,
            rate: Rate {
                tokens: 1200,
                per: Duration::from_mins(1),
                burst: 300,
            },
            origins: Vec::new(),
            ready_max: Duration::from_secs(2),
        }
    }
}

/// The parts with what one server keeps of its own.
pub(crate) struct Server {
    pub(crate) parts: Parts,
    pub(crate) feed: Feed,
    pub(crate) traffic: Traffic,
    /// Signs links to files.
    pub(crate) link_secret: String,
    /// Streams end when it is raised.
    pub(crate) stop: CancellationToken,
}

/// What handlers hold.
pub(crate) type Api = Arc<Server>;

impl Server {
    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.parts.store
    }
}
