//! Small things every statement needs: faults, and decoding of columns.

use std::str::FromStr;

use store::Error;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::FromSqlOwned;
use ytempire_core::{Code, MicroUsd, Timestamp};

/// Why a statement failed, as far as the transaction around it cares.
#[derive(Debug)]
pub(crate) enum Fault {
    /// For the caller.
    Said(Error),
    /// Lost a race against another transaction: everything is undone, and it may begin again.
    Race(String),
    /// The connection is gone.
    Lost(String),
    /// The connection was gone before anything was asked of it.
    Stale(String),
}

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        Self::Said(e)
    }
}

impl From<ledger::HoldRefused> for Fault {
    fn from(e: ledger::HoldRefused) -> Self {
        Self::Said(e.into())
    }
}

impl From<ledger::SettleError> for Fault {
    fn from(e: ledger::SettleError) -> Self {
        Self::Said(e.into())
    }
}

impl From<ytempire_core::MoneyError> for Fault {
    fn from(e: ytempire_core::MoneyError) -> Self {
        Self::Said(e.into())
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(e: tokio_postgres::Error) -> Self {
        let Some(said) = e.as_db_error() else {
            // Nothing that the server said: the wire broke, or a value didn't fit its column.
            let cause = std::error::Error::source(&e);
            let io = cause.and_then(<dyn std::error::Error>::downcast_ref::<std::io::Error>);
            // A certificate that isn't trusted comes so, and stays as it is.
            let io = io.filter(|io| io.kind() != std::io::ErrorKind::InvalidData);
            // The driver has no other way to tell that connecting took too long.
            let late = e.to_string().starts_with("timeout");
            return if e.is_closed() || io.is_some() || late {
                Self::Lost(chain(&e))
            } else {
                Self::Said(Error::Database(chain(&e)))
            };
        };
        let text = said.message().to_owned();
        match said.code() {
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Race(text)
            }
            &SqlState::ADMIN_SHUTDOWN
            | &SqlState::CRASH_SHUTDOWN
            | &SqlState::CANNOT_CONNECT_NOW
            | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::Lost(text),
            &SqlState::DISK_FULL => Self::Said(Error::DiskFull),
            &SqlState::READ_ONLY_SQL_TRANSACTION | &SqlState::INSUFFICIENT_PRIVILEGE => {
                Self::Said(Error::ReadOnly(text))
            }
            code => Self::Said(Error::Database(format!(
                "{text} (SQLSTATE {})",
                code.code()
            ))),
        }
    }
}

impl Fault {
    /// What the caller is told.
    pub(crate) fn into_error(self, place: &str) -> Error {
        match self {
            Self::Said(e) => e,
            Self::Race(text) => Error::Database(format!(
                "other transactions came first again and again: {text}; try again"
            )),
            Self::Lost(text) | Self::Stale(text) => Error::Away(format!(
                "{place} can't be reached, or the connection was lost: {text}; the same command \
                 goes on once the database is back"
            )),
        }
    }
}

/// An error with its causes. None of them holds a password: the driver never repeats one.
pub(crate) fn chain(e: &dyn std::error::Error) -> String {
    let mut text = e.to_string();
    let mut cause = e.source();
    while let Some(e) = cause {
        let more = e.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = e.source();
    }
    text
}

/// A row of a table, to be decoded column by column.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'r> {
    table: &'static str,
    row: &'r Row,
}

impl<'r> Cells<'r> {
    pub(crate) const fn of(table: &'static str, row: &'r Row) -> Self {
        Self { table, row }
    }

    pub(crate) fn get<T: FromSqlOwned>(self, column: &'static str) -> Result<T> {
        let cell = self.row.try_get(column);
        cell.map_err(|e| self.undecodable(column, chain(&e)))
    }

    /// A column that holds something's text form.
    pub(crate) fn parsed<T: FromStr>(self, column: &'static str) -> Result<T>
    where
        T::Err: std::fmt::Display,
    {
        let text: String = self.get(column)?;
        text.parse()
            .map_err(|e: T::Err| self.undecodable(column, e.to_string()))
    }

    /// A column that holds a name out of a set.
    pub(crate) fn named<T>(
        self,
        column: &'static str,
        from_name: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T> {
        let text: String = self.get(column)?;
        from_name(&text).ok_or_else(|| self.undecodable(column, format!("unknown {text:?}")))
    }

    /// A column that counts what is never negative.
    pub(crate) fn count<T: TryFrom<i64>>(self, column: &'static str) -> Result<T> {
        let number: i64 = self.get(column)?;
        T::try_from(number)
            .map_err(|_| self.undecodable(column, format!("{number} is out of range")))
    }

    /// A column that holds a moment.
    pub(crate) fn time(self, column: &'static str) -> Result<Timestamp> {
        self.get(column).map(Timestamp::from_micros)
    }

    /// A column that holds a moment or nothing.
    pub(crate) fn time_or_none(self, column: &'static str) -> Result<Option<Timestamp>> {
        let micros: Option<i64> = self.get(column)?;
        Ok(micros.map(Timestamp::from_micros))
    }

    /// A column that holds money.
    pub(crate) fn money(self, column: &'static str) -> Result<MicroUsd> {
        self.get(column).map(MicroUsd)
    }

    /// A pair of columns that say why something failed.
    pub(crate) fn failure(
        self,
        code: &'static str,
        text: &'static str,
    ) -> Result<Option<(Code, String)>> {
        let name: Option<String> = self.get(code)?;
        let text: Option<String> = self.get(text)?;
        let known = |name: &str| Code::ALL.iter().copied().find(|code| code.as_str() == name);
        Ok(name.and_then(|name| Some((known(&name)?, text.unwrap_or_default()))))
    }

    fn undecodable(self, column: &'static str, why: String) -> Fault {
        let id = ["id", "seq", "key", "scope"].into_iter().find_map(|name| {
            let uuid = self
                .row
                .try_get::<_, uuid::Uuid>(name)
                .map(|id| id.to_string());
            let number = || self.row.try_get::<_, i64>(name).map(|n| n.to_string());
            let text = |_| self.row.try_get::<_, String>(name);
            uuid.or_else(|_| number()).or_else(text).ok()
        });
        Fault::Said(Error::Undecodable {
            table: self.table,
            row: id.unwrap_or_else(|| "?".to_owned()),
            column,
            why,
        })
    }
}

/// Words from outside, as a text column can keep them: it has no NUL.
pub(crate) fn words(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') {
        text.replace('\0', "\u{FFFD}").into()
    } else {
        text.into()
    }
}
