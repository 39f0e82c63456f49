//! Easing: how far a motion has come.
//!
//! Only additions, multiplications and divisions of `f64`, which IEEE 754 fixes to the bit, so
//! every machine computes the same positions.

/// Part of a slow move spent on getting up to speed, and again on slowing down.
const RAMP: f64 = 0.12;

/// A slow move from 0 to 1 over `t` from 0 to 1: speeds up evenly, runs evenly, slows down.
///
/// Unlike a cubic it runs at one speed nearly all the time, which is what a camera on a rail
/// does; the eye sees no drift of speed.
pub(super) fn glide(t: f64) -> f64 {
    let top_speed = 1.0 / (1.0 - RAMP);
    let ramp = |t: f64| top_speed * t * t / (2.0 * RAMP);
    match t.clamp(0.0, 1.0) {
        t if t < RAMP => ramp(t),
        t if t > 1.0 - RAMP => 1.0 - ramp(1.0 - t),
        t => top_speed * (t - RAMP / 2.0),
    }
}

/// Comes to rest: fast at first, then ever slower. For what enters.
pub(super) fn settle(t: f64) -> f64 {
    let left = 1.0 - t.clamp(0.0, 1.0);
    1.0 - left * left * left
}

/// Sets off from rest: for what leaves.
pub(super) fn depart(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    t * t * t
}

/// From rest to rest: for what crosses the screen.
pub(super) fn sweep(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    t * t * t * (t * (6.0 * t - 15.0) + 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_runs_from_nought_to_one_without_turning_back() {
        for curve in [glide, settle, depart, sweep] {
            assert!(curve(0.0).abs() < 1e-12 && (curve(1.0) - 1.0).abs() < 1e-12);
            let steps: Vec<_> = (0..=1_000).map(|i| curve(f64::from(i) / 1_000.0)).collect();
            assert!(steps.windows(2).all(|pair| pair[0] <= pair[1]));
        }
    }
}
