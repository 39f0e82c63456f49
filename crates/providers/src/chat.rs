//! `POST {base}/chat/completions`: a language model, not streaming.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use ytempire_core::Cancel;

use crate::backend::{Backend, Kind, OutputLimit, Structured};
use crate::error::{Billed, Class, Error};
use crate::http::{Call, Http};
use crate::usage::Usage;

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The rules.
    System,
    /// We.
    User,
    /// The model, earlier.
    Assistant,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// What is asked of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The conversation.
    pub messages: Vec<Message>,
    /// The schema's name on the wire: 1 to 64 of letters, digits, `_` and `-`.
    pub schema_name: String,
    /// The JSON Schema of the answer, in the subset that strict servers take: every property
    /// required, no additional ones.
    pub schema: Value,
    /// How the schema is sent.
    pub structured: Structured,
    /// Most tokens of the answer.
    pub output_tokens_max: u32,
}

/// What the model said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The text; may be empty, cut or anything else a model writes.
    pub content: String,
    /// What is billed. Where the server says nothing, counted here and marked.
    pub usage: Usage,
    /// Whether it stopped at the limit, so that the text is cut.
    pub cut: bool,
    /// The model's words if it refused the request.
    pub refusal: Option<String>,
}

/// A language backend.
#[derive(Clone, Debug)]
pub struct Chat {
    http: Http,
    backend: Backend,
}

/// Tokens a server's template may add around a message, generously: known ones add 3 to 8.
const TOKENS_PER_MESSAGE: u64 = 16;
/// A bill of more tokens than this is a server's mistake: no model reads as many.
const TOKENS_BELIEVED_MAX: u64 = 100_000_000;

impl Chat {
    /// A client of `backend`.
    ///
    /// # Errors
    /// [`Class::Input`] if the backend is of another kind.
    pub fn new(http: Http, backend: Backend) -> Result<Self, Error> {
        if backend.kind != Kind::OpenaiChat {
            let why = "is no language backend";
            return Err(Error::new(Class::Input, &backend.name, Billed::No, why));
        }
        Ok(Self { http, backend })
    }

    /// The backend.
    pub const fn backend(&self) -> &Backend {
        &self.backend
    }

    /// The most that `request` can use: what has to be reserved.
    ///
    /// A token of text is at least one byte, so the bytes of the messages and
    /// of the schema bound the input; the output is bounded by the limit that is always sent.
    pub fn quote(&self, request: &Request) -> Usage {
        Usage {
            input_tokens: input_bytes(request) + template_tokens(request),
            output_tokens: u64::from(self.limit(request)),
            characters: 0,
            estimated: true,
        }
    }

    fn limit(&self, request: &Request) -> u32 {
        request
            .output_tokens_max
            .min(self.backend.output_tokens_max)
    }

    /// Asks once. `charge` is the charge's id, sent as `Idempotency-Key`.
    ///
    /// # Errors
    /// See [`Error`]. A server that refuses the way JSON is asked for gives [`Class::Input`]
    /// and [`refuses_structure`] says so: ask again with [`Structured::weaker`].
    pub async fn complete(
        &self,
        request: &Request,
        charge: &str,
        cancel: &Cancel,
    ) -> Result<Answer, Error> {
        let body = self.body(request);
        let call = Call {
            method: Method::POST,
            path: "chat/completions",
            accept: "application/json",
            body: Some(&body),
            idempotency_key: Some(charge),
        };
        let reply = self.http.send(&self.backend, call, cancel).await?;
        let wire: Wire = serde_json::from_slice(&reply.body).map_err(|error| {
            let why = format!("the answer is no chat completion ({})", category(&error));
            reply.garbled(&self.backend, &why)
        })?;
        self.answer(request, wire)
    }

    fn body(&self, request: &Request) -> Value {
        let mut body = Map::new();
        body.insert("model".into(), json!(self.backend.model));
        body.insert("messages".into(), json!(request.messages));
        body.insert("stream".into(), json!(false));
        let limit = match self.backend.output_limit {
            OutputLimit::MaxTokens => "max_tokens",
            OutputLimit::MaxCompletionTokens => "max_completion_tokens",
        };
        body.insert(limit.into(), json!(self.limit(request)));
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
        Value::Object(body)
    }

    fn answer(&self, request: &Request, wire: Wire) -> Result<Answer, Error> {
        let usage = wire.usage;
        let Some(choice) = wire.choices.into_iter().next() else {
            return Err(Error::garbled(
                &self.backend.name,
                "the answer holds no choice",
            ));
        };
        let refused = choice.finish_reason.as_deref() == Some("content_filter");
        let filtered = || refused.then(|| "stopped by the content filter".to_owned());
        let refusal = choice
            .message
            .refusal
            .filter(|said| !said.is_empty())
            .or_else(filtered);
        let content = text(&choice.message.content);
        Ok(Answer {
            usage: self.usage(request, &content, &usage),
            cut: choice.finish_reason.as_deref() == Some("length"),
            refusal,
            content,
        })
    }

    /// The server's count where there is a believable one. Ollama said 0 input tokens for a
    /// cached prompt; some servers leave the object out.
    fn usage(&self, request: &Request, content: &str, wire: &Value) -> Usage {
        let told = |keys: [&str; 2]| {
            let number = keys.iter().find_map(|key| wire.get(key)?.as_u64());
            number.filter(|count| (1..=TOKENS_BELIEVED_MAX).contains(count))
        };
        let input = told(["prompt_tokens", "input_tokens"]);
        // An empty answer is honestly 0 tokens.
        let none =
            content.is_empty() && wire.get("completion_tokens").and_then(Value::as_u64) == Some(0);
        let output = if none {
            Some(0)
        } else {
            told(["completion_tokens", "output_tokens"])
        };
        let quote = self.quote(request);
        // Half the bytes: above what tokenizers make of any script with much text, yet not the
        // quote, which would be far off.
        let guess_in = input_bytes(request).div_ceil(2) + template_tokens(request);
        let guess_out = (content.len() as u64).div_ceil(2).min(quote.output_tokens);
        Usage {
            input_tokens: input.unwrap_or(guess_in),
            output_tokens: output.unwrap_or(guess_out),
            characters: 0,
            estimated: input.is_none() || output.is_none(),
        }
    }
}

/// Whether `error` is a server's refusal of `response_format`: old servers don't know
/// `json_schema` (some say so with a 500), LM Studio doesn't take `json_object`.
pub fn refuses_structure(error: &Error) -> bool {
    let text = error.detail.to_ascii_lowercase();
    let names_it = [
        "response_format",
        "json_schema",
        "json_object",
        "structured output",
        "guided",
    ]
    .iter()
    .any(|word| text.contains(word));
    names_it && matches!(error.class, Class::Input | Class::Transient)
}

fn input_bytes(request: &Request) -> u64 {
    let messages: usize = request
        .messages
        .iter()
        .map(|message| message.content.len())
        .sum();
    let schema = match request.structured {
        Structured::JsonSchema => request.schema.to_string().len() + request.schema_name.len(),
        Structured::JsonObject | Structured::Plain => 0,
    };
    (messages + schema) as u64
}

fn template_tokens(request: &Request) -> u64 {
    TOKENS_PER_MESSAGE * (request.messages.len() as u64 + 1)
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

/// What is wrong with a body, without showing it.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends early",
        serde_json::error::Category::Data => "fields are missing or of the wrong type",
        _ => "it is not JSON",
    }
}

#[derive(Deserialize)]
struct Wire {
    choices: Vec<WireChoice>,
    #[serde(default)]
    usage: Value,
}

#[derive(Deserialize)]
struct WireChoice {
    message: WireMessage,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct WireMessage {
    #[serde(default)]
    content: Value,
    #[serde(default)]
    refusal: Option<String>,
}
