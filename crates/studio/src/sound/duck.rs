//! The bed steps back while somebody speaks.

use std::ops::Range;

use super::{RATE, Sound, from_db, swell};

/// Where somebody speaks, in frames of the mix, in order and disjoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speaking(Vec<Range<u64>>);

/// Windows whose level tells speech from silence.
const WINDOW_MS: u64 = 10;
/// A window this far below the loudest one is no speech. Weak endings lie 25 to 30 dB down.
const BELOW_LOUDEST_DB: f32 = -38.0;
/// The bed stays down over shorter pauses than this: coming up between words, it would pump.
const BRIDGED_MS: u64 = 600;

impl Speaking {
    /// Adds a narration of [`RATE`] that starts at frame `at` of the mix.
    pub fn add(&mut self, at: u64, narration: &Sound) {
        let channels = narration.channels.max(1) as usize;
        let window = narration.frame_at(WINDOW_MS).max(1);
        let powers: Vec<f32> = narration
            .samples
            .chunks(window * channels)
            .map(|piece| piece.iter().map(|s| s * s).sum::<f32>() / piece.len() as f32)
            .collect();
        let loudest = powers.iter().copied().fold(0.0, f32::max);
        let floor = loudest * from_db(BELOW_LOUDEST_DB) * from_db(BELOW_LOUDEST_DB);
        for (i, _) in powers
            .iter()
            .enumerate()
            .filter(|&(_, &p)| p > floor && p > 1e-9)
        {
            let start = at + (i * window) as u64;
            self.0.push(start..start + window as u64);
        }
        self.merge();
    }

    /// Joins what overlaps or lies close together.
    fn merge(&mut self) {
        self.0.sort_by_key(|range| range.start);
        let bridged = BRIDGED_MS * u64::from(RATE) / 1000;
        let mut merged: Vec<Range<u64>> = Vec::with_capacity(self.0.len());
        for range in self.0.drain(..) {
            match merged.last_mut() {
                Some(last) if range.start <= last.end + bridged => {
                    last.end = last.end.max(range.end);
                }
                _ => merged.push(range),
            }
        }
        self.0 = merged;
    }

    /// The stretches of speech.
    pub fn ranges(&self) -> &[Range<u64>] {
        &self.0
    }

    /// Tells whether `frame` lies in speech.
    pub fn at(&self, frame: u64) -> bool {
        let next = self.0.partition_point(|range| range.end <= frame);
        self.0.get(next).is_some_and(|range| range.start <= frame)
    }
}

/// How far and how fast the bed steps back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ducking {
    /// Decibels by which the bed is lowered under speech; above zero.
    pub depth_db: f32,
    /// Milliseconds before the first word in which it goes down.
    pub attack_ms: u64,
    /// Milliseconds after the last word in which it comes back.
    pub release_ms: u64,
}

impl Default for Ducking {
    /// 6.5 dB, which leaves it 18 dB under the voice: felt, never in the way; down within 350 ms, back within 900 ms: slow enough not to be noticed.
    fn default() -> Self {
        Self {
            depth_db: 6.5,
            attack_ms: 350,
            release_ms: 900,
        }
    }
}

impl Ducking {
    /// Multiplies `bed` (frames of two samples, the first at `start` of the mix) by the gain
    /// that the speech around asks for.
    pub(super) fn apply(&self, speaking: &Speaking, start: u64, bed: &mut [f32]) {
        let attack = self.attack_ms * u64::from(RATE) / 1000;
        let release = self.release_ms * u64::from(RATE) / 1000;
        let ranges = speaking.ranges();
        // The first range whose release may still reach `start`.
        let mut next = ranges.partition_point(|range| range.end + release <= start);
        for (i, frame) in bed.chunks_exact_mut(2).enumerate() {
            let now = start + i as u64;
            while ranges
                .get(next)
                .is_some_and(|range| range.end + release <= now)
            {
                next += 1;
            }
            // A release may overlap the attack of the range after it, but no third one.
            let near = ranges.iter().skip(next).take(2);
            let down = near
                .map(|range| weight(range, now, attack, release))
                .fold(0.0, f32::max);
            if down > 0.0 {
                let gain = from_db(-self.depth_db * down);
                frame[0] *= gain;
                frame[1] *= gain;
            }
        }
    }
}

/// How far down the bed is at `now` because of one stretch of speech: 0 to 1.
fn weight(range: &Range<u64>, now: u64, attack: u64, release: u64) -> f32 {
    if now < range.start {
        let ahead = range.start - now;
        if ahead >= attack {
            0.0
        } else {
            swell(1.0 - ahead as f32 / attack as f32)
        }
    } else if now < range.end {
        1.0
    } else {
        let past = now - range.end;
        if past >= release {
            0.0
        } else {
            swell(1.0 - past as f32 / release as f32)
        }
    }
}
