//! Narrate: a scene's narration as sound, with a time for every word.

use media::align;
use media::voice::{self, Narration};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{ArtifactRow, CacheEntry, Settlement};
use studio::WordTime;
use studio::script::Script;
use studio::sound::{Depth, RATE, Sound, trim, write_wav};
use studio::spoken::SpokenText;
use ytempire_core::Code;

use super::graph::SceneArgs;
use super::script::provider_failed;
use super::{Done, finished, local, reserve, reused};
use crate::attempt::{Attempt, Follow, Made};
use crate::error::StageError;
use crate::meter::CallHold;
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
                    substituted: None,
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

/// The chunks of the text, spoken: each one reserved, sent, settled and kept by itself, so that
/// a failure at the last one doesn't cost the others again.
async fn speak(
    attempt: &Attempt,
    text: &str,
    name: &str,
    wanted: Option<&str>,
) -> Result<Vec<ArtifactRow>, StageError> {
    let gone = || {
        let text = format!("the speech backend {name:?} is no longer configured");
        StageError::discard(Code::ConfigInvalid, anyhow::anyhow!(text))
    };
    let parts = &attempt.parts;
    let backend = parts.backends.named(name).cloned().ok_or_else(gone)?;
    let speech = parts
        .backends
        .speech(name, wanted)
        .ok_or_else(gone)?
        .map_err(provider_failed)?;
    let mut answers = Vec::new();
    let chunks = speech.chunks(text);
    for (index, chunk) in chunks.iter().enumerate() {
        attempt.go_on()?;
        let asked =
            json!({ "chunk": chunk, "backend": name, "voice": wanted, "model": backend.model });
        let key = attempt.key(&asked)?;
        if let Some(entry) = attempt.cached(&key).await? {
            answers.extend(entry.artifacts);
            continue;
        }
        let (hold, holds) = CallHold::ask(parts, &backend, speech.quote(chunk))?;
        let (lease, ids) = (attempt.job.lease, hold.ids());
        parts.store.transfer_hold(parts.now(), lease, holds).await?;
        parts
            .store
            .transfer_mark_sent(parts.now(), lease, &ids)
            .await?;
        let charge = ids.first().map(ToString::to_string).unwrap_or_default();
        let outcome = speech.speak(chunk, None, &charge, &attempt.cancel).await;
        parts.crash.pass("call.after_response");
        match outcome {
            Ok(audio) => {
                let file = attempt.keep_bytes(&audio.bytes)?;
                let output = json!({ "characters": audio.usage.characters });
                let bought = CacheEntry {
                    key,
                    output,
                    artifacts: vec![file.clone()],
                };
                let postings = hold.posted(audio.usage);
                parts
                    .store
                    .transfer_settle(parts.now(), lease, postings, vec![bought])
                    .await?;
                answers.push(file);
            }
            Err(error) => {
                let postings = hold.failed(error.billed);
                parts
                    .store
                    .transfer_settle(parts.now(), lease, postings, vec![])
                    .await?;
                return Err(provider_failed(error));
            }
        }
        attempt.progress((index + 1) as f32 / chunks.len() as f32 * 0.8);
    }
    Ok(answers)
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
