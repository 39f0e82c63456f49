//! `GET /v1/queue`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Caller, Operate};
use crate::error::{ApiError, Problem};
use crate::parts::Api;
use crate::show::at;

/// The line as a whole.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queue {
    /// What all nodes obey: `running`, `paused` or `halted`.
    mode: String,
    /// Why, in the words of whoever changed it.
    reason: String,
    /// Since when.
    #[schema(format = "date-time")]
    changed_at: String,
    /// Videos of which nothing was begun yet.
    videos_queued: u64,
    /// Videos that are being made.
    videos_running: u64,
    /// Jobs that wait for jobs before them.
    jobs_waiting: u64,
    /// Jobs that wait for their time.
    jobs_scheduled: u64,
    /// Jobs that may be begun.
    jobs_available: u64,
    /// Jobs that run.
    jobs_running: u64,
    /// Nodes that work.
    nodes: usize,
}

/// Show the line
#[utoipa::path(get, path = "/v1/queue", tag = "line", operation_id = "showQueue",
    security(("key" = ["operate"])),
    responses((status = 200, description = "The line", body = Queue),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    _: Caller<Operate>,
    State(api): State<Api>,
) -> Result<Json<Queue>, ApiError> {
    queue(&api).await.map(Json)
}

pub(crate) async fn queue(api: &Api) -> Result<Queue, ApiError> {
    let line = api.store().line_get().await?;
    let load = api.store().line_load().await?;
    let nodes = api.store().node_list().await?;
    Ok(Queue {
        mode: line.mode.as_str().to_owned(),
        reason: line.reason,
        changed_at: at(line.changed_at),
        videos_queued: load.videos_queued,
        videos_running: load.videos_running,
        jobs_waiting: load.jobs_waiting,
        jobs_scheduled: load.jobs_scheduled,
        jobs_available: load.jobs_available,
        jobs_running: load.jobs_running,
        nodes: nodes.len(),
    })
}
