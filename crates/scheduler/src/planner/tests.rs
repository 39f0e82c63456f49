//! Plans of small worlds, against trying everything.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::graph::Graph;
use crate::health::{Health, Sign};
use crate::outline::{Offer, Outline};
use crate::resource::Vector;
use crate::snapshot::{Gpu, Node, Video};
use crate::workload::Class;

fn world(videos: Vec<Video>) -> Snapshot {
    let gpu = Gpu {
        vram_mib: 0,
        vram_free: 0,
        share_max: 1000,
        share: 0,
        nvenc_free: 0,
        nvenc: 0,
        models: Vec::new(),
        health: Health::default(),
    };
    Snapshot {
        nodes: vec![Node {
            capacity: Vector::default(),
            free: Vector::default(),
            gpus: vec![gpu],
            running: Vec::new(),
        }],
        provider_slots: vec![1000],
        providers: vec![1000],
        order: (0..videos.len() as u32).collect(),
        served: vec![0; 4],
        videos,
        ..Snapshot::default()
    }
}

/// A video that needs the GPU for `work` seconds and is wanted after `deadline`.
fn video(id: u64, work: u64, deadline: u64, offers: Vec<Offer>) -> Video {
    Video {
        id,
        account: 0,
        class: Class::Standard,
        arrived: 0,
        deadline: deadline * SECOND,
        promise: deadline * SECOND,
        length: 1000,
        budget: Cost::MAX / 4,
        graph: Arc::new(Graph {
            jobs: Vec::new(),
            chunked: true,
        }),
        jobs: Vec::new(),
        latest_start_at: 0,
        outline: Outline {
            gpu: work * SECOND,
            path: work.min(1) * SECOND,
            offers,
            ..Outline::default()
        },
    }
}

fn exact() -> Options {
    Options {
        margin: 0,
        guard: 0,
        gpu_useful: 1000,
        promise_value: Cost::MAX / 4,
        ..Options::default()
    }
}

/// Whether these (work, deadline) can all be done in time.
fn fits(jobs: impl Iterator<Item = (u64, u64)>) -> bool {
    let mut jobs: Vec<(u64, u64)> = jobs.map(|(work, deadline)| (deadline, work)).collect();
    jobs.sort_unstable();
    let mut sum = 0;
    jobs.iter().all(|(deadline, work)| {
        sum += work;
        sum <= *deadline
    })
}

fn chosen<T: Copy>(all: &[T], set: u32) -> impl Iterator<Item = T> {
    let of = all.iter().enumerate();
    of.filter(move |(at, _)| set >> at & 1 == 1)
        .map(|(_, one)| *one)
}

proptest! {
    #[test]
    fn no_choice_of_what_to_give_up_keeps_more_promises(
        jobs in prop::collection::vec((1_u64..40, 1_u64..120), 1..9)
    ) {
        let most = (0_u32..1 << jobs.len())
            .filter(|set| fits(chosen(&jobs, *set)))
            .map(u32::count_ones)
            .max();
        let videos = jobs.iter().enumerate();
        let videos = videos.map(|(id, job)| video(id as u64, job.0, job.1, Vec::new()));
        let options = Options { buy: false, ..exact() };
        let plan = plan(0, &world(videos.collect()), &options);
        let kept = jobs.len() - plan.promises.len();
        prop_assert_eq!(Some(kept as u32), most);
        // Those that are kept fit; those that are not are promised a time that is later.
        let late: Vec<u32> = plan.promises.iter().map(|(slot, _)| *slot).collect();
        let of = jobs.iter().enumerate().filter(|(at, _)| !late.contains(&(*at as u32)));
        prop_assert!(fits(of.map(|(_, job)| *job)));
        prop_assert!(plan.promises.iter().all(|(_, at)| *at >= options.promise_step));
    }

    #[test]
    fn no_choice_of_what_to_buy_is_cheaper(
        jobs in prop::collection::vec((1_u64..4, 60_u64..200, 1_i64..1000), 1..6)
    ) {
        // Each video has some chunks of 20 s, each of which can be bought for its price.
        let mut chunks = Vec::new();
        let videos: Vec<Video> = jobs.iter().enumerate().map(|(id, &(count, deadline, price))| {
            let offers = (0..count).map(|job| {
                chunks.push((id, price));
                Offer {
                    job: job as u16,
                    backend: 1,
                    gpu: 20 * SECOND,
                    cpu: 0,
                    cost: price,
                    time: SECOND,
                    head: 0,
                    after: 0,
                    provider: Some(0),
                }
            });
            let offers = offers.collect();
            video(id as u64, 20 * count, deadline, offers)
        }).collect();
        let least = (0_u32..1 << chunks.len())
            .filter(|set| {
                let left = jobs.iter().enumerate().map(|(id, job)| {
                    let bought = chosen(&chunks, *set).filter(|chunk| chunk.0 == id).count() as u64;
                    (20 * (job.0 - bought), job.1)
                });
                fits(left)
            })
            .map(|set| chosen(&chunks, set).map(|chunk| chunk.1).sum::<i64>())
            .min();
        let plan = plan(0, &world(videos), &exact());
        prop_assert!(plan.promises.is_empty());
        let spent: i64 = plan.choices.iter().map(|(slot, ..)| jobs[*slot as usize].2).sum();
        prop_assert_eq!(Some(spent), least);
    }
}

#[test]
fn stills_are_bought_before_clips() {
    // 41.6 GPU-seconds for $0.13 beside 48 for $1.00.
    let offer = |job, gpu, cost| Offer {
        job,
        backend: job as u8 + 1,
        gpu: gpu * SECOND / 10,
        cpu: 0,
        cost,
        time: 12 * SECOND,
        head: 0,
        after: 0,
        provider: Some(0),
    };
    let videos: Vec<Video> = (0..8)
        .map(|id| {
            let offers = vec![offer(0, 416, 130_000), offer(1, 480, 1_000_000)];
            video(id, 90, 600, offers)
        })
        .collect();
    let plan = plan(0, &world(videos), &exact());
    assert_eq!(
        plan.choices.len(),
        3,
        "120 seconds too many are three times the stills"
    );
    assert!(plan.choices.iter().all(|(_, job, _)| *job == 0));
    assert_eq!(plan.gpu_second, 3125, "what a GPU-second is worth: $0.0031");
}

#[test]
fn order_follows_deadlines_where_they_bind_and_the_shortest_elsewhere() {
    let order = |videos| plan(0, &world(videos), &exact()).order;
    let loose = vec![
        video(0, 50, 9000, Vec::new()),
        video(1, 10, 9900, Vec::new()),
    ];
    assert_eq!(order(loose), [1, 0]);
    let options = Options {
        guard: 40 * SECOND,
        ..exact()
    };
    let tight = vec![video(0, 50, 60, Vec::new()), video(1, 10, 9900, Vec::new())];
    let plan = plan(0, &world(tight), &options);
    assert_eq!(plan.order, [0, 1]);
    assert_eq!(plan.latest_start_at[0], 10 * SECOND);
}

#[test]
fn what_a_kept_promise_is_not_worth_is_not_paid() {
    let offer = Offer {
        job: 0,
        backend: 1,
        gpu: 50 * SECOND,
        cpu: 0,
        cost: 5_000_000,
        time: SECOND,
        head: 0,
        after: 0,
        provider: Some(0),
    };
    let videos = || (0..3).map(|id| video(id, 50, 100, vec![offer])).collect();
    let dear = Options {
        promise_value: 1_000_000,
        ..exact()
    };
    let plan = plan(0, &world(videos()), &dear);
    assert!(plan.choices.is_empty());
    assert_eq!(plan.promises.len(), 1);
    let plan = super::plan(0, &world(videos()), &exact());
    assert_eq!((plan.choices.len(), plan.promises.len()), (1, 0));
}

#[test]
fn without_a_gpu_its_time_is_not_counted_on() {
    let mut seen = world((0..4).map(|id| video(id, 50, 300, Vec::new())).collect());
    seen.nodes.push(seen.nodes[0].clone());
    let options = Options {
        buy: false,
        ..exact()
    };
    for video in &mut seen.videos {
        video.deadline = 110 * SECOND;
        video.promise = video.deadline;
    }
    assert!(plan(0, &seen, &options).promises.is_empty());
    seen.nodes[1].gpus[0].health.notice(0, Sign::Lost);
    assert_eq!(plan(0, &seen, &options).promises.len(), 2);
}
