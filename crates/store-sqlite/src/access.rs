//! Statements about keys, requests and secrets.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use store::{Access, Answer, Begun, KeyRow, NewRequest, REQUEST_KEPT, Result};
use ytempire_core::{KeyId, Timestamp};

use crate::sql;

pub(crate) fn put(tx: &Connection, key: &KeyRow) -> Result<()> {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    tx.prepare_cached(
        "INSERT INTO api_keys (id, account_id, name, prefix, hash, scopes, created_at, ends_at)
         VALUES (:id, :account, :name, :prefix, :hash, :scopes, :created, :ends)
         ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, prefix = excluded.prefix, hash = excluded.hash,
             scopes = excluded.scopes, ends_at = excluded.ends_at",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":id": key.id.to_string(),
            ":account": key.account.to_string(),
            ":name": key.name,
            ":prefix": key.prefix,
            ":hash": key.hash,
            ":scopes": scopes.join(" "),
            ":created": key.created_at.as_micros(),
            ":ends": key.ends_at.map(Timestamp::as_micros),
        })
    })
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn find(db: &Connection, hash: &str) -> Result<Option<KeyRow>> {
    query(db, "SELECT * FROM api_keys WHERE hash = ?1", [hash]).map(|mut found| found.pop())
}

pub(crate) fn list(db: &Connection) -> Result<Vec<KeyRow>> {
    query(db, "SELECT * FROM api_keys ORDER BY id", [])
}

fn query(db: &Connection, text: &str, params: impl rusqlite::Params) -> Result<Vec<KeyRow>> {
    let mut statement = db.prepare_cached(text).map_err(sql::error)?;
    let mut rows = statement.query(params).map_err(sql::error)?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        keys.push(decode(row)?);
    }
    Ok(keys)
}

fn decode(row: &Row<'_>) -> Result<KeyRow> {
    let known = |names: &str| -> Option<BTreeSet<Access>> {
        names.split_whitespace().map(Access::from_name).collect()
    };
    Ok(KeyRow {
        id: sql::parsed(row, "api_keys", "id")?,
        account: sql::parsed(row, "api_keys", "account_id")?,
        name: row.get("name").map_err(sql::error)?,
        prefix: row.get("prefix").map_err(sql::error)?,
        hash: row.get("hash").map_err(sql::error)?,
        scopes: sql::named(row, "api_keys", "scopes", known)?,
        created_at: Timestamp::from_micros(row.get("created_at").map_err(sql::error)?),
        ends_at: sql::time_or_none(row, "ends_at")?,
    })
}

pub(crate) fn end(tx: &Connection, key: KeyId, at: Timestamp) -> Result<bool> {
    tx.prepare_cached("UPDATE api_keys SET ends_at = min(coalesce(ends_at, ?2), ?2) WHERE id = ?1")
        .and_then(|mut s| s.execute((key.to_string(), at.as_micros())))
        .map(|ended| ended == 1)
        .map_err(sql::error)
}

pub(crate) fn write_test(tx: &Connection, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO write_tests (id, at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at = ?1",
    )
    .and_then(|mut s| s.execute([now.as_micros()]))
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn keep(tx: &Connection, name: &str, fresh: &str) -> Result<String> {
    tx.prepare_cached("INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
        .and_then(|mut s| s.execute((name, fresh)))
        .map_err(sql::error)?;
    tx.prepare_cached("SELECT value FROM secrets WHERE name = ?1")
        .and_then(|mut s| s.query_row([name], |row| row.get(0)))
        .map_err(sql::error)
}

pub(crate) fn begin(tx: &Connection, now: Timestamp, new: &NewRequest) -> Result<Begun> {
    tx.prepare_cached("DELETE FROM requests WHERE begun_at <= ?1")
        .and_then(|mut s| s.execute([now.before(REQUEST_KEPT).as_micros()]))
        .map_err(sql::error)?;
    let id = (new.key.to_string(), &new.name);
    let added = tx
        .prepare_cached(
            "INSERT INTO requests (key_id, name, fingerprint, token, begun_at, lease_until)
             VALUES (:key, :name, :fingerprint, :token, :now, :lease)
             ON CONFLICT DO NOTHING",
        )
        .and_then(|mut s| {
            s.execute(named_params! {
                ":key": id.0,
                ":name": id.1,
                ":fingerprint": new.fingerprint,
                ":token": new.token.to_string(),
                ":now": now.as_micros(),
                ":lease": new.lease_until.as_micros(),
            })
        })
        .map_err(sql::error)?;
    if added == 1 {
        return Ok(Begun::Yours(new.token));
    }
    let mut statement = tx
        .prepare_cached("SELECT * FROM requests WHERE key_id = ?1 AND name = ?2")
        .map_err(sql::error)?;
    let mut rows = statement.query((&id.0, id.1)).map_err(sql::error)?;
    let row = rows.next().map_err(sql::error)?;
    let row = row.ok_or_else(|| store::Error::Database("a request is gone".to_owned()))?;
    if row.get::<_, String>("fingerprint").map_err(sql::error)? != new.fingerprint {
        return Ok(Begun::Other);
    }
    if let Some(answer) = answer(row).map_err(sql::error)? {
        return Ok(Begun::Answered(answer));
    }
    let lease: i64 = row.get("lease_until").map_err(sql::error)?;
    if lease > now.as_micros() {
        return Ok(Begun::Running);
    }
    let token = sql::parsed(row, "requests", "token")?;
    tx.prepare_cached("UPDATE requests SET lease_until = ?3 WHERE key_id = ?1 AND name = ?2")
        .and_then(|mut s| s.execute((&id.0, id.1, new.lease_until.as_micros())))
        .map_err(sql::error)?;
    Ok(Begun::Yours(token))
}

fn answer(row: &Row<'_>) -> rusqlite::Result<Option<Answer>> {
    let Some(status) = row.get::<_, Option<u16>>("status")? else {
        return Ok(None);
    };
    Ok(Some(Answer {
        status,
        content_type: row.get("content_type")?,
        location: row.get("location")?,
        body: row.get("body")?,
    }))
}

pub(crate) fn answered(
    tx: &Connection,
    key: KeyId,
    name: &str,
    answer: Option<&Answer>,
) -> Result<()> {
    let key = key.to_string();
    let done = match answer {
        None => tx
            .prepare_cached("DELETE FROM requests WHERE key_id = ?1 AND name = ?2")
            .and_then(|mut s| s.execute((key, name))),
        Some(answer) => tx
            .prepare_cached(
                "UPDATE requests SET status = ?3, content_type = ?4, location = ?5, body = ?6
                 WHERE key_id = ?1 AND name = ?2",
            )
            .and_then(|mut s| {
                s.execute((
                    key,
                    name,
                    answer.status,
                    &answer.content_type,
                    &answer.location,
                    &answer.body,
                ))
            }),
    };
    done.map(drop).map_err(sql::error)
}

/// Up to which number all events are there: one writer numbers them in the order of its commits.
pub(crate) fn events_upto(db: &Connection) -> Result<i64> {
    let seq: Option<i64> = db
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
        .and_then(|mut s| s.query_row([], |row| row.get(0)).optional())
        .map_err(sql::error)?;
    Ok(seq.unwrap_or(0))
}
