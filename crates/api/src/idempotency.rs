//! `Idempotency-Key`: a request that is repeated has its effect once, and the same answer.
//!
//! The request is noted in the store before it is done, with a token from which its effect is
//! derived. So one that is done again after a crash, a minute later, makes nothing twice.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts as Head;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use store::{Answer, Begun, KeyRow, NewRequest};
use uuid::Uuid;
use ytempire_core::Code;

use crate::caller::Shown;
use crate::error::ApiError;
use crate::key::hex;
use crate::parts::Api;

const HEADER: &str = "idempotency-key";

/// Characters of a key at most.
const NAME_MAX: usize = 255;

/// How long whoever does a request is waited for before it is done again.
const LEASE: Duration = Duration::from_mins(1);

/// How long a repeated request waits for the answer of the first one.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it looks.
const LOOK: Duration = Duration::from_millis(100);

/// The largest answer that is kept.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What the effect of this request is derived from.
#[derive(Clone, Copy)]
pub(crate) struct Token(pub(crate) Uuid);

impl FromRequestParts<Api> for Token {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(head: &mut Head, api: &Api) -> Result<Self, Self::Rejection> {
        let given = head.extensions.get::<Self>().copied();
        Ok(given.unwrap_or_else(|| Self(api.parts.ids.token(api.now()))))
    }
}

/// What a repeated request is answered instead, where the answer holds a secret.
#[derive(Clone)]
pub(crate) struct KeptAs(pub(crate) String);

pub(crate) async fn once(State(api): State<Api>, request: Request, next: Next) -> Response {
    let named = request.headers().get(HEADER).cloned();
    let shown = request.extensions().get::<Shown>().cloned();
    let (Some(named), Some(Shown(Some(key)))) = (named, shown) else {
        // Without a valid key nothing happens, once or more often.
        return next.run(request).await;
    };
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    match begin(&api, &key, &named, request).await {
        Ok(Step::Go(request, name)) => finish(&api, &key, &name, next.run(request).await).await,
        Ok(Step::Answered(answer)) => replay(answer),
        Err(e) => e.into_response(),
    }
}

enum Step {
    Go(Request, String),
    Answered(Answer),
}

async fn begin(
    api: &Api,
    key: &KeyRow,
    named: &HeaderValue,
    request: Request,
) -> Result<Step, ApiError> {
    let name = named.to_str().unwrap_or_default().trim_matches('"');
    if name.is_empty() || name.len() > NAME_MAX {
        let text = format!("Idempotency-Key: 1 to {NAME_MAX} plain characters");
        return Err(ApiError::malformed(text));
    }
    let (mut head, body) = request.into_parts();
    let body = to_bytes(body, api.parts.options.body_bytes_max).await;
    let body = body.map_err(|_| {
        let text = "the request is too large";
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, Code::RequestTooLarge, text)
    })?;
    let mut hash = Sha256::new();
    hash.update(head.uri.to_string().as_bytes());
    hash.update(b"\n");
    hash.update(&body);
    let fingerprint = hex(&hash.finalize());
    let until = api.now().after(PATIENCE);
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        let now = api.now();
        let new = NewRequest {
            key: key.id,
            name: name.to_owned(),
            fingerprint: fingerprint.clone(),
            token: api.parts.ids.token(now),
            lease_until: now.after(LEASE),
        };
        match api.store().request_begin(now, new).await? {
            Begun::Yours(token) => {
                head.extensions.insert(Token(token));
                let request = Request::from_parts(head, Body::from(body));
                return Ok(Step::Go(request, name.to_owned()));
            }
            Begun::Answered(answer) => return Ok(Step::Answered(answer)),
            Begun::Other => {
                let text = "this Idempotency-Key was used for another request";
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return Err(ApiError::new(status, Code::IdempotencyMismatch, text));
            }
            Begun::Running if now >= until => {
                let text = "the first request with this Idempotency-Key is not answered yet";
                let error = ApiError::new(StatusCode::CONFLICT, Code::Conflict, text);
                return Err(error.retry_after(Duration::from_secs(5)));
            }
            Begun::Running => {}
        }
    }
}

/// Keeps the answer, unless it says that the same request may succeed later.
async fn finish(api: &Api, key: &KeyRow, name: &str, response: Response) -> Response {
    let (head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, ANSWER_BYTES_MAX).await else {
        return ApiError::bug("an answer is too large to be kept").into_response();
    };
    let passing = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    let text = |header| {
        let value: Option<&HeaderValue> = head.headers.get(header);
        value
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let kept = head.extensions.get::<KeptAs>().map(|kept| kept.0.clone());
    let answer = Answer {
        status: head.status.as_u16(),
        content_type: text(header::CONTENT_TYPE).unwrap_or_default(),
        location: text(header::LOCATION),
        body: kept.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned()),
    };
    let keeps = !head.status.is_server_error() && !passing.contains(&head.status);
    let answer = keeps.then_some(answer);
    if let Err(e) = api.store().request_end(key.id, name, answer).await {
        // It had its effect; a repetition finds the same by its token.
        tracing::error!(error = %e, "an answer can't be kept");
    }
    Response::from_parts(head, Body::from(body))
}

fn replay(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    let values = [
        (header::CONTENT_TYPE, Some(answer.content_type)),
        (header::LOCATION, answer.location),
    ];
    for (name, value) in values {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}
