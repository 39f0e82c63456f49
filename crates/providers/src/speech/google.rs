//! `google-tts`: `POST {base}/text:synthesize`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Spoken, Utterance, Wire, decoded, expected, worst};
use crate::backend::{AudioFormat, Backend};
use crate::error::Error;
use crate::http::{Call, Reply};
use crate::kind::{self, Auth, Kind, Probe, Spec, names_of};
use crate::usage::Usage;

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::GoogleTts,
    name: "google-tts",
    meters: &[&[Usage::CHARACTERS]],
    quality: 80,
    base_url: Some("https://texttospeech.googleapis.com/v1"),
    keys: &[
        "base_url",
        "voice",
        "timeout_s",
        "characters_max",
        "format",
        "speed",
    ],
    required: &["voice"],
    auth: Auth::Header("x-goog-api-key"),
    probe: Some(Probe {
        path: "voices",
        query: &[],
        names: voices,
        lists_models: false,
    }),
    wire: kind::Wire::Speech(Wire {
        ask,
        spoken,
        // Its stated limit of one call's input.
        bytes_max: Some(5_000),
    }),
    worst,
    expected,
};

fn voices(value: &Value) -> Option<Vec<String>> {
    names_of(value.get("voices")?, "name")
}

fn ask(backend: &Backend, said: &Utterance<'_>) -> Call {
    let encoding = match backend.format {
        AudioFormat::Wav => "LINEAR16",
        AudioFormat::Mp3 => "MP3",
    };
    let mut audio = json!({ "audioEncoding": encoding });
    if backend.speed_percent != 100 {
        audio["speakingRate"] = json!(f64::from(backend.speed_percent) / 100.0);
    }
    let body = json!({
        "input": { "text": said.text },
        "voice": { "languageCode": language(said.voice), "name": said.voice },
        "audioConfig": audio,
    });
    Call::post("text:synthesize", body, said.charge)
}

/// The language that a voice's name begins with: `en-US` of `en-US-Chirp3-HD-Charon`.
fn language(voice: &str) -> String {
    let parts: Vec<&str> = voice.splitn(3, '-').take(2).collect();
    parts.join("-")
}

fn spoken(backend: &Backend, reply: &Reply) -> Result<Spoken, Error> {
    let wire: Answer = reply.json(backend, "synthesised speech")?;
    Ok(Spoken {
        bytes: decoded(backend, reply, &wire.audio_content)?,
        words: None,
        characters: None,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    audio_content: String,
}
