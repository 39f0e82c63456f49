//! Script: the scenes, given or written by a language backend; then everything that follows.

use std::time::Duration;

use providers::Backend;
use providers::chat::Chat;
use providers::writer::{Assignment, Draft, Step};
use serde_json::json;
use store::{CacheEntry, Settlement};
use studio::script::Script;
use ytempire_core::Code;

use super::{Done, finished, graph, reserve, reused};
use crate::attempt::{Attempt, Follow, Made};
use crate::error::StageError;
use crate::meter::{CallHold, LocalHold};
use crate::request::Source;

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
    let jobs = graph::after_script(&attempt.fresh_job(), job, script.scenes.len());
    Ok(done.settle(
        attempt,
        Follow {
            jobs,
            title: Some(script.title),
        },
    ))
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
    let (backend, chat) = client(attempt, writer)?;
    let asked = (
        &backend.name,
        &backend.model,
        &assignment.topic,
        &assignment.title,
        &assignment.language,
        assignment.words,
    );
    let key = attempt.key(&json!(asked))?;
    if let Some(entry) = attempt.cached(&key).await? {
        return reused(attempt, entry).await;
    }
    let local = reserve(attempt, 0).await?;
    let mut draft = Draft::new(&backend, assignment);
    loop {
        attempt.go_on()?;
        if let Some(script) = ask(attempt, &backend, &chat, &mut draft, &key).await? {
            return Ok(kept(&local, key, &script)?);
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

fn client(attempt: &Attempt, writer: &str) -> Result<(Backend, Chat), StageError> {
    let gone = || {
        let text = format!("the language backend {writer:?} is no longer configured");
        StageError::discard(Code::NoLanguageBackend, anyhow::anyhow!(text))
    };
    let backend = attempt
        .parts
        .backends
        .named(writer)
        .cloned()
        .ok_or_else(gone)?;
    let chat = attempt
        .parts
        .backends
        .chat(writer)
        .ok_or_else(gone)?
        .map_err(provider_failed)?;
    Ok((backend, chat))
}

/// One call: reserve, mark sent, send, settle. The finished script is cached in the transaction
/// that posts its price.
async fn ask(
    attempt: &Attempt,
    backend: &Backend,
    chat: &Chat,
    draft: &mut Draft,
    key: &str,
) -> Result<Option<Script>, StageError> {
    let (parts, lease) = (&attempt.parts, attempt.job.lease);
    let (hold, holds) = CallHold::ask(parts, backend, chat.quote(draft.request()))?;
    parts.store.transfer_hold(parts.now(), lease, holds).await?;
    parts
        .store
        .transfer_mark_sent(parts.now(), lease, &hold.ids())
        .await?;
    let charge = hold
        .ids()
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    let outcome = chat
        .complete(draft.request(), &charge, &attempt.cancel)
        .await;
    parts.crash.pass("call.after_response");
    let postings = match &outcome {
        Ok(answer) => hold.posted(answer.usage),
        Err(error) => hold.failed(error.billed),
    };
    let step = draft.take(outcome);
    let mut bought = Vec::new();
    if let Ok(Step::Done(script)) = &step {
        let output = serde_json::to_value(script)?;
        bought.push(CacheEntry {
            key: key.to_owned(),
            output,
            artifacts: vec![],
        });
    }
    parts
        .store
        .transfer_settle(parts.now(), lease, postings, bought)
        .await?;
    match step.map_err(provider_failed)? {
        Step::Done(script) => Ok(Some(script)),
        Step::Again => Ok(None),
    }
}

/// What a provider's failure means for the job.
pub(super) fn provider_failed(error: providers::Error) -> StageError {
    use providers::Class;
    /// Where the provider doesn't say when to come again.
    const PAUSE: Duration = Duration::from_secs(2);
    let code = error.code;
    match error.class {
        Class::Cancelled => StageError::interrupted(),
        Class::Transient | Class::RateLimited | Class::Down => {
            StageError::retry(code, error.retry_after.unwrap_or(PAUSE), error)
        }
        Class::Garbled => StageError::retry(code, PAUSE, error),
        Class::Quota | Class::Input => StageError::discard(code, error),
    }
}
