//! `GET /v1/videos/{id}/files`

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use ytempire_core::{Timestamp, VideoId};

use super::of_account;
use crate::caller::{Caller, Read};
use crate::error::{ApiError, Problem};
use crate::extract::{Params, Place};
use crate::link;
use crate::parts::Api;
use crate::show::at;

/// How long links are good.
const LINK_S: u64 = 3600;
const LINK_S_MAX: u64 = 7 * 24 * 3600;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// How long the links are good, in seconds.
    #[param(minimum = 1, maximum = 604_800, default = 3600)]
    link_s: Option<u64>,
}

/// The files of a video.
#[derive(Serialize, ToSchema)]
pub(crate) struct Files {
    /// The files, by name.
    files: Vec<File>,
    /// Until when the links are good.
    #[schema(format = "date-time")]
    links_until: String,
}

/// A file of a video.
#[derive(Serialize, ToSchema)]
pub(crate) struct File {
    /// Its name.
    #[schema(example = "video.mp4")]
    name: String,
    /// Its size.
    bytes: u64,
    /// The SHA-256 of what is in it, and its `ETag`.
    sha256: String,
    /// A link that works without a key.
    link: String,
}

/// List the files of a video
///
/// Each with a link that works without a key for a while. A ready video has all its files, a rejected
/// one the report of its checks.
#[utoipa::path(get, path = "/v1/videos/{id}/files", tag = "videos", operation_id = "listFiles",
    params(("id" = String, Path, format = "uuid", description = "The video"), Asked), security(("key" = ["read"])),
    responses((status = 200, description = "The files", body = Files),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Read>,
    State(api): State<Api>,
    Place(id): Place<VideoId>,
    Params(query): Params<Asked>,
) -> Result<Json<Files>, ApiError> {
    let seconds = query.link_s.unwrap_or(LINK_S);
    if !(1..=LINK_S_MAX).contains(&seconds) {
        return Err(ApiError::malformed(format!("link_s: 1 to {LINK_S_MAX}")));
    }
    of_account(&api, caller.account(), id).await?;
    let until = api.now().after(Duration::from_secs(seconds));
    let expires = until.as_micros() / 1_000_000;
    let files = api.parts.orders.files(id).await?;
    let file = |(name, file): (String, store::ArtifactRow)| {
        let path = place(id, &name);
        let signature = link::sign(&api.link_secret, &path, expires);
        File {
            link: format!("{path}?expires={expires}&signature={signature}"),
            name,
            bytes: file.bytes,
            sha256: file.id.0,
        }
    };
    Ok(Json(Files {
        files: files.into_iter().map(file).collect(),
        links_until: at(Timestamp::from_micros(expires * 1_000_000)),
    }))
}

/// Where a file of a video is found. Our files have plain names.
pub(super) fn place(id: VideoId, name: &str) -> String {
    format!("/v1/videos/{id}/files/{name}")
}
