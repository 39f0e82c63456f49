//! The connection for questions, and the breaker in front of it.

use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::options::Options;
use super::wire::{self, Connection};
use crate::health::{Counters, count};
use crate::local::held;

/// The first pause before a lost server is tried again; each failure doubles it.
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// The longest: what it may take to notice that the server is back.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// A connection that lived so long begins with the shortest pause again.
const SETTLED: Duration = Duration::from_secs(5);

/// What opening a connection may take, in limits: several questions and answers.
const HANDSHAKE: u32 = 10;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server is away, or was too slow and counts as away from now on.
    Away,
    /// It answered, and what it said can't be true of this key.
    Lie,
}

/// The way to the server. Closed: questions are asked. Open: they aren't, and [`Link::tend`]
/// tries now and then, so no caller pays for the trial.
pub(crate) struct Link {
    pub(crate) options: Options,
    pub(crate) counters: Counters,
    /// The connection and its number.
    connection: Mutex<Option<(u64, Connection)>>,
    lost: Notify,
    up: watch::Sender<bool>,
}

impl Link {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            counters: Counters::default(),
            connection: Mutex::new(None),
            lost: Notify::new(),
            up: watch::Sender::new(false),
        }
    }

    /// Asks within the limit. The first failure or slow answer opens the breaker.
    pub(crate) async fn ask<T, F, A>(&self, question: F) -> Result<T, Fault>
    where
        F: FnOnce(MultiplexedConnection) -> A,
        A: Future<Output = RedisResult<T>>,
    {
        let open = held(&self.connection)
            .as_ref()
            .map(|(number, c)| (*number, c.asks.clone()));
        let Some((number, asks)) = open else {
            count(&self.counters.alone);
            return Err(Fault::Away);
        };
        match timeout(self.options.limit, question(asks)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(e)) if is_lie(&e) => {
                self.lie(&e.to_string());
                return Err(Fault::Lie);
            }
            Ok(Err(e)) => self.lose(number, &e.to_string()),
            Err(_) => self.lose(number, "it answers too slowly"),
        }
        count(&self.counters.alone);
        Err(Fault::Away)
    }

    /// Notes an answer that can't be true.
    pub(crate) fn lie(&self, what: &str) {
        count(&self.counters.lies);
        let what = self.options.discreet(what);
        tracing::warn!(
            place = self.options.place(),
            error = what,
            "Redis gave a wrong answer"
        );
    }

    /// Opens the breaker, unless the connection of that number is gone already.
    fn lose(&self, number: u64, why: &str) {
        let mut connection = held(&self.connection);
        if connection.as_ref().is_none_or(|(open, _)| *open != number) {
            return;
        }
        drop(connection.take());
        drop(connection);
        count(&self.counters.lost);
        self.up.send_replace(false);
        self.lost.notify_one();
        let why = self.options.discreet(why);
        tracing::warn!(
            place = self.options.place(),
            error = why,
            "no Redis for now"
        );
    }

    /// Has the connection tried, by someone who saw another one fail.
    pub(crate) async fn suspect(&self) {
        let _ = self.ask(ping).await;
    }

    /// Whether questions are asked.
    pub(crate) fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Waits until questions are asked.
    pub(crate) async fn until_up(&self) {
        // It can't be closed: `self` holds the sender.
        drop(self.up.subscribe().wait_for(|up| *up).await);
    }

    /// Waits until the server counts as away.
    pub(crate) async fn until_down(&self) {
        drop(self.up.subscribe().wait_for(|up| !*up).await);
    }

    /// Keeps a connection, for ever.
    pub(crate) async fn tend(self: Arc<Self>) {
        let mut pause = PAUSE_MIN;
        let (mut complained, mut fell) = (false, false);
        for number in 0.. {
            let handshake = self.options.limit.saturating_mul(HANDSHAKE);
            match timeout(handshake, self.handshake()).await {
                Ok(Ok(connection)) => {
                    *held(&self.connection) = Some((number, connection));
                    if fell {
                        count(&self.counters.healed);
                    }
                    self.up.send_replace(true);
                    tracing::info!(place = self.options.place(), "Redis is in use");
                    let since = Instant::now();
                    self.lost.notified().await;
                    (complained, fell) = (false, true);
                    if since.elapsed() >= SETTLED {
                        pause = PAUSE_MIN;
                    }
                }
                failed => {
                    let why = match failed {
                        Ok(Err(e)) => self.options.discreet(&e.to_string()),
                        _ => "it doesn't answer".to_owned(),
                    };
                    if !complained {
                        let place = self.options.place();
                        tracing::warn!(place, error = why, "Redis can't be reached");
                    }
                    complained = true;
                }
            }
            self.rest(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Rests `pause`, up to a quarter longer: processes that lost the server together don't come
    /// back together.
    pub(crate) async fn rest(&self, pause: Duration) {
        let part = (self.options.instance % 64) as u32;
        drop(timeout(pause + pause * part / 256, std::future::pending::<()>()).await);
    }

    async fn handshake(&self) -> RedisResult<Connection> {
        let connection = wire::connect(&self.options).await?;
        ping(connection.asks.clone()).await?;
        Ok(connection)
    }
}

async fn ping(mut asks: MultiplexedConnection) -> RedisResult<()> {
    let answer: String = redis::cmd("PING").query_async(&mut asks).await?;
    if answer == "PONG" {
        return Ok(());
    }
    Err(RedisError::from((
        ErrorKind::Client,
        "it doesn't answer a ping",
    )))
}

/// Whether the fault is in what a key holds; any other is the server's or the network's.
fn is_lie(e: &RedisError) -> bool {
    match e.kind() {
        ErrorKind::UnexpectedReturnType
        | ErrorKind::Server(ServerErrorKind::ResponseError | ServerErrorKind::ExecAbort) => true,
        _ => e.code() == Some("WRONGTYPE"),
    }
}
