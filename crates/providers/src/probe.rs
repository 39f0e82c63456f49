//! Whether a server answers, and which models it has.

use reqwest::Method;
use serde::Deserialize;
use ytempire_core::Cancel;

use crate::backend::Backend;
use crate::error::Error;
use crate::http::{Call, Http};

/// What a server says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    /// The models' names, sorted.
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

#[derive(Deserialize)]
struct Wire {
    data: Vec<WireModel>,
}

#[derive(Deserialize)]
struct WireModel {
    id: String,
}

/// Asks `GET {base}/models` once; costs nothing on any known server.
///
/// # Errors
/// [`Class::Down`](crate::Class::Down) if nobody answers; any other class means that somebody
/// does, though not with a list of models.
pub async fn probe(http: &Http, backend: &Backend, cancel: &Cancel) -> Result<Models, Error> {
    let call = Call {
        method: Method::GET,
        path: "models",
        accept: "application/json",
        body: None,
        idempotency_key: None,
    };
    let reply = http.send(backend, call, cancel).await?;
    let wire: Wire = serde_json::from_slice(&reply.body).map_err(|_| {
        Error::garbled(&backend.name, "the list of models is not what it should be")
    })?;
    let mut names: Vec<_> = wire.data.into_iter().map(|model| model.id).collect();
    names.sort_unstable();
    Ok(Models { names })
}
