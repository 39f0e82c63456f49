//! Live messages to and from other nodes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::Msg;
use redis::aio::PubSubSink;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::link::Link;
use super::options::Options;
use super::wire;
use crate::health::count;
use crate::{LocalSignal, MESSAGE_MAX};

/// The pause after a connection failed.
const PAUSE: Duration = Duration::from_millis(200);

/// Bytes that say who sent a message: its own process has it already.
const SENDER: usize = size_of::<u128>();

/// `message` with its sender.
pub(crate) fn signed(options: &Options, message: &[u8]) -> Vec<u8> {
    [&options.instance.to_le_bytes()[..], message].concat()
}

/// Sends what is queued.
pub(crate) async fn send(link: Arc<Link>, mut queue: mpsc::Receiver<(String, Vec<u8>)>) {
    while let Some((channel, message)) = queue.recv().await {
        let sent = link.ask(|mut asks| async move {
            let mut publish = redis::cmd("PUBLISH");
            publish.arg(channel).arg(message);
            publish.query_async::<()>(&mut asks).await
        });
        if sent.await.is_err() {
            count(&link.counters.unsent);
        }
    }
}

/// Receives what somebody here listens to.
pub(crate) async fn receive(link: Arc<Link>, local: Arc<LocalSignal>) {
    loop {
        while local.fan.topics().is_empty() {
            local.fan.changed.notified().await;
        }
        link.until_up().await;
        tokio::select! {
            () = listen(&link, &local) => {
                link.suspect().await;
                link.rest(PAUSE).await;
            }
            () = link.until_down() => {}
        }
    }
}

/// Listens until the connection fails.
async fn listen(link: &Link, local: &LocalSignal) {
    let patience = link.options.limit.saturating_mul(10);
    let Ok(Ok(connection)) = timeout(patience, wire::listen(&link.options)).await else {
        return;
    };
    let (mut sink, mut messages) = connection.split();
    let mut heard = HashSet::new();
    let prefix = link.options.key("live", "");
    loop {
        let asked = follow(&mut sink, local, &prefix, &mut heard);
        if timeout(patience, asked).await != Ok(true) {
            return;
        }
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => deliver(link, local, &prefix, &message),
                None => return,
            },
            () = local.fan.changed.notified() => {}
        }
    }
}

/// Listens to the topics that somebody here listens to, and to no others. `false`: it failed.
async fn follow(
    sink: &mut PubSubSink,
    local: &LocalSignal,
    prefix: &str,
    heard: &mut HashSet<Arc<str>>,
) -> bool {
    let wanted: HashSet<Arc<str>> = local.fan.topics().into_iter().collect();
    for topic in wanted.difference(heard) {
        if sink.subscribe(format!("{prefix}{topic}")).await.is_err() {
            return false;
        }
    }
    for topic in heard.difference(&wanted) {
        if sink.unsubscribe(format!("{prefix}{topic}")).await.is_err() {
            return false;
        }
    }
    *heard = wanted;
    true
}

fn deliver(link: &Link, local: &LocalSignal, prefix: &str, message: &Msg) {
    let Some(topic) = message.get_channel_name().strip_prefix(prefix) else {
        return;
    };
    match message.get_payload_bytes().split_first_chunk::<SENDER>() {
        Some((sender, text)) if text.len() <= MESSAGE_MAX => {
            if u128::from_le_bytes(*sender) != link.options.instance {
                local.fan.send(topic, text);
            }
        }
        _ => count(&link.counters.lies),
    }
}
