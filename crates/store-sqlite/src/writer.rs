//! Connections: one writer thread that commits in groups, one reader thread.
//!
//! Many writing connections on one `SQLite` file starve each other for seconds; one writer
//! that takes all waiting commands into one transaction doesn't, and pays one fsync for many.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use store::{Error, Result};
use tokio::sync::oneshot;
use ytempire_core::Plant;

use crate::{migrate, sql};

/// Commands that one commit may carry.
const GROUP_MAX: usize = 64;

/// Statements that stay prepared: more than there are. The driver keeps 16 by itself, and an
/// exchange alone would push them out one by one.
const STATEMENTS_MAX: usize = 256;

/// How long a writer waits for another process's commit.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How often switching to WAL is tried: once for each of more openers than there ever are.
const WAL_TRIES: u32 = 100;

/// A command: runs inside the transaction, or learns why there is none; and once that is
/// committed (or not) gives its answer.
type Command = Box<dyn FnOnce(Result<&Connection>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), &rusqlite::Error>) + Send>;
type Query = Box<dyn FnOnce(&Connection) + Send>;

pub(crate) struct Connections {
    writer: Sender<Command>,
    reader: Sender<Query>,
}

/// Switches the file to a write-ahead log. Where another opener is doing that just now, `SQLite`
/// refuses at once instead of waiting; for a transaction it does wait, so one is begun and ended.
fn use_wal(db: &Connection) -> rusqlite::Result<()> {
    for _ in 0..WAL_TRIES {
        match db.execute_batch("PRAGMA journal_mode = WAL") {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                db.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
            }
            done => return done,
        }
    }
    db.execute_batch("PRAGMA journal_mode = WAL")
}

impl Connections {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut write = Connection::open(path).map_err(sql::error)?;
        write.busy_timeout(BUSY_TIMEOUT).map_err(sql::error)?;
        write.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        use_wal(&write).map_err(sql::error)?;
        write
            .execute_batch(
                "PRAGMA synchronous = FULL;
                 PRAGMA foreign_keys = ON;
                 PRAGMA temp_store = MEMORY;",
            )
            .map_err(sql::error)?;
        if Plant::EarlyAnswerSqlite.is_in() {
            let early = write.execute_batch("PRAGMA synchronous = NORMAL");
            early.map_err(sql::error)?;
        }
        migrate::run(&mut write)?;
        let read = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(sql::error)?;
        read.busy_timeout(BUSY_TIMEOUT).map_err(sql::error)?;
        read.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        let (writer, commands) = channel();
        let (reader, queries) = channel::<Query>();
        spawn("store-writer", move || write_loop(&write, &commands))?;
        spawn("store-reader", move || {
            for query in queries {
                query(&read);
            }
        })?;
        Ok(Self { writer, reader })
    }

    /// Runs `command` in a transaction of its own or of a group; a failed command takes back
    /// only what it did itself. Acknowledged means on disk.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        command: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let command: Command = Box::new(move |tx| {
            let done = tx.and_then(|tx| in_savepoint(tx, command));
            Box::new(move |committed| {
                let told = match committed {
                    Ok(()) => done,
                    Err(e) => done.and_then(|_| Err(sql::error_ref(e))),
                };
                // The caller may have gone: then nobody wants the answer.
                drop(reply.send(told));
            })
        });
        self.writer.send(command).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Runs `query` on a snapshot.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let query: Query = Box::new(move |db| drop(reply.send(query(db))));
        self.reader.send(query).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(drop)
        .map_err(|e| Error::Database(format!("can't start a thread: {e}")))
}

fn gone() -> Error {
    Error::Database("the store's thread has ended".to_owned())
}

pub(crate) fn in_savepoint<T>(
    tx: &Connection,
    command: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    tx.execute_batch("SAVEPOINT command").map_err(sql::error)?;
    let done = command(tx);
    let end = if done.is_ok() {
        "RELEASE command"
    } else {
        "ROLLBACK TO command; RELEASE command"
    };
    match tx.execute_batch(end) {
        Ok(()) => done,
        Err(e) => done.and_then(|_| Err(sql::error(e))),
    }
}

fn write_loop(db: &Connection, commands: &Receiver<Command>) {
    while let Ok(first) = commands.recv() {
        let mut group = vec![first];
        group.extend(commands.try_iter().take(GROUP_MAX - 1));
        if let Err(e) = db.execute_batch("BEGIN IMMEDIATE") {
            for command in group {
                command(Err(sql::error_ref(&e)))(Ok(()));
            }
            continue;
        }
        let answers: Vec<Answer> = group.into_iter().map(|command| run(db, command)).collect();
        let committed = db.execute_batch("COMMIT");
        if committed.is_err() && !db.is_autocommit() {
            // A failed commit (disk full) leaves the transaction open; nothing of it may stay.
            drop(db.execute_batch("ROLLBACK"));
        }
        for answer in answers {
            answer(committed.as_ref().copied());
        }
    }
}

/// Runs a command of a group. A full disk makes `SQLite` roll back the whole transaction: what
/// comes after in the group must not begin one of its own, which nobody would answer for.
fn run(db: &Connection, command: Command) -> Answer {
    if db.is_autocommit() {
        let lost = "an earlier write of the same group failed".to_owned();
        return command(Err(Error::Database(lost)));
    }
    command(Ok(db))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};

    use super::*;

    fn add(name: &'static str, bytes: usize) -> impl FnOnce(&Connection) -> Result<()> + Send {
        move |tx| {
            tx.execute(
                "INSERT INTO accounts (id, name) VALUES (?1, ?2)",
                (name, "x".repeat(bytes)),
            )
            .map(drop)
            .map_err(sql::error)
        }
    }

    fn names(connections: &Connections) -> impl Future<Output = Result<Vec<String>>> {
        connections.read(|db| {
            let mut statement = db
                .prepare("SELECT id FROM accounts WHERE length(id) = 1 ORDER BY id")
                .map_err(sql::error)?;
            let rows = statement.query_map([], |row| row.get(0));
            rows.and_then(Iterator::collect).map_err(sql::error)
        })
    }

    /// Has the writer wait until all of a group are there.
    fn gather(connections: &Connections) -> impl FnOnce() {
        let gate = Arc::new(Barrier::new(2));
        let (entered, inside) = channel();
        let held = Arc::clone(&gate);
        let command: Command = Box::new(move |_| {
            entered.send(()).unwrap();
            held.wait();
            Box::new(|_| ())
        });
        connections.writer.send(command).unwrap();
        inside.recv().unwrap();
        move || {
            gate.wait();
        }
    }

    #[tokio::test]
    async fn a_failed_command_takes_back_only_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let connections = Connections::open(&folder.path().join("s.db")).unwrap();
        let go = gather(&connections);
        let twice = |tx: &Connection| add("b", 1)(tx).and_then(|()| add("a", 1)(tx));
        let (a, b, c, ()) = tokio::join!(
            connections.write(add("a", 1)),
            connections.write(twice),
            connections.write(add("c", 1)),
            async { go() },
        );
        assert!(a.is_ok() && b.is_err() && c.is_ok(), "{a:?} {b:?} {c:?}");
        assert_eq!(names(&connections).await.unwrap(), ["a", "c"]);
    }

    #[tokio::test]
    async fn a_full_disk_refuses_the_whole_group_and_the_next_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let connections = Connections::open(&folder.path().join("s.db")).unwrap();
        let limit = |pages: u32| {
            move |db: &Connection| {
                db.pragma_update(None, "max_page_count", pages)
                    .map_err(sql::error)
            }
        };
        connections.write(limit(100)).await.unwrap();
        let go = gather(&connections);
        let (a, b, c, ()) = tokio::join!(
            connections.write(add("a", 1)),
            connections.write(add("b", 1_000_000)),
            connections.write(add("c", 1)),
            async { go() },
        );
        assert!(matches!(b, Err(Error::DiskFull)), "{b:?}");
        // Whatever is told is true: failed means nothing of it is there.
        let told = [("a", &a), ("c", &c)];
        let kept: Vec<&str> = told
            .iter()
            .filter(|(_, told)| told.is_ok())
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(names(&connections).await.unwrap(), kept);
        connections.write(add("d", 1)).await.unwrap();
        assert!(names(&connections).await.unwrap().contains(&"d".to_owned()));
    }

    #[tokio::test]
    async fn what_is_answered_is_seen_by_the_reader() {
        let folder = tempfile::tempdir().unwrap();
        let connections = Connections::open(&folder.path().join("s.db")).unwrap();
        for (n, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
            connections.write(add(name, 1)).await.unwrap();
            assert_eq!(names(&connections).await.unwrap().len(), n + 1);
        }
    }

    #[tokio::test]
    async fn a_locked_file_is_told_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let connections = Connections::open(&path).unwrap();
        let no_wait = |db: &Connection| db.busy_timeout(Duration::ZERO).map_err(sql::error);
        connections.write(no_wait).await.unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = connections.write(add("a", 1)).await;
        assert!(
            matches!(&refused, Err(Error::Database(why)) if why.contains("locked")),
            "{refused:?}"
        );
        other.execute_batch("ROLLBACK").unwrap();
        connections.write(add("a", 1)).await.unwrap();
    }
}
