//! Small things every statement needs: errors, and decoding of columns.

use std::str::FromStr;

use rusqlite::{ErrorCode, Row};
use serde::de::DeserializeOwned;
use store::{Error, Result};
use ytempire_core::{Code, Timestamp};

/// What `SQLite` said, in the store's words.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
pub(crate) fn error(e: rusqlite::Error) -> Error {
    error_ref(&e)
}

pub(crate) fn error_ref(e: &rusqlite::Error) -> Error {
    match e.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::DiskFull,
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Error::ReadOnly(e.to_string())
        }
        _ => Error::Database(e.to_string()),
    }
}

/// A column that holds something's text form.
pub(crate) fn parsed<T: FromStr>(
    row: &Row<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    let text: String = row.get(column).map_err(error)?;
    text.parse()
        .map_err(|e: T::Err| undecodable(row, table, column, &e.to_string()))
}

/// A column that holds something's text form, or nothing.
pub(crate) fn parsed_or_none<T: FromStr>(
    row: &Row<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<Option<T>>
where
    T::Err: std::fmt::Display,
{
    match row.get::<_, Option<String>>(column).map_err(error)? {
        None => Ok(None),
        Some(_) => parsed(row, table, column).map(Some),
    }
}

/// A column that holds JSON.
pub(crate) fn json<T: DeserializeOwned>(
    row: &Row<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<T> {
    let text: String = row.get(column).map_err(error)?;
    serde_json::from_str(&text).map_err(|e| undecodable(row, table, column, &e.to_string()))
}

/// A column that holds a name out of a set.
pub(crate) fn named<T>(
    row: &Row<'_>,
    table: &'static str,
    column: &'static str,
    from_name: impl FnOnce(&str) -> Option<T>,
) -> Result<T> {
    let text: String = row.get(column).map_err(error)?;
    from_name(&text).ok_or_else(|| undecodable(row, table, column, &format!("unknown {text:?}")))
}

/// A column that holds a moment or nothing.
pub(crate) fn time_or_none(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>> {
    let micros: Option<i64> = row.get(column).map_err(error)?;
    Ok(micros.map(Timestamp::from_micros))
}

fn undecodable(row: &Row<'_>, table: &'static str, column: &'static str, why: &str) -> Error {
    let row = row
        .get::<_, String>("id")
        .or_else(|_| row.get::<_, i64>("seq").map(|n| n.to_string()));
    Error::Undecodable {
        table,
        row: row.unwrap_or_else(|_| "?".to_owned()),
        column,
        why: why.to_owned(),
    }
}

/// Text of a value that always serialises.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::Database(format!("can't write JSON: {e}")))
}

/// The error code of that name.
pub(crate) fn code(name: &str) -> Option<Code> {
    Code::ALL.iter().copied().find(|code| code.as_str() == name)
}
