//! `POST /v1/messages`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::ChatAsked;
use super::answer::{Good, deliver, locked, refused};
use super::chat::{limited, tokens};
use super::fault::Fault;
use super::state::{ServerCharge, Shared};

const PATH: &str = "/v1/messages";

fn complaint(kind: &str, message: &str) -> Value {
    json!({ "type": "error", "error": { "type": kind, "message": message } })
}

fn read(headers: &HeaderMap, body: &Value) -> Result<ChatAsked, &'static str> {
    if !headers.contains_key("anthropic-version") {
        return Err("anthropic-version: header is required");
    }
    let tokens_max = body["max_tokens"].as_u64();
    let model = body["model"].as_str().ok_or("model: field required")?;
    let mut messages = vec![(
        "system".to_owned(),
        body["system"].as_str().unwrap_or_default().to_owned(),
    )];
    let mut wanted = "user";
    for message in body["messages"]
        .as_array()
        .ok_or("messages: field required")?
    {
        let (role, content) = (message["role"].as_str(), message["content"].as_str());
        let (Some(role), Some(content)) = (role, content) else {
            return Err("messages: role and content are required");
        };
        if role != wanted {
            return Err("messages: roles must alternate");
        }
        wanted = if role == "user" { "assistant" } else { "user" };
        messages.push((role.to_owned(), content.to_owned()));
    }
    let forced = body["tool_choice"]["name"].as_str();
    let known = body["tools"][0]["name"].as_str();
    if forced.is_some() && (forced != known || !body["tools"][0]["input_schema"].is_object()) {
        return Err("tool_choice: no such tool");
    }
    Ok(ChatAsked {
        model: model.to_owned(),
        messages,
        format: if forced.is_some() { "tool" } else { "text" }.to_owned(),
        tokens_max: Some(tokens_max.ok_or("max_tokens: field required")?),
    })
}

pub(super) async fn message(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = shared.arrive(PATH, &headers, &body);
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    let asked = match read(&headers, &body) {
        Ok(asked) => asked,
        Err(why) => return refused(400, &complaint("invalid_request_error", why)),
    };
    if !shared.options.models.contains(&asked.model) {
        return refused(404, &complaint("not_found_error", &asked.model));
    }
    if fault == Some(Fault::FailBefore(529)) {
        return refused(529, &complaint("overloaded_error", "Overloaded"));
    }
    let said = match &fault {
        Some(Fault::Says(text)) => text.clone(),
        _ => shared.writer()(&asked),
    };
    let (content, finish) = limited(&said, asked.tokens_max);
    // A tool's input is always an object, also where the model was cut.
    let input: Option<Value> = serde_json::from_str(content).ok();
    let part = match input {
        Some(input) if asked.format == "tool" => json!({
            "type": "tool_use", "id": "toolu_1", "name": body["tool_choice"]["name"],
            "input": input,
        }),
        _ => json!({ "type": "text", "text": content }),
    };
    let (read, written) = (tokens(&asked.text()) + 346, tokens(content));
    let mut answer = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": asked.model,
        "content": [part],
        "stop_reason": if finish == "length" { "max_tokens" } else { "tool_use" },
        "usage": {
            "input_tokens": read - 100, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 100, "output_tokens": written,
        },
    });
    match &fault {
        Some(Fault::NoUsage) => answer["usage"] = Value::Null,
        Some(Fault::Usage(other)) => answer["usage"] = other.clone(),
        _ => {}
    }
    let charge = ServerCharge {
        input_tokens: read,
        output_tokens: written,
        ..shared.line(PATH, &asked.model, &headers)
    };
    let good = Good {
        charge,
        media_type: "application/json",
        body: answer.to_string().into(),
    };
    deliver(shared, fault, good).await
}
