//! RIFF WAVE: the one file format of sound that we read and write ourselves.

use super::Sound;

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Signed 16-bit, rounded to the nearest step.
    Int16,
    /// 32-bit float, as computed.
    Float32,
}

impl Depth {
    const fn bytes(self) -> u32 {
        match self {
            Self::Int16 => 2,
            Self::Float32 => 4,
        }
    }

    /// Appends samples in this depth. Magnitudes above 1 are clipped in [`Depth::Int16`].
    pub fn encode(self, samples: &[f32], out: &mut Vec<u8>) {
        out.reserve(samples.len() * self.bytes() as usize);
        for &s in samples {
            match self {
                Self::Int16 => {
                    let step = libm::rintf(s.clamp(-1.0, 1.0) * 32767.0) as i16;
                    out.extend_from_slice(&step.to_le_bytes());
                }
                Self::Float32 => out.extend_from_slice(&s.to_le_bytes()),
            }
        }
    }
}

/// Why bytes are no WAVE that we read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// No RIFF WAVE, or it ends before its samples.
    #[error("not a WAVE file")]
    NotWave,
    /// A format other than 8-, 16-, 24- or 32-bit integers or 32-bit floats, 1 to 8 channels,
    /// 1 kHz to 768 kHz.
    #[error("a WAVE format that is not supported")]
    Unsupported,
}

/// The 44 bytes before the samples of a WAVE of `frames` frames.
///
/// Lengths above 4 GiB, which the format can't say, are written as its maximum.
pub fn wav_header(rate: u32, channels: u16, frames: u64, depth: Depth) -> [u8; 44] {
    let align = u32::from(channels) * depth.bytes();
    let data = u32::try_from(frames * u64::from(align)).unwrap_or(u32::MAX - 36);
    let format: u16 = if depth == Depth::Int16 { 1 } else { 3 };
    let mut header = [0; 44];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        header[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(b"RIFF");
    put(&data.saturating_add(36).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16_u32.to_le_bytes());
    put(&format.to_le_bytes());
    put(&channels.to_le_bytes());
    put(&rate.to_le_bytes());
    put(&rate.saturating_mul(align).to_le_bytes());
    put(&(align as u16).to_le_bytes());
    put(&(depth.bytes() as u16 * 8).to_le_bytes());
    put(b"data");
    put(&data.to_le_bytes());
    header
}

/// A whole WAVE file.
pub fn write_wav(sound: &Sound, depth: Depth) -> Vec<u8> {
    let mut bytes = wav_header(sound.rate, sound.channels, sound.frames() as u64, depth).to_vec();
    depth.encode(&sound.samples, &mut bytes);
    bytes
}

struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    bits: u16,
}

/// Reads a WAVE file. Lengths that lie (streams write 0 or the maximum) are cut at the end.
///
/// # Errors
/// Any byte sequence gives a sound or a [`WavError`], never a panic.
pub fn read_wav(bytes: &[u8]) -> Result<Sound, WavError> {
    if bytes.len() < 12 || &bytes[..4] != b"RIFF" || &bytes[8..12] != b"WAVE" {
        return Err(WavError::NotWave);
    }
    let mut rest = &bytes[12..];
    let mut format = None;
    while rest.len() >= 8 {
        let (head, body) = rest.split_at(8);
        let claimed = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let len = claimed.min(body.len());
        match &head[..4] {
            b"fmt " => format = Some(read_format(&body[..len])?),
            b"data" => {
                let format = format.ok_or(WavError::NotWave)?;
                let streamed = claimed == 0;
                return Ok(decode(&format, if streamed { body } else { &body[..len] }));
            }
            _ => {}
        }
        rest = &body[(len + len % 2).min(body.len())..];
    }
    Err(WavError::NotWave)
}

fn read_format(body: &[u8]) -> Result<Format, WavError> {
    if body.len() < 16 {
        return Err(WavError::NotWave);
    }
    let word = |at: usize| u16::from_le_bytes([body[at], body[at + 1]]);
    // 0xFFFE: the true tag is the first word of a GUID further on.
    let tag = if word(0) == 0xFFFE && body.len() >= 26 {
        word(24)
    } else {
        word(0)
    };
    let rate = u32::from_le_bytes([body[4], body[5], body[6], body[7]]);
    let format = Format {
        tag,
        channels: word(2),
        rate,
        bits: word(14),
    };
    let known = matches!((format.tag, format.bits), (1, 8 | 16 | 24 | 32) | (3, 32));
    let sane = (1..=8).contains(&format.channels) && (1000..=768_000).contains(&rate);
    if known && sane {
        Ok(format)
    } else {
        Err(WavError::Unsupported)
    }
}

fn decode(format: &Format, data: &[u8]) -> Sound {
    let width = format.bits as usize / 8;
    let whole = data.len() - data.len() % (width * format.channels as usize);
    let samples = data[..whole]
        .chunks_exact(width)
        .map(|b| match (format.tag, b) {
            (3, &[a, b, c, d]) => {
                let s = f32::from_le_bytes([a, b, c, d]);
                if s.is_finite() { s } else { 0.0 }
            }
            (_, &[a]) => (f32::from(a) - 128.0) / 128.0,
            (_, &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / 32768.0,
            (_, &[a, b, c]) => (i32::from_le_bytes([0, a, b, c]) >> 8) as f32 / 8_388_608.0,
            (_, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
            _ => 0.0,
        });
    Sound {
        rate: format.rate,
        channels: format.channels,
        samples: samples.collect(),
    }
}
