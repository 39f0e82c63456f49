//! The tables, as the checker reads them.

use std::collections::HashMap;

use anyhow::Result;
use serde::Deserialize;

use crate::database::Database;

/// Everything that is checked.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) videos: Vec<Video>,
    pub(super) jobs: Vec<Job>,
    pub(super) transfers: Vec<Transfer>,
    pub(super) accounts: Vec<Account>,
    pub(super) events: Vec<Event>,
    pub(super) artifacts: Vec<Artifact>,
    pub(super) nodes: Vec<Node>,
    pub(super) orders: Vec<Order>,
    /// In the order in which they were made within each row.
    pub(super) history: Vec<Change>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Video {
    pub(super) id: String,
    pub(super) state: String,
    pub(super) budget: i64,
    pub(super) finalized_at: Option<i64>,
    pub(super) failure_code: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) video: String,
    pub(super) stage: String,
    pub(super) state: String,
    pub(super) output: Option<String>,
    pub(super) attempt: i64,
    pub(super) attempts: i64,
    pub(super) node: Option<String>,
    pub(super) finalized_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Transfer {
    pub(super) id: String,
    pub(super) video: String,
    pub(super) job: String,
    pub(super) stage: String,
    pub(super) attempt: i64,
    pub(super) held: i64,
    pub(super) posted: i64,
    pub(super) state: String,
    pub(super) sent_at: Option<i64>,
    pub(super) settled_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub(super) scope: String,
    pub(super) cap: i64,
    pub(super) pending: i64,
    pub(super) posted: i64,
    pub(super) overrun: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) seq: i64,
    pub(super) video: String,
    pub(super) job: Option<String>,
    pub(super) kind: String,
    pub(super) detail: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Artifact {
    pub(super) id: String,
    pub(super) bytes: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) name: String,
}

/// A job that waits for another one.
#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub(super) job: String,
    #[serde(rename = "after_id")]
    pub(super) after: String,
}

/// A row's change of state, written by a trigger.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    pub(super) what: String,
    pub(super) id: String,
    pub(super) was: Option<String>,
    pub(super) became: String,
    pub(super) was_attempt: Option<i64>,
    pub(super) attempt: Option<i64>,
    pub(super) node: Option<String>,
    /// As whom the database knows who wrote it, where it does.
    pub(super) writer: Option<String>,
    /// When, in microseconds of the machine's clock.
    pub(super) at: i64,
    /// Tells which of two changes of different rows was committed first.
    pub(super) committed: i64,
}

impl Books {
    pub(super) fn read(database: &Database) -> Result<Self> {
        let committed = database.commit_order();
        Ok(Self {
            videos: database.rows(
                "SELECT CAST(id AS text) AS id, state, budget, finalized_at, failure_code
                 FROM videos ORDER BY id",
            )?,
            jobs: database.rows(
                "SELECT CAST(id AS text) AS id, CAST(video_id AS text) AS video, stage, state,
                        CAST(output AS text) AS output, attempt, attempts,
                        CAST(node_id AS text) AS node, finalized_at
                 FROM jobs ORDER BY id",
            )?,
            transfers: database.rows(
                "SELECT CAST(id AS text) AS id, CAST(video_id AS text) AS video,
                        CAST(job_id AS text) AS job, stage, attempt, held, posted, state,
                        sent_at, settled_at
                 FROM transfers ORDER BY id",
            )?,
            accounts: database.rows(
                "SELECT scope, cap, pending, posted, overrun FROM ledger_accounts ORDER BY scope",
            )?,
            events: database.rows(
                "SELECT seq, CAST(video_id AS text) AS video, CAST(job_id AS text) AS job, kind,
                        CAST(detail AS text) AS detail
                 FROM outbox ORDER BY seq",
            )?,
            artifacts: database.rows("SELECT DISTINCT id, bytes FROM artifacts ORDER BY id")?,
            nodes: database.rows("SELECT CAST(id AS text) AS id, name FROM nodes ORDER BY id")?,
            orders: database.rows(
                "SELECT CAST(job_id AS text) AS job, CAST(after_id AS text) AS after_id
                 FROM job_deps ORDER BY job_id, after_id",
            )?,
            history: database.rows(&format!(
                "SELECT what, id, was, became, was_attempt, attempt, node, writer, at,
                        {committed} AS committed
                 FROM torture_audit ORDER BY n"
            ))?,
        })
    }

    /// The history of one kind of row.
    pub(super) fn changes(&self, what: &str) -> impl Iterator<Item = &Change> {
        self.history
            .iter()
            .filter(move |change| change.what == what)
    }

    /// The history of each row of one kind.
    pub(super) fn histories(&self, what: &str) -> HashMap<&str, Vec<&Change>> {
        let mut all: HashMap<&str, Vec<&Change>> = HashMap::new();
        for change in self.changes(what) {
            all.entry(&change.id).or_default().push(change);
        }
        all
    }

    /// When each video's end was committed.
    pub(super) fn ends(&self) -> HashMap<&str, i64> {
        let ends = self.changes("video").filter(|c| is_end(&c.became));
        ends.map(|c| (c.id.as_str(), c.committed)).collect()
    }
}

/// States that a video never leaves.
pub(super) fn is_end(state: &str) -> bool {
    ["ready", "failed", "cancelled"].contains(&state)
}
