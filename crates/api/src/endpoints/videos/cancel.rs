//! `POST /v1/videos/{id}/cancel`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use ytempire_core::VideoId;

use super::of_account;
use crate::caller::{Caller, Write};
use crate::error::{ApiError, Problem};
use crate::extract::Place;
use crate::parts::Api;
use crate::show::Video;

/// A video that nothing more is done for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cancelled {
    #[serde(flatten)]
    video: Video,
    /// Whether this ended it; `false` if it had ended before.
    cancelled: bool,
}

/// Cancel a video
///
/// Nothing more of it begins, and what runs is stopped within seconds.
#[utoipa::path(post, path = "/v1/videos/{id}/cancel", tag = "videos", operation_id = "cancelVideo",
    params(("id" = String, Path, format = "uuid", description = "The video")), security(("key" = ["write"])),
    responses((status = 200, description = "It has ended", body = Cancelled),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Write>,
    State(api): State<Api>,
    Place(id): Place<VideoId>,
) -> Result<Json<Cancelled>, ApiError> {
    of_account(&api, caller.account(), id).await?;
    let now = api.now();
    let cancelled = api.store().video_cancel(now, id).await?;
    let video = of_account(&api, caller.account(), id).await?;
    Ok(Json(Cancelled {
        video: Video::of(&video, now),
        cancelled,
    }))
}
