//! Chance that depends only on a seed and on what it is asked for.
//!
//! A stream of random numbers would make the noise of one video depend on the order in which
//! others are looked at; here each draw is a hash of who asks, so that all policies of a run see
//! the very same videos.

/// A source of chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    /// The source of that seed.
    pub fn seeded(seed: u64) -> Self {
        Self(mixed(seed ^ 0x9E37_79B9_7F4A_7C15))
    }

    /// The source that belongs to `part` of this one.
    #[must_use]
    pub fn of(self, part: u64) -> Self {
        Self(mixed(
            self.0 ^ mixed(part.wrapping_add(0x9E37_79B9_7F4A_7C15)),
        ))
    }

    /// From 0 to below 1, every 2⁻⁵³.
    pub fn uniform(self) -> f64 {
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Normally distributed, mean 0 and deviation 1, by Box and Muller.
    pub fn normal(self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.of(1).uniform()));
        radius * libm::cos(2.0 * std::f64::consts::PI * self.of(2).uniform())
    }

    /// Exponentially distributed with mean 1.
    pub fn exponential(self) -> f64 {
        -libm::log(1.0 - self.uniform())
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, 2014).
fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_their_distribution_and_their_seed() {
        let draws = |seed| (0..20_000).map(move |at| Chance::seeded(seed).of(at));
        let normal: Vec<f64> = draws(7).map(Chance::normal).collect();
        let mean = normal.iter().sum::<f64>() / normal.len() as f64;
        let variance = normal.iter().map(|x| x * x).sum::<f64>() / normal.len() as f64;
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05,
            "{mean} {variance}"
        );
        let waits = draws(7).map(Chance::exponential).sum::<f64>() / 20_000.0;
        assert!((waits - 1.0).abs() < 0.03, "{waits}");
        assert!(draws(7).eq(draws(7)) && !draws(7).eq(draws(8)));
    }
}
