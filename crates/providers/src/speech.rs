//! A text spoken.

mod chunk;
pub(crate) mod elevenlabs;
pub(crate) mod google;
pub(crate) mod openai;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use studio::WordTime;
use ytempire_core::Cancel;

pub use chunk::chunks;

use crate::backend::{AudioFormat, Backend};
use crate::error::Error;
use crate::http::{Call, Http, Reply};
use crate::kind::{Quote, Role, Work};
use crate::usage::Usage;

/// Most characters that the protocol's origin takes in one call.
pub const CHARACTERS_MAX: usize = 4_096;

/// A stretch of speech.
#[derive(Clone, PartialEq, Eq)]
pub struct Audio {
    /// The file, as the server sent it. Servers that stream write `0xFFFF_FFFF` for a WAV's
    /// lengths: decode it by what is there, not by what the header says.
    pub bytes: Vec<u8>,
    /// Its container, as its first bytes say.
    pub format: AudioFormat,
    /// When each word is spoken, from the start of the file, where the engine tells: its own words,
    /// which may differ from the text's.
    pub words: Option<Vec<WordTime>>,
    /// What is billed.
    pub usage: Usage,
}

impl std::fmt::Debug for Audio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audio")
            .field("bytes", &self.bytes.len())
            .field("format", &self.format)
            .field("words", &self.words.as_ref().map(Vec::len))
            .field("usage", &self.usage)
            .finish()
    }
}

/// What is to be said.
pub(crate) struct Utterance<'a> {
    pub(crate) text: &'a str,
    pub(crate) voice: &'a str,
    /// The charge's id.
    pub(crate) charge: &'a str,
}

/// What a server's answer holds.
pub(crate) struct Spoken {
    pub(crate) bytes: Vec<u8>,
    pub(crate) words: Option<Vec<WordTime>>,
    /// Characters by the server's count, where it counts.
    pub(crate) characters: Option<u64>,
}

/// The functions of a kind that speaks.
pub(crate) struct Wire {
    /// The call that has it said.
    pub(crate) ask: fn(&Backend, &Utterance<'_>) -> Call,
    /// What came of it.
    pub(crate) spoken: fn(&Backend, &Reply) -> Result<Spoken, Error>,
    /// Most bytes of one call's text, where the provider counts them.
    pub(crate) bytes_max: Option<usize>,
}

/// A speech backend.
#[derive(Clone, Debug)]
pub struct Speech {
    http: Http,
    backend: Backend,
}

impl Speech {
    /// A client of `backend`.
    ///
    /// # Errors
    /// [`Class::Input`](crate::Class::Input) if the backend is of another kind.
    pub fn new(http: Http, backend: Backend) -> Result<Self, Error> {
        if backend.role() != Role::Speech {
            return Err(backend.refuse("is no speech backend"));
        }
        Ok(Self { http, backend })
    }

    /// The backend.
    pub const fn backend(&self) -> &Backend {
        &self.backend
    }

    fn wire(&self) -> Result<&'static Wire, Error> {
        match &self.backend.kind.spec().wire {
            crate::kind::Wire::Speech(wire) => Ok(wire),
            _ => Err(self.backend.refuse("is no speech backend")),
        }
    }

    /// `text` in pieces that one call each can take; joined they are `text` again.
    pub fn chunks<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let most = self.backend.characters_max;
        let most = match self.wire().map(|wire| wire.bytes_max) {
            Ok(Some(bytes)) if text.is_ascii() => most.min(bytes),
            // No character takes more than four.
            Ok(Some(bytes)) => most.min(bytes / 4),
            _ => most,
        };
        chunks(text, most)
    }

    /// What speaking `chunk` uses: what has to be reserved, and what will be billed.
    pub fn quote(&self, chunk: &str) -> Usage {
        Usage {
            characters: chunk.chars().count() as u64,
            ..Usage::default()
        }
    }

    /// Speaks `chunk` once, by `voice` or else the backend's own. `charge` is the charge's id,
    /// sent as `Idempotency-Key`.
    pub async fn speak(
        &self,
        chunk: &str,
        voice: Option<&str>,
        charge: &str,
        cancel: &Cancel,
    ) -> Result<Audio, Error> {
        let wire = self.wire()?;
        if chunk.trim().is_empty() {
            return Err(self.backend.refuse("there is nothing to speak"));
        }
        if chunk.chars().count() > self.backend.characters_max {
            return Err(self
                .backend
                .refuse("the text is longer than one call may be"));
        }
        let Some(voice) = voice.or(self.backend.voice.as_deref()) else {
            return Err(self.backend.refuse("no voice is chosen"));
        };
        let text = chunk;
        let said = Utterance {
            text,
            voice,
            charge,
        };
        let call = (wire.ask)(&self.backend, &said);
        let reply = self.http.send(&self.backend, call, cancel).await?;
        let spoken = (wire.spoken)(&self.backend, &reply)?;
        let Some(format) = sniff(&spoken.bytes) else {
            let why = format!(
                "the answer is neither WAV nor MP3 but {} bytes",
                spoken.bytes.len()
            );
            return Err(Error::garbled(&self.backend.name, &why));
        };
        let quote = self.quote(chunk);
        Ok(Audio {
            bytes: spoken.bytes,
            format,
            words: spoken.words.filter(|words| in_order(words)),
            usage: Usage {
                characters: spoken.characters.unwrap_or(quote.characters),
                ..quote
            },
        })
    }
}

/// The most that speaking uses. Pieces are cut at sentences and each is rounded up by itself.
pub(crate) fn worst(_: &Backend, work: Work) -> Quote {
    let usage = Usage {
        characters: work.characters,
        ..Usage::default()
    };
    let calls = work.characters / 100 + work.scenes;
    Quote { usage, calls }
}

/// What it uses most often: one call for a scene.
pub(crate) fn expected(backend: &Backend, work: Work) -> Quote {
    let Quote { usage, .. } = worst(backend, work);
    let calls = work.scenes;
    Quote { usage, calls }
}

/// Whether the words follow each other: a list that doesn't is of no use.
fn in_order(words: &[WordTime]) -> bool {
    let ordered = words
        .windows(2)
        .all(|pair| pair[0].start_ms <= pair[1].start_ms);
    !words.is_empty() && ordered
}

/// Sound in the base 64 of an answer.
pub(crate) fn decoded(backend: &Backend, reply: &Reply, text: &str) -> Result<Vec<u8>, Error> {
    let bytes = BASE64_STANDARD.decode(text.trim());
    bytes.map_err(|_| reply.garbled(backend, "what it calls base 64 is none"))
}

/// A word and when it is heard, in seconds as servers write them; `None` if they are no times.
pub(crate) fn word(text: &str, start: f64, end: f64) -> Option<WordTime> {
    const SECONDS_MAX: f64 = 86_400.0;
    let millis = |seconds: f64| {
        let known = (0.0..SECONDS_MAX).contains(&seconds);
        known.then(|| (seconds * 1000.0).round() as u32)
    };
    let (start_ms, end_ms) = (millis(start)?, millis(end)?);
    Some(WordTime {
        text: text.to_owned(),
        start_ms,
        end_ms: end_ms.max(start_ms),
    })
}

/// The container by its first bytes. The media type is not asked: servers send
/// `application/octet-stream`, `audio/x-wav`, `audio/mpeg` for WAV and worse.
fn sniff(bytes: &[u8]) -> Option<AudioFormat> {
    // A WAV without one sample is 44 bytes; nothing shorter is audio.
    if bytes.len() <= 44 {
        return None;
    }
    if bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WAVE" {
        return Some(AudioFormat::Wav);
    }
    // An MPEG audio frame begins with eleven set bits; layer III has the layer bits 01.
    let frame = bytes[0] == 0xFF && bytes[1] & 0xE6 == 0xE2;
    (frame || bytes.starts_with(b"ID3")).then_some(AudioFormat::Mp3)
}
