//! `video_submit`, `video_get`, `video_list`, `video_find`, `video_cancel`, `event_list`.

use store::VideoFilter;
use ytempire_core::{EventKind, JobState, Stage, VideoState};

use crate::World;

pub(crate) async fn same_key_same_video(world: World) {
    let first = world.submission("key", vec![world.job(Stage::Script, &[])]);
    let again = world.submission("key", vec![world.job(Stage::Script, &[])]);
    let a = world.store.video_submit(world.now(), first).await.unwrap();
    let b = world.store.video_submit(world.now(), again).await.unwrap();
    assert!(a.fresh && !b.fresh);
    assert_eq!(a.video, b.video);
    assert_eq!(world.store.job_list(a.video.id).await.unwrap().len(), 1);
    assert_eq!(world.kinds(a.video.id).await, [EventKind::VideoQueued]);
}

pub(crate) async fn a_plan_is_told_once(world: World) {
    let plan = serde_json::json!({ "chosen": ["a", "b"] });
    let submission = |plan: &serde_json::Value| store::Submission {
        plan: Some(plan.clone()),
        ..world.submission("key", vec![world.job(Stage::Script, &[])])
    };
    let first = submission(&plan);
    let submitted = world.store.video_submit(world.now(), first).await.unwrap();
    let again = submission(&serde_json::json!({ "chosen": ["c"] }));
    world.store.video_submit(world.now(), again).await.unwrap();
    let events = world.store.event_list(submitted.video.id, 0, 10).await;
    let told = events.unwrap();
    let kinds: Vec<_> = told.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::VideoQueued, EventKind::VideoPlanned]);
    assert_eq!(told[1].detail, plan);
}

pub(crate) async fn a_video_passes_through_its_states_once(world: World) {
    let (video, job) = world.one_running().await;
    assert_eq!(video.state, VideoState::Queued);
    assert_eq!(world.video(video.id).await.state, VideoState::Running);
    let ended = world.complete(job.lease).await.unwrap();
    assert_eq!(ended.state, VideoState::Ready);
    assert_eq!(ended.finalized_at, Some(world.now()));
    assert!(
        !world
            .store
            .video_cancel(world.now(), video.id)
            .await
            .unwrap()
    );
    assert_eq!(
        world.kinds(video.id).await,
        [
            EventKind::VideoQueued,
            EventKind::VideoRunning,
            EventKind::JobCompleted,
            EventKind::VideoReady
        ]
    );
}

pub(crate) async fn cancel_ends_what_has_not_begun(world: World) {
    let first = world.job(Stage::Script, &[]);
    let second = world.job(Stage::Narrate, &[first.id]);
    let (begun, waiting) = (first.id, second.id);
    let video = world.submit("c", vec![first, second]).await;
    let running = world.claim(1).await.remove(0);
    assert!(
        world
            .store
            .video_cancel(world.now(), video.id)
            .await
            .unwrap()
    );
    assert_eq!(
        world.job_row(video.id, waiting).await.state,
        JobState::Cancelled
    );
    assert_eq!(
        world.job_row(video.id, begun).await.state,
        JobState::Running
    );
    let ended = world.complete(running.lease).await.unwrap();
    assert_eq!(ended.state, VideoState::Cancelled);
    assert!(
        world.claim(9).await.is_empty(),
        "nothing runs after a video's end"
    );
}

pub(crate) async fn videos_are_found_and_listed(world: World) {
    let a = world
        .submit("abc#1", vec![world.job(Stage::Script, &[])])
        .await;
    world.clock.advance(std::time::Duration::from_secs(1));
    let b = world
        .submit("abc#2", vec![world.job(Stage::Script, &[])])
        .await;
    let ids = |rows: Vec<store::VideoRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(
        ids(world
            .store
            .video_list(VideoFilter::newest(10))
            .await
            .unwrap()),
        [b.id, a.id]
    );
    let newest = world.store.video_list(VideoFilter::newest(1)).await;
    assert_eq!(ids(newest.unwrap()), [b.id]);
    assert_eq!(
        world.store.video_find("abc#").await.unwrap().unwrap().id,
        b.id
    );
    assert_eq!(world.store.video_find("xyz").await.unwrap(), None);
    world.store.video_cancel(world.now(), a.id).await.unwrap();
    for (filter, wanted) in [
        (
            VideoFilter {
                states: vec![VideoState::Cancelled, VideoState::Failed],
                ..VideoFilter::newest(9)
            },
            vec![a.id],
        ),
        (
            VideoFilter {
                before: Some(b.id),
                ..VideoFilter::newest(9)
            },
            vec![a.id],
        ),
        (
            VideoFilter {
                accepted_before: Some(b.created_at),
                ..VideoFilter::newest(9)
            },
            vec![a.id],
        ),
        (
            VideoFilter {
                account: Some(a.account),
                ..VideoFilter::newest(9)
            },
            vec![b.id, a.id],
        ),
        (
            VideoFilter {
                account: Some(world.other_account()),
                ..VideoFilter::newest(9)
            },
            vec![],
        ),
    ] {
        let listed = world.store.video_list(filter.clone()).await.unwrap();
        assert_eq!(ids(listed), wanted, "{filter:?}");
    }
}
