//! A server that is killed, wiped, stopped, cut off, slow or lying: everybody comes back, nothing
//! passes its stated bound, and it heals without a restart of ours.

use std::time::Duration;

use signal::{Permit, PermitAnswer, Rate, RedisSignal, Signal, Take, Woken};
use testkit::{Proxy, RedisServer, Wire};
use tokio::time::timeout;

use super::{HANGS, PATIENT, at, node, options, shared};

const RATE: Rate = Rate {
    tokens: 10,
    per: Duration::from_secs(1),
    burst: 8,
};
const LEASE: Duration = Duration::from_secs(10);
const LIMIT: u32 = 4;

/// A limit that a stopped server passes soon, and a healthy one on a busy machine hardly.
const SHORT: Duration = Duration::from_millis(500);

async fn granted(node: &RedisSignal, asked: u32) -> usize {
    let mut granted = 0;
    for _ in 0..asked {
        granted += usize::from(node.take(at(0), "b", RATE, 1).await == Take::Granted);
    }
    granted
}

async fn permits(node: &RedisSignal, holders: std::ops::Range<u128>) -> Vec<Permit> {
    let mut got = Vec::new();
    for holder in holders {
        let answer = node.permit(at(0), "p", LIMIT, holder, LEASE).await;
        if let PermitAnswer::Granted(permit) = answer {
            got.push(permit);
        }
    }
    got
}

/// Uses every verb once; fails if one hangs.
async fn everything(node: &RedisSignal) {
    let all = async {
        node.wake(1).await;
        node.waiting(Duration::from_millis(1)).await;
        node.take(at(0), "any", RATE, 1).await;
        let permit = node.permit(at(0), "any", LIMIT, 1, LEASE).await;
        if let PermitAnswer::Granted(permit) = permit {
            node.permit_renew(at(1), &permit, LEASE).await;
            node.permit_release(&permit).await;
        }
        node.publish("any", b"message");
        node.put(at(0), "any", b"value", LEASE).await;
        node.get(at(0), "any").await;
    };
    timeout(HANGS, all).await.expect("a caller never came back");
}

/// Uses `node` until it has noticed that its server is away.
async fn noticed(node: &RedisSignal) {
    let looks = async {
        while node.health().shared == Some(true) {
            node.get(at(0), "any").await;
        }
    };
    timeout(HANGS, looks)
        .await
        .expect("a dead server is noticed");
}

#[tokio::test]
async fn a_killed_server_leaves_each_node_its_share_and_comes_back() {
    let server = RedisServer::start();
    let node = node(&server.url(), "kill", SHORT).await;
    node.set_nodes(4);
    server.kill();
    noticed(&node).await;
    assert_eq!(granted(&node, 20).await, 2, "a quarter of the burst");
    assert_eq!(
        permits(&node, 0..10).await.len(),
        1,
        "a quarter of the limit"
    );
    node.wake(1).await;
    assert_eq!(
        node.waiting(HANGS).await,
        Woken::Signal,
        "our own jobs wake us"
    );
    node.put(at(0), "k", b"kept here", LEASE).await;
    assert!(node.get(at(0), "k").await.is_some());
    everything(&node).await;
    let health = node.health();
    assert_eq!(
        (health.shared, health.lost, health.healed),
        (Some(false), 1, 0)
    );
    assert!(health.alone > 20 && health.unsent > 0 && health.lies == 0);

    server.restart();
    shared(&node).await;
    assert_eq!(node.health().healed, 1);
    // The whole is shared again: seven more until this node has had its burst of eight... and no
    // more, though the server has forgotten what was taken.
    assert_eq!(granted(&node, 20).await, 6);
    everything(&node).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_used_once_it_is() {
    let server = RedisServer::start();
    server.kill();
    let node = RedisSignal::start(options(&server.url(), "late", SHORT));
    everything(&node).await;
    server.restart();
    shared(&node).await;
    let health = node.health();
    assert_eq!((health.lost, health.healed), (0, 0));
}

#[tokio::test]
async fn a_wiped_server_gives_one_burst_more_and_counts_holders_again() {
    let server = RedisServer::start();
    let one = node(&server.url(), "wipe", PATIENT).await;
    let two = node(&server.url(), "wipe", PATIENT).await;
    assert_eq!(granted(&one, 20).await, 8);
    assert_eq!(granted(&two, 20).await, 0);
    let held = permits(&one, 0..10).await;
    assert_eq!((held.len(), permits(&two, 10..20).await.len()), (4, 0));

    server.wipe();
    assert_eq!(
        granted(&one, 20).await,
        0,
        "one node never passes the whole limit"
    );
    assert_eq!(granted(&two, 20).await, 8, "all nodes: one burst more");
    assert!(permits(&one, 20..30).await.is_empty());
    // Who holds renews and is counted again, before anybody else asked.
    for permit in &held {
        assert!(one.permit_renew(at(1), permit, LEASE).await.is_some());
    }
    assert!(permits(&two, 10..20).await.is_empty());
    assert_eq!(one.health().lost, 0, "forgetting is no failure");
}

#[tokio::test]
async fn a_stopped_server_is_given_up_and_taken_back() {
    let server = RedisServer::start();
    let node = node(&server.url(), "stop", SHORT).await;
    let mut listener = node.subscribe("v");
    node.publish("v", b"message");
    listener.next().await;
    server.pause();
    everything(&node).await;
    noticed(&node).await;
    node.publish("v", b"message");
    timeout(HANGS, listener.next())
        .await
        .expect("heard in this process all the same");
    server.go_on();
    shared(&node).await;
    assert!(node.health().healed >= 1);
    everything(&node).await;
}

#[tokio::test]
async fn what_networks_do_is_survived() {
    let server = RedisServer::start();
    let proxy = Proxy::before(&server.socket()).await;
    let url = format!("redis://{}", proxy.address());
    let node = node(&url, "net", SHORT).await;
    let garbage: [&[u8]; 9] = [
        b"\x00\xff\x17",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$4000000000\r\n",
        b"*1000000000\r\n",
        b"-ERR no\r\n",
        b"-LOADING wait\r\n",
        b"+OK\r\n",
        b"*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        b"%99999999\r\n",
    ];
    let mut faults = vec![Wire::Cut, Wire::Silent, Wire::Slow(SHORT * 2)];
    faults.extend(garbage.map(|bytes| Wire::Says(bytes.to_vec())));
    for wire in faults {
        println!("{wire:?}");
        proxy.set(wire);
        noticed(&node).await;
        everything(&node).await;
        proxy.set(Wire::Open);
        shared(&node).await;
        node.put(at(0), "k", b"v", LEASE).await;
    }
    assert!(node.health().healed >= 12);
}

#[tokio::test]
async fn a_server_that_lies_grants_one_node_no_more_than_the_whole_limit() {
    let server = RedisServer::start();
    let proxy = Proxy::before(&server.socket()).await;
    let url = format!("redis://{}", proxy.address());
    for lie in [
        ":0\r\n",
        ":-9223372036854775808\r\n",
        ":9\r\n",
        "+OK\r\n",
        "$-1\r\n",
        "*0\r\n",
    ] {
        proxy.set(Wire::Lies(lie.as_bytes().to_vec()));
        let node = node(&url, "lies", SHORT).await;
        assert!(granted(&node, 40).await <= 8, "{lie}");
        assert!(permits(&node, 0..40).await.len() <= LIMIT as usize, "{lie}");
        assert_eq!(node.get(at(0), "k").await, None, "{lie}");
        everything(&node).await;
    }
}

#[tokio::test]
async fn keys_that_hold_what_is_not_ours_are_made_anew() {
    let server = RedisServer::start();
    let node = node(&server.url(), "odd", PATIENT).await;
    for key in [
        "odd:bucket:b",
        "odd:permit:p",
        "odd:cache:k",
        "odd:wake:jobs",
    ] {
        server.command(&["SADD", key, "not ours"]);
    }
    everything(&node).await;
    assert!(granted(&node, 20).await <= 8);
    assert!(permits(&node, 0..10).await.len() <= LIMIT as usize);
    assert_eq!(node.get(at(0), "k").await, None);
    node.wake(1).await;
    assert_eq!(node.waiting(HANGS).await, Woken::Signal);
    assert!(node.health().lies >= 3);
    // Whole again: a second node sees the same limits.
    let other = super::node(&server.url(), "odd", PATIENT).await;
    node.put(at(0), "k", b"v", LEASE).await;
    assert!(other.get(at(0), "k").await.is_some());
    for (key, value) in [
        ("odd:bucket:b", "soon"),
        ("odd:bucket:b", "99999999999999999"),
    ] {
        server.command(&["SET", key, value]);
        let take = other.take(at(0), "b", RATE, 1).await;
        let wait = Duration::from_millis(100);
        assert_eq!(
            take,
            Take::RetryAfter(wait),
            "{value} counts as an empty bucket"
        );
    }
    server.command(&["SET", "odd:cache:k", "not sealed"]);
    assert_eq!(other.get(at(0), "k").await, None);
}
