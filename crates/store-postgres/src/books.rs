//! Accounts of the ledger: locked together, changed in memory by `ledger`'s rules, saved together.

use ledger::{Account, Scope, THRESHOLDS};
use serde_json::json;
use store::Error;
use ytempire_core::{EventKind, MicroUsd, Timestamp, VideoId};

use crate::connection::Tx;
use crate::event;
use crate::job::Leased;
use crate::sql::{Cells, Result};

/// Opens an account of a video that nobody sees yet.
pub(crate) async fn open(tx: &Tx, scope: &Scope, cap: MicroUsd) -> Result<()> {
    tx.execute(
        "INSERT INTO ledger_accounts (scope, cap) VALUES ($1, $2)",
        &[&scope.key(), &cap.0],
    )
    .await?;
    Ok(())
}

/// The accounts that charges of one job are counted in.
pub(crate) struct Books {
    video: VideoId,
    pages: Vec<Page>,
}

struct Page {
    scope: Scope,
    account: Account,
    /// Thresholds announced so far.
    announced: i64,
}

impl Books {
    /// Locks the accounts, in the order of their keys.
    pub(crate) async fn lock(tx: &Tx, job: &Leased) -> Result<Self> {
        let scopes = Scope::of(job.video, job.stage);
        let keys: Vec<String> = scopes.iter().map(Scope::key).collect();
        let rows = tx
            .query(
                "SELECT scope, cap, pending, posted, overrun, announced
                 FROM ledger_accounts
                 WHERE scope = ANY ($1)
                 ORDER BY scope
                 FOR NO KEY UPDATE",
                &[&keys],
            )
            .await?;
        // A stage that was given no share has none.
        let mut pages = scopes.map(|scope| Page {
            scope,
            account: Account::default(),
            announced: 0,
        });
        for row in &rows {
            let row = Cells::of("ledger_accounts", row);
            let key: String = row.get("scope")?;
            let Some(at) = keys.iter().position(|known| *known == key) else {
                continue;
            };
            pages[at].account = Account {
                cap: row.money("cap")?,
                pending: row.money("pending")?,
                posted: row.money("posted")?,
                overrun: row.money("overrun")?,
            };
            pages[at].announced = row.get("announced")?;
        }
        Ok(Self {
            video: job.video,
            pages: pages.into(),
        })
    }

    /// Reserves `amount` everywhere, or nowhere.
    pub(crate) fn hold(&mut self, amount: MicroUsd) -> Result<()> {
        for page in &mut self.pages {
            page.account = page.account.hold(&page.scope, amount)?;
        }
        Ok(())
    }

    /// Ends a reservation of `held` at `posted`, and tells of each threshold that the video's
    /// spending has passed, exactly once.
    pub(crate) async fn settle(
        &mut self,
        tx: &Tx,
        now: Timestamp,
        held: MicroUsd,
        posted: MicroUsd,
    ) -> Result<()> {
        let video = self.video;
        for page in &mut self.pages {
            page.account = page.account.settle(held, posted);
            if let Scope::Video(_) = page.scope {
                page.announce(tx, now, video).await?;
            }
        }
        Ok(())
    }

    /// Writes what has changed. The database checks it once more.
    pub(crate) async fn save(self, tx: &Tx) -> Result<()> {
        for page in &self.pages {
            let account = &page.account;
            tx.execute(
                "INSERT INTO ledger_accounts (scope, cap, pending, posted, overrun, announced)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (scope) DO UPDATE
                 SET pending = excluded.pending, posted = excluded.posted,
                     overrun = excluded.overrun, announced = excluded.announced",
                &[
                    &page.scope.key(),
                    &account.cap.0,
                    &account.pending.0,
                    &account.posted.0,
                    &account.overrun.0,
                    &page.announced,
                ],
            )
            .await?;
        }
        Ok(())
    }
}

impl Page {
    async fn announce(&mut self, tx: &Tx, now: Timestamp, video: VideoId) -> Result<()> {
        let posted = self.account.posted;
        let passed = self.account.thresholds_passed();
        let told = usize::try_from(self.announced)
            .map_err(|_| Error::Database("announced is negative".to_owned()))?;
        for threshold in THRESHOLDS.iter().take(passed).skip(told) {
            let detail = json!({ "threshold_micro_usd": threshold, "posted_micro_usd": posted });
            event::about_video(tx, now, video, EventKind::BudgetThreshold, detail).await?;
        }
        self.announced = passed.max(told) as i64;
        Ok(())
    }
}
