//! Calls that race for the money of videos and days, while callers end in the middle and a node is taken
//! for dead. Who is paid keeps a bill of its own.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use ledger::{Budget, BudgetOf, Hold, Outcome, Posting};
use store::{Error, Lease, Store};
use tokio::task::JoinSet;
use ytempire_core::{MicroUsd, Stage, Timestamp, TransferId};

use crate::World;
use crate::world::completed;

/// What a call costs: 25 of them are a day's $3.00.
const CALL: u64 = 120_000;
const DAY: MicroUsd = MicroUsd(3_000_000);

/// Micro-dollars by the reservation that the call named.
type Bill = Arc<Mutex<BTreeMap<TransferId, i64>>>;

/// A paid call: what is sent is billed, whatever becomes of who sent it.
async fn spend(
    store: Arc<dyn Store>,
    (now, lease): (Timestamp, Lease),
    hold: Hold,
    bill: Bill,
) -> store::Result<()> {
    let id = hold.id;
    store.transfer_hold(now, lease, vec![hold]).await?;
    store.transfer_mark_sent(now, lease, &[id]).await?;
    bill.lock().unwrap().insert(id, CALL as i64);
    tokio::task::yield_now().await;
    let outcome = Outcome::Post { quantity: CALL };
    let postings = vec![Posting { id, outcome }];
    store.transfer_settle(now, lease, postings, vec![]).await
}

/// `life`, ended at its wait number `waits`: `None` then.
async fn mortal<T>(life: impl Future<Output = T>, mut waits: usize) -> Option<T> {
    let mut life = pin!(life);
    poll_fn(|context| match life.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if waits == 0 => Poll::Ready(None),
        Poll::Pending => {
            waits -= 1;
            Poll::Pending
        }
    })
    .await
}

impl World {
    /// Has `calls` callers spend by these leases; every third ends at one of its waits if `some_die`.
    fn call(&self, leases: &[Lease], calls: usize, some_die: bool, bill: &Bill) -> Calls {
        let mut callers = JoinSet::new();
        for n in 0..calls {
            let (store, bill) = (Arc::clone(&self.store), Arc::clone(bill));
            let at = (self.now(), leases[n % leases.len()]);
            let life = spend(store, at, self.hold(CALL), bill);
            let waits = if some_die && n % 3 == 0 {
                n / 3 % 8
            } else {
                usize::MAX
            };
            callers.spawn(async move { mortal(life, waits).await });
        }
        callers
    }
}

type Calls = JoinSet<Option<store::Result<()>>>;

/// Waits for so many; anything but a refusal, a death or a lease that was lost is a failure.
async fn ended(callers: &mut Calls, count: usize) {
    for _ in 0..count {
        let Some(done) = callers.join_next().await else {
            return;
        };
        match done.unwrap() {
            None | Some(Ok(()) | Err(Error::BudgetExceeded(_) | Error::LeaseLost)) => {}
            Some(Err(e)) => panic!("{e}"),
        }
    }
}

pub(crate) async fn no_bill_of_racing_calls_passes_a_day_or_is_unknown_to_the_books(world: World) {
    let provider = BudgetOf::Provider("fake".to_owned());
    let budget = Budget::of_day(provider.clone(), DAY, &[100]);
    world.store.budget_set(world.now(), budget).await.unwrap();
    let mut videos = Vec::new();
    for key in ["a", "b"] {
        videos.push(
            world
                .submit(key, vec![world.job(Stage::Script, &[])])
                .await
                .id,
        );
    }
    let bill = Bill::default();
    let leases = |claimed: Vec<store::LeasedJob>| -> Vec<Lease> {
        claimed.into_iter().map(|job| job.lease).collect()
    };
    let first = leases(world.claim(2).await);
    let mut callers = world.call(&first, 64, true, &bill);
    ended(&mut callers, 20).await;
    // Callers of the node that is taken for dead still call.
    world
        .store
        .job_rescue(world.now(), &[world.node])
        .await
        .unwrap();
    let other = world.other_node();
    let second = leases(world.claim_of(&Stage::ALL, 2, other).await);
    let mut others = world.call(&second, 64, false, &bill);
    ended(&mut callers, 64).await;
    ended(&mut others, 64).await;
    let bill = bill.lock().unwrap().clone();
    assert!(bill.values().sum::<i64>() <= DAY.0, "{bill:?}");
    let mut counted = 0;
    for &video in &videos {
        for transfer in world.transfers(video).await {
            let billed = bill.get(&transfer.id).copied().unwrap_or_default();
            assert!(
                transfer.counted().0 >= billed,
                "{transfer:?} was billed at {billed}"
            );
            counted += transfer.counted().0;
        }
    }
    // Who came last took all that was left: nothing stays reserved for those who ended.
    assert_eq!(counted, DAY.0);
    for lease in second {
        world.settle(lease, completed(vec![])).await.unwrap();
    }
    let days = world
        .store
        .day_list("2026-01-01", "2026-01-01")
        .await
        .unwrap();
    let day = days
        .into_iter()
        .find(|day| day.of == provider)
        .unwrap()
        .account;
    assert_eq!(day.pending.0 + day.posted.0, DAY.0);
}
