//! `/v1/queue` and `/v1/nodes`: what all accounts share.

pub(crate) mod drain;
pub(crate) mod halt;
pub(crate) mod node_drain;
pub(crate) mod nodes;
pub(crate) mod pause;
pub(crate) mod resume;
pub(crate) mod show;

use axum::Json;
use serde::Deserialize;
use store::LineMode;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::parts::Api;

/// Characters of a reason at most.
const REASON_CHARS_MAX: usize = 500;

/// Why it is changed.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Why {
    /// For others to read.
    #[schema(max_length = 500)]
    reason: String,
}

/// Has all nodes obey `mode`, and shows what they obey now.
pub(crate) async fn set(
    api: &Api,
    mode: LineMode,
    why: &Why,
) -> Result<Json<show::Queue>, ApiError> {
    if why.reason.chars().count() > REASON_CHARS_MAX {
        let text = format!("reason: at most {REASON_CHARS_MAX} characters");
        return Err(ApiError::malformed(text));
    }
    api.store().line_set(api.now(), mode, &why.reason).await?;
    show::queue(api).await.map(Json)
}
