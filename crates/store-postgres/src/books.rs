//! Accounts of the ledger: locked together, changed in memory by `ledger`'s rules, saved together.

use std::collections::BTreeMap;

use ledger::{Account, Scope, THRESHOLDS};
use serde_json::json;
use tokio_postgres::Row;
use ytempire_core::{Event, EventKind, MicroUsd, Plant, Stage, Timestamp, VideoId};

use crate::connection::{Question, Tx};
use crate::event;
use crate::sql::{Cells, Result};

/// Opens accounts of a video that nobody sees yet.
pub(crate) const OPEN: &str = "\
    INSERT INTO ledger_accounts (scope, cap)
    SELECT scope, cap FROM unnest($1::text[], $2::bigint[]) AS new (scope, cap)";

/// Locked in the order of their keys.
macro_rules! read {
    ($beside:literal, $lock:literal) => {
        concat!(
            "SELECT scope, cap, pending, posted, overrun, announced
             FROM ledger_accounts",
            $beside,
            " WHERE scope = ANY ($1)
             ORDER BY scope ",
            $lock
        )
    };
}

/// The database checks once more what is written.
const SAVE: &str = "\
    INSERT INTO ledger_accounts (scope, cap, pending, posted, overrun, announced)
    SELECT *
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
    ON CONFLICT (scope) DO UPDATE
    SET pending = excluded.pending, posted = excluded.posted,
        overrun = excluded.overrun, announced = excluded.announced";

/// The accounts that charges of some jobs are counted in.
#[derive(Default)]
pub(crate) struct Books {
    keys: Vec<String>,
    pages: BTreeMap<String, Page>,
}

#[derive(Default)]
struct Page {
    account: Account,
    /// Thresholds announced so far.
    announced: i64,
    changed: bool,
}

/// Changed accounts, column by column.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    keys: Vec<&'a str>,
    caps: Vec<i64>,
    pending: Vec<i64>,
    posted: Vec<i64>,
    overrun: Vec<i64>,
    announced: Vec<i64>,
}

impl Books {
    /// The accounts of these stages of these videos; not read yet.
    pub(crate) fn of(jobs: impl Iterator<Item = (VideoId, Stage)>) -> Self {
        let scopes = jobs.flat_map(|(video, stage)| Scope::of(video, stage));
        let mut keys: Vec<String> = scopes.map(|scope| scope.key()).collect();
        keys.sort_unstable();
        keys.dedup();
        // A stage that was given no share has an empty page.
        let pages = keys.iter().map(|key| (key.clone(), Page::default()));
        let pages = pages.collect();
        Self { keys, pages }
    }

    /// Locks them.
    pub(crate) fn lock(&self) -> Question<'_> {
        let read = if Plant::CheckThenAct.is_in() {
            // Long enough between the look and the act for others to come between them.
            read!(", pg_sleep(0.05)", "")
        } else {
            read!("", "FOR NO KEY UPDATE")
        };
        (read, vec![&self.keys])
    }

    /// Takes over what was locked.
    pub(crate) fn read(&mut self, rows: &[Row]) -> Result<()> {
        for row in rows {
            let row = Cells::of("ledger_accounts", row);
            let account = Account {
                cap: row.money("cap")?,
                pending: row.money("pending")?,
                posted: row.money("posted")?,
                overrun: row.money("overrun")?,
            };
            let page = Page {
                account,
                announced: row.get("announced")?,
                changed: false,
            };
            self.pages.insert(row.get("scope")?, page);
        }
        Ok(())
    }

    /// Locks and reads them.
    pub(crate) async fn locked(tx: &Tx, video: VideoId, stage: Stage) -> Result<Self> {
        let mut books = Self::of(std::iter::once((video, stage)));
        let rows = tx.all(&[books.lock()]).await?.swap_remove(0);
        books.read(&rows)?;
        Ok(books)
    }

    /// Reserves `amount` in every scope, or fails.
    pub(crate) fn hold(
        &mut self,
        (video, stage): (VideoId, Stage),
        amount: MicroUsd,
    ) -> Result<()> {
        for scope in Scope::of(video, stage) {
            let page = self.pages.entry(scope.key()).or_default();
            page.account = page.account.hold(&scope, amount)?;
            page.changed = true;
        }
        Ok(())
    }

    /// Ends a reservation of `held` at `posted`, and tells of each threshold that the video's
    /// spending has passed, exactly once.
    pub(crate) fn settle(
        &mut self,
        now: Timestamp,
        (video, stage): (VideoId, Stage),
        (held, posted): (MicroUsd, MicroUsd),
        told: &mut Vec<Event>,
    ) {
        for scope in Scope::of(video, stage) {
            let page = self.pages.entry(scope.key()).or_default();
            page.account = page.account.settle(held, posted);
            page.changed = true;
            if let Scope::Video(_) = scope {
                page.announce(now, video, told);
            }
        }
    }

    /// What has changed.
    pub(crate) fn changed(&self) -> Columns<'_> {
        let mut columns = Columns::default();
        for (key, page) in self.pages.iter().filter(|(_, page)| page.changed) {
            columns.keys.push(key);
            columns.caps.push(page.account.cap.0);
            columns.pending.push(page.account.pending.0);
            columns.posted.push(page.account.posted.0);
            columns.overrun.push(page.account.overrun.0);
            columns.announced.push(page.announced);
        }
        columns
    }
}

impl Columns<'_> {
    /// Writes them, if there are any.
    pub(crate) fn save(&self) -> Option<Question<'_>> {
        let question: Question<'_> = (
            SAVE,
            vec![
                &self.keys,
                &self.caps,
                &self.pending,
                &self.posted,
                &self.overrun,
                &self.announced,
            ],
        );
        (!self.keys.is_empty()).then_some(question)
    }
}

impl Page {
    fn announce(&mut self, now: Timestamp, video: VideoId, told: &mut Vec<Event>) {
        let posted = self.account.posted;
        let passed = self.account.thresholds_passed();
        let before = usize::try_from(self.announced).unwrap_or(0);
        for threshold in THRESHOLDS.iter().take(passed).skip(before) {
            let detail = json!({ "threshold_micro_usd": threshold, "posted_micro_usd": posted });
            told.push(event::about_video(
                now,
                video,
                EventKind::BudgetThreshold,
                detail,
            ));
        }
        self.announced = passed.max(before) as i64;
    }
}
