//! The checker's own door to the database: SQL in, JSON rows out.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use testkit::PostgresServer;

use crate::options::Backend;

/// A database that the product uses, read past the product.
pub enum Database {
    /// The file.
    Sqlite(PathBuf),
    /// The server, and its schema that the product uses.
    Postgres(Box<PostgresServer>, String),
}

impl Database {
    /// A fresh one. The file of `SQLite` comes into `data`, once the product has made it.
    pub fn start(backend: Backend, data: &Path) -> Self {
        Self::start_in(&std::env::temp_dir(), backend, data, "")
    }

    /// As [`Database::start`]; a server is below `parent`, and has more `settings`.
    pub(crate) fn start_in(parent: &Path, backend: Backend, data: &Path, settings: &str) -> Self {
        match backend {
            Backend::Sqlite => Self::Sqlite(data.join("ytempire.db")),
            Backend::Postgres => {
                // When a transaction was committed tells in which order two of them count.
                let server = PostgresServer::start_in(
                    parent,
                    &format!("-c track_commit_timestamp=on {settings}"),
                );
                let url = server.fresh();
                Self::Postgres(Box::new(server), url)
            }
        }
    }

    /// What the product is told; nothing where it needs no telling.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(_, url) => Some(url),
        }
    }

    /// The rows that `sql` gives, read-only.
    ///
    /// # Errors
    /// The database is away, or the statement is wrong.
    pub fn rows<T: DeserializeOwned>(&self, sql: &str) -> Result<Vec<T>> {
        let rows = match self {
            Self::Sqlite(path) => sqlite_rows(path, sql)?,
            Self::Postgres(server, _) => {
                let whole = format!(
                    "SET search_path = s0; SELECT coalesce(json_agg(t), '[]'::json) FROM ({sql}) t"
                );
                let text = server.try_sql(&whole).map_err(|e| anyhow!("{e}"))?;
                serde_json::from_str(&text).context("read the answer")?
            }
        };
        serde_json::from_value(rows).with_context(|| format!("read the rows of {sql}"))
    }

    /// Runs statements that change something: triggers, and planted faults.
    ///
    /// # Errors
    /// As [`Database::rows`].
    pub fn change(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(path) => {
                let db = Connection::open(path)?;
                db.busy_timeout(std::time::Duration::from_secs(10))?;
                Ok(db.execute_batch(sql)?)
            }
            Self::Postgres(server, _) => {
                let whole = format!("SET search_path = s0; {sql}");
                server.try_sql(&whole).map(drop).map_err(|e| anyhow!("{e}"))
            }
        }
    }

    /// The server, where there is one to crash.
    pub fn server(&self) -> Option<&PostgresServer> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(server, _) => Some(server),
        }
    }

    /// What a column holds for the order in which transactions were committed.
    pub(crate) const fn commit_order(&self) -> &'static str {
        match self {
            // One writer: changes are numbered in the order in which they are committed.
            Self::Sqlite(_) => "n",
            Self::Postgres(..) => {
                "(extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint"
            }
        }
    }
}

fn sqlite_rows(path: &Path, sql: &str) -> Result<Value> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    let mut statement = db.prepare(sql)?;
    let names: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let mut object = Map::new();
        for (index, name) in names.iter().enumerate() {
            let value = match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => number.into(),
                ValueRef::Real(number) => number.into(),
                ValueRef::Text(text) | ValueRef::Blob(text) => {
                    String::from_utf8_lossy(text).into_owned().into()
                }
            };
            object.insert(name.clone(), value);
        }
        all.push(Value::Object(object));
    }
    Ok(all.into())
}
