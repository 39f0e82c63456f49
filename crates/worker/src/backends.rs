//! Remote backends by name, ready to be called.

use providers::chat::Chat;
use providers::speech::Speech;
use providers::{Backend, Http, Kind};
use ytempire_core::brief::Tier;

/// The configured backends, in the order of the configuration: the first that fits is used.
#[derive(Clone, Debug, Default)]
pub struct Backends {
    configured: Vec<(Tier, Backend)>,
    http: Option<Http>,
}

impl Backends {
    /// Backends with the lowest tier that uses each.
    pub fn new(http: Http, configured: Vec<(Tier, Backend)>) -> Self {
        Self {
            configured,
            http: Some(http),
        }
    }

    /// The backend for scripts at `tier`. A topic needs one, so a higher backend serves a lower
    /// tier if it is the only one: who gives a topic asks for a text to be written.
    pub fn writer(&self, tier: Tier) -> Option<&Backend> {
        self.fitting(Kind::OpenaiChat, tier)
            .or_else(|| self.any(Kind::OpenaiChat))
    }

    /// The backend for narration at `tier`; `None`: the embedded voice.
    pub fn speaker(&self, tier: Tier) -> Option<&Backend> {
        self.fitting(Kind::OpenaiSpeech, tier)
    }

    /// The backend of that name.
    pub fn named(&self, name: &str) -> Option<&Backend> {
        self.configured
            .iter()
            .map(|(_, backend)| backend)
            .find(|backend| backend.name == name)
    }

    /// A chat client for the backend of that name.
    pub fn chat(&self, name: &str) -> Option<Result<Chat, providers::Error>> {
        Some(Chat::new(self.http.clone()?, self.named(name)?.clone()))
    }

    /// A speech client for the backend of that name, speaking with `voice` if one is asked for.
    pub fn speech(
        &self,
        name: &str,
        voice: Option<&str>,
    ) -> Option<Result<Speech, providers::Error>> {
        let mut backend = self.named(name)?.clone();
        if let Some(voice) = voice {
            backend.voice = Some(voice.to_owned());
        }
        Some(Speech::new(self.http.clone()?, backend))
    }

    fn fitting(&self, kind: Kind, tier: Tier) -> Option<&Backend> {
        let fits = |(lowest, backend): &&(Tier, Backend)| {
            backend.kind == kind && *lowest as u8 <= tier as u8
        };
        self.configured
            .iter()
            .find(fits)
            .map(|(_, backend)| backend)
    }

    fn any(&self, kind: Kind) -> Option<&Backend> {
        self.configured
            .iter()
            .map(|(_, backend)| backend)
            .find(|backend| backend.kind == kind)
    }
}
