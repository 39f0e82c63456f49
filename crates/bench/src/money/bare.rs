//! The same rows as a reservation and its end write, by plain statements: what the database takes for
//! them, without any of our rules.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use rusqlite::Connection;
use tokio_postgres::{Client, NoTls, Statement};

pub(super) async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Columns as ours has them.
const SCHEMA: &str = "
    CREATE TABLE bare_accounts (
        scope text PRIMARY KEY, cap bigint NOT NULL, pending bigint NOT NULL, posted bigint NOT NULL,
        CHECK (pending + posted <= cap)
    );
    CREATE TABLE bare_transfers (
        id text PRIMARY KEY, video_id text NOT NULL, job_id text NOT NULL, stage text NOT NULL,
        backend text NOT NULL, meter text NOT NULL, unit_price text NOT NULL, held bigint NOT NULL,
        quantity bigint NOT NULL, posted bigint NOT NULL, state text NOT NULL, held_at bigint NOT NULL,
        sent_at bigint, settled_at bigint
    );
    CREATE INDEX bare_of_video ON bare_transfers (video_id, held_at, id);
    CREATE INDEX bare_of_job ON bare_transfers (job_id);";

const INSERT: &str = "INSERT INTO bare_transfers
    VALUES ($1, $2, $2, 'script', 'fake', 'output_tokens', '0.0003', 120000, 0, 0, 'pending', 1, NULL,
            NULL)";
const SENT: &str =
    "UPDATE bare_transfers SET state = 'sent', sent_at = 2 WHERE id = $1 AND state = 'pending'";
const POST: &str = "UPDATE bare_transfers SET state = 'posted', quantity = 400, posted = 120000,
    settled_at = 3 WHERE id = $1 AND state = 'sent'";

/// The accounts that a paid act of `video` is counted in, in one order.
fn scopes(video: &str) -> Vec<String> {
    let day = |of: &str| format!("day:{of}:2026-11-24");
    let own = [format!("stage:{video}:script"), format!("video:{video}")];
    let days = ["account:local", "global", "provider:fake"].map(day);
    days.into_iter().chain(own).collect()
}

const CAP: i64 = 1_000_000_000_000_000;

/// A connection and its statements.
pub(super) struct Postgres {
    client: Client,
    video: String,
    scopes: Vec<String>,
    statements: [Statement; 6],
}

impl Postgres {
    /// Makes the tables.
    pub(super) async fn prepare(url: &str) -> Result<()> {
        Ok(connect(url).await?.batch_execute(SCHEMA).await?)
    }

    pub(super) async fn open(url: &str, video: &str) -> Result<Self> {
        let client = connect(url).await?;
        let scopes = scopes(video);
        let open =
            "INSERT INTO bare_accounts SELECT scope, $2, 0, 0 FROM unnest($1::text[]) AS s (scope)
                    ON CONFLICT DO NOTHING";
        client.execute(open, &[&scopes, &CAP]).await?;
        let mut statements = Vec::new();
        for text in [
            "SELECT scope FROM bare_accounts WHERE scope = ANY ($1) ORDER BY scope FOR NO KEY UPDATE",
            "UPDATE bare_accounts SET pending = pending + 120000 WHERE scope = ANY ($1)",
            INSERT,
            SENT,
            POST,
            "UPDATE bare_accounts SET pending = pending - 120000, posted = posted + 120000
             WHERE scope = ANY ($1)",
        ] {
            statements.push(client.prepare(text).await?);
        }
        let Ok(statements) = statements.try_into() else {
            anyhow::bail!("six statements were prepared");
        };
        Ok(Self {
            client,
            video: video.to_owned(),
            scopes,
            statements,
        })
    }

    /// Sent together, as ours are: two journeys.
    pub(super) async fn hold(&self, id: &str) -> Result<()> {
        let [lock, reserve, insert, ..] = &self.statements;
        let scopes: &(dyn tokio_postgres::types::ToSql + Sync) = &self.scopes;
        let (locked, scopes_one) = ([scopes], [scopes]);
        let begin = self.client.batch_execute("BEGIN");
        let (begun, locked) = tokio::join!(begin, self.client.query(lock, &locked));
        begun?;
        locked?;
        let row: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&id, &self.video];
        let (a, b, c) = tokio::join!(
            self.client.execute(reserve, &scopes_one),
            self.client.execute(insert, &row),
            self.client.batch_execute("COMMIT"),
        );
        a?;
        b?;
        c?;
        Ok(())
    }

    pub(super) async fn sent(&self, id: &str) -> Result<()> {
        ensure!(self.client.execute(&self.statements[3], &[&id]).await? == 1);
        Ok(())
    }

    pub(super) async fn settle(&self, id: &str) -> Result<()> {
        let [lock, _, _, _, post, book] = &self.statements;
        let scopes: &(dyn tokio_postgres::types::ToSql + Sync) = &self.scopes;
        let (first, second) = ([scopes], [scopes]);
        let begin = self.client.batch_execute("BEGIN");
        let (begun, locked) = tokio::join!(begin, self.client.query(lock, &first));
        begun?;
        locked?;
        let row: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&id];
        let (a, b, c) = tokio::join!(
            self.client.execute(post, &row),
            self.client.execute(book, &second),
            self.client.batch_execute("COMMIT"),
        );
        a?;
        b?;
        c?;
        Ok(())
    }
}

/// One connection, as the product writes by one; a commit for each.
#[derive(Clone)]
pub(super) struct Sqlite(Arc<Mutex<Connection>>);

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let db = Connection::open(path)?;
        db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
        db.execute_batch(SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(db))))
    }

    async fn with(
        &self,
        act: impl FnOnce(&Connection) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let db = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let db = db.lock().unwrap_or_else(PoisonError::into_inner);
            db.execute_batch("BEGIN IMMEDIATE")?;
            act(&db)?;
            Ok(db.execute_batch("COMMIT")?)
        });
        done.await?
    }

    pub(super) async fn accounts(&self, video: String) -> Result<()> {
        self.with(move |db| {
            for scope in scopes(&video) {
                let open = "INSERT INTO bare_accounts VALUES (?1, ?2, 0, 0) ON CONFLICT DO NOTHING";
                db.execute(open, (scope, CAP))?;
            }
            Ok(())
        })
        .await
    }

    pub(super) async fn hold(&self, id: String, video: String) -> Result<()> {
        self.with(move |db| {
            let reserve = "UPDATE bare_accounts SET pending = pending + 120000 WHERE scope = ?1";
            for scope in scopes(&video) {
                db.prepare_cached(reserve)?.execute([scope])?;
            }
            db.prepare_cached(INSERT)?.execute((id, video))?;
            Ok(())
        })
        .await
    }

    pub(super) async fn sent(&self, id: String) -> Result<()> {
        self.with(move |db| Ok(db.prepare_cached(SENT)?.execute([id]).map(drop)?))
            .await
    }

    pub(super) async fn settle(&self, id: String, video: String) -> Result<()> {
        self.with(move |db| {
            db.prepare_cached(POST)?.execute([id])?;
            let book = "UPDATE bare_accounts
                        SET pending = pending - 120000, posted = posted + 120000 WHERE scope = ?1";
            for scope in scopes(&video) {
                db.prepare_cached(book)?.execute([scope])?;
            }
            Ok(())
        })
        .await
    }
}
