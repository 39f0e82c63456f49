//! `ComfyUI`: a queue in memory that a restart forgets.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Good, deliver, locked, refused};
use super::fault::Fault;
use super::state::{ServerCharge, Shared};

const PROMPT: &str = "/prompt";
const VIEW: &str = "/view";

/// Milliseconds that each picture is computed: 3 begun seconds.
const MILLIS: u64 = 2_400;

fn ok(body: &Value) -> Response {
    refused(200, body)
}

pub(super) async fn prompt(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = shared.arrive(PROMPT, &headers, &body);
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    if body["prompt"]
        .as_object()
        .is_none_or(serde_json::Map::is_empty)
    {
        let error = json!({ "type": "prompt_no_outputs", "message": "Prompt has no outputs" });
        return refused(400, &json!({ "error": error, "node_errors": {} }));
    }
    let id = format!("prompt-{}", shared.number());
    let failed = matches!(fault, Some(Fault::Garbage));
    let fault = fault.filter(|_| !failed);
    shared.inner().queue.push((id.clone(), failed));
    let good = Good {
        charge: ServerCharge {
            gpu_seconds: MILLIS.div_ceil(1000),
            ..shared.line(PROMPT, "", &headers)
        },
        media_type: "application/json",
        body: json!({ "prompt_id": id, "number": 1, "node_errors": {} })
            .to_string()
            .into(),
    };
    deliver(shared, fault, good).await
}

pub(super) async fn history(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let mut inner = shared.inner();
    if inner.patience > 0 {
        inner.patience -= 1;
        return ok(&json!({}));
    }
    let Some((_, failed)) = inner.queue.iter().find(|(known, _)| *known == id) else {
        return ok(&json!({}));
    };
    let mut messages = vec![json!(["execution_start", { "prompt_id": id, "timestamp": 1_000 }])];
    let (state, outputs) = if *failed {
        let why = json!({ "exception_message": "CUDA out of memory", "timestamp": 2_000 });
        messages.push(json!(["execution_error", why]));
        ("error", json!({}))
    } else {
        let done = json!({ "prompt_id": id, "timestamp": 1_000 + MILLIS });
        messages.push(json!(["execution_success", done]));
        let shown = json!({ "filename": "p.png", "subfolder": "", "type": "temp" });
        let kept = json!({ "filename": "o.png", "subfolder": "a", "type": "output" });
        (
            "success",
            json!({ "8": { "images": [shown] }, "9": { "images": [kept] } }),
        )
    };
    ok(&json!({ id: {
        "outputs": outputs,
        "status": { "status_str": state, "completed": state == "success", "messages": messages },
    }}))
}

pub(super) async fn queue(State(shared): State<Arc<Shared>>) -> Response {
    let inner = shared.inner();
    let waiting: Vec<_> = inner
        .queue
        .iter()
        .map(|(id, _)| json!([0, id, {}, {}, []]))
        .collect();
    ok(&json!({ "queue_running": [], "queue_pending": waiting }))
}

/// `POST /queue` and `POST /interrupt`
pub(super) async fn withdraw(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let ids = [&body["delete"][0], &body["prompt_id"]];
    let mut inner = shared.inner();
    for id in ids.into_iter().filter_map(Value::as_str) {
        inner.queue.retain(|(known, _)| known != id);
        inner.withdrawn.push(id.to_owned());
    }
    ok(&json!({}))
}

pub(super) async fn view(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<std::collections::HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let fault = shared.arrive(VIEW, &headers, &json!(asked));
    let good = Good {
        charge: shared.line(VIEW, "", &headers),
        media_type: "image/png",
        body: shared.painter()("view").into(),
    };
    deliver(shared, fault, good).await
}

pub(super) async fn stats() -> Response {
    ok(&json!({ "system": { "os": "posix" }, "devices": [] }))
}
