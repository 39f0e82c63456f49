//! `GET /v1/keys`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Key;
use crate::caller::{Admin, Caller};
use crate::error::{ApiError, Problem};
use crate::parts::Api;

/// All keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct Keys {
    /// In the order in which they were made.
    keys: Vec<Key>,
}

/// List the keys
///
/// Of all accounts, also those that have ended. Secrets are not kept, and not shown.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", operation_id = "listKeys",
    security(("key" = ["admin"])),
    responses((status = 200, description = "The keys", body = Keys),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    _: Caller<Admin>,
    State(api): State<Api>,
) -> Result<Json<Keys>, ApiError> {
    let (keys, now) = (api.store().key_list().await?, api.now());
    let keys = keys.iter().map(|key| Key::of(key, now)).collect();
    Ok(Json(Keys { keys }))
}
