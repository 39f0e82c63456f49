//! How answers leave: well, or as a [`Fault`] wants it.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::fault::Fault;
use super::state::{ServerCharge, Shared};

/// A good answer and what it costs.
pub(super) struct Good {
    pub(super) charge: ServerCharge,
    pub(super) media_type: &'static str,
    pub(super) body: Bytes,
}

/// `GET /v1/models`
pub(super) async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let fault = shared.arrive("/v1/models", &headers, &Value::Null);
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    let list: Vec<_> = shared
        .options
        .models
        .iter()
        .map(|id| json!({ "id": id, "object": "model", "created": 0, "owned_by": "testkit" }))
        .collect();
    let body = json!({ "object": "list", "data": list }).to_string();
    let good = Good {
        charge: ServerCharge::default(),
        media_type: "application/json",
        body: body.into(),
    };
    match fault {
        None => typed(good.media_type, good.body),
        fault => deliver(shared, fault, good).await,
    }
}

/// Where keys are sent.
const HEADERS: [&str; 4] = ["authorization", "x-api-key", "xi-api-key", "x-goog-api-key"];

/// The refusal of a call without the right key, which it repeats, as some servers do.
pub(super) fn locked(shared: &Shared, headers: &HeaderMap) -> Option<Response> {
    let wanted = shared.options.api_key.as_ref()?;
    let sent = HEADERS
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok());
    let sent = sent.unwrap_or_default();
    let key = sent.strip_prefix("Bearer ").unwrap_or(sent);
    (key != wanted).then(|| {
        let message = format!("Incorrect API key provided: {key}.");
        refused(
            401,
            &error(&message, "invalid_request_error", "invalid_api_key"),
        )
    })
}

pub(super) fn error(message: &str, kind: &str, code: &str) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": code } })
}

pub(super) fn refused(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("tests name real statuses");
    (status, axum::Json(body.clone())).into_response()
}

fn typed(media_type: &str, body: impl Into<Body>) -> Response {
    let value = HeaderValue::from_str(media_type).expect("tests name real media types");
    ([(header::CONTENT_TYPE, value)], body.into()).into_response()
}

/// Sends `good`, or what `fault` makes of it, and charges accordingly.
pub(super) async fn deliver(shared: Arc<Shared>, fault: Option<Fault>, good: Good) -> Response {
    let Good {
        charge,
        media_type,
        body,
    } = good;
    match fault {
        None | Some(Fault::NoUsage | Fault::Usage(_) | Fault::Says(_)) => {
            shared.charge(charge);
            typed(media_type, body)
        }
        Some(Fault::Hang) => {
            shared.released().await;
            shared.charge(charge);
            typed(media_type, body)
        }
        Some(Fault::ChargeLate) => {
            charge_late(shared, charge).await;
            typed(media_type, body)
        }
        Some(Fault::MediaType(other)) => {
            shared.charge(charge);
            typed(&other, body)
        }
        Some(Fault::Cut) => {
            shared.charge(charge);
            cut(media_type, &body)
        }
        Some(Fault::Huge(bytes)) => {
            shared.charge(charge);
            huge(media_type, bytes)
        }
        Some(Fault::Garbage) => {
            shared.charge(charge);
            typed(media_type, "{\"choices\": [ RIFF?")
        }
        Some(Fault::FailAfter(status)) => {
            shared.charge(charge);
            refused(
                status,
                &error("The server had an error", "server_error", "internal"),
            )
        }
        Some(fault) => uncharged(fault),
    }
}

fn uncharged(fault: Fault) -> Response {
    match fault {
        Fault::RateLimited(headers) => {
            let body = error("Rate limit reached", "requests", "rate_limit_exceeded");
            let mut response = refused(429, &body);
            for (name, value) in headers {
                let value = HeaderValue::from_str(&value).expect("tests send real headers");
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
            response
        }
        Fault::InsufficientQuota => {
            let what = "You exceeded your current quota";
            refused(
                429,
                &error(what, "insufficient_quota", "insufficient_quota"),
            )
        }
        Fault::FailBefore(status) => refused(
            status,
            &error("The server is overloaded", "server_error", "overloaded"),
        ),
        Fault::Html(status) => {
            let page = "<!doctype html><html><head><title>Bad Gateway</title></head></html>";
            let mut response = typed("text/html", page);
            *response.status_mut() = StatusCode::from_u16(status).expect("a real status");
            response
        }
        Fault::Redirect(to) => {
            let to = HeaderValue::from_str(&to).expect("a real address");
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        Fault::Refuse(status, body) => refused(status, &body),
        charged => unreachable!("{charged:?} is charged"),
    }
}

/// Charges once released, in a task of its own: a caller who leaves doesn't stop it.
async fn charge_late(shared: Arc<Shared>, charge: ServerCharge) {
    let (done, answered) = oneshot::channel();
    tokio::spawn(async move {
        shared.released().await;
        shared.charge(charge);
        // The caller may have left: that is the point.
        done.send(()).ok();
    });
    answered.await.expect("the task always answers");
}

fn cut(media_type: &str, body: &Bytes) -> Response {
    let half = body.slice(..body.len() / 2);
    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
    let parts = stream::iter([Ok(half), Err(broken)]);
    let mut response = typed(media_type, Body::from_stream(parts));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    response
}

fn huge(media_type: &str, bytes: usize) -> Response {
    const PART: usize = 64 << 10;
    let parts = std::iter::repeat_n(Bytes::from(vec![b' '; PART]), bytes.div_ceil(PART));
    typed(
        media_type,
        Body::from_stream(stream::iter(parts.map(Ok::<_, io::Error>))),
    )
}
