//! `openai-transcription`: `POST {base}/audio/transcriptions`.

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{Recording, Told, Wire, expected, worst};
use crate::backend::Backend;
use crate::error::Error;
use crate::http::{Body, Call, Reply};
use crate::kind::{self, Auth, Kind, Probe, Spec, ids_of_data};
use crate::speech::word;
use crate::usage::Usage;

/// A bill above this is a mistake: a day.
const SECONDS_BELIEVED_MAX: f64 = 86_400.0;

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::OpenaiTranscription,
    name: "openai-transcription",
    meters: &[&[Usage::AUDIO_SECONDS]],
    quality: 70,
    base_url: None,
    keys: &["base_url", "model", "timeout_s"],
    required: &["base_url", "model"],
    auth: Auth::Bearer,
    probe: Some(Probe {
        path: "models",
        query: &[],
        names: ids_of_data,
        lists_models: true,
    }),
    wire: kind::Wire::Transcription(Wire { ask, heard }),
    worst,
    expected,
};

/// What stands between the parts: no sound holds it but by a chance of one in 2^200.
const BOUNDARY: &str = "ytempire-4f7b2c9d8e1a6053b7c2d9e4f1a8065b";

fn ask(backend: &Backend, recording: &Recording<'_>, charge: &str) -> Call {
    let language = recording.language.split('-').next().unwrap_or("en");
    let fields = [
        ("model", backend.model.as_str()),
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "word"),
        ("language", language),
    ];
    let mut bytes = Vec::with_capacity(recording.wav.len() + 1024);
    for (name, value) in fields {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        bytes.extend_from_slice(part.as_bytes());
    }
    let file = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; \
         filename=\"speech.wav\"\r\nContent-Type: audio/wav\r\n\r\n"
    );
    bytes.extend_from_slice(file.as_bytes());
    bytes.extend_from_slice(recording.wav);
    bytes.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    Call {
        method: Method::POST,
        body: Body::Form {
            content_type: format!("multipart/form-data; boundary={BOUNDARY}"),
            bytes,
        },
        idempotency_key: Some(charge.to_owned()),
        ..Call::get("audio/transcriptions")
    }
}

fn heard(backend: &Backend, reply: &Reply) -> Result<Told, Error> {
    let wire: Answer = reply.json(backend, "transcription")?;
    let words = wire.words.iter().flatten();
    let words: Option<Vec<_>> = words
        .map(|heard| word(heard.text.trim(), heard.start, heard.end))
        .collect();
    let words = words.filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| reply.garbled(backend, "it doesn't tell the words' times"))?;
    let told = [&wire.usage["seconds"], &wire.duration];
    let seconds = told.into_iter().find_map(|told| match told {
        // `OpenAI` has written the length as a text, too.
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    });
    let seconds = seconds.filter(|seconds: &f64| (0.001..SECONDS_BELIEVED_MAX).contains(seconds));
    Ok(Told {
        words,
        seconds: seconds.map(|seconds| seconds.ceil() as u64),
    })
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    words: Option<Vec<Word>>,
    #[serde(default)]
    duration: Value,
    #[serde(default)]
    usage: Value,
}

#[derive(Deserialize)]
struct Word {
    #[serde(rename = "word")]
    text: String,
    start: f64,
    end: f64,
}
