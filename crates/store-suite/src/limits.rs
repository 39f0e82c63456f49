//! Limits of `job_claim` and `job_exchange`: what may run at once, on all nodes together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use store::{ClaimRequest, Exchange, LeasedJob, Limits, Room};
use ytempire_core::{AccountId, NodeId, Stage, VideoId};

use crate::World;
use crate::exchange::end;
use crate::world::{LEASE, completed};

fn ask(world: &World, node: NodeId, max: u32, limits: &Limits) -> ClaimRequest {
    ClaimRequest {
        only: None,
        node,
        video: None,
        stages: Stage::ALL.to_vec(),
        max,
        room: Room::default(),
        limits: limits.clone(),
        lease_until: world.now().after(LEASE),
    }
}

/// A claim of another node each time: limits are the line's, not a node's.
async fn claim(world: &World, max: u32, limits: &Limits) -> Vec<LeasedJob> {
    let request = ask(world, world.other_node(), max, limits);
    let claimed = world.store.job_claim(world.now(), request).await;
    claimed.expect("a claim is answered")
}

async fn submit(world: &World, key: &str, account: AccountId, stages: &[Stage]) -> VideoId {
    let jobs = stages.iter().map(|stage| world.job(*stage, &[])).collect();
    let mut submission = world.submission(key, jobs);
    submission.account = account;
    let submitted = world.store.video_submit(world.now(), submission).await;
    submitted.unwrap().video.id
}

pub(crate) async fn no_more_of_an_account_runs_than_may(world: World) {
    let other = world.other_account();
    world.store.account_put(other, "other").await.unwrap();
    submit(&world, "many", AccountId::LOCAL, &[Stage::Illustrate; 9]).await;
    world.clock.advance(Duration::from_secs(1));
    let single = submit(&world, "single", other, &[Stage::Illustrate]).await;
    let limits = Limits {
        account: Some(3),
        ..Limits::default()
    };
    let mut first = claim(&world, 2, &limits).await;
    assert_eq!(first.len(), 2);
    // One is left of the first account's, and then the other's turn comes.
    let second = claim(&world, 9, &limits).await;
    let of_single = second.iter().filter(|job| job.video == single);
    assert_eq!((second.len(), of_single.count()), (2, 1));
    assert!(claim(&world, 9, &limits).await.is_empty());
    // What ends makes room, also in the transaction in which it ends.
    let ended = vec![end(first.remove(0).lease, completed(vec![]))];
    let exchange = Exchange {
        settlements: ended,
        claim: Some(ask(&world, world.node(), 9, &limits)),
    };
    let done = world.store.job_exchange(world.now(), exchange).await;
    assert_eq!(done.unwrap().claimed.len(), 1);
    assert!(claim(&world, 9, &limits).await.is_empty());
    // Who keeps no limits takes what there is.
    assert_eq!(claim(&world, 9, &Limits::default()).await.len(), 5);
}

pub(crate) async fn no_more_of_a_stage_runs_than_may_and_others_pass(world: World) {
    let mut stages = vec![Stage::Compose; 40];
    stages.extend([Stage::Thumbnail; 2]);
    let video = submit(&world, "v", AccountId::LOCAL, &stages).await;
    let limits = Limits {
        stages: BTreeMap::from([(Stage::Compose, 2)]),
        ..Limits::default()
    };
    let claimed = claim(&world, 9, &limits).await;
    let of = |claimed: &[LeasedJob], stage| {
        let of = claimed.iter().filter(|job| job.stage == stage);
        of.count()
    };
    // Forty that may not run don't hide the two that may.
    assert_eq!(of(&claimed, Stage::Compose), 2);
    assert_eq!(of(&claimed, Stage::Thumbnail), 2);
    assert!(claim(&world, 9, &limits).await.is_empty());
    // The same for who works for one video.
    world.complete(claimed[0].lease).await.unwrap();
    let mut one = ask(&world, world.node(), 9, &limits);
    one.video = Some(video);
    let again = world.store.job_claim(world.now(), one).await.unwrap();
    assert_eq!(of(&again, Stage::Compose), 1);
}

pub(crate) async fn claimers_that_race_keep_a_limit(world: World) {
    for n in 0..10 {
        let key = format!("{n}");
        submit(&world, &key, AccountId::LOCAL, &[Stage::Illustrate; 3]).await;
    }
    let limits = Limits {
        account: Some(5),
        ..Limits::default()
    };
    let mut claiming = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let request = ask(&world, world.other_node(), 2, &limits);
        let (store, now) = (Arc::clone(&world.store), world.now());
        claiming.spawn(async move { store.job_claim(now, request).await.unwrap().len() });
    }
    let taken: usize = claiming.join_all().await.into_iter().sum();
    assert!((1..=5).contains(&taken), "{taken}");
    // Whoever found others beginning the same video comes again.
    let rest = claim(&world, 9, &limits).await.len();
    assert_eq!(taken + rest, 5);
}

pub(crate) async fn no_more_of_a_channel_runs_than_may(world: World) {
    let channels = ["sea", "space"].map(|name| world.channel(name));
    for channel in &channels {
        world.store.channel_add(channel.clone()).await.unwrap();
    }
    let [sea, space] = channels.map(|channel| Some(channel.id));
    for (key, channel) in [("a", sea), ("b", sea), ("c", space), ("d", None)] {
        let jobs = (0..4).map(|_| world.job(Stage::Illustrate, &[]));
        let mut submission = world.submission(key, jobs.collect());
        submission.channel = channel;
        let submitted = world.store.video_submit(world.now(), submission).await;
        submitted.unwrap();
    }
    let limits = Limits {
        channel: Some(2),
        ..Limits::default()
    };
    // Both of a limited channel are passed over for those behind it, and what has none runs on.
    let claimed = claim(&world, 16, &limits).await;
    let mut of = std::collections::HashMap::new();
    for job in &claimed {
        let channel = world.video(job.video).await.channel;
        *of.entry(channel).or_insert(0) += 1;
    }
    assert_eq!(of, [(sea, 2), (space, 2), (None, 4)].into());
    assert!(claim(&world, 16, &limits).await.is_empty());
    // What ends makes room for one of its own channel.
    let mut done = claimed.iter();
    let ended = loop {
        let job = done.next().expect("one of the sea runs");
        if world.video(job.video).await.channel == sea {
            break job;
        }
    };
    world.complete(ended.lease).await.unwrap();
    let next = claim(&world, 16, &limits).await;
    assert_eq!(next.len(), 1);
    assert_eq!(world.video(next[0].video).await.channel, sea);
}
