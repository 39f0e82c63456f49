//! Speech heard: when each word is spoken.

pub(crate) mod openai;

use studio::WordTime;
use ytempire_core::Cancel;

use crate::backend::Backend;
use crate::error::Error;
use crate::http::{Call, Http, Reply};
use crate::kind::{Quote, Role, Work};
use crate::usage::Usage;

/// Speech to be heard.
pub struct Recording<'a> {
    /// A WAV file.
    pub wav: &'a [u8],
    /// Its length.
    pub millis: u64,
    /// BCP 47 tag of its language.
    pub language: &'a str,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The words, as they were understood, and when each is spoken.
    pub words: Vec<WordTime>,
    /// What is billed.
    pub usage: Usage,
}

/// What a server's answer tells.
pub(crate) struct Told {
    pub(crate) words: Vec<WordTime>,
    /// Seconds by the server's count, where it counts.
    pub(crate) seconds: Option<u64>,
}

/// The functions of a kind that listens.
pub(crate) struct Wire {
    /// The call that has it heard, for a charge.
    pub(crate) ask: fn(&Backend, &Recording<'_>, &str) -> Call,
    /// What the answer tells.
    pub(crate) heard: fn(&Backend, &Reply) -> Result<Told, Error>,
}

/// A backend that listens.
#[derive(Clone, Debug)]
pub struct Hearing {
    http: Http,
    backend: Backend,
}

impl Hearing {
    /// A client of `backend`.
    ///
    /// # Errors
    /// [`Class::Input`](crate::Class::Input) if the backend is of another kind.
    pub fn new(http: Http, backend: Backend) -> Result<Self, Error> {
        if backend.role() != Role::Transcription {
            return Err(backend.refuse("is no transcription backend"));
        }
        Ok(Self { http, backend })
    }

    /// The most that hearing it uses: its seconds, and one that providers may round up to.
    pub fn quote(&self, recording: &Recording<'_>) -> Usage {
        Usage {
            audio_seconds: recording.millis.div_ceil(1000) + 1,
            ..Usage::default()
        }
    }

    /// Listens once. `charge` is the charge's id, sent as `Idempotency-Key`.
    pub async fn listen(
        &self,
        recording: &Recording<'_>,
        charge: &str,
        cancel: &Cancel,
    ) -> Result<Heard, Error> {
        let crate::kind::Wire::Transcription(wire) = &self.backend.kind.spec().wire else {
            return Err(self.backend.refuse("is no transcription backend"));
        };
        let call = (wire.ask)(&self.backend, recording, charge);
        let reply = self.http.send(&self.backend, call, cancel).await?;
        let Told { words, seconds } = (wire.heard)(&self.backend, &reply)?;
        let counted = recording.millis.div_ceil(1000);
        Ok(Heard {
            words,
            usage: Usage {
                audio_seconds: seconds.unwrap_or(counted),
                estimated: seconds.is_none(),
                ..Usage::default()
            },
        })
    }
}

/// The most that listening uses: two seconds more for each call.
pub(crate) fn worst(_: &Backend, work: Work) -> Quote {
    let usage = Usage {
        audio_seconds: work.seconds + 2 * work.scenes,
        ..Usage::default()
    };
    let calls = work.scenes;
    Quote { usage, calls }
}

/// What it uses most often.
pub(crate) fn expected(_: &Backend, work: Work) -> Quote {
    let usage = Usage {
        audio_seconds: work.seconds,
        ..Usage::default()
    };
    let calls = work.scenes;
    Quote { usage, calls }
}
