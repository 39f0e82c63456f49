//! `openai-chat`: `POST {base}/chat/completions`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Request, Said, Wire, expected, worst};
use crate::backend::{Backend, OutputLimit, Structured};
use crate::error::Error;
use crate::http::{Call, Reply};
use crate::kind::{self, Auth, Kind, Probe, Spec, ids_of_data};
use crate::usage::Usage;

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::OpenaiChat,
    name: "openai-chat",
    meters: &[&[Usage::INPUT_TOKENS, Usage::OUTPUT_TOKENS]],
    quality: 60,
    base_url: None,
    keys: &[
        "base_url",
        "model",
        "timeout_s",
        "structured",
        "output_limit",
        "output_tokens_max",
        "reasoning_tokens_max",
    ],
    required: &["base_url", "model"],
    auth: Auth::Bearer,
    probe: Some(Probe {
        path: "models",
        query: &[],
        names: ids_of_data,
        lists_models: true,
    }),
    wire: kind::Wire::Language(Wire {
        ask,
        said,
        overhead: 0,
    }),
    worst,
    expected,
};

fn ask(backend: &Backend, request: &Request, limit: u32, charge: &str) -> Call {
    let mut body = Map::new();
    body.insert("model".into(), json!(backend.model));
    body.insert("messages".into(), json!(request.messages));
    body.insert("stream".into(), json!(false));
    let limited = match backend.output_limit {
        OutputLimit::MaxTokens => "max_tokens",
        OutputLimit::MaxCompletionTokens => "max_completion_tokens",
    };
    body.insert(limited.into(), json!(limit));
    match request.structured {
        Structured::JsonSchema => {
            let schema = json!({
                "name": request.schema_name, "strict": true, "schema": request.schema,
            });
            let format = json!({ "type": "json_schema", "json_schema": schema });
            body.insert("response_format".into(), format);
        }
        Structured::JsonObject => {
            body.insert("response_format".into(), json!({ "type": "json_object" }));
        }
        Structured::Plain => {}
    }
    Call::post("chat/completions", Value::Object(body), charge)
}

fn said(backend: &Backend, reply: &Reply) -> Result<Said, Error> {
    let wire: Completion = reply.json(backend, "chat completion")?;
    let usage = wire.usage;
    let Some(choice) = wire.choices.into_iter().next() else {
        return Err(reply.garbled(backend, "the answer holds no choice"));
    };
    let refused = choice.finish_reason.as_deref() == Some("content_filter");
    let filtered = || refused.then(|| "stopped by the content filter".to_owned());
    let refusal = choice.message.refusal.filter(|said| !said.is_empty());
    let told = |keys: [&str; 2]| keys.iter().find_map(|key| usage.get(key)?.as_u64());
    let input = told(["prompt_tokens", "input_tokens"]);
    Ok(Said {
        content: text(&choice.message.content),
        cut: choice.finish_reason.as_deref() == Some("length"),
        refusal: refusal.or_else(filtered),
        input,
        output: output(&usage, input, told(["completion_tokens", "output_tokens"])),
    })
}

/// Tokens written. `OpenAI` counts hidden reasoning among them; servers that count it apart
/// (`total_tokens` above the sum) are billed for it all the same.
fn output(usage: &Value, input: Option<u64>, told: Option<u64>) -> Option<u64> {
    let details = &usage["completion_tokens_details"]["reasoning_tokens"];
    let apart = match (usage["total_tokens"].as_u64(), input, details.as_u64()) {
        (Some(total), Some(input), Some(thought)) if thought > 0 => total.checked_sub(input),
        _ => None,
    };
    told.map(|told| told.max(apart.unwrap_or_default()))
}

/// The text of a message: a string, or a list of parts as some servers send it.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            texts.collect()
        }
        _ => String::new(),
    }
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Value,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Value,
    #[serde(default)]
    refusal: Option<String>,
}
