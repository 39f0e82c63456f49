//! `budget_set`, `budget_remove`, `budget_list`, `day_list`, `backend_switch`, `backends_off`, and days as
//! scopes of `transfer_hold` and of what settles.

use std::sync::Arc;
use std::time::Duration;

use ledger::{Account, Budget, BudgetOf, Hold, HoldRefused, Outcome, Posting};
use store::{Error, JobOutcome, LeasedJob, Settlement};
use ytempire_core::{AccountId, Code, EventKind, JobState, MicroUsd, Stage, TransferId, VideoId};

use crate::World;
use crate::world::completed;

const TODAY: &str = "2026-01-01";

impl World {
    async fn budget(&self, of: BudgetOf, micros: i64) {
        let budget = Budget::of_day(of, MicroUsd(micros), &[50, 80, 100]);
        let set = self.store.budget_set(self.now(), budget).await;
        set.expect("a budget is set");
    }

    async fn reserve(&self, job: &LeasedJob, hold: Hold) -> Result<TransferId, Box<HoldRefused>> {
        let id = hold.id;
        let held = self.store.transfer_hold(self.now(), job.lease, vec![hold]);
        match held.await {
            Ok(()) => Ok(id),
            Err(Error::BudgetExceeded(refused)) => Err(refused),
            Err(e) => panic!("{e}"),
        }
    }

    async fn post(&self, job: &LeasedJob, id: TransferId, quantity: u64) {
        let outcome = Outcome::Post { quantity };
        let postings = vec![Posting { id, outcome }];
        let settled = self
            .store
            .transfer_settle(self.now(), job.lease, postings, vec![]);
        settled.await.expect("a reservation is settled");
    }

    /// The account of somebody's day.
    async fn day(&self, of: &BudgetOf, date: &str) -> Option<Account> {
        let days = self
            .store
            .day_list(date, date)
            .await
            .expect("days are listed");
        let mut days = days.into_iter().filter(|day| day.of == *of);
        days.next().map(|day| day.account)
    }

    /// A video of a channel with one claimed job.
    async fn one_of(&self, key: &str, channel: Option<&store::ChannelRow>) -> LeasedJob {
        let mut new = self.submission(key, vec![self.job(Stage::Script, &[])]);
        new.channel = channel.map(|channel| channel.id);
        self.store.video_submit(self.now(), new).await.unwrap();
        self.claim(1).await.remove(0)
    }
}

fn provider() -> BudgetOf {
    BudgetOf::Provider("fake".to_owned())
}

const LOCAL: BudgetOf = BudgetOf::Account(AccountId::LOCAL);

pub(crate) async fn budgets_are_set_listed_and_removed(world: World) {
    assert_eq!(world.store.budget_list().await.unwrap(), []);
    world.budget(BudgetOf::Global, 10_000_000).await;
    world.budget(provider(), 4_000_000).await;
    world.budget(BudgetOf::Global, 20_000_000).await;
    let [global, of_provider] = &world.store.budget_list().await.unwrap()[..] else {
        panic!("two are set");
    };
    assert_eq!(
        (&global.of, global.cap),
        (&BudgetOf::Global, MicroUsd(20_000_000))
    );
    let thresholds = [10_000_000, 16_000_000, 20_000_000].map(MicroUsd);
    assert_eq!(global.thresholds, thresholds);
    assert_eq!(of_provider.of, provider());
    let remove = || world.store.budget_remove(world.now(), BudgetOf::Global);
    assert!(remove().await.unwrap() && !remove().await.unwrap());
    assert_eq!(world.store.budget_list().await.unwrap().len(), 1);
}

pub(crate) async fn what_is_paid_is_counted_by_day_and_nothing_else_is(world: World) {
    let sea = world.channel("sea");
    world.store.channel_add(sea.clone()).await.unwrap();
    let job = world.one_of("v", Some(&sea)).await;
    let mut own = world.hold(500);
    own.price.imputed = true;
    let mut free = world.hold(500);
    free.price.price = ytempire_core::UnitPrice("0".parse().unwrap());
    world.reserve(&job, own).await.unwrap();
    world.reserve(&job, free).await.unwrap();
    assert_eq!(world.store.day_list("", "9").await.unwrap(), []);
    let paid = world.reserve(&job, world.hold(500)).await.unwrap();
    let of = [
        BudgetOf::Global,
        LOCAL,
        BudgetOf::Channel(sea.id),
        provider(),
    ];
    for of in &of {
        let day = world.day(of, TODAY).await.expect("a day is there");
        assert_eq!(
            (day.pending, day.posted),
            (MicroUsd(500), MicroUsd::ZERO),
            "{of}"
        );
    }
    world.post(&job, paid, 120).await;
    for of in &of {
        let day = world.day(of, TODAY).await.unwrap();
        assert_eq!(
            (day.pending, day.posted),
            (MicroUsd::ZERO, MicroUsd(120)),
            "{of}"
        );
    }
    let mut listed: Vec<BudgetOf> = Vec::new();
    for day in world.store.day_list(TODAY, TODAY).await.unwrap() {
        assert_eq!(day.date, TODAY);
        listed.push(day.of);
    }
    assert_eq!(listed.len(), 4);
}

pub(crate) async fn a_full_day_refuses_names_its_holders_and_writes_nothing(world: World) {
    let (sea, space) = (world.channel("sea"), world.channel("space"));
    for channel in [&sea, &space] {
        world.store.channel_add(channel.clone()).await.unwrap();
    }
    world.budget(BudgetOf::Channel(sea.id), 1_000).await;
    let (first, second) = (
        world.one_of("a", Some(&sea)).await,
        world.one_of("b", Some(&sea)).await,
    );
    let paid = world.reserve(&first, world.hold(300)).await.unwrap();
    world.post(&first, paid, 200).await;
    world.reserve(&first, world.hold(700)).await.unwrap();
    // Two together don't fit, though one of them would.
    let pair = vec![world.hold(60), world.hold(60)];
    let Err(Error::BudgetExceeded(refused)) = world
        .store
        .transfer_hold(world.now(), second.lease, pair)
        .await
    else {
        panic!("more was granted than the day has");
    };
    assert_eq!(
        (refused.asked, refused.cap),
        (MicroUsd(60), MicroUsd(1_000))
    );
    assert_eq!(
        (refused.pending, refused.posted),
        (MicroUsd(760), MicroUsd(200))
    );
    assert_eq!(refused.holders, [(first.video, MicroUsd(700))]);
    assert_eq!(refused.resets_in(), Some(Duration::from_hours(24)));
    assert!(
        refused.to_string().contains("2026-01-02T00:00:00"),
        "{refused}"
    );
    assert!(world.transfers(second.video).await.is_empty());
    let global = world.day(&BudgetOf::Global, TODAY).await.unwrap();
    assert_eq!(
        global.pending,
        MicroUsd(700),
        "nothing is left behind in other days"
    );
    // What costs nothing, what our own machine does, and other channels are not concerned.
    let mut own = world.hold(9_000);
    own.price.imputed = true;
    world.reserve(&second, own).await.unwrap();
    let other = world.one_of("c", Some(&space)).await;
    world.reserve(&other, world.hold(2_000)).await.unwrap();
    world.reserve(&second, world.hold(100)).await.unwrap();
}

pub(crate) async fn days_begin_where_their_owner_is(world: World) {
    // It is the first of January in UTC, seven in the evening of the day before in New York.
    let mut sea = world.channel("sea");
    sea.zone = Some("Asia/Tokyo".to_owned());
    world.store.channel_add(sea.clone()).await.unwrap();
    let zone = "America/New_York";
    world
        .store
        .account_zone(AccountId::LOCAL, zone)
        .await
        .unwrap();
    let job = world.one_of("v", Some(&sea)).await;
    let mut hold = world.hold(5);
    "America/Los_Angeles".clone_into(&mut hold.day_zone);
    world.reserve(&job, hold).await.unwrap();
    let old = "2025-12-31";
    for (of, date) in [
        (BudgetOf::Global, TODAY),
        (LOCAL, old),
        (BudgetOf::Channel(sea.id), TODAY),
        (provider(), old),
    ] {
        assert!(world.day(&of, date).await.is_some(), "{of} {date}");
    }
    assert_eq!(world.store.day_list(old, TODAY).await.unwrap().len(), 4);
    // A channel without a zone follows its account.
    let space = world.channel("space");
    world.store.channel_add(space.clone()).await.unwrap();
    let job = world.one_of("w", Some(&space)).await;
    world.reserve(&job, world.hold(5)).await.unwrap();
    assert!(world.day(&BudgetOf::Channel(space.id), old).await.is_some());
}

pub(crate) async fn what_was_reserved_yesterday_is_settled_into_yesterday(world: World) {
    world.budget(BudgetOf::Global, 1_000).await;
    let job = world.one_of("v", None).await;
    let kept = world.reserve(&job, world.hold(900)).await.unwrap();
    assert!(world.reserve(&job, world.hold(200)).await.is_err());
    world.clock.advance(Duration::from_hours(24));
    let until = world.now().after(Duration::from_mins(1));
    let lost = world
        .store
        .job_heartbeat(world.now(), &[job.lease], until)
        .await;
    assert_eq!(lost.unwrap(), []);
    // A new day has its whole budget, though yesterday's is still reserved.
    let new = world.reserve(&job, world.hold(1_000)).await.unwrap();
    world.post(&job, kept, 850).await;
    let of_day = |date: &'static str| world.day(&BudgetOf::Global, date);
    let (old, today) = (
        of_day(TODAY).await.unwrap(),
        of_day("2026-01-02").await.unwrap(),
    );
    assert_eq!((old.pending, old.posted), (MicroUsd::ZERO, MicroUsd(850)));
    assert_eq!(
        (today.pending, today.posted),
        (MicroUsd(1_000), MicroUsd::ZERO)
    );
    // Also by what ends the attempt: given back, and kept where it was sent.
    let sent = world.reserve(&job, world.hold(0)).await.unwrap();
    let sent = [sent];
    let marked = world
        .store
        .transfer_mark_sent(world.now(), job.lease, &sent);
    marked.await.unwrap();
    world
        .store
        .job_release(world.now(), job.lease)
        .await
        .unwrap();
    let today = of_day("2026-01-02").await.unwrap();
    assert_eq!(today.pending, MicroUsd::ZERO, "{new}");
}

pub(crate) async fn a_lower_budget_refuses_more_and_a_higher_one_wakes_who_waits(world: World) {
    world.budget(BudgetOf::Global, 1_000).await;
    let job = world.one_of("v", None).await;
    let held = world.reserve(&job, world.hold(600)).await.unwrap();
    world.budget(BudgetOf::Global, 500).await;
    let refused = world.reserve(&job, world.hold(1)).await.unwrap_err();
    assert_eq!(
        (refused.remaining, refused.cap),
        (MicroUsd::ZERO, MicroUsd(500))
    );
    // What was reserved before is settled all the same.
    world.post(&job, held, 600).await;
    let day = world.day(&BudgetOf::Global, TODAY).await.unwrap();
    assert_eq!(day.posted, MicroUsd(600));
    let snooze = JobOutcome::Snooze {
        until: world.now().after(refused.resets_in().unwrap()),
        code: Code::DayExhausted,
        text: refused.to_string(),
    };
    world.settle(job.lease, snooze).await.unwrap();
    assert!(world.claim(1).await.is_empty());
    world.budget(BudgetOf::Global, 2_000).await;
    let again = world.claim(1).await.remove(0);
    assert_eq!(again.lease.job, job.lease.job);
    world.reserve(&again, world.hold(1_400)).await.unwrap();
    let removed = world
        .store
        .budget_remove(world.now(), BudgetOf::Global)
        .await;
    assert!(removed.unwrap());
    world.reserve(&again, world.hold(900_000)).await.unwrap();
}

pub(crate) async fn racing_holds_never_pass_a_day(world: World) {
    world.budget(provider(), 3_000_000).await;
    let mut jobs = Vec::new();
    for n in 0..8 {
        jobs.push(world.one_of(&n.to_string(), None).await);
    }
    let mut holding = tokio::task::JoinSet::new();
    for n in 0..64 {
        let (store, now, hold) = (Arc::clone(&world.store), world.now(), world.hold(120_000));
        let lease = jobs[n % jobs.len()].lease;
        holding.spawn(async move { store.transfer_hold(now, lease, vec![hold]).await });
    }
    let mut granted = 0;
    for held in holding.join_all().await {
        match held {
            Ok(()) => granted += 1,
            Err(Error::BudgetExceeded(refused)) => assert!(refused.day.is_some()),
            Err(e) => panic!("{e}"),
        }
    }
    assert_eq!(granted, 25);
    let day = world.day(&provider(), TODAY).await.unwrap();
    assert_eq!(day.pending, MicroUsd(3_000_000));
}

/// Eight settle at once, of several videos, into the same days.
pub(crate) async fn thresholds_of_days_are_announced_once(world: World) {
    world.budget(BudgetOf::Global, 1_000_000).await;
    world.budget(provider(), 2_000_000).await;
    let mut open = Vec::new();
    for n in 0..8 {
        let job = world.one_of(&n.to_string(), None).await;
        let id = world.reserve(&job, world.hold(125_000)).await.unwrap();
        open.push((job, id));
    }
    let videos: Vec<VideoId> = open.iter().map(|(job, _)| job.video).collect();
    let mut settling = tokio::task::JoinSet::new();
    for (job, id) in open {
        let (store, now) = (Arc::clone(&world.store), world.now());
        let outcome = Outcome::Post { quantity: 125_000 };
        let settlement = Settlement {
            lease: job.lease,
            outcome: completed(vec![]),
            postings: vec![Posting { id, outcome }],
            events: vec![],
        };
        settling.spawn(async move { store.job_settle(now, settlement).await });
    }
    for settled in settling.join_all().await {
        settled.unwrap();
    }
    let mut told = Vec::new();
    for video in videos {
        let events = world.store.event_list(video, 0, 1000).await.unwrap();
        let events = events
            .into_iter()
            .filter(|e| e.kind == EventKind::BudgetThreshold);
        told.extend(events.map(|event| {
            let scope = event.detail["scope"].as_str().unwrap().to_owned();
            (scope, event.detail["threshold_micro_usd"].as_i64().unwrap())
        }));
    }
    told.sort();
    let (global, of_provider) = ("day:global:2026-01-01", "day:provider:fake:2026-01-01");
    let wanted = [
        (global, 500_000),
        (global, 800_000),
        (global, 1_000_000),
        (of_provider, 1_000_000),
    ];
    let wanted = wanted.map(|(scope, threshold)| (scope.to_owned(), threshold));
    assert_eq!(told, wanted);
}

pub(crate) async fn thresholds_of_videos_are_as_they_are_set(world: World) {
    let usual = world.one_of("usual", None).await;
    let budget = Budget {
        thresholds: vec![MicroUsd(1_000), MicroUsd(2_000_000)],
        ..Budget::default()
    };
    world.store.budget_set(world.now(), budget).await.unwrap();
    let lower = world.one_of("lower", None).await;
    let mut told = Vec::new();
    for job in [&usual, &lower] {
        let id = world.reserve(job, world.hold(2_600_000)).await.unwrap();
        world.post(job, id, 2_600_000).await;
        let events = world.store.event_list(job.video, 0, 100).await.unwrap();
        let events = events
            .into_iter()
            .filter(|e| e.kind == EventKind::BudgetThreshold);
        let amounts = events.map(|e| e.detail["threshold_micro_usd"].as_i64().unwrap());
        told.push(amounts.collect::<Vec<_>>());
    }
    // A video keeps what held when it was accepted.
    assert_eq!(told, [vec![2_500_000], vec![1_000, 2_000_000]]);
}

pub(crate) async fn a_backend_that_is_off_gets_nothing(world: World) {
    let job = world.one_of("v", None).await;
    let before = world.reserve(&job, world.hold(10)).await.unwrap();
    let switch =
        |reason: Option<&'static str>| world.store.backend_switch(world.now(), "fake", reason);
    assert!(switch(Some("bills twice")).await.unwrap());
    assert!(!switch(Some("bills three times")).await.unwrap());
    let off = world.store.backends_off().await.unwrap();
    assert_eq!((off.len(), off[0].name.as_str()), (1, "fake"));
    assert_eq!(off[0].reason, "bills three times");
    let refused = |result: store::Result<()>| match result {
        Err(Error::BackendOff(name)) => assert_eq!(name, "fake"),
        other => panic!("{other:?}"),
    };
    let holds = vec![world.hold(10)];
    refused(
        world
            .store
            .transfer_hold(world.now(), job.lease, holds)
            .await,
    );
    let before = [before];
    let sent = world
        .store
        .transfer_mark_sent(world.now(), job.lease, &before);
    refused(sent.await);
    let state = world.transfers(job.video).await[0].state;
    assert_eq!(state, ledger::TransferState::Pending, "it has not left");
    // Others, and what our own machine does, go on.
    let mut other = world.hold(10);
    "other".clone_into(&mut other.backend);
    world.reserve(&job, other).await.unwrap();
    let snooze = JobOutcome::Snooze {
        until: world.now().after(Duration::from_mins(1)),
        code: Code::BackendOff,
        text: "off".to_owned(),
    };
    world.settle(job.lease, snooze).await.unwrap();
    let row = world.job_row(job.video, job.lease.job).await;
    assert_eq!(row.state, JobState::Scheduled);
    assert!(switch(None).await.unwrap() && !switch(None).await.unwrap());
    let again = world.claim(1).await.remove(0);
    world.reserve(&again, world.hold(10)).await.unwrap();
    assert_eq!(world.store.backends_off().await.unwrap(), []);
}
