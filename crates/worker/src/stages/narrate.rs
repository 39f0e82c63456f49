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
use super::heard::fitted;
use super::listen;
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
    let spoken = speak(attempt, &text, name, wanted.as_deref()).await?;
    let substituted = spoken.substituted.clone();
    let (Whole { sound, mut heard }, joining) = attempt
        .blocking(&hold, move |attempt| joined(attempt, &spoken.answers))
        .await?;
    if let (None, Some(listener)) = (&heard, &attempt.request.listener) {
        heard = listen::to(attempt, listener, &sound).await?;
    }
    let name = name.to_owned();
    let (made, timing) = attempt
        .blocking(&hold, move |attempt| {
            let (words, estimated) = timed(attempt, &text, &sound, heard.as_deref())?;
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
    Ok(finished(&hold, key, made, joining + timing))
}

/// When each word is spoken, and how many of these times are estimates: as somebody heard it, or
/// else as the aligner finds it.
fn timed(
    attempt: &Attempt,
    text: &str,
    sound: &Sound,
    heard: Option<&[WordTime]>,
) -> Result<(Vec<WordTime>, usize), StageError> {
    let spoken = SpokenText::of_language(text, &attempt.request.language)
        .map_err(|e| StageError::discard(Code::VoiceUnsuited, e))?;
    if let Some(fitted) = heard.and_then(|heard| fitted(&spoken, heard, sound.millis())) {
        return Ok(fitted);
    }
    let (tools, folder) = (&attempt.tools, &attempt.folder);
    let aligned = align::align(&spoken, sound, tools, folder, &attempt.cancel);
    let aligned = aligned.map_err(align_failed)?;
    Ok((aligned.words, aligned.estimated))
}

fn align_failed(error: align::Error) -> StageError {
    match error {
        align::Error::Child(child) => child.into(),
        align::Error::Io(io) => io.into(),
    }
}

/// A chunk as it was spoken.
struct Answer {
    file: ArtifactRow,
    /// When each word is spoken, where the engine told.
    words: Option<Vec<WordTime>>,
}

/// What is kept of a chunk.
#[derive(Serialize, Deserialize)]
struct Kept {
    characters: u64,
    #[serde(default)]
    words: Option<Vec<WordTime>>,
}

/// What speech backends gave.
struct Spoken {
    answers: Vec<Answer>,
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
            spoken.answers.push(files);
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
) -> Result<Option<Answer>, StageError> {
    for backend in backends {
        let key = key_of(attempt, backend, chunk, wanted)?;
        if let Some(entry) = attempt.cached(&key).await?
            && let Some(file) = entry.artifacts.into_iter().next()
        {
            let words = serde_json::from_value::<Kept>(entry.output)?.words;
            return Ok(Some(Answer { file, words }));
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
) -> Result<Answer, CallError> {
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
                output: serde_json::to_value(Kept {
                    characters: audio.usage.characters,
                    words: audio.words.clone(),
                })
                .map_err(StageError::from)?,
                artifacts: vec![file.clone()],
            };
            call.end(Ok(audio.usage), vec![bought]).await?;
            let words = audio.words;
            Ok(Answer { file, words })
        }
        Err(error) => {
            call.end(Err(&error), vec![]).await?;
            Err(error.into())
        }
    }
}

/// All answers, one after another.
struct Whole {
    sound: Sound,
    /// When each word is spoken, where all of them told.
    heard: Option<Vec<WordTime>>,
}

/// The answers decoded and laid one after another.
fn joined(attempt: &Attempt, answers: &[Answer]) -> Result<Whole, StageError> {
    let mut whole = Sound::mono(RATE, Vec::new());
    let mut heard = Some(Vec::new());
    for answer in answers {
        let path = attempt.artifact(&answer.file.id)?;
        let mut part = attempt.ingest().sound(&path, 1).map_err(answer_failed)?;
        let cut = trim(&mut part, SILENCE_DB, BREATH_MS);
        if !whole.samples.is_empty() {
            let pause = u64::from(RATE) * CHUNK_PAUSE_MS / 1000;
            whole
                .samples
                .resize(whole.samples.len() + pause as usize, 0.0);
        }
        let millis = |frames: usize| (frames as u64 * 1000 / u64::from(RATE)) as u32;
        let (before, cut) = (millis(whole.samples.len()), millis(cut));
        let at = |ms: u32| ms.saturating_sub(cut).saturating_add(before);
        heard = match (heard, &answer.words) {
            (Some(mut heard), Some(words)) => {
                heard.extend(words.iter().map(|word| WordTime {
                    text: word.text.clone(),
                    start_ms: at(word.start_ms),
                    end_ms: at(word.end_ms),
                }));
                Some(heard)
            }
            _ => None,
        };
        whole.samples.append(&mut part.samples);
    }
    let sound = whole;
    Ok(Whole { sound, heard })
}

fn answer_failed(error: media::ingest::Error) -> StageError {
    match error {
        media::ingest::Error::Child(child) => child.into(),
        other => StageError::discard(Code::ProviderGarbled, other),
    }
}
