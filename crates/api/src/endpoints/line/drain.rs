//! `POST /v1/queue/drain`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Caller, Operate};
use crate::error::{ApiError, Problem};
use crate::parts::Api;

/// Nodes that were told to leave.
#[derive(Serialize, ToSchema)]
pub(crate) struct Drained {
    /// Their ids.
    pub(super) nodes: Vec<String>,
}

/// Have all nodes leave
///
/// Each once its jobs have ended. One that runs beside this server stops working, too.
#[utoipa::path(post, path = "/v1/queue/drain", tag = "line", operation_id = "drainQueue",
    security(("key" = ["operate"])),
    responses((status = 200, description = "They were told", body = Drained),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    _: Caller<Operate>,
    State(api): State<Api>,
) -> Result<Json<Drained>, ApiError> {
    let mut nodes = Vec::new();
    for node in api.store().node_list().await? {
        if api.store().node_drain(node.id).await? {
            nodes.push(node.id.to_string());
        }
    }
    Ok(Json(Drained { nodes }))
}
