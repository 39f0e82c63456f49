//! Many waiters, few jobs.

use std::sync::Arc;
use std::time::Duration;

use signal::{Signal, Woken};
use testkit::RedisServer;
use tokio::task::JoinSet;

use super::{HANGS, PATIENT, node};

/// Waits until the server has so many waiters; they need a thread of their own to get there.
fn wait_for_waiters(server: &RedisServer, wanted: usize) {
    let listed = || server.command(&["CLIENT", "LIST"]);
    while listed().matches("cmd=blpop").count() < wanted {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_jobs_wake_ten_of_forty_nodes_and_cost_few_questions() {
    let server = RedisServer::start();
    let mut waiters = JoinSet::new();
    for _ in 0..40 {
        let node = node(&server.url(), "herd", PATIENT).await;
        waiters.spawn(async move { (node.waiting(HANGS).await, node) });
    }
    wait_for_waiters(&server, 40);
    let before = server.calls("blpop");
    let teller = node(&server.url(), "herd", PATIENT).await;
    teller.wake(10).await;
    let mut woken = Vec::new();
    for _ in 0..10 {
        let (why, node) = waiters.join_next().await.unwrap().unwrap();
        assert_eq!(why, Woken::Signal);
        woken.push(node);
    }
    // Each of them asks the store once. Nobody else is woken, and no token is left for later.
    assert_eq!(
        woken[0].waiting(Duration::from_millis(50)).await,
        Woken::TimedOut
    );
    assert_eq!(waiters.len(), 30);
    assert!(waiters.try_join_next().is_none());
    assert_eq!(server.command(&["EXISTS", "herd:wake:jobs"]), "0");
    // A waiter asks the server anew each second; with what the ten ask that is far from a herd.
    let asked = server.calls("blpop") - before;
    assert!(asked < 400, "{asked} questions for 10 jobs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_comes_too_late_for_a_waiter_goes_to_another() {
    let server = RedisServer::start();
    let gone = Arc::new(node(&server.url(), "late", PATIENT).await);
    let waits = tokio::spawn({
        let gone = Arc::clone(&gone);
        async move { gone.waiting(HANGS).await }
    });
    wait_for_waiters(&server, 1);
    waits.abort();
    drop(waits.await);
    gone.wake(1).await;
    let other = node(&server.url(), "late", PATIENT).await;
    assert_eq!(other.waiting(HANGS).await, Woken::Signal);
}
