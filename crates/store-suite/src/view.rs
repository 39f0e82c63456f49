//! `line_view`, `video_promise`, `learned_list`, `learned_put`, and claims of chosen jobs.

use std::time::Duration;

use store::{ClaimRequest, LearnedRow, Machine, NodeRow, Promise, Room, SERVED_WINDOW};
use ytempire_core::{AccountId, JobId, JobState, Stage, VideoId};

use crate::World;
use crate::world::{LEASE, retry};

pub(crate) async fn a_view_shows_what_is_open_and_what_it_waits_for(world: World) {
    let (script, other) = (world.job(Stage::Script, &[]), world.job(Stage::Script, &[]));
    let narrate = world.job(Stage::Narrate, &[script.id, script.id, other.id]);
    let validate = world.job(Stage::Validate, &[narrate.id]);
    let ids = [script.id, other.id, narrate.id, validate.id];
    let mut submission = world.submission("a", vec![script, other, narrate, validate]);
    (submission.words, submission.due_at) = (150, Some(world.now().after(LEASE)));
    let first = submission.video;
    let urgent = VideoId::fresh(&world.ids, world.now());
    let mut second = world.submission("b", vec![world.job(Stage::Script, &[])]);
    (second.video, second.priority) = (urgent, 9);
    let mut ended = world.submission("c", vec![world.job(Stage::Script, &[])]);
    ended.priority = 10;
    let mut later = world.submission("d", vec![world.job(Stage::Script, &[])]);
    later.start_at = Some(world.now().after(Duration::from_mins(1)));
    for submission in [submission.clone(), second, ended, later] {
        world
            .store
            .video_submit(world.now(), submission)
            .await
            .unwrap();
    }
    let job = world.claim(1).await.remove(0);
    world.complete(job.lease).await.unwrap();
    let running = world.claim(3).await;
    let done = running.iter().find(|job| job.lease.job == ids[0]).unwrap();
    let begun = world.now();
    world.clock.advance(Duration::from_secs(3));
    world.complete(done.lease).await.unwrap();

    let view = world.store.line_view(world.now(), 10).await.unwrap();
    let seen: Vec<VideoId> = view.videos.iter().map(|video| video.id).collect();
    assert_eq!(
        seen,
        [urgent, first],
        "ended ones are gone, urgent ones first"
    );
    let video = &view.videos[1];
    assert_eq!((video.words, video.due_at), (150, submission.due_at));
    assert_eq!(video.served, Duration::from_secs(3));
    let jobs: Vec<_> = video
        .jobs
        .iter()
        .map(|job| (job.id, job.state, job.after.clone()))
        .collect();
    let wanted = [
        (ids[1], JobState::Running, vec![]),
        (ids[2], JobState::Waiting, vec![ids[1]]),
        (ids[3], JobState::Waiting, vec![ids[2]]),
    ];
    assert_eq!(jobs, wanted);
    assert_eq!(video.jobs[0].running, Some((world.node(), begun)));
    assert_eq!(video.jobs[1].running, None);
    assert_eq!(video.jobs[0].scheduled_at, None);
    assert_eq!(
        world
            .store
            .line_view(world.now(), 1)
            .await
            .unwrap()
            .videos
            .len(),
        1
    );
}

pub(crate) async fn a_view_shows_when_a_job_is_tried_again(world: World) {
    let (_, job) = world.one_running().await;
    let pause = Duration::from_secs(7);
    world.settle(job.lease, retry(pause)).await.unwrap();
    let view = world.store.line_view(world.now(), 10).await.unwrap();
    let again = &view.videos[0].jobs[0];
    let due = world.now().after(pause);
    let seen = (again.state, again.scheduled_at, again.running);
    assert_eq!(seen, (JobState::Scheduled, Some(due), None));
}

pub(crate) async fn a_view_shows_machines_and_how_promises_were_kept(world: World) {
    let machine = Machine {
        kind: "a box".to_owned(),
        slots: 3,
        memory_mib: 4_096,
        ..Machine::default()
    };
    let row = NodeRow {
        id: world.node(),
        name: "box".to_owned(),
        machine: machine.clone(),
        joined_at: world.now(),
    };
    world.store.node_join(world.now(), row).await.unwrap();
    let (video, job) = world.one_running().await;
    let promise = |seconds| Promise {
        likely_at: world.now().after(Duration::from_secs(seconds)),
        promised_at: world.now().after(Duration::from_secs(2 * seconds)),
    };
    let (first, later) = (promise(10), promise(50));
    for promise in [first, later] {
        world.store.video_promise(video.id, promise).await.unwrap();
    }
    let view = world.store.line_view(world.now(), 10).await.unwrap();
    assert_eq!(view.videos[0].promised_at, Some(later.promised_at));
    assert_eq!(view.nodes[0].machine, machine);
    assert_eq!(view.nodes[0].jobs, 1);
    assert!(view.ended.is_empty());

    let began = world.now();
    world.clock.advance(Duration::from_secs(5));
    world.complete(job.lease).await.unwrap();
    let view = world.store.line_view(world.now(), 10).await.unwrap();
    let worked = Duration::from_secs(5);
    assert_eq!(view.served, [(AccountId::LOCAL, worked)]);
    let later = world.now().after(SERVED_WINDOW);
    assert!(
        world
            .store
            .line_view(later, 10)
            .await
            .unwrap()
            .served
            .is_empty()
    );
    let ended = view.ended;
    assert_eq!(ended.len(), 1);
    // What is learned is how good the first foresight was.
    let seen = (ended[0].began_at, ended[0].likely_at, ended[0].ended_at);
    assert_eq!(seen, (began, first.likely_at, world.now()));
    // An ended video is promised nothing any more.
    world
        .store
        .video_promise(video.id, promise(90))
        .await
        .unwrap();
    let again = world.store.line_view(world.now(), 10).await.unwrap().ended;
    assert_eq!(again, ended);
}

pub(crate) async fn chosen_jobs_are_claimed_and_no_others(world: World) {
    let jobs: Vec<_> = (0..4).map(|_| world.job(Stage::Script, &[])).collect();
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    world.submit("a", jobs).await;
    let claim = |only: Vec<JobId>, max| {
        let request = ClaimRequest {
            node: world.node(),
            video: None,
            stages: Stage::ALL.to_vec(),
            max,
            room: Room::default(),
            limits: store::Limits::default(),
            only: Some(only),
            lease_until: world.now().after(LEASE),
        };
        world.store.job_claim(world.now(), request)
    };
    let claimed = claim(vec![ids[3], ids[1]], 2).await.unwrap();
    let mut claimed: Vec<JobId> = claimed.iter().map(|job| job.lease.job).collect();
    claimed.sort_unstable();
    assert_eq!(claimed, [ids[1], ids[3]]);
    // Another node was quicker with one of them.
    let claimed = claim(vec![ids[1], ids[2]], 2).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].lease.job, ids[2]);
    assert!(claim(vec![], 2).await.unwrap().is_empty());
}

pub(crate) async fn what_was_learned_replaces_what_was_kept(world: World) {
    let row = |machine: &str, backend: &str, jobs| LearnedRow {
        machine: machine.to_owned(),
        backend: backend.to_owned(),
        jobs,
        mean: -5,
        variance: 7,
        memory_mib: 0,
        vram_mib: 0,
    };
    assert!(world.store.learned_list().await.unwrap().is_empty());
    let rows = vec![
        row("b", "x264", 1),
        row("a", "x264", 2),
        row("a", "festival", 3),
    ];
    world.store.learned_put(rows).await.unwrap();
    world
        .store
        .learned_put(vec![row("b", "x264", 9)])
        .await
        .unwrap();
    let kept = world.store.learned_list().await.unwrap();
    assert_eq!(
        kept,
        [
            row("a", "festival", 3),
            row("a", "x264", 2),
            row("b", "x264", 9)
        ]
    );
}

pub(crate) async fn a_need_that_was_learned_never_shrinks(world: World) {
    let row = |memory_mib, vram_mib| LearnedRow {
        machine: "a box".to_owned(),
        backend: "compose".to_owned(),
        jobs: 1,
        mean: 0,
        variance: 0,
        memory_mib,
        vram_mib,
    };
    for (memory, vram) in [(345, 0), (0, 588), (300, 0)] {
        let rows = vec![row(memory, vram)];
        world.store.learned_put(rows).await.unwrap();
    }
    assert_eq!(world.store.learned_list().await.unwrap(), [row(345, 588)]);
}
