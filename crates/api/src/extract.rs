//! Reading requests, with refusals that are problems.

use std::time::Duration;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts as Head;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Json, RequestPartsExt};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use ytempire_core::Code;

use crate::error::ApiError;
use crate::parts::Api;

/// Of a body that is too large, so many times its limit are read away: who is still sending wouldn't
/// hear the answer if the connection ended at once.
const READ_AWAY_MAX: usize = 8;

/// How long that may take.
const READ_AWAY_TIME_MAX: Duration = Duration::from_secs(10);

/// Refuses a body that says that it is too large.
pub(crate) async fn refuse_large(State(api): State<Api>, request: Request, next: Next) -> Response {
    let most = api.parts.options.body_bytes_max;
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|length| length <= most) {
        return next.run(request).await;
    }
    let mut body = request.into_body().into_data_stream();
    let read_away = async {
        let mut bytes = 0;
        while let Some(Ok(chunk)) = body.next().await {
            bytes += chunk.len();
            if bytes > most.saturating_mul(READ_AWAY_MAX) {
                break;
            }
        }
    };
    // Whether all of it came doesn't matter.
    drop(tokio::time::timeout(READ_AWAY_TIME_MAX, read_away).await);
    let text = format!("the request is too large: {most} bytes are the most");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, Code::RequestTooLarge, text).into_response()
}

/// A JSON body. An empty one is its default, where it has one.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let Json(body) = Json::from_request(request, api)
            .await
            .map_err(|rejection| body(&rejection))?;
        Ok(Self(body))
    }
}

/// A JSON body that may be left out.
pub(crate) struct MaybeBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Api> for MaybeBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let headers = request.headers();
        let empty = headers.get(header::CONTENT_LENGTH).is_none_or(|n| n == "0")
            && !headers.contains_key(header::TRANSFER_ENCODING);
        if empty {
            return Ok(Self(T::default()));
        }
        Body::from_request(request, api)
            .await
            .map(|Body(body)| Self(body))
    }
}

fn body(rejection: &JsonRejection) -> ApiError {
    let status = rejection.status();
    let code = if status == StatusCode::PAYLOAD_TOO_LARGE {
        Code::RequestTooLarge
    } else {
        Code::RequestMalformed
    };
    ApiError::new(status, code, rejection.body_text())
}

/// What stands behind the `?`.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned + Send + 'static> FromRequestParts<Api> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(head: &mut Head, _: &Api) -> Result<Self, ApiError> {
        let query: Result<Query<T>, QueryRejection> = head.extract().await;
        query
            .map(|Query(query)| Self(query))
            .map_err(|e| ApiError::malformed(e.body_text()))
    }
}

/// What stands in the path. What can't be read is nothing that is there.
pub(crate) struct Place<T>(pub(crate) T);

impl<T: DeserializeOwned + Send + 'static> FromRequestParts<Api> for Place<T> {
    type Rejection = ApiError;

    async fn from_request_parts(head: &mut Head, _: &Api) -> Result<Self, ApiError> {
        let path: Result<Path<T>, PathRejection> = head.extract().await;
        path.map(|Path(path)| Self(path)).map_err(|_| {
            let text = "there is nothing of that id";
            ApiError::new(StatusCode::NOT_FOUND, Code::RouteUnknown, text)
        })
    }
}
