//! `openai-speech`: `POST {base}/audio/speech`, or Kokoro-FastAPI's `/dev/captioned_speech`, which
//! tells when each word is spoken.

use serde::Deserialize;
use serde_json::json;

use super::{Spoken, Utterance, Wire, decoded, expected, word, worst};
use crate::backend::{Backend, WordTimes};
use crate::error::Error;
use crate::http::{Call, Reply};
use crate::kind::{self, Auth, Kind, Probe, Spec, ids_of_data};
use crate::usage::Usage;

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::OpenaiSpeech,
    name: "openai-speech",
    meters: &[&[Usage::CHARACTERS]],
    quality: 65,
    base_url: None,
    keys: &[
        "base_url",
        "model",
        "voice",
        "timeout_s",
        "characters_max",
        "format",
        "speed",
        "word_timestamps",
    ],
    required: &["base_url", "model", "voice"],
    auth: Auth::Bearer,
    probe: Some(Probe {
        path: "models",
        query: &[],
        names: ids_of_data,
        lists_models: true,
    }),
    wire: kind::Wire::Speech(Wire {
        ask,
        spoken,
        bytes_max: None,
    }),
    worst,
    expected,
};

fn ask(backend: &Backend, said: &Utterance<'_>) -> Call {
    let mut body = json!({
        "model": backend.model,
        "voice": said.voice,
        "input": said.text,
        "response_format": backend.format.as_str(),
        // Kokoro-FastAPI streams unless told not to.
        "stream": false,
    });
    if backend.speed_percent != 100 {
        body["speed"] = json!(f64::from(backend.speed_percent) / 100.0);
    }
    if backend.word_timestamps == Some(WordTimes::Kokoro) {
        body["return_timestamps"] = json!(true);
        return Call::post("/dev/captioned_speech", body, said.charge);
    }
    Call {
        accept: "audio/*",
        ..Call::post("audio/speech", body, said.charge)
    }
}

fn spoken(backend: &Backend, reply: &Reply) -> Result<Spoken, Error> {
    if backend.word_timestamps == Some(WordTimes::Kokoro) {
        let wire: Captioned = reply.json(backend, "captioned speech")?;
        let heard = wire.timestamps.iter().flatten();
        let words = heard.map(|heard| word(&heard.word, heard.start_time, heard.end_time));
        return Ok(Spoken {
            bytes: decoded(backend, reply, &wire.audio)?,
            words: words.collect(),
            characters: None,
        });
    }
    if super::sniff(&reply.body).is_none() {
        let why = format!(
            "the answer is neither WAV nor MP3 but {} bytes of {:?}",
            reply.body.len(),
            crate::error::one_line(&reply.media_type)
        );
        return Err(reply.garbled(backend, &why));
    }
    Ok(Spoken {
        bytes: reply.body.clone(),
        words: None,
        characters: None,
    })
}

#[derive(Deserialize)]
struct Captioned {
    audio: String,
    #[serde(default)]
    timestamps: Option<Vec<Heard>>,
}

#[derive(Deserialize)]
struct Heard {
    word: String,
    start_time: f64,
    end_time: f64,
}
