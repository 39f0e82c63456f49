//! Statements about nodes.

use rusqlite::Connection;
use store::{NodeRow, Result};
use ytempire_core::{NodeId, Timestamp};

use crate::sql;

pub(crate) fn join(tx: &Connection, now: Timestamp, node: &NodeRow) -> Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO nodes (id, name, joined_at) VALUES (?1, ?2, ?3)")
        .and_then(|mut s| s.execute((node.id.to_string(), &node.name, now.as_micros())))
        .map(drop)
        .map_err(sql::error)
}

pub(crate) fn list(db: &Connection) -> Result<Vec<NodeRow>> {
    let mut statement = db
        .prepare_cached("SELECT id, name, joined_at FROM nodes ORDER BY id")
        .map_err(sql::error)?;
    let mut rows = statement.query([]).map_err(sql::error)?;
    let mut nodes = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        nodes.push(NodeRow {
            id: sql::parsed(row, "nodes", "id")?,
            name: row.get("name").map_err(sql::error)?,
            joined_at: Timestamp::from_micros(row.get("joined_at").map_err(sql::error)?),
        });
    }
    Ok(nodes)
}

pub(crate) fn leave(tx: &Connection, node: NodeId) -> Result<()> {
    tx.prepare_cached(
        "DELETE FROM nodes
         WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND node_id = ?1)",
    )
    .and_then(|mut s| s.execute([node.to_string()]))
    .map(drop)
    .map_err(sql::error)
}
