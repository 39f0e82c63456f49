//! What all that measure a store share.

use std::time::Duration;

use anyhow::Result;
use store::{Machine, NodeRow, Store};
use ytempire_core::{Clock, IdSource, NodeId, Timestamp};

/// What the server is started with besides: memory as a small production has it.
pub(crate) const SERVER: &str = "-c shared_buffers=256MB -c max_wal_size=4GB";

/// The time of day, as stores are told.
pub(crate) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(since.as_micros() as i64)
    }
}

/// Joins as a node.
pub(crate) async fn join(store: &dyn Store, ids: &IdSource) -> Result<NodeId> {
    let now = WallClock.now();
    let id = NodeId::fresh(ids, now);
    let row = NodeRow {
        id,
        name: "bench".to_owned(),
        machine: Machine::default(),
        joined_at: now,
    };
    store.node_join(now, row).await?;
    Ok(id)
}

/// Runs what measures until it is done, on the two cores that it shares with the server.
pub(crate) fn block_on(measure: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(measure)
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

/// The time that so many of a hundred stay below.
pub(crate) fn percentile(times: &mut [Duration], part: usize) -> Duration {
    times.sort_unstable();
    let at = (times.len() * part / 100).min(times.len().saturating_sub(1));
    times.get(at).copied().unwrap_or_default()
}
