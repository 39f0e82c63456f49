//! `transfer_settle` with what it bought, `cache_get`, `cache_totals`, `cache_prune`, and
//! `node_join`, `node_list`, `node_leave`.

use std::time::Duration;

use ledger::{Outcome, Posting};
use serde_json::json;
use store::{ArtifactRow, CacheEntry, CacheTotals, JobOutcome};
use ytempire_core::{ArtifactId, Stage};

use crate::World;

fn entry(key: &str, files: &[(&str, u64)]) -> CacheEntry {
    let artifacts = files
        .iter()
        .map(|(id, bytes)| ArtifactRow {
            id: ArtifactId((*id).to_owned()),
            bytes: *bytes,
        })
        .collect();
    CacheEntry {
        key: key.to_owned(),
        output: json!({ "key": key }),
        artifacts,
    }
}

fn done(cached: Vec<CacheEntry>) -> JobOutcome {
    JobOutcome::Completed {
        output: json!({}),
        follow: vec![],
        cached,
        title: Some("New".into()),
    }
}

pub(crate) async fn what_money_bought_is_kept_with_the_posting(world: World) {
    let (_, job) = world.one_running().await;
    let hold = world.hold(10);
    let id = hold.id;
    world
        .store
        .transfer_hold(world.now(), job.lease, vec![hold])
        .await
        .unwrap();
    let bought = entry("answer", &[("aa", 7)]);
    let postings = vec![Posting {
        id,
        outcome: Outcome::Post { quantity: 5 },
    }];
    world
        .store
        .transfer_settle(world.now(), job.lease, postings, vec![bought.clone()])
        .await
        .unwrap();
    assert_eq!(
        world.store.cache_get(world.now(), "answer").await.unwrap(),
        Some(bought)
    );
    assert_eq!(
        world.store.cache_get(world.now(), "other").await.unwrap(),
        None
    );
    let renamed = world.settle(job.lease, done(vec![])).await.unwrap();
    assert_eq!(renamed.title, "New");
}

pub(crate) async fn pruning_forgets_the_oldest_and_spares_unfinished_videos(world: World) {
    let (_, job) = world.one_running().await;
    world
        .settle(
            job.lease,
            done(vec![entry("a", &[("aa", 10), ("shared", 5)])]),
        )
        .await
        .unwrap();
    world.clock.advance(Duration::from_secs(1));
    world
        .submit("two", vec![world.job(Stage::Script, &[])])
        .await;
    let second = world.claim(1).await.remove(0);
    let cached = vec![entry("b", &[("bb", 20), ("shared", 5)])];
    world.settle(second.lease, done(cached)).await.unwrap();
    let totals = CacheTotals {
        entries: 2,
        artifacts: 3,
        bytes: 35,
    };
    assert_eq!(world.store.cache_totals().await.unwrap(), totals);

    assert!(world.store.cache_prune(35).await.unwrap().is_empty());
    world.clock.advance(Duration::from_secs(1));
    world
        .submit("three", vec![world.job(Stage::Script, &[])])
        .await;
    world.clock.advance(Duration::from_secs(1));
    world.store.cache_get(world.now(), "b").await.unwrap();
    let gone = world.store.cache_prune(0).await.unwrap();
    assert_eq!(
        gone,
        [ArtifactId("aa".into())],
        "the shared file is still named by b"
    );
    assert_eq!(world.store.cache_get(world.now(), "a").await.unwrap(), None);
    assert!(
        world
            .store
            .cache_get(world.now(), "b")
            .await
            .unwrap()
            .is_some(),
        "three may need b"
    );
}

pub(crate) async fn work_done_again_replaces_what_was_lost(world: World) {
    let jobs = vec![
        world.job(Stage::Script, &[]),
        world.job(Stage::Narrate, &[]),
    ];
    world.submit("v", jobs).await;
    let claimed = world.claim(2).await;
    let mut newer = entry("k", &[("new", 4)]);
    newer.output = json!({ "newer": true });
    let cached = vec![entry("k", &[("old", 3), ("both", 1)])];
    world.settle(claimed[0].lease, done(cached)).await.unwrap();
    let cached = vec![newer.clone()];
    world.settle(claimed[1].lease, done(cached)).await.unwrap();
    assert_eq!(
        world.store.cache_get(world.now(), "k").await.unwrap(),
        Some(newer)
    );
    assert_eq!(world.store.cache_totals().await.unwrap().bytes, 4);
}

pub(crate) async fn nodes_join_and_leave(world: World) {
    world.join(world.node).await;
    let other = world.other_node();
    world.join(other).await;
    let (_, job) = world.one_running().await;
    world.store.node_leave(other).await.unwrap();
    world.store.node_leave(world.node).await.unwrap();
    let names =
        |rows: Vec<store::NodeStatus>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    let left = names(world.store.node_list().await.unwrap());
    assert_eq!(left, [world.node], "a node that holds a lease stays");
    world.complete(job.lease).await.unwrap();
    world.store.node_leave(world.node).await.unwrap();
    assert!(world.store.node_list().await.unwrap().is_empty());
}
