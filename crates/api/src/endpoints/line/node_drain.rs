//! `POST /v1/nodes/{id}/drain`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ytempire_core::{Code, NodeId};

use super::drain::Drained;
use crate::caller::{Caller, Operate};
use crate::error::{ApiError, Problem};
use crate::extract::Place;
use crate::parts::Api;

/// Have a node leave
///
/// Once its jobs have ended.
#[utoipa::path(post, path = "/v1/nodes/{id}/drain", tag = "line", operation_id = "drainNode",
    params(("id" = String, Path, format = "uuid", description = "The node")), security(("key" = ["operate"])),
    responses((status = 200, description = "It was told", body = Drained),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    _: Caller<Operate>,
    State(api): State<Api>,
    Place(id): Place<NodeId>,
) -> Result<Json<Drained>, ApiError> {
    if !api.store().node_drain(id).await? {
        let text = "there is no such node";
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            Code::NodeUnknown,
            text,
        ));
    }
    let nodes = vec![id.to_string()];
    Ok(Json(Drained { nodes }))
}
