//! Statements about limits: how much may run at once, over the whole line.

use store::{Limits, Owner, Running};
use tokio_postgres::Row;
use ytempire_core::{AccountId, ChannelId, Stage};

use crate::connection::Question;
use crate::sql::{Cells, Result};

/// Claims that keep limits count one after the other: two that counted at once would both take what
/// is left. Who holds this lock waits for nothing any more. `limits` in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(119213020181619)";

/// What runs, by stage, account and channel.
const RUNNING: &str = "\
    SELECT jobs.stage, videos.account_id, videos.channel_id, count(*) AS jobs
    FROM jobs
    JOIN videos ON videos.id = jobs.video_id
    WHERE jobs.state = 'running'
    GROUP BY jobs.stage, videos.account_id, videos.channel_id";

/// Limits, as parameters have them.
pub(crate) struct Columns<'a> {
    limits: &'a Limits,
    pub(crate) stages: Vec<&'static str>,
    pub(crate) most: Vec<i64>,
    pub(crate) account: Option<i64>,
    pub(crate) channel: Option<i64>,
}

impl<'a> Columns<'a> {
    /// `None` where there are no limits.
    pub(crate) fn of(limits: &'a Limits) -> Option<Self> {
        (!limits.is_none()).then(|| Self {
            limits,
            stages: limits.stages.keys().map(|stage| stage.as_str()).collect(),
            most: limits.stages.values().copied().map(i64::from).collect(),
            account: limits.account.map(i64::from),
            channel: limits.channel.map(i64::from),
        })
    }

    /// What is asked before the candidates. The second answer is what runs.
    pub(crate) fn count() -> [Question<'static>; 2] {
        [(LOCK, vec![]), (RUNNING, vec![])]
    }

    /// What runs, by the second answer.
    pub(crate) fn running(rows: &[Row]) -> Result<Running> {
        let mut running = Running::default();
        for row in rows {
            let row = Cells::of("jobs", row);
            let stage = row.named("stage", Stage::from_name)?;
            running.add(owner(row)?, stage, row.count("jobs")?);
        }
        Ok(running)
    }

    /// Whether one more may run, and if so, it does.
    pub(crate) fn take(&self, running: &mut Running, row: Cells<'_>, stage: Stage) -> Result<bool> {
        Ok(running.take(self.limits, owner(row)?, stage))
    }
}

fn owner(row: Cells<'_>) -> Result<Owner> {
    let channel = row.get::<Option<_>>("channel_id")?;
    Ok((AccountId(row.get("account_id")?), channel.map(ChannelId)))
}
