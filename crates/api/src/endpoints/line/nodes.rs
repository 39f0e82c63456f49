//! `GET /v1/nodes`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use store::NodeStatus;
use utoipa::ToSchema;

use crate::caller::{Caller, Operate};
use crate::error::{ApiError, Problem};
use crate::parts::Api;
use crate::show::at;

/// Who works.
#[derive(Serialize, ToSchema)]
pub(crate) struct Nodes {
    /// In the order in which they came.
    nodes: Vec<Node>,
}

/// A process that runs jobs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Node {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Host and process, for people.
    name: String,
    /// When it joined.
    #[schema(format = "date-time")]
    joined_at: String,
    /// When it last said that it lives.
    #[schema(format = "date-time")]
    seen_at: String,
    /// Whether it was told to leave.
    draining: bool,
    /// Jobs that run on it.
    jobs: u64,
    /// What its machine has: cores, memory, free disk, GPUs and what they are at.
    #[schema(value_type = Object)]
    machine: Value,
}

/// List the nodes
#[utoipa::path(get, path = "/v1/nodes", tag = "line", operation_id = "listNodes",
    security(("key" = ["operate"])),
    responses((status = 200, description = "The nodes", body = Nodes),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    _: Caller<Operate>,
    State(api): State<Api>,
) -> Result<Json<Nodes>, ApiError> {
    let nodes = api.store().node_list().await?;
    let nodes = nodes.into_iter().map(Node::of).collect();
    Ok(Json(Nodes { nodes }))
}

impl Node {
    fn of(node: NodeStatus) -> Self {
        Self {
            id: node.id.to_string(),
            name: node.name,
            joined_at: at(node.joined_at),
            seen_at: at(node.seen_at),
            draining: node.draining,
            jobs: node.jobs,
            machine: serde_json::to_value(node.machine).unwrap_or_default(),
        }
    }
}
