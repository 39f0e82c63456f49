//! `POST /v1/videos/{id}/retry`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use ytempire_core::{Code, Stage, VideoId};

use super::of_account;
use super::submit::{Accepted, accepted, priority};
use crate::caller::{Caller, Write};
use crate::error::{ApiError, Problem};
use crate::extract::{MaybeBody, Place};
use crate::idempotency::Token;
use crate::orders::Retry;
use crate::parts::Api;

/// How it is wanted again.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Again {
    /// From this stage on everything is made anew: `script`, `narrate`, `illustrate`, `compose`,
    /// `assemble`, `thumbnail` or `validate`. Without it, only what isn't there.
    from: Option<String>,
    /// How urgent it is; as before, if not said.
    #[schema(minimum = 1, maximum = 10)]
    priority: Option<u8>,
}

/// Order an ended video again
///
/// A new video, which takes from the cache whatever was finished.
#[utoipa::path(post, path = "/v1/videos/{id}/retry", tag = "videos", operation_id = "retryVideo",
    params(("id" = String, Path, format = "uuid", description = "The video"),
           ("Idempotency-Key" = Option<String>, Header, description = "Repeats of this request have one effect and one answer, for 24 hours")),
    request_body(content = Option<Again>), security(("key" = ["write"])),
    responses((status = 202, description = "Accepted", body = Accepted),
              (status = "4XX", description = "Refused, and nothing was done", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Write>,
    State(api): State<Api>,
    Place(id): Place<VideoId>,
    Token(token): Token,
    MaybeBody(again): MaybeBody<Again>,
) -> Result<Response, ApiError> {
    let video = of_account(&api, caller.account(), id).await?;
    if !video.state.is_final() {
        let text = format!("the video is {}; cancel it first", video.state.as_str());
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            Code::VideoUnfinished,
            text,
        ));
    }
    let stage = |name: &String| {
        Stage::from_name(name)
            .ok_or_else(|| ApiError::malformed(format!("from: there is no stage {name:?}")))
    };
    let retry = Retry {
        from: again.from.as_ref().map(stage).transpose()?,
        priority: priority(again.priority)?,
        token,
    };
    let ordered = api.parts.orders.retry(&video, retry).await?;
    Ok(accepted(&api, &ordered))
}
