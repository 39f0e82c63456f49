//! One small call to a backend, as `ytempire backend test` makes it.

use providers::chat::{Chat, Message, Request, Role as Who};
use providers::hearing::{Hearing, Recording};
use providers::picture::{Pictures, Wish};
use providers::speech::Speech;
use providers::{Backend, Http, Role, Usage};
use serde_json::json;
use ytempire_core::{Cancel, MicroUsd};

use crate::fail::Failure;

/// What is said, in two words that any voice knows.
const SPOKEN: &str = "Good morning.";

/// The charge of a call that no ledger knows.
const CHARGE: &str = "ytempire-backend-test";

/// A call that is about to be made.
pub(super) struct Trial {
    backend: Backend,
    client: Client,
}

enum Client {
    Language(Chat),
    Speech(Speech),
    Pictures(Pictures),
    Transcription(Hearing, Vec<u8>),
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
fn failed(e: providers::Error) -> Failure {
    Failure::new(e.code, e.to_string())
}

/// What `usage` costs, each meter rounded up by itself.
pub(super) fn cost(backend: &Backend, usage: Usage) -> Result<MicroUsd, Failure> {
    let mut sum = MicroUsd::ZERO;
    for (meter, quantity) in usage.meters() {
        let price = backend.prices.of(meter);
        let price = price.ok_or_else(|| Failure::bug(format!("{meter} has no price")))?;
        let charge = price.charge(quantity);
        let charge = charge.map_err(|e| Failure::bug(e.to_string()))?;
        sum = sum
            .checked_add(charge)
            .ok_or_else(|| Failure::bug("the price is too large"))?;
    }
    Ok(sum)
}

impl Trial {
    pub(super) fn of(http: Http, backend: Backend) -> Result<Self, Failure> {
        let own = backend.clone();
        let client = match backend.role() {
            Role::Language => Client::Language(Chat::new(http, own).map_err(failed)?),
            Role::Speech => Client::Speech(Speech::new(http, own).map_err(failed)?),
            Role::Pictures => Client::Pictures(Pictures::new(http, own).map_err(failed)?),
            Role::Transcription => {
                Client::Transcription(Hearing::new(http, own).map_err(failed)?, silence())
            }
        };
        Ok(Self { backend, client })
    }

    pub(super) const fn backend(&self) -> &Backend {
        &self.backend
    }

    /// What is asked, in words.
    pub(super) const fn what(&self) -> &'static str {
        match self.client {
            Client::Language(_) => "a few words",
            Client::Speech(_) => "\"Good morning.\"",
            Client::Pictures(_) => "one picture of a river",
            Client::Transcription(..) => "listening to a second of silence",
        }
    }

    pub(super) fn quote(&self) -> Usage {
        match &self.client {
            Client::Language(chat) => chat.quote(&request(&self.backend)),
            Client::Speech(speech) => speech.quote(SPOKEN),
            Client::Pictures(pictures) => pictures.quote(&wish()),
            Client::Transcription(hearing, wav) => hearing.quote(&recording(wav)),
        }
    }

    /// What it used, and what came of it.
    pub(super) async fn run(&self) -> Result<(Usage, String), Failure> {
        let cancel = Cancel::new();
        match &self.client {
            Client::Language(chat) => {
                let asked = request(&self.backend);
                let answer = chat.complete(&asked, CHARGE, &cancel).await;
                let answer = answer.map_err(failed)?;
                let said = format!("it wrote {} bytes", answer.content.len());
                Ok((answer.usage, said))
            }
            Client::Speech(speech) => {
                let audio = speech.speak(SPOKEN, None, CHARGE, &cancel).await;
                let audio = audio.map_err(failed)?;
                let words = match &audio.words {
                    Some(words) => format!(", and told when {} words are spoken", words.len()),
                    None => String::new(),
                };
                let format = audio.format.as_str();
                let said = format!("it spoke {} bytes of {format}{words}", audio.bytes.len());
                Ok((audio.usage, said))
            }
            Client::Pictures(pictures) if pictures.makes() => {
                let made = pictures.make(&wish(), CHARGE, &cancel).await;
                let made = made.map_err(failed)?;
                let said = format!("it made a picture of {} bytes", made.bytes.len());
                Ok((made.usage, said))
            }
            Client::Pictures(pictures) => {
                let found = pictures.search(&wish(), &cancel).await.map_err(failed)?;
                let said = format!("it found {} pictures", found.hits.len());
                Ok((found.usage, said))
            }
            Client::Transcription(hearing, wav) => {
                let asked = recording(wav);
                match hearing.listen(&asked, CHARGE, &cancel).await {
                    Ok(heard) => {
                        let said = format!("it heard {} words", heard.words.len());
                        Ok((heard.usage, said))
                    }
                    // There are none.
                    Err(e) if e.class == providers::Class::Garbled => {
                        Ok((hearing.quote(&asked), format!("it answered: {}", e.detail)))
                    }
                    Err(e) => Err(failed(e)),
                }
            }
        }
    }
}

fn request(backend: &Backend) -> Request {
    let schema = json!({
        "type": "object", "properties": { "greeting": { "type": "string" } },
        "required": ["greeting"], "additionalProperties": false,
    });
    Request {
        messages: vec![Message {
            role: Who::User,
            content: "Answer with a JSON object whose greeting is: good morning.".to_owned(),
        }],
        schema_name: "greeting".to_owned(),
        schema,
        structured: backend.structured,
        output_tokens_max: 256 + backend.reasoning_tokens_max,
    }
}

fn wish() -> Wish {
    Wish {
        words: "river".to_owned(),
        prompt: "A river in a green valley, a realistic photograph.".to_owned(),
        width: 1920,
        height: 1080,
        seed: 1,
    }
}

fn recording(wav: &[u8]) -> Recording<'_> {
    Recording {
        wav,
        millis: 1_000,
        language: "en",
    }
}

/// A second of silence: a WAV file.
fn silence() -> Vec<u8> {
    let sound = studio::sound::Sound::mono(16_000, vec![0.0; 16_000]);
    studio::sound::write_wav(&sound, studio::sound::Depth::Int16)
}
