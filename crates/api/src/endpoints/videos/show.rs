//! `GET /v1/videos/{id}`

use axum::Json;
use axum::extract::State;
use ledger::Receipt;
use serde::Serialize;
use utoipa::ToSchema;
use ytempire_core::{AccountId, VideoId};

use super::of_account;
use crate::caller::{Caller, Read};
use crate::error::{ApiError, Problem};
use crate::extract::Place;
use crate::parts::Api;
use crate::show::{Job, Video, at};

/// A video with all that is done for it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Detail {
    #[serde(flatten)]
    video: Video,
    /// What it cost so far, own machine and what nobody knows included, in micro-dollars.
    cost_micro_usd: i64,
    /// When it is likely to end; `null` where nobody can say, or it has.
    #[schema(format = "date-time")]
    likely_at: Option<String>,
    /// Its jobs, in the order of their birth.
    jobs: Vec<Job>,
}

/// Show a video
///
/// Where it stands, its jobs with their attempts, and what it cost so far.
#[utoipa::path(get, path = "/v1/videos/{id}", tag = "videos", operation_id = "showVideo",
    params(("id" = String, Path, format = "uuid", description = "The video")), security(("key" = ["read"])),
    responses((status = 200, description = "The video", body = Detail),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Read>,
    State(api): State<Api>,
    Place(id): Place<VideoId>,
) -> Result<Json<Detail>, ApiError> {
    show(&api, caller.account(), id).await
}

pub(crate) async fn show(
    api: &Api,
    account: AccountId,
    id: VideoId,
) -> Result<Json<Detail>, ApiError> {
    let video = of_account(api, account, id).await?;
    let jobs = api.store().job_list(id).await?;
    let attempts = api.store().attempt_list(id).await?;
    let transfers = api.store().transfer_list(id).await?;
    let receipt = Receipt::of(id, &video.title, video.budget, &transfers);
    let foreseen = if video.state.is_final() {
        None
    } else {
        api.parts.orders.foresee(id).await?
    };
    Ok(Json(Detail {
        video: Video::of(&video, api.now()),
        cost_micro_usd: receipt.total.0,
        likely_at: foreseen.map(|end| at(end.likely_at)),
        jobs: jobs.iter().map(|job| Job::of(job, &attempts)).collect(),
    }))
}
