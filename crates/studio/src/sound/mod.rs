//! Sound: narration made pleasant, a music bed, both mixed and mastered.
//!
//! Samples are `f32` in −1…1 at 48 kHz once they leave [`resample()`]. All arithmetic is plain
//! IEEE operations and `libm`'s portable functions, so that every machine computes the same
//! samples. A whole video's mix never exists in memory: [`Mix`] hands it out in blocks.
//!
//! # Memory
//! The largest thing held is the narration, one channel at 48 kHz: 184 MB for 16 minutes. The
//! bed is a loop of about a minute (25 MB), a block of the mix 64 kB.

mod bed;
mod duck;
mod filter;
mod level;
mod limit;
mod master;
mod mix;
mod polish;
mod resample;
mod trim;
mod wav;

#[cfg(test)]
mod tests;

pub use bed::{BED_MOODS, bed};
pub use duck::{Ducking, Speaking};
pub use level::{LoudnessError, equalise, loudness};
pub use limit::{Limiter, TruePeak};
pub use master::{MasterError, Mastered, PEAK_DBTP, TARGET_LUFS, master};
pub use mix::{Balance, Mix};
pub use polish::polish;
pub use resample::resample;
pub use trim::{sounding, trim};
pub use wav::{Depth, WavError, read_wav, wav_header, write_wav};

/// The rate of everything that is mixed.
pub const RATE: u32 = 48_000;

/// Samples in memory; the channels of a frame lie side by side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sound {
    /// Frames per second.
    pub rate: u32,
    /// Samples per frame: 1 or 2.
    pub channels: u16,
    /// The samples, −1…1; their number is a multiple of `channels`.
    pub samples: Vec<f32>,
}

impl Sound {
    /// A sound of one channel.
    pub const fn mono(rate: u32, samples: Vec<f32>) -> Self {
        Self {
            rate,
            channels: 1,
            samples,
        }
    }

    /// Silence of `frames` frames.
    pub fn silence(rate: u32, channels: u16, frames: usize) -> Self {
        Self {
            rate,
            channels,
            samples: vec![0.0; frames * channels as usize],
        }
    }

    /// Frames in it.
    pub fn frames(&self) -> usize {
        self.samples.len() / (self.channels.max(1) as usize)
    }

    /// Its length in milliseconds, rounded down.
    pub fn millis(&self) -> u64 {
        self.frames() as u64 * 1000 / u64::from(self.rate.max(1))
    }

    /// The frame at `millis`, which may lie past the end.
    pub const fn frame_at(&self, millis: u64) -> usize {
        (millis * self.rate as u64 / 1000) as usize
    }

    /// The largest magnitude of a sample; 0 for silence.
    pub fn peak(&self) -> f32 {
        self.samples.iter().fold(0.0, |peak, s| s.abs().max(peak))
    }

    /// Multiplies every sample.
    pub fn gain(&mut self, factor: f32) {
        self.samples.iter_mut().for_each(|s| *s *= factor);
    }

    /// One channel: the mean of all.
    #[must_use]
    pub fn to_mono(&self) -> Self {
        let channels = self.channels.max(1) as usize;
        let samples = self
            .samples
            .chunks_exact(channels)
            .map(|frame| frame.iter().sum::<f32>() / channels as f32)
            .collect();
        Self::mono(self.rate, samples)
    }

    /// Fades the first `fade_in` and the last `fade_out` milliseconds along half a cosine.
    pub fn fade(&mut self, fade_in: u64, fade_out: u64) {
        let (frames, channels) = (self.frames(), self.channels.max(1) as usize);
        let rise = self.frame_at(fade_in).min(frames);
        let fall = self.frame_at(fade_out).min(frames);
        for i in 0..rise {
            let gain = swell((i as f32 + 0.5) / rise as f32);
            self.samples[i * channels..][..channels]
                .iter_mut()
                .for_each(|s| *s *= gain);
        }
        for i in 0..fall {
            let gain = swell((i as f32 + 0.5) / fall as f32);
            let frame = frames - 1 - i;
            self.samples[frame * channels..][..channels]
                .iter_mut()
                .for_each(|s| *s *= gain);
        }
    }
}

/// Half a cosine from 0 at `x = 0` to 1 at `x = 1`; flat outside.
fn swell(x: f32) -> f32 {
    0.5 - 0.5 * libm::cosf(std::f32::consts::PI * x.clamp(0.0, 1.0))
}

/// The factor of a level in decibels.
fn from_db(db: f32) -> f32 {
    libm::powf(10.0, db / 20.0)
}

/// The level of a factor in decibels; −200 for zero.
fn to_db(factor: f32) -> f32 {
    if factor > 1e-10 {
        20.0 * libm::log10f(factor)
    } else {
        -200.0
    }
}
