//! A voice that says nothing but has words: bursts of sound with silence between them.

use std::f64::consts::TAU;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// Samples a second of everything said.
const RATE: u32 = 24_000;

/// When a burst that stands for a word is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpokenWord {
    /// The word.
    pub text: String,
    /// Milliseconds from the start to its onset.
    pub start_ms: u32,
    /// Milliseconds to its end.
    pub end_ms: u32,
}

/// A seeded voice: the same text gives the same bytes.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    /// Changes pitch and noise.
    pub seed: u64,
}

impl Voice {
    /// `text` spoken, as 16-bit mono samples at 24 kHz, and when each word is heard.
    ///
    /// A word lasts 70 ms a letter within 140 … 700 ms; 80 ms of silence follow, 300 ms after
    /// a sentence or clause.
    pub fn speak(self, text: &str) -> (Vec<i16>, Vec<SpokenWord>) {
        let mut rng = ChaCha12Rng::seed_from_u64(self.seed);
        let (mut samples, mut words) = (silence(100), Vec::new());
        for word in text.split_whitespace() {
            let letters = word.chars().filter(|c| c.is_alphanumeric()).count() as u32;
            let start_ms = millis(&samples);
            burst(&mut samples, &mut rng, (70 * letters).clamp(140, 700));
            let end_ms = millis(&samples);
            words.push(SpokenWord {
                text: word.to_owned(),
                start_ms,
                end_ms,
            });
            let pause = if word.ends_with(['.', ',', '!', '?', ';', ':']) {
                300
            } else {
                80
            };
            samples.extend(silence(pause));
        }
        (samples, words)
    }

    /// `text` spoken, as a WAV file.
    pub fn wav(self, text: &str) -> Vec<u8> {
        wav(&self.speak(text).0, true)
    }

    /// `text` spoken as servers stream it: the header was written before the length was known.
    pub fn streamed_wav(self, text: &str) -> Vec<u8> {
        wav(&self.speak(text).0, false)
    }

    /// As long as `text` spoken, but silent: MPEG-1 layer III frames without any bits set.
    pub fn silent_mp3(self, text: &str) -> Vec<u8> {
        // 128 kbit/s at 44.1 kHz: 417 bytes a frame, 1,152 samples, about 26 ms.
        let mut frame = vec![0_u8; 417];
        frame[..4].copy_from_slice(&[0xFF, 0xFB, 0x90, 0xC4]);
        let frames = millis(&self.speak(text).0) / 26 + 1;
        frame.repeat(frames as usize)
    }
}

fn silence(ms: u32) -> Vec<i16> {
    vec![0; (RATE / 1000 * ms) as usize]
}

fn millis(samples: &[i16]) -> u32 {
    (samples.len() as u64 * 1000 / u64::from(RATE)) as u32
}

/// A voiced sound with a little noise, swelling and fading so that it doesn't click.
fn burst(samples: &mut Vec<i16>, rng: &mut ChaCha12Rng, ms: u32) {
    let length = RATE / 1000 * ms;
    let pitch = rng.random_range(100.0..180.0);
    for n in 0..length {
        let (at, whole) = (
            f64::from(n) / f64::from(RATE),
            f64::from(n) / f64::from(length),
        );
        let tone: f64 = [1.0, 0.5, 0.3, 0.2]
            .iter()
            .zip(1..)
            .map(|(level, harmonic)| level * (TAU * pitch * f64::from(harmonic) * at).sin())
            .sum();
        let noise: f64 = rng.random_range(-0.15..0.15);
        let swell = (whole * 8.0).min((1.0 - whole) * 8.0).min(1.0);
        samples.push(((tone + noise) * swell * 7_000.0) as i16);
    }
}

fn wav(samples: &[i16], known_length: bool) -> Vec<u8> {
    let data = samples.len() as u32 * 2;
    let (riff, data) = if known_length {
        (36 + data, data)
    } else {
        (u32::MAX, u32::MAX)
    };
    let mut bytes = Vec::with_capacity(44 + samples.len() * 2);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&riff.to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16_u32.to_le_bytes());
    bytes.extend_from_slice(&1_u16.to_le_bytes()); // PCM
    bytes.extend_from_slice(&1_u16.to_le_bytes()); // one channel
    bytes.extend_from_slice(&RATE.to_le_bytes());
    bytes.extend_from_slice(&(RATE * 2).to_le_bytes());
    bytes.extend_from_slice(&2_u16.to_le_bytes()); // bytes a sample
    bytes.extend_from_slice(&16_u16.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_heard_when_the_voice_says_so() {
        let (samples, words) = Voice { seed: 1 }.speak("One river, two banks.");
        assert_eq!(words.len(), 4);
        let loud = |from: u32, to: u32| {
            let range = (from * RATE / 1000) as usize..(to * RATE / 1000) as usize;
            samples[range]
                .iter()
                .any(|sample| sample.unsigned_abs() > 1_000)
        };
        assert!(!loud(0, words[0].start_ms));
        for pair in words.windows(2) {
            assert!(loud(pair[0].start_ms, pair[0].end_ms));
            assert!(!loud(pair[0].end_ms, pair[1].start_ms));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
        let say = |seed| Voice { seed }.wav("One river.");
        assert_eq!(say(1), say(1));
        assert_ne!(say(1), say(2));
    }
}
