//! `POST /v1/videos`

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Promise;
use utoipa::ToSchema;
use ytempire_core::brief::{self, Music, Settings, Syntax};
use ytempire_core::{AccountId, Code, Timestamp};

use crate::caller::{Caller, Write};
use crate::error::{ApiError, Problem};
use crate::extract::Body;
use crate::orders::{Ordered, Wish};
use crate::parts::Api;
use crate::show::{Video, at};

/// A video that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVideo {
    /// The brief, with the keys of a brief's file. It may name no file: `assets` and `music` are not
    /// taken, but `music = "none"`.
    #[schema(schema_with = brief_schema)]
    brief: Value,
    /// How urgent it is: 1 can wait, 10 goes first.
    #[schema(minimum = 1, maximum = 10, default = 5)]
    priority: Option<u8>,
    /// When it is wanted.
    #[schema(format = "date-time")]
    due_at: Option<String>,
    /// Nothing of it is begun before.
    #[schema(format = "date-time")]
    start_at: Option<String>,
}

fn brief_schema() -> utoipa::openapi::Ref {
    utoipa::openapi::Ref::from_schema_name("Brief")
}

/// An accepted order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accepted {
    #[serde(flatten)]
    video: Video,
    /// Whether this order made it; the same order again is the same video.
    fresh: bool,
    /// The most that it will cost, in micro-dollars; at most the budget.
    quote_micro_usd: i64,
    /// When it is likely to be done; `null` where nobody can say.
    #[schema(format = "date-time")]
    likely_at: Option<String>,
    /// When it will be done, 95 times of 100.
    #[schema(format = "date-time")]
    promised_at: Option<String>,
    /// What you should know: words left out, for one.
    notices: Vec<String>,
}

/// Order a video
///
/// Answered before anything is made: with what it costs at most and when it will be done. The same
/// brief is the same video, unless that one failed or was cancelled.
#[utoipa::path(post, path = "/v1/videos", tag = "videos", operation_id = "submitVideo",
    request_body = NewVideo, security(("key" = ["write"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats of this request have one effect and one answer, for 24 hours")),
    responses((status = 202, description = "Accepted", body = Accepted, headers(("Location", description = "The video"))),
              (status = "4XX", description = "Refused, and nothing was done", body = Problem, content_type = "application/problem+json"),
              (status = "5XX", description = "Failed", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    caller: Caller<Write>,
    State(api): State<Api>,
    Body(new): Body<NewVideo>,
) -> Result<Response, ApiError> {
    submit(&api, caller.account(), new).await
}

pub(crate) async fn submit(
    api: &Api,
    account: AccountId,
    new: NewVideo,
) -> Result<Response, ApiError> {
    let wish = Wish {
        settings: settings(&new.brief)?,
        priority: priority(new.priority)?.unwrap_or(store::PRIORITY),
        due_at: new.due_at.as_deref().map(moment).transpose()?,
        start_at: new.start_at.as_deref().map(moment).transpose()?,
    };
    let ordered = api.parts.orders.submit(account, wish).await?;
    Ok(accepted(api, &ordered))
}

/// 202, and where to look.
pub(crate) fn accepted(api: &Api, ordered: &Ordered) -> Response {
    let place = format!("/v1/videos/{}", ordered.video.id);
    let promise = |of: fn(&Promise) -> Timestamp| ordered.promise.as_ref().map(|p| at(of(p)));
    let body = Accepted {
        video: Video::of(&ordered.video, api.now()),
        fresh: ordered.fresh,
        quote_micro_usd: ordered.worst_case.0,
        likely_at: promise(|p| p.likely_at),
        promised_at: promise(|p| p.promised_at),
        notices: ordered.notices.clone(),
    };
    let location = [(header::LOCATION, place)];
    (StatusCode::ACCEPTED, location, Json(body)).into_response()
}

pub(crate) fn priority(asked: Option<u8>) -> Result<Option<u8>, ApiError> {
    let wrong = asked.filter(|asked| !store::PRIORITIES.contains(asked));
    match wrong {
        Some(_) => Err(ApiError::malformed("priority: 1 to 10")),
        None => Ok(asked),
    }
}

fn moment(text: &str) -> Result<Timestamp, ApiError> {
    let moment = DateTime::parse_from_rfc3339(text).map_err(|e| {
        let text = format!("{text:?}: {e}; write it like 2026-12-01T18:00:00Z");
        ApiError::malformed(text)
    })?;
    Ok(Timestamp::from_micros(moment.timestamp_micros()))
}

fn settings(given: &Value) -> Result<Settings, ApiError> {
    let refused = |e: brief::BriefError| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        ApiError::new(status, e.code, e.to_string())
    };
    if !given.is_object() {
        let text = "brief: an object with the keys of a brief";
        return Err(ApiError::malformed(text));
    }
    let brief = brief::load(&given.to_string(), Syntax::Json).map_err(refused)?;
    let settings = brief.settings().map_err(refused)?;
    // Names of files are names on the server's disk: what lies there is nobody's who only has a key.
    if settings.assets.is_some() || matches!(settings.music, Music::File(_)) {
        let text = "assets and music name files of the server, and can't be ordered from outside";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(ApiError::new(status, Code::BriefInvalid, text));
    }
    Ok(settings)
}
