//! Makes a voice pleasant: the treatment every narration gets in a studio, done gently.

use std::f64::consts::FRAC_1_SQRT_2;

use super::filter::{Biquad, Corner, keep};
use super::{Sound, level};

/// The loudness at which the thresholds below are meant.
const WORKING_LUFS: f32 = -18.0;

/// Largest magnitude that leaves: files of integers must not clip.
const PEAK_MAX: f32 = 0.98;

/// Treats a narration: rumble out, a little less chest and a little more presence, sharp "s"
/// softened, loud and soft words brought closer together, ends faded. One channel comes out.
///
/// The loudness stays where it was, unless peaks would clip. Silence is returned as it is.
#[must_use]
pub fn polish(voice: Sound) -> Sound {
    let mut sound = if voice.channels == 1 {
        voice
    } else {
        voice.to_mono()
    };
    let Ok(before) = level::loudness(&sound) else {
        return sound;
    };
    level::equalise(&mut sound, WORKING_LUFS);
    equalize(&mut sound);
    compress(&mut sound);
    level::equalise(&mut sound, WORKING_LUFS);
    // Last: bringing loud words down has brought every "s" up.
    soften_sibilants(&mut sound);
    level::equalise(&mut sound, before);
    let peak = sound.peak();
    if peak > PEAK_MAX {
        sound.gain(PEAK_MAX / peak);
    }
    sound.fade(4, 8);
    sound
}

/// Fixed tone: what lies below the voice goes, the band of consonants comes forward.
fn equalize(sound: &mut Sound) {
    let corner = |hertz, q| Corner {
        rate: sound.rate,
        hertz,
        q,
    };
    let mut chain = [
        Biquad::high_pass(corner(75.0, FRAC_1_SQRT_2)),
        Biquad::peak(corner(280.0, 0.9), -1.5),
        Biquad::peak(corner(3000.0, 0.8), 2.0),
        Biquad::high_shelf(corner(7500.0, FRAC_1_SQRT_2), -1.0),
    ];
    for s in &mut sound.samples {
        *s = chain
            .iter_mut()
            .fold(f64::from(*s), |x, filter| filter.step(x)) as f32;
    }
}

/// Turns the band above 5 kHz down while it sticks out.
fn soften_sibilants(sound: &mut Sound) {
    /// Above this level the band counts as sharp. In speech at −18 LUFS "s" reaches −24 dB,
    /// vowels stay below −42 dB.
    const SHARP_DB: f64 = -40.0;
    /// Decibels taken off for each decibel above.
    const SLOPE: f64 = 0.6;
    const CUT_DB_MAX: f64 = 10.0;
    const SHELF_HZ: f64 = 3500.0;

    let corner = Corner {
        rate: sound.rate,
        hertz: 5000.0,
        q: FRAC_1_SQRT_2,
    };
    let mut band = Biquad::high_pass(corner);
    let (rise, fall) = (keep(sound.rate, 1.0), keep(sound.rate, 25.0));
    // What is turned down is what a first-order low-pass leaves: a shelf without ripples.
    let darken = 1.0 - libm::exp(-std::f64::consts::TAU * SHELF_HZ / f64::from(sound.rate));
    let (mut power, mut low) = (0.0, 0.0);
    for s in &mut sound.samples {
        let x = f64::from(*s);
        low += darken * (x - low);
        let high = band.step(x);
        let now = high * high;
        let k = if now > power { rise } else { fall };
        power = now + (power - now) * k;
        let over = 10.0 * libm::log10(power + 1e-12) - SHARP_DB;
        if over > 0.0 {
            let cut = (over * SLOPE).min(CUT_DB_MAX);
            let gain = libm::pow(10.0, -cut / 20.0);
            *s = (low + (x - low) * gain) as f32;
        }
    }
}

/// Brings loud words down, with a soft knee: 2.5 : 1 above −28 dB.
fn compress(sound: &mut Sound) {
    const THRESHOLD_DB: f64 = -28.0;
    const KNEE_DB: f64 = 8.0;
    const RATIO: f64 = 2.5;

    let (rise, fall) = (keep(sound.rate, 8.0), keep(sound.rate, 100.0));
    let mut power = 0.0;
    for s in &mut sound.samples {
        let x = f64::from(*s);
        let now = x * x;
        let k = if now > power { rise } else { fall };
        power = now + (power - now) * k;
        let over = 10.0 * libm::log10(power + 1e-12) - THRESHOLD_DB;
        let bent = if over <= -KNEE_DB / 2.0 {
            continue;
        } else if over < KNEE_DB / 2.0 {
            let into = over + KNEE_DB / 2.0;
            into * into / (2.0 * KNEE_DB)
        } else {
            over
        };
        let cut = bent * (1.0 - 1.0 / RATIO);
        *s = (x * libm::pow(10.0, -cut / 20.0)) as f32;
    }
}
