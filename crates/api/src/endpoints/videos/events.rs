//! `GET /v1/videos/{id}/events`

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ytempire_core::VideoId;

use super::of_account;
use crate::caller::{Caller, Read};
use crate::endpoints::events::{Asked, answer};
use crate::error::{ApiError, Problem};
use crate::extract::{Params, Place};
use crate::parts::Api;

/// Follow a video
///
/// As `GET /v1/events`, of this video alone. From its beginning, unless `after` or `Last-Event-ID`
/// says otherwise.
#[utoipa::path(get, path = "/v1/videos/{id}/events", tag = "events", operation_id = "followVideo",
    params(("id" = String, Path, format = "uuid", description = "The video"), Asked,
           ("Last-Event-ID" = Option<String>, Header, description = "The last event that you have")),
    security(("key" = ["read"])),
    responses((status = 200, description = "What happened", content((crate::endpoints::events::Page = "application/json"), (String = "text/event-stream"))),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Read>,
    State(api): State<Api>,
    Place(id): Place<VideoId>,
    headers: HeaderMap,
    Params(query): Params<Asked>,
) -> Result<Response, ApiError> {
    of_account(&api, caller.account(), id).await?;
    answer(&api, (caller.account(), Some(id)), &headers, &query).await
}
