//! The outbox, live: one reader for all streams of a server.
//!
//! A stream that finds that it has missed something reads it from the store, so nothing depends on
//! what is passed on here.

use std::sync::Arc;
use std::time::Duration;

use store::{EventFilter, Store};
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use ytempire_core::{AccountId, Event};

/// How often the outbox is looked at while anybody listens.
pub(crate) const LOOK: Duration = Duration::from_millis(150);

/// Events read at once.
pub(crate) const PAGE: u32 = 500;

/// Batches that a stream may lag behind before it has to read the store.
const BATCHES: usize = 64;

/// Events that follow each other without a gap.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The place after which they begin.
    pub(crate) from: i64,
    /// The place up to which there are no others.
    pub(crate) upto: i64,
    /// The events.
    pub(crate) events: Vec<(AccountId, Event)>,
}

/// Where streams listen.
#[derive(Clone, Debug)]
pub(crate) struct Feed(Sender<Arc<Batch>>);

impl Feed {
    /// Begins to pass on what comes, while anybody listens, until `stop`.
    pub(crate) fn begin(store: Arc<dyn Store>, stop: CancellationToken) -> Self {
        let feed = Self(broadcast::channel(BATCHES).0);
        tokio::spawn(pass_on(store, feed.0.clone(), stop));
        feed
    }

    /// Listens from now on.
    pub(crate) fn listen(&self) -> Receiver<Arc<Batch>> {
        self.0.subscribe()
    }
}

async fn pass_on(store: Arc<dyn Store>, feed: Sender<Arc<Batch>>, stop: CancellationToken) {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut place = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        if feed.receiver_count() == 0 {
            place = None;
            continue;
        }
        let filter = EventFilter {
            after: place,
            limit: PAGE,
            ..EventFilter::default()
        };
        // A database that is away comes back, and then we go on where we were.
        let Ok(page) = store.event_follow(filter).await else {
            continue;
        };
        let from = place.unwrap_or(page.upto);
        // The first batch is empty: it tells those who came before us where we begin.
        if place.is_none() || !page.events.is_empty() {
            let batch = Batch {
                from,
                upto: page.upto,
                events: page.events,
            };
            drop(feed.send(Arc::new(batch)));
            place = Some(page.upto);
        }
    }
}
