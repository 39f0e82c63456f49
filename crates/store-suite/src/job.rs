//! `job_claim`, `job_heartbeat`, `job_settle`, `job_release`, `job_rescue`, `job_list`,
//! `attempt_list`.

use std::collections::HashSet;
use std::time::Duration;

use store::{ATTEMPTS_MAX, AttemptEnd, Error, JobOutcome, Lease};
use ytempire_core::{Code, EventKind, JobState, Stage, VideoState};

use crate::World;
use crate::world::{LEASE, completed, retry};

pub(crate) async fn jobs_wait_for_those_before_them(world: World) {
    let first = world.job(Stage::Script, &[]);
    let second = world.job(Stage::Narrate, &[first.id]);
    let second_id = second.id;
    // Listed in the wrong order on purpose: edges count, not positions.
    let video = world.submit("v", vec![second, first]).await;
    let claimed = world.claim(9).await;
    assert_eq!(claimed.len(), 1);
    world.complete(claimed[0].lease).await.unwrap();
    let next = world.claim(9).await;
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].lease.job, second_id);
    assert_eq!(next[0].inputs, [serde_json::json!({ "done": true })]);
    assert_eq!(
        world.job_row(video.id, second_id).await.state,
        JobState::Running
    );
}

pub(crate) async fn two_last_jobs_release_the_one_that_waits_for_both(world: World) {
    let (a, b) = (
        world.job(Stage::Narrate, &[]),
        world.job(Stage::Illustrate, &[]),
    );
    let both = world.job(Stage::Compose, &[a.id, b.id]);
    let last = both.id;
    world.submit("v", vec![a, b, both]).await;
    let claimed = world.claim(9).await;
    assert_eq!(claimed.len(), 2);
    let (one, two) = tokio::join!(
        world.complete(claimed[0].lease),
        world.complete(claimed[1].lease)
    );
    one.and(two).unwrap();
    let next = world.claim(9).await;
    assert_eq!(
        next.iter().map(|job| job.lease.job).collect::<Vec<_>>(),
        [last]
    );
}

pub(crate) async fn urgent_jobs_come_first_and_only_of_the_asked_stages(world: World) {
    let mut jobs = vec![
        world.job(Stage::Narrate, &[]),
        world.job(Stage::Narrate, &[]),
        world.job(Stage::Compose, &[]),
    ];
    (jobs[0].rank, jobs[1].rank, jobs[2].rank) = (20, 10, 0);
    let expected = [jobs[1].id, jobs[0].id];
    world.submit("v", jobs).await;
    let mut got = Vec::new();
    while let Some(job) = world.claim_of(&[Stage::Narrate], 1, world.node).await.pop() {
        got.push(job.lease.job);
    }
    assert_eq!(got, expected);
}

pub(crate) async fn eight_claimers_never_share_a_job(world: World) {
    let jobs = (0..40).map(|_| world.job(Stage::Narrate, &[])).collect();
    world.submit("v", jobs).await;
    let claims = (0..8).map(|_| async {
        let mut mine = Vec::new();
        loop {
            let some = world.claim_of(&Stage::ALL, 3, world.other_node()).await;
            if some.is_empty() {
                return mine;
            }
            mine.extend(some.into_iter().map(|job| job.lease.job));
        }
    });
    let all: Vec<_> = join_all(claims).await.into_iter().flatten().collect();
    assert_eq!(all.len(), 40);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 40);
}

/// Polls all futures together: several claims are under way at once.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut open: Vec<_> = futures.map(Box::pin).map(Some).collect();
    let mut done: Vec<Option<F::Output>> = open.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (slot, out) in open.iter_mut().zip(&mut done) {
            if let Some(future) = slot
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *out = Some(value);
                *slot = None;
            }
        }
        if open.iter().all(Option::is_none) {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
    done.into_iter().flatten().collect()
}

pub(crate) async fn a_late_worker_cant_write(world: World) {
    let (video, late) = world.one_running().await;
    world.clock.advance(LEASE + Duration::from_secs(1));
    assert_eq!(world.store.job_rescue(world.now(), &[]).await.unwrap(), 1);
    let second = world.claim(1).await.remove(0);
    assert!(second.lease.attempt > late.lease.attempt);
    assert!(matches!(
        world.complete(late.lease).await,
        Err(Error::LeaseLost)
    ));
    let hold = vec![world.hold(1)];
    let held = world
        .store
        .transfer_hold(world.now(), late.lease, hold)
        .await;
    assert!(matches!(held, Err(Error::LeaseLost)));
    assert!(matches!(
        world.store.job_release(world.now(), late.lease).await,
        Err(Error::LeaseLost)
    ));
    assert!(world.transfers(video.id).await.is_empty());
    world.complete(second.lease).await.unwrap();
}

pub(crate) async fn heartbeats_keep_a_lease_and_tell_of_lost_ones(world: World) {
    let (_, job) = world.one_running().await;
    for _ in 0..5 {
        world.clock.advance(LEASE / 2);
        let until = world.now().after(LEASE);
        let lost = world
            .store
            .job_heartbeat(world.now(), &[job.lease], until)
            .await
            .unwrap();
        assert!(lost.is_empty());
        assert_eq!(world.store.job_rescue(world.now(), &[]).await.unwrap(), 0);
    }
    world.complete(job.lease).await.unwrap();
    let until = world.now().after(LEASE);
    let lost = world
        .store
        .job_heartbeat(world.now(), &[job.lease], until)
        .await
        .unwrap();
    assert_eq!(lost, [job.lease]);
}

pub(crate) async fn an_expired_lease_is_rescued_and_the_fifth_death_discards(world: World) {
    let (video, first) = world.one_running().await;
    for death in 1..=ATTEMPTS_MAX {
        world.clock.advance(LEASE + Duration::from_secs(1));
        assert_eq!(world.store.job_rescue(world.now(), &[]).await.unwrap(), 1);
        let again = world.claim(1).await;
        assert_eq!(
            again.len(),
            usize::from(death < ATTEMPTS_MAX),
            "after death {death}"
        );
    }
    let row = world.job_row(video.id, first.lease.job).await;
    assert_eq!(
        (row.state, row.attempts),
        (JobState::Discarded, ATTEMPTS_MAX)
    );
    let failed = world.video(video.id).await;
    assert_eq!(failed.state, VideoState::Failed);
    assert_eq!(failed.failure.unwrap().0, Code::AttemptsExhausted);
}

pub(crate) async fn a_dead_nodes_jobs_are_rescued_at_once(world: World) {
    let (_, job) = world.one_running().await;
    assert_eq!(
        world
            .store
            .job_rescue(world.now(), &[world.other_node()])
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        world
            .store
            .job_rescue(world.now(), &[world.node])
            .await
            .unwrap(),
        1
    );
    let again = world.claim(1).await.remove(0);
    assert_eq!(again.lease.job, job.lease.job);
}

pub(crate) async fn a_released_attempt_doesnt_count(world: World) {
    let (video, mut job) = world.one_running().await;
    for _ in 0..2 * ATTEMPTS_MAX {
        world
            .store
            .job_release(world.now(), job.lease)
            .await
            .unwrap();
        job = world.claim(1).await.remove(0);
    }
    assert_eq!(world.job_row(video.id, job.lease.job).await.attempts, 1);
    world.complete(job.lease).await.unwrap();
}

pub(crate) async fn a_retry_waits_for_its_time(world: World) {
    let (video, job) = world.one_running().await;
    world
        .settle(job.lease, retry(Duration::from_secs(30)))
        .await
        .unwrap();
    assert!(world.claim(1).await.is_empty());
    assert_eq!(
        world.job_row(video.id, job.lease.job).await.state,
        JobState::Scheduled
    );
    world.clock.advance(Duration::from_secs(30));
    let again = world.claim(1).await.remove(0);
    assert_eq!(again.lease.job, job.lease.job);
    world.complete(again.lease).await.unwrap();
    let row = world.job_row(video.id, job.lease.job).await;
    assert_eq!(row.error, Some((Code::ProviderDown, "down".to_owned())));
}

pub(crate) async fn a_snoozed_job_waits_for_its_time_and_counts_no_attempt(world: World) {
    let (video, mut job) = world.one_running().await;
    let pause = Duration::from_mins(10);
    let snooze = |until| JobOutcome::Snooze {
        until,
        code: Code::ProviderDown,
        text: "used up until noon".to_owned(),
    };
    // More often than a job may be tried.
    let times = ATTEMPTS_MAX + 2;
    for n in 1..=times {
        let holds = vec![world.hold(10)];
        let held = world.store.transfer_hold(world.now(), job.lease, holds);
        held.await.unwrap();
        let left = world.settle(job.lease, snooze(world.now().after(pause)));
        assert_eq!(left.await.unwrap().state, VideoState::Running);
        let late = world.complete(job.lease).await;
        assert!(matches!(late, Err(Error::LeaseLost)), "{late:?}");
        let row = world.job_row(video.id, job.lease.job).await;
        assert_eq!((row.state, row.attempts), (JobState::Scheduled, 0));
        assert!(world.claim(1).await.is_empty());
        world.clock.advance(pause);
        job = world.claim(1).await.remove(0);
        assert_eq!(job.lease.attempt, n + 1, "the number fences all the same");
    }
    let kinds = world.kinds(video.id).await;
    let snoozed = kinds.iter().filter(|kind| **kind == EventKind::JobSnoozed);
    assert_eq!(snoozed.count(), times as usize);
    let attempts = world.store.attempt_list(video.id).await.unwrap();
    let ends = attempts.iter().filter_map(|attempt| attempt.ended);
    assert!(ends.into_iter().all(|(_, end)| end == AttemptEnd::Snoozed));
    assert!(attempts[0].error.as_ref().unwrap().1.contains("noon"));
    let held = world.transfers(video.id).await;
    assert!(held.iter().all(|transfer| transfer.counted().0 == 0));
    // Nothing waits for its time once its video has ended.
    let cancelled = world.store.video_cancel(world.now(), video.id).await;
    assert!(cancelled.unwrap());
    let left = world.settle(job.lease, snooze(world.now().after(pause)));
    left.await.unwrap();
    let row = world.job_row(video.id, job.lease.job).await;
    assert_eq!(row.state, JobState::Cancelled);
}

pub(crate) async fn a_discarded_job_fails_its_video(world: World) {
    let (doomed, other) = (
        world.job(Stage::Narrate, &[]),
        world.job(Stage::Illustrate, &[]),
    );
    let waiting = world.job(Stage::Compose, &[doomed.id, other.id]);
    let (doomed_id, waiting_id) = (doomed.id, waiting.id);
    let video = world.submit("v", vec![doomed, other, waiting]).await;
    let claimed = world.claim(2).await;
    let (bad, good) = claimed
        .iter()
        .partition::<Vec<_>, _>(|job| job.lease.job == doomed_id);
    let text = "no".to_owned();
    let outcome = JobOutcome::Discard {
        code: Code::VoiceUnsuited,
        text,
    };
    let row = world.settle(bad[0].lease, outcome).await.unwrap();
    assert_eq!(row.failure, Some((Code::VoiceUnsuited, "no".to_owned())));
    assert_eq!(
        world.job_row(video.id, waiting_id).await.state,
        JobState::Cancelled
    );
    let row = world.complete(good[0].lease).await.unwrap();
    assert_eq!(
        row.state,
        VideoState::Failed,
        "a late success doesn't revive it"
    );
    let ends = world.kinds(video.id).await;
    assert_eq!(
        ends.iter()
            .filter(|kind| **kind == EventKind::VideoFailed)
            .count(),
        1
    );
}

pub(crate) async fn completed_jobs_may_add_jobs(world: World) {
    let (video, script) = world.one_running().await;
    let narrate = world.job(Stage::Narrate, &[script.lease.job]);
    let compose = world.job(Stage::Compose, &[script.lease.job, narrate.id]);
    let row = world
        .settle(script.lease, completed(vec![narrate, compose]))
        .await
        .unwrap();
    assert_eq!(row.state, VideoState::Running);
    for stage in [Stage::Narrate, Stage::Compose] {
        let mut jobs = world.claim(9).await;
        assert_eq!(
            jobs.iter().map(|job| job.stage).collect::<Vec<_>>(),
            [stage]
        );
        world.complete(jobs.remove(0).lease).await.unwrap();
    }
    assert_eq!(world.video(video.id).await.state, VideoState::Ready);
}

pub(crate) async fn nothing_is_tried_again_after_a_videos_end(world: World) {
    let jobs: Vec<_> = (0..4).map(|_| world.job(Stage::Narrate, &[])).collect();
    let video = world.submit("v", jobs).await;
    let claimed = world.claim(4).await;
    let leases: Vec<_> = claimed.iter().map(|job| job.lease).collect();
    let text = "no".to_owned();
    let outcome = JobOutcome::Discard {
        code: Code::VoiceUnsuited,
        text,
    };
    world.settle(leases[0], outcome).await.unwrap();
    world
        .store
        .job_release(world.now(), leases[1])
        .await
        .unwrap();
    world
        .settle(leases[2], retry(Duration::ZERO))
        .await
        .unwrap();
    world
        .store
        .job_rescue(world.now(), &[world.node])
        .await
        .unwrap();
    for lease in &leases[1..] {
        let row = world.job_row(video.id, lease.job).await;
        assert_eq!(row.state, JobState::Cancelled);
    }
    assert!(world.claim(9).await.is_empty());
    assert_eq!(
        world.kinds(video.id).await.last(),
        Some(&EventKind::VideoFailed),
        "nothing is told after the end"
    );
}

pub(crate) async fn every_attempt_is_kept_with_its_error(world: World) {
    let (video, first) = world.one_running().await;
    let began = world.now();
    world.clock.advance(Duration::from_secs(1));
    let failed = world.now();
    let settled = world
        .settle(first.lease, retry(Duration::from_secs(1)))
        .await;
    settled.unwrap();
    world.clock.advance(Duration::from_secs(2));
    let second = world.claim(1).await.remove(0);
    let released = world.store.job_release(world.now(), second.lease).await;
    released.unwrap();
    let third = world.claim(1).await.remove(0);
    world.clock.advance(LEASE + Duration::from_secs(1));
    assert_eq!(world.store.job_rescue(world.now(), &[]).await.unwrap(), 1);
    let fourth = world.claim(1).await.remove(0);
    let running = world.store.attempt_list(video.id).await.unwrap();
    assert_eq!(running[3].ended, None);
    world.complete(fourth.lease).await.unwrap();
    // Too late: it changes nothing that is remembered.
    assert!(world.complete(third.lease).await.is_err());
    let attempts = world.store.attempt_list(video.id).await.unwrap();
    let leases: Vec<Lease> = attempts.iter().map(|attempt| attempt.lease).collect();
    assert_eq!(
        leases,
        [first.lease, second.lease, third.lease, fourth.lease]
    );
    let ends: Vec<AttemptEnd> = attempts.iter().map(|a| a.ended.unwrap().1).collect();
    assert_eq!(
        ends,
        [
            AttemptEnd::Retryable,
            AttemptEnd::Released,
            AttemptEnd::Rescued,
            AttemptEnd::Completed
        ]
    );
    let first = &attempts[0];
    assert_eq!((first.stage, first.started_at), (Stage::Script, began));
    assert_eq!(first.ended.unwrap().0, failed);
    let errors: Vec<bool> = attempts.iter().map(|a| a.error.is_some()).collect();
    assert_eq!(errors, [true, false, false, false]);
    assert_eq!(first.error, Some((Code::ProviderDown, "down".to_owned())));
}
