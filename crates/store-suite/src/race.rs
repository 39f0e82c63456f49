//! Calls that race for a budget, with processes that die in the middle: the provider's own bill never
//! passes the cap.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ledger::{Budget, BudgetOf, Hold, Outcome, Posting};
use store::{Error, Lease, Store};
use ytempire_core::{MicroUsd, Stage, Timestamp};

use crate::World;

/// What each call may cost, and what all of them may.
const CALL: i64 = 120_000;
const CAP: i64 = 3_000_000;

/// Has `calls` calls of $0.12 race for $3.00, of one video or, where `by_day`, of eight videos for a
/// day of their provider, for each seed.
///
/// A tenth of the callers die before the request leaves, a tenth
/// after the provider has billed it. Returns how many were granted in all.
///
/// # Panics
/// Where the provider's own bill passes the cap, or the books say less than it.
pub async fn race<F, Fut>(make: F, seeds: std::ops::Range<u64>, calls: u64, by_day: bool) -> u64
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn Store>>,
{
    let mut granted = 0;
    for seed in seeds {
        granted += once(&World::over(make().await), seed, calls, by_day).await;
    }
    granted
}

/// Numbers that follow from a seed: an LCG by Knuth, its upper half.
struct Chance(u64);

impl Chance {
    const fn below(&mut self, end: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % end
    }
}

/// One call.
struct Call {
    lease: Lease,
    hold: Hold,
    cost: i64,
}

impl Call {
    /// Reserves, sends, is billed and settles, unless it dies. 1 if it was granted.
    async fn run(self, store: &dyn Store, now: Timestamp, dies: i64, bill: &AtomicI64) -> u64 {
        let (lease, id, cost) = (self.lease, self.hold.id, self.cost);
        match store.transfer_hold(now, lease, vec![self.hold]).await {
            Ok(()) => {}
            Err(Error::BudgetExceeded(_)) => return 0,
            Err(e) => panic!("{e}"),
        }
        if dies == 0 {
            return 1;
        }
        store.transfer_mark_sent(now, lease, &[id]).await.unwrap();
        bill.fetch_add(cost, Ordering::Relaxed);
        if dies == 1 {
            return 1;
        }
        let quantity = cost as u64;
        let outcome = Outcome::Post { quantity };
        let postings = vec![Posting { id, outcome }];
        let settled = store.transfer_settle(now, lease, postings, vec![]).await;
        settled.unwrap();
        1
    }
}

async fn once(world: &World, seed: u64, calls: u64, by_day: bool) -> u64 {
    let mut chance = Chance(seed);
    let mut jobs = Vec::new();
    for n in 0..if by_day { 8 } else { 1 } {
        let key = format!("{n}");
        world
            .submit(&key, vec![world.job(Stage::Script, &[])])
            .await;
        jobs.push(world.claim(1).await.remove(0));
    }
    let of = BudgetOf::Provider("fake".to_owned());
    if by_day {
        let budget = Budget::of_day(of.clone(), MicroUsd(CAP), &[100]);
        world.store.budget_set(world.now(), budget).await.unwrap();
    }
    let bill = Arc::new(AtomicI64::new(0));
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..calls {
        let (store, now, hold) = (
            Arc::clone(&world.store),
            world.now(),
            world.hold(CALL as u64),
        );
        let lease = jobs[n as usize % jobs.len()].lease;
        let (dies, cost) = (chance.below(10), chance.below(CALL + 1));
        let bill = Arc::clone(&bill);
        let call = Call { lease, hold, cost };
        racing.spawn(async move { call.run(&*store, now, dies, &bill).await });
    }
    let granted = racing.join_all().await.into_iter().sum();
    let billed = bill.load(Ordering::Relaxed);
    assert!(billed <= CAP, "seed {seed}: {billed} was billed");
    let days = world.store.day_list("", "9").await.unwrap();
    let day = days
        .iter()
        .find(|day| day.of == of)
        .expect("something was paid");
    let books = day.account.posted.0 + day.account.pending.0;
    assert!(
        billed <= books && books <= CAP,
        "seed {seed}: {billed} {books}"
    );
    // Whoever died is taken back: what was not sent is free again, what was sent stays.
    for job in &jobs {
        world
            .store
            .job_release(world.now(), job.lease)
            .await
            .unwrap();
    }
    let days = world.store.day_list("", "9").await.unwrap();
    let after = days
        .iter()
        .find(|day| day.of == of)
        .expect("it is still there");
    let after = after.account.posted.0 + after.account.pending.0;
    assert!(
        billed <= after && after <= books,
        "seed {seed}: {billed} {after} {books}"
    );
    granted
}
