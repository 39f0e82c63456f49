//! What the server remembers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use serde_json::Value;
use tokio::sync::watch;
use ytempire_core::Timestamp;

use super::{ChatAsked, Fault, ModelServerOptions, SpeechAsked};
use crate::script::{script_json, words_asked};
use crate::voice::Voice;

/// One line of the bill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerCharge {
    /// When, by the server's clock.
    pub at: Timestamp,
    /// What for: the path below the host.
    pub path: &'static str,
    /// The model.
    pub model: String,
    /// The call's `Idempotency-Key`.
    pub key: Option<String>,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Characters spoken.
    pub characters: u64,
    /// Pictures made.
    pub images: u64,
    /// Seconds heard, begun ones counted.
    pub audio_seconds: u64,
    /// Seconds computed.
    pub gpu_seconds: u64,
    /// Searches answered.
    pub requests: u64,
}

/// One call that reached the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The path.
    pub path: &'static str,
    /// The headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; null if it is not JSON.
    pub body: Value,
}

type Writer = Arc<dyn Fn(&ChatAsked) -> String + Send + Sync>;
type Painter = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;
type Speaker = Arc<dyn Fn(&SpeechAsked) -> Vec<u8> + Send + Sync>;

pub(super) struct Shared {
    pub(super) options: ModelServerOptions,
    inner: Mutex<Inner>,
    open: watch::Sender<bool>,
    calls: watch::Sender<usize>,
    charges: watch::Sender<usize>,
}

pub(super) struct Inner {
    faults: VecDeque<Fault>,
    bill: Vec<ServerCharge>,
    seen: Vec<Seen>,
    writer: Writer,
    speaker: Speaker,
    painter: Painter,
    /// Pictures that `ComfyUI` was given and has not forgotten, and whether each is done.
    pub(super) queue: Vec<(String, bool)>,
    /// How often it is asked for a picture before that is done.
    pub(super) patience: u32,
    pub(super) withdrawn: Vec<String>,
    given: u64,
}

impl Shared {
    pub(super) fn new(options: ModelServerOptions) -> Self {
        let inner = Inner {
            faults: VecDeque::new(),
            bill: Vec::new(),
            seen: Vec::new(),
            writer: Arc::new(usual_writer),
            speaker: Arc::new(usual_speaker),
            painter: Arc::new(|_| crate::picture::png(1920, 1080, [40, 90, 160])),
            queue: Vec::new(),
            patience: 0,
            withdrawn: Vec::new(),
            given: 0,
        };
        Self {
            options,
            inner: Mutex::new(inner),
            open: watch::Sender::new(false),
            calls: watch::Sender::new(0),
            charges: watch::Sender::new(0),
        }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        // A test that panicked with the lock has failed already; others may go on.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inner().faults.extend(faults);
    }

    pub(super) fn set_writer(&self, writer: Writer) {
        self.inner().writer = writer;
    }

    pub(super) fn set_speaker(&self, speaker: Speaker) {
        self.inner().speaker = speaker;
    }

    pub(super) fn set_painter(&self, painter: Painter) {
        self.inner().painter = painter;
    }

    pub(super) fn painter(&self) -> Painter {
        Arc::clone(&self.inner().painter)
    }

    /// What the last speech call said.
    pub(super) fn spoken(&self) -> Option<String> {
        let inner = self.inner();
        let mut calls = inner.seen.iter().rev();
        calls.find_map(|seen| {
            let body = &seen.body;
            let texts = [&body["input"], &body["text"], &body["input"]["text"]];
            texts
                .iter()
                .find_map(|text| text.as_str().map(str::to_owned))
        })
    }

    /// A number that was not given before.
    pub(super) fn number(&self) -> u64 {
        let mut inner = self.inner();
        inner.given += 1;
        inner.given
    }

    pub(super) fn writer(&self) -> Writer {
        Arc::clone(&self.inner().writer)
    }

    pub(super) fn speaker(&self) -> Speaker {
        Arc::clone(&self.inner().speaker)
    }

    /// Notes a call and says what shall go wrong with it.
    pub(super) fn arrive(
        &self,
        path: &'static str,
        headers: &HeaderMap,
        body: &Value,
    ) -> Option<Fault> {
        let text = |value: &axum::http::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect();
        let mut inner = self.inner();
        inner.seen.push(Seen {
            path,
            headers,
            body: body.clone(),
        });
        let fault = inner.faults.pop_front();
        let count = inner.seen.len();
        drop(inner);
        self.calls.send_replace(count);
        fault
    }

    pub(super) fn charge(&self, charge: ServerCharge) {
        let free = ServerCharge {
            at: charge.at,
            path: charge.path,
            model: charge.model.clone(),
            key: charge.key.clone(),
            ..ServerCharge::default()
        };
        if charge == free {
            return;
        }
        let mut inner = self.inner();
        inner.bill.push(charge);
        let count = inner.bill.len();
        drop(inner);
        self.charges.send_replace(count);
    }

    /// An empty line of the bill for a call.
    pub(super) fn line(
        &self,
        path: &'static str,
        model: &str,
        headers: &HeaderMap,
    ) -> ServerCharge {
        let key = headers.get("idempotency-key");
        let key = key.and_then(|key| key.to_str().ok());
        ServerCharge {
            at: self.options.clock.now(),
            path,
            model: model.to_owned(),
            key: key.map(str::to_owned),
            ..ServerCharge::default()
        }
    }

    pub(super) fn bill(&self) -> Vec<ServerCharge> {
        self.inner().bill.clone()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.inner().seen.clone()
    }

    pub(super) fn release(&self) {
        self.open.send_replace(true);
    }

    pub(super) async fn released(&self) {
        wait(&self.open, |open| *open).await;
    }

    pub(super) async fn seen_at_least(&self, count: usize) {
        wait(&self.calls, |seen| *seen >= count).await;
    }

    pub(super) async fn charged_at_least(&self, count: usize) {
        wait(&self.charges, |charged| *charged >= count).await;
    }
}

async fn wait<T>(on: &watch::Sender<T>, until: impl FnMut(&T) -> bool) {
    let mut receiver = on.subscribe();
    let reached = receiver.wait_for(until).await;
    drop(reached.expect("the sender lives as long as the server"));
}

/// Writes a script of as many words as the prompt asks for.
fn usual_writer(asked: &ChatAsked) -> String {
    let words = words_asked(&asked.text()).unwrap_or(150);
    let scenes = (words / 45).clamp(3, 60);
    script_json(scenes, words / scenes).to_string()
}

fn usual_speaker(asked: &SpeechAsked) -> Vec<u8> {
    // FNV-1a of the voice: another voice, another pitch.
    let seed = asked
        .voice
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let voice = Voice { seed };
    match asked.format.as_str() {
        "mp3" => voice.silent_mp3(&asked.input),
        _ if asked.stream => voice.streamed_wav(&asked.input),
        _ => voice.wav(&asked.input),
    }
}
