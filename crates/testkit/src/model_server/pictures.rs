//! Pictures: made by `POST /v1/images/generations`, found by the searches of two stock sites.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::answer::{Good, deliver, error, locked, refused};
use super::chat::tokens;
use super::fault::Fault;
use super::state::{ServerCharge, Shared};

const IMAGES: &str = "/v1/images/generations";
const PEXELS: &str = "/v1/search";
const PIXABAY: &str = "/api/";
const FILE: &str = "/files";

/// Tokens of every picture that is made.
const PICTURE_TOKENS: u64 = 1_056;

type Pairs = Query<std::collections::HashMap<String, String>>;

fn json_of(charge: ServerCharge, body: &Value) -> Good {
    Good {
        charge,
        media_type: "application/json",
        body: body.to_string().into(),
    }
}

pub(super) async fn images(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = shared.arrive(IMAGES, &headers, &body);
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    let invalid = |why: &str| refused(400, &error(why, "invalid_request_error", "invalid_value"));
    let (Some(prompt), Some(model)) = (body["prompt"].as_str(), body["model"].as_str()) else {
        return invalid("prompt and model are required");
    };
    let by_tokens = model.starts_with("gpt-image");
    if by_tokens && !body["response_format"].is_null() {
        return invalid("Unknown parameter: 'response_format'.");
    }
    let picture = shared.painter()(prompt);
    let charge = ServerCharge {
        images: 1,
        input_tokens: tokens(prompt),
        output_tokens: PICTURE_TOKENS,
        ..shared.line(IMAGES, model, &headers)
    };
    let mut answer =
        json!({ "created": 0, "data": [{ "b64_json": BASE64_STANDARD.encode(picture) }] });
    if by_tokens {
        answer["usage"] = json!({
            "input_tokens": charge.input_tokens, "output_tokens": charge.output_tokens,
        });
    }
    match &fault {
        Some(Fault::NoUsage) => answer["usage"] = Value::Null,
        Some(Fault::Usage(other)) => answer["usage"] = other.clone(),
        _ => {}
    }
    deliver(shared, fault, json_of(charge, &answer)).await
}

/// Where this server is, by what it was called.
fn origin(headers: &HeaderMap) -> String {
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or_default())
}

/// Three pictures of whatever is asked for; none of what is called nothing.
fn found(query: &str) -> std::ops::Range<u64> {
    if query.contains("nothing") {
        0..0
    } else {
        1..4
    }
}

pub(super) async fn pexels(
    State(shared): State<Arc<Shared>>,
    Query(asked): Pairs,
    headers: HeaderMap,
) -> Response {
    let fault = shared.arrive(PEXELS, &headers, &json!(asked));
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    let Some(query) = asked.get("query").filter(|query| !query.is_empty()) else {
        return refused(400, &json!({ "status": 400, "code": "No query" }));
    };
    let origin = origin(&headers);
    let photos: Vec<_> = found(query)
        .map(|id| {
            json!({
                "id": id, "width": 4000, "height": 2250,
                "url": format!("https://www.pexels.com/photo/{id}/"),
                "photographer": format!("Photographer {id}"),
                "src": { "original": format!("{origin}/files/{id}.png") },
            })
        })
        .collect();
    let answer = json!({ "page": 1, "per_page": 40, "photos": photos });
    let charge = ServerCharge {
        requests: 1,
        ..shared.line(PEXELS, "", &headers)
    };
    let mut response = deliver(shared, fault, json_of(charge, &answer)).await;
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-remaining", HeaderValue::from_static("199"));
    response
}

pub(super) async fn pixabay(
    State(shared): State<Arc<Shared>>,
    Query(asked): Pairs,
    headers: HeaderMap,
) -> Response {
    let fault = shared.arrive(PIXABAY, &headers, &json!(asked));
    if let (Some(wanted), key) = (&shared.options.api_key, asked.get("key"))
        && key != Some(wanted)
    {
        let key = key.map(String::as_str).unwrap_or_default();
        let mut response = refused(400, &Value::Null);
        *response.body_mut() = format!("[ERROR 400] Invalid or missing API key {key}").into();
        return response;
    }
    let origin = origin(&headers);
    let query = asked.get("q").map(String::as_str).unwrap_or_default();
    let hits: Vec<_> = found(query)
        .map(|id| {
            json!({
                "id": id, "pageURL": format!("https://pixabay.com/photos/{id}/"),
                "largeImageURL": format!("{origin}/files/{id}.png"), "user": format!("User {id}"),
            })
        })
        .collect();
    let answer = json!({ "total": 3, "totalHits": 3, "hits": hits });
    let charge = ServerCharge {
        requests: 1,
        ..shared.line(PIXABAY, "", &headers)
    };
    deliver(shared, fault, json_of(charge, &answer)).await
}

/// A file of a stock site's: free, and given without any key.
pub(super) async fn file(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let query = uri.query().unwrap_or_default();
    let fault = shared.arrive(FILE, &headers, &json!({ "name": name, "query": query }));
    if fault == Some(Fault::FailBefore(404)) {
        return refused(404, &Value::Null);
    }
    let good = Good {
        charge: ServerCharge {
            ..shared.line(FILE, "", &headers)
        },
        media_type: "image/png",
        body: shared.painter()(&name).into(),
    };
    deliver(shared, fault, good).await
}
