use store::Gpu;

use super::*;

const S: Duration = Duration::from_secs(1);

fn machine(vram_free_mib: u32) -> Machine {
    Machine {
        gpus: vec![Gpu {
            name: "a card".to_owned(),
            vram_mib: 32_607,
            vram_free_mib,
            ..Gpu::default()
        }],
        ..Machine::default()
    }
}

/// Encoders whose test at the start passed, and when that was.
fn well() -> (Arc<Encoders>, Timestamp) {
    let now = Timestamp::from_micros(1_800_000_000_000_000);
    let encoders = Arc::new(Encoders::new(EncoderChoice::Auto, None));
    encoders.noticed(now, &machine(30_000));
    assert!(!encoders.takes_work(), "not before its test");
    encoders.tested(now, Ok(()));
    (encoders, now)
}

#[test]
fn who_may_not_use_a_gpu_has_no_encoder_and_no_limit() {
    let now = Timestamp::from_micros(1);
    for (choice, machine) in [
        (EncoderChoice::X264, machine(30_000)),
        (EncoderChoice::Auto, Machine::default()),
    ] {
        let encoders = Encoders::new(choice, None);
        encoders.noticed(now, &machine);
        encoders.tested(now, Ok(()));
        assert!(!encoders.takes_work());
        assert_eq!(
            (encoders.capacity(&machine), encoders.states()),
            (None, vec![])
        );
    }
}

#[test]
fn a_gpu_that_fails_rests_for_twice_as_long_each_time_and_comes_back() {
    let (encoders, mut now) = well();
    encoders.failed(
        now,
        (Fault::Driver, "Cannot load libcuda.so.1"),
        &machine(0),
    );
    assert!(!encoders.takes_work() && encoders.has_news());
    assert_eq!(encoders.capacity(&machine(30_000)), None);
    let shown = encoders.states();
    assert_eq!(shown[0].sessions_max, 0);
    let at = now.after(60 * S).to_rfc3339();
    assert_eq!(
        shown[0].trouble,
        format!("Cannot load libcuda.so.1; tested again at {at}")
    );
    // One that was begun before fails too.
    encoders.failed(now, (Fault::Driver, "the same"), &machine(0));
    for minutes in [1, 2, 4, 8, 16, 30, 30] {
        let pause = 60 * minutes * S;
        assert!(!encoders.test_is_due(now.after(pause.checked_sub(S).unwrap())));
        now = now.after(pause);
        assert!(encoders.test_is_due(now));
        assert!(!encoders.test_is_due(now), "one test at a time");
        encoders.tested(now, Err("still nothing".to_owned()));
        assert!(!encoders.takes_work());
    }
    now = now.after(Duration::from_mins(30));
    assert!(encoders.test_is_due(now));
    encoders.tested(now, Ok(()));
    assert!(encoders.takes_work());
    assert_eq!(encoders.states()[0].sessions_max, SESSIONS_MAX);
    assert_eq!(encoders.states()[0].trouble, "");
}

#[test]
fn a_strange_failure_is_followed_by_a_test_and_the_third_within_an_hour_by_a_rest() {
    let (encoders, now) = well();
    for _ in 0..2 {
        encoders.failed(now, (Fault::Unknown, "it died"), &machine(30_000));
        assert!(
            !encoders.takes_work() && encoders.test_is_due(now),
            "at once"
        );
        encoders.tested(now, Ok(()));
        assert!(encoders.takes_work());
    }
    encoders.failed(now, (Fault::Unknown, "it died"), &machine(30_000));
    assert!(!encoders.test_is_due(now.after(59 * S)));
    assert!(encoders.test_is_due(now.after(60 * S)));
}

#[test]
fn a_refused_session_lowers_the_limit_and_leaves_the_gpu_well() {
    let (encoders, now) = well();
    assert_eq!(encoders.capacity(&machine(30_000)), Some(8));
    let open: Vec<Session> = (0..4).map(|_| encoders.session()).collect();
    encoders.failed(
        now,
        (Fault::Session, "out of memory (10)"),
        &machine(28_000),
    );
    assert!(encoders.takes_work());
    assert_eq!(encoders.capacity(&machine(28_000)), Some(3));
    drop(open);
    assert_eq!(encoders.capacity(&machine(30_000)), Some(3));
}

#[test]
fn a_session_that_is_refused_alone_and_with_memory_free_is_no_limit_of_ours() {
    let (encoders, now) = well();
    let _open = encoders.session();
    encoders.failed(
        now,
        (Fault::Session, "out of memory (10)"),
        &machine(28_000),
    );
    assert!(!encoders.takes_work(), "others have all sessions");
}

#[test]
fn full_memory_teaches_what_a_session_needs_and_is_kept() {
    let (encoders, now) = well();
    let _open = (encoders.session(), encoders.session());
    assert_eq!(encoders.capacity(&machine(1_100)), Some(4), "2 more");
    encoders.failed(
        now,
        (Fault::Memory, "CUDA_ERROR_OUT_OF_MEMORY"),
        &machine(1_100),
    );
    assert!(encoders.takes_work(), "it isn't ill");
    assert_eq!(encoders.capacity(&machine(1_100)), Some(3), "588 MiB each");
    assert_eq!(encoders.capacity(&machine(0)), Some(2));
    let mut rows = Vec::new();
    encoders.add_news("a box", &mut rows);
    assert_eq!((rows.len(), rows[0].vram_mib), (1, 588));
    let (later, _) = well();
    later.load("a box", &rows);
    assert_eq!(later.capacity(&machine(1_100)), Some(1));
}

#[test]
fn cards_that_the_driver_has_lost_are_left_alone() {
    let (encoders, now) = well();
    let mut lost = machine(0);
    lost.gpus[0].sick = "GPU is lost".to_owned();
    encoders.noticed(now, &lost);
    assert!(!encoders.takes_work());
    assert!(encoders.states()[0].trouble.contains("a card: GPU is lost"));
    // While one is well, ffmpeg finds it.
    let (encoders, now) = well();
    lost.gpus.push(machine(30_000).gpus.remove(0));
    encoders.noticed(now, &lost);
    assert!(encoders.takes_work());
}
