//! The signal of one process.

mod buckets;
mod cache;
mod fan;
mod permits;
mod wakes;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ytempire_core::Timestamp;

pub(crate) use buckets::Buckets;
pub(crate) use cache::Cache;
pub(crate) use fan::Fan;
pub use fan::{Message, Subscription};
pub(crate) use permits::Permits;
pub(crate) use wakes::Wakes;

use crate::{Health, MESSAGE_MAX, Permit, PermitAnswer, Rate, Signal, Take, Woken, named};

/// A signal that reaches this process alone; nothing about it can fail.
#[derive(Debug, Default)]
pub struct LocalSignal {
    pub(crate) wakes: Wakes,
    pub(crate) fan: Arc<Fan>,
    buckets: Mutex<Buckets>,
    permits: Mutex<Permits>,
    cache: Mutex<Cache>,
    nodes: AtomicU32,
}

impl LocalSignal {
    pub(crate) fn buckets(&self) -> MutexGuard<'_, Buckets> {
        held(&self.buckets)
    }

    pub(crate) fn permits(&self) -> MutexGuard<'_, Permits> {
        held(&self.permits)
    }

    pub(crate) fn cache(&self) -> MutexGuard<'_, Cache> {
        held(&self.cache)
    }

    pub(crate) fn nodes(&self) -> u32 {
        self.nodes.load(Ordering::Relaxed).max(1)
    }
}

/// What is kept here is whole after every statement, so a panic elsewhere spoils nothing.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Signal for LocalSignal {
    async fn wake(&self, jobs: u32) {
        self.wakes.add(jobs);
    }

    async fn waiting(&self, at_most: Duration) -> Woken {
        self.wakes.wait(at_most).await
    }

    async fn take(&self, now: Timestamp, name: &str, rate: Rate, cost: u32) -> Take {
        match rate.flow(cost) {
            Some(flow) if named(name) => self.buckets().take(now, name, flow, None),
            _ => Take::TooMany,
        }
    }

    async fn permit(
        &self,
        now: Timestamp,
        name: &str,
        limit: u32,
        holder: u128,
        lease: Duration,
    ) -> PermitAnswer {
        self.permits().take(now, name, limit, holder, lease)
    }

    async fn permit_renew(
        &self,
        now: Timestamp,
        permit: &Permit,
        lease: Duration,
    ) -> Option<Permit> {
        self.permits().renew(now, permit, lease)
    }

    async fn permit_release(&self, permit: &Permit) {
        self.permits().release(permit);
    }

    fn publish(&self, topic: &str, message: &[u8]) {
        if named(topic) && message.len() <= MESSAGE_MAX {
            self.fan.send(topic, message);
        }
    }

    fn subscribe(&self, topic: &str) -> Subscription {
        Fan::subscribe(&self.fan, topic)
    }

    async fn get(&self, now: Timestamp, key: &str) -> Option<Arc<[u8]>> {
        self.cache().get(now, key)
    }

    async fn put(&self, now: Timestamp, key: &str, value: &[u8], ttl: Duration) {
        self.cache().put(key, value, now.after(ttl));
    }

    fn set_nodes(&self, nodes: u32) {
        self.nodes.store(nodes, Ordering::Relaxed);
    }

    fn health(&self) -> Health {
        Health::default()
    }
}
