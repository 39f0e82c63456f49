//! Connections and transactions: borrowed from a pool, begun, ended, healed.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use store::Error;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::options::Options;
use crate::sql::{self, Fault, Result};
use crate::tls;

/// How often a transaction that lost a race begins again. Nothing of it was kept and nothing has
/// left the process, so it may; more often than this, something else is wrong.
pub(crate) const RACES_MAX: u32 = 10;

/// How long a server that is away is waited for: a restart passes unnoticed, and there is still
/// time left of a lease of 15 s.
const AWAY_MAX: Duration = Duration::from_secs(8);

/// How often it is tried meanwhile.
const AWAY_TICK: Duration = Duration::from_millis(100);

/// How long a verb waits for a free connection.
const BUSY_MAX: Duration = Duration::from_secs(20);

/// What every connection begins with. A client that hangs in the middle of a transaction must not
/// keep its locks; a lock that doesn't come in 10 s is an error, as with `SQLite`. What is
/// acknowledged is on disk, whatever the server's default says. Our indexes give rows in the order
/// in which they are wanted; where the server has no statistics yet, it would rather read all that
/// is available by a bitmap and sort it (100 ms instead of 0.1 ms with 100,000 jobs waiting).
const SESSION: &str = "\
    SET idle_in_transaction_session_timeout = '30s';
    SET lock_timeout = '10s';
    SET default_transaction_isolation = 'read committed';
    SET enable_bitmapscan = off;
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off';";

/// The database, reached through a pool of connections.
#[derive(Clone)]
pub(crate) struct Database {
    pool: Pool,
    place: String,
}

impl Database {
    /// Nothing is connected yet.
    pub(crate) fn at(options: &Options) -> store::Result<Self> {
        let place = options.place();
        let config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let tls = tls::connector(&options.trust)?;
        let manager = Manager::from_config(options.config.clone(), tls, config);
        let pool = Pool::builder(manager)
            .max_size(options.connections.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(BUSY_MAX))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    let begun = client.batch_execute(SESSION).await;
                    begun.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|e| Error::Database(format!("no connections to {place}: {e}")))?;
        Ok(Self { pool, place })
    }

    /// The place without the password.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// A connection now, or why there is none.
    pub(crate) async fn try_connect(&self) -> Result<Connection> {
        match self.pool.get().await {
            Ok(client) => Ok(Connection(client)),
            Err(PoolError::Backend(e) | PoolError::PostCreateHook(HookError::Backend(e))) => {
                Err(e.into())
            }
            Err(PoolError::Timeout(_)) => Err(Fault::Said(Error::Database(format!(
                "all {} connections to {} were busy for {} s; another query may hold a lock: look \
                 at pg_stat_activity",
                self.pool.status().max_size,
                self.place,
                BUSY_MAX.as_secs()
            )))),
            Err(e) => Err(Fault::Said(Error::Database(sql::chain(&e)))),
        }
    }

    /// A connection, waiting for a server that is away.
    pub(crate) async fn connect(&self) -> Result<Connection> {
        let mut tick = tokio::time::interval(AWAY_TICK);
        let tries = AWAY_MAX.as_millis() / AWAY_TICK.as_millis();
        for _ in 1..tries {
            tick.tick().await;
            match self.try_connect().await {
                Err(Fault::Lost(why)) => {
                    tracing::debug!(place = self.place, why, "the database is away");
                }
                answer => return answer,
            }
        }
        self.try_connect().await
    }

    /// Closes what nobody uses: where one connection has died, the others probably have, too.
    pub(crate) fn forget(&self) {
        self.pool.retain(|_, _| false);
    }

    /// Begins a transaction. A pooled connection may have died unnoticed: nothing has been asked
    /// of it yet, so another one is taken.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        for _ in 0..self.pool.status().max_size {
            let connection = self.connect().await?;
            match connection
                .0
                .batch_execute("BEGIN")
                .await
                .map_err(Fault::from)
            {
                Err(Fault::Lost(_)) => {
                    drop(Object::take(connection.0));
                    self.forget();
                }
                Err(e) => return Err(e),
                Ok(()) => return Ok(Tx::over(connection)),
            }
        }
        Err(Fault::Lost("no connection lives long enough".to_owned()))
    }
}

/// A statement and its parameters.
pub(crate) type Question<'a> = (&'static str, &'a [&'a (dyn ToSql + Sync)]);

/// A connection on which statements run one by one.
pub(crate) struct Connection(Object);

impl Connection {
    pub(crate) async fn query(
        &self,
        text: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        let statement = self.0.prepare_cached(text).await?;
        Ok(self.0.query(&statement, params).await?)
    }

    /// The first row, if there is one.
    pub(crate) async fn first(
        &self,
        text: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>> {
        Ok(self.query(text, params).await?.into_iter().next())
    }

    /// Asks twice at once, which saves a journey; the server answers the first question first.
    pub(crate) async fn both(
        &self,
        first: Question<'_>,
        second: Question<'_>,
    ) -> Result<(Vec<Row>, Vec<Row>)> {
        let a = self.0.prepare_cached(first.0).await?;
        let b = self.0.prepare_cached(second.0).await?;
        let asked =
            futures_util::future::try_join(self.0.query(&a, first.1), self.0.query(&b, second.1));
        Ok(asked.await?)
    }

    /// How many rows it touched.
    pub(crate) async fn execute(
        &self,
        text: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64> {
        let statement = self.0.prepare_cached(text).await?;
        Ok(self.0.execute(&statement, params).await?)
    }

    /// Statements without parameters, as a script.
    pub(crate) async fn script(&self, text: &str) -> Result<()> {
        Ok(self.0.batch_execute(text).await?)
    }
}

/// An open transaction. Dropped before its end, it takes its connection with it, and the server
/// undoes it: a connection in the middle of something never goes back to the pool.
pub(crate) struct Tx {
    connection: Option<Connection>,
    wakes: AtomicBool,
}

impl Deref for Tx {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("there until it is ended")
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection.0));
        }
    }
}

impl Tx {
    const fn over(connection: Connection) -> Self {
        Self {
            connection: Some(connection),
            wakes: AtomicBool::new(false),
        }
    }

    /// Notes that jobs became available: whoever listens is told once, when this is committed.
    pub(crate) fn wake(&self) {
        self.wakes.store(true, Ordering::Relaxed);
    }

    /// Commits what went well, undoes what didn't.
    pub(crate) async fn end<T>(mut self, done: Result<T>) -> Result<T> {
        let last = match (&done, self.wakes.load(Ordering::Relaxed)) {
            (Ok(_), false) => "COMMIT",
            // One for the transaction, not one for each row: that costs up to two thirds of what
            // one connection can add.
            (Ok(_), true) => "NOTIFY ytempire_jobs; COMMIT",
            (Err(_), _) => "ROLLBACK",
        };
        let ended = self.script(last).await;
        if ended.is_ok() {
            // Back to the pool.
            drop(self.connection.take());
        }
        match (done, ended) {
            (Ok(value), Ok(())) => Ok(value),
            (Ok(_), Err(Fault::Lost(why))) => Err(Fault::Lost(format!(
                "{why}; whether the last change was kept isn't known"
            ))),
            (Ok(_), Err(e)) | (Err(e), _) => Err(e),
        }
    }
}
