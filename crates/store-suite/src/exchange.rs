//! `job_exchange`, and what a claim has room for.

use std::time::Duration;

use ledger::{Outcome, Posting, TransferState};
use store::{
    ClaimRequest, Error, Exchange, Exchanged, JobOutcome, Lease, LineMode, Needs, Room, Settlement,
};
use ytempire_core::{Code, EventKind, JobId, JobState, MicroUsd, Stage, VideoState};

use crate::World;
use crate::world::{LEASE, completed, retry};

/// The end of an attempt, with nothing but an outcome.
pub(crate) fn end(lease: Lease, outcome: JobOutcome) -> Settlement {
    Settlement {
        lease,
        outcome,
        postings: vec![],
        events: vec![],
    }
}

/// What the world's own node asks for.
fn ask(world: &World, max: u32, room: Room) -> ClaimRequest {
    ClaimRequest {
        node: world.node,
        video: None,
        stages: Stage::ALL.to_vec(),
        max,
        room,
        limits: store::Limits::default(),
        only: None,
        lease_until: world.now().after(LEASE),
    }
}

async fn exchange(world: &World, settlements: Vec<Settlement>, max: u32) -> Exchanged {
    let claim = (max > 0).then(|| ask(world, max, Room::default()));
    let exchange = Exchange { settlements, claim };
    let done = world.store.job_exchange(world.now(), exchange).await;
    done.expect("an exchange is answered")
}

pub(crate) async fn a_batch_ends_one_video_and_begins_another(world: World) {
    let first = world
        .submit("a", vec![world.job(Stage::Script, &[])])
        .await
        .id;
    let later = world.job(Stage::Script, &[]);
    let second = world.submit("b", vec![later.clone()]).await.id;
    let job = world.claim(1).await.remove(0);
    assert_eq!(job.video, first);
    let done = exchange(&world, vec![end(job.lease, completed(vec![]))], 5).await;
    let settled = done.settled[0].as_ref().unwrap();
    assert_eq!(
        (settled.video, settled.state, settled.ended),
        (first, VideoState::Ready, true)
    );
    assert_eq!(done.claimed.len(), 1);
    assert_eq!(done.claimed[0].lease.job, later.id);
    assert_eq!(done.claimed[0].args, later.args);
    assert_eq!(world.video(second).await.state, VideoState::Running);
    let told = [world.kinds(first).await, world.kinds(second).await];
    assert_eq!(
        told[0],
        [
            EventKind::VideoQueued,
            EventKind::VideoRunning,
            EventKind::JobCompleted,
            EventKind::VideoReady
        ]
    );
    assert_eq!(told[1], told[0][..2]);
    let done = exchange(
        &world,
        vec![end(done.claimed[0].lease, completed(vec![]))],
        5,
    )
    .await;
    assert!(done.settled[0].is_ok() && done.claimed.is_empty());
    assert_eq!(world.video(second).await.state, VideoState::Ready);
}

pub(crate) async fn a_lost_lease_in_a_batch_fails_alone(world: World) {
    let jobs = (0..4).map(|_| world.job(Stage::Narrate, &[])).collect();
    let video = world.submit("v", jobs).await.id;
    let claimed = world.claim(3).await;
    let leases: Vec<Lease> = claimed.iter().map(|job| job.lease).collect();
    let hold = world.hold(7);
    let held = world
        .store
        .transfer_hold(world.now(), leases[1], vec![hold.clone()]);
    held.await.unwrap();
    // The one in the middle was released and taken again; another name is nobody's.
    world
        .store
        .job_release(world.now(), leases[1])
        .await
        .unwrap();
    let again = world.claim(1).await.remove(0);
    assert_eq!(again.lease.job, leases[1].job);
    let mut late = end(leases[1], completed(vec![world.job(Stage::Compose, &[])]));
    let outcome = Outcome::Post { quantity: 7 };
    late.postings = vec![Posting {
        id: hold.id,
        outcome,
    }];
    let nobodys = Lease {
        job: JobId::fresh(&world.ids, world.now()),
        ..leases[0]
    };
    let settlements = vec![
        end(leases[0], completed(vec![])),
        late,
        end(nobodys, completed(vec![])),
        end(leases[2], completed(vec![])),
        // Ended twice in one batch.
        end(leases[2], completed(vec![])),
    ];
    let done = exchange(&world, settlements, 9).await;
    let lost: Vec<bool> = done
        .settled
        .iter()
        .map(|settled| matches!(settled, Err(Error::LeaseLost)))
        .collect();
    assert_eq!(lost, [false, true, true, false, true]);
    assert_eq!(done.claimed.len(), 1, "the fourth job");
    let jobs = world.store.job_list(video).await.unwrap();
    assert_eq!(jobs.len(), 4, "nothing follows from a late end");
    assert_eq!(
        world.job_row(video, leases[1].job).await.state,
        JobState::Running
    );
    assert_eq!(world.transfers(video).await[0].state, TransferState::Voided);
    let told = world.kinds(video).await;
    let ends = told.iter().filter(|kind| **kind == EventKind::JobCompleted);
    assert_eq!(ends.count(), 2);
    for lease in [again.lease, done.claimed[0].lease] {
        world.complete(lease).await.unwrap();
    }
    assert_eq!(world.video(video).await.state, VideoState::Ready);
}

pub(crate) async fn a_batch_is_as_its_ends_one_after_the_other(world: World) {
    let jobs: Vec<_> = (0..4).map(|_| world.job(Stage::Narrate, &[])).collect();
    let waiting = world.job(Stage::Assemble, &[jobs[0].id, jobs[1].id]);
    let waits = waiting.id;
    let video = world
        .submit("v", jobs.into_iter().chain([waiting]).collect())
        .await
        .id;
    let leases: Vec<Lease> = world.claim(4).await.iter().map(|job| job.lease).collect();
    let text = "no".to_owned();
    let code = Code::VoiceUnsuited;
    let settlements = vec![
        end(leases[0], completed(vec![])),
        end(leases[1], JobOutcome::Discard { code, text }),
        // The video has ended: not tried again, and nothing follows.
        end(leases[2], retry(Duration::ZERO)),
        end(leases[3], completed(vec![world.job(Stage::Compose, &[])])),
    ];
    let done = exchange(&world, settlements, 9).await;
    let ended: Vec<_> = done
        .settled
        .iter()
        .map(|settled| settled.as_ref().map(|s| (s.state, s.ended)).unwrap())
        .collect();
    assert_eq!(
        ended,
        [
            (VideoState::Running, false),
            (VideoState::Failed, true),
            (VideoState::Failed, false),
            (VideoState::Failed, false)
        ]
    );
    assert!(done.claimed.is_empty());
    let jobs = world.store.job_list(video).await.unwrap();
    assert_eq!(jobs.len(), 5);
    for job in [leases[2].job, waits] {
        assert_eq!(world.job_row(video, job).await.state, JobState::Cancelled);
    }
    assert_eq!(
        world.video(video).await.failure,
        Some((code, "no".to_owned()))
    );
    let told = world.kinds(video).await;
    assert_eq!(
        told[2..],
        [
            EventKind::JobCompleted,
            EventKind::JobDiscarded,
            EventKind::VideoFailed,
            EventKind::JobCompleted
        ]
    );
    let attempts = world.store.attempt_list(video).await.unwrap();
    assert!(attempts.len() == 4 && attempts.iter().all(|attempt| attempt.ended.is_some()));
}

pub(crate) async fn what_ends_together_releases_what_waits_for_it(world: World) {
    let (a, b) = (
        world.job(Stage::Narrate, &[]),
        world.job(Stage::Illustrate, &[]),
    );
    let both = world.job(Stage::Compose, &[a.id, b.id, a.id]);
    let last = both.id;
    world.submit("v", vec![a, b, both]).await;
    let claimed = world.claim(9).await;
    let next = world.job(
        Stage::Thumbnail,
        &[claimed[0].lease.job, claimed[1].lease.job],
    );
    let follows = next.id;
    let settlements = vec![
        end(claimed[0].lease, completed(vec![next])),
        end(claimed[1].lease, completed(vec![])),
    ];
    let done = exchange(&world, settlements, 9).await;
    let mut got: Vec<JobId> = done.claimed.iter().map(|job| job.lease.job).collect();
    got.sort_unstable();
    let mut wanted = [last, follows];
    wanted.sort_unstable();
    assert_eq!(got, wanted);
    let compose = done.claimed.iter().find(|job| job.lease.job == last);
    assert_eq!(compose.unwrap().inputs.len(), 3, "as it was ordered");
}

pub(crate) async fn a_paused_line_takes_ends_and_gives_nothing(world: World) {
    let jobs = vec![world.job(Stage::Script, &[]), world.job(Stage::Script, &[])];
    let video = world.submit("v", jobs).await.id;
    let job = world.claim(1).await.remove(0);
    let set = |mode| world.store.line_set(world.now(), mode, "");
    set(LineMode::Paused).await.unwrap();
    let done = exchange(&world, vec![end(job.lease, completed(vec![]))], 9).await;
    assert!(done.settled[0].is_ok() && done.claimed.is_empty());
    set(LineMode::Running).await.unwrap();
    let done = exchange(&world, vec![], 9).await;
    assert_eq!(done.claimed.len(), 1);
    let done = exchange(
        &world,
        vec![end(done.claimed[0].lease, completed(vec![]))],
        0,
    )
    .await;
    assert!(done.settled[0].as_ref().unwrap().ended);
    assert_eq!(world.video(video).await.state, VideoState::Ready);
}

pub(crate) async fn a_batch_settles_the_money_of_each(world: World) {
    let jobs = (0..3).map(|_| world.job(Stage::Narrate, &[])).collect();
    let video = world.submit("v", jobs).await.id;
    let leases: Vec<Lease> = world.claim(3).await.iter().map(|job| job.lease).collect();
    let mut settlements = Vec::new();
    let mut holds = Vec::new();
    for lease in &leases {
        let hold = world.hold(900_000 / 3);
        let held = vec![hold.clone(), world.hold(1)];
        let held = world.store.transfer_hold(world.now(), *lease, held).await;
        held.unwrap();
        let mut settlement = end(*lease, completed(vec![]));
        let outcome = Outcome::Post { quantity: 250_000 };
        settlement.postings = vec![Posting {
            id: hold.id,
            outcome,
        }];
        settlements.push(settlement);
        holds.push(hold.id);
    }
    // Another job's money: it can't be settled so, and its end is as if it weren't there.
    settlements[1].postings[0].id = holds[0];
    let done = exchange(&world, settlements, 0).await;
    let failed: Vec<bool> = done.settled.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, true, false]);
    let transfers = world.transfers(video).await;
    let posted = transfers.iter().map(|t| t.posted.0).sum::<i64>();
    assert_eq!(posted, 500_000);
    let of = |id| transfers.iter().find(|t| t.id == id).unwrap();
    assert_eq!(of(holds[1]).state, TransferState::Pending);
    assert_eq!(of(holds[1]).held, MicroUsd(300_000));
    world.complete(leases[1]).await.unwrap();
    let open = |t: &&ledger::Transfer| t.state == TransferState::Pending;
    assert_eq!(world.transfers(video).await.iter().find(open), None);
}

pub(crate) async fn a_claim_takes_what_fits_in_order(world: World) {
    let needs = [
        (1_000, 100, 0, 0),
        (4_000, 0, 0, 0),
        (2_000, 100, 6_000, 1),
        (1_000, 500, 6_000, 0),
        (500, 100, 2_000, 0),
        (600, 0, 0, 0),
    ];
    let mut jobs = Vec::new();
    for (rank, (cpu_milli, memory_mib, vram_mib, encoder_sessions)) in (0..).zip(needs) {
        let mut job = world.job(Stage::Compose, &[]);
        job.rank = rank;
        job.needs = Needs {
            cpu_milli,
            memory_mib,
            vram_mib,
            encoder_sessions,
        };
        jobs.push(job);
    }
    let wanted: Vec<JobId> = [0, 2, 4].map(|n: usize| jobs[n].id).to_vec();
    let kept = jobs[2].needs;
    world.submit("v", jobs).await;
    // The second doesn't fit beside the first, the fourth wants more memory of the GPU than the
    // third leaves; the last finds too little left.
    let room = Room {
        cpu_milli: Some(4_000),
        vram_mib: Some(8_000),
        encoder_sessions: Some(1),
        ..Room::default()
    };
    let claimed = world.store.job_claim(world.now(), ask(&world, 9, room));
    let claimed = claimed.await.unwrap();
    let got: Vec<JobId> = claimed.iter().map(|job| job.lease.job).collect();
    assert_eq!(got, wanted);
    assert_eq!(claimed[1].needs, kept);
    let nothing = Room {
        cpu_milli: Some(0),
        ..Room::default()
    };
    let claimed = world.store.job_claim(world.now(), ask(&world, 9, nothing));
    assert!(claimed.await.unwrap().is_empty());
    assert_eq!(world.claim(9).await.len(), 3, "who has room takes the rest");
}

pub(crate) async fn what_never_fits_hides_nothing_behind_it(world: World) {
    let mut jobs: Vec<_> = (0..60).map(|_| world.job(Stage::Compose, &[])).collect();
    for job in &mut jobs[..59] {
        job.needs.vram_mib = 1;
    }
    jobs[59].rank = 9;
    let small = jobs[59].id;
    world.submit("v", jobs).await;
    let room = Room {
        vram_mib: Some(0),
        ..Room::default()
    };
    let claimed = world.store.job_claim(world.now(), ask(&world, 1, room));
    let claimed = claimed.await.unwrap();
    assert_eq!(
        claimed.iter().map(|job| job.lease.job).collect::<Vec<_>>(),
        [small]
    );
}
