//! One suite over both signals, and what only the one through Redis promises.

mod faults;
mod herd;
mod suite;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use signal::{LocalSignal, Options, RedisSignal, Signal};
use testkit::RedisServer;
use ytempire_core::Timestamp;

/// A limit that no healthy server passes, however busy the machine is.
const PATIENT: Duration = Duration::from_secs(20);

/// Longer than anything here takes: what waits so long hangs.
const HANGS: Duration = Duration::from_mins(1);

fn at(ms: i64) -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000 + ms * 1_000)
}

/// Options of a process of its own, under keys of its own.
fn options(url: &str, prefix: &str, limit: Duration) -> Options {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let instance = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut options = Options::from_url(url, u128::from(instance)).expect("a URL of ours");
    prefix.clone_into(&mut options.prefix);
    options.limit = limit;
    options.wakes_kept = HANGS;
    options
}

async fn node(url: &str, prefix: &str, limit: Duration) -> RedisSignal {
    let signal = RedisSignal::start(options(url, prefix, limit));
    shared(&signal).await;
    signal
}

/// Waits until `signal` uses its server.
async fn shared(signal: &RedisSignal) {
    let up = tokio::time::timeout(HANGS, signal.until_shared());
    up.await.expect("the server is used");
}

#[tokio::test]
async fn in_process() {
    suite::exercise(async |_| {
        let one: Arc<dyn Signal> = Arc::new(LocalSignal::default());
        vec![Arc::clone(&one), Arc::clone(&one), one]
    })
    .await;
}

#[tokio::test]
async fn through_redis() {
    let server = RedisServer::start();
    let url = server.url();
    suite::exercise(async |case| {
        let mut nodes: Vec<Arc<dyn Signal>> = Vec::new();
        for _ in 0..3 {
            nodes.push(Arc::new(node(&url, case, PATIENT).await));
        }
        nodes
    })
    .await;
}
