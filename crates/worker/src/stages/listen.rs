//! Narration heard by a backend, which says when each word is spoken.

use providers::hearing::Recording;
use providers::{Backend, Class};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::CacheEntry;
use studio::WordTime;
use studio::sound::{Depth, Sound, resample, write_wav};

use crate::attempt::Attempt;
use crate::call::{Call, CallError, Choice, gone};
use crate::error::StageError;
use crate::submit::hex;

/// What an ear needs: models that listen were trained at this rate.
const RATE: u32 = 16_000;

#[derive(Serialize, Deserialize)]
struct Kept {
    words: Vec<WordTime>,
}

/// The words that `name`, or who takes its place, hears in `sound`. `None` where nobody can be
/// asked: the aligner is left.
pub(super) async fn to(
    attempt: &Attempt,
    name: &str,
    sound: &Sound,
) -> Result<Option<Vec<WordTime>>, StageError> {
    let wav = write_wav(&resample(&sound.to_mono(), RATE), Depth::Int16);
    let mut choice = Choice::of(attempt.parts.backends.chain(name, attempt.request.tier));
    loop {
        let backend = match choice.next(attempt, name) {
            Ok(backend) => backend,
            Err(e) if e.is_interruption() => return Err(e),
            Err(_) => return Ok(None),
        };
        match ask(attempt, backend, &wav, sound.millis()).await {
            Ok(words) => return Ok(Some(words)),
            Err(CallError::Stage(e)) => return Err(e),
            Err(CallError::Provider(e)) if e.class == Class::Cancelled => {
                return Err(StageError::interrupted());
            }
            // It is switched off, or its day's money is spent.
            Err(CallError::Closed(_)) => choice.pass(backend),
            Err(CallError::Provider(e)) => {
                tracing::warn!(backend = backend.name, error = %e, "nobody listened");
                choice.pass(backend);
            }
        }
    }
}

async fn ask(
    attempt: &Attempt,
    backend: &Backend,
    wav: &[u8],
    millis: u64,
) -> Result<Vec<WordTime>, CallError> {
    let hearing = attempt.parts.backends.hearing(&backend.name);
    let hearing = hearing.ok_or_else(|| gone(&backend.name))??;
    let key = attempt.key(
        &json!({ "heard": hex(&Sha256::digest(wav)), "backend": backend.name,
        "model": backend.model }),
    )?;
    if let Some(entry) = attempt.cached(&key).await? {
        let kept: Kept = serde_json::from_value(entry.output).map_err(StageError::from)?;
        return Ok(kept.words);
    }
    let recording = Recording {
        wav,
        millis,
        language: &attempt.request.language,
    };
    let mut call = Call::begin(attempt, backend, hearing.quote(&recording)).await?;
    let charge = call.charge();
    let outcome = call
        .during(hearing.listen(&recording, &charge, &attempt.cancel))
        .await;
    match outcome {
        Ok(heard) => {
            let kept = Kept { words: heard.words };
            let bought = CacheEntry {
                key,
                output: serde_json::to_value(&kept).map_err(StageError::from)?,
                artifacts: vec![],
            };
            call.end(Ok(heard.usage), vec![bought]).await?;
            Ok(kept.words)
        }
        Err(error) => {
            call.end(Err(&error), vec![]).await?;
            Err(error.into())
        }
    }
}
