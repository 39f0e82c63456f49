//! `schedule_add`, `schedule_list`, `schedule_due`, `schedule_set`, `schedule_step`,
//! `schedule_remove`, and the times of a submission.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use store::{Error, ScheduleRow, ScheduleState, ScheduleStep, Submission, VideoFilter};
use ytempire_core::{AccountId, JobState, ScheduleId, Stage, Timestamp, VideoState};

use crate::World;

const HOUR: Duration = Duration::from_hours(1);

fn schedule(world: &World, name: &str) -> ScheduleRow {
    ScheduleRow {
        id: ScheduleId::fresh(&world.ids, world.now()),
        account: AccountId::LOCAL,
        name: name.to_owned(),
        state: ScheduleState::Active,
        timing: json!({ "cron": "0 * * * *", "n": 1e16 }),
        request: json!({ "of": name }),
        priority: 7,
        next_at: Some(world.now().after(HOUR)),
        created_at: world.now(),
        last_at: None,
        last_video: None,
        last_error: None,
        started: 0,
    }
}

fn one_job(world: &World, key: &str) -> Submission {
    world.submission(key, vec![world.job(Stage::Script, &[])])
}

/// The tick of `row`, as one node decides about it.
fn step(world: &World, row: &ScheduleRow, key: &str) -> ScheduleStep {
    let was = row.next_at.unwrap();
    ScheduleStep {
        id: row.id,
        was,
        next_at: Some(was.after(HOUR)),
        submissions: vec![one_job(world, key)],
        error: None,
    }
}

async fn videos(world: &World) -> usize {
    let listed = world.store.video_list(VideoFilter::newest(99)).await;
    listed.unwrap().len()
}

async fn only(world: &World) -> ScheduleRow {
    let mut listed = world.store.schedule_list().await.unwrap();
    assert_eq!(listed.len(), 1);
    listed.remove(0)
}

pub(crate) async fn a_later_start_is_waited_for_and_a_due_time_is_kept(world: World) {
    let start = world.now().after(HOUR);
    let due = start.after(HOUR);
    let mut submission = one_job(&world, "later");
    submission.jobs.push({
        let first = submission.jobs[0].id;
        world.job(Stage::Narrate, &[first])
    });
    (submission.start_at, submission.due_at) = (Some(start), Some(due));
    let jobs: Vec<_> = submission.jobs.iter().map(|job| job.id).collect();
    let submitted = world.store.video_submit(world.now(), submission.clone());
    let video = submitted.await.unwrap().video;
    assert_eq!((video.start_at, video.due_at), (Some(start), Some(due)));
    assert_eq!(video.state, VideoState::Queued);
    let states = async || {
        let of = |job| world.job_row(video.id, job);
        (of(jobs[0]).await.state, of(jobs[1]).await.state)
    };
    assert_eq!(states().await, (JobState::Scheduled, JobState::Waiting));
    assert!(world.claim(9).await.is_empty());
    // Asked again it is answered as before.
    let again = world.store.video_submit(world.now(), submission).await;
    assert_eq!(again.unwrap().video, video);
    world.clock.advance(HOUR);
    let claimed = world.claim(9).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].video, video.id);
    assert!(!world.video(video.id).await.is_late(world.now()));
    world.clock.advance(HOUR + HOUR);
    assert!(world.video(video.id).await.is_late(world.now()));
    // A start in the past, or none, is now.
    for (key, start) in [("past", Some(Timestamp::default())), ("now", None)] {
        let mut submission = one_job(&world, key);
        (submission.start_at, submission.due_at) = (start, Some(due));
        let submitted = world.store.video_submit(world.now(), submission).await;
        assert_eq!(submitted.unwrap().video.due_at, Some(due));
        assert_eq!(world.claim(9).await.len(), 1, "{key}");
    }
}

pub(crate) async fn a_tick_is_started_once_however_many_ask(world: World) {
    let store = &world.store;
    let row = schedule(&world, "hourly");
    assert!(store.schedule_add(row.clone()).await.unwrap());
    assert_eq!(only(&world).await, row);
    assert!(store.schedule_due(world.now()).await.unwrap().is_empty());
    world.clock.advance(HOUR);
    let due = store.schedule_due(world.now()).await.unwrap();
    assert_eq!(due, std::slice::from_ref(&row));
    // Each node decides by itself, and each names the video as it likes.
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..8 {
        let step = step(&world, &row, &format!("hourly of node {n}"));
        let (store, now) = (Arc::clone(&world.store), world.now());
        asking.spawn(async move { store.schedule_step(now, step).await });
    }
    let answers = asking.join_all().await;
    let started: Vec<_> = answers.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(started.len(), 1);
    assert_eq!(videos(&world).await, 1);
    assert!(store.schedule_due(world.now()).await.unwrap().is_empty());
    let after = only(&world).await;
    assert_eq!(after.next_at, Some(world.now().after(HOUR)));
    assert_eq!(after.last_at, Some(world.now()));
    assert_eq!(after.last_video, Some(started[0][0].video.id));
    assert_eq!(after.started, 1);
}

pub(crate) async fn a_step_is_taken_as_a_whole_or_not_at_all(world: World) {
    let store = &world.store;
    let row = schedule(&world, "hourly");
    store.schedule_add(row.clone()).await.unwrap();
    world.clock.advance(HOUR);
    // The second doesn't fit the line: the first isn't accepted either.
    let mut two = step(&world, &row, "a");
    two.submissions.push(one_job(&world, "b"));
    for submission in &mut two.submissions {
        submission.waiting_max = Some(1);
    }
    let refused = store.schedule_step(world.now(), two.clone()).await;
    assert!(
        matches!(refused, Err(Error::LineFull { .. })),
        "{refused:?}"
    );
    assert_eq!((videos(&world).await, only(&world).await), (0, row.clone()));
    for submission in &mut two.submissions {
        submission.waiting_max = None;
    }
    let both = store.schedule_step(world.now(), two).await.unwrap();
    assert_eq!(both.unwrap().len(), 2);
    assert_eq!(only(&world).await.started, 2);
    // A tick that can't be started is passed over, and says why.
    let row = only(&world).await;
    let passed = ScheduleStep {
        submissions: vec![],
        error: Some("no such backend".to_owned()),
        next_at: None,
        ..step(&world, &row, "c")
    };
    let none = store.schedule_step(world.now(), passed).await.unwrap();
    assert!(none.unwrap().is_empty());
    let after = only(&world).await;
    assert_eq!(after.last_error.as_deref(), Some("no such backend"));
    assert_eq!((after.next_at, after.last_video), (None, row.last_video));
}

pub(crate) async fn schedules_are_paused_resumed_and_removed(world: World) {
    let store = &world.store;
    let row = schedule(&world, "b");
    assert!(store.schedule_add(row.clone()).await.unwrap());
    assert!(!store.schedule_add(schedule(&world, "b")).await.unwrap());
    assert!(store.schedule_add(schedule(&world, "a")).await.unwrap());
    let names = |rows: Vec<ScheduleRow>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
    assert_eq!(names(store.schedule_list().await.unwrap()), ["a", "b"]);
    world.clock.advance(HOUR);
    let next = row.next_at;
    let set = |state, next_at| store.schedule_set(row.id, state, next_at);
    assert!(set(ScheduleState::Paused, next).await.unwrap());
    let due = store.schedule_due(world.now()).await.unwrap();
    assert_eq!(names(due), ["a"]);
    // A node that looked before it was paused comes too late.
    let late = step(&world, &row, "late");
    assert!(
        store
            .schedule_step(world.now(), late.clone())
            .await
            .unwrap()
            .is_none()
    );
    assert!(set(ScheduleState::Active, next).await.unwrap());
    assert_eq!(store.schedule_due(world.now()).await.unwrap().len(), 2);
    assert!(store.schedule_remove(row.id).await.unwrap());
    assert!(!store.schedule_remove(row.id).await.unwrap());
    assert!(!set(ScheduleState::Active, next).await.unwrap());
    assert!(
        store
            .schedule_step(world.now(), late)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(videos(&world).await, 0);
}
