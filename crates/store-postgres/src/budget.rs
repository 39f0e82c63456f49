//! Statements about budgets, days, and backends that are switched off.

use ledger::{Account, Budget, BudgetOf, Scope, thresholds_of, thresholds_text};
use store::{BackendSwitch, DayRow};
use ytempire_core::{Code, Timestamp};

use crate::connection::{Connection, Tx};
use crate::sql::{self, Cells, Result};

pub(crate) async fn set(tx: &Tx, now: Timestamp, budget: &Budget) -> Result<()> {
    tx.execute(
        "INSERT INTO budgets (scope, cap, thresholds, changed_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (scope) DO UPDATE
         SET cap = excluded.cap, thresholds = excluded.thresholds,
             changed_at = excluded.changed_at",
        &[
            &budget.of.key(),
            &budget.cap.0,
            &thresholds_text(&budget.thresholds),
            &now.as_micros(),
        ],
    )
    .await?;
    try_again(tx, now, Code::DayExhausted).await
}

pub(crate) async fn remove(tx: &Tx, now: Timestamp, of: &BudgetOf) -> Result<bool> {
    let removed = tx
        .execute("DELETE FROM budgets WHERE scope = $1", &[&of.key()])
        .await?;
    try_again(tx, now, Code::DayExhausted).await?;
    Ok(removed == 1)
}

/// Jobs that wait for this reason wait no longer. In the order of their ids, as heartbeats lock them,
/// and none that somebody else has locked: those are leaving that state.
async fn try_again(tx: &Tx, now: Timestamp, why: Code) -> Result<()> {
    let woken = tx
        .execute(
            "WITH waiting AS MATERIALIZED (
                 SELECT id
                 FROM jobs
                 WHERE state = 'scheduled' AND scheduled_at > $1 AND error_code = $2
                 ORDER BY id
                 FOR NO KEY UPDATE SKIP LOCKED
             )
             UPDATE jobs
             SET scheduled_at = $1
             FROM waiting
             WHERE jobs.id = waiting.id",
            &[&now.as_micros(), &why.as_str()],
        )
        .await?;
    if woken > 0 {
        tx.wake(i64::MIN);
    }
    Ok(())
}

pub(crate) async fn list(db: &Connection) -> Result<Vec<Budget>> {
    let rows = db
        .query(
            "SELECT scope, cap, thresholds FROM budgets ORDER BY scope COLLATE \"C\"",
            &[],
        )
        .await?;
    let decode = |row| {
        let row = Cells::of("budgets", row);
        let thresholds: String = row.get("thresholds")?;
        Ok(Budget {
            of: row.named("scope", BudgetOf::from_key)?,
            cap: row.money("cap")?,
            thresholds: thresholds_of(&thresholds),
        })
    };
    rows.iter().map(decode).collect()
}

pub(crate) async fn days(db: &Connection, from: &str, until: &str) -> Result<Vec<DayRow>> {
    let rows = db
        .query(
            "SELECT scope, cap, pending, posted, overrun
             FROM ledger_accounts
             WHERE day IS NOT NULL AND day BETWEEN $1 AND $2
             ORDER BY day, scope COLLATE \"C\"",
            &[&from, &until],
        )
        .await?;
    let mut days = Vec::new();
    for row in &rows {
        let row = Cells::of("ledger_accounts", row);
        let account = Account {
            cap: row.money("cap")?,
            pending: row.money("pending")?,
            posted: row.money("posted")?,
            overrun: row.money("overrun")?,
        };
        if let Scope::Day(of, date) = row.named("scope", Scope::day_from_key)? {
            days.push(DayRow { of, date, account });
        }
    }
    Ok(days)
}

pub(crate) async fn switch(
    tx: &Tx,
    now: Timestamp,
    name: &str,
    reason: Option<&str>,
) -> Result<bool> {
    let name = sql::words(name);
    let before = "SELECT name FROM backends_off WHERE name = $1";
    let before = tx.first(before, &[&&*name]).await?;
    if let Some(reason) = reason {
        tx.execute(
            "INSERT INTO backends_off (name, changed_at, reason) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET reason = excluded.reason",
            &[&&*name, &now.as_micros(), &&*sql::words(reason)],
        )
        .await?;
    } else {
        tx.execute("DELETE FROM backends_off WHERE name = $1", &[&&*name])
            .await?;
        try_again(tx, now, Code::BackendOff).await?;
    }
    Ok(before.is_some() != reason.is_some())
}

pub(crate) async fn off(db: &Connection) -> Result<Vec<BackendSwitch>> {
    let rows = db
        .query(
            "SELECT name, changed_at, reason FROM backends_off ORDER BY name COLLATE \"C\"",
            &[],
        )
        .await?;
    let decode = |row| {
        let row = Cells::of("backends_off", row);
        Ok(BackendSwitch {
            name: row.get("name")?,
            changed_at: row.time("changed_at")?,
            reason: row.get("reason")?,
        })
    };
    rows.iter().map(decode).collect()
}
