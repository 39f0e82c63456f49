//! Connections and transactions: borrowed from a pool, begun, ended, healed.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
    TimeoutType,
};
use futures_util::future::{try_join_all, try_join3};
use store::Error;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use ytempire_core::Plant;

use crate::cursor::Cursor;
use crate::follow::Horizon;
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

/// How long a server may take to greet. Connecting has a limit of its own, which says nothing of one
/// that accepts and is silent.
const BEGIN_MAX: Duration = Duration::from_secs(5);

/// What every connection begins with. A client that hangs in the middle of a transaction must not
/// keep its locks; a lock that doesn't come in 10 s is an error, as with `SQLite`. What is
/// acknowledged is on disk, whatever the server's default says.
///
/// Our statements find few rows by an index, in the order in which they are wanted. Where the server
/// has no statistics yet, or plans while a table is small and keeps that plan while it grows, it
/// would rather read all that is available by a bitmap and sort it (100 ms instead of 0.1 ms with
/// 100,000 jobs waiting), or read whole tables for a join. So those ways are made dear, plans are
/// made once, and none is compiled.
const SESSION: &str = "\
    SET idle_in_transaction_session_timeout = '30s';
    SET lock_timeout = '10s';
    SET default_transaction_isolation = 'read committed';
    SET enable_bitmapscan = off;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan;
    SET jit = off;
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off';";

/// The database, reached through a pool of connections.
#[derive(Clone)]
pub(crate) struct Database {
    pool: Pool,
    place: String,
    cursor: Arc<Cursor>,
    horizon: Arc<Horizon>,
    answer_max: Duration,
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
            .create_timeout(Some(BEGIN_MAX.min(options.answer_max)))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    let mut begun = client.batch_execute(SESSION).await;
                    if Plant::EarlyAnswer.is_in() {
                        let early = "SET synchronous_commit = off";
                        begun = begun.and(client.batch_execute(early).await);
                    }
                    begun.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|e| Error::Database(format!("no connections to {place}: {e}")))?;
        Ok(Self {
            pool,
            place,
            cursor: Arc::default(),
            horizon: Arc::default(),
            answer_max: options.answer_max,
        })
    }

    /// The place without the password.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// A connection now, or why there is none.
    pub(crate) async fn try_connect(&self) -> Result<Connection> {
        match self.pool.get().await {
            Ok(client) => Ok(Connection::over(client)),
            Err(PoolError::Backend(e) | PoolError::PostCreateHook(HookError::Backend(e))) => {
                Err(e.into())
            }
            Err(PoolError::Timeout(TimeoutType::Create)) => Err(Fault::Lost(format!(
                "it accepts connections and doesn't greet within {:?}",
                BEGIN_MAX.min(self.answer_max)
            ))),
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
        let again = async {
            loop {
                tick.tick().await;
                match self.try_connect().await {
                    Err(Fault::Lost(why)) => {
                        tracing::debug!(place = self.place, why, "the database is away");
                    }
                    answer => return answer,
                }
            }
        };
        match tokio::time::timeout(AWAY_MAX, again).await {
            Ok(answer) => answer,
            Err(_) => self.try_connect().await,
        }
    }

    /// What a verb gives, unless the server is silent for too long: then its connection goes with it.
    pub(crate) async fn answer<T>(&self, verb: impl Future<Output = Result<T>>) -> Result<T> {
        let answer = tokio::time::timeout(self.answer_max, verb).await;
        answer.unwrap_or_else(|_| Err(Fault::Said(self.silent())))
    }

    fn silent(&self) -> Error {
        Error::Away(format!(
            "{} gave no answer within {:?}; whether the last change was kept isn't known. It stands \
             still, or the network loses what it says: `ytempire doctor` looks at it",
            self.place, self.answer_max
        ))
    }

    /// Closes what nobody uses: where one connection has died, the others probably have, too.
    pub(crate) fn forget(&self) {
        self.pool.retain(|_, _| false);
    }

    /// Begins a transaction with its first statement.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(Tx::over(self.connect().await?, Arc::clone(&self.cursor)))
    }

    /// Where claims begin to look.
    pub(crate) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Up to where the outbox is settled.
    pub(crate) fn horizon(&self) -> &Horizon {
        &self.horizon
    }

    /// How many connections there may be, and so how many of them may have died unnoticed.
    pub(crate) fn connections(&self) -> usize {
        self.pool.status().max_size
    }
}

/// A statement and its parameters.
pub(crate) type Question<'a> = (&'static str, Vec<&'a (dyn ToSql + Sync)>);

/// A connection on which statements run.
pub(crate) struct Connection {
    client: Object,
    /// A transaction is to begin with the next statement.
    begins: AtomicBool,
}

impl Connection {
    const fn over(client: Object) -> Self {
        Self {
            client,
            begins: AtomicBool::new(false),
        }
    }

    pub(crate) async fn query(
        &self,
        text: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        let answers = self.all(&[(text, params.to_vec())]).await?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    /// Closes it: it is in the middle of something.
    pub(crate) fn close(self) {
        drop(Object::take(self.client));
    }

    /// The first row, if there is one.
    pub(crate) async fn first(
        &self,
        text: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>> {
        Ok(self.query(text, params).await?.into_iter().next())
    }

    /// Asks several questions at once, which saves journeys; the server answers them in this
    /// order, each with what was committed before it began.
    pub(crate) async fn all(&self, questions: &[Question<'_>]) -> Result<Vec<Vec<Row>>> {
        self.ask(questions, None).await
    }

    /// Asks, before that begins a transaction that is due, and after it says `last`.
    async fn ask(&self, questions: &[Question<'_>], last: Option<&str>) -> Result<Vec<Vec<Row>>> {
        let begins = self.begins.swap(false, Ordering::Relaxed);
        let asked = async {
            let mut statements = Vec::with_capacity(questions.len());
            for (text, _) in questions {
                statements.push(self.client.prepare_cached(text).await?);
            }
            let answers = statements
                .iter()
                .zip(questions)
                .map(|(statement, (_, params))| self.client.query(statement, params));
            // Each is sent when it is polled first, which is in this order.
            let (first, last) = (self.say(begins.then_some("BEGIN")), self.say(last));
            let ((), rows, ()) = try_join3(first, try_join_all(answers), last).await?;
            Ok(rows)
        };
        asked
            .await
            .map_err(|e| lost_before(begins && last.is_none(), e))
    }

    async fn say(&self, text: Option<&str>) -> Result<(), tokio_postgres::Error> {
        match text {
            Some(text) => self.client.batch_execute(text).await,
            None => Ok(()),
        }
    }

    /// How many rows it touched.
    pub(crate) async fn execute(
        &self,
        text: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64> {
        self.start().await?;
        let statement = self.client.prepare_cached(text).await?;
        Ok(self.client.execute(&statement, params).await?)
    }

    /// Statements without parameters, as a script.
    pub(crate) async fn script(&self, text: &str) -> Result<()> {
        self.start().await?;
        Ok(self.client.batch_execute(text).await?)
    }

    async fn start(&self) -> Result<()> {
        if self.begins.swap(false, Ordering::Relaxed) {
            let begun = self.client.batch_execute("BEGIN").await;
            return begun.map_err(|e| lost_before(true, e));
        }
        Ok(())
    }
}

/// A pooled connection may have died unnoticed. Where nothing had been asked of it before, another
/// one may be taken.
fn lost_before(begins: bool, e: tokio_postgres::Error) -> Fault {
    match Fault::from(e) {
        Fault::Lost(why) if begins => Fault::Stale(why),
        fault => fault,
    }
}

/// An open transaction. Dropped before its end, it takes its connection with it, and the server
/// undoes it: a connection in the middle of something never goes back to the pool.
pub(crate) struct Tx {
    connection: Option<Connection>,
    cursor: Arc<Cursor>,
    /// The most urgent job that became available; `i64::MAX` if none did.
    woken: AtomicI64,
    committed: AtomicBool,
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
            connection.close();
        }
    }
}

impl Tx {
    fn over(connection: Connection, cursor: Arc<Cursor>) -> Self {
        connection.begins.store(true, Ordering::Relaxed);
        Self {
            connection: Some(connection),
            cursor,
            woken: AtomicI64::new(i64::MAX),
            committed: AtomicBool::new(false),
        }
    }

    /// Notes that jobs became available, the most urgent one of this rank: whoever listens is told
    /// once, when this is committed.
    pub(crate) fn wake(&self, rank: i64) {
        self.woken.fetch_min(rank, Ordering::Relaxed);
    }

    fn wakes(&self) -> Option<i64> {
        let rank = self.woken.load(Ordering::Relaxed);
        (rank != i64::MAX).then_some(rank)
    }

    fn commit(&self) -> &'static str {
        if self.wakes().is_some() {
            // One for the transaction, not one for each row: that costs up to two thirds of what
            // one connection can add.
            "NOTIFY ytempire_jobs; COMMIT"
        } else {
            "COMMIT"
        }
    }

    /// Asks the last questions and commits, in one journey. If one of them fails, the server
    /// undoes everything.
    pub(crate) async fn commit_with(&self, questions: &[Question<'_>]) -> Result<Vec<Vec<Row>>> {
        let answers = self.ask(questions, Some(self.commit())).await;
        self.committed.store(answers.is_ok(), Ordering::Relaxed);
        answers.map_err(unknown)
    }

    /// Commits what went well, undoes what didn't.
    pub(crate) async fn end<T>(mut self, done: Result<T>) -> Result<T> {
        let over = self.committed.load(Ordering::Relaxed);
        let ended = if over || self.begins.load(Ordering::Relaxed) {
            Ok(())
        } else if done.is_ok() {
            self.script(self.commit()).await.map_err(unknown)
        } else {
            self.script("ROLLBACK").await
        };
        if let (Ok(_), Some(rank)) = (&done, self.wakes()) {
            self.cursor.lower(rank);
        }
        if ended.is_ok() {
            // Back to the pool.
            drop(self.connection.take());
        }
        match (done, ended) {
            (Ok(value), Ok(())) => Ok(value),
            (Ok(_), Err(e)) | (Err(e), _) => Err(e),
        }
    }
}

/// The connection was lost while something was being committed.
fn unknown(fault: Fault) -> Fault {
    match fault {
        Fault::Lost(why) => Fault::Lost(format!(
            "{why}; whether the last change was kept isn't known"
        )),
        fault => fault,
    }
}
