//! The conformance suite on `PostgreSQL`, and what only this store promises.

mod database;
mod races;

use std::sync::Arc;

use store::Store;
use store_postgres::{Options, PostgresStore};
use testkit::PostgresServer;
use ytempire_core::CrashPlan;

async fn open(url: &str) -> store::Result<PostgresStore> {
    let options = Options::from_url(url).expect("a URL of ours");
    PostgresStore::open(options, CrashPlan::default()).await
}

async fn fresh(server: &PostgresServer) -> Arc<dyn Store> {
    let store = open(&server.fresh()).await;
    Arc::new(store.expect("a fresh store opens"))
}

#[tokio::test]
async fn conformance() {
    let server = PostgresServer::start();
    store_suite::exercise(|| fresh(&server)).await;
}

/// Calls of $0.12 race for $3.00, of one video and of a day, and some of the callers die.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_bill_of_calls_that_race_never_passes_the_cap() {
    let server = PostgresServer::start();
    for by_day in [false, true] {
        let granted = store_suite::race(|| fresh(&server), 0..3, 64, by_day).await;
        assert!(granted >= 3 * 25, "{granted}");
    }
}

#[tokio::test]
async fn random_histories_keep_every_promise() {
    let server = PostgresServer::start();
    store_suite::simulate(|| fresh(&server), 1..=4).await;
}
