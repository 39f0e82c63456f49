//! `GET /v1/videos/{id}/receipt`

use axum::Json;
use axum::extract::State;
use ledger::Receipt;
use serde_json::Value;
use ytempire_core::{AccountId, VideoId};

use super::of_account;
use crate::caller::{Caller, Read};
use crate::error::{ApiError, Problem};
use crate::extract::Place;
use crate::parts::Api;

/// Show what a video cost
///
/// Line by line, from the ledger, as `receipt.json` has it. Amounts are micro-dollars.
#[utoipa::path(get, path = "/v1/videos/{id}/receipt", tag = "money", operation_id = "showReceipt",
    params(("id" = String, Path, format = "uuid", description = "The video")), security(("key" = ["read"])),
    responses((status = 200, description = "The receipt", body = Object),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Read>,
    State(api): State<Api>,
    Place(id): Place<VideoId>,
) -> Result<Json<Value>, ApiError> {
    receipt(&api, caller.account(), id).await
}

pub(crate) async fn receipt(
    api: &Api,
    account: AccountId,
    id: VideoId,
) -> Result<Json<Value>, ApiError> {
    let video = of_account(api, account, id).await?;
    let transfers = api.store().transfer_list(id).await?;
    let receipt = Receipt::of(id, &video.title, video.budget, &transfers);
    let value = serde_json::to_value(&receipt);
    value
        .map(Json)
        .map_err(|_| ApiError::bug("the receipt can't be written"))
}
