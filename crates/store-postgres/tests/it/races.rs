//! What one writer gives `SQLite` for nothing: many connections at once, and no promise broken.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::join_all;
use store::{Error, Store};
use store_postgres::{Options, PostgresStore};
use store_suite::World;
use testkit::PostgresServer;
use ytempire_core::{CrashPlan, EventKind, JobId, JobState, Stage, VideoState};

/// Stores over one database, each with its own connections, as processes would have them.
async fn processes(server: &PostgresServer, n: usize) -> Vec<Arc<dyn Store>> {
    let url = server.fresh();
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..n {
        let mut options = Options::from_url(&url).expect("a URL of ours");
        options.connections = 2;
        let store = PostgresStore::open(options, CrashPlan::default()).await;
        stores.push(Arc::new(store.expect("it opens")));
    }
    stores
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_claimers_on_sixteen_connections_never_share_a_job() {
    let server = PostgresServer::start();
    let worlds: Vec<World> = processes(&server, 16)
        .await
        .into_iter()
        .map(World::over)
        .collect();
    let first = &worlds[0];
    // Some videos are already running, most are still queued.
    for n in 0..20 {
        let jobs = (0..10).map(|_| first.job(Stage::Narrate, &[])).collect();
        first.submit(&format!("v{n}"), jobs).await;
        if n < 5 {
            first.claim(1).await;
        }
    }
    let claims = worlds.iter().map(|world| async {
        let mut mine = Vec::new();
        // A claim may come back empty while another is just taking what there is.
        let mut empty = 0;
        while empty < 20 {
            let node = first.other_node();
            let some = world.claim_of(&Stage::ALL, 3, node).await;
            empty = if some.is_empty() { empty + 1 } else { 0 };
            mine.extend(some.into_iter().map(|job| job.lease.job));
        }
        mine
    });
    let all: Vec<JobId> = join_all(claims).await.into_iter().flatten().collect();
    assert_eq!(all.len(), 195, "5 of 200 were taken before");
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 195);
    let begun = server.sql("SELECT count(*) FROM s0.outbox WHERE kind = 'video.running'");
    assert_eq!(begun, "20", "each video begins once");
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_holds_of_four_processes_never_pass_the_cap() {
    let server = PostgresServer::start();
    let stores = processes(&server, 4).await;
    let world = World::over(Arc::clone(&stores[0]));
    let (video, job) = world.one_running().await;
    let holds = (0..64).map(|n| {
        let (store, hold) = (&stores[n % 4], world.hold(120_000));
        let (now, lease) = (world.now(), job.lease);
        async move { store.transfer_hold(now, lease, vec![hold]).await }
    });
    let mut granted = 0;
    for answer in join_all(holds).await {
        match answer {
            Ok(()) => granted += 1,
            Err(Error::BudgetExceeded(_)) => {}
            Err(e) => panic!("{e}"),
        }
    }
    assert_eq!(granted, 25, "25 × $0.12 is the cap of $3.00");
    assert_eq!(world.transfers(video.id).await.len(), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_end_together_end_their_video_once_and_strand_nothing() {
    let server = PostgresServer::start();
    let stores = processes(&server, 8).await;
    let world = World::over(Arc::clone(&stores[0]));
    for round in 0..10 {
        let first: Vec<_> = (0..8).map(|_| world.job(Stage::Narrate, &[])).collect();
        let ids: Vec<JobId> = first.iter().map(|job| job.id).collect();
        let last = world.job(Stage::Assemble, &ids);
        let jobs = first.into_iter().chain([last]).collect();
        let video = world.submit(&format!("v{round}"), jobs).await;
        // All but one release the one that waits for all; then that ends the video.
        for wanted in [8, 1] {
            let claimed = world.claim(9).await;
            assert_eq!(claimed.len(), wanted, "round {round}");
            let ends = claimed
                .iter()
                .zip(stores.iter().cycle())
                .map(|(job, store)| {
                    let world = World::over(Arc::clone(store));
                    async move { world.complete(job.lease).await }
                });
            for end in join_all(ends).await {
                end.unwrap();
            }
        }
        assert_eq!(world.video(video.id).await.state, VideoState::Ready);
        let kinds = world.kinds(video.id).await;
        let ends = kinds.iter().filter(|kind| **kind == EventKind::VideoReady);
        assert_eq!(ends.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_submitted_sixteen_times_at_once_is_one_video() {
    let server = PostgresServer::start();
    let stores = processes(&server, 16).await;
    let world = World::over(Arc::clone(&stores[0]));
    let submits = stores.iter().map(|store| {
        let new = world.submission("key", vec![world.job(Stage::Script, &[])]);
        store.video_submit(world.now(), new)
    });
    let answers: Vec<_> = join_all(submits)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(answers.iter().filter(|answer| answer.fresh).count(), 1);
    assert!(
        answers
            .iter()
            .all(|answer| answer.video == answers[0].video)
    );
    let jobs = stores[0].job_list(answers[0].video.id).await.unwrap();
    assert_eq!(jobs.len(), 1);
}

/// All verbs that lock more than one row, against each other: whatever deadlocks is begun again,
/// and no caller hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn claims_cancels_heartbeats_rescues_and_ends_dont_get_in_each_others_way() {
    let server = PostgresServer::start();
    let stores = processes(&server, 8).await;
    let world = World::over(Arc::clone(&stores[0]));
    for round in 0..10 {
        let mut videos = Vec::new();
        for n in 0..4 {
            let jobs = (0..6).map(|_| world.job(Stage::Narrate, &[])).collect();
            videos.push(world.submit(&format!("v{round}-{n}"), jobs).await.id);
        }
        let running = world.claim(12).await;
        let leases: Vec<_> = running.iter().map(|job| job.lease).collect();
        let mut backwards = leases.clone();
        backwards.reverse();
        let (now, until) = (
            world.now(),
            world.now().after(std::time::Duration::from_secs(9)),
        );
        let dead = [world.other_node()];
        let worlds: Vec<World> = stores.iter().cloned().map(World::over).collect();
        let ends = leases[..6]
            .iter()
            .zip(&worlds)
            .map(|(lease, world)| world.complete(*lease));
        let (cancelled, beat, back, rescued, more, ends) = tokio::join!(
            stores[1].video_cancel(now, videos[0]),
            stores[2].job_heartbeat(now, &leases[6..], until),
            stores[3].job_heartbeat(now, &backwards, until),
            stores[4].job_rescue(now, &dead),
            worlds[5].claim_of(&Stage::ALL, 12, dead[0]),
            join_all(ends)
        );
        // Its six jobs may all have ended before.
        let state = world.video(videos[0]).await.state;
        let wanted = [VideoState::Ready, VideoState::Cancelled];
        assert_eq!(state, wanted[usize::from(cancelled.unwrap())]);
        assert!(beat.unwrap().is_empty());
        back.unwrap();
        rescued.unwrap();
        for end in ends {
            end.unwrap();
        }
        stores[6]
            .job_rescue(now, &[world.node(), dead[0]])
            .await
            .unwrap();
        drop(more);
        for video in videos {
            stores[7].video_cancel(now, video).await.unwrap();
            let jobs = stores[0].job_list(video).await.unwrap();
            assert!(
                jobs.iter()
                    .all(|job| job.state.is_final() || job.state == JobState::Running)
            );
        }
    }
}
