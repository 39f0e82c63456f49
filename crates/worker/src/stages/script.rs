//! Script: the scenes, given or written by a language backend; then everything that follows.

use std::time::Duration;

use media::encode::Codec;
use providers::Backend;
use providers::chat::Chat;
use providers::writer::{Assignment, Draft, Step};
use serde_json::json;
use store::{CacheEntry, Settlement};
use studio::script::Script;

use super::{Done, finished, graph, reserve, reused};
use crate::attempt::{Attempt, Follow, Made};
use crate::call::{Call, CallError, Choice, gone};
use crate::error::StageError;
use crate::meter::LocalHold;
use crate::request::Source;
use crate::{EncoderChoice, dispatch};

pub(crate) async fn run(attempt: &Attempt) -> Result<Settlement, StageError> {
    let done = match &attempt.request.source {
        Source::Script(script) => given(attempt, script).await?,
        Source::Topic {
            topic,
            title,
            writer,
            words,
        } => {
            let assignment = Assignment {
                topic: topic.clone(),
                title: title.clone(),
                language: attempt.request.language.clone(),
                words: *words,
            };
            written(attempt, writer, assignment).await?
        }
    };
    let script: Script = serde_json::from_value(done.output.clone())?;
    attempt.parts.crash.pass("script.after_write");
    let job = attempt.job.lease.job;
    let encoder = encoder(attempt).await;
    let make = graph::Maker {
        fresh: attempt.fresh_job(),
        memory: &attempt.parts.memory,
    };
    let jobs = make.after_script(job, script.scenes.len(), encoder);
    Ok(done.settle(
        attempt,
        Follow {
            jobs,
            title: Some(script.title),
        },
    ))
}

/// By what the whole video is to be encoded: decided here, once, and kept with its jobs.
async fn encoder(attempt: &Attempt) -> Codec {
    let parts = &attempt.parts;
    let here = parts.encoders.takes_work();
    match parts.encoders.choice() {
        EncoderChoice::X264 => Codec::X264,
        EncoderChoice::Nvenc => Codec::H264Nvenc,
        EncoderChoice::Auto if here => Codec::H264Nvenc,
        EncoderChoice::Auto => {
            // What can't be asked now is done in the usual way.
            let nodes = parts.store.node_list().await.unwrap_or_default();
            if dispatch::some_encode(parts.now(), &nodes) {
                Codec::H264Nvenc
            } else {
                Codec::X264
            }
        }
    }
}

async fn given(attempt: &Attempt, script: &Script) -> Result<Done, StageError> {
    let hold = reserve(attempt, 0).await?;
    let output = serde_json::to_value(script)?;
    let key = attempt.key(&output)?;
    Ok(finished(
        &hold,
        key,
        Made {
            output,
            files: vec![],
        },
        Duration::ZERO,
    ))
}

async fn written(
    attempt: &Attempt,
    writer: &str,
    assignment: Assignment,
) -> Result<Done, StageError> {
    let backends = &attempt.parts.backends;
    let mut choice = Choice::of(backends.chain(writer, attempt.request.tier));
    for backend in choice.all() {
        if let Some(entry) = attempt
            .cached(&key_of(attempt, backend, &assignment)?)
            .await?
        {
            return reused(attempt, entry).await;
        }
    }
    let local = reserve(attempt, 0).await?;
    loop {
        let backend = choice.next(attempt, writer)?;
        let key = key_of(attempt, backend, &assignment)?;
        match write(attempt, backend, assignment.clone(), &key).await {
            Ok(script) => return Ok(kept(&local, key, &script)?),
            Err(failed) => choice.failed(backend, failed)?,
        }
    }
}

/// The key of what `backend` writes.
fn key_of(
    attempt: &Attempt,
    backend: &Backend,
    assignment: &Assignment,
) -> Result<String, StageError> {
    attempt.key(&json!((
        &backend.name,
        &backend.model,
        &assignment.topic,
        &assignment.title,
        &assignment.language,
        assignment.words,
    )))
}

/// The script that one backend writes, in as many calls as it takes.
async fn write(
    attempt: &Attempt,
    backend: &Backend,
    assignment: Assignment,
    key: &str,
) -> Result<Script, CallError> {
    let chat = attempt.parts.backends.chat(&backend.name);
    let chat = chat.ok_or_else(|| gone(&backend.name))??;
    let mut draft = Draft::new(backend, assignment);
    loop {
        attempt.go_on()?;
        if let Some(script) = ask(attempt, backend, &chat, &mut draft, key).await? {
            return Ok(script);
        }
    }
}

fn kept(local: &LocalHold, key: String, script: &Script) -> Result<Done, serde_json::Error> {
    let output = serde_json::to_value(script)?;
    Ok(finished(
        local,
        key,
        Made {
            output,
            files: vec![],
        },
        Duration::ZERO,
    ))
}

/// One call. The finished script is cached in the transaction that posts its price.
async fn ask(
    attempt: &Attempt,
    backend: &Backend,
    chat: &Chat,
    draft: &mut Draft,
    key: &str,
) -> Result<Option<Script>, CallError> {
    let mut call = Call::begin(attempt, backend, chat.quote(draft.request())).await?;
    let charge = call.charge();
    let outcome = call
        .during(chat.complete(draft.request(), &charge, &attempt.cancel))
        .await;
    let heard = outcome.as_ref().map(|answer| answer.usage);
    let heard = heard.map_err(Clone::clone);
    let step = draft.take(outcome);
    let mut bought = Vec::new();
    if let Ok(Step::Done(script)) = &step {
        let output = serde_json::to_value(script).map_err(StageError::from)?;
        bought.push(CacheEntry {
            key: key.to_owned(),
            output,
            artifacts: vec![],
        });
    }
    call.end(heard.as_ref().copied(), bought).await?;
    match step? {
        Step::Done(script) => Ok(Some(script)),
        Step::Again => Ok(None),
    }
}
