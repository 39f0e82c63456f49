//! What the database can do at most: rows are claimed and deleted, and nothing else.

use std::time::{Duration, Instant};

use anyhow::Result;
use testkit::PostgresServer;
use tokio::task::JoinSet;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use super::Shape;

/// How rows are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    /// Locked, then deleted, in one transaction: a worker that dies gives them back at once, but a
    /// transaction is open while it works.
    Delete,
    /// Marked as taken; the next statement deletes them and marks the next: what a queue with leases
    /// can do at most.
    Fused,
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

impl Bare {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Delete => "bare: lock and delete",
            Self::Fused => "bare: delete the last, mark the next",
        }
    }

    /// Drains `jobs`; how long that took, and each statement that gave something.
    pub(super) async fn drain(
        self,
        server: &PostgresServer,
        jobs: u32,
        (workers, batch): Shape,
    ) -> Result<(Duration, Vec<Duration>)> {
        let url = server.fresh();
        let first = connect(&url).await?;
        first
            .batch_execute(&format!(
                "CREATE TABLE bare (id bigint PRIMARY KEY, args text NOT NULL,
                                    taken boolean NOT NULL DEFAULT false);
                 CREATE INDEX bare_ready ON bare (id) WHERE NOT taken;
                 INSERT INTO bare (id, args) SELECT n, '{{}}' FROM generate_series(1, {jobs}) AS n;
                 ANALYZE bare;"
            ))
            .await?;
        let mut clients = Vec::new();
        for _ in 0..workers {
            clients.push(connect(&url).await?);
        }
        let mut tasks = JoinSet::new();
        let begun = Instant::now();
        for client in clients {
            tasks.spawn(async move {
                match self {
                    Self::Delete => delete(&client, i64::from(batch)).await,
                    Self::Fused => fused(&client, i64::from(batch)).await,
                }
            });
        }
        let mut times = Vec::new();
        while let Some(some) = tasks.join_next().await {
            times.extend(some??);
        }
        Ok((begun.elapsed(), times))
    }
}

async fn delete(client: &Client, batch: i64) -> Result<Vec<Duration>> {
    let take = client
        .prepare("SELECT id FROM bare ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED")
        .await?;
    let done = client
        .prepare("DELETE FROM bare WHERE id = ANY ($1)")
        .await?;
    let mut times = Vec::new();
    loop {
        let start = Instant::now();
        client.batch_execute("BEGIN").await?;
        let rows = client.query(&take, &[&batch]).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        client.execute(&done, &[&ids]).await?;
        client.batch_execute("COMMIT").await?;
        if ids.is_empty() {
            return Ok(times);
        }
        times.push(start.elapsed());
    }
}

async fn fused(client: &Client, batch: i64) -> Result<Vec<Duration>> {
    let next = client
        .prepare(
            "WITH done AS (DELETE FROM bare WHERE id = ANY ($2)),
                  next AS MATERIALIZED (SELECT id FROM bare WHERE NOT taken
                                        ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
             UPDATE bare SET taken = true FROM next WHERE bare.id = next.id RETURNING bare.id",
        )
        .await?;
    let mut times = Vec::new();
    let mut ids: Vec<i64> = Vec::new();
    loop {
        let start = Instant::now();
        let rows = match client.query(&next, &[&batch, &ids]).await {
            // Rows are locked in no order here; ours begins again, too.
            Err(e) if e.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => continue,
            rows => rows?,
        };
        ids = rows.iter().map(|row| row.get(0)).collect();
        if ids.is_empty() {
            return Ok(times);
        }
        times.push(start.elapsed());
    }
}
