//! Forward-only migrations, one file each, counted in the table `schema_versions`.

use store::Error;

use crate::connection::{Connection, Database};
use crate::sql::{Cells, Fault, Result};

/// A step of the schema.
struct Migration {
    name: &'static str,
    text: &'static str,
    /// The oldest schema that a program may know and still work beside this one. Equal to the
    /// step before while it only adds; it grows when something is taken away.
    works_with: i64,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "0001_first",
        text: include_str!("../migrations/0001_first.sql"),
        works_with: 1,
    },
    Migration {
        name: "0002_line",
        text: include_str!("../migrations/0002_line.sql"),
        works_with: 2,
    },
    Migration {
        name: "0003_attempts",
        text: include_str!("../migrations/0003_attempts.sql"),
        works_with: 2,
    },
    Migration {
        name: "0004_operations",
        text: include_str!("../migrations/0004_operations.sql"),
        works_with: 2,
    },
    Migration {
        name: "0005_exchange",
        text: include_str!("../migrations/0005_exchange.sql"),
        works_with: 5,
    },
    Migration {
        name: "0006_plan",
        text: include_str!("../migrations/0006_plan.sql"),
        works_with: 5,
    },
    Migration {
        name: "0007_transfers",
        text: include_str!("../migrations/0007_transfers.sql"),
        works_with: 5,
    },
    Migration {
        name: "0008_channels",
        text: include_str!("../migrations/0008_channels.sql"),
        works_with: 5,
    },
    Migration {
        name: "0009_footprints",
        text: include_str!("../migrations/0009_footprints.sql"),
        works_with: 5,
    },
    Migration {
        name: "0010_days",
        text: include_str!("../migrations/0010_days.sql"),
        works_with: 10,
    },
    Migration {
        name: "0011_prices",
        text: include_str!("../migrations/0011_prices.sql"),
        works_with: 10,
    },
    Migration {
        name: "0012_adjustments",
        text: include_str!("../migrations/0012_adjustments.sql"),
        works_with: 12,
    },
    Migration {
        name: "0013_access",
        text: include_str!("../migrations/0013_access.sql"),
        works_with: 12,
    },
];

/// Who migrates holds this advisory lock: `ytempire` in ASCII. Others wait, then find it done.
const LOCK: i64 = 0x7974_656d_7069_7265;

const VERSIONS: &str = "\
    CREATE TABLE IF NOT EXISTS schema_versions (
        version     bigint PRIMARY KEY,  -- how many migrations were applied
        name        text NOT NULL,       -- the last of them
        works_with  bigint NOT NULL      -- the oldest schema that a program may know and still work
    )";

/// What a database has and what this program would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Migrations that the database has; 0 where it is empty.
    pub found: i64,
    /// Migrations that it lacks, in order.
    pub due: Vec<&'static str>,
}

/// Looks, and changes nothing.
pub(crate) async fn look(db: &Connection) -> Result<Schema> {
    let there = "SELECT to_regclass('schema_versions') IS NOT NULL AS there";
    let Some(row) = db.first(there, &[]).await? else {
        return Err(Fault::Lost("no answer".to_owned()));
    };
    if !Cells::of("pg_class", &row).get::<bool>("there")? {
        return schema(0, 0);
    }
    let newest = "SELECT version, works_with FROM schema_versions ORDER BY version DESC LIMIT 1";
    match db.first(newest, &[]).await? {
        None => schema(0, 0),
        Some(row) => {
            let row = Cells::of("schema_versions", &row);
            schema(row.get("version")?, row.get("works_with")?)
        }
    }
}

fn schema(found: i64, works_with: i64) -> Result<Schema> {
    let known = MIGRATIONS.len() as i64;
    // A newer schema that took nothing away: programs of before and after run side by side.
    if works_with > known || found < 0 {
        return Err(Fault::Said(Error::SchemaUnknown { found, known }));
    }
    let due = MIGRATIONS.iter().skip(found as usize);
    Ok(Schema {
        found,
        due: due.map(|migration| migration.name).collect(),
    })
}

/// Brings the schema up to date, all of it or nothing. Many processes may do it at once.
pub(crate) async fn run(database: &Database, db: Connection) -> Result<Schema> {
    let before = look(&db).await?;
    // The usual case takes no lock and needs no right to change tables.
    if before.due.is_empty() {
        return Ok(before);
    }
    drop(db);
    let tx = database.begin().await?;
    let done = apply(&tx).await;
    tx.end(done).await
}

async fn apply(tx: &Connection) -> Result<Schema> {
    // Building an index of a large table takes its time: those who wait here wait longer than for
    // a row.
    tx.script("SET LOCAL lock_timeout = '10min'").await?;
    tx.script(&format!("SELECT pg_advisory_xact_lock({LOCK})"))
        .await?;
    tx.script(VERSIONS).await?;
    let schema = look(tx).await?;
    for (version, migration) in (1_i64..).zip(MIGRATIONS).skip(schema.found as usize) {
        tracing::info!(name = migration.name, "migrating the database");
        tx.script(migration.text).await?;
        tx.execute(
            "INSERT INTO schema_versions (version, name, works_with) VALUES ($1, $2, $3)",
            &[&version, &migration.name, &migration.works_with],
        )
        .await?;
    }
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_commented_and_no_time_or_chance_is_fetched() {
        for migration in MIGRATIONS {
            let of_table = |l: &&str| l.starts_with("    ") && !l.starts_with("     ");
            for line in migration.text.lines().filter(of_table) {
                let first = line.split_whitespace().next().unwrap_or_default();
                let column = first.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                assert!(!column || line.contains("--"), "no comment: {line}");
            }
            for fetched in ["now()", "random", "clock_timestamp", "CURRENT_", "uuid("] {
                assert!(!migration.text.contains(fetched), "{fetched}");
            }
        }
    }

    #[test]
    fn a_newer_schema_works_until_it_takes_something_away() {
        assert_eq!(schema(0, 0).unwrap().due.len(), MIGRATIONS.len());
        let known = MIGRATIONS.len() as i64;
        assert!(schema(known + 3, known).unwrap().due.is_empty());
        let refused = schema(known + 3, known + 1);
        assert!(matches!(
            refused,
            Err(Fault::Said(Error::SchemaUnknown { .. }))
        ));
    }
}
