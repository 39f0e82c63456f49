//! `POST /v1/chat/completions`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Good, deliver, error, locked, refused};
use super::fault::Fault;
use super::state::{ServerCharge, Shared};

const PATH: &str = "/v1/chat/completions";

/// What a chat call asks.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatAsked {
    /// The model.
    pub model: String,
    /// Role and content of each message.
    pub messages: Vec<(String, String)>,
    /// The type of `response_format`; `text` if there is none.
    pub format: String,
    /// The limit of the answer, by either name.
    pub tokens_max: Option<u64>,
}

impl ChatAsked {
    fn read(body: &Value) -> Result<Self, &'static str> {
        let model = body["model"]
            .as_str()
            .ok_or("model is required")?
            .to_owned();
        let messages = body["messages"].as_array().ok_or("messages are required")?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let messages: Option<Vec<_>> = messages
            .iter()
            .map(|message| Some((text(&message["role"])?, text(&message["content"])?)))
            .collect();
        let limits = [&body["max_tokens"], &body["max_completion_tokens"]];
        if limits.iter().all(|limit| !limit.is_null()) {
            return Err("max_tokens and max_completion_tokens exclude each other");
        }
        if body["stream"].as_bool().unwrap_or(false) {
            return Err("this server does not stream");
        }
        Ok(Self {
            model,
            messages: messages.ok_or("a message needs role and content")?,
            format: body["response_format"]["type"]
                .as_str()
                .unwrap_or("text")
                .to_owned(),
            tokens_max: limits.iter().find_map(|limit| limit.as_u64()),
        })
    }

    /// All messages in one text.
    pub fn text(&self) -> String {
        let contents: Vec<_> = self
            .messages
            .iter()
            .map(|(_, content)| content.as_str())
            .collect();
        contents.join("\n")
    }
}

pub(super) async fn complete(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = shared.arrive(PATH, &headers, &body);
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    let asked = match ChatAsked::read(&body) {
        Ok(asked) => asked,
        Err(why) => return refused(400, &error(why, "invalid_request_error", "invalid_value")),
    };
    if !shared.options.models.contains(&asked.model) {
        let why = format!("The model `{}` does not exist", asked.model);
        return refused(
            404,
            &error(&why, "invalid_request_error", "model_not_found"),
        );
    }
    if !shared.options.formats.contains(&asked.format.as_str()) {
        let why = format!(
            "'response_format.type' must be one of {:?}",
            shared.options.formats
        );
        return refused(400, &json!({ "error": why }));
    }
    let good = answer(&shared, &asked, &headers, fault.as_ref());
    deliver(shared, fault, good).await
}

fn answer(shared: &Shared, asked: &ChatAsked, headers: &HeaderMap, fault: Option<&Fault>) -> Good {
    let said = match fault {
        Some(Fault::Says(text)) => text.clone(),
        _ => shared.writer()(asked),
    };
    let (content, finish) = limited(&said, asked.tokens_max);
    let (input, output) = (tokens(&asked.text()), tokens(content));
    let mut body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": asked.model,
        "choices": [{
            "index": 0, "finish_reason": finish,
            "message": { "role": "assistant", "content": content, "refusal": null },
        }],
        "usage": {
            "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        },
    });
    match fault {
        Some(Fault::NoUsage) => body["usage"] = Value::Null,
        Some(Fault::Usage(other)) => body["usage"] = other.clone(),
        _ => {}
    }
    let charge = ServerCharge {
        input_tokens: input,
        output_tokens: output,
        ..shared.line(PATH, &asked.model, headers)
    };
    Good {
        charge,
        media_type: "application/json",
        body: body.to_string().into(),
    }
}

/// Four bytes a token: what English comes to.
pub(super) const fn tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

/// `said` within the limit, and why it ends.
pub(super) fn limited(said: &str, tokens_max: Option<u64>) -> (&str, &'static str) {
    let bytes = tokens_max.map_or(usize::MAX, |tokens| tokens as usize * 4);
    if said.len() <= bytes {
        return (said, "stop");
    }
    let end = (0..=bytes)
        .rev()
        .find(|at| said.is_char_boundary(*at))
        .unwrap_or(0);
    (&said[..end], "length")
}
