//! `transfer_hold`, `transfer_mark_sent`, `transfer_settle`, `transfer_list`.

use ledger::{Outcome, Posting, TransferState};
use store::{Error, LeasedJob, Settlement};
use ytempire_core::{EventKind, MicroUsd, Stage};

use crate::World;
use crate::world::completed;

async fn hold(
    world: &World,
    job: &LeasedJob,
    units: u64,
) -> store::Result<ytempire_core::TransferId> {
    let hold = world.hold(units);
    let id = hold.id;
    world
        .store
        .transfer_hold(world.now(), job.lease, vec![hold])
        .await
        .map(|()| id)
}

async fn post(
    world: &World,
    job: &LeasedJob,
    id: ytempire_core::TransferId,
    outcome: Outcome,
) -> store::Result<()> {
    let postings = vec![Posting { id, outcome }];
    world
        .store
        .transfer_settle(world.now(), job.lease, postings, vec![])
        .await
}

pub(crate) async fn a_hold_that_doesnt_fit_writes_nothing(world: World) {
    let (video, job) = world.one_running().await;
    hold(&world, &job, 2_999_999).await.unwrap();
    let Err(Error::BudgetExceeded(refused)) = hold(&world, &job, 2).await else {
        panic!("two more micro-dollars were granted");
    };
    assert_eq!(
        (refused.asked, refused.remaining),
        (MicroUsd(2), MicroUsd(1))
    );
    assert_eq!(world.transfers(video.id).await.len(), 1);
    hold(&world, &job, 1).await.unwrap();
    hold(&world, &job, 0).await.expect("a free act always fits");
}

pub(crate) async fn holds_are_all_or_none_and_asked_twice_reserve_once(world: World) {
    let narrate = world.job(Stage::Narrate, &[]);
    let video = world.submit("v", vec![narrate]).await;
    let job = world.claim(1).await.remove(0);
    // The stage's envelope is $1.00: the second hold breaks it, so the first must go too.
    let pair = vec![world.hold(600_000), world.hold(600_000)];
    let refused = world
        .store
        .transfer_hold(world.now(), job.lease, pair)
        .await;
    assert!(matches!(refused, Err(Error::BudgetExceeded(_))));
    assert!(world.transfers(video.id).await.is_empty());
    let once = world.hold(600_000);
    for _ in 0..2 {
        world
            .store
            .transfer_hold(world.now(), job.lease, vec![once.clone()])
            .await
            .unwrap();
    }
    assert_eq!(world.transfers(video.id).await.len(), 1);
    hold(&world, &job, 400_000).await.unwrap();
}

pub(crate) async fn racing_holds_never_pass_the_cap(world: World) {
    let (video, job) = world.one_running().await;
    let tries = 64;
    let mut granted = 0;
    let mut tasks = Vec::new();
    for _ in 0..tries {
        let (store, lease, now) = (std::sync::Arc::clone(&world.store), job.lease, world.now());
        let hold = world.hold(120_000);
        tasks.push(tokio::spawn(async move {
            store.transfer_hold(now, lease, vec![hold]).await
        }));
    }
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => granted += 1,
            Err(Error::BudgetExceeded(_)) => {}
            Err(e) => panic!("{e}"),
        }
    }
    assert_eq!(granted, 25, "25 × $0.12 is the cap of $3.00");
    let held: i64 = world
        .transfers(video.id)
        .await
        .iter()
        .map(|t| t.held.0)
        .sum();
    assert_eq!(held, 3_000_000);
}

pub(crate) async fn what_was_only_reserved_comes_back_what_was_sent_stays(world: World) {
    let (video, job) = world.one_running().await;
    let (kept, sent) = (
        hold(&world, &job, 1_000).await.unwrap(),
        hold(&world, &job, 2_000).await.unwrap(),
    );
    world
        .store
        .transfer_mark_sent(world.now(), job.lease, &[sent])
        .await
        .unwrap();
    assert_eq!(
        world
            .store
            .job_rescue(world.now(), &[world.node])
            .await
            .unwrap(),
        1
    );
    let state = |transfers: &[ledger::Transfer], id| {
        transfers
            .iter()
            .find(|t| t.id == id)
            .expect("it is listed")
            .state
    };
    let books = world.transfers(video.id).await;
    assert_eq!(state(&books, kept), TransferState::Voided);
    assert_eq!(state(&books, sent), TransferState::Unknown);
    // The unknown 2,000 still count: exactly the rest is free.
    let again = world.claim(1).await.remove(0);
    assert!(hold(&world, &again, 3_000_000 - 1_999).await.is_err());
    hold(&world, &again, 3_000_000 - 2_000).await.unwrap();
}

pub(crate) async fn posting_settles_once_and_an_overrun_stops_the_video(world: World) {
    let (video, job) = world.one_running().await;
    let id = hold(&world, &job, 1_000).await.unwrap();
    world
        .store
        .transfer_mark_sent(world.now(), job.lease, &[id])
        .await
        .unwrap();
    for _ in 0..2 {
        post(&world, &job, id, Outcome::Post { quantity: 400 })
            .await
            .unwrap();
    }
    assert!(matches!(
        post(&world, &job, id, Outcome::Void).await,
        Err(Error::Ledger(_))
    ));
    hold(&world, &job, 2_999_600).await.expect("600 came back");
    let books = world.transfers(video.id).await;
    assert_eq!((books[0].quantity, books[0].posted), (400, MicroUsd(400)));

    let big = books[1].id;
    post(
        &world,
        &job,
        big,
        Outcome::Post {
            quantity: 2_999_601,
        },
    )
    .await
    .unwrap();
    assert!(
        hold(&world, &job, 1).await.is_err(),
        "an overrun stops the video's spending"
    );
    assert!(
        world
            .kinds(video.id)
            .await
            .contains(&EventKind::BudgetOverrun)
    );
    let posted: i64 = world
        .transfers(video.id)
        .await
        .iter()
        .map(|t| t.posted.0)
        .sum();
    assert_eq!(posted, 3_000_001, "the ledger records the truth");
}

pub(crate) async fn thresholds_are_announced_once(world: World) {
    let (video, job) = world.one_running().await;
    for units in [2_499_999, 1, 299_999, 1, 200_000] {
        let id = hold(&world, &job, units).await.unwrap();
        post(&world, &job, id, Outcome::Post { quantity: units })
            .await
            .unwrap();
    }
    let settlement = Settlement {
        lease: job.lease,
        outcome: completed(vec![]),
        postings: vec![],
        events: vec![],
    };
    world
        .store
        .job_settle(world.now(), settlement)
        .await
        .unwrap();
    let told = world.store.event_list(video.id, 0, 100).await.unwrap();
    let thresholds: Vec<_> = told
        .iter()
        .filter(|event| event.kind == EventKind::BudgetThreshold)
        .map(|event| event.detail["threshold_micro_usd"].as_i64().unwrap())
        .collect();
    assert_eq!(thresholds, [2_500_000, 2_800_000, 3_000_000]);
}

pub(crate) async fn a_reservation_covers_one_attempt_of_one_job(world: World) {
    let jobs = [
        world.job(Stage::Script, &[]),
        world.job(Stage::Narrate, &[]),
    ];
    let video = world.submit("v", jobs.to_vec()).await;
    let claimed = world.claim(2).await;
    let (mine, other) = (&claimed[0], &claimed[1]);
    let asked = world.hold(500);
    let ask = |lease| {
        let asked = vec![asked.clone()];
        world.store.transfer_hold(world.now(), lease, asked)
    };
    ask(mine.lease).await.unwrap();
    // Another job may neither use it, nor send it, nor end it.
    assert!(ask(other.lease).await.is_err());
    let now = world.now();
    assert!(
        world
            .store
            .transfer_mark_sent(now, other.lease, &[asked.id])
            .await
            .is_err()
    );
    assert!(post(&world, other, asked.id, Outcome::Void).await.is_err());
    assert_eq!(
        world.transfers(video.id).await[0].state,
        TransferState::Pending
    );
    // Given back, it covers nothing any more.
    post(&world, mine, asked.id, Outcome::Void).await.unwrap();
    assert!(ask(mine.lease).await.is_err());
}
