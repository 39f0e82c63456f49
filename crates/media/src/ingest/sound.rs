//! Sound: music, and what speech backends answer.

use std::path::Path;
use std::time::Duration;

use studio::sound::{RATE, Sound};

use super::stage::Staged;
use super::{DECODERS, Error, Ingest, SOUND_S_MAX, blame, last_lines};
use crate::child::{self, Limits};
use crate::ffmpeg;
use crate::sniff::{HEAD_BYTES, Kind, looks_like};

/// Samples without a header, 16 bits little-endian: some speech backends answer so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawSound {
    /// Samples per second and channel.
    pub rate: u32,
    /// Channels.
    pub channels: u16,
}

impl Ingest<'_> {
    /// Lets in the sound at `path` as 48 kHz samples from −1 to 1, `channels` (1 or 2) of them
    /// side by side; of a longer one its first [`SOUND_S_MAX`] seconds.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn sound(&self, path: &Path, channels: u16) -> Result<Sound, Error> {
        let staged = self.stage(path, "sound", Kind::is_sound)?;
        self.decode_sound(&staged, &["-f", staged.kind.demuxer()], channels)
    }

    /// Lets in sound from memory; `origin` is for messages. With `raw` the bytes have no header.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn sound_bytes(
        &self,
        bytes: &[u8],
        origin: &Path,
        raw: Option<RawSound>,
        channels: u16,
    ) -> Result<Sound, Error> {
        if let Some(raw) = raw {
            let staged = self.stage_bytes(bytes, origin, Kind::Wav)?;
            let (rate, count) = (raw.rate.to_string(), raw.channels.to_string());
            let format = ["-f", "s16le", "-ar", &rate, "-ac", &count];
            return self.decode_sound(&staged, &format, channels);
        }
        let kind = self.kind_of(bytes, origin, "sound", Kind::is_sound)?;
        let staged = self.stage_bytes(bytes, origin, kind)?;
        self.decode_sound(&staged, &["-f", kind.demuxer()], channels)
    }

    /// Like [`Ingest::open`] for bytes in memory.
    pub(super) fn kind_of(
        &self,
        bytes: &[u8],
        origin: &Path,
        wanted: &'static str,
        accepts: impl Fn(Kind) -> bool,
    ) -> Result<Kind, Error> {
        self.check_cancelled()?;
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        let path = origin.to_owned();
        match Kind::sniff(head) {
            None => Err(Error::UnknownKind {
                path,
                looks: looks_like(head),
            }),
            Some(kind) if accepts(kind) => Ok(kind),
            Some(found) => Err(Error::WrongKind {
                path,
                found,
                wanted,
            }),
        }
    }

    fn decode_sound(
        &self,
        staged: &Staged,
        format: &[&str],
        channels: u16,
    ) -> Result<Sound, Error> {
        let spec = ffmpeg::quiet(self.tools, self.folder)?
            .args(["-codec_whitelist", DECODERS])
            .args(format)
            .arg("-i")
            .arg(ffmpeg::file(&staged.path))
            .args([
                "-map",
                "0:a:0",
                "-vn",
                "-ac",
                &channels.to_string(),
                "-ar",
                "48000",
            ])
            .args([
                "-t",
                &SOUND_S_MAX.to_string(),
                "-f",
                "f32le",
                "-c:a",
                "pcm_f32le",
                "pipe:1",
            ])
            .limits(Limits {
                wall: Duration::from_mins(10),
                cpu_s: 600,
                memory_bytes: 2 << 30,
                stdout_bytes: u64::from(SOUND_S_MAX + 1)
                    * u64::from(RATE)
                    * u64::from(channels)
                    * 4,
                ..Limits::default()
            })
            .piped_stdout();
        let done = child::run(&spec, &[], self.cancel).map_err(|e| blame(&staged.origin, e))?;
        let samples: Vec<f32> = done
            .stdout
            .as_chunks()
            .0
            .iter()
            // A hostile float file may hold infinities and worse.
            .map(|bytes| f32::from_le_bytes(*bytes))
            .map(|sample| {
                if sample.is_finite() {
                    sample.clamp(-1.0, 1.0)
                } else {
                    0.0
                }
            })
            .collect();
        if samples.is_empty() {
            let reason = match last_lines(&done.stderr) {
                words if words.is_empty() => "it holds no samples".to_owned(),
                words => words,
            };
            return Err(Error::Damaged {
                path: staged.origin.clone(),
                reason,
            });
        }
        Ok(Sound {
            rate: RATE,
            channels,
            samples,
        })
    }
}
