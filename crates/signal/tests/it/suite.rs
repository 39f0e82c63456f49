//! What every signal does, whichever way it goes. Cases get three nodes that share.

#![expect(clippy::unwrap_used, reason = "cases are test code")]

use std::sync::Arc;
use std::time::Duration;

use signal::{
    MESSAGE_MAX, Permit, PermitAnswer, Rate, Signal, Subscription, Take, VALUE_MAX, Woken,
};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{HANGS, at};

type Nodes = Vec<Arc<dyn Signal>>;

pub(crate) async fn exercise(make: impl AsyncFn(&str) -> Nodes) {
    macro_rules! run {
        ($($case:ident),* $(,)?) => {
            $(
                println!("case {}", stringify!($case));
                timeout(HANGS, $case(make(stringify!($case)).await)).await.expect("it hangs");
            )*
        };
    }
    run!(
        a_wake_up_before_the_wait_is_found_by_it,
        as_many_wake_as_there_are_jobs,
        a_bucket_gives_all_nodes_together_its_burst_and_rate,
        racing_takes_never_pass_the_burst,
        permits_are_as_many_as_the_limit_and_end_with_their_lease,
        racing_for_permits_never_passes_the_limit,
        messages_arrive_in_order_and_only_of_the_topic,
        a_slow_reader_loses_the_oldest_and_knows_how_many,
        cached_values_live_for_their_time,
    );
}

async fn a_wake_up_before_the_wait_is_found_by_it(nodes: Nodes) {
    nodes[0].wake(1).await;
    assert_eq!(nodes[1].waiting(HANGS).await, Woken::Signal);
    nodes[0].wake(0).await;
    assert_eq!(nodes[1].waiting(Duration::ZERO).await, Woken::TimedOut);
}

async fn as_many_wake_as_there_are_jobs(nodes: Nodes) {
    let mut waiters = JoinSet::new();
    for node in nodes.iter().cycle().take(9) {
        let node = Arc::clone(node);
        waiters.spawn(async move { node.waiting(HANGS).await });
    }
    for jobs in [2, 7] {
        nodes[0].wake(jobs).await;
        for _ in 0..jobs {
            assert_eq!(waiters.join_next().await.unwrap().unwrap(), Woken::Signal);
        }
    }
    // Had the two woken more than two, some of the seven would be left.
    assert!(waiters.is_empty());
    assert_eq!(
        nodes[2].waiting(Duration::from_millis(50)).await,
        Woken::TimedOut
    );
}

const RATE: Rate = Rate {
    tokens: 10,
    per: Duration::from_secs(1),
    burst: 4,
};

async fn a_bucket_gives_all_nodes_together_its_burst_and_rate(nodes: Nodes) {
    let take = async |node: usize, ms, cost| nodes[node].take(at(ms), "b", RATE, cost).await;
    assert_eq!(take(0, 0, 3).await, Take::Granted);
    assert_eq!(take(1, 0, 1).await, Take::Granted);
    for node in 0..3 {
        // A node that took much itself needn't ask, and then knows less.
        let Take::RetryAfter(wait) = take(node, 0, 2).await else {
            panic!("there is none left");
        };
        assert!((1..=200).contains(&wait.as_millis()), "{wait:?}");
        assert_eq!(take(node, 0, 5).await, Take::TooMany);
    }
    assert_eq!(take(2, 200, 2).await, Take::Granted);
    // Others are apart, and a clock that is set back makes no tokens.
    assert_eq!(nodes[2].take(at(200), "c", RATE, 4).await, Take::Granted);
    assert!(matches!(take(0, 100, 1).await, Take::RetryAfter(_)));
    assert_eq!(take(1, 60_000, 4).await, Take::Granted);
    assert!(matches!(take(0, 60_000, 1).await, Take::RetryAfter(_)));
}

async fn racing_takes_never_pass_the_burst(nodes: Nodes) {
    let mut racing = JoinSet::new();
    for node in nodes.iter().cycle().take(60) {
        let node = Arc::clone(node);
        racing.spawn(async move { node.take(at(0), "b", RATE, 1).await });
    }
    let all = racing.join_all().await;
    assert_eq!(all.iter().filter(|take| **take == Take::Granted).count(), 4);
}

const LEASE: Duration = Duration::from_secs(10);

async fn held(node: &dyn Signal, ms: i64, holder: u128) -> Option<Permit> {
    match node.permit(at(ms), "p", 2, holder, LEASE).await {
        PermitAnswer::Granted(permit) => Some(permit),
        PermitAnswer::RetryAfter(_) => None,
    }
}

async fn permits_are_as_many_as_the_limit_and_end_with_their_lease(nodes: Nodes) {
    let one = held(&*nodes[0], 0, 1).await.unwrap();
    let two = held(&*nodes[1], 2_000, 2).await.unwrap();
    let refused = nodes[2].permit(at(4_000), "p", 2, 3, LEASE).await;
    assert_eq!(refused, PermitAnswer::RetryAfter(Duration::from_secs(6)));
    // Who holds one gets it again, and it counts once.
    assert_eq!(held(&*nodes[0], 0, 1).await, Some(one.clone()));
    nodes[1].permit_release(&two).await;
    let three = held(&*nodes[2], 4_000, 3).await.unwrap();
    assert!(held(&*nodes[1], 4_000, 4).await.is_none());
    // A holder that renews keeps it; one that is dead loses it with its lease.
    let one = nodes[0].permit_renew(at(9_000), &one, LEASE).await.unwrap();
    assert_eq!(one.until, at(19_000));
    assert!(held(&*nodes[1], 13_000, 4).await.is_none());
    assert!(held(&*nodes[1], 14_000, 4).await.is_some());
    assert!(held(&*nodes[1], 14_000, 5).await.is_none());
    assert_eq!(nodes[2].permit_renew(at(14_000), &three, LEASE).await, None);
    assert!(matches!(
        nodes[0].permit(at(0), "none", 0, 1, LEASE).await,
        PermitAnswer::RetryAfter(_)
    ));
}

async fn racing_for_permits_never_passes_the_limit(nodes: Nodes) {
    let mut racing = JoinSet::new();
    for (holder, node) in nodes.iter().cycle().take(60).enumerate() {
        let node = Arc::clone(node);
        racing.spawn(async move { held(&*node, 0, holder as u128).await });
    }
    assert_eq!(racing.join_all().await.into_iter().flatten().count(), 2);
}

/// Publishes until `listener` hears it: from then on nothing is lost on the way.
async fn connect(from: &dyn Signal, topic: &str, listener: &mut Subscription) {
    loop {
        from.publish(topic, b"hello");
        if timeout(Duration::from_millis(50), listener.next())
            .await
            .is_ok()
        {
            return;
        }
    }
}

async fn next(listener: &mut Subscription) -> (Vec<u8>, u64) {
    let message = listener.next().await;
    (message.bytes.to_vec(), message.missed)
}

async fn messages_arrive_in_order_and_only_of_the_topic(nodes: Nodes) {
    let (mut here, mut there) = (nodes[0].subscribe("v1"), nodes[1].subscribe("v1"));
    let mut other = nodes[1].subscribe("v2");
    connect(&*nodes[0], "v1", &mut there).await;
    connect(&*nodes[0], "v2", &mut other).await;
    nodes[0].publish("v2", b"other");
    nodes[0].publish("v1", &vec![0; MESSAGE_MAX + 1]);
    for n in 0..20_u8 {
        nodes[0].publish("v1", &[n]);
    }
    for listener in [&mut here, &mut there] {
        let mut heard = Vec::new();
        while heard.last() != Some(&vec![19]) {
            let (bytes, missed) = next(listener).await;
            assert_eq!(missed, 0);
            heard.push(bytes);
        }
        heard.retain(|bytes| bytes != b"hello");
        let wanted: Vec<Vec<u8>> = (0..20).map(|n| vec![n]).collect();
        assert_eq!(heard, wanted, "each once, also where it was published");
    }
    while next(&mut other).await.0 != b"other" {}
}

async fn a_slow_reader_loses_the_oldest_and_knows_how_many(nodes: Nodes) {
    let (mut slow, mut quick) = (nodes[1].subscribe("v"), nodes[1].subscribe("v"));
    connect(&*nodes[0], "v", &mut quick).await;
    for n in 0..200_u8 {
        nodes[0].publish("v", &[n]);
    }
    while next(&mut quick).await.0 != [199] {}
    let mut first = next(&mut slow).await;
    assert!(first.1 > 0, "some were lost");
    let mut read = 0;
    while first.0 != [199] {
        let last = first.0[0];
        first = next(&mut slow).await;
        assert_eq!((first.0[0], first.1), (last + 1, 0), "the newest are whole");
        read += 1;
    }
    assert!(read < 200);
}

async fn cached_values_live_for_their_time(nodes: Nodes) {
    let ttl = Duration::from_secs(100);
    nodes[0].put(at(0), "k", b"one", ttl).await;
    assert_eq!(
        nodes[1].get(at(99_999), "k").await.as_deref(),
        Some(&b"one"[..])
    );
    assert_eq!(nodes[1].get(at(100_000), "k").await, None);
    nodes[1].put(at(0), "k", b"", ttl).await;
    assert_eq!(nodes[2].get(at(0), "k").await.as_deref(), Some(&b""[..]));
    assert_eq!(nodes[0].get(at(0), "other").await, None);
    nodes[0]
        .put(at(0), "large", &vec![7; VALUE_MAX + 1], ttl)
        .await;
    assert_eq!(nodes[1].get(at(0), "large").await, None);
    let whole = vec![7; VALUE_MAX];
    nodes[0].put(at(0), "whole", &whole, ttl).await;
    assert_eq!(
        nodes[1].get(at(0), "whole").await.as_deref(),
        Some(&whole[..])
    );
}
