//! Forward-only migrations, one file each, counted by `PRAGMA user_version`.

use rusqlite::{Connection, TransactionBehavior};
use store::{Error, Result};

use crate::sql;

const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_first.sql")];

/// Brings the schema up to date. Two processes may do it at once: the second finds it done.
pub(crate) fn run(db: &mut Connection) -> Result<()> {
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sql::error)?;
    let found: i64 = tx
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(sql::error)?;
    let known = MIGRATIONS.len() as i64;
    let Some(due) = usize::try_from(found)
        .ok()
        .and_then(|done| MIGRATIONS.get(done..))
    else {
        return Err(Error::SchemaUnknown { found, known });
    };
    for migration in due {
        tx.execute_batch(migration).map_err(sql::error)?;
    }
    tx.execute_batch(&format!("PRAGMA user_version = {known}"))
        .map_err(sql::error)?;
    tx.commit().map_err(sql::error)
}
