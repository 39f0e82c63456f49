//! `line_get`, `line_set`, `line_load`, `line_begun`, `account_put`, `clock`, `node_beat`, `node_drain`,
//! and whose turn it is.

use std::time::Duration;

use store::{Error, LineLoad, LineMode, NODE_SILENT_MAX, NodeOrders, PRIORITY, Submission};
use ytempire_core::{AccountId, JobState, MicroUsd, NodeId, Stage, Timestamp, VideoId};

use crate::World;
use crate::world::LEASE;

/// A submission of one job.
fn one_job(world: &World, key: &str) -> Submission {
    world.submission(key, vec![world.job(Stage::Script, &[])])
}

/// The keys of the next videos to be claimed, one at a time, each ended before the next.
async fn served(world: &World, count: usize) -> Vec<String> {
    let mut keys = Vec::new();
    for _ in 0..count {
        let job = world.claim(1).await.remove(0);
        keys.push(world.video(job.video).await.key);
        world.complete(job.lease).await.unwrap();
    }
    keys
}

pub(crate) async fn a_paused_line_gives_out_nothing_and_goes_on_as_before(world: World) {
    let (video, job) = world.one_running().await;
    world
        .submit("two", vec![world.job(Stage::Script, &[])])
        .await;
    assert_eq!(
        world.store.line_get().await.unwrap().mode,
        LineMode::Running
    );
    let paused = world
        .store
        .line_set(world.now(), LineMode::Paused, "tea")
        .await;
    paused.unwrap();
    let line = world.store.line_get().await.unwrap();
    assert_eq!(
        (line.mode, line.changed_at, line.reason.as_str()),
        (LineMode::Paused, world.now(), "tea")
    );
    assert!(world.claim(9).await.is_empty());
    // What runs goes on, money included.
    let holds = vec![world.hold(10)];
    let held = world.store.transfer_hold(world.now(), job.lease, holds);
    held.await.unwrap();
    world.complete(job.lease).await.unwrap();
    assert!(world.video(video.id).await.state.is_final());
    let resumed = world
        .store
        .line_set(world.now(), LineMode::Running, "")
        .await;
    resumed.unwrap();
    assert_eq!(world.claim(9).await.len(), 1);
}

pub(crate) async fn a_halted_line_grants_nothing_and_lets_nothing_leave(world: World) {
    let (video, job) = world.one_running().await;
    let (before, after) = (world.hold(10), world.hold(10));
    let id = before.id;
    let held = world
        .store
        .transfer_hold(world.now(), job.lease, vec![before]);
    held.await.unwrap();
    let halted = world
        .store
        .line_set(world.now(), LineMode::Halted, "fire")
        .await;
    halted.unwrap();
    assert!(world.claim(9).await.is_empty());
    let held = world
        .store
        .transfer_hold(world.now(), job.lease, vec![after]);
    assert!(matches!(held.await, Err(Error::Halted)));
    let ids = [id];
    let sent = world.store.transfer_mark_sent(world.now(), job.lease, &ids);
    assert!(matches!(sent.await, Err(Error::Halted)));
    let transfers = world.transfers(video.id).await;
    assert_eq!(
        transfers.len(),
        1,
        "a refused reservation leaves nothing behind"
    );
    // Giving back and settling cost nothing and are allowed.
    world
        .store
        .job_release(world.now(), job.lease)
        .await
        .unwrap();
    assert_eq!(world.transfers(video.id).await[0].counted(), MicroUsd::ZERO);
    let resumed = world
        .store
        .line_set(world.now(), LineMode::Running, "")
        .await;
    resumed.unwrap();
    let again = world.claim(1).await.remove(0);
    let holds = vec![world.hold(10)];
    let held = world.store.transfer_hold(world.now(), again.lease, holds);
    held.await.unwrap();
}

pub(crate) async fn the_higher_priority_goes_first_and_then_who_came_first(world: World) {
    for (key, priority) in [("a", 5), ("b", 1), ("c", 10), ("d", 5)] {
        let mut submission = one_job(&world, key);
        submission.priority = priority;
        let submitted = world.store.video_submit(world.now(), submission).await;
        assert_eq!(submitted.unwrap().video.priority, priority);
    }
    assert_eq!(served(&world, 4).await, ["c", "a", "d", "b"]);
}

/// A user with a hundred videos and one with one: the one is served second.
pub(crate) async fn many_videos_of_one_account_dont_starve_another(world: World) {
    let other = world.other_account();
    world.store.account_put(other, "other").await.unwrap();
    for n in 0..100 {
        let submission = one_job(&world, &format!("many {n}"));
        let submitted = world.store.video_submit(world.now(), submission).await;
        submitted.unwrap();
    }
    assert_eq!(served(&world, 30).await[29], "many 29");
    let mut single = one_job(&world, "single");
    single.account = other;
    world.store.video_submit(world.now(), single).await.unwrap();
    let next = served(&world, 2).await;
    assert!(next.contains(&"single".to_owned()), "{next:?}");
    // And it didn't gain a head start for having been away: they take turns from here.
    for n in 0..5 {
        let mut submission = one_job(&world, &format!("more {n}"));
        submission.account = other;
        let submitted = world.store.video_submit(world.now(), submission).await;
        submitted.unwrap();
    }
    let next = served(&world, 10).await;
    let of_other = next.iter().filter(|key| key.starts_with("more")).count();
    assert!((4..=5).contains(&of_other), "{next:?}");
}

pub(crate) async fn jobs_that_follow_keep_their_videos_turn(world: World) {
    let script = world.job(Stage::Script, &[]);
    let narrate = world.job(Stage::Narrate, &[script.id]);
    let first = world.submit("first", vec![script, narrate]).await;
    world
        .submit("second", vec![world.job(Stage::Script, &[])])
        .await;
    let job = world.claim(1).await.remove(0);
    world.complete(job.lease).await.unwrap();
    // The first video is finished before the second is begun.
    assert_eq!(world.claim(1).await[0].video, first.id);
}

pub(crate) async fn a_full_line_refuses_and_forgets_nothing(world: World) {
    let submit = |key: &str, max: u32| {
        let mut submission = one_job(&world, key);
        submission.waiting_max = Some(max);
        world.store.video_submit(world.now(), submission)
    };
    submit("a", 2).await.unwrap();
    submit("b", 2).await.unwrap();
    let refused = submit("c", 2).await;
    let full = matches!(refused, Err(Error::LineFull { waiting: 2, max: 2 }));
    assert!(full, "{refused:?}");
    // What was accepted before is answered as before, however full it is.
    assert!(!submit("b", 2).await.unwrap().fresh);
    served(&world, 1).await;
    assert!(submit("c", 2).await.unwrap().fresh);
}

pub(crate) async fn a_cancelled_videos_running_jobs_are_told(world: World) {
    let (video, job) = world.one_running().await;
    let until = world.now().after(LEASE);
    let leases = [job.lease];
    let beat = || world.store.job_heartbeat(world.now(), &leases, until);
    assert_eq!(beat().await.unwrap(), []);
    let cancelled = world.store.video_cancel(world.now(), video.id).await;
    assert!(cancelled.unwrap());
    assert_eq!(beat().await.unwrap(), [job.lease]);
    world
        .store
        .job_release(world.now(), job.lease)
        .await
        .unwrap();
    let row = world.job_row(video.id, job.lease.job).await;
    assert_eq!(row.state, JobState::Cancelled);
}

pub(crate) async fn the_load_counts_what_has_not_ended(world: World) {
    let empty = world.store.line_load().await.unwrap();
    assert_eq!(empty, LineLoad::default());
    let script = world.job(Stage::Script, &[]);
    let narrate = world.job(Stage::Narrate, &[script.id]);
    world.submit("a", vec![script, narrate]).await;
    world.submit("b", vec![world.job(Stage::Script, &[])]).await;
    let job = world.claim(1).await.remove(0);
    let load = world.store.line_load().await.unwrap();
    let wanted = LineLoad {
        videos_queued: 1,
        videos_running: 1,
        jobs_waiting: 1,
        jobs_scheduled: 0,
        jobs_available: 1,
        jobs_running: 1,
    };
    assert_eq!(load, wanted);
    world
        .store
        .video_cancel(world.now(), job.video)
        .await
        .unwrap();
    let load = world.store.line_load().await.unwrap();
    assert_eq!((load.videos_running, load.jobs_waiting), (0, 0));
}

pub(crate) async fn nodes_say_that_they_live_and_are_told_to_leave(world: World) {
    let (_, job) = world.one_running().await;
    let node = job.lease.node;
    world.join(node).await;
    let orders = |draining, mode| NodeOrders { draining, mode };
    world.clock.advance(Duration::from_secs(5));
    let beat = || world.store.node_beat(world.now(), node);
    let told = beat().await.unwrap();
    assert_eq!(told, Some(orders(false, LineMode::Running)));
    let status = world.store.node_list().await.unwrap().remove(0);
    assert_eq!(
        (status.id, status.seen_at, status.draining, status.jobs),
        (node, world.now(), false, 1)
    );
    assert!(world.store.node_drain(node).await.unwrap());
    let halted = world
        .store
        .line_set(world.now(), LineMode::Halted, "")
        .await;
    halted.unwrap();
    let told = beat().await.unwrap();
    assert_eq!(told, Some(orders(true, LineMode::Halted)));
    assert!(world.store.node_list().await.unwrap()[0].draining);
    let stranger = world.other_node();
    assert!(!world.store.node_drain(stranger).await.unwrap());
    let told = world.store.node_beat(world.now(), stranger).await.unwrap();
    assert_eq!(told, None);
}

pub(crate) async fn a_silent_node_is_forgotten_once_it_holds_nothing(world: World) {
    let (_, job) = world.one_running().await;
    let (holder, silent, alive) = (job.lease.node, world.other_node(), world.other_node());
    for node in [holder, silent, alive] {
        world.join(node).await;
    }
    let nodes = || async {
        let list = world.store.node_list().await.unwrap();
        list.into_iter().map(|node| node.id).collect::<Vec<_>>()
    };
    let until = world.now().after(2 * NODE_SILENT_MAX);
    let held = [job.lease];
    let lost = world.store.job_heartbeat(world.now(), &held, until).await;
    assert!(lost.unwrap().is_empty());
    world.clock.advance(NODE_SILENT_MAX);
    let dead: [NodeId; 0] = [];
    world.store.job_rescue(world.now(), &dead).await.unwrap();
    assert_eq!(
        nodes().await.len(),
        3,
        "silent for exactly as long as may be"
    );

    world.clock.advance(Duration::from_secs(1));
    world.store.node_beat(world.now(), alive).await.unwrap();
    world.store.job_rescue(world.now(), &dead).await.unwrap();
    assert_eq!(nodes().await, [holder, alive]);
    let told = world.store.node_beat(world.now(), silent).await.unwrap();
    assert_eq!(told, None, "it has to join again");
    assert!(!world.store.node_leave(holder).await.unwrap());
    assert!(world.store.node_leave(alive).await.unwrap());
    assert!(world.store.node_leave(alive).await.unwrap(), "it is gone");
}

pub(crate) async fn a_stores_clock_goes_forward(world: World) {
    let first = world.store.clock().await.unwrap();
    let second = world.store.clock().await.unwrap();
    assert_eq!(first.is_some(), second.is_some());
    assert!(first <= second);
    // 2020-09-13: it counts microseconds since 1970.
    let early = Timestamp::from_micros(1_600_000_000_000_000);
    assert!(first.is_none_or(|first| first > early));
}

pub(crate) async fn videos_that_were_begun_lately_are_counted(world: World) {
    let start = world.now();
    for key in ["a", "b", "c"] {
        world.submit(key, vec![world.job(Stage::Script, &[])]).await;
    }
    assert_eq!(world.store.line_begun(start).await.unwrap(), 0);
    served(&world, 1).await;
    world.clock.advance(Duration::from_mins(1));
    let later = world.now();
    served(&world, 1).await;
    assert_eq!(world.store.line_begun(start).await.unwrap(), 2);
    assert_eq!(world.store.line_begun(later).await.unwrap(), 1);
}

impl World {
    /// An account that is not there yet.
    pub(crate) fn other_account(&self) -> AccountId {
        AccountId::fresh(&self.ids, self.now())
    }
}

/// Priorities that the database refuses never come so far.
pub(crate) async fn an_impossible_priority_is_refused(world: World) {
    for priority in [0, 11] {
        let mut submission = one_job(&world, "p");
        submission.priority = priority;
        let id: VideoId = submission.video;
        let refused = world.store.video_submit(world.now(), submission).await;
        assert!(refused.is_err(), "{priority}");
        assert_eq!(world.store.video_get(id).await.unwrap(), None);
    }
    assert!((1..=10).contains(&PRIORITY));
}
