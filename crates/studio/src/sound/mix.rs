//! Narration over a bed, block by block.

use super::duck::{Ducking, Speaking};
use super::{RATE, Sound, from_db, level, resample, swell};

/// Frames in a block of the mix: 85 ms.
const BLOCK: usize = 4096;

/// The loudness to which narration is brought before it is mixed.
const SPEECH_LUFS: f32 = -18.0;
/// How far the bed lies below the narration where nobody speaks.
const BED_BELOW_DB: f32 = 11.5;
/// The bed comes in over this time, and goes out over a little more.
const FADE_IN_MS: u64 = 1500;
const FADE_OUT_MS: u64 = 2200;

/// A video's sound: narrations at their places, a looped bed under them.
#[derive(Clone, Debug)]
pub struct Mix {
    frames: u64,
    pub(super) speech: Vec<(u64, Sound)>,
    speaking: Speaking,
    bed: Option<Sound>,
    ducking: Ducking,
}

/// How loud narration and bed are while somebody speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balance {
    /// Mean power of the narration over that of the bed, in decibels; infinite without a bed.
    pub speech_over_bed_db: f32,
}

impl Mix {
    /// A silent mix of `millis` milliseconds.
    pub fn new(millis: u64) -> Self {
        Self {
            frames: millis * u64::from(RATE) / 1000,
            speech: Vec::new(),
            speaking: Speaking::default(),
            bed: None,
            ducking: Ducking::default(),
        }
    }

    /// Frames in it.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// Places a scene's narration `at_ms` after the start, brought to the level of all others.
    /// It is turned into one channel of [`RATE`]; what lies past the mix's end is cut.
    pub fn speak(&mut self, at_ms: u64, narration: Sound) {
        let mono = if narration.channels == 1 {
            narration
        } else {
            narration.to_mono()
        };
        let mut mono = if mono.rate == RATE {
            mono
        } else {
            resample(&mono, RATE)
        };
        level::equalise(&mut mono, SPEECH_LUFS);
        let at = at_ms * u64::from(RATE) / 1000;
        self.speaking.add(at, &mono);
        self.speech.push((at, mono));
    }

    /// Lays a bed under everything, looped as often as needed: one of ours from
    /// [`bed`](super::bed()), or any music. A long piece costs memory (23 MB a minute); only as
    /// much of it as the mix is long is needed.
    pub fn lay(&mut self, mut bed: Sound) {
        if bed.channels != 2 {
            bed = doubled(&bed.to_mono());
        }
        if bed.rate != RATE {
            bed = resample(&bed, RATE);
        }
        level::equalise(&mut bed, SPEECH_LUFS - BED_BELOW_DB);
        self.bed = Some(bed).filter(|bed| bed.frames() > 0);
    }

    /// Changes how the bed steps back.
    pub const fn duck(&mut self, ducking: Ducking) {
        self.ducking = ducking;
    }

    /// Where somebody speaks.
    pub const fn speaking(&self) -> &Speaking {
        &self.speaking
    }

    /// Hands the mix to `sink` in order, as frames of two samples, until `sink` fails.
    pub fn blocks<E>(&self, mut sink: impl FnMut(&mut [f32]) -> Result<(), E>) -> Result<(), E> {
        let mut block = vec![0.0; BLOCK * 2];
        let mut at = 0;
        while at < self.frames {
            let frames = usize::try_from(self.frames - at).map_or(BLOCK, |left| left.min(BLOCK));
            let part = &mut block[..frames * 2];
            self.bed_at(at, part);
            self.add_speech(at, part);
            sink(part)?;
            at += frames as u64;
        }
        Ok(())
    }

    /// Measures both parts by themselves where somebody speaks.
    pub fn balance(&self) -> Balance {
        let (mut speech_power, mut bed_power) = (0.0_f64, 0.0_f64);
        let mut bed = vec![0.0; BLOCK * 2];
        let mut speech = vec![0.0; BLOCK * 2];
        let mut at = 0;
        while at < self.frames {
            let frames = usize::try_from(self.frames - at).map_or(BLOCK, |left| left.min(BLOCK));
            self.bed_at(at, &mut bed[..frames * 2]);
            speech.fill(0.0);
            self.add_speech(at, &mut speech[..frames * 2]);
            for i in (0..frames).filter(|&i| self.speaking.at(at + i as u64)) {
                bed_power += power(&bed[2 * i..2 * i + 2]);
                speech_power += power(&speech[2 * i..2 * i + 2]);
            }
            at += frames as u64;
        }
        let ratio = if bed_power > 0.0 {
            speech_power / bed_power
        } else {
            f64::INFINITY
        };
        Balance {
            speech_over_bed_db: (10.0 * libm::log10(ratio)) as f32,
        }
    }

    /// Writes the bed from frame `at` on, ducked and faded; silence without one.
    pub(super) fn bed_at(&self, at: u64, out: &mut [f32]) {
        let Some(bed) = &self.bed else {
            out.fill(0.0);
            return;
        };
        let loop_frames = bed.frames() as u64;
        let mut filled = 0;
        while filled < out.len() {
            let from = ((at + (filled / 2) as u64) % loop_frames) as usize * 2;
            let len = (bed.samples.len() - from).min(out.len() - filled);
            out[filled..filled + len].copy_from_slice(&bed.samples[from..from + len]);
            filled += len;
        }
        self.ducking.apply(&self.speaking, at, out);
        self.fade(at, out);
    }

    fn fade(&self, at: u64, out: &mut [f32]) {
        let frames = |millis: u64| {
            (millis * u64::from(RATE) / 1000)
                .min(self.frames / 3)
                .max(1)
        };
        let (rise, fall) = (frames(FADE_IN_MS), frames(FADE_OUT_MS));
        let len = (out.len() / 2) as u64;
        if at >= rise && at + len + fall <= self.frames {
            return;
        }
        for (i, frame) in out.chunks_exact_mut(2).enumerate() {
            let now = at + i as u64;
            let left = self.frames - now;
            let gain = swell(now as f32 / rise as f32) * swell((left - 1) as f32 / fall as f32);
            frame[0] *= gain;
            frame[1] *= gain;
        }
    }

    /// Adds the narration from frame `at` on.
    pub(super) fn add_speech(&self, at: u64, out: &mut [f32]) {
        let end = at + (out.len() / 2) as u64;
        for (start, sound) in &self.speech {
            let from = at.max(*start);
            let to = end.min(start + sound.frames() as u64);
            for now in from..to {
                let s = sound.samples[(now - start) as usize];
                let i = (now - at) as usize * 2;
                out[i] += s;
                out[i + 1] += s;
            }
        }
    }
}

fn power(samples: &[f32]) -> f64 {
    samples.iter().map(|s| f64::from(s * s)).sum()
}

/// One channel on both sides, 3 dB lower each, so that the power stays.
fn doubled(mono: &Sound) -> Sound {
    let gain = from_db(-3.0);
    let samples = mono
        .samples
        .iter()
        .flat_map(|s| [s * gain, s * gain])
        .collect();
    Sound {
        rate: mono.rate,
        channels: 2,
        samples,
    }
}
