//! The clients against a whole fake server: what goes over the wire and what comes of it.

#![expect(clippy::unwrap_used, reason = "what can't be set up fails the test")]

mod anthropic;
mod chat;
mod draft;
mod pictures;
mod secret;
mod speech;
mod voices;

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use providers::chat::Chat;
use providers::speech::Speech;
use providers::{Backend, BaseUrl, Http, Kind, Options, Role, install_tls};
use testkit::FakeModelServer;

/// Answers above this are too large for these tests' clients.
const BODY_BYTES_MAX: usize = 4 << 20;

fn http() -> Http {
    install_tls();
    let options = Options {
        connect: Duration::from_secs(5),
        body_bytes_max: BODY_BYTES_MAX,
        ..Options::default()
    };
    Http::new(options).unwrap()
}

fn backend(kind: Kind, server: &FakeModelServer) -> Backend {
    let base_url = BaseUrl::parse(&server.base_url()).unwrap();
    match kind.role() {
        Role::Speech => Backend {
            voice: Some("af_heart".to_owned()),
            ..Backend::new("speaker-1", kind, base_url, "kokoro")
        },
        _ => Backend::new("writer-1", kind, base_url, "writer"),
    }
}

fn chat(server: &FakeModelServer) -> Chat {
    Chat::new(http(), backend(Kind::OpenaiChat, server)).unwrap()
}

fn speech(server: &FakeModelServer) -> Speech {
    Speech::new(http(), backend(Kind::OpenaiSpeech, server)).unwrap()
}

/// Everything that any test of this program logs, at the finest level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The log. One for the whole program: subscribers of single threads miss events whose call
/// sites another thread met first.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    })
}
