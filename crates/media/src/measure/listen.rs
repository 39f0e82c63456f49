//! Measures sound sample by sample as it is decoded.

use ebur128::{EbuR128, Mode};
use studio::sound::RATE;

use super::onset::Envelope;
use super::{Heard, Span, Thresholds};

/// All sound is measured in stereo.
const CHANNELS: usize = 2;

/// Takes stereo samples at 48 kHz in the order in which they are heard.
pub(super) struct Listener {
    meter: Option<EbuR128>,
    envelope: Envelope,
    silence: Silence,
    frames: u64,
    clipped: u64,
}

impl Listener {
    pub(super) fn new(thresholds: &Thresholds) -> Self {
        Self {
            // It refuses only rates and channel counts that are not ours.
            meter: EbuR128::new(CHANNELS as u32, RATE, Mode::I | Mode::TRUE_PEAK).ok(),
            envelope: Envelope::new(RATE),
            silence: Silence {
                peak: 10_f64.powf(thresholds.silence_dbfs / 20.0) as f32,
                frames_min: (thresholds.silence_s * f64::from(RATE)) as u64,
                since: 0,
                spans: Vec::new(),
            },
            frames: 0,
            clipped: 0,
        }
    }

    /// Takes whole frames of 32-bit floats, little-endian.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let samples: Vec<f32> = bytes
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        for [left, right] in samples.as_chunks().0 {
            let peak = left.abs().max(right.abs());
            self.clipped += [left, right].into_iter().filter(|s| s.abs() >= 1.0).count() as u64;
            self.silence.take(self.frames, peak);
            self.envelope.take(f32::midpoint(*left, *right));
            self.frames += 1;
        }
        if let Some(meter) = &mut self.meter {
            // It refuses only partial frames.
            let _whole = meter.add_frames_f32(&samples);
        }
    }

    pub(super) fn finish(mut self) -> Heard {
        self.silence.end(self.frames);
        let meter = self.meter.as_ref();
        let loudness = meter.and_then(|meter| meter.loudness_global().ok());
        let peaks = (0..CHANNELS as u32)
            .filter_map(|channel| meter.and_then(|meter| meter.true_peak(channel).ok()));
        let peak = peaks.fold(0.0, f64::max);
        Heard {
            length_s: self.frames as f64 / f64::from(RATE),
            loudness_lufs: loudness.filter(|lufs| lufs.is_finite()),
            true_peak_dbtp: (peak > 0.0).then(|| 20.0 * peak.log10()),
            clipped_samples: self.clipped,
            silence: self.silence.spans,
            onsets_ms: self.envelope.onsets(),
        }
    }
}

/// Finds stretches that stay below a peak.
struct Silence {
    peak: f32,
    frames_min: u64,
    /// The first frame after the last loud one.
    since: u64,
    spans: Vec<Span>,
}

impl Silence {
    fn take(&mut self, frame: u64, peak: f32) {
        if peak >= self.peak {
            self.end(frame);
            self.since = frame + 1;
        }
    }

    fn end(&mut self, frame: u64) {
        if frame.saturating_sub(self.since) >= self.frames_min.max(1) {
            let seconds = |frame: u64| frame as f64 / f64::from(RATE);
            self.spans.push(Span {
                start_s: seconds(self.since),
                end_s: seconds(frame),
            });
        }
    }
}
