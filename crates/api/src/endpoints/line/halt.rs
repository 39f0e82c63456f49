//! `POST /v1/queue/halt`

use axum::Json;
use axum::extract::State;
use store::LineMode;

use super::show::Queue;
use super::{Why, set};
use crate::caller::{Caller, Operate};
use crate::error::{ApiError, Problem};
use crate::extract::MaybeBody;
use crate::parts::Api;

/// Halt the line
///
/// Nothing more is begun or spent: no reservation is granted and no request may leave.
#[utoipa::path(post, path = "/v1/queue/halt", tag = "line", operation_id = "haltQueue",
    request_body(content = Option<Why>), security(("key" = ["operate"])),
    responses((status = 200, description = "The line", body = Queue),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    _: Caller<Operate>,
    State(api): State<Api>,
    MaybeBody(why): MaybeBody<Why>,
) -> Result<Json<Queue>, ApiError> {
    set(&api, LineMode::Halted, &why).await
}
