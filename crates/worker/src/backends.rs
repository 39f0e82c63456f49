//! Remote backends by name, ready to be called.

use std::sync::Arc;

use providers::chat::Chat;
use providers::hearing::Hearing;
use providers::picture::Pictures;
use providers::speech::Speech;
use providers::{Backend, Http, Role};
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
        self.fitting(Role::Language, tier)
            .or_else(|| self.any(Role::Language))
    }

    /// The backend for pictures at `tier`; `None`: drawn cards.
    pub fn illustrator(&self, tier: Tier) -> Option<&Backend> {
        self.fitting(Role::Pictures, tier)
    }

    /// The backend that says when words are spoken, at `tier`; `None`: the aligner.
    pub fn listener(&self, tier: Tier) -> Option<&Backend> {
        self.fitting(Role::Transcription, tier)
    }

    /// All of them, in the order of the configuration, with the lowest tier that uses each.
    pub fn all(&self) -> &[(Tier, Backend)] {
        &self.configured
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
                backend.role() == first.role()
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

    /// A client for pictures of the backend of that name.
    pub fn pictures(&self, name: &str) -> Option<Result<Pictures, providers::Error>> {
        Some(Pictures::new(self.http.clone()?, self.named(name)?.clone()))
    }

    /// A client of the backend of that name that listens.
    pub fn hearing(&self, name: &str) -> Option<Result<Hearing, providers::Error>> {
        Some(Hearing::new(self.http.clone()?, self.named(name)?.clone()))
    }

    fn fitting(&self, role: Role, tier: Tier) -> Option<&Backend> {
        let fits = |(lowest, backend): &&(Tier, Backend)| {
            backend.role() == role && *lowest as u8 <= tier as u8
        };
        self.configured
            .iter()
            .find(fits)
            .map(|(_, backend)| backend)
    }

    fn any(&self, role: Role) -> Option<&Backend> {
        self.configured
            .iter()
            .map(|(_, backend)| backend)
            .find(|backend| backend.role() == role)
    }
}

/// Whether nobody hears the difference. Anybody's text or picture is as good as another's; a voice
/// isn't.
fn may_replace(first: &Backend, other: &Backend) -> bool {
    let voice = |of: &Backend| (of.kind, of.model.clone(), of.voice.clone());
    first.role() != Role::Speech || voice(first) == voice(other)
}
