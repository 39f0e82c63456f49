//! Whether a server answers, takes the key, and has the model.

use serde_json::Value;
use ytempire_core::Cancel;

use crate::backend::Backend;
use crate::error::{Billed, Class, Error};
use crate::http::{Call, Http};
use crate::picture::library;

/// What a server says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    /// The models' names, sorted; voices or nothing where a kind has no models.
    pub names: Vec<String>,
}

impl Models {
    /// Whether the server has `model`. Ollama names `x:latest` what people call `x`.
    pub fn has(&self, model: &str) -> bool {
        let tagged = format!("{model}:latest");
        self.names
            .iter()
            .any(|name| name == model || *name == tagged)
    }
}

/// Asks for the list of models, or what comes next to it, once; costs nothing on any known server.
///
/// # Errors
/// [`Class::Down`] if nobody answers; any other class means that somebody
/// does, though not with a list of models.
pub async fn probe(http: &Http, backend: &Backend, cancel: &Cancel) -> Result<Models, Error> {
    let Some(probe) = &backend.kind.spec().probe else {
        let count = library::count(backend)?;
        if count == 0 {
            let why = "there is no picture in its folder";
            return Err(Error::new(Class::Input, &backend.name, Billed::No, why));
        }
        return Ok(Models { names: Vec::new() });
    };
    let mut call = Call::get(probe.path);
    let query = probe.query.iter();
    call.query = query
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    if backend.kind == crate::Kind::AnthropicMessages {
        call.headers.push(crate::chat::anthropic::VERSION);
    }
    let reply = http.send(backend, call, cancel).await?;
    let wire: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let names = wire.as_ref().and_then(probe.names);
    let mut names = names.ok_or_else(|| {
        Error::garbled(&backend.name, "the list of models is not what it should be")
    })?;
    names.sort_unstable();
    Ok(Models { names })
}

/// Whether `backend`'s model or voice is among what was told; `None` where that can't be known.
pub fn known(backend: &Backend, models: &Models) -> Option<bool> {
    let probe = backend.kind.spec().probe.as_ref()?;
    match (&backend.voice, probe.lists_models) {
        (_, true) => Some(models.has(&backend.model)),
        (Some(voice), false) => Some(models.names.contains(voice)),
        (None, false) => None,
    }
}
