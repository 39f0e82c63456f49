//! Connections: one writer thread that commits in groups, one reader thread.
//!
//! Many writing connections on one `SQLite` file starve each other for seconds; one writer
//! that takes all waiting commands into one transaction doesn't, and pays one fsync for many.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use store::{Error, Result};
use tokio::sync::oneshot;

use crate::{migrate, sql};

/// Commands that one commit may carry.
const GROUP_MAX: usize = 64;

/// How long a writer waits for another process's commit.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A command: runs inside the transaction, and once it is committed (or not) gives its answer.
type Command = Box<dyn FnOnce(&Connection) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), &rusqlite::Error>) + Send>;
type Query = Box<dyn FnOnce(&Connection) + Send>;

pub(crate) struct Connections {
    writer: Sender<Command>,
    reader: Sender<Query>,
}

impl Connections {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut write = Connection::open(path).map_err(sql::error)?;
        write.busy_timeout(BUSY_TIMEOUT).map_err(sql::error)?;
        write
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA foreign_keys = ON;
                 PRAGMA temp_store = MEMORY;",
            )
            .map_err(sql::error)?;
        migrate::run(&mut write)?;
        let read = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(sql::error)?;
        read.busy_timeout(BUSY_TIMEOUT).map_err(sql::error)?;
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
            let done = in_savepoint(tx, command);
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

fn in_savepoint<T>(tx: &Connection, command: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
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
            // Each command learns that nothing was begun: it runs on nothing and is told why.
            for command in group {
                refuse(db, command, &e);
            }
            continue;
        }
        let answers: Vec<Answer> = group.into_iter().map(|command| command(db)).collect();
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

/// Answers a command without letting it change anything.
fn refuse(db: &Connection, command: Command, why: &rusqlite::Error) {
    if db.execute_batch("PRAGMA query_only = ON; BEGIN").is_ok() {
        command(db)(Err(why));
    }
    drop(db.execute_batch("ROLLBACK"));
    drop(db.execute_batch("PRAGMA query_only = OFF"));
}
