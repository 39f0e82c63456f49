//! Statements about nodes.

use store::NodeRow;
use ytempire_core::{NodeId, Timestamp};

use crate::connection::Connection;
use crate::sql::{self, Cells, Result};

pub(crate) async fn join(db: &Connection, now: Timestamp, node: &NodeRow) -> Result<()> {
    db.execute(
        "INSERT INTO nodes (id, name, joined_at)
         VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, joined_at = excluded.joined_at",
        &[&node.id.0, &&*sql::words(&node.name), &now.as_micros()],
    )
    .await?;
    Ok(())
}

pub(crate) async fn list(db: &Connection) -> Result<Vec<NodeRow>> {
    let rows = db
        .query("SELECT id, name, joined_at FROM nodes ORDER BY id", &[])
        .await?;
    let decode = |row| {
        let row = Cells::of("nodes", row);
        Ok(NodeRow {
            id: NodeId(row.get("id")?),
            name: row.get("name")?,
            joined_at: row.time("joined_at")?,
        })
    };
    rows.iter().map(decode).collect()
}

pub(crate) async fn leave(db: &Connection, node: NodeId) -> Result<()> {
    db.execute(
        "DELETE FROM nodes
         WHERE id = $1
           AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND node_id = $1)",
        &[&node.0],
    )
    .await?;
    Ok(())
}
