//! The signal of many nodes, through Redis or Valkey.

mod link;
mod live;
mod look;
mod options;
mod pump;
mod scripts;
mod seal;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use ytempire_core::Timestamp;

pub use look::{Server, ServerError, look};
pub use options::{Options, UrlError};

use crate::health::count;
use crate::limit::Flow;
use crate::{
    Health, LEASE_MAX, LocalSignal, MESSAGE_MAX, Permit, PermitAnswer, Rate, Signal, Subscription,
    Take, VALUE_MAX, WAKES_MAX, Woken, named,
};
use link::{Fault, Link};
use scripts::Scripts;

/// How far hosts' clocks may differ before an end of a permit counts as nonsense, and how long
/// the server keeps what has ended.
const SKEW_MAX: Duration = Duration::from_mins(1);

/// Live messages that wait to be sent; more are lost.
const UNSENT_MAX: usize = 256;

/// A signal through a server of Redis 7 or Valkey, and in this process alone while that is away.
///
/// The server is expected to lose everything, stall and lie. An operation takes at most
/// [`Options::limit`]; the first that fails or takes longer makes this process go on alone, at no
/// further cost, until a trial in the background succeeds: at once where the server is back
/// within 50 ms, and within about a second of its return otherwise.
pub struct RedisSignal {
    link: Arc<Link>,
    local: Arc<LocalSignal>,
    scripts: Scripts,
    unsent: mpsc::Sender<(String, Vec<u8>)>,
    tasks: Vec<JoinHandle<()>>,
}

impl RedisSignal {
    /// Begins at once, alone; the server is used from when it first answers. Must be called
    /// within a runtime; what runs in the background ends with the signal.
    pub fn start(options: Options) -> Self {
        let link = Arc::new(Link::new(options));
        let local = Arc::new(LocalSignal::default());
        let (unsent, to_send) = mpsc::channel(UNSENT_MAX);
        let tasks = vec![
            tokio::spawn(Arc::clone(&link).tend()),
            tokio::spawn(pump::run(Arc::clone(&link), Arc::clone(&local))),
            tokio::spawn(live::send(Arc::clone(&link), to_send)),
            tokio::spawn(live::receive(Arc::clone(&link), Arc::clone(&local))),
        ];
        Self {
            link,
            local,
            scripts: Scripts::default(),
            unsent,
            tasks,
        }
    }

    /// Waits until the server is in use.
    pub async fn until_shared(&self) {
        self.link.until_up().await;
    }

    /// Runs a script that answers with a number from 0 to `most`, on one key. A key that makes it
    /// answer anything else is removed: it holds what isn't ours.
    async fn number(
        &self,
        script: &Script,
        key: &str,
        arguments: &[i64],
        most: i64,
    ) -> Result<i64, Fault> {
        let mut call = script.key(key);
        for argument in arguments {
            call.arg(*argument);
        }
        let answer = self
            .link
            .ask(|mut asks| async move { call.invoke_async::<i64>(&mut asks).await })
            .await;
        match answer {
            Ok(number) if (0..=most).contains(&number) => Ok(number),
            Ok(number) => {
                self.link.lie(&format!("{key} made it answer {number}"));
                self.remove(key).await;
                Err(Fault::Lie)
            }
            Err(Fault::Lie) => {
                self.remove(key).await;
                Err(Fault::Lie)
            }
            Err(Fault::Away) => Err(Fault::Away),
        }
    }

    async fn remove(&self, key: &str) {
        let removed = self.link.ask(|mut asks| async move {
            redis::cmd("UNLINK")
                .arg(key)
                .query_async::<()>(&mut asks)
                .await
        });
        let _ = removed.await;
    }

    /// Takes from the shared bucket. `Err`: this node's share decides.
    async fn take_shared(&self, now: Timestamp, name: &str, flow: Flow) -> Result<Take, Fault> {
        let ttl = flow.room / 1_000 + millis(SKEW_MAX);
        let arguments = [now.as_micros(), flow.cost, flow.room, ttl];
        let key = self.link.options.key("bucket", name);
        let wait = self
            .number(&self.scripts.take, &key, &arguments, flow.cost)
            .await?;
        Ok(match wait {
            0 => Take::Granted,
            wait => Take::RetryAfter(Duration::from_micros(wait as u64)),
        })
    }

    /// Asks for a shared permit: `None` is a grant. `Err`: this node's share decides.
    async fn permit_shared(
        &self,
        now: Timestamp,
        wanted: &Permit,
        limit: u32,
    ) -> Result<Option<Duration>, Fault> {
        let key = self.link.options.key("permit", &wanted.name);
        let (member, until) = (member(wanted.holder), wanted.until.as_micros());
        let most = LEASE_MAX + SKEW_MAX;
        let mut call = self.scripts.permit.key(&key);
        call.arg(now.as_micros()).arg(limit).arg(member).arg(until);
        call.arg(millis(most)).arg(now.after(most).as_micros());
        let answer = self
            .link
            .ask(|mut asks| async move { call.invoke_async::<i64>(&mut asks).await })
            .await;
        let most = i64::try_from(most.as_micros()).unwrap_or(i64::MAX);
        match answer {
            Ok(0) => Ok(None),
            Ok(wait) if (1..=most).contains(&wait) => Ok(Some(Duration::from_micros(wait as u64))),
            Err(Fault::Away) => Err(Fault::Away),
            Ok(_) | Err(Fault::Lie) => {
                self.remove(&key).await;
                Err(Fault::Lie)
            }
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn member(holder: u128) -> String {
    format!("{holder:032x}")
}

impl Drop for RedisSignal {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl std::fmt::Debug for RedisSignal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RedisSignal")
            .field(&self.link.options.place())
            .finish()
    }
}

#[async_trait]
impl Signal for RedisSignal {
    async fn wake(&self, jobs: u32) {
        let tokens = jobs.min(WAKES_MAX);
        if tokens == 0 {
            return;
        }
        let key = pump::key(&self.link.options);
        let kept = millis(self.link.options.wakes_kept);
        let arguments = [i64::from(tokens), i64::from(WAKES_MAX), kept];
        let told = self.number(&self.scripts.wake, &key, &arguments, 0).await;
        if told.is_err() {
            self.local.wakes.add(jobs);
        }
    }

    async fn waiting(&self, at_most: Duration) -> Woken {
        // What the server hands out arrives here: see `pump`.
        self.local.wakes.wait(at_most).await
    }

    async fn take(&self, now: Timestamp, name: &str, rate: Rate, cost: u32) -> Take {
        let Some(flow) = rate.flow(cost).filter(|_| named(name)) else {
            return Take::TooMany;
        };
        // What one node may never pass needs no asking, and holds whatever the answer.
        if let Some(wait) = self.local.buckets().wait(now, name, flow) {
            return wait;
        }
        let share = rate.share(cost, self.local.nodes());
        match self.take_shared(now, name, flow).await {
            Ok(Take::Granted) => {
                let mut buckets = self.local.buckets();
                let taken = buckets.take(now, name, flow, None);
                if taken == Take::Granted {
                    buckets.charge(now, name, share);
                }
                taken
            }
            Ok(refused) => refused,
            Err(_) => self.local.buckets().take(now, name, flow, Some(share)),
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
        let refused = self.local.permits().refusal(now, name, limit, holder);
        if let Some(refused) = refused {
            return refused;
        }
        let wanted = Permit {
            name: name.to_owned(),
            holder,
            until: now.after(lease.min(LEASE_MAX)),
        };
        let most = match self.permit_shared(now, &wanted, limit).await {
            Ok(None) => limit,
            Ok(Some(wait)) => return PermitAnswer::RetryAfter(wait),
            Err(_) => (limit / self.local.nodes()).max(1),
        };
        self.local.permits().take(now, name, most, holder, lease)
    }

    async fn permit_renew(
        &self,
        now: Timestamp,
        permit: &Permit,
        lease: Duration,
    ) -> Option<Permit> {
        let renewed = self.local.permits().renew(now, permit, lease)?;
        let key = self.link.options.key("permit", &renewed.name);
        let (member, until) = (member(renewed.holder), renewed.until.as_micros());
        let mut call = self.scripts.renew.key(&key);
        call.arg(member).arg(until);
        call.arg(millis(LEASE_MAX + SKEW_MAX));
        // Where it can't be counted now, it is at the next renewal.
        let counted = self
            .link
            .ask(|mut asks| async move { call.invoke_async::<i64>(&mut asks).await });
        if counted.await == Err(Fault::Lie) {
            self.remove(&key).await;
        }
        Some(renewed)
    }

    async fn permit_release(&self, permit: &Permit) {
        self.local.permits().release(permit);
        let key = self.link.options.key("permit", &permit.name);
        let member = member(permit.holder);
        let released = self.link.ask(|mut asks| async move {
            let mut remove = redis::cmd("ZREM");
            remove.arg(key).arg(member);
            remove.query_async::<()>(&mut asks).await
        });
        // Where it can't be given back, it ends with its lease.
        let _ = released.await;
    }

    fn publish(&self, topic: &str, message: &[u8]) {
        if !named(topic) || message.len() > MESSAGE_MAX {
            return;
        }
        self.local.fan.send(topic, message);
        let options = &self.link.options;
        let signed = live::signed(options, message);
        let unsent = (options.key("live", topic), signed);
        if !self.link.is_up() || self.unsent.try_send(unsent).is_err() {
            count(&self.link.counters.unsent);
        }
    }

    fn subscribe(&self, topic: &str) -> Subscription {
        self.local.subscribe(topic)
    }

    async fn get(&self, now: Timestamp, key: &str) -> Option<Arc<[u8]>> {
        if !named(key) {
            return None;
        }
        let name = self.link.options.key("cache", key);
        let asked = name.clone();
        let answer = self.link.ask(|mut asks| async move {
            let mut get = redis::cmd("GET");
            get.arg(asked);
            get.query_async::<Option<Vec<u8>>>(&mut asks).await
        });
        let sealed = match answer.await {
            Ok(None) => return None,
            Ok(Some(sealed)) => sealed,
            Err(Fault::Away) => return self.local.cache().get(now, key),
            // Nothing opens without a seal.
            Err(Fault::Lie) => Vec::new(),
        };
        if let Some((until, value)) = seal::open(key, &sealed) {
            return (until > now).then(|| value.into());
        }
        self.link.lie("a cached value isn't what was put");
        self.remove(&name).await;
        None
    }

    async fn put(&self, now: Timestamp, key: &str, value: &[u8], ttl: Duration) {
        self.local.cache().put(key, value, now.after(ttl));
        if !named(key) || value.len() > VALUE_MAX || ttl.as_millis() == 0 {
            return;
        }
        let name = self.link.options.key("cache", key);
        let sealed = seal::seal(key, now.after(ttl), value);
        let kept = self.link.ask(|mut asks| async move {
            let mut set = redis::cmd("SET");
            set.arg(name).arg(sealed).arg("PX").arg(millis(ttl));
            set.query_async::<()>(&mut asks).await
        });
        let _ = kept.await;
    }

    fn set_nodes(&self, nodes: u32) {
        self.local.set_nodes(nodes);
    }

    fn health(&self) -> Health {
        self.link.counters.health(Some(self.link.is_up()))
    }
}
