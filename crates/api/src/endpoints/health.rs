//! `/livez`, `/readyz`, `/health`: for supervisors, without a key.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use store::LineMode;
use utoipa::ToSchema;
use ytempire_core::Code;

use crate::error::{ApiError, Problem};
use crate::parts::Api;

/// Say that the process lives
///
/// Asks nobody. Who isn't answered may end the process.
#[utoipa::path(get, path = "/livez", tag = "health", operation_id = "live",
    responses((status = 200, description = "It lives", body = String, content_type = "text/plain")))]
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// Say whether requests can be served
///
/// Writes to the database. Not ready as soon as the server was told to leave.
#[utoipa::path(get, path = "/readyz", tag = "health", operation_id = "ready",
    responses((status = 200, description = "It can", body = String, content_type = "text/plain"),
              (status = "5XX", description = "It can't", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn ready(State(api): State<Api>) -> Result<&'static str, ApiError> {
    let unready = |text: &str| {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        ApiError::new(status, Code::DatabaseAway, text)
    };
    if api.stop.is_cancelled() {
        return Err(unready("the server leaves"));
    }
    let write = api.store().write_test(api.now());
    match tokio::time::timeout(api.parts.options.ready_max, write).await {
        Ok(Ok(())) => Ok("ok\n"),
        Ok(Err(e)) => Err(e.into()),
        Err(_) => Err(unready("the database takes too long")),
    }
}

/// How the whole is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, `degraded` (nothing is made at the moment) or `down` (the database is away).
    status: &'static str,
    /// Of this program.
    version: &'static str,
    /// Whether the database can be written.
    database: bool,
    /// Whether other nodes are reached; `null` where there are none to reach.
    signal: Option<bool>,
    /// What all nodes obey: `running`, `paused` or `halted`.
    line: Option<String>,
    /// Nodes that work.
    nodes: Option<usize>,
}

/// Say how the whole is
#[utoipa::path(get, path = "/health", tag = "health", operation_id = "health",
    responses((status = 200, description = "How it is", body = Health),
              (status = 503, description = "The database is away", body = Health)))]
pub(crate) async fn health(State(api): State<Api>) -> (StatusCode, Json<Health>) {
    let database = ready(State(Api::clone(&api))).await.is_ok();
    let (mut line, mut nodes) = (None, None);
    if database {
        line = api.store().line_get().await.ok();
        nodes = api.store().node_list().await.ok().map(|nodes| nodes.len());
    }
    let works = nodes.is_some_and(|nodes| nodes > 0)
        && line
            .as_ref()
            .is_some_and(|line| line.mode == LineMode::Running);
    let (code, status) = match (database, works) {
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "down"),
        (true, false) => (StatusCode::OK, "degraded"),
        (true, true) => (StatusCode::OK, "ok"),
    };
    let health = Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        database,
        signal: api.parts.signal.health().shared,
        line: line.map(|line| line.mode.as_str().to_owned()),
        nodes,
    };
    (code, Json(health))
}
