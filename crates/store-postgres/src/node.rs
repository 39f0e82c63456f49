//! Statements about nodes.

use store::{Machine, NODE_SILENT_MAX, NodeOrders, NodeRow, NodeStatus};
use tokio_postgres::types::Json;
use ytempire_core::{NodeId, Timestamp};

use crate::connection::{Connection, Tx};
use crate::line;
use crate::sql::{self, Cells, Result};

pub(crate) async fn join(db: &Connection, now: Timestamp, node: &NodeRow) -> Result<()> {
    db.execute(
        "INSERT INTO nodes (id, name, joined_at, seen_at, machine)
         VALUES ($1, $2, $3, $3, $4)
         ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, seen_at = excluded.seen_at, machine = excluded.machine",
        &[
            &node.id.0,
            &&*sql::words(&node.name),
            &now.as_micros(),
            &Json(&node.machine),
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn beat(tx: &Tx, now: Timestamp, node: NodeId) -> Result<Option<NodeOrders>> {
    // A clock set back must not make it look as if it had been silent.
    let row = tx
        .first(
            "UPDATE nodes SET seen_at = greatest(seen_at, $2) WHERE id = $1
             RETURNING id, draining",
            &[&node.0, &now.as_micros()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(NodeOrders {
        draining: Cells::of("nodes", &row).get("draining")?,
        mode: line::get(tx).await?.mode,
    }))
}

pub(crate) async fn drain(tx: &Tx, node: NodeId) -> Result<bool> {
    let told = "UPDATE nodes SET draining = true WHERE id = $1";
    Ok(tx.execute(told, &[&node.0]).await? > 0)
}

pub(crate) async fn list(db: &Connection) -> Result<Vec<NodeStatus>> {
    let rows = db
        .query(
            "SELECT id, name, joined_at, seen_at, draining, machine,
                    (SELECT count(*)
                     FROM jobs
                     WHERE jobs.state = 'running' AND jobs.node_id = nodes.id) AS jobs
             FROM nodes
             ORDER BY id",
            &[],
        )
        .await?;
    let decode = |row| {
        let row = Cells::of("nodes", row);
        Ok(NodeStatus {
            id: NodeId(row.get("id")?),
            name: row.get("name")?,
            joined_at: row.time("joined_at")?,
            seen_at: row.time("seen_at")?,
            draining: row.get("draining")?,
            jobs: row.count("jobs")?,
            machine: row
                .get::<Option<Json<Machine>>>("machine")?
                .map_or_else(Machine::default, |machine| machine.0),
        })
    };
    rows.iter().map(decode).collect()
}

pub(crate) async fn leave(db: &Connection, node: NodeId) -> Result<bool> {
    db.execute(
        "DELETE FROM nodes
         WHERE id = $1
           AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND node_id = $1)",
        &[&node.0],
    )
    .await?;
    let left = "SELECT id FROM nodes WHERE id = $1";
    Ok(db.first(left, &[&node.0]).await?.is_none())
}

/// Forgets those that hold nothing and have been silent for long.
pub(crate) async fn forget_silent(tx: &Tx, now: Timestamp) -> Result<()> {
    let since = now.before(NODE_SILENT_MAX);
    tx.execute(
        "DELETE FROM nodes
         WHERE seen_at < $1
           AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND node_id = nodes.id)",
        &[&since.as_micros()],
    )
    .await?;
    Ok(())
}
