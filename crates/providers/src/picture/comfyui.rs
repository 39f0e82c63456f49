//! `comfyui`: `POST {base}/prompt`, then `/history` until it is done, then `/view`.
//!
//! Its queue lives in memory: a server that was started again has forgotten what it was given, so
//! what stands in neither queue nor history is given to it again. A stop takes the picture out of
//! the queue and interrupts it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use ytempire_core::Cancel;

use super::{Made, Making, Order, Wire, Wish, for_scenes};
use crate::backend::Backend;
use crate::config::Problem;
use crate::error::{Billed, Class, Error};
use crate::http::{Call, Http};
use crate::kind::{self, Auth, Kind, Probe, Quote, Spec, Work};
use crate::usage::Usage;

/// How often it is asked whether the picture is done.
const TICK: Duration = Duration::from_millis(250);

/// How often a picture is given to it again.
const AGAIN_MAX: u32 = 3;

/// Seconds that a picture takes on a usual card.
const SECONDS_USUAL: u64 = 10;

/// Seconds that a picture may take if the configuration doesn't say.
const SECONDS_MAX: u64 = 600;

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::Comfyui,
    name: "comfyui",
    meters: &[&[Usage::GPU_SECONDS]],
    quality: 70,
    base_url: None,
    keys: &["base_url", "model", "timeout_s", "graph_file"],
    required: &["base_url", "graph_file"],
    auth: Auth::Bearer,
    probe: Some(Probe {
        path: "system_stats",
        query: &[],
        names: |value| value.get("system").map(|_| Vec::new()),
        lists_models: false,
    }),
    wire: kind::Wire::Pictures(Wire::Makes { make, quote }),
    worst: |backend, work| for_scenes(seconds(seconds_max(backend)), work),
    expected: |_, work: Work| -> Quote { for_scenes(seconds(SECONDS_USUAL), work) },
};

const fn seconds(gpu_seconds: u64) -> Usage {
    Usage {
        input_tokens: 0,
        output_tokens: 0,
        characters: 0,
        images: 0,
        audio_seconds: 0,
        gpu_seconds,
        requests: 0,
        estimated: false,
    }
}

fn seconds_max(backend: &Backend) -> u64 {
    backend.timeout.map_or(SECONDS_MAX, |most| most.as_secs())
}

fn quote(backend: &Backend, _: &Wish) -> Usage {
    seconds(seconds_max(backend))
}

/// Reads a graph in the API format.
pub(crate) fn graph(text: &str) -> Result<Value, Problem> {
    let graph: Value = serde_json::from_str(text).map_err(|_| Problem::Graph("is no JSON"))?;
    let nodes = graph.as_object().filter(|nodes| !nodes.is_empty());
    let is_node = |node: &Value| node["class_type"].is_string() && node["inputs"].is_object();
    if !nodes.is_some_and(|nodes| nodes.values().all(is_node)) {
        return Err(Problem::Graph(
            "is no graph in the API format; export it by \"Save (API Format)\"",
        ));
    }
    if !text.contains("{{prompt}}") {
        return Err(Problem::Graph("has no text {{prompt}} in it"));
    }
    Ok(graph)
}

/// The graph with its placeholders filled: `{{prompt}}` anywhere in a text, `{{seed}}`,
/// `{{width}}` and `{{height}}` as a whole text, which becomes a number.
fn filled(graph: &Value, wish: &Wish) -> Value {
    match graph {
        Value::String(text) => match text.as_str() {
            // Exact in a float, which is what the browser side makes of it.
            "{{seed}}" => json!(wish.seed % (1 << 52)),
            "{{width}}" => json!(wish.width.div_ceil(64) * 64),
            "{{height}}" => json!(wish.height.div_ceil(64) * 64),
            text => json!(text.replace("{{prompt}}", &wish.prompt)),
        },
        Value::Array(list) => list.iter().map(|inner| filled(inner, wish)).collect(),
        Value::Object(object) => {
            let pairs = object.iter();
            pairs
                .map(|(key, inner)| (key.clone(), filled(inner, wish)))
                .collect()
        }
        other => other.clone(),
    }
}

fn make(order: Order<'_>) -> Making<'_> {
    Box::pin(async move {
        let graph = order.backend.graph.as_ref().map(Arc::clone);
        let Some(graph) = graph else {
            let (name, why) = (&order.backend.name, "no graph is configured");
            return Err(Error::new(Class::Input, name, Billed::No, why));
        };
        let mut run = Run {
            http: order.http,
            backend: order.backend,
            body: json!({ "prompt": filled(&graph, order.wish), "client_id": order.charge }),
            ticks: 0,
        };
        let id = run.submit(order.charge, order.cancel).await?;
        run.made(id, order.charge, order.cancel).await
    })
}

/// A picture that was given to it.
struct Run<'a> {
    http: &'a Http,
    backend: &'a Backend,
    body: Value,
    /// How often it was waited for.
    ticks: u32,
}

/// How far a picture is.
enum State {
    Waiting,
    Lost,
    Done(Box<History>),
}

impl Run<'_> {
    fn error(&self, class: Class, why: &str) -> Error {
        // It may have computed: that is what is paid for.
        Error::new(class, &self.backend.name, Billed::Unknown, why)
    }

    async fn submit(&self, charge: &str, cancel: &Cancel) -> Result<String, Error> {
        let call = Call::post("prompt", self.body.clone(), charge);
        let reply = self.http.send(self.backend, call, cancel).await?;
        let queued: Queued = reply.json(self.backend, "place in the queue")?;
        Ok(queued.prompt_id)
    }

    /// Waits for the picture, through a restart of the server.
    async fn made(&mut self, mut id: String, charge: &str, cancel: &Cancel) -> Result<Made, Error> {
        let ticks_max = seconds_max(self.backend).saturating_mul(1000) / TICK.as_millis() as u64;
        let (mut again, mut silent) = (0, None);
        let mut tick = tokio::time::interval(TICK);
        tick.tick().await;
        while u64::from(self.ticks) < ticks_max {
            tick.tick().await;
            self.ticks += 1;
            if cancel.is_cancelled() {
                self.withdraw(&id).await;
                return Err(self.error(Class::Cancelled, "the call was cancelled"));
            }
            match self.state(&id).await {
                Ok(State::Waiting) => silent = None,
                Ok(State::Done(history)) => return self.fetched(*history, again > 0).await,
                Ok(State::Lost) if again == AGAIN_MAX => {
                    return Err(self.error(Class::Transient, "it lost the picture again and again"));
                }
                Ok(State::Lost) => {
                    again += 1;
                    match self.submit(charge, &Cancel::new()).await {
                        Ok(new) => id = new,
                        Err(error) => silent = Some(error),
                    }
                }
                // It is being started again, or busy: time will tell.
                Err(error) if matches!(error.class, Class::Down | Class::Transient) => {
                    silent = Some(error);
                }
                Err(error) => return Err(self.error(error.class, &error.detail)),
            }
        }
        self.withdraw(&id).await;
        let why = match silent {
            Some(error) => format!("no picture in time: {}", error.detail),
            None => "no picture in time".to_owned(),
        };
        Err(self.error(Class::Transient, &why))
    }

    async fn state(&self, id: &str) -> Result<State, Error> {
        let never = Cancel::new();
        let call = Call::get(&format!("history/{}", plain(id)));
        let reply = self.http.send(self.backend, call, &never).await?;
        let mut all: serde_json::Map<String, Value> = reply.json(self.backend, "history")?;
        if let Some(entry) = all.remove(id) {
            let history = serde_json::from_value(entry);
            let history =
                history.map_err(|_| reply.garbled(self.backend, "its history can't be read"))?;
            return Ok(State::Done(Box::new(history)));
        }
        let reply = self
            .http
            .send(self.backend, Call::get("queue"), &never)
            .await?;
        let queue: Queue = reply.json(self.backend, "queue")?;
        let waits = |entry: &Value| entry[1] == *id;
        let mut known = queue.queue_running.iter().chain(&queue.queue_pending);
        if known.any(waits) {
            return Ok(State::Waiting);
        }
        // It may have been done between the two questions.
        let call = Call::get(&format!("history/{}", plain(id)));
        let reply = self.http.send(self.backend, call, &never).await?;
        let all: serde_json::Map<String, Value> = reply.json(self.backend, "history")?;
        Ok(if all.contains_key(id) {
            State::Waiting
        } else {
            State::Lost
        })
    }

    async fn fetched(&self, history: History, again: bool) -> Result<Made, Error> {
        if history.status.status_str == "error" {
            let why = history.status.complaint();
            return Err(self.error(Class::Garbled, &format!("the graph failed: {why}")));
        }
        // What was computed before it forgot is no longer told: then the wait counts.
        let told = history.status.millis().filter(|_| !again);
        let Some(image) = history.image() else {
            return Err(self.error(Class::Garbled, "the graph gave no picture"));
        };
        let mut call = Call {
            method: Method::GET,
            accept: "image/*",
            ..Call::get("view")
        };
        call.query = vec![
            ("filename", image.filename),
            ("subfolder", image.subfolder),
            ("type", image.kind),
        ];
        let reply = self.http.send(self.backend, call, &Cancel::new()).await;
        let reply = reply.map_err(|error| self.error(error.class, &error.detail))?;
        let waited = u64::from(self.ticks) * TICK.as_millis() as u64;
        Ok(Made {
            bytes: reply.body,
            usage: Usage {
                estimated: told.is_none(),
                ..seconds(told.unwrap_or(waited).div_ceil(1000).max(1))
            },
        })
    }

    /// Takes it out of the queue, and stops it where it is computed; if that fails, it goes on.
    async fn withdraw(&self, id: &str) {
        let never = Cancel::new();
        let calls = [
            Call::post("queue", json!({ "delete": [id] }), id),
            Call::post("interrupt", json!({ "prompt_id": id }), id),
        ];
        for call in calls {
            if let Err(error) = self.http.send(self.backend, call, &never).await {
                tracing::debug!(provider = self.backend.name, %error, "picture not withdrawn");
            }
        }
    }
}

/// An id as part of a path.
fn plain(id: &str) -> String {
    let kept = id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c));
    kept.take(100).collect()
}

#[derive(Deserialize)]
struct Queued {
    prompt_id: String,
}

#[derive(Deserialize)]
struct Queue {
    #[serde(default)]
    queue_running: Vec<Value>,
    #[serde(default)]
    queue_pending: Vec<Value>,
}

#[derive(Deserialize)]
struct History {
    #[serde(default)]
    outputs: serde_json::Map<String, Value>,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    status_str: String,
    messages: Vec<(String, Value)>,
}

#[derive(Deserialize)]
struct Image {
    filename: String,
    #[serde(default)]
    subfolder: String,
    #[serde(default, rename = "type")]
    kind: String,
}

impl History {
    /// The first picture that was kept; else one that was only shown.
    fn image(self) -> Option<Image> {
        let lists = self
            .outputs
            .into_iter()
            .map(|(_, output)| output["images"].clone());
        let mut images: Vec<Image> = lists
            .filter_map(|list| serde_json::from_value::<Vec<Image>>(list).ok())
            .flatten()
            .collect();
        images.sort_by_key(|image| image.kind != "output");
        images.into_iter().next()
    }
}

impl Status {
    fn moment(&self, names: &[&str]) -> Option<u64> {
        let message = self
            .messages
            .iter()
            .find(|(name, _)| names.contains(&name.as_str()))?;
        message.1["timestamp"].as_u64()
    }

    /// How long it computed.
    fn millis(&self) -> Option<u64> {
        let start = self.moment(&["execution_start"])?;
        self.moment(&["execution_success"])?.checked_sub(start)
    }

    fn complaint(&self) -> String {
        let error = self
            .messages
            .iter()
            .find(|(name, _)| name == "execution_error");
        let said = error.and_then(|(_, body)| body["exception_message"].as_str());
        said.unwrap_or("it doesn't say why").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_texts_and_numbers_and_a_wish_is_never_code() {
        let text = r#"{"1":{"class_type":"T","inputs":{"text":"a photo of {{prompt}}",
            "seed":"{{seed}}","w":"{{width}}","h":"{{height}}","from":["4",0]}}}"#;
        let wish = Wish {
            words: String::new(),
            prompt: "\"}},{{seed}}".to_owned(),
            width: 1920,
            height: 1080,
            seed: u64::MAX,
        };
        let inputs = &filled(&graph(text).unwrap(), &wish)["1"]["inputs"];
        assert_eq!(inputs["text"], "a photo of \"}},{{seed}}");
        assert_eq!(inputs["seed"], (1_u64 << 52) - 1);
        assert_eq!((&inputs["w"], &inputs["h"]), (&json!(1920), &json!(1088)));
        assert_eq!(inputs["from"], json!(["4", 0]));
    }

    #[test]
    fn what_is_no_graph_is_refused_when_it_is_read() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"nodes":[]}"#,
            r#"{"1":{"class_type":"T","inputs":{}}}"#,
        ] {
            assert!(graph(text).is_err(), "{text}");
        }
    }
}
