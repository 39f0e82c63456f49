//! `video_delete`, `spent_list`, `kept_totals`, `kept_expire`.

use std::time::Duration;

use ledger::{Outcome, Posting};
use serde_json::json;
use store::{CacheEntry, Deletion, Expired, Expiry, JobOutcome, Kept, LeasedJob, SpentRow};
use ytempire_core::{AccountId, MicroUsd, Stage, Timestamp, VideoState};

use crate::World;

const DAY: Duration = Duration::from_hours(24);

/// All days there are.
async fn spent(world: &World) -> Vec<SpentRow> {
    let end = Timestamp::from_micros(i64::MAX);
    let rows = world.store.spent_list(Timestamp::default(), end).await;
    rows.unwrap()
}

/// Has the job pay `units` micro-dollars.
async fn pay(world: &World, job: &LeasedJob, units: u64) {
    let hold = world.hold(units);
    let postings = vec![Posting {
        id: hold.id,
        outcome: Outcome::Post { quantity: units },
    }];
    let store = &world.store;
    let held = store.transfer_hold(world.now(), job.lease, vec![hold]);
    held.await.unwrap();
    let paid = store.transfer_settle(world.now(), job.lease, postings, vec![]);
    paid.await.unwrap();
}

/// Sends a request of at most `units` micro-dollars, of which nobody knows what became.
async fn lose_sight(world: &World, job: &LeasedJob, units: u64) {
    let hold = world.hold(units);
    let (id, store) = (hold.id, &world.store);
    let held = store.transfer_hold(world.now(), job.lease, vec![hold]);
    held.await.unwrap();
    let sent = [id];
    let sent = store.transfer_mark_sent(world.now(), job.lease, &sent);
    sent.await.unwrap();
}

/// A video that spent `units` and has ended.
async fn ended(world: &World, key: &str, units: u64) -> store::VideoRow {
    let video = world.submit(key, vec![world.job(Stage::Script, &[])]).await;
    let job = world.claim(1).await.remove(0);
    pay(world, &job, units).await;
    world.complete(job.lease).await.unwrap();
    world.video(video.id).await
}

pub(crate) async fn a_video_that_has_ended_is_deleted_and_its_money_stays_in_the_books(
    world: World,
) {
    let start = world.now();
    let (video, job) = world.one_running().await;
    pay(&world, &job, 30).await;
    lose_sight(&world, &job, 5).await;
    world.clock.advance(DAY);
    pay(&world, &job, 7).await;
    world.complete(job.lease).await.unwrap();
    let other = ended(&world, "two", 100).await;
    let before = spent(&world).await;
    let figures = |rows: &[SpentRow]| -> Vec<(Timestamp, i64, i64)> {
        let figure = |row: &SpentRow| (row.day, row.posted.0, row.unknown.0);
        rows.iter().map(figure).collect()
    };
    // The lost request was given up when the job ended, a day later.
    let wanted = [(start, 30, 0), (start.after(DAY), 107, 5)];
    assert_eq!(figures(&before), wanted);
    assert!(before.iter().all(|row| {
        (row.account, row.stage, row.backend.as_str()) == (AccountId::LOCAL, Stage::Script, "fake")
    }));

    for id in [video.id, other.id] {
        let deleted = world.store.video_delete(id).await.unwrap();
        assert_eq!(deleted, Deletion::Done);
        assert_eq!(world.store.video_get(id).await.unwrap(), None);
        assert!(world.store.job_list(id).await.unwrap().is_empty());
        assert!(world.store.attempt_list(id).await.unwrap().is_empty());
        assert!(world.transfers(id).await.is_empty());
        assert!(world.kinds(id).await.is_empty());
        assert_eq!(spent(&world).await, before, "what was spent stays spent");
        let again = world.store.video_delete(id).await.unwrap();
        assert_eq!(again, Deletion::Unknown);
    }
    // One more of the same day is added to what is there already.
    let third = ended(&world, "three", 11).await;
    world.store.video_delete(third.id).await.unwrap();
    assert_eq!(figures(&spent(&world).await)[1].1, 118);
    let day = world.store.spent_list(start, start.after(DAY)).await;
    assert_eq!(figures(&day.unwrap()), [(start, 30, 0)]);
    // Its key is free.
    world
        .submit("one", vec![world.job(Stage::Script, &[])])
        .await;
}

pub(crate) async fn what_has_not_ended_or_still_runs_is_not_deleted(world: World) {
    let (video, job) = world.one_running().await;
    let queued = world
        .submit("two", vec![world.job(Stage::Script, &[])])
        .await;
    for id in [video.id, queued.id] {
        let refused = world.store.video_delete(id).await.unwrap();
        assert_eq!(refused, Deletion::Unfinished);
    }
    let now = world.now();
    assert!(world.store.video_cancel(now, video.id).await.unwrap());
    // Its job may be spending yet.
    let refused = world.store.video_delete(video.id).await.unwrap();
    assert_eq!(refused, Deletion::Unfinished);
    let all = Expiry {
        videos: Some(now.after(DAY)),
        events: None,
        videos_max: 10,
    };
    let expired = world.store.kept_expire(all).await.unwrap();
    assert_eq!(expired, Expired::default());
    world.store.job_release(now, job.lease).await.unwrap();
    let deleted = world.store.video_delete(video.id).await.unwrap();
    assert_eq!(deleted, Deletion::Done);
    assert_eq!(world.video(queued.id).await.state, VideoState::Queued);
}

pub(crate) async fn what_is_cached_outlives_its_video(world: World) {
    let (video, job) = world.one_running().await;
    let entry = CacheEntry {
        key: "kept".to_owned(),
        output: json!({ "n": 1 }),
        artifacts: vec![],
    };
    let done = JobOutcome::Completed {
        output: json!({}),
        follow: vec![],
        cached: vec![entry.clone()],
        title: None,
    };
    world.settle(job.lease, done).await.unwrap();
    world.store.video_delete(video.id).await.unwrap();
    let found = world.store.cache_get(world.now(), "kept").await.unwrap();
    assert_eq!(found, Some(entry));
}

pub(crate) async fn what_is_old_expires_in_small_batches(world: World) {
    let first = ended(&world, "a", 1).await;
    world.clock.advance(DAY);
    for key in ["b", "c"] {
        ended(&world, key, 1).await;
        world.clock.advance(DAY);
    }
    let books = spent(&world).await;
    let kept = Kept {
        videos: 3,
        since: first.finalized_at,
    };
    assert_eq!(world.store.kept_totals().await.unwrap(), kept);
    let expire = |videos, events| {
        let expiry = Expiry {
            videos,
            events,
            videos_max: 1,
        };
        world.store.kept_expire(expiry)
    };
    let counts = |videos, trimmed| Expired { videos, trimmed };
    // Nothing is so old.
    let none = expire(first.finalized_at, first.finalized_at).await;
    assert_eq!(none.unwrap(), counts(0, 0));
    // Events go first, one video at a time, and once.
    let before = Some(world.now());
    for trimmed in [1, 1, 1, 0] {
        assert_eq!(expire(None, before).await.unwrap(), counts(0, trimmed));
    }
    assert!(world.kinds(first.id).await.is_empty());
    assert_eq!(world.video(first.id).await.state, VideoState::Ready);
    for left in [2, 1, 0, 0] {
        let expired = expire(before, None).await.unwrap();
        assert!(expired.videos <= 1 && expired.trimmed == 0);
        assert_eq!(world.store.kept_totals().await.unwrap().videos, left);
    }
    assert_eq!(spent(&world).await, books);
    let sum = MicroUsd::sum(books.iter().map(|row| row.posted));
    assert_eq!(sum, MicroUsd(3));
}
