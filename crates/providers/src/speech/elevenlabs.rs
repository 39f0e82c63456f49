//! `elevenlabs`: `POST {base}/text-to-speech/{voice}/with-timestamps`.

use serde::Deserialize;
use serde_json::{Value, json};
use studio::WordTime;

use super::{Spoken, Utterance, Wire, decoded, expected, word, worst};
use crate::backend::Backend;
use crate::error::Error;
use crate::http::{Call, Reply};
use crate::kind::{self, Auth, Kind, Probe, Spec, names_of};
use crate::usage::Usage;

/// What is asked for: what every subscription may have.
const FORMAT: &str = "mp3_44100_128";

/// Headers that tell what a call cost, newer name first.
const COST: [&str; 2] = ["character-cost", "x-character-count"];

/// A bill above this is a mistake: no call takes as many.
const CHARACTERS_BELIEVED_MAX: u64 = 1_000_000;

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::Elevenlabs,
    name: "elevenlabs",
    meters: &[&[Usage::CHARACTERS]],
    quality: 90,
    base_url: Some("https://api.elevenlabs.io/v1"),
    keys: &["base_url", "model", "voice", "timeout_s", "characters_max"],
    required: &["model", "voice"],
    auth: Auth::Header("xi-api-key"),
    probe: Some(Probe {
        path: "models",
        query: &[],
        names: models,
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

fn models(value: &Value) -> Option<Vec<String>> {
    names_of(value, "model_id")
}

fn ask(backend: &Backend, said: &Utterance<'_>) -> Call {
    let body = json!({ "text": said.text, "model_id": backend.model });
    // A voice is a word of letters and figures: a brief names no other path.
    let voice: String = said
        .voice
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    let path = format!("text-to-speech/{voice}/with-timestamps");
    let mut call = Call::post(&path, body, said.charge);
    call.query.push(("output_format", FORMAT.to_owned()));
    call
}

fn spoken(backend: &Backend, reply: &Reply) -> Result<Spoken, Error> {
    let wire: Answer = reply.json(backend, "speech with timestamps")?;
    let cost = COST.iter().find_map(|name| {
        let text = reply.headers.get(*name)?.to_str().ok()?;
        text.trim().parse::<u64>().ok()
    });
    Ok(Spoken {
        bytes: decoded(backend, reply, &wire.audio_base64)?,
        words: wire.alignment.as_ref().and_then(words),
        characters: cost.filter(|cost| (1..=CHARACTERS_BELIEVED_MAX).contains(cost)),
    })
}

/// The words between blanks, from their first character's start to their last one's end. `None` if
/// the lists don't belong together.
fn words(alignment: &Alignment) -> Option<Vec<WordTime>> {
    let (starts, ends) = (
        &alignment.character_start_times_seconds,
        &alignment.character_end_times_seconds,
    );
    let count = alignment.characters.len();
    if starts.len() != count || ends.len() != count {
        return None;
    }
    let (mut words, mut open) = (Vec::new(), None::<(String, f64, f64)>);
    for ((character, start), end) in alignment.characters.iter().zip(starts).zip(ends) {
        if character.trim().is_empty() {
            words.extend(open.take());
            continue;
        }
        let (text, _, last) = open.get_or_insert_with(|| (String::new(), *start, *end));
        text.push_str(character);
        *last = *end;
    }
    words.extend(open);
    let timed = words
        .iter()
        .map(|(text, start, end)| word(text, *start, *end));
    timed.collect()
}

#[derive(Deserialize)]
struct Answer {
    audio_base64: String,
    #[serde(default)]
    alignment: Option<Alignment>,
}

#[derive(Deserialize)]
struct Alignment {
    characters: Vec<String>,
    character_start_times_seconds: Vec<f64>,
    character_end_times_seconds: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_become_words_and_lists_of_unequal_length_none() {
        let text = ["O", "n", "e", " ", "t", "w", "o", "."];
        let characters = text.map(str::to_owned).to_vec();
        let starts: Vec<f64> = (0..8).map(|n| f64::from(n) / 10.0).collect();
        let ends: Vec<f64> = starts.iter().map(|start| start + 0.1).collect();
        let mut alignment = Alignment {
            characters,
            character_start_times_seconds: starts,
            character_end_times_seconds: ends,
        };
        let found = words(&alignment).unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|word| (word.text.as_str(), word.start_ms, word.end_ms))
            .collect();
        assert_eq!(told, [("One", 0, 300), ("two.", 400, 800)]);
        alignment.character_end_times_seconds.pop();
        assert_eq!(words(&alignment), None);
    }
}
