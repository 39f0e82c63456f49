//! When speech sets in after a pause, heard in its energy alone.

use studio::sound::Sound;

/// Width of a window, in milliseconds: how finely onsets are told.
const WINDOW_MS: u32 = 10;
/// The band in which voices have their energy, in hertz: above hum, below hiss.
const BAND_HZ: (f64, f64) = (150.0, 5000.0);
/// Speech is loud: the level that a tenth of the windows exceed stands for it.
const LOUD_SHARE: f64 = 0.1;
/// A window this far below the loud level belongs to a pause, in dB.
const PAUSE_DB: f32 = 30.0;
/// A pause becomes one after that many windows: shorter ones are stops within words.
const PAUSE_WINDOWS: usize = 12;

/// When speech sets in after pauses of at least 120 ms, in milliseconds. The first onset counts.
///
/// Meant for narration alone. In a mix, a music bed fills the pauses and its beats count as
/// onsets.
pub fn onsets(sound: &Sound) -> Vec<u32> {
    let mut envelope = Envelope::new(sound.rate);
    for frame in sound.samples.chunks(usize::from(sound.channels.max(1))) {
        envelope.take(frame.iter().sum::<f32>() / frame.len() as f32);
    }
    envelope.onsets()
}

/// The band's level in windows of 10 ms.
pub(super) struct Envelope {
    levels_db: Vec<f32>,
    window: u32,
    /// Samples and their energy in the window so far.
    count: u32,
    energy: f64,
    low: Pole,
    high: Pole,
}

impl Envelope {
    pub(super) fn new(rate: u32) -> Self {
        Self {
            levels_db: Vec::new(),
            window: (rate * WINDOW_MS / 1000).max(1),
            count: 0,
            energy: 0.0,
            low: Pole::at(BAND_HZ.0, rate),
            high: Pole::at(BAND_HZ.1, rate),
        }
    }

    pub(super) fn take(&mut self, sample: f32) {
        let sample = f64::from(sample);
        let band = self.high.follow(sample - self.low.follow(sample));
        self.energy += band * band;
        self.count += 1;
        if self.count == self.window {
            let mean = self.energy / f64::from(self.window);
            self.levels_db.push((10.0 * mean.max(1e-12).log10()) as f32);
            (self.count, self.energy) = (0, 0.0);
        }
    }

    pub(super) fn onsets(&self) -> Vec<u32> {
        let mut sorted = self.levels_db.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let Some(loud) = sorted.get((sorted.len() as f64 * LOUD_SHARE) as usize) else {
            return Vec::new();
        };
        let quiet = loud - PAUSE_DB;
        let mut onsets = Vec::new();
        // Before the beginning lies a pause.
        let mut paused = PAUSE_WINDOWS;
        for (window, level) in self.levels_db.iter().enumerate() {
            // Below -70 dB nothing is speech, however quiet the rest.
            if *level < quiet.max(-70.0) {
                paused += 1;
            } else {
                if paused >= PAUSE_WINDOWS {
                    onsets.push(window as u32 * WINDOW_MS);
                }
                paused = 0;
            }
        }
        onsets
    }
}

/// A one-pole low-pass filter.
struct Pole {
    factor: f64,
    state: f64,
}

impl Pole {
    fn at(hertz: f64, rate: u32) -> Self {
        let factor = 1.0 - (-2.0 * std::f64::consts::PI * hertz / f64::from(rate.max(1))).exp();
        Self { factor, state: 0.0 }
    }

    fn follow(&mut self, sample: f64) -> f64 {
        self.state += self.factor * (sample - self.state);
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bursts of a voice-like tone with soft edges, over some hum.
    fn bursts(at_ms: &[u32], length_ms: u32, total_ms: u32) -> Sound {
        let rate = 48_000;
        let samples = (0..total_ms * 48).map(|n| {
            let t = f64::from(n) / 48_000.0;
            let inside = at_ms
                .iter()
                .any(|at| (*at..at + length_ms).contains(&(n / 48)));
            let voice = if inside {
                0.3 * (t * 1500.0).sin()
            } else {
                0.0
            };
            (voice + 0.0005 * (t * 314.0).sin()) as f32
        });
        Sound::mono(rate, samples.collect())
    }

    #[test]
    fn onsets_after_pauses_are_found_to_ten_milliseconds() {
        let found = onsets(&bursts(&[300, 1005, 2500], 400, 3500));
        let off = found
            .iter()
            .zip([300, 1005, 2500])
            .map(|(a, b)| a.abs_diff(b));
        assert!(found.len() == 3 && off.max().unwrap() <= 10, "{found:?}");
    }

    #[test]
    fn short_gaps_and_silence_have_none() {
        // 60 ms between bursts: a stop, not a pause.
        assert_eq!(onsets(&bursts(&[0, 460, 920], 400, 2000)), [0]);
        assert_eq!(onsets(&bursts(&[], 0, 1000)), Vec::<u32>::new());
        assert_eq!(onsets(&Sound::mono(48_000, Vec::new())), Vec::<u32>::new());
    }
}
