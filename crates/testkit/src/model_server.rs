//! A model server that speaks the `OpenAI` shape, misbehaves on command and keeps a bill.

mod answer;
mod anthropic;
mod chat;
mod comfy;
mod fault;
mod hearing;
mod pictures;
mod speech;
mod state;
mod voices;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tokio::sync::oneshot;
use ytempire_core::{Clock, ManualClock};

pub use chat::ChatAsked;
pub use fault::Fault;
pub use speech::SpeechAsked;
pub use state::{Seen, ServerCharge};

use state::Shared;

/// What kind of server it is.
pub struct ModelServerOptions {
    /// Dates the bill.
    pub clock: Arc<dyn Clock>,
    /// The key it wants as `Authorization: Bearer …`. `None`: it doesn't look.
    pub api_key: Option<String>,
    /// The models it has; a call for another is a 404.
    pub models: Vec<String>,
    /// The voices it has; a call for another is a 400.
    pub voices: Vec<String>,
    /// The types of `response_format` it knows; another is a 400.
    pub formats: Vec<&'static str>,
}

impl Default for ModelServerOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(ManualClock::default()),
            api_key: None,
            models: vec!["kokoro".to_owned(), "writer".to_owned()],
            voices: vec!["af_heart".to_owned(), "bm_george".to_owned()],
            formats: vec!["text", "json_object", "json_schema"],
        }
    }
}

/// A model server on a port of its own, on a thread of its own: tests with a paused clock or
/// without any runtime can use it. Dropping it stops it.
pub struct FakeModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Option<Running>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl FakeModelServer {
    /// Starts a server with the default options.
    pub fn start() -> Self {
        Self::start_with(ModelServerOptions::default())
    }

    /// Starts a server.
    pub fn start_with(options: ModelServerOptions) -> Self {
        let shared = Arc::new(Shared::new(options));
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (address, running) = run(any_port, Arc::clone(&shared));
        Self {
            address,
            shared,
            running: Some(running),
        }
    }

    /// What goes into a backend's `base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Where its host is: for what has its API beside `/v1`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets `paint` make pictures: prompt or name in, the file's bytes out.
    pub fn paint_by(&self, paint: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) {
        self.shared.set_painter(Arc::new(paint));
    }

    /// Lets its `ComfyUI` be asked so often before a picture is done.
    pub fn take_time(&self, questions: u32) {
        self.shared.inner().patience = questions;
    }

    /// Lets its `ComfyUI` forget what it was given, as a restart does.
    pub fn forget(&self) {
        self.shared.inner().queue.clear();
    }

    /// The pictures that were taken back from its `ComfyUI`.
    pub fn withdrawn(&self) -> Vec<String> {
        self.shared.inner().withdrawn.clone()
    }

    /// Where it listens, or would.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets the next calls go wrong, one after the other; those after them go well.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.plan(faults);
    }

    /// Lets `write` answer chat calls: request in, the assistant's content out.
    pub fn write_by(&self, write: impl Fn(&ChatAsked) -> String + Send + Sync + 'static) {
        self.shared.set_writer(Arc::new(write));
    }

    /// Lets `speak` answer speech calls: request in, the file's bytes out.
    pub fn speak_by(&self, speak: impl Fn(&SpeechAsked) -> Vec<u8> + Send + Sync + 'static) {
        self.shared.set_speaker(Arc::new(speak));
    }

    /// Lets calls go on that hang because of a [`Fault`], now and from now on.
    pub fn release(&self) {
        self.shared.release();
    }

    /// What it charged, in order; never shortened, also not by a restart.
    pub fn bill(&self) -> Vec<ServerCharge> {
        self.shared.bill()
    }

    /// The calls that reached it, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen()
    }

    /// Waits until `count` calls have reached it since its start.
    pub async fn seen_at_least(&self, count: usize) {
        self.shared.seen_at_least(count).await;
    }

    /// Waits until its bill has `count` lines.
    pub async fn charged_at_least(&self, count: usize) {
        self.shared.charged_at_least(count).await;
    }

    /// Stops it: open connections break, new ones are refused. Memory and bill stay.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            // An error means that the thread has ended by itself, which joining will tell.
            running.stop.send(()).ok();
            running
                .thread
                .join()
                .expect("the server's thread must not panic");
        }
    }

    /// Starts it again at the same address, after [`FakeModelServer::stop`].
    pub fn restart(&mut self) {
        self.stop();
        self.running = Some(run(self.address, Arc::clone(&self.shared)).1);
    }
}

impl Drop for FakeModelServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(address: SocketAddr, shared: Arc<Shared>) -> (SocketAddr, Running) {
    let listener = TcpListener::bind(address).expect("a port of the loopback can be bound");
    listener
        .set_nonblocking(true)
        .expect("a socket can be made non-blocking");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be built");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)
                .expect("a non-blocking listener fits the runtime");
            let server = axum::serve(listener, router(shared)).into_future();
            tokio::select! {
                served = server => served.expect("the server only ends when it is stopped"),
                _ = stopped => {}
            }
        });
        // Dropping the runtime drops the connections: that is what a crash looks like.
    });
    (address, Running { stop, thread })
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat::complete))
        .route("/v1/audio/speech", post(speech::speak))
        .route("/v1/models", get(answer::models))
        .route("/v1/messages", post(anthropic::message))
        .route(
            "/v1/text-to-speech/{voice}/with-timestamps",
            post(voices::elevenlabs),
        )
        .route("/v1/text:synthesize", post(voices::google))
        .route("/dev/captioned_speech", post(voices::kokoro))
        .route("/v1/audio/transcriptions", post(hearing::hear))
        .route("/v1/images/generations", post(pictures::images))
        .route("/v1/search", get(pictures::pexels))
        .route("/api/", get(pictures::pixabay))
        .route("/files/{name}", get(pictures::file))
        .route("/prompt", post(comfy::prompt))
        .route("/history/{id}", get(comfy::history))
        .route("/queue", get(comfy::queue).post(comfy::withdraw))
        .route("/interrupt", post(comfy::withdraw))
        .route("/view", get(comfy::view))
        .route("/system_stats", get(comfy::stats))
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}
