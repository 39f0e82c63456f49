//! Statements about budgets, days, and backends that are switched off.

use ledger::{Account, Budget, BudgetOf, Scope, thresholds_of, thresholds_text};
use rusqlite::{Connection, OptionalExtension, named_params};
use store::{BackendSwitch, DayRow, Error, Result};
use ytempire_core::{Code, MicroUsd, Timestamp};

use crate::sql;

pub(crate) fn set(tx: &Connection, now: Timestamp, budget: &Budget) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO budgets (scope, cap, thresholds, changed_at)
         VALUES (:scope, :cap, :thresholds, :now)
         ON CONFLICT (scope) DO UPDATE
         SET cap = excluded.cap, thresholds = excluded.thresholds,
             changed_at = excluded.changed_at",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":scope": budget.of.key(),
            ":cap": budget.cap.0,
            ":thresholds": thresholds_text(&budget.thresholds),
            ":now": now.as_micros(),
        })
    })
    .map_err(sql::error)?;
    try_again(tx, now, Code::DayExhausted)
}

pub(crate) fn remove(tx: &Connection, now: Timestamp, of: &BudgetOf) -> Result<bool> {
    let removed = tx
        .prepare_cached("DELETE FROM budgets WHERE scope = ?1")
        .and_then(|mut s| s.execute([of.key()]))
        .map_err(sql::error)?;
    try_again(tx, now, Code::DayExhausted)?;
    Ok(removed == 1)
}

/// Jobs that wait for this reason wait no longer.
fn try_again(tx: &Connection, now: Timestamp, why: Code) -> Result<()> {
    tx.prepare_cached(
        "UPDATE jobs
         SET scheduled_at = ?1
         WHERE state = 'scheduled' AND scheduled_at > ?1 AND error_code = ?2",
    )
    .and_then(|mut s| s.execute((now.as_micros(), why.as_str())))
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn list(db: &Connection) -> Result<Vec<Budget>> {
    let mut statement = db
        .prepare_cached("SELECT scope AS id, cap, thresholds FROM budgets ORDER BY scope")
        .map_err(sql::error)?;
    let mut rows = statement.query([]).map_err(sql::error)?;
    let mut budgets = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        let thresholds: String = row.get("thresholds").map_err(sql::error)?;
        budgets.push(Budget {
            of: sql::named(row, "budgets", "id", BudgetOf::from_key)?,
            cap: MicroUsd(row.get("cap").map_err(sql::error)?),
            thresholds: thresholds_of(&thresholds),
        });
    }
    Ok(budgets)
}

pub(crate) fn days(db: &Connection, from: &str, until: &str) -> Result<Vec<DayRow>> {
    let mut statement = db
        .prepare_cached(
            "SELECT scope AS id, cap, pending, posted, overrun
             FROM ledger_accounts
             WHERE day IS NOT NULL AND day BETWEEN ?1 AND ?2
             ORDER BY day, scope",
        )
        .map_err(sql::error)?;
    let mut rows = statement.query((from, until)).map_err(sql::error)?;
    let mut days = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        let amount = |column| row.get(column).map(MicroUsd).map_err(sql::error);
        let scope = sql::named(row, "ledger_accounts", "id", Scope::day_from_key)?;
        let Scope::Day(of, date) = scope else {
            continue;
        };
        let account = Account {
            cap: amount("cap")?,
            pending: amount("pending")?,
            posted: amount("posted")?,
            overrun: amount("overrun")?,
        };
        days.push(DayRow { of, date, account });
    }
    Ok(days)
}

pub(crate) fn switch(
    tx: &Connection,
    now: Timestamp,
    name: &str,
    reason: Option<&str>,
) -> Result<bool> {
    let before = is_off(tx, name)?;
    if let Some(reason) = reason {
        tx.prepare_cached(
            "INSERT INTO backends_off (name, changed_at, reason) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET reason = excluded.reason",
        )
        .and_then(|mut s| s.execute((name, now.as_micros(), reason)))
        .map_err(sql::error)?;
    } else {
        tx.prepare_cached("DELETE FROM backends_off WHERE name = ?1")
            .and_then(|mut s| s.execute([name]))
            .map_err(sql::error)?;
        try_again(tx, now, Code::BackendOff)?;
    }
    Ok(before != reason.is_some())
}

pub(crate) fn off(db: &Connection) -> Result<Vec<BackendSwitch>> {
    let mut statement = db
        .prepare_cached("SELECT name, changed_at, reason FROM backends_off ORDER BY name")
        .map_err(sql::error)?;
    let rows = statement.query_map([], |row| {
        Ok(BackendSwitch {
            name: row.get(0)?,
            changed_at: Timestamp::from_micros(row.get(1)?),
            reason: row.get(2)?,
        })
    });
    rows.and_then(Iterator::collect).map_err(sql::error)
}

fn is_off(tx: &Connection, name: &str) -> Result<bool> {
    tx.prepare_cached("SELECT 1 FROM backends_off WHERE name = ?1")
        .and_then(|mut s| s.query_row([name], |_| Ok(())).optional())
        .map(|found| found.is_some())
        .map_err(sql::error)
}

/// Fails for a backend that is switched off.
pub(crate) fn is_on(tx: &Connection, name: &str) -> Result<()> {
    if is_off(tx, name)? {
        return Err(Error::BackendOff(name.to_owned()));
    }
    Ok(())
}
