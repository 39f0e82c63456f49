//! Second-order filters after the Audio EQ Cookbook (R. Bristow-Johnson).

use std::f64::consts::PI;

/// A biquad in transposed direct form II; state in double precision, so that low corner
/// frequencies stay quiet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    z: [f64; 2],
}

/// The corner of a filter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corner {
    /// Frames per second.
    pub(super) rate: u32,
    /// Hertz.
    pub(super) hertz: f64,
    /// Quality; 0.7071 is flat.
    pub(super) q: f64,
}

impl Biquad {
    fn new(b: [f64; 3], a: [f64; 3]) -> Self {
        Self {
            b: [b[0] / a[0], b[1] / a[0], b[2] / a[0]],
            a: [a[1] / a[0], a[2] / a[0]],
            z: [0.0; 2],
        }
    }

    /// Lets what lies below the corner fall by 12 dB per octave.
    pub(super) fn high_pass(corner: Corner) -> Self {
        let (cos, alpha) = corner.angle();
        let b = f64::midpoint(1.0, cos);
        Self::new([b, -2.0 * b, b], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    /// Lets what lies above the corner fall by 12 dB per octave.
    pub(super) fn low_pass(corner: Corner) -> Self {
        let (cos, alpha) = corner.angle();
        let b = (1.0 - cos) / 2.0;
        Self::new([b, 2.0 * b, b], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    /// Raises or lowers a band around the corner.
    pub(super) fn peak(corner: Corner, gain_db: f64) -> Self {
        let (cos, alpha) = corner.angle();
        let a = libm::pow(10.0, gain_db / 40.0);
        Self::new(
            [1.0 + alpha * a, -2.0 * cos, 1.0 - alpha * a],
            [1.0 + alpha / a, -2.0 * cos, 1.0 - alpha / a],
        )
    }

    /// Raises or lowers what lies above the corner.
    pub(super) fn high_shelf(corner: Corner, gain_db: f64) -> Self {
        let (cos, alpha) = corner.angle();
        let a = libm::pow(10.0, gain_db / 40.0);
        let root = 2.0 * libm::sqrt(a) * alpha;
        Self::new(
            [
                a * ((a + 1.0) + (a - 1.0) * cos + root),
                -2.0 * a * ((a - 1.0) + (a + 1.0) * cos),
                a * ((a + 1.0) + (a - 1.0) * cos - root),
            ],
            [
                (a + 1.0) - (a - 1.0) * cos + root,
                2.0 * ((a - 1.0) - (a + 1.0) * cos),
                (a + 1.0) - (a - 1.0) * cos - root,
            ],
        )
    }

    /// Filters one sample.
    pub(super) fn step(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.z[0];
        self.z[0] = self.b[1] * x - self.a[0] * y + self.z[1];
        self.z[1] = self.b[2] * x - self.a[1] * y;
        y
    }
}

impl Corner {
    fn angle(self) -> (f64, f64) {
        // Above 0.49 of the rate the formulas break down.
        let hertz = self.hertz.min(f64::from(self.rate) * 0.49);
        let w = 2.0 * PI * hertz / f64::from(self.rate);
        (libm::cos(w), libm::sin(w) / (2.0 * self.q))
    }
}

/// How much of a smoothed value is kept each frame, for a time constant in milliseconds.
pub(super) fn keep(rate: u32, millis: f64) -> f64 {
    libm::exp(-1000.0 / (millis * f64::from(rate)))
}
