//! Accounts of the ledger: locked together, changed in memory by `ledger`'s rules, saved together.

use std::collections::{BTreeMap, HashMap};

use ledger::{
    Account, DayScope, HoldRefused, Scope, UNLIMITED, passed, thresholds_of, usual_thresholds,
};
use serde_json::json;
use tokio_postgres::Row;
use ytempire_core::{Event, EventKind, MicroUsd, Plant, Stage, Timestamp, VideoId};

use crate::connection::{Question, Tx};
use crate::event;
use crate::sql::{Cells, Result};

/// Opens accounts of a video that nobody sees yet. The video's own announces what is set for videos.
pub(crate) const OPEN: &str = "\
    INSERT INTO ledger_accounts (scope, cap, thresholds)
    SELECT scope, cap,
           CASE WHEN starts_with(scope, 'video:')
                THEN (SELECT thresholds FROM budgets WHERE budgets.scope = 'video') END
    FROM unnest($1::text[], $2::bigint[]) AS new (scope, cap)";

/// Opens accounts of days, as far as they aren't there. In the order in which they are locked.
const OPEN_DAYS: &str = "\
    INSERT INTO ledger_accounts (scope, cap, day)
    SELECT scope, $3, day
    FROM unnest($1::text[], $2::text[]) AS new (scope, day)
    ORDER BY scope
    ON CONFLICT (scope) DO NOTHING";

/// What is set for days.
const BUDGETS: &str = "SELECT scope, cap, thresholds FROM budgets WHERE scope = ANY ($1)";

/// Locked in the order of their keys.
macro_rules! read {
    ($beside:literal, $lock:literal) => {
        concat!(
            "SELECT scope, cap, pending, posted, overrun, thresholds, announced
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
    INSERT INTO ledger_accounts (scope, cap, pending, posted, overrun, thresholds, announced)
    SELECT *
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
                $7::bigint[])
    ON CONFLICT (scope) DO UPDATE
    SET cap = excluded.cap, pending = excluded.pending, posted = excluded.posted,
        overrun = excluded.overrun, thresholds = excluded.thresholds,
        announced = excluded.announced";

/// The accounts that charges of some jobs are counted in.
#[derive(Default)]
pub(crate) struct Books {
    keys: Vec<String>,
    pages: BTreeMap<String, Page>,
}

#[derive(Default)]
struct Page {
    account: Account,
    /// Spending that is announced, as stored; `None`: the usual.
    thresholds: Option<String>,
    /// Spending up to which it was announced.
    announced: MicroUsd,
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
    thresholds: Vec<Option<&'a str>>,
    announced: Vec<i64>,
}

impl Books {
    /// The accounts of these stages of these videos, and of these days; not read yet.
    pub(crate) fn of(
        jobs: impl Iterator<Item = (VideoId, Stage)>,
        days: impl Iterator<Item = String>,
    ) -> Self {
        let scopes = jobs.flat_map(|(video, stage)| Scope::of(video, stage));
        let mut keys: Vec<String> = scopes.map(|scope| scope.key()).chain(days).collect();
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
                thresholds: row.get("thresholds")?,
                announced: row.money("announced")?,
                changed: false,
            };
            self.pages.insert(row.get("scope")?, page);
        }
        Ok(())
    }

    /// Locks and reads the accounts of a job and of `days`, which are opened where they aren't there
    /// and put under the budgets that are set now.
    pub(crate) async fn locked(
        tx: &Tx,
        (video, stage): (VideoId, Stage),
        days: &HashMap<String, DayScope>,
    ) -> Result<Self> {
        let mut books = Self::of(std::iter::once((video, stage)), days.keys().cloned());
        let scopes: Vec<&str> = days.keys().map(String::as_str).collect();
        let dates: Vec<&str> = days.values().map(|day| day.date.as_str()).collect();
        let of: Vec<String> = days.values().map(|day| day.of.key()).collect();
        let mut questions = vec![books.lock()];
        if !days.is_empty() {
            let open: Question<'_> = (OPEN_DAYS, vec![&scopes, &dates, &UNLIMITED.0]);
            questions.insert(0, open);
            // After the locks: whoever waited for one sees what was set meanwhile.
            questions.push((BUDGETS, vec![&of]));
        }
        let answers = tx.all(&questions).await?;
        let mut answers = answers.into_iter().skip(usize::from(!days.is_empty()));
        books.read(&answers.next().unwrap_or_default())?;
        let mut budgets: HashMap<String, (MicroUsd, String)> = HashMap::new();
        for row in answers.next().unwrap_or_default() {
            let row = Cells::of("budgets", &row);
            budgets.insert(
                row.get("scope")?,
                (row.money("cap")?, row.get("thresholds")?),
            );
        }
        for (key, day) in days {
            let (cap, thresholds) = match budgets.get(&day.of.key()) {
                Some((cap, thresholds)) => (*cap, Some(thresholds.clone())),
                None => (UNLIMITED, None),
            };
            let page = books.pages.entry(key.clone()).or_default();
            (page.account.cap, page.thresholds) = (cap, thresholds);
        }
        Ok(books)
    }

    /// Reserves `amount` in every scope, or fails.
    pub(crate) fn hold(
        &mut self,
        scopes: impl Iterator<Item = Scope>,
        amount: MicroUsd,
    ) -> Result<(), HoldRefused> {
        for scope in scopes {
            let page = self.pages.entry(scope.key()).or_default();
            page.account = page.account.hold(&scope, amount)?;
            page.changed = true;
        }
        Ok(())
    }

    /// Ends a reservation of `held` at `posted` in every scope, and tells of each threshold that
    /// spending has passed, exactly once.
    pub(crate) fn settle(
        &mut self,
        now: Timestamp,
        (video, scopes): (VideoId, impl Iterator<Item = Scope>),
        (held, posted): (MicroUsd, MicroUsd),
        told: &mut Vec<Event>,
    ) {
        for scope in scopes {
            let page = self.pages.entry(scope.key()).or_default();
            page.account = page.account.settle(held, posted);
            page.changed = true;
            page.announce(now, &scope, video, told);
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
            columns.thresholds.push(page.thresholds.as_deref());
            columns.announced.push(page.announced.0);
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
                &self.thresholds,
                &self.announced,
            ],
        );
        (!self.keys.is_empty()).then_some(question)
    }
}

impl Page {
    /// Tells of thresholds as of something that happened to the video whose bill it was.
    fn announce(&mut self, now: Timestamp, scope: &Scope, video: VideoId, told: &mut Vec<Event>) {
        let own = self.thresholds.as_deref().map(thresholds_of);
        let thresholds = own.as_deref().unwrap_or_else(|| usual_thresholds(scope));
        let posted = self.account.posted;
        for threshold in passed(thresholds, self.announced, posted) {
            let detail = json!({ "scope": scope.key(), "threshold_micro_usd": threshold,
                                 "posted_micro_usd": posted, "cap_micro_usd": self.account.cap });
            let kind = EventKind::BudgetThreshold;
            told.push(event::about_video(now, video, kind, detail));
        }
        self.announced = self.announced.max(posted);
    }
}
