//! Which database: a file of `SQLite` or a server of `PostgreSQL`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use store::Store;
use store_postgres::{Options, PostgresStore, Wakes};
use store_sqlite::SqliteStore;
use ytempire_core::{Code, CrashPlan};

use crate::fail::Failure;
use crate::secret_url::SecretUrl;

/// Connections beside those of the jobs at once: the claim loop, heartbeats, and the screen.
const CONNECTIONS_BESIDE: u32 = 4;

/// A database that may be opened.
#[derive(Debug)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(Box<Options>),
}

/// Migrations that a database has and lacks.
pub(crate) struct Schema {
    pub(crate) found: i64,
    pub(crate) due: Vec<&'static str>,
}

impl Place {
    /// What `url` names, or the file in the data folder. `slots` jobs at once use it.
    pub(crate) fn of(url: Option<&SecretUrl>, folder: &Path, slots: u32) -> Result<Self, Failure> {
        let Some(SecretUrl(text)) = url else {
            return Ok(Self::Sqlite(folder.join("ytempire.db")));
        };
        if let Some(path) = text.strip_prefix("sqlite:") {
            if path.is_empty() {
                return Err(invalid(
                    "sqlite: needs a path behind it, as in sqlite:/srv/yt.db",
                ));
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        let mut options = Options::from_url(text).map_err(|e| invalid(&e.to_string()))?;
        options.connections = (slots + CONNECTIONS_BESIDE) as usize;
        Ok(Self::Postgres(Box::new(options)))
    }

    /// The place without a password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(options) => options.place(),
        }
    }

    /// Opens it and brings its schema up to date.
    pub(crate) async fn open(self, crash: CrashPlan) -> Result<Arc<dyn Store>, Failure> {
        let shown = self.shown();
        match self {
            Self::Sqlite(path) => match SqliteStore::open(&path, crash) {
                Ok(store) => Ok(Arc::new(store)),
                Err(e @ store::Error::ReadOnly(_)) => {
                    let folder = path.parent().unwrap_or(&path).display();
                    let text = format!("the data folder {folder} can't be used: {e}");
                    Err(Failure::new(Code::FolderUnwritable, text)
                        .hint("name another one by --data-dir DIR"))
                }
                Err(e) => Err(Failure::from(e).hint(format!(
                    "this is about {shown}; another data folder is named by --data-dir DIR"
                ))),
            },
            Self::Postgres(options) => {
                let store = PostgresStore::open(*options, crash).await;
                let store = store.map_err(|e| unusable(&e, &shown))?;
                Ok(Arc::new(store))
            }
        }
    }

    /// What tells of new jobs of other processes, where the database can. Call within a runtime.
    pub(crate) fn wakes(self) -> Option<Wakes> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(options) => Some(Wakes::listen(*options)),
        }
    }

    /// What its schema is; changes nothing.
    pub(crate) async fn schema(&self) -> Result<Schema, Failure> {
        let shown = self.shown();
        match self {
            Self::Sqlite(path) => {
                let (found, due) = SqliteStore::schema(path).map_err(|e| unusable(&e, &shown))?;
                Ok(Schema { found, due })
            }
            Self::Postgres(options) => {
                let schema = PostgresStore::schema(options).await;
                let schema = schema.map_err(|e| unusable(&e, &shown))?;
                Ok(Schema {
                    found: schema.found,
                    due: schema.due,
                })
            }
        }
    }
}

fn invalid(why: &str) -> Failure {
    Failure::new(Code::ConfigInvalid, format!("--database: {why}"))
        .hint("it is sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME")
}

fn unusable(e: &store::Error, shown: &str) -> Failure {
    let code = match e {
        store::Error::DiskFull => Code::DiskFull,
        store::Error::Away(_) => Code::DatabaseAway,
        _ => Code::StoreFailed,
    };
    Failure::new(code, e.to_string()).hint(format!(
        "this is about {shown}; docs/runbooks/database-down.md says what to look at"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cant_be_a_database_is_said_without_its_password() {
        for text in [
            "postgres://me:hunter2@db?sslmode=no",
            "me:hunter2@db",
            "sqlite:",
        ] {
            let url = SecretUrl::from(text);
            let failed = Place::of(Some(&url), Path::new("/d"), 4).unwrap_err();
            assert!(!format!("{failed:?} {url:?}").contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn places_are_shown_without_a_password() {
        let shown = |text: Option<&str>| {
            let url = text.map(SecretUrl::from);
            Place::of(url.as_ref(), Path::new("/d"), 4).unwrap().shown()
        };
        assert_eq!(shown(None), "/d/ytempire.db");
        assert_eq!(shown(Some("sqlite:/x/y.db")), "/x/y.db");
        assert_eq!(
            shown(Some("postgres://me:hunter2@db.example/yt")),
            "postgres://me@db.example:5432/yt"
        );
    }
}
