//! `openai-images`: `POST {base}/images/generations`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{BYTES_MAX, Made, Making, Order, Wire, Wish, for_scenes};
use crate::backend::Backend;
use crate::error::{Billed, Error};
use crate::http::{Call, Reply};
use crate::kind::{self, Auth, Kind, Probe, Quote, Spec, Work, ids_of_data};
use crate::usage::Usage;

/// Bytes of a prompt, generously; a token is at least one of them.
const PROMPT_BYTES: u64 = 2_000;

/// A bill of more tokens than this is a server's mistake.
const TOKENS_BELIEVED_MAX: u64 = 100_000_000;

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::OpenaiImages,
    name: "openai-images",
    meters: &[
        &[Usage::IMAGES],
        &[Usage::INPUT_TOKENS, Usage::OUTPUT_TOKENS],
    ],
    quality: 75,
    base_url: None,
    keys: &[
        "base_url",
        "model",
        "timeout_s",
        "size",
        "image_quality",
        "output_tokens_max",
    ],
    required: &["base_url", "model"],
    auth: Auth::Bearer,
    probe: Some(Probe {
        path: "models",
        query: &[],
        names: ids_of_data,
        lists_models: true,
    }),
    wire: kind::Wire::Pictures(Wire::Makes { make, quote }),
    worst,
    expected,
};

/// One picture, its prompt and as many tokens as one may have: those with a price count.
fn quote(backend: &Backend, wish: &Wish) -> Usage {
    Usage {
        images: 1,
        input_tokens: wish.prompt.len() as u64 + 64,
        output_tokens: u64::from(backend.output_tokens_max),
        ..Usage::default()
    }
}

fn worst(backend: &Backend, work: Work) -> Quote {
    let one = Usage {
        images: 1,
        input_tokens: PROMPT_BYTES,
        output_tokens: u64::from(backend.output_tokens_max),
        ..Usage::default()
    };
    for_scenes(backend.billed(one), work)
}

/// 1,500 tokens are a picture of middling quality.
fn expected(backend: &Backend, work: Work) -> Quote {
    let one = Usage {
        images: 1,
        input_tokens: 100,
        output_tokens: 1_500.min(u64::from(backend.output_tokens_max)),
        ..Usage::default()
    };
    for_scenes(backend.billed(one), work)
}

fn make(order: Order<'_>) -> Making<'_> {
    Box::pin(async move {
        let (http, backend) = (order.http, order.backend);
        let call = Call::post(
            "images/generations",
            body(backend, order.wish),
            order.charge,
        );
        let reply = http.send(backend, call, order.cancel).await?;
        let answer: Answer = reply.json(backend, "made picture")?;
        let usage = used(backend, order.wish, &answer);
        let Some(image) = answer.data.into_iter().next() else {
            return Err(reply.garbled(backend, "the answer holds no picture"));
        };
        let bytes = bytes(&order, &reply, image).await?;
        Ok(Made { bytes, usage })
    })
}

fn body(backend: &Backend, wish: &Wish) -> Value {
    let mut body = json!({
        "model": backend.model,
        "prompt": wish.prompt,
        "n": 1,
        "size": size(backend, wish),
    });
    // These always answer in base 64, and refuse to be asked for it.
    let by_itself = ["gpt-image", "chatgpt-image"]
        .iter()
        .any(|name| backend.model.starts_with(name));
    if !by_itself {
        body["response_format"] = json!("b64_json");
    }
    if let Some(quality) = &backend.image_quality {
        body["quality"] = json!(quality);
    }
    body
}

/// The configured size, turned as the picture is; else one that most models know.
fn size(backend: &Backend, wish: &Wish) -> String {
    let Some(size) = &backend.size else {
        return wish.shape("1536x1024", "1024x1536", "1024x1024").to_owned();
    };
    let sides = size.split_once('x').and_then(|(across, down)| {
        let (across, down): (u32, u32) = (across.parse().ok()?, down.parse().ok()?);
        Some((across.min(down), across.max(down)))
    });
    match sides {
        Some((short, long)) => wish
            .shape(
                format!("{long}x{short}").as_str(),
                format!("{short}x{long}").as_str(),
                format!("{short}x{short}").as_str(),
            )
            .to_owned(),
        None => size.clone(),
    }
}

fn used(backend: &Backend, wish: &Wish, answer: &Answer) -> Usage {
    let quote = quote(backend, wish);
    let told = |key: &str| {
        let count = answer.usage.get(key).and_then(Value::as_u64);
        count.filter(|count| (1..=TOKENS_BELIEVED_MAX).contains(count))
    };
    let (input, output) = (told("input_tokens"), told("output_tokens"));
    // Nobody can count a picture's tokens: what isn't told is the most that it may be.
    let by_tokens = backend.prices.output_tokens.is_some();
    Usage {
        images: answer.data.len().max(1) as u64,
        input_tokens: input.unwrap_or(quote.input_tokens),
        output_tokens: output.unwrap_or(quote.output_tokens),
        estimated: by_tokens && (input.is_none() || output.is_none()),
        ..Usage::default()
    }
}

async fn bytes(order: &Order<'_>, reply: &Reply, image: Image) -> Result<Vec<u8>, Error> {
    let (http, backend) = (order.http, order.backend);
    if let Some(text) = image.b64_json {
        let bytes = BASE64_STANDARD.decode(text.trim());
        return bytes.map_err(|_| reply.garbled(backend, "what it calls base 64 is none"));
    }
    let Some(url) = image.url else {
        return Err(reply.garbled(backend, "the answer holds no picture"));
    };
    let fetched = http.fetch(backend, &url, BYTES_MAX, order.cancel).await;
    // The picture was made: not getting it doesn't make it free.
    fetched.map_err(|error| Error {
        billed: Billed::Unknown,
        ..error
    })
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Image>,
    #[serde(default)]
    usage: Value,
}

#[derive(Deserialize)]
struct Image {
    #[serde(default)]
    b64_json: Option<String>,
    #[serde(default)]
    url: Option<String>,
}
