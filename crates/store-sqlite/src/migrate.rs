//! Forward-only migrations, one file each, counted by `PRAGMA user_version`.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use store::{Error, Result};

use crate::sql;

/// Names and texts.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_first", include_str!("../migrations/0001_first.sql")),
    ("0002_line", include_str!("../migrations/0002_line.sql")),
    (
        "0003_attempts",
        include_str!("../migrations/0003_attempts.sql"),
    ),
    (
        "0004_operations",
        include_str!("../migrations/0004_operations.sql"),
    ),
    ("0005_needs", include_str!("../migrations/0005_needs.sql")),
    ("0006_plan", include_str!("../migrations/0006_plan.sql")),
    (
        "0007_transfers",
        include_str!("../migrations/0007_transfers.sql"),
    ),
    (
        "0008_channels",
        include_str!("../migrations/0008_channels.sql"),
    ),
    (
        "0009_footprints",
        include_str!("../migrations/0009_footprints.sql"),
    ),
    ("0010_days", include_str!("../migrations/0010_days.sql")),
    ("0011_prices", include_str!("../migrations/0011_prices.sql")),
    (
        "0012_adjustments",
        include_str!("../migrations/0012_adjustments.sql"),
    ),
    ("0013_access", include_str!("../migrations/0013_access.sql")),
];

/// How many migrations the file has, and which it lacks. Changes nothing; a file that isn't there
/// lacks all.
pub(crate) fn look(path: &Path) -> Result<(i64, Vec<&'static str>)> {
    let found = if path.exists() {
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        db.and_then(|db| db.query_row("PRAGMA user_version", [], |row| row.get(0)))
            .map_err(sql::error)?
    } else {
        0
    };
    let due = due(found)?.iter().map(|(name, _)| *name);
    Ok((found, due.collect()))
}

fn due(found: i64) -> Result<&'static [(&'static str, &'static str)]> {
    let known = MIGRATIONS.len() as i64;
    usize::try_from(found)
        .ok()
        .and_then(|done| MIGRATIONS.get(done..))
        .ok_or(Error::SchemaUnknown { found, known })
}

/// Brings the schema up to date. Two processes may do it at once: the second finds it done.
pub(crate) fn run(db: &mut Connection) -> Result<()> {
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sql::error)?;
    let found: i64 = tx
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(sql::error)?;
    for (_, migration) in due(found)? {
        tx.execute_batch(migration).map_err(sql::error)?;
    }
    let known = MIGRATIONS.len();
    tx.execute_batch(&format!("PRAGMA user_version = {known}"))
        .map_err(sql::error)?;
    tx.commit().map_err(sql::error)
}
