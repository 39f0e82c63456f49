//! How long a job will take, learned from how long such jobs took.
//!
//! The logarithm of a job's time is taken to be normal around that of its prior, shifted by what
//! was learned. The features (the video's length, the number of chunks, the cores it gets) are in
//! the prior already: they multiply, so in the logarithm they add. What is kept of history is two
//! whole numbers and a count for each backend on each class of machine, so it fits a row.

use crate::resource::{Micros, WHOLE};
use crate::workload::Workload;

/// Observations after which what was learned counts as much as the prior.
const PRIOR_WEIGHT: i64 = 20;

/// Half-life of an observation, in observations: the machine that had its driver updated is
/// believed after a hundred jobs.
const HALF_LIFE: f64 = 50.0;

/// Residuals beyond so many deviations are cut: one job that hung teaches little.
const OUTLIER_SIGMAS: f64 = 3.0;

/// A millionth: the unit of [`Learned`]'s logarithms.
const MICRO: f64 = 1e6;

/// What history taught about one backend on one class of machine. A row of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Jobs seen.
    pub jobs: i64,
    /// Mean of ln(time ÷ prior median), in millionths.
    pub mean: i64,
    /// Variance of the same, in millionths.
    pub variance: i64,
}

/// A predicted time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prediction {
    /// What such jobs take on average: for sums of many.
    pub mean: Micros,
    /// Half of them take less: for order.
    pub q50: Micros,
    /// Four of five take less: for plans.
    pub q80: Micros,
    /// Nineteen of twenty take less: for time limits, three times over.
    pub q95: Micros,
}

/// Predicts from priors and history.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictor {
    learned: Vec<Learned>,
    factors: Vec<[u32; 4]>,
    priors: Vec<f64>,
}

impl Predictor {
    /// Knows the workload's priors and nothing else.
    pub fn new(workload: &Workload) -> Self {
        let empty = vec![Learned::default(); workload.backends.len()];
        Self::with_history(workload, empty)
    }

    /// Knows what was kept by [`Predictor::learned`], one for each backend of `workload`; what is
    /// missing is not known.
    pub fn with_history(workload: &Workload, mut learned: Vec<Learned>) -> Self {
        learned.resize(workload.backends.len(), Learned::default());
        let priors: Vec<f64> = workload.backends.iter().map(|b| b.sigma).collect();
        let factors = learned
            .iter()
            .zip(&priors)
            .map(|(learned, prior)| factors(*learned, *prior))
            .collect();
        Self {
            learned,
            factors,
            priors,
        }
    }

    /// What is to be kept.
    pub fn learned(&self) -> &[Learned] {
        &self.learned
    }

    /// The time of a job whose prior mean is `prior` ([`Workload::job_time`]).
    pub fn predict(&self, backend: u8, prior: Micros) -> Prediction {
        let factors = &self.factors[usize::from(backend)];
        let times = |factor: u32| prior * Micros::from(factor) / Micros::from(WHOLE);
        Prediction {
            mean: times(factors[0]),
            q50: times(factors[1]),
            q80: times(factors[2]),
            q95: times(factors[3]),
        }
    }

    /// Only the mean of [`Predictor::predict`].
    pub fn mean(&self, backend: u8, prior: Micros) -> Micros {
        prior * Micros::from(self.factors[usize::from(backend)][0]) / Micros::from(WHOLE)
    }

    /// Learns that a job whose prior mean was `prior` took `actual`.
    pub fn observe(&mut self, backend: u8, prior: Micros, actual: Micros) {
        let at = usize::from(backend);
        let sigma = self.priors[at];
        let median = prior.max(1) as f64 * libm::exp(-sigma * sigma / 2.0);
        let residual = libm::log(actual.max(1) as f64 / median);
        let (was, now) = (self.learned[at], &mut self.learned[at]);
        let spread = libm::sqrt(variance(was, sigma)).max(0.05) * OUTLIER_SIGMAS;
        let centre = was.mean as f64 / MICRO;
        // Until there is history, anything is believed: the prior may be wrong by far.
        let residual = if was.jobs < PRIOR_WEIGHT {
            residual
        } else {
            residual.clamp(centre - spread, centre + spread)
        };
        let weight = (1.0 - libm::exp2(-1.0 / HALF_LIFE)).max(1.0 / (was.jobs + 1) as f64);
        let step = residual - centre;
        now.jobs = was.jobs.saturating_add(1);
        now.mean = ((centre + weight * step) * MICRO) as i64;
        now.variance =
            ((1.0 - weight) * (was.variance as f64 + weight * step * step * MICRO)) as i64;
        self.factors[at] = factors(*now, sigma);
    }
}

/// History and prior together.
fn variance(learned: Learned, sigma: f64) -> f64 {
    let trust = learned.jobs as f64 / (learned.jobs + PRIOR_WEIGHT) as f64;
    trust * learned.variance as f64 / MICRO + (1.0 - trust) * sigma * sigma
}

/// Mean, q50, q80 and q95 over the prior mean, in thousandths.
fn factors(learned: Learned, sigma: f64) -> [u32; 4] {
    let trust = learned.jobs as f64 / (learned.jobs + PRIOR_WEIGHT) as f64;
    let variance = variance(learned, sigma);
    let centre = trust * learned.mean as f64 / MICRO - sigma * sigma / 2.0;
    let spread = libm::sqrt(variance);
    // Quantiles of the standard normal: 0.8416 and 1.6449.
    let logs = [
        centre + variance / 2.0,
        centre,
        centre + 0.8416 * spread,
        centre + 1.6449 * spread,
    ];
    logs.map(|log| (libm::exp(log).clamp(0.001, 1000.0) * f64::from(WHOLE) + 0.5) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use crate::workload::GENERATED;

    const SECOND: Micros = 1_000_000;

    fn fresh() -> Predictor {
        Predictor::new(&Workload::read(GENERATED).unwrap())
    }

    #[test]
    fn without_history_the_prior_holds() {
        let predicted = fresh().predict(0, 26 * SECOND);
        assert_eq!(predicted.mean, 26 * SECOND);
        assert!(predicted.q50 < predicted.mean && predicted.q80 < predicted.q95);
    }

    #[test]
    fn fifty_jobs_mend_a_prior_that_is_wrong_by_half() {
        let mut predictor = fresh();
        for job in 0..50 {
            let noise = libm::exp(0.12 * Chance::seeded(3).of(job).normal());
            predictor.observe(1, 10 * SECOND, (15e6 * noise) as Micros);
        }
        let mean = predictor.predict(1, 10 * SECOND).mean as f64 / 15e6;
        assert!((0.85..1.05).contains(&mean), "{mean}");
    }

    #[test]
    fn one_job_that_hung_teaches_little() {
        let mut predictor = fresh();
        for _ in 0..60 {
            predictor.observe(1, 10 * SECOND, 10 * SECOND);
        }
        let before = predictor.predict(1, 10 * SECOND).mean;
        predictor.observe(1, 10 * SECOND, 100_000 * SECOND);
        assert!(predictor.predict(1, 10 * SECOND).mean < before * 105 / 100);
    }

    #[test]
    fn quantiles_cover_what_they_say() {
        let mut predictor = fresh();
        let draw = |job| (10e6 * libm::exp(0.3 * Chance::seeded(9).of(job).normal())) as Micros;
        for job in 0..400 {
            predictor.observe(1, 10 * SECOND, draw(job));
        }
        let predicted = predictor.predict(1, 10 * SECOND);
        let below = |limit| (1000..3000).filter(|job| draw(*job) <= limit).count();
        for (limit, wanted) in [
            (predicted.q50, 0.5),
            (predicted.q80, 0.8),
            (predicted.q95, 0.95),
        ] {
            let share = below(limit) as f64 / 2000.0;
            assert!((share - wanted).abs() < 0.08, "{share} for {wanted}");
        }
    }

    #[test]
    fn history_survives_as_a_row() {
        let workload = Workload::read(GENERATED).unwrap();
        let mut predictor = Predictor::new(&workload);
        predictor.observe(2, SECOND, 3 * SECOND);
        let again = Predictor::with_history(&workload, predictor.learned().to_vec());
        assert_eq!(again, predictor);
    }
}
