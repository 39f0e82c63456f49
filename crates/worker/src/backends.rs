//! Remote backends by name, ready to be called.

use std::sync::Arc;

use providers::chat::Chat;
use providers::speech::Speech;
use providers::{Backend, Http, Kind};
use ytempire_core::Timestamp;
use ytempire_core::brief::Tier;

use crate::breaker::{AllRest, Breakers};

/// The configured backends, in the order of the configuration: the first that fits is used.
#[derive(Clone, Debug, Default)]
pub struct Backends {
    configured: Vec<(Tier, Backend)>,
    http: Option<Http>,
    breakers: Arc<Breakers>,
}

impl Backends {
    /// Backends with the lowest tier that uses each.
    pub fn new(http: Http, configured: Vec<(Tier, Backend)>) -> Self {
        Self {
            configured,
            http: Some(http),
            breakers: Arc::default(),
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

    /// The backend of that name, then those that may take its place while it fails, for a brief of
    /// `tier`. Empty if it is no longer configured.
    pub fn chain(&self, name: &str, tier: Tier) -> Vec<&Backend> {
        let of_name = self
            .configured
            .iter()
            .find(|(_, backend)| backend.name == name);
        let Some((lowest, first)) = of_name else {
            return Vec::new();
        };
        // Who asks for a text to be written gets it from a dear backend where there is no cheap one.
        let dearest = (tier as u8).max(*lowest as u8);
        let others: Vec<&Backend> = if let Some(names) = &first.fallback {
            names.iter().filter_map(|name| self.named(name)).collect()
        } else {
            let others = self.configured.iter().filter(|(lowest, backend)| {
                backend.kind == first.kind
                    && backend.name != first.name
                    && *lowest as u8 <= dearest
                    && may_replace(first, backend)
            });
            others.map(|(_, backend)| backend).collect()
        };
        std::iter::once(first).chain(others).collect()
    }

    /// The first of `candidates` that may be asked now; `again` if a call failed before.
    pub(crate) fn ready<'b>(
        &self,
        now: Timestamp,
        candidates: &[&'b Backend],
        again: bool,
    ) -> Result<&'b Backend, Option<AllRest>> {
        self.breakers.first(now, candidates.iter().copied(), again)
    }

    /// Learns how a call ended.
    pub(crate) fn heard(
        &self,
        now: Timestamp,
        backend: &Backend,
        failure: Option<&providers::Error>,
    ) {
        self.breakers.heard(now, &backend.name, failure);
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

/// Whether nobody hears the difference. Anybody's text is as good as another's; a voice isn't.
fn may_replace(first: &Backend, other: &Backend) -> bool {
    first.kind == Kind::OpenaiChat || (&first.model, &first.voice) == (&other.model, &other.voice)
}
