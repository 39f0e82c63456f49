//! Reading requests, with refusals that are problems.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts as Head;
use axum::http::{StatusCode, header};
use axum::{Json, RequestPartsExt};
use serde::de::DeserializeOwned;
use ytempire_core::Code;

use crate::error::ApiError;
use crate::parts::Api;

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
