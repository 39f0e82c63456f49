//! `DELETE /v1/videos/{id}`

use axum::extract::State;
use axum::http::StatusCode;
use store::Deletion;
use ytempire_core::{Code, VideoId};

use super::of_account;
use crate::caller::{Caller, Write};
use crate::error::{ApiError, Problem};
use crate::extract::Place;
use crate::parts::Api;

/// Delete an ended video
///
/// With its jobs, attempts, events and transfers. What it spent stays in the sums of its day.
#[utoipa::path(delete, path = "/v1/videos/{id}", tag = "videos", operation_id = "deleteVideo",
    params(("id" = String, Path, format = "uuid", description = "The video")), security(("key" = ["write"])),
    responses((status = 204, description = "It is gone"),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Write>,
    State(api): State<Api>,
    Place(id): Place<VideoId>,
) -> Result<StatusCode, ApiError> {
    of_account(&api, caller.account(), id).await?;
    match api.store().video_delete(id).await? {
        Deletion::Done => Ok(StatusCode::NO_CONTENT),
        Deletion::Unknown => Err(ApiError::no_video()),
        Deletion::Unfinished => {
            let text = "the video has not ended, or a job of it still runs";
            Err(ApiError::new(
                StatusCode::CONFLICT,
                Code::VideoUnfinished,
                text,
            ))
        }
    }
}
