//! What is answered when something can't be done: RFC 9457, with our codes.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use ytempire_core::Code;

use crate::orders::Refused;

/// Why a request failed. What is public is told; the cause is only logged.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct ApiError {
    status: StatusCode,
    code: Code,
    text: String,
    retry_after: Option<Duration>,
    #[source]
    cause: Option<Box<store::Error>>,
}

/// A problem, as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// A name of this kind of problem: `urn:ytempire:error:` and the code.
    #[schema(example = "urn:ytempire:error:YT0013")]
    r#type: String,
    /// The HTTP status in words.
    #[schema(example = "Not Found")]
    title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// The stable code; `docs/errors` has a page for each.
    #[schema(example = "YT0013")]
    code: String,
    /// What happened, and what to do.
    detail: String,
    /// When to come again, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: Code, text: impl Into<String>) -> Self {
        Self {
            status,
            code,
            text: text.into(),
            retry_after: None,
            cause: None,
        }
    }

    pub(crate) fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    pub(crate) fn unauthorised(text: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Code::Unauthorised, text)
    }

    /// A value of the request can't be.
    pub(crate) fn malformed(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::RequestMalformed, text)
    }

    pub(crate) fn no_video() -> Self {
        let text = "there is no such video";
        Self::new(StatusCode::NOT_FOUND, Code::VideoUnknown, text)
    }

    pub(crate) fn bug(text: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Bug, text)
    }
}

impl From<store::Error> for ApiError {
    fn from(e: store::Error) -> Self {
        let (status, code, text) = match &e {
            store::Error::Away(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                Code::DatabaseAway,
                "the database is away; try again",
            ),
            store::Error::DiskFull => (
                StatusCode::INSUFFICIENT_STORAGE,
                Code::DiskFull,
                "the disk is full",
            ),
            store::Error::ReadOnly(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                Code::FolderUnwritable,
                "the database can't be written",
            ),
            _ => (
                StatusCode::INTERNAL_SERVER_ERROR,
                Code::StoreFailed,
                "the database failed",
            ),
        };
        let away = status == StatusCode::SERVICE_UNAVAILABLE;
        Self {
            retry_after: away.then_some(Duration::from_secs(2)),
            cause: Some(Box::new(e)),
            ..Self::new(status, code, text)
        }
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let status = match refused.code {
            Code::LineFull => StatusCode::TOO_MANY_REQUESTS,
            Code::BudgetExceeded | Code::PriceUnknown => StatusCode::PAYMENT_REQUIRED,
            Code::DatabaseAway | Code::ToolMissing => StatusCode::SERVICE_UNAVAILABLE,
            Code::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Code::StoreFailed | Code::FolderUnwritable | Code::Bug => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self {
            retry_after: refused.retry_after,
            ..Self::new(status, refused.code, refused.text)
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            let cause = self.cause.as_ref().map(ToString::to_string);
            tracing::error!(
                code = self.code.as_str(),
                cause,
                "a request failed: {}",
                self.text
            );
        }
        let after = self.retry_after.map(|after| after.as_secs().max(1));
        let problem = Problem {
            r#type: format!("urn:ytempire:error:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_string(),
            detail: self.text,
            retry_after_s: after,
        };
        let body = serde_json::to_string(&problem).unwrap_or_default();
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, body).into_response();
        let headers = response.headers_mut();
        if let Some(after) = after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"ytempire\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
