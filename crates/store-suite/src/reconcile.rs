//! `transfer_paid`, `transfer_reconcile`, `adjustment_list`.

use std::time::Duration;

use ledger::{Outcome, Posting, Receipt, TransferState};
use store::{LeasedJob, Reconciled, Reconciliation};
use ytempire_core::{EventKind, MicroUsd, TransferId};

use crate::World;

async fn sent(world: &World, job: &LeasedJob, units: u64) -> TransferId {
    let hold = world.hold(units);
    let ids = [hold.id];
    let held = world
        .store
        .transfer_hold(world.now(), job.lease, vec![hold]);
    held.await.unwrap();
    let sent = world.store.transfer_mark_sent(world.now(), job.lease, &ids);
    sent.await.unwrap();
    ids[0]
}

async fn ends(world: &World, job: &LeasedJob, id: TransferId, outcome: Outcome) {
    let postings = vec![Posting { id, outcome }];
    let settled = world
        .store
        .transfer_settle(world.now(), job.lease, postings, vec![]);
    settled.await.unwrap();
}

async fn reconcile(world: &World, billed: &[(TransferId, i64)], unknown_only: bool) -> Reconciled {
    let reconciliation = Reconciliation {
        billed: billed
            .iter()
            .map(|(id, amount)| (*id, MicroUsd(*amount)))
            .collect(),
        unknown_only,
        source: "bill of January".to_owned(),
    };
    let done = world.store.transfer_reconcile(world.now(), reconciliation);
    done.await.unwrap()
}

pub(crate) async fn a_bill_settles_what_was_unknown_where_it_was_counted(world: World) {
    let (video, job) = world.one_running().await;
    let lost = sent(&world, &job, 900).await;
    ends(&world, &job, lost, Outcome::Unknown).await;
    let day = || async {
        let days = world
            .store
            .day_list("2026-01-01", "2026-01-01")
            .await
            .unwrap();
        days.iter()
            .map(|day| (day.account.pending.0, day.account.posted.0))
            .collect::<Vec<_>>()
    };
    assert_eq!(day().await, [(900, 0); 3]);
    // A week later the bill comes, when the attempt is over.
    world
        .store
        .job_release(world.now(), job.lease)
        .await
        .unwrap();
    world.clock.advance(Duration::from_hours(168));
    let done = reconcile(&world, &[(lost, 640)], false).await;
    assert_eq!(
        done,
        Reconciled {
            settled: 1,
            adjusted: 0
        }
    );
    let transfers = world.transfers(video.id).await;
    let charge = &transfers[0];
    assert_eq!(
        (charge.state, charge.posted),
        (TransferState::Reconciled, MicroUsd(640))
    );
    assert_eq!(
        day().await,
        [(0, 640); 3],
        "in the day on which it was reserved"
    );
    assert!(
        world
            .kinds(video.id)
            .await
            .contains(&EventKind::BudgetReconciled)
    );
    let receipt = Receipt::of(video.id, "t", video.budget, &transfers);
    assert!(receipt.adds_up());
    assert_eq!(
        (receipt.cash, receipt.unknown),
        (MicroUsd(640), MicroUsd::ZERO)
    );
    // The same bill again, and the deadline, change nothing.
    assert_eq!(
        reconcile(&world, &[(lost, 640)], false).await,
        Reconciled::default()
    );
    assert_eq!(
        reconcile(&world, &[(lost, 900)], true).await,
        Reconciled::default()
    );
}

pub(crate) async fn a_bill_above_its_reservation_is_an_overrun_also_later(world: World) {
    let (video, job) = world.one_running().await;
    let lost = sent(&world, &job, 900).await;
    ends(&world, &job, lost, Outcome::Unknown).await;
    reconcile(&world, &[(lost, 1_000)], false).await;
    assert!(
        world
            .kinds(video.id)
            .await
            .contains(&EventKind::BudgetOverrun)
    );
    let holds = vec![world.hold(1)];
    let refused = world
        .store
        .transfer_hold(world.now(), job.lease, holds)
        .await;
    assert!(refused.is_err(), "the video has nothing left");
}

pub(crate) async fn differences_are_posted_as_adjustments_once(world: World) {
    let (video, job) = world.one_running().await;
    let (charge, open) = (sent(&world, &job, 900).await, sent(&world, &job, 50).await);
    ends(&world, &job, charge, Outcome::Post { quantity: 800 }).await;
    let nobody = TransferId::fresh(&world.ids, world.now());
    let bills = [(charge, 850), (open, 40), (nobody, 7)];
    let done = reconcile(&world, &bills, false).await;
    assert_eq!(
        done,
        Reconciled {
            settled: 0,
            adjusted: 1
        }
    );
    assert_eq!(
        reconcile(&world, &bills, false).await,
        Reconciled::default()
    );
    // A refund later: what was billed in all.
    assert_eq!(reconcile(&world, &[(charge, 0)], false).await.adjusted, 1);
    let posted = world.store.adjustment_list(Some(video.id)).await.unwrap();
    let amounts: Vec<i64> = posted
        .iter()
        .map(|adjustment| adjustment.amount.0)
        .collect();
    assert_eq!(amounts, [50, -850]);
    assert_eq!(
        (posted[0].transfer, posted[0].provider.as_str()),
        (charge, "fake")
    );
    assert_eq!(world.store.adjustment_list(None).await.unwrap(), posted);
    let told = world.kinds(video.id).await;
    let told = told
        .iter()
        .filter(|kind| **kind == EventKind::BudgetAdjusted);
    assert_eq!(told.count(), 2);
    // What was charged to the video stays as it was.
    let charged = world.transfers(video.id).await;
    let charged = charged
        .iter()
        .find(|transfer| transfer.id == charge)
        .unwrap();
    assert_eq!(
        (charged.state, charged.posted),
        (TransferState::Posted, MicroUsd(800))
    );
}

pub(crate) async fn paid_transfers_are_listed_by_provider_and_time(world: World) {
    let (_, job) = world.one_running().await;
    let first = sent(&world, &job, 5).await;
    let mut own = world.hold(5);
    own.price.imputed = true;
    let mut other = world.hold(5);
    "other".clone_into(&mut other.backend);
    let other_id = other.id;
    let held = world
        .store
        .transfer_hold(world.now(), job.lease, vec![own, other]);
    held.await.unwrap();
    let start = world.now();
    world.clock.advance(Duration::from_secs(5));
    let later = sent(&world, &job, 5).await;
    let paid = async |provider: Option<&str>, from, until| {
        let paid = world
            .store
            .transfer_paid(provider, from, until)
            .await
            .unwrap();
        paid.iter().map(|transfer| transfer.id).collect::<Vec<_>>()
    };
    let end = world.now().after(Duration::from_secs(1));
    let all = paid(None, start, end).await;
    assert!(all.len() == 3 && all[2] == later && all.contains(&other_id));
    assert_eq!(paid(Some("fake"), start, end).await, [first, later]);
    assert_eq!(paid(Some("fake"), start, world.now()).await, [first]);
    assert_eq!(paid(Some("fake"), world.now(), end).await, [later]);
}
