//! `POST /v1/keys/{id}/rotate`

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use ytempire_core::KeyId;

use super::{FreshKey, found, make};
use crate::caller::{Admin, Caller};
use crate::error::{ApiError, Problem};
use crate::extract::{MaybeBody, Place};
use crate::idempotency::Token;
use crate::parts::Api;

/// How long the old key goes on, where nobody says: a day.
const OVERLAP_S: u32 = 86_400;
const OVERLAP_S_MAX: u32 = 30 * 86_400;

/// How it is replaced.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Overlap {
    /// How long the old key goes on, in seconds.
    #[schema(minimum = 0, maximum = 2_592_000, default = 86_400)]
    overlap_s: Option<u32>,
}

/// Replace a key
///
/// By a new one with the same name and scopes. The old one goes on for a while, so that nobody is cut
/// off who hasn't got the new one yet.
#[utoipa::path(post, path = "/v1/keys/{id}/rotate", tag = "keys", operation_id = "rotateKey",
    params(("id" = String, Path, format = "uuid", description = "The key")),
    request_body(content = Option<Overlap>), security(("key" = ["admin"])),
    responses((status = 201, description = "The new key", body = FreshKey),
              (status = "4XX", description = "Refused, and nothing was done", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    _: Caller<Admin>,
    State(api): State<Api>,
    Place(id): Place<KeyId>,
    Token(token): Token,
    MaybeBody(overlap): MaybeBody<Overlap>,
) -> Result<Response, ApiError> {
    let seconds = overlap.overlap_s.unwrap_or(OVERLAP_S);
    if seconds > OVERLAP_S_MAX {
        let text = format!("overlap_s: at most {OVERLAP_S_MAX}");
        return Err(ApiError::malformed(text));
    }
    let old = found(&api, id).await?;
    // The new one first: should we die in between, the old one goes on, and nobody is locked out.
    let ids = (KeyId(token), old.account);
    let made = make(&api, ids, (&old.name, old.scopes), old.ends_at).await?;
    let end = api.now().after(Duration::from_secs(seconds.into()));
    api.store().key_end(old.id, end).await?;
    Ok(made)
}
