//! Narrate: a scene's narration as sound, with a time for every word.

use std::time::Duration;

use media::{align, ingest, voice};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{ArtifactRow, CacheEntry, Settlement};
use studio::WordTime;
use studio::script::Script;
use studio::sound::{Depth, RATE, Sound, polish, resample, trim, write_wav};
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
        let spoken = SpokenText::english(&text)
            .map_err(|e| StageError::discard(Code::VoiceUnsuited, e))?;
        let (tools, folder) = (&attempt.parts.tools, &attempt.folder);
        let said = voice::narrate(tools, wanted.as_deref(), &spoken, folder, &attempt.cancel)
            .map_err(voice_failed)?;
        attempt.parts.crash.pass("narrate.after_voice");
        attempt.progress(0.6);
        let (sound, times) = pleasant(&said.sound, said.words);
        let narrated = keep(attempt, &sound, times, said.voice, said.substituted, 0)?;
        made(&narrated, said.cpu)
    })
    .await
}

/// Resampled, trimmed, polished; the words' times follow the cut.
fn pleasant(raw: &Sound, mut words: Vec<WordTime>) -> (Sound, Vec<WordTime>) {
    let mut sound = resample(&raw.to_mono(), RATE);
    let cut = trim(&mut sound, SILENCE_DB, BREATH_MS) as u64 * 1000 / u64::from(RATE);
    let end = sound.millis() as u32;
    for word in &mut words {
        word.start_ms = word.start_ms.saturating_sub(cut as u32).min(end);
        word.end_ms = word.end_ms.saturating_sub(cut as u32).min(end);
    }
    (polish(&sound), words)
}

fn keep(
    attempt: &Attempt,
    sound: &Sound,
    words: Vec<WordTime>,
    voice: String,
    substituted: Option<String>,
    estimated: usize,
) -> Result<Narrated, StageError> {
    let audio = attempt.keep_bytes(&write_wav(sound, Depth::S16))?;
    Ok(Narrated { audio, millis: sound.millis(), words, voice, substituted, estimated })
}

fn made(narrated: &Narrated, cpu: Duration) -> Result<Made, StageError> {
    let output = serde_json::to_value(narrated)?;
    Ok(Made { output, files: vec![narrated.audio.clone()], cpu })
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
        .blocking(move |attempt| {
            let (sound, cpu) = joined(attempt, &answers)?;
            let mut sound = resample(&sound.to_mono(), RATE);
            trim(&mut sound, SILENCE_DB, BREATH_MS);
            let spoken = SpokenText::of_language(&text, &attempt.request.language)
                .map_err(|e| StageError::discard(Code::VoiceUnsuited, e))?;
            let (tools, folder) = (&attempt.parts.tools, &attempt.folder);
            let aligned = align::align(tools, &sound, &spoken, folder, &attempt.cancel)
                .map_err(align_failed)?;
            let narrated =
                keep(attempt, &sound, aligned.words, name, None, aligned.estimated)?;
            let made = made(&narrated, cpu + aligned.cpu)?;
            let children = made.cpu;
            Ok((made, children))
        })
        .await?;
    Ok(finished(&hold, key, made, cpu))
}

fn align_failed(error: align::Error) -> StageError {
    match error {
        align::Error::Child(child) => child.into(),
        other => StageError::discard(Code::ProviderGarbled, other),
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
    let speech = parts.backends.speech(name, wanted).ok_or_else(gone)?.map_err(provider_failed)?;
    let mut answers = Vec::new();
    let chunks = speech.chunks(text);
    for (index, chunk) in chunks.iter().enumerate() {
        attempt.go_on()?;
        let asked = json!({ "chunk": chunk, "backend": name, "voice": wanted, "model": backend.model });
        let key = attempt.key(&asked)?;
        if let Some(entry) = attempt.cached(&key).await? {
            answers.extend(entry.artifacts);
            continue;
        }
        let (hold, holds) = CallHold::ask(parts, &backend, speech.quote(chunk))?;
        let (lease, ids) = (attempt.job.lease, hold.ids());
        parts.store.transfer_hold(parts.now(), lease, holds).await?;
        parts.store.transfer_mark_sent(parts.now(), lease, &ids).await?;
        let charge = ids.first().map(ToString::to_string).unwrap_or_default();
        let outcome = speech.speak(chunk, &charge, &attempt.cancel).await;
        parts.crash.pass("call.after_response");
        match outcome {
            Ok(audio) => {
                let file = attempt.keep_bytes(&audio.bytes)?;
                let output = json!({ "characters": audio.usage.characters });
                let bought = CacheEntry { key, output, artifacts: vec![file.clone()] };
                let postings = hold.posted(audio.usage);
                parts.store.transfer_settle(parts.now(), lease, postings, vec![bought]).await?;
                answers.push(file);
            }
            Err(error) => {
                let postings = hold.failed(error.billed);
                parts.store.transfer_settle(parts.now(), lease, postings, vec![]).await?;
                return Err(provider_failed(error));
            }
        }
        attempt.progress((index + 1) as f32 / chunks.len() as f32 * 0.8);
    }
    Ok(answers)
}

/// The answers decoded and laid one after another.
fn joined(attempt: &Attempt, answers: &[ArtifactRow]) -> Result<(Sound, Duration), StageError> {
    let mut whole = Sound::mono(RATE, Vec::new());
    let mut cpu = Duration::ZERO;
    for answer in answers {
        let path = attempt.artifact(&answer.id)?;
        let heard =
            ingest::audio(&attempt.parts.tools, &path, &attempt.folder, &attempt.cancel)
                .map_err(|e| heard_failed(e.into()))?;
        cpu += heard.cpu;
        let mut part = heard.sound.to_mono();
        trim(&mut part, SILENCE_DB, BREATH_MS);
        if !whole.samples.is_empty() {
            let pause = RATE as u64 * CHUNK_PAUSE_MS / 1000;
            whole.samples.resize(whole.samples.len() + pause as usize, 0.0);
        }
        whole.samples.append(&mut part.samples);
    }
    Ok((whole, cpu))
}

fn heard_failed(error: anyhow::Error) -> StageError {
    StageError::discard(Code::ProviderGarbled, error)
}
