//! Statements about accounts and their channels.

use rusqlite::{Connection, Row, named_params};
use store::{AccountRow, ChannelRow, Error, Result};
use ytempire_core::{AccountId, ChannelId, Timestamp};

use crate::sql;

pub(crate) fn account_put(tx: &Connection, account: AccountId, name: &str) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO accounts (id, name) VALUES (:id, :name)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    )
    .and_then(|mut s| s.execute(named_params! { ":id": account.to_string(), ":name": name }))
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn account_zone(tx: &Connection, account: AccountId, zone: &str) -> Result<bool> {
    tx.prepare_cached("UPDATE accounts SET zone = ?2 WHERE id = ?1")
        .and_then(|mut s| s.execute((account.to_string(), zone)))
        .map(|changed| changed == 1)
        .map_err(sql::error)
}

pub(crate) fn accounts(db: &Connection) -> Result<Vec<AccountRow>> {
    let text = "SELECT id, name, zone FROM accounts ORDER BY id";
    let mut statement = db.prepare_cached(text).map_err(sql::error)?;
    let mut rows = statement.query([]).map_err(sql::error)?;
    let mut accounts = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        accounts.push(AccountRow {
            id: sql::parsed(row, "accounts", "id")?,
            name: row.get("name").map_err(sql::error)?,
            zone: row.get("zone").map_err(sql::error)?,
        });
    }
    Ok(accounts)
}

pub(crate) fn add(tx: &Connection, channel: &ChannelRow) -> Result<bool> {
    tx.prepare_cached(
        "INSERT INTO channels (id, account_id, name, zone, created_at)
         VALUES (:id, :account, :name, :zone, :now)
         ON CONFLICT (account_id, name) WHERE removed_at IS NULL DO NOTHING",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":id": channel.id.to_string(),
            ":account": channel.account.to_string(),
            ":name": channel.name,
            ":zone": channel.zone,
            ":now": channel.created_at.as_micros(),
        })
    })
    .map(|added| added == 1)
    .map_err(sql::error)
}

pub(crate) fn list(db: &Connection) -> Result<Vec<ChannelRow>> {
    let text = "SELECT id, account_id, name, zone, created_at
                FROM channels
                WHERE removed_at IS NULL
                ORDER BY name, id";
    let mut statement = db.prepare_cached(text).map_err(sql::error)?;
    let mut rows = statement.query([]).map_err(sql::error)?;
    let mut channels = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        channels.push(decode(row)?);
    }
    Ok(channels)
}

fn decode(row: &Row<'_>) -> Result<ChannelRow> {
    let created_at = row.get("created_at").map_err(sql::error)?;
    Ok(ChannelRow {
        id: sql::parsed(row, "channels", "id")?,
        account: sql::parsed(row, "channels", "account_id")?,
        name: row.get("name").map_err(sql::error)?,
        zone: row.get("zone").map_err(sql::error)?,
        created_at: Timestamp::from_micros(created_at),
    })
}

pub(crate) fn remove(tx: &Connection, now: Timestamp, channel: ChannelId) -> Result<bool> {
    tx.prepare_cached("UPDATE channels SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL")
        .and_then(|mut s| s.execute((channel.to_string(), now.as_micros())))
        .map(|changed| changed == 1)
        .map_err(sql::error)
}

/// Fails unless a new video of the account may be made for the channel.
pub(crate) fn expect(tx: &Connection, account: AccountId, channel: ChannelId) -> Result<()> {
    let there = tx
        .prepare_cached(
            "SELECT 1 FROM channels WHERE id = ?1 AND account_id = ?2 AND removed_at IS NULL",
        )
        .and_then(|mut s| s.exists((channel.to_string(), account.to_string())))
        .map_err(sql::error)?;
    if there {
        Ok(())
    } else {
        Err(Error::ChannelGone(channel))
    }
}
