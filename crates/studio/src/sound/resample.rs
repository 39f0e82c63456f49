//! Change of rate by a windowed sinc.

use std::f64::consts::PI;

use super::Sound;

/// Zero crossings on each side of the kernel. 32 with β = 10 gives a stop band below −95 dB and
/// a transition band of about 6 % of the lower rate.
const CROSSINGS: usize = 32;
/// Shape of the Kaiser window.
const BETA: f64 = 10.0;
/// Kernels kept in a table; ratios with more phases compute each kernel anew.
const PHASES_MAX: u64 = 2048;

/// The same sound at `rate` frames per second.
///
/// The kernel's cut-off lies at 97 % of the lower Nyquist frequency. Output frame `i` is the
/// input at time `i / rate` exactly, so nothing is delayed.
#[must_use]
pub fn resample(sound: &Sound, rate: u32) -> Sound {
    if sound.rate == rate || sound.samples.is_empty() || sound.rate == 0 || rate == 0 {
        return Sound {
            rate,
            ..sound.clone()
        };
    }
    let common = gcd(u64::from(sound.rate), u64::from(rate));
    let (up, down) = (u64::from(rate) / common, u64::from(sound.rate) / common);
    let scale = (f64::from(rate) / f64::from(sound.rate)).min(1.0) * 0.97;
    let half = (CROSSINGS as f64 / scale) as usize + 1;
    let table: Vec<Vec<f32>> = if up <= PHASES_MAX {
        (0..up)
            .map(|phase| kernel(phase as f64 / up as f64, scale, half))
            .collect()
    } else {
        Vec::new()
    };

    let channels = sound.channels.max(1) as usize;
    let frames = sound.frames();
    let out_frames = (frames as u64 * up).div_ceil(down) as usize;
    let mut samples = Vec::with_capacity(out_frames * channels);
    for i in 0..out_frames as u64 {
        let position = i * down;
        let (base, phase) = ((position / up) as usize, position % up);
        let fresh;
        let taps = if let Some(taps) = table.get(phase as usize) {
            taps
        } else {
            fresh = kernel(phase as f64 / up as f64, scale, half);
            &fresh
        };
        // Tap k weighs input frame base + k + 1 − half.
        let skip = (half - 1).saturating_sub(base);
        let end = taps.len().min(frames + half - 1 - base);
        for channel in 0..channels {
            let first = base + skip + 1 - half;
            let inputs = sound.samples[first * channels + channel..]
                .iter()
                .step_by(channels);
            let sum: f32 = taps[skip..end]
                .iter()
                .zip(inputs)
                .map(|(tap, s)| tap * s)
                .sum();
            samples.push(sum);
        }
    }
    Sound {
        rate,
        channels: sound.channels,
        samples,
    }
}

/// The kernel for a position `offset` frames after an input frame, normalised to unity at DC.
fn kernel(offset: f64, scale: f64, half: usize) -> Vec<f32> {
    let span = CROSSINGS as f64 / scale;
    let taps: Vec<f64> = (0..2 * half)
        .map(|k| {
            let x = k as f64 + 1.0 - half as f64 - offset;
            let window = kaiser(x / span);
            let phase = PI * x * scale;
            if phase.abs() < 1e-9 {
                window
            } else {
                window * libm::sin(phase) / phase
            }
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|tap| (tap / sum) as f32).collect()
}

fn kaiser(x: f64) -> f64 {
    if x.abs() >= 1.0 {
        0.0
    } else {
        bessel(BETA * libm::sqrt(1.0 - x * x)) / bessel(BETA)
    }
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term, quarter) = (1.0, 1.0, x * x / 4.0);
    for k in 1..64 {
        term *= quarter / f64::from(k * k);
        sum += term;
        if term < sum * 1e-16 {
            break;
        }
    }
    sum
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
