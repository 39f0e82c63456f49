//! A language model, not streaming.

pub(crate) mod anthropic;
pub(crate) mod openai;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ytempire_core::Cancel;

use crate::backend::{Backend, Structured};
use crate::error::{Class, Error};
use crate::http::{Call, Http, Reply};
use crate::kind::{Quote, Role as Does, Work};
use crate::usage::Usage;
use crate::writer::{Assignment, REPAIR_BYTES_MAX};

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

/// The functions of a kind that writes.
pub(crate) struct Wire {
    /// The call that asks `request`, with this limit of tokens, for a charge.
    pub(crate) ask: fn(&Backend, &Request, u32, &str) -> Call,
    /// What the answer says.
    pub(crate) said: fn(&Backend, &Reply) -> Result<Said, Error>,
    /// Tokens that the server adds to a request at most, beside those of each message.
    pub(crate) overhead: u64,
}

/// What a server's answer says.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) content: String,
    pub(crate) cut: bool,
    pub(crate) refusal: Option<String>,
    /// Tokens by the server's count, where it counts.
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
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
        if backend.role() != Does::Language {
            return Err(backend.refuse("is no language backend"));
        }
        Ok(Self { http, backend })
    }

    /// The backend.
    pub const fn backend(&self) -> &Backend {
        &self.backend
    }

    fn wire(&self) -> Result<&'static Wire, Error> {
        match &self.backend.kind.spec().wire {
            crate::kind::Wire::Language(wire) => Ok(wire),
            _ => Err(self.backend.refuse("is no language backend")),
        }
    }

    /// The most that `request` can use: what has to be reserved.
    ///
    /// A token of text is at least one byte, so the bytes of the messages and
    /// of the schema bound the input; the output is bounded by the limit that is always sent.
    pub fn quote(&self, request: &Request) -> Usage {
        let overhead = self.wire().map_or(0, |wire| wire.overhead);
        Usage {
            input_tokens: input_bytes(request) + template_tokens(request) + overhead,
            output_tokens: u64::from(self.limit(request)),
            estimated: true,
            ..Usage::default()
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
        let wire = self.wire()?;
        let call = (wire.ask)(&self.backend, request, self.limit(request), charge);
        let reply = self.http.send(&self.backend, call, cancel).await?;
        let said = (wire.said)(&self.backend, &reply)?;
        Ok(Answer {
            usage: self.usage(request, &said),
            cut: said.cut,
            refusal: said.refusal,
            content: said.content,
        })
    }

    /// The server's count where there is a believable one. Ollama said 0 input tokens for a
    /// cached prompt; some servers leave the object out.
    fn usage(&self, request: &Request, said: &Said) -> Usage {
        let believed =
            |count: Option<u64>| count.filter(|count| (1..=TOKENS_BELIEVED_MAX).contains(count));
        let input = believed(said.input);
        // An empty answer is honestly 0 tokens.
        let output = if said.content.is_empty() && said.output == Some(0) {
            Some(0)
        } else {
            believed(said.output)
        };
        let quote = self.quote(request);
        // Half the bytes: above what tokenizers make of any script with much text, yet not the
        // quote, which would be far off.
        let overhead = self.wire().map_or(0, |wire| wire.overhead);
        let guess_in = input_bytes(request).div_ceil(2) + template_tokens(request) + overhead;
        let guess_out = (said.content.len() as u64)
            .div_ceil(2)
            .min(quote.output_tokens);
        Usage {
            input_tokens: input.unwrap_or(guess_in),
            output_tokens: output.unwrap_or(guess_out),
            estimated: input.is_none() || output.is_none(),
            ..Usage::default()
        }
    }
}

/// Bytes of the prompt without the topic, schema included: some 5,000.
const PROMPT_BYTES: u64 = 8_000;

/// Calls that are paid for one script: one that writes it and one that repairs it.
const CALLS_PAID: u64 = 2;

/// The most that writing a script uses: the second call shows the model its spoiled answer, which
/// is no longer than its limit of tokens, at 6 bytes each, and what a repair repeats.
pub(crate) fn worst(backend: &Backend, work: Work) -> Quote {
    let output = u64::from(Assignment::output_tokens_of(work.words, backend));
    let spoiled = (output * 6).min(REPAIR_BYTES_MAX as u64) + 4_000;
    let overhead = match &backend.kind.spec().wire {
        crate::kind::Wire::Language(wire) => wire.overhead,
        _ => 0,
    };
    let once = PROMPT_BYTES + overhead + TOKENS_PER_MESSAGE * 5;
    let usage = Usage {
        input_tokens: once * CALLS_PAID + spoiled,
        output_tokens: output * CALLS_PAID,
        estimated: true,
        ..Usage::default()
    };
    let calls = CALLS_PAID;
    Quote { usage, calls }
}

/// What it uses most often: one call, four bytes a token, and what English scripts come to.
pub(crate) fn expected(backend: &Backend, work: Work) -> Quote {
    let output = work.words * 3 / 2 + work.words / 45 * 110 + 200;
    let thought = u64::from(backend.reasoning_tokens_max) / 2;
    let usage = Usage {
        input_tokens: PROMPT_BYTES / 4,
        output_tokens: output + thought,
        estimated: true,
        ..Usage::default()
    };
    Quote { usage, calls: 1 }
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
        "tool_choice",
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
