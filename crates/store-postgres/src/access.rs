//! Statements about keys, requests and secrets.

use std::collections::BTreeSet;

use store::{Access, Answer, Begun, KeyRow, NewRequest, REQUEST_KEPT};
use tokio_postgres::Row;
use ytempire_core::{AccountId, KeyId, Timestamp};

use crate::connection::{Connection, Tx};
use crate::sql::{self, Cells, Result};

pub(crate) async fn put(tx: &Tx, key: &KeyRow) -> Result<()> {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    tx.execute(
        "INSERT INTO api_keys (id, account_id, name, prefix, hash, scopes, created_at, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, prefix = excluded.prefix, hash = excluded.hash,
             scopes = excluded.scopes, ends_at = excluded.ends_at",
        &[
            &key.id.0,
            &key.account.0,
            &&*sql::words(&key.name),
            &key.prefix,
            &key.hash,
            &scopes.join(" "),
            &key.created_at.as_micros(),
            &key.ends_at.map(Timestamp::as_micros),
        ],
    )
    .await?;
    Ok(())
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, name, prefix, hash, scopes, created_at, ends_at FROM api_keys ",
            $rest
        )
    };
}

pub(crate) async fn find(db: &Connection, hash: &str) -> Result<Option<KeyRow>> {
    let row = db.first(select!("WHERE hash = $1"), &[&hash]).await?;
    row.as_ref().map(decode).transpose()
}

pub(crate) async fn list(db: &Connection) -> Result<Vec<KeyRow>> {
    let rows = db.query(select!("ORDER BY id"), &[]).await?;
    rows.iter().map(decode).collect()
}

fn decode(row: &Row) -> Result<KeyRow> {
    let row = Cells::of("api_keys", row);
    let known = |names: &str| -> Option<BTreeSet<Access>> {
        names.split_whitespace().map(Access::from_name).collect()
    };
    Ok(KeyRow {
        id: KeyId(row.get("id")?),
        account: AccountId(row.get("account_id")?),
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        hash: row.get("hash")?,
        scopes: row.named("scopes", known)?,
        created_at: row.time("created_at")?,
        ends_at: row.time_or_none("ends_at")?,
    })
}

pub(crate) async fn end(tx: &Tx, key: KeyId, at: Timestamp) -> Result<bool> {
    let ended = tx
        .execute(
            "UPDATE api_keys SET ends_at = least(coalesce(ends_at, $2), $2) WHERE id = $1",
            &[&key.0, &at.as_micros()],
        )
        .await?;
    Ok(ended == 1)
}

pub(crate) async fn write_test(tx: &Tx, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO write_tests (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = $1",
        &[&now.as_micros()],
    )
    .await?;
    Ok(())
}

/// Who comes second waits for the first, and finds its row in the statement after.
pub(crate) async fn keep(tx: &Tx, name: &str, fresh: &str) -> Result<String> {
    tx.execute(
        "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[&name, &fresh],
    )
    .await?;
    let kept = "SELECT name, value FROM secrets WHERE name = $1";
    match tx.first(kept, &[&name]).await? {
        Some(row) => Cells::of("secrets", &row).get("value"),
        None => Ok(fresh.to_owned()),
    }
}

pub(crate) async fn begin(tx: &Tx, now: Timestamp, new: &NewRequest) -> Result<Begun> {
    let name = sql::words(&new.name);
    // Rows that somebody else deletes or answers now are left to them.
    tx.execute(
        "DELETE FROM requests
         WHERE (key_id, name) IN (SELECT key_id, name
                                  FROM requests
                                  WHERE begun_at <= $1
                                  FOR UPDATE SKIP LOCKED)",
        &[&now.before(REQUEST_KEPT).as_micros()],
    )
    .await?;
    let added = tx
        .execute(
            "INSERT INTO requests (key_id, name, fingerprint, token, begun_at, lease_until)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT DO NOTHING",
            &[
                &new.key.0,
                &&*name,
                &new.fingerprint,
                &new.token,
                &now.as_micros(),
                &new.lease_until.as_micros(),
            ],
        )
        .await?;
    if added == 1 {
        return Ok(Begun::Yours(new.token));
    }
    let found = tx
        .first(
            "SELECT name, fingerprint, token, lease_until, status, content_type, location, body
             FROM requests
             WHERE key_id = $1 AND name = $2
             FOR UPDATE",
            &[&new.key.0, &&*name],
        )
        .await?;
    // It was given up between the two statements: whoever asks again may have it.
    let Some(row) = found else {
        return Ok(Begun::Running);
    };
    let row = Cells::of("requests", &row);
    if row.get::<String>("fingerprint")? != new.fingerprint {
        return Ok(Begun::Other);
    }
    if let Some(answer) = answer(row)? {
        return Ok(Begun::Answered(answer));
    }
    if row.time("lease_until")? > now {
        return Ok(Begun::Running);
    }
    let token = row.get("token")?;
    tx.execute(
        "UPDATE requests SET lease_until = $3 WHERE key_id = $1 AND name = $2",
        &[&new.key.0, &&*name, &new.lease_until.as_micros()],
    )
    .await?;
    Ok(Begun::Yours(token))
}

fn answer(row: Cells<'_>) -> Result<Option<Answer>> {
    if row.get::<Option<i64>>("status")?.is_none() {
        return Ok(None);
    }
    Ok(Some(Answer {
        status: row.count("status")?,
        content_type: row.get("content_type")?,
        location: row.get("location")?,
        body: row.get("body")?,
    }))
}

pub(crate) async fn answered(
    tx: &Tx,
    key: KeyId,
    name: &str,
    answer: Option<&Answer>,
) -> Result<()> {
    let name = sql::words(name);
    match answer {
        None => {
            let forget = "DELETE FROM requests WHERE key_id = $1 AND name = $2";
            tx.execute(forget, &[&key.0, &&*name]).await?
        }
        Some(answer) => {
            tx.execute(
                "UPDATE requests SET status = $3, content_type = $4, location = $5, body = $6
                 WHERE key_id = $1 AND name = $2",
                &[
                    &key.0,
                    &&*name,
                    &i64::from(answer.status),
                    &answer.content_type,
                    &answer.location,
                    &&*sql::words(&answer.body),
                ],
            )
            .await?
        }
    };
    Ok(())
}
