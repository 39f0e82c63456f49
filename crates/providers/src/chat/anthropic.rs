//! `anthropic-messages`: `POST {base}/messages`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Message, Request, Role, Said, Wire, expected, worst};
use crate::backend::{Backend, Structured};
use crate::error::Error;
use crate::http::{Call, Reply};
use crate::kind::{self, Auth, Kind, Probe, Spec, ids_of_data};
use crate::usage::Usage;

/// The version of the protocol that this file speaks.
pub(crate) const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

/// Tokens that the offer of a tool adds: some 350 for a forced one.
const TOOL_TOKENS: u64 = 1_000;

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::AnthropicMessages,
    name: "anthropic-messages",
    meters: &[&[Usage::INPUT_TOKENS, Usage::OUTPUT_TOKENS]],
    quality: 75,
    base_url: Some("https://api.anthropic.com/v1"),
    keys: &[
        "base_url",
        "model",
        "timeout_s",
        "structured",
        "output_tokens_max",
    ],
    required: &["model"],
    auth: Auth::Header("x-api-key"),
    probe: Some(Probe {
        path: "models",
        query: &[("limit", "1000")],
        names: ids_of_data,
        lists_models: true,
    }),
    wire: kind::Wire::Language(Wire {
        ask,
        said,
        overhead: TOOL_TOKENS,
    }),
    worst,
    expected,
};

/// A schema is asked for as the input of a tool that has to be used.
fn ask(backend: &Backend, request: &Request, limit: u32, charge: &str) -> Call {
    let of = |role: Role| {
        let all = request.messages.iter();
        all.filter(move |message| (message.role == Role::System) == (role == Role::System))
    };
    let rules: Vec<&str> = of(Role::System).map(|m| m.content.as_str()).collect();
    let said: Vec<&Message> = of(Role::User).collect();
    let mut body = json!({
        "model": backend.model,
        "max_tokens": limit,
        "system": rules.join("\n\n"),
        "messages": said,
    });
    if request.structured == Structured::JsonSchema {
        let tool = json!({
            "name": request.schema_name,
            "description": "Takes the whole answer.",
            "input_schema": request.schema,
        });
        body["tools"] = json!([tool]);
        body["tool_choice"] = json!({ "type": "tool", "name": request.schema_name });
    }
    let mut call = Call::post("messages", body, charge);
    call.headers.push(VERSION);
    call
}

fn said(backend: &Backend, reply: &Reply) -> Result<Said, Error> {
    let wire: Answer = reply.json(backend, "message")?;
    let tool = wire.content.iter().find(|part| part.kind == "tool_use");
    let texts = wire.content.iter().filter(|part| part.kind == "text");
    let content = match tool {
        Some(tool) => tool.input.to_string(),
        None => texts.map(|part| part.text.as_str()).collect(),
    };
    let stopped = |why: &str| wire.stop_reason.as_deref() == Some(why);
    let refusal = stopped("refusal").then(|| match content.as_str() {
        "" => "stopped by the provider's safety rules".to_owned(),
        said => said.to_owned(),
    });
    let told = |key: &str| wire.usage.get(key).and_then(Value::as_u64);
    // We ask for no cache. A server that uses one all the same bills reading it at most like any
    // token, and filling it a quarter more.
    let read = told("cache_read_input_tokens").unwrap_or_default();
    let filled = told("cache_creation_input_tokens").unwrap_or_default();
    let cached = read.saturating_add(filled.saturating_mul(5).div_ceil(4));
    Ok(Said {
        cut: stopped("max_tokens"),
        refusal,
        input: told("input_tokens").map(|input| input.saturating_add(cached)),
        output: told("output_tokens"),
        content,
    })
}

#[derive(Deserialize)]
struct Answer {
    content: Vec<Part>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Value,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    input: Value,
}
