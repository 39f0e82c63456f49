//! Speech in the shapes of `ElevenLabs`, Google and Kokoro-FastAPI, which tell when words are spoken.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::answer::{Good, deliver, locked, refused};
use super::fault::Fault;
use super::speech::SpeechAsked;
use super::state::{ServerCharge, Shared};
use crate::voice::Voice;

const ELEVENLABS: &str = "/v1/text-to-speech";
const GOOGLE: &str = "/v1/text:synthesize";
const KOKORO: &str = "/dev/captioned_speech";

/// The voice's sound, and when each word is heard: as it says itself, or as the usual voice would
/// have said it.
fn said(shared: &Shared, text: &str, voice: &str) -> (Vec<u8>, Vec<(String, f64, f64)>) {
    let asked = SpeechAsked {
        model: String::new(),
        voice: voice.to_owned(),
        input: text.to_owned(),
        format: "wav".to_owned(),
        stream: false,
        speed: 1.0,
    };
    let sound = shared.speaker()(&asked);
    let (_, words) = Voice { seed: 1 }.speak(text);
    let seconds = |ms: u32| f64::from(ms) / 1000.0;
    let words = words.into_iter();
    let words = words.map(|word| (word.text, seconds(word.start_ms), seconds(word.end_ms)));
    (sound, words.collect())
}

fn json_of(charge: ServerCharge, body: &Value) -> Good {
    Good {
        charge,
        media_type: "application/json",
        body: body.to_string().into(),
    }
}

pub(super) async fn elevenlabs(
    State(shared): State<Arc<Shared>>,
    Path(voice): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = shared.arrive(ELEVENLABS, &headers, &body);
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    let detail =
        |status: &str, message: &str| json!({ "detail": { "status": status, "message": message } });
    if fault == Some(Fault::InsufficientQuota) {
        let body = detail("quota_exceeded", "This request exceeds your quota.");
        return refused(401, &body);
    }
    let (Some(text), Some(model)) = (body["text"].as_str(), body["model_id"].as_str()) else {
        return refused(422, &json!({ "detail": [{ "msg": "Field required" }] }));
    };
    if !shared.options.voices.contains(&voice) {
        return refused(404, &detail("voice_not_found", "no such voice"));
    }
    let (sound, words) = said(&shared, text, &voice);
    let (mut characters, mut starts, mut ends) = (vec![], vec![], vec![]);
    for (index, (word, start, end)) in words.iter().enumerate() {
        if index > 0 {
            characters.push(" ".to_owned());
            starts.push(ends.last().copied().unwrap_or_default());
            ends.push(*start);
        }
        let count = word.chars().count() as f64;
        for (n, character) in word.chars().enumerate() {
            let at = |n: usize| start + (end - start) * n as f64 / count;
            characters.push(character.to_string());
            starts.push(at(n));
            ends.push(at(n + 1));
        }
    }
    let answer = json!({
        "audio_base64": BASE64_STANDARD.encode(&sound),
        "alignment": {
            "characters": characters,
            "character_start_times_seconds": starts,
            "character_end_times_seconds": ends,
        },
        "normalized_alignment": null,
    });
    let characters = text.chars().count() as u64;
    let charge = ServerCharge {
        characters,
        ..shared.line(ELEVENLABS, model, &headers)
    };
    let told = match &fault {
        Some(Fault::NoUsage) => None,
        Some(Fault::Usage(other)) => other.as_u64(),
        _ => Some(characters),
    };
    let mut response = deliver(shared, fault, json_of(charge, &answer)).await;
    if let (true, Some(told)) = (response.status().is_success(), told) {
        let headers = response.headers_mut();
        headers.insert("character-cost", HeaderValue::from(told));
    }
    response
}

pub(super) async fn google(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = shared.arrive(GOOGLE, &headers, &body);
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    let complaint = |code: u16, status: &str, message: &str| json!({ "error": { "code": code, "message": message, "status": status } });
    let text = body["input"]["text"].as_str().unwrap_or_default();
    let voice = body["voice"]["name"].as_str().unwrap_or_default();
    if text.is_empty() || text.len() > 5_000 || body["voice"]["languageCode"].as_str().is_none() {
        return refused(
            400,
            &complaint(400, "INVALID_ARGUMENT", "input is not valid"),
        );
    }
    if matches!(fault, Some(Fault::RateLimited(_))) {
        return refused(
            429,
            &complaint(429, "RESOURCE_EXHAUSTED", "Quota per minute"),
        );
    }
    let (sound, _) = said(&shared, text, voice);
    let answer = json!({ "audioContent": BASE64_STANDARD.encode(&sound) });
    let charge = ServerCharge {
        characters: text.chars().count() as u64,
        ..shared.line(GOOGLE, voice, &headers)
    };
    deliver(shared, fault, json_of(charge, &answer)).await
}

pub(super) async fn kokoro(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = shared.arrive(KOKORO, &headers, &body);
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    let (Some(text), Some(voice)) = (body["input"].as_str(), body["voice"].as_str()) else {
        return refused(422, &json!({ "detail": [{ "msg": "Field required" }] }));
    };
    // Unless told not to, it sends one object a line.
    if body["stream"] != false || body["return_timestamps"] != true {
        return refused(400, &json!({ "detail": "this server does not stream" }));
    }
    let (sound, words) = said(&shared, text, voice);
    let words: Vec<_> = words
        .iter()
        .map(|(word, start, end)| json!({ "word": word, "start_time": start, "end_time": end }))
        .collect();
    let answer = json!({
        "audio": BASE64_STANDARD.encode(&sound), "audio_format": "audio/wav",
        "timestamps": words,
    });
    let charge = ServerCharge {
        characters: text.chars().count() as u64,
        ..shared.line(KOKORO, "kokoro", &headers)
    };
    deliver(shared, fault, json_of(charge, &answer)).await
}
