//! `POST /v1/audio/transcriptions`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Good, deliver, error, locked, refused};
use super::fault::Fault;
use super::state::{ServerCharge, Shared};
use crate::voice::Voice;

const PATH: &str = "/v1/audio/transcriptions";

/// The parts of a form by name; files are left out of what is remembered.
fn parts(headers: &HeaderMap, body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let media_type = headers.get("content-type").and_then(|v| v.to_str().ok());
    let boundary = media_type.and_then(|text| text.split("boundary=").nth(1));
    let Some(boundary) = boundary.map(|b| format!("--{b}")) else {
        return Vec::new();
    };
    let find = |from: usize, what: &[u8]| {
        let places = body[from..].windows(what.len());
        places
            .into_iter()
            .position(|w| w == what)
            .map(|at| from + at)
    };
    let (mut parts, mut from) = (Vec::new(), 0);
    while let Some(start) = find(from, boundary.as_bytes()) {
        let start = start + boundary.len();
        let (Some(head), Some(end)) = (
            find(start, b"\r\n\r\n"),
            find(start, format!("\r\n{boundary}").as_bytes()),
        ) else {
            break;
        };
        let text = String::from_utf8_lossy(&body[start..head]).into_owned();
        let name = text
            .split("name=\"")
            .nth(1)
            .and_then(|t| t.split('"').next());
        let content = body[head + 4..end.max(head + 4)].to_vec();
        parts.push((name.unwrap_or_default().to_owned(), content));
        from = end;
    }
    parts
}

/// Hears what the last speech call was asked to say: a fake has no ears.
pub(super) async fn hear(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parts = parts(&headers, &body);
    let text = |name: &str| {
        let part = parts.iter().find(|(known, _)| known == name);
        part.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
    };
    let file = parts.iter().find(|(name, _)| name == "file");
    let seen = json!({
        "model": text("model"), "response_format": text("response_format"),
        "granularity": text("timestamp_granularities[]"), "language": text("language"),
        "bytes": file.map(|(_, bytes)| bytes.len()),
    });
    let fault = shared.arrive(PATH, &headers, &seen);
    if let Some(refused) = locked(&shared, &headers) {
        return refused;
    }
    let (Some((_, wav)), Some(model)) = (file, text("model")) else {
        let why = "file and model are required";
        return refused(400, &error(why, "invalid_request_error", "missing"));
    };
    if !wav.starts_with(b"RIFF") || wav.len() < 44 {
        let why = "Invalid file format.";
        return refused(400, &error(why, "invalid_request_error", "invalid_file"));
    }
    let second = u32::from_le_bytes([wav[28], wav[29], wav[30], wav[31]]).max(1);
    let seconds = (wav.len() - 44) as f64 / f64::from(second);
    let spoken = shared.spoken().unwrap_or_else(|| "Nothing.".to_owned());
    let (_, words) = Voice { seed: 1 }.speak(&spoken);
    let last = words.last().map_or(1, |word| word.end_ms.max(1));
    // Its own times, stretched over what was sent.
    let at = |ms: u32| f64::from(ms) / f64::from(last) * seconds * 0.99;
    let words: Vec<_> = words
        .iter()
        .map(|word| {
            let bare = word.text.trim_matches(|c: char| !c.is_alphanumeric());
            json!({ "word": bare, "start": at(word.start_ms), "end": at(word.end_ms) })
        })
        .collect();
    let mut answer = json!({
        "task": "transcribe", "language": "english", "duration": seconds, "text": spoken,
        "words": words, "usage": { "type": "duration", "seconds": seconds.ceil() as u64 },
    });
    match &fault {
        Some(Fault::NoUsage) => {
            answer["usage"] = Value::Null;
            answer["duration"] = Value::Null;
        }
        Some(Fault::Usage(other)) => answer["usage"] = other.clone(),
        _ => {}
    }
    let charge = ServerCharge {
        audio_seconds: seconds.ceil() as u64,
        ..shared.line(PATH, &model, &headers)
    };
    let good = Good {
        charge,
        media_type: "application/json",
        body: answer.to_string().into(),
    };
    deliver(shared, fault, good).await
}
