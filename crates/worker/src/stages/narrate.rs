//! Narrate: a scene's narration as sound, with a time for every word.

use media::align;
use media::voice::{self, Narration};
use providers::Backend;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{ArtifactRow, CacheEntry, Settlement};
use studio::WordTime;
use studio::script::Script;
use studio::sound::{Depth, RATE, Sound, trim, write_wav};
use studio::spoken::SpokenText;
use ytempire_core::Code;

use super::graph::SceneArgs;
use super::{Done, finished, local, reserve, reused};
use crate::attempt::{Attempt, Follow, Made};
use crate::call::{Call, CallError, Choice, gone};
use crate::error::StageError;
use crate::plan::words;
use crate::request::Narrator;

/// What this stage gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Narrated {
    /// A WAV file: 48 kHz, one channel.
    pub(super) audio: ArtifactRow,
    /// Its length.
    pub(super) millis: u64,
    /// When each word is spoken, from the start of the file.
    pub(super) words: Vec<WordTime>,
    /// Who spoke.
    pub(super) voice: String,
    /// What was done otherwise than asked for.
    pub(super) substituted: Option<String>,
    /// Words whose time is an estimate, because they couldn't be aligned.
    pub(super) estimated: usize,
}

/// Silence below this is cut off both ends, but for a breath.
const SILENCE_DB: f32 = -50.0;
const BREATH_MS: u64 = 30;

/// The pause between two answers of a speech backend, which are cut at sentence ends.
const CHUNK_PAUSE_MS: u64 = 350;

pub(crate) async fn run(attempt: &Attempt) -> Result<Settlement, StageError> {
    let args: SceneArgs = attempt.args()?;
    let script: Script = attempt.input(0)?;
    let text = script
        .scenes
        .get(args.scene)
        .map(|scene| scene.narration.clone())
        .ok_or_else(|| StageError::bug(format!("no scene {}", args.scene)))?;
    let done = match attempt.request.narrator.clone() {
        Narrator::Local { voice } => embedded(attempt, text, voice).await?,
        Narrator::Backend { name, voice } => remote(attempt, text, &name, voice).await?,
    };
    attempt.parts.crash.pass("narrate.after_artifact");
    Ok(done.settle(attempt, Follow::default()))
}

async fn embedded(
    attempt: &Attempt,
    text: String,
    wanted: Option<String>,
) -> Result<Done, StageError> {
    let inputs = json!({ "text": text, "voice": wanted });
    local(attempt, &inputs, words(&text), move |attempt| {
        let spoken =
            SpokenText::english(&text).map_err(|e| StageError::discard(Code::VoiceUnsuited, e))?;
        let (tools, folder) = (&attempt.tools, &attempt.folder);
        let said = voice::narrate(&spoken, wanted.as_deref(), tools, folder, &attempt.cancel)
            .map_err(voice_failed)?;
        attempt.parts.crash.pass("narrate.after_voice");
        attempt.progress(0.9);
        keep(attempt, said)
    })
    .await
}

/// Keeps the sound and says what there is of it.
fn keep(attempt: &Attempt, said: Narration) -> Result<Made, StageError> {
    let audio = attempt.keep_bytes(&write_wav(&said.sound, Depth::Int16))?;
    let millis = said.sound.millis();
    let Narration {
        words,
        voice,
        substituted,
        estimated,
        ..
    } = said;
    let narrated = Narrated {
        audio: audio.clone(),
        millis,
        words,
        voice,
        substituted,
        estimated,
    };
    Ok(Made {
        output: serde_json::to_value(narrated)?,
        files: vec![audio],
    })
}

fn voice_failed(error: voice::Error) -> StageError {
    match error {
        voice::Error::Child(child) => child.into(),
        other => StageError::discard(Code::VoiceUnsuited, other),
    }
}

async fn remote(
    attempt: &Attempt,
    text: String,
    name: &str,
    wanted: Option<String>,
) -> Result<Done, StageError> {
    let inputs = json!({ "text": text, "backend": name, "voice": wanted,
        "model": attempt.parts.backends.named(name).map(|backend| &backend.model) });
    let key = attempt.key(&inputs)?;
    if let Some(entry) = attempt.cached(&key).await? {
        return reused(attempt, entry).await;
    }
    let hold = reserve(attempt, words(&text)).await?;
    let answers = speak(attempt, &text, name, wanted.as_deref()).await?;
    let name = name.to_owned();
    let (made, cpu) = attempt
        .blocking(&hold, move |attempt| {
            let Spoken {
                answers,
                substituted,
            } = answers;
            let sound = joined(attempt, &answers)?;
            let spoken = SpokenText::of_language(&text, &attempt.request.language)
                .map_err(|e| StageError::discard(Code::VoiceUnsuited, e))?;
            let (tools, folder) = (&attempt.tools, &attempt.folder);
            let aligned = align::align(&spoken, &sound, tools, folder, &attempt.cancel)
                .map_err(align_failed)?;
            let (words, estimated) = (aligned.words, aligned.estimated);
            keep(
                attempt,
                Narration {
                    sound,
                    words,
                    voice: name,
                    substituted,
                    estimated,
                },
            )
        })
        .await?;
    Ok(finished(&hold, key, made, cpu))
}

fn align_failed(error: align::Error) -> StageError {
    match error {
        align::Error::Child(child) => child.into(),
        align::Error::Io(io) => io.into(),
    }
}

/// What speech backends gave.
struct Spoken {
    answers: Vec<ArtifactRow>,
    /// Who else spoke, and for whom.
    substituted: Option<String>,
}

/// The chunks of the text, spoken: each one reserved, sent, settled and kept by itself, so that
/// a failure at the last one doesn't cost the others again.
async fn speak(
    attempt: &Attempt,
    text: &str,
    name: &str,
    wanted: Option<&str>,
) -> Result<Spoken, StageError> {
    let backends = &attempt.parts.backends;
    let mut choice = Choice::of(backends.chain(name, attempt.request.tier));
    let first = *choice.all().first().ok_or_else(|| gone(name))?;
    let chunks = backends.speech(name, wanted).ok_or_else(|| gone(name))?;
    let chunks = chunks.map_err(|e| CallError::from(e).into_stage())?;
    let chunks = chunks.chunks(text);
    let mut spoken = Spoken {
        answers: Vec::new(),
        substituted: None,
    };
    for (index, chunk) in chunks.iter().enumerate() {
        attempt.go_on()?;
        if let Some(files) = bought_before(attempt, choice.all(), chunk, wanted).await? {
            spoken.answers.extend(files);
            continue;
        }
        loop {
            let backend = choice.next(attempt, name)?;
            match say(attempt, backend, chunk, wanted).await {
                Ok(file) => {
                    spoken.answers.push(file);
                    if backend.name != first.name {
                        let text = format!("{} spoke for {}", backend.name, first.name);
                        spoken.substituted = Some(text);
                    }
                    break;
                }
                Err(failed) => choice.failed(backend, failed)?,
            }
        }
        attempt.progress((index + 1) as f32 / chunks.len() as f32 * 0.8);
    }
    Ok(spoken)
}

/// The key of a chunk that `backend` speaks.
fn key_of(
    attempt: &Attempt,
    backend: &Backend,
    chunk: &str,
    wanted: Option<&str>,
) -> Result<String, StageError> {
    let (name, model) = (&backend.name, &backend.model);
    attempt.key(&json!({ "chunk": chunk, "backend": name, "voice": wanted, "model": model }))
}

/// What one of them spoke before, in an attempt that failed later.
async fn bought_before(
    attempt: &Attempt,
    backends: &[&Backend],
    chunk: &str,
    wanted: Option<&str>,
) -> Result<Option<Vec<ArtifactRow>>, StageError> {
    for backend in backends {
        let key = key_of(attempt, backend, chunk, wanted)?;
        if let Some(entry) = attempt.cached(&key).await? {
            return Ok(Some(entry.artifacts));
        }
    }
    Ok(None)
}

/// One chunk by one backend.
async fn say(
    attempt: &Attempt,
    backend: &Backend,
    chunk: &str,
    wanted: Option<&str>,
) -> Result<ArtifactRow, CallError> {
    let speech = attempt.parts.backends.speech(&backend.name, wanted);
    let speech = speech.ok_or_else(|| gone(&backend.name))??;
    let mut call = Call::begin(attempt, backend, speech.quote(chunk)).await?;
    let charge = call.charge();
    let outcome = call
        .during(speech.speak(chunk, None, &charge, &attempt.cancel))
        .await;
    match outcome {
        Ok(audio) => {
            let file = attempt.keep_bytes(&audio.bytes)?;
            let bought = CacheEntry {
                key: key_of(attempt, backend, chunk, wanted)?,
                output: json!({ "characters": audio.usage.characters }),
                artifacts: vec![file.clone()],
            };
            call.end(Ok(audio.usage), vec![bought]).await?;
            Ok(file)
        }
        Err(error) => {
            call.end(Err(&error), vec![]).await?;
            Err(error.into())
        }
    }
}

/// The answers decoded and laid one after another.
fn joined(attempt: &Attempt, answers: &[ArtifactRow]) -> Result<Sound, StageError> {
    let mut whole = Sound::mono(RATE, Vec::new());
    for answer in answers {
        let path = attempt.artifact(&answer.id)?;
        let mut part = attempt.ingest().sound(&path, 1).map_err(answer_failed)?;
        trim(&mut part, SILENCE_DB, BREATH_MS);
        if !whole.samples.is_empty() {
            let pause = u64::from(RATE) * CHUNK_PAUSE_MS / 1000;
            whole
                .samples
                .resize(whole.samples.len() + pause as usize, 0.0);
        }
        whole.samples.append(&mut part.samples);
    }
    Ok(whole)
}

fn answer_failed(error: media::ingest::Error) -> StageError {
    match error {
        media::ingest::Error::Child(child) => child.into(),
        other => StageError::discard(Code::ProviderGarbled, other),
    }
}
