//! The paths of the first design, for programs that know them. Each is another name of an endpoint
//! under `/v1`, with the same body, the same answer and the same key.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;
use store::LineMode;
use ytempire_core::VideoId;

use super::line::show::Queue;
use super::line::{Why, set};
use super::videos::show::Detail;
use super::videos::submit::{Accepted, NewVideo};
use super::{metrics as figures, videos};
use crate::caller::{Caller, Operate, Read, Write};
use crate::error::{ApiError, Problem};
use crate::extract::{Body, MaybeBody, Place};
use crate::parts::Api;

/// Order a video, as POST /v1/videos
#[utoipa::path(post, path = "/pipeline/queue", tag = "companion", operation_id = "companionSubmit",
    request_body = NewVideo, security(("key" = ["write"])),
    responses((status = 202, description = "Accepted", body = Accepted),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn submit(
    caller: Caller<Write>,
    State(api): State<Api>,
    Body(new): Body<NewVideo>,
) -> Result<Response, ApiError> {
    videos::submit::submit(&api, caller.account(), new).await
}

/// Show a video, as GET /v1/videos/{id}
#[utoipa::path(get, path = "/pipeline/status/{id}", tag = "companion", operation_id = "companionStatus",
    params(("id" = String, Path, format = "uuid", description = "The video")), security(("key" = ["read"])),
    responses((status = 200, description = "The video", body = Detail),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn status(
    caller: Caller<Read>,
    State(api): State<Api>,
    Place(id): Place<VideoId>,
) -> Result<Json<Detail>, ApiError> {
    videos::show::show(&api, caller.account(), id).await
}

/// Show figures, as GET /metrics
#[utoipa::path(get, path = "/pipeline/metrics", tag = "companion", operation_id = "companionMetrics",
    security(("key" = ["operate"])),
    responses((status = 200, description = "The figures", body = String, content_type = "text/plain"),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn metrics(
    _: Caller<Operate>,
    State(api): State<Api>,
) -> Result<Response, ApiError> {
    figures::metrics(&api).await
}

/// Pause the line, as POST /v1/queue/pause
#[utoipa::path(post, path = "/pipeline/pause", tag = "companion", operation_id = "companionPause",
    request_body(content = Option<Why>), security(("key" = ["operate"])),
    responses((status = 200, description = "The line", body = Queue),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn pause(
    _: Caller<Operate>,
    State(api): State<Api>,
    MaybeBody(why): MaybeBody<Why>,
) -> Result<Json<Queue>, ApiError> {
    set(&api, LineMode::Paused, &why).await
}

/// Resume the line, as POST /v1/queue/resume
#[utoipa::path(post, path = "/pipeline/resume", tag = "companion", operation_id = "companionResume",
    request_body(content = Option<Why>), security(("key" = ["operate"])),
    responses((status = 200, description = "The line", body = Queue),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn resume(
    _: Caller<Operate>,
    State(api): State<Api>,
    MaybeBody(why): MaybeBody<Why>,
) -> Result<Json<Queue>, ApiError> {
    set(&api, LineMode::Running, &why).await
}

/// Halt the line, as POST /v1/queue/halt
#[utoipa::path(post, path = "/pipeline/emergency/halt", tag = "companion", operation_id = "companionHalt",
    request_body(content = Option<Why>), security(("key" = ["operate"])),
    responses((status = 200, description = "The line", body = Queue),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn halt(
    _: Caller<Operate>,
    State(api): State<Api>,
    MaybeBody(why): MaybeBody<Why>,
) -> Result<Json<Queue>, ApiError> {
    set(&api, LineMode::Halted, &why).await
}

/// Show what a video cost, as GET /v1/videos/{id}/receipt
#[utoipa::path(get, path = "/costs/video/{id}", tag = "companion", operation_id = "companionCost",
    params(("id" = String, Path, format = "uuid", description = "The video")), security(("key" = ["read"])),
    responses((status = 200, description = "The receipt", body = Object),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn cost(
    caller: Caller<Read>,
    State(api): State<Api>,
    Place(id): Place<VideoId>,
) -> Result<Json<Value>, ApiError> {
    videos::receipt::receipt(&api, caller.account(), id).await
}
