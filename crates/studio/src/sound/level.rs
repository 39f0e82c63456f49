//! Loudness after ITU-R BS.1770 (EBU R 128).

use ebur128::{EbuR128, Mode};

use super::{Sound, from_db};

/// Why a loudness can't be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoudnessError {
    /// All of it lies below the gate at −70 LUFS, or it is shorter than 400 ms.
    #[error("it is silent or too short to measure")]
    Silent,
    /// The meter refused the format.
    #[error("the loudness meter refused {rate} Hz, {channels} channels")]
    Format {
        /// Frames per second.
        rate: u32,
        /// Samples per frame.
        channels: u16,
    },
}

/// A meter for integrated loudness.
pub(super) fn meter(rate: u32, channels: u16) -> Result<EbuR128, LoudnessError> {
    EbuR128::new(u32::from(channels), rate, Mode::I)
        .map_err(|_| LoudnessError::Format { rate, channels })
}

/// What a meter shows, in steps of 0.01 LU: finer differences, which come from how a platform
/// rounds logarithms, must not reach the samples.
pub(super) fn reading(meter: &EbuR128) -> Result<f32, LoudnessError> {
    let lufs = meter.loudness_global().map_err(|_| LoudnessError::Silent)?;
    if lufs.is_finite() {
        Ok((libm::rint(lufs * 100.0) / 100.0) as f32)
    } else {
        Err(LoudnessError::Silent)
    }
}

/// The integrated loudness in LUFS. One channel is measured as if it came from both speakers,
/// which is how it will be heard: 3 dB above a single one.
pub fn loudness(sound: &Sound) -> Result<f32, LoudnessError> {
    let mut meter = meter(sound.rate, sound.channels)?;
    if sound.channels == 1 {
        // Fails only for a channel that doesn't exist.
        meter
            .set_channel(0, ebur128::Channel::DualMono)
            .map_err(|_| LoudnessError::Format {
                rate: sound.rate,
                channels: sound.channels,
            })?;
    }
    meter
        .add_frames_f32(&sound.samples)
        .map_err(|_| LoudnessError::Silent)?;
    reading(&meter)
}

/// Brings a scene's narration to `lufs` by one gain; returns the gain in decibels. Silence is
/// left alone. Peaks may rise above 1 and are the limiter's business.
pub fn equalise(sound: &mut Sound, lufs: f32) -> f32 {
    // Further than this lies noise, not speech: it must not be blown up.
    const GAIN_DB_MAX: f32 = 30.0;
    match loudness(sound) {
        Ok(measured) => {
            let gain_db = (lufs - measured).clamp(-GAIN_DB_MAX, GAIN_DB_MAX);
            sound.gain(from_db(gain_db));
            gain_db
        }
        Err(_) => 0.0,
    }
}
