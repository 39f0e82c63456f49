//! The last step: one gain to the target loudness, peaks kept below the ceiling.

use super::limit::{Limiter, TruePeak};
use super::mix::{Balance, Mix};
use super::{LoudnessError, RATE, from_db, level, to_db};

/// Integrated loudness of a finished video: what `YouTube` plays without turning it down.
pub const TARGET_LUFS: f32 = -14.0;
/// True peak of the samples; AAC adds some tenths of a decibel, and −1 dBTP is the bound of
/// the finished file.
pub const PEAK_DBTP: f32 = -1.5;

/// The limiter aims a little lower: its moving gain lets peaks between samples slip by up to
/// 0.05 dB.
const CEILING_DB: f32 = PEAK_DBTP - 0.1;
/// Corrections of the gain after limiting has taken some loudness away.
const CORRECTIONS_MAX: u32 = 4;
/// Loudness closer than this to the target is not corrected further.
const NEAR_LU: f32 = 0.1;
/// Gains above this would only lift noise.
const GAIN_DB_MAX: f32 = 40.0;

/// What the master did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mastered {
    /// Integrated loudness of the result; the target within 0.5 LU unless `gain_db` hit its
    /// bound.
    pub lufs: f32,
    /// True peak of the result.
    pub peak_dbtp: f32,
    /// The gain of every sample before the limiter.
    pub gain_db: f32,
    /// The deepest cut of the limiter; zero or below.
    pub limited_db: f32,
    /// Narration against bed while somebody speaks.
    pub balance: Balance,
}

/// Why there is no master.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterError<E: std::error::Error> {
    /// The mix is silent.
    #[error("the mix can't be measured")]
    Loudness(#[source] LoudnessError),
    /// The receiver of the samples failed.
    #[error("the mix can't be written")]
    Sink(#[source] E),
    /// Somebody wants the work to stop.
    #[error("mastering was cancelled")]
    Cancelled,
}

/// Masters a mix and hands it to `sink` in order, as frames of two samples at [`RATE`].
///
/// The mix is computed several times, in blocks: once to measure it, once or more to find the
/// gain that survives the limiter, once to hand it out. `stop` is asked at each block.
pub fn master<E: std::error::Error>(
    mix: &Mix,
    stop: &dyn Fn() -> bool,
    mut sink: impl FnMut(&[f32]) -> Result<(), E>,
) -> Result<Mastered, MasterError<E>> {
    let raw = measure(mix, None, stop)?;
    let mut gain_db = (TARGET_LUFS - raw.lufs).clamp(-GAIN_DB_MAX, GAIN_DB_MAX);
    for _ in 0..CORRECTIONS_MAX {
        let pass = measure(mix, Some(gain_db), stop)?;
        let missing = TARGET_LUFS - pass.lufs;
        if missing.abs() <= NEAR_LU {
            break;
        }
        gain_db = (gain_db + missing).clamp(-GAIN_DB_MAX, GAIN_DB_MAX);
    }
    let pass = run(mix, Some(gain_db), stop, &mut sink)?;
    Ok(Mastered {
        lufs: pass.lufs,
        peak_dbtp: to_db(pass.peak),
        gain_db,
        limited_db: to_db(pass.deepest),
        balance: mix.balance(),
    })
}

/// What one pass over the mix found.
struct Pass {
    lufs: f32,
    peak: f32,
    deepest: f32,
}

fn measure<E: std::error::Error>(
    mix: &Mix,
    gain_db: Option<f32>,
    stop: &dyn Fn() -> bool,
) -> Result<Pass, MasterError<E>> {
    run(mix, gain_db, stop, &mut |_: &[f32]| Ok(()))
}

/// One pass: with a gain through the limiter, without one as it is.
fn run<E: std::error::Error>(
    mix: &Mix,
    gain_db: Option<f32>,
    stop: &dyn Fn() -> bool,
    sink: &mut dyn FnMut(&[f32]) -> Result<(), E>,
) -> Result<Pass, MasterError<E>> {
    let mut meter = level::meter(RATE, 2).map_err(MasterError::Loudness)?;
    let mut limiter = gain_db.map(|gain| (from_db(gain), Limiter::new(from_db(CEILING_DB))));
    let mut skip = if limiter.is_some() {
        Limiter::LATENCY * 2
    } else {
        0
    };
    let mut peak = TruePeak::default();
    let mut out = |block: &[f32]| {
        // The limiter's delay is cut from the front and flushed at the end.
        let cut = skip.min(block.len());
        skip -= cut;
        let block = &block[cut..];
        if stop() {
            return Err(MasterError::Cancelled);
        }
        // Fails only for a number of samples that is no multiple of two.
        let _ = meter.add_frames_f32(block);
        peak.add(block);
        sink(block).map_err(MasterError::Sink)
    };
    mix.blocks(|block| {
        if let Some((gain, limiter)) = &mut limiter {
            for s in block.iter_mut() {
                *s *= *gain;
            }
            limiter.run(block);
        }
        out(block)
    })?;
    if let Some((_, limiter)) = &mut limiter {
        let mut rest = vec![0.0; Limiter::LATENCY * 2];
        limiter.run(&mut rest);
        out(&rest)?;
    }
    let deepest = limiter.map_or(1.0, |(_, limiter)| limiter.deepest());
    let lufs = level::reading(&meter).map_err(MasterError::Loudness)?;
    Ok(Pass {
        lufs,
        peak: peak.end(),
        deepest,
    })
}
