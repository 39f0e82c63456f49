//! Live messages of one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, broadcast};

use super::held;

/// Messages kept for a subscriber that doesn't read; then the oldest go.
const KEPT: usize = 64;

type Sender = broadcast::Sender<Arc<[u8]>>;

/// Who listens to which topic.
#[derive(Debug, Default)]
pub(crate) struct Fan {
    topics: Mutex<HashMap<Arc<str>, Sender>>,
    /// Told when topics came or went.
    pub(crate) changed: Notify,
}

/// A message as a subscriber gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What was published.
    pub bytes: Arc<[u8]>,
    /// Messages lost right before this one because they weren't read in time.
    pub missed: u64,
}

/// A place to read a topic's messages. Holds the newest 64 that weren't read.
#[derive(Debug)]
pub struct Subscription {
    fan: Arc<Fan>,
    topic: Arc<str>,
    messages: broadcast::Receiver<Arc<[u8]>>,
}

impl Fan {
    pub(crate) fn send(&self, topic: &str, message: &[u8]) {
        if let Some(listeners) = held(&self.topics).get(topic) {
            // An error means that nobody listens any more.
            drop(listeners.send(message.into()));
        }
    }

    pub(crate) fn subscribe(fan: &Arc<Self>, topic: &str) -> Subscription {
        let mut topics = held(&fan.topics);
        let topic: Arc<str> = topic.into();
        let listeners = topics
            .entry(Arc::clone(&topic))
            .or_insert_with(|| Sender::new(KEPT));
        let messages = listeners.subscribe();
        drop(topics);
        fan.changed.notify_one();
        Subscription {
            fan: Arc::clone(fan),
            topic,
            messages,
        }
    }

    /// Topics that somebody listens to.
    pub(crate) fn topics(&self) -> Vec<Arc<str>> {
        held(&self.topics).keys().cloned().collect()
    }
}

impl Subscription {
    /// The next message. May be dropped at any time.
    pub async fn next(&mut self) -> Message {
        let mut missed = 0;
        loop {
            match self.messages.recv().await {
                Ok(bytes) => return Message { bytes, missed },
                Err(broadcast::error::RecvError::Lagged(n)) => missed += n,
                // The fan keeps the sender as long as we are here.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut topics = held(&self.fan.topics);
        // Ours goes while the topics are held: two that end together must see each other.
        self.messages = broadcast::channel(1).1;
        if topics
            .get(&self.topic)
            .is_some_and(|s| s.receiver_count() == 0)
        {
            topics.remove(&self.topic);
        }
        drop(topics);
        self.fan.changed.notify_one();
    }
}
