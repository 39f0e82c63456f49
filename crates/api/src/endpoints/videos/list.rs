//! `GET /v1/videos`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::VideoFilter;
use utoipa::ToSchema;
use ytempire_core::{VideoId, VideoState};

use crate::caller::{Caller, Read};
use crate::error::{ApiError, Problem};
use crate::extract::Params;
use crate::parts::Api;
use crate::show::Video;

/// Videos on a page.
const LIMIT: u32 = 50;
const LIMIT_MAX: u32 = 200;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only in these states, parted by commas: `queued`, `running`, `ready`, `failed`, `cancelled`.
    #[param(example = "queued,running")]
    state: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of videos, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page {
    /// The videos.
    videos: Vec<Video>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
}

/// List videos
///
/// Newest first, those of the key's account only.
#[utoipa::path(get, path = "/v1/videos", tag = "videos", operation_id = "listVideos",
    params(Asked), security(("key" = ["read"])),
    responses((status = 200, description = "A page", body = Page),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Read>,
    State(api): State<Api>,
    Params(query): Params<Asked>,
) -> Result<Json<Page>, ApiError> {
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(ApiError::malformed(format!("limit: 1 to {LIMIT_MAX}")));
    }
    let filter = VideoFilter {
        states: states(query.state.as_deref())?,
        account: Some(caller.account()),
        before: query.cursor.as_deref().map(cursor).transpose()?,
        ..VideoFilter::newest(limit + 1)
    };
    let mut rows = api.store().video_list(filter).await?;
    let more = rows.len() as u64 > u64::from(limit);
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| more);
    let next_cursor = last.map(|video| video.id.to_string());
    let now = api.now();
    let videos = rows.iter().map(|video| Video::of(video, now)).collect();
    Ok(Json(Page {
        videos,
        next_cursor,
    }))
}

fn cursor(text: &str) -> Result<VideoId, ApiError> {
    let id = text.parse();
    id.map_err(|_| ApiError::malformed("cursor: take next_cursor of a page as it is"))
}

fn states(text: Option<&str>) -> Result<Vec<VideoState>, ApiError> {
    let names = text.into_iter().flat_map(|text| text.split(','));
    let state = |name: &str| {
        VideoState::from_name(name.trim())
            .ok_or_else(|| ApiError::malformed(format!("state: there is no state {name:?}")))
    };
    names.map(state).collect()
}
