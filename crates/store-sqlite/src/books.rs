//! Accounts of the ledger: read, changed by `ledger`'s rules, saved.

use ledger::{Account, DayScope, Scope, UNLIMITED, passed, thresholds_of, usual_thresholds};
use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::json;
use store::Result;
use ytempire_core::{EventKind, MicroUsd, Timestamp, VideoId};

use crate::{event, sql};

/// An account, and which of its spending is announced.
pub(crate) struct Page {
    pub(crate) account: Account,
    thresholds: Option<String>,
    announced: MicroUsd,
}

/// Opens an account; a video's announces what is set for videos.
pub(crate) fn open(tx: &Connection, scope: &Scope, cap: MicroUsd) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO ledger_accounts (scope, cap, thresholds)
         VALUES (?1, ?2, (SELECT thresholds FROM budgets WHERE scope = ?3))",
    )
    .and_then(|mut s| {
        let of = matches!(scope, Scope::Video(_)).then_some("video");
        s.execute((scope.key(), cap.0, of))
    })
    .map(drop)
    .map_err(sql::error)
}

/// The account of `scope`. A stage that was given no share has none, and gets one of nothing.
pub(crate) fn page(tx: &Connection, scope: &Scope) -> Result<Page> {
    let found = tx
        .prepare_cached(
            "SELECT cap, pending, posted, overrun, thresholds, announced
             FROM ledger_accounts
             WHERE scope = ?1",
        )
        .and_then(|mut s| {
            s.query_row([scope.key()], |row| {
                Ok(Page {
                    account: Account {
                        cap: MicroUsd(row.get(0)?),
                        pending: MicroUsd(row.get(1)?),
                        posted: MicroUsd(row.get(2)?),
                        overrun: MicroUsd(row.get(3)?),
                    },
                    thresholds: row.get(4)?,
                    announced: MicroUsd(row.get(5)?),
                })
            })
            .optional()
        })
        .map_err(sql::error)?;
    if let Some(page) = found {
        return Ok(page);
    }
    open(tx, scope, MicroUsd::ZERO)?;
    Ok(Page {
        account: Account::default(),
        thresholds: None,
        announced: MicroUsd::ZERO,
    })
}

/// The account of a day, under the budget that is set for it now.
pub(crate) fn page_of_day(tx: &Connection, day: &DayScope) -> Result<Page> {
    let (cap, thresholds) = tx
        .prepare_cached("SELECT cap, thresholds FROM budgets WHERE scope = ?1")
        .and_then(|mut s| {
            s.query_row([day.of.key()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(sql::error)?
        .unwrap_or((UNLIMITED.0, None));
    tx.prepare_cached(
        "INSERT INTO ledger_accounts (scope, cap, day) VALUES (?1, ?2, ?3)
         ON CONFLICT (scope) DO NOTHING",
    )
    .and_then(|mut s| s.execute((day.scope.key(), cap, &day.date)))
    .map_err(sql::error)?;
    let page = page(tx, &day.scope)?;
    Ok(Page {
        account: Account {
            cap: MicroUsd(cap),
            ..page.account
        },
        thresholds,
        announced: page.announced,
    })
}

pub(crate) fn save(tx: &Connection, scope: &Scope, page: &Page) -> Result<()> {
    let account = &page.account;
    tx.prepare_cached(
        "UPDATE ledger_accounts
         SET cap = :cap, pending = :pending, posted = :posted, overrun = :overrun,
             thresholds = :thresholds, announced = :announced
         WHERE scope = :scope",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":scope": scope.key(),
            ":cap": account.cap.0,
            ":pending": account.pending.0,
            ":posted": account.posted.0,
            ":overrun": account.overrun.0,
            ":thresholds": page.thresholds,
            ":announced": page.announced.0,
        })
    })
    .map(drop)
    .map_err(sql::error)
}

impl Page {
    /// Tells of each threshold that spending has passed, exactly once, as something that happened to
    /// the video whose bill it was.
    pub(crate) fn announce(
        &mut self,
        tx: &Connection,
        now: Timestamp,
        scope: &Scope,
        video: VideoId,
    ) -> Result<()> {
        let own = self.thresholds.as_deref().map(thresholds_of);
        let thresholds = own.as_deref().unwrap_or_else(|| usual_thresholds(scope));
        let posted = self.account.posted;
        for threshold in passed(thresholds, self.announced, posted) {
            let detail = json!({ "scope": scope.key(), "threshold_micro_usd": threshold,
                                 "posted_micro_usd": posted, "cap_micro_usd": self.account.cap });
            event::about_video(tx, now, video, EventKind::BudgetThreshold, &detail)?;
        }
        self.announced = self.announced.max(posted);
        Ok(())
    }
}
