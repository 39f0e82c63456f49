//! `POST {base}/audio/speech`: a text spoken.

mod chunk;

use reqwest::Method;
use serde_json::json;
use ytempire_core::Cancel;

pub use chunk::chunks;

use crate::backend::{AudioFormat, Backend, Kind};
use crate::error::{Billed, Class, Error};
use crate::http::{Call, Http};
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
    /// What is billed: the characters sent.
    pub usage: Usage,
}

impl std::fmt::Debug for Audio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audio")
            .field("bytes", &self.bytes.len())
            .field("format", &self.format)
            .field("usage", &self.usage)
            .finish()
    }
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
    /// [`Class::Input`] if the backend is of another kind.
    pub fn new(http: Http, backend: Backend) -> Result<Self, Error> {
        if backend.kind != Kind::OpenaiSpeech {
            let why = "is no speech backend";
            return Err(Error::new(Class::Input, &backend.name, Billed::No, why));
        }
        Ok(Self { http, backend })
    }

    /// The backend.
    pub const fn backend(&self) -> &Backend {
        &self.backend
    }

    /// `text` in pieces that one call each can take; joined they are `text` again.
    pub fn chunks<'t>(&self, text: &'t str) -> Vec<&'t str> {
        chunks(text, self.backend.characters_max)
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
        let name = &self.backend.name;
        let refuse = |why: &str| Err(Error::new(Class::Input, name, Billed::No, why));
        if chunk.trim().is_empty() {
            return refuse("there is nothing to speak");
        }
        if chunk.chars().count() > self.backend.characters_max {
            return refuse("the text is longer than one call may be");
        }
        let Some(voice) = voice.or(self.backend.voice.as_deref()) else {
            return refuse("no voice is chosen");
        };
        let mut body = json!({
            "model": self.backend.model,
            "voice": voice,
            "input": chunk,
            "response_format": self.backend.format.as_str(),
            // Kokoro-FastAPI streams unless told not to.
            "stream": false,
        });
        if self.backend.speed_percent != 100 {
            body["speed"] = json!(f64::from(self.backend.speed_percent) / 100.0);
        }
        let call = Call {
            method: Method::POST,
            path: "audio/speech",
            accept: "audio/*",
            body: Some(&body),
            idempotency_key: Some(charge),
        };
        let reply = self.http.send(&self.backend, call, cancel).await?;
        let Some(format) = sniff(&reply.body) else {
            let why = format!(
                "the answer is neither WAV nor MP3 but {} bytes of {:?}",
                reply.body.len(),
                crate::error::one_line(&reply.media_type)
            );
            return Err(reply.garbled(&self.backend, &why));
        };
        Ok(Audio {
            bytes: reply.body,
            format,
            usage: self.quote(chunk),
        })
    }
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
