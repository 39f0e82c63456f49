//! A limiter that sees the peaks between samples before they come.

use std::collections::VecDeque;
use std::f64::consts::PI;

use super::RATE;

/// Input frames on each side of an interpolated value.
const REACH: usize = 12;
/// Interpolated values per frame, as ITU-R BS.1770 asks for at 48 kHz.
const OVERSAMPLING: usize = 4;
/// Frames over which the gain comes down before a peak: 5 ms.
const AHEAD: usize = RATE as usize / 200;
/// Milliseconds in which a lowered gain comes back to within a third of the way.
const RELEASE_MS: f64 = 90.0;

/// Weights of the values between two frames; row `k` lies `(k + 1) / 4` after the first.
fn interpolator() -> [[f32; 2 * REACH]; OVERSAMPLING - 1] {
    let mut rows = [[0.0; 2 * REACH]; OVERSAMPLING - 1];
    for (k, row) in rows.iter_mut().enumerate() {
        let offset = (k + 1) as f64 / OVERSAMPLING as f64;
        let mut weights = [0.0; 2 * REACH];
        for (tap, weight) in weights.iter_mut().enumerate() {
            let x = tap as f64 + 1.0 - REACH as f64 - offset;
            let window = 0.5 + 0.5 * libm::cos(PI * x / (REACH as f64 + 0.5));
            *weight = window * libm::sin(PI * x) / (PI * x);
        }
        let sum: f64 = weights.iter().sum();
        for (out, weight) in row.iter_mut().zip(weights) {
            *out = (weight / sum) as f32;
        }
    }
    rows
}

/// Finds peaks between samples: give it frames one by one.
struct PeakMeter {
    rows: [[f32; 2 * REACH]; OVERSAMPLING - 1],
    /// The last frames of both channels, written twice so that a window is one slice.
    past: [[f32; 4 * REACH]; 2],
    at: usize,
    /// Below this magnitude no value between samples can reach the level of interest: the
    /// weights' magnitudes sum to less than 2.
    quiet: f32,
    /// Frames since one at or above `quiet`.
    calm: usize,
}

impl PeakMeter {
    fn new(interest: f32) -> Self {
        Self {
            rows: interpolator(),
            past: [[0.0; 4 * REACH]; 2],
            at: 0,
            quiet: interest / 2.0,
            calm: 2 * REACH,
        }
    }

    /// Takes a frame; returns the peak at, and right after, the frame `REACH` frames ago.
    /// Peaks below half the level of interest are returned as zero.
    fn step(&mut self, frame: [f32; 2]) -> f32 {
        let window = 2 * REACH;
        for (past, s) in self.past.iter_mut().zip(frame) {
            past[self.at] = s;
            past[self.at + window] = s;
        }
        self.at = (self.at + 1) % window;
        let loud = frame[0].abs().max(frame[1].abs()) >= self.quiet;
        self.calm = if loud { 0 } else { self.calm + 1 };
        if self.calm >= window {
            return 0.0;
        }
        let mut peak = 0.0_f32;
        for past in &self.past {
            let recent = &past[self.at..self.at + window];
            peak = peak.max(recent[REACH - 1].abs());
            for row in &self.rows {
                let value: f32 = row.iter().zip(recent).map(|(w, s)| w * s).sum();
                peak = peak.max(value.abs());
            }
        }
        peak
    }
}

/// The true peak of a stereo stream at [`RATE`], by fourfold oversampling.
pub struct TruePeak(PeakMeter, f32);

impl Default for TruePeak {
    fn default() -> Self {
        Self(PeakMeter::new(0.0), 0.0)
    }
}

impl TruePeak {
    /// Takes frames of two samples.
    pub fn add(&mut self, samples: &[f32]) {
        for frame in samples.chunks_exact(2) {
            self.1 = self.1.max(self.0.step([frame[0], frame[1]]));
        }
    }

    /// The largest magnitude, as a factor, that the whole stream reaches if it ends here.
    pub fn end(mut self) -> f32 {
        self.add(&[0.0; 4 * REACH]);
        self.1
    }
}

/// Keeps the true peak of a stereo stream at [`RATE`] below a ceiling.
///
/// The gain comes down over 5 ms before a peak, along a straight line, and returns within about
/// 0.2 s; between peaks it is 1 and the samples pass unchanged. The output lags by
/// [`Limiter::LATENCY`] frames.
pub struct Limiter {
    ceiling: f32,
    meter: PeakMeter,
    keep: f32,
    /// Smallest gains of the look-ahead window: frame numbers and gains, rising.
    lows: VecDeque<(u64, f32)>,
    now: u64,
    held: f32,
    /// The last held gains and their sum.
    window: VecDeque<f32>,
    sum: f64,
    delayed: VecDeque<[f32; 2]>,
    deepest: f32,
}

impl Limiter {
    /// Frames by which the output lags behind the input.
    pub const LATENCY: usize = AHEAD - 1 + REACH;

    /// A limiter with its ceiling as a factor: 0.84 is −1.5 dB.
    pub fn new(ceiling: f32) -> Self {
        Self {
            ceiling,
            meter: PeakMeter::new(ceiling),
            keep: super::filter::keep(RATE, RELEASE_MS) as f32,
            lows: VecDeque::with_capacity(AHEAD),
            now: 0,
            held: 1.0,
            window: std::iter::repeat_n(1.0, AHEAD).collect(),
            sum: AHEAD as f64,
            delayed: std::iter::repeat_n([0.0; 2], Self::LATENCY).collect(),
            deepest: 1.0,
        }
    }

    /// Passes frames of two samples through, in place.
    pub fn run(&mut self, samples: &mut [f32]) {
        for frame in samples.chunks_exact_mut(2) {
            let out = self.step([frame[0], frame[1]]);
            frame.copy_from_slice(&out);
        }
    }

    /// The lowest gain so far, as a factor.
    pub const fn deepest(&self) -> f32 {
        self.deepest
    }

    fn step(&mut self, frame: [f32; 2]) -> [f32; 2] {
        let peak = self.meter.step(frame);
        let wanted = if peak > self.ceiling {
            self.ceiling / peak
        } else {
            1.0
        };
        let low = self.lowest_of_window(wanted);
        let rising = 1.0 - (1.0 - self.held) * self.keep;
        self.held = low.min(rising);
        self.window.push_back(self.held);
        let oldest = self.window.pop_front().unwrap_or(1.0);
        self.sum += f64::from(self.held) - f64::from(oldest);
        let gain = ((self.sum / AHEAD as f64) as f32).min(1.0);
        self.deepest = self.deepest.min(gain);
        self.delayed.push_back(frame);
        let due = self.delayed.pop_front().unwrap_or_default();
        [due[0] * gain, due[1] * gain]
    }

    /// The smallest wanted gain of the last [`AHEAD`] frames.
    fn lowest_of_window(&mut self, wanted: f32) -> f32 {
        while self.lows.back().is_some_and(|&(_, gain)| gain >= wanted) {
            self.lows.pop_back();
        }
        self.lows.push_back((self.now, wanted));
        while self
            .lows
            .front()
            .is_some_and(|&(at, _)| at + AHEAD as u64 <= self.now)
        {
            self.lows.pop_front();
        }
        self.now += 1;
        self.lows.front().map_or(1.0, |&(_, gain)| gain)
    }
}
