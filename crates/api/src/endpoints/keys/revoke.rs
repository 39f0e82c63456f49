//! `DELETE /v1/keys/{id}`

use axum::extract::State;
use axum::http::StatusCode;
use ytempire_core::KeyId;

use super::found;
use crate::caller::{Admin, Caller};
use crate::error::{ApiError, Problem};
use crate::extract::Place;
use crate::parts::Api;

/// Revoke a key
///
/// From the next request on it opens nothing. Its row stays, to be seen.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys", operation_id = "revokeKey",
    params(("id" = String, Path, format = "uuid", description = "The key")), security(("key" = ["admin"])),
    responses((status = 204, description = "It opens nothing any more"),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    _: Caller<Admin>,
    State(api): State<Api>,
    Place(id): Place<KeyId>,
) -> Result<StatusCode, ApiError> {
    let key = found(&api, id).await?;
    api.store().key_end(key.id, api.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
