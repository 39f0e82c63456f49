//! Statements about accounts and their channels.

use store::{AccountRow, ChannelRow, Error};
use ytempire_core::{AccountId, ChannelId, Timestamp};

use crate::connection::{Connection, Tx};
use crate::sql::{self, Cells, Fault, Result};

pub(crate) async fn account_put(tx: &Tx, account: AccountId, name: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO accounts (id, name) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        &[&account.0, &&*sql::words(name)],
    )
    .await?;
    Ok(())
}

pub(crate) async fn account_zone(tx: &Tx, account: AccountId, zone: &str) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE accounts SET zone = $2 WHERE id = $1",
            &[&account.0, &&*sql::words(zone)],
        )
        .await?;
    Ok(changed == 1)
}

pub(crate) async fn accounts(db: &Connection) -> Result<Vec<AccountRow>> {
    let rows = db
        .query("SELECT id, name, zone FROM accounts ORDER BY id", &[])
        .await?;
    let decode = |row| {
        let row = Cells::of("accounts", row);
        Ok(AccountRow {
            id: AccountId(row.get("id")?),
            name: row.get("name")?,
            zone: row.get("zone")?,
        })
    };
    rows.iter().map(decode).collect()
}

pub(crate) async fn add(tx: &Tx, channel: &ChannelRow) -> Result<bool> {
    let zone = channel.zone.as_deref().map(sql::words);
    let added = tx
        .execute(
            "INSERT INTO channels (id, account_id, name, zone, created_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account_id, name) WHERE removed_at IS NULL DO NOTHING",
            &[
                &channel.id.0,
                &channel.account.0,
                &&*sql::words(&channel.name),
                &zone.as_deref(),
                &channel.created_at.as_micros(),
            ],
        )
        .await?;
    Ok(added == 1)
}

pub(crate) async fn list(db: &Connection) -> Result<Vec<ChannelRow>> {
    let rows = db
        .query(
            "SELECT id, account_id, name, zone, created_at
             FROM channels
             WHERE removed_at IS NULL
             ORDER BY name COLLATE \"C\", id",
            &[],
        )
        .await?;
    let decode = |row| {
        let row = Cells::of("channels", row);
        Ok(ChannelRow {
            id: ChannelId(row.get("id")?),
            account: AccountId(row.get("account_id")?),
            name: row.get("name")?,
            zone: row.get("zone")?,
            created_at: row.time("created_at")?,
        })
    };
    rows.iter().map(decode).collect()
}

pub(crate) async fn remove(tx: &Tx, now: Timestamp, channel: ChannelId) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE channels SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL",
            &[&channel.0, &now.as_micros()],
        )
        .await?;
    Ok(changed == 1)
}

/// Fails unless a new video of the account may be made for the channel.
pub(crate) async fn expect(tx: &Tx, account: AccountId, channel: ChannelId) -> Result<()> {
    let there = tx
        .first(
            "SELECT id FROM channels WHERE id = $1 AND account_id = $2 AND removed_at IS NULL",
            &[&channel.0, &account.0],
        )
        .await?;
    match there {
        Some(_) => Ok(()),
        None => Err(Fault::Said(Error::ChannelGone(channel))),
    }
}
