//! What is shown of videos, jobs and events, as JSON.
//!
//! Moments are RFC 3339 in UTC; money is whole micro-dollars, 1,000,000 a dollar.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{AttemptRow, JobRow, VideoRow};
use utoipa::ToSchema;
use ytempire_core::{AccountId, Code, Event, Timestamp};

/// A moment as it is shown.
pub(crate) fn at(moment: Timestamp) -> String {
    moment.to_rfc3339()
}

/// A stable name, as our enums have it in JSON.
pub(crate) fn name_of(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

/// Why something failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Failure {
    /// The stable code.
    #[schema(example = "YT0206")]
    code: String,
    /// In words.
    text: String,
}

pub(crate) fn failure(error: Option<&(Code, String)>) -> Option<Failure> {
    error.map(|(code, text)| Failure {
        code: code.to_string(),
        text: text.clone(),
    })
}

/// A video.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Video {
    /// Its id.
    #[schema(format = "uuid")]
    pub(crate) id: String,
    /// Its title.
    title: String,
    /// Where it stands.
    #[schema(schema_with = states)]
    state: String,
    /// How urgent it is: 1 can wait, 10 goes first.
    #[schema(minimum = 1, maximum = 10)]
    priority: u8,
    /// What it may cost, in micro-dollars.
    budget_micro_usd: i64,
    /// When it was accepted.
    #[schema(format = "date-time")]
    created_at: String,
    /// Nothing of it is begun before.
    #[schema(format = "date-time")]
    start_at: Option<String>,
    /// When it is due.
    #[schema(format = "date-time")]
    due_at: Option<String>,
    /// Whether it is or was late.
    late: bool,
    /// When it ended.
    #[schema(format = "date-time")]
    finalized_at: Option<String>,
    /// Why it failed.
    failure: Option<Failure>,
}

fn states() -> utoipa::openapi::schema::Object {
    let names = ["queued", "running", "ready", "failed", "cancelled"];
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(names))
        .build()
}

impl Video {
    pub(crate) fn of(video: &VideoRow, now: Timestamp) -> Self {
        Self {
            id: video.id.to_string(),
            title: video.title.clone(),
            state: video.state.as_str().to_owned(),
            priority: video.priority,
            budget_micro_usd: video.budget.0,
            created_at: at(video.created_at),
            start_at: video.start_at.map(at),
            due_at: video.due_at.map(at),
            late: video.is_late(now),
            finalized_at: video.finalized_at.map(at),
            failure: failure(video.failure.as_ref()),
        }
    }
}

/// A job of a video.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Its stage: `script`, `narrate`, `illustrate`, `compose`, `assemble`, `thumbnail`, `validate`.
    stage: String,
    /// Where it stands: `waiting`, `scheduled`, `available`, `running`, `completed`, `discarded`,
    /// `cancelled`.
    state: String,
    /// Its attempts so far, in order.
    attempts: Vec<Attempt>,
    /// The last failure.
    error: Option<Failure>,
}

/// An attempt of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attempt {
    /// Its number.
    #[serde(rename = "attempt")]
    number: u32,
    /// On which node.
    #[schema(format = "uuid")]
    node: String,
    /// When it was claimed.
    #[schema(format = "date-time")]
    started_at: String,
    /// When it ended.
    #[schema(format = "date-time")]
    ended_at: Option<String>,
    /// How it ended: `completed`, `retryable`, `discarded`, `released`, `snoozed`, `rescued`.
    outcome: Option<String>,
    /// Why it failed.
    error: Option<Failure>,
}

impl Job {
    pub(crate) fn of(job: &JobRow, attempts: &[AttemptRow]) -> Self {
        let of = attempts.iter().filter(|a| a.lease.job == job.id);
        Self {
            id: job.id.to_string(),
            stage: job.stage.as_str().to_owned(),
            state: name_of(job.state),
            attempts: of.map(Attempt::of).collect(),
            error: failure(job.error.as_ref()),
        }
    }
}

impl Attempt {
    fn of(row: &AttemptRow) -> Self {
        Self {
            number: row.lease.attempt,
            node: row.lease.node.to_string(),
            started_at: at(row.started_at),
            ended_at: row.ended.map(|(end, _)| at(end)),
            outcome: row.ended.map(|(_, end)| end.as_str().to_owned()),
            error: failure(row.error.as_ref()),
        }
    }
}

/// Something that happened to a video.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Happened {
    /// Its place: what `Last-Event-ID` and `after` take.
    pub(crate) seq: i64,
    /// What happened, such as `video.ready` or `job.completed`.
    #[schema(example = "video.ready")]
    pub(crate) kind: String,
    /// When.
    #[schema(format = "date-time")]
    at: String,
    /// To which video.
    #[schema(format = "uuid")]
    video: String,
    /// Whose it is.
    #[schema(format = "uuid")]
    account: String,
    /// To which job.
    #[schema(format = "uuid")]
    job: Option<String>,
    /// Of which stage.
    stage: Option<String>,
    /// More, by kind.
    #[schema(value_type = Object)]
    detail: Value,
}

impl Happened {
    pub(crate) fn of(account: AccountId, event: &Event) -> Self {
        Self {
            seq: event.seq,
            kind: name_of(event.kind),
            at: at(event.at),
            video: event.video.to_string(),
            account: account.to_string(),
            job: event.job.map(|id| id.to_string()),
            stage: event.stage.map(|stage| stage.as_str().to_owned()),
            detail: event.detail.clone(),
        }
    }
}
