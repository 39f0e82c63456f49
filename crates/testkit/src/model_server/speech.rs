//! `POST /v1/audio/speech`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Good, deliver, locked, refused};
use super::state::{ServerCharge, Shared};

const PATH: &str = "/v1/audio/speech";

/// What a speech call asks.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeechAsked {
    /// The model.
    pub model: String,
    /// The voice.
    pub voice: String,
    /// The text.
    pub input: String,
    /// `wav`, `mp3` or another container.
    pub format: String,
    /// Whether the header may be written before the length is known: the default of
    /// Kokoro-FastAPI.
    pub stream: bool,
    /// Speaking speed, 1 unless told.
    pub speed: f64,
}

impl SpeechAsked {
    fn read(body: &Value) -> Result<Self, &'static str> {
        let text = |key: &str| body[key].as_str().map(str::to_owned);
        let input = text("input").ok_or("input is required")?;
        if input.chars().count() > 4_096 {
            return Err("input is longer than 4096 characters");
        }
        if input.trim().is_empty() {
            return Err("input is empty");
        }
        Ok(Self {
            model: text("model").ok_or("model is required")?,
            voice: text("voice").ok_or("voice is required")?,
            input,
            format: text("response_format").unwrap_or_else(|| "mp3".to_owned()),
            stream: body["stream"].as_bool().unwrap_or(true),
            speed: body["speed"].as_f64().unwrap_or(1.0),
        })
    }
}

pub(super) async fn speak(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = shared.arrive(PATH, &headers, &body);
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    let asked = match SpeechAsked::read(&body) {
        Ok(asked) => asked,
        Err(why) => return refused(422, &json!({ "detail": [{ "loc": ["body"], "msg": why }] })),
    };
    if !shared.options.models.contains(&asked.model) {
        return refused(404, &json!({ "detail": "no such model" }));
    }
    if !shared.options.voices.contains(&asked.voice) {
        let detail = json!({ "error": "validation_error", "message": "no such voice" });
        return refused(400, &json!({ "detail": detail }));
    }
    let charge = ServerCharge {
        characters: asked.input.chars().count() as u64,
        ..shared.line(PATH, &asked.model, &headers)
    };
    let media_type = if asked.format == "mp3" {
        "audio/mpeg"
    } else {
        "audio/wav"
    };
    let audio = shared.speaker()(&asked);
    deliver(
        shared,
        fault,
        Good {
            charge,
            media_type,
            body: audio.into(),
        },
    )
    .await
}
