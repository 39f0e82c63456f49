//! Statements about nodes.

use rusqlite::{Connection, OptionalExtension};
use store::{NODE_SILENT_MAX, NodeOrders, NodeRow, NodeStatus, Result};
use ytempire_core::{NodeId, Timestamp};

use crate::{line, sql};

pub(crate) fn join(tx: &Connection, now: Timestamp, node: &NodeRow) -> Result<()> {
    let machine = sql::to_json(&node.machine)?;
    tx.prepare_cached(
        "INSERT INTO nodes (id, name, joined_at, seen_at, machine) VALUES (?1, ?2, ?3, ?3, ?4)
         ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, seen_at = excluded.seen_at, machine = excluded.machine",
    )
    .and_then(|mut s| s.execute((node.id.to_string(), &node.name, now.as_micros(), machine)))
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn beat(tx: &Connection, now: Timestamp, node: NodeId) -> Result<Option<NodeOrders>> {
    // A clock set back must not make it look as if it had been silent.
    let draining = tx
        .prepare_cached(
            "UPDATE nodes SET seen_at = max(seen_at, ?2) WHERE id = ?1 RETURNING draining",
        )
        .and_then(|mut s| {
            s.query_row((node.to_string(), now.as_micros()), |row| row.get(0))
                .optional()
        })
        .map_err(sql::error)?;
    let Some(draining) = draining else {
        return Ok(None);
    };
    let mode = line::get(tx)?.mode;
    Ok(Some(NodeOrders { draining, mode }))
}

pub(crate) fn drain(tx: &Connection, node: NodeId) -> Result<bool> {
    tx.prepare_cached("UPDATE nodes SET draining = 1 WHERE id = ?1")
        .and_then(|mut s| s.execute([node.to_string()]))
        .map(|changed| changed > 0)
        .map_err(sql::error)
}

pub(crate) fn list(db: &Connection) -> Result<Vec<NodeStatus>> {
    let mut statement = db
        .prepare_cached(
            "SELECT id, name, joined_at, seen_at, draining, coalesce(machine, '{}') AS machine,
                    (SELECT count(*)
                     FROM jobs
                     WHERE jobs.state = 'running' AND jobs.node_id = nodes.id) AS jobs
             FROM nodes
             ORDER BY id",
        )
        .map_err(sql::error)?;
    let mut rows = statement.query([]).map_err(sql::error)?;
    let mut nodes = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        let time = |column| {
            row.get(column)
                .map(Timestamp::from_micros)
                .map_err(sql::error)
        };
        nodes.push(NodeStatus {
            id: sql::parsed(row, "nodes", "id")?,
            name: row.get("name").map_err(sql::error)?,
            joined_at: time("joined_at")?,
            seen_at: time("seen_at")?,
            draining: row.get("draining").map_err(sql::error)?,
            jobs: row.get::<_, u32>("jobs").map_err(sql::error)?.into(),
            machine: sql::json(row, "nodes", "machine")?,
        });
    }
    Ok(nodes)
}

pub(crate) fn leave(tx: &Connection, node: NodeId) -> Result<bool> {
    let node = node.to_string();
    tx.prepare_cached(
        "DELETE FROM nodes
         WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND node_id = ?1)",
    )
    .and_then(|mut s| s.execute([&node]))
    .map_err(sql::error)?;
    tx.prepare_cached("SELECT 1 FROM nodes WHERE id = ?1")
        .and_then(|mut s| s.exists([&node]))
        .map(|there| !there)
        .map_err(sql::error)
}

/// Forgets those that hold nothing and have been silent for long.
pub(crate) fn forget_silent(tx: &Connection, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "DELETE FROM nodes
         WHERE seen_at < ?1
           AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND node_id = nodes.id)",
    )
    .and_then(|mut s| s.execute([now.before(NODE_SILENT_MAX).as_micros()]))
    .map(drop)
    .map_err(sql::error)
}
