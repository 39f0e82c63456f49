//! When videos come.

use crate::chance::Chance;
use crate::resource::{MINUTE, Micros};
use crate::workload::{Class, Workload};

/// Microseconds of a day.
pub(crate) const DAY: Micros = 24 * 60 * MINUTE;

/// How videos come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrivals {
    /// On average, in a day.
    pub per_day: u32,
    /// Mean size of a batch that comes at once, geometrically distributed; 1 for videos that come
    /// one by one.
    pub batch: u32,
    /// How many come in all.
    pub count: usize,
    /// Of chance.
    pub seed: u64,
}

/// A video that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Micros,
    /// Whose.
    pub account: u32,
    /// How soon it is wanted.
    pub class: Class,
    /// When it is wanted.
    pub deadline: Micros,
    /// Its length over the mean, in thousandths.
    pub length: u32,
    /// Which stages it has: a bit for each.
    pub stages: u64,
}

impl Arrivals {
    /// Draws them, in the order of time.
    pub fn draw(&self, workload: &Workload) -> Vec<Arrival> {
        let chance = Chance::seeded(self.seed).of(u64::from(self.batch));
        let mean_gap = DAY as f64 * f64::from(self.batch.max(1)) / f64::from(self.per_day.max(1));
        let mut all = Vec::with_capacity(self.count);
        let (mut at, mut batch) = (0_f64, 0_u64);
        while all.len() < self.count {
            let here = chance.of(batch);
            at += here.of(1).exponential() * mean_gap;
            let mut member = 0;
            loop {
                all.push(arrival(workload, at as Micros, here.of(2).of(member)));
                member += 1;
                let last = 1.0 / f64::from(self.batch.max(1));
                if here.of(3).of(member).uniform() < last {
                    break;
                }
            }
            batch += 1;
        }
        all.truncate(self.count);
        all
    }
}

fn arrival(workload: &Workload, at: Micros, chance: Chance) -> Arrival {
    let pick = chance.of(1).uniform();
    let [express, standard, bulk] = workload.classes;
    let (class, limit) = if pick < express.0 {
        (Class::Express, express.1)
    } else if pick < express.0 + standard.0 {
        (Class::Standard, standard.1)
    } else {
        (Class::Bulk, bulk.1)
    };
    let length = 1.0 + workload.length_sigma * chance.of(2).normal();
    let mut stages = 0;
    for (index, stage) in workload.stages.iter().enumerate() {
        let has = chance.of(3).of(index as u64).uniform() < f64::from(stage.share) / 1000.0;
        stages |= u64::from(has) << index;
    }
    Arrival {
        at,
        account: 0,
        class,
        deadline: at + limit,
        length: (length.clamp(0.4, 1.6) * 1000.0) as u32,
        stages,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::GENERATED;

    #[test]
    fn rate_batch_and_classes_are_as_asked() {
        let workload = Workload::read(GENERATED).unwrap();
        for batch in [1, 10] {
            let arrivals = Arrivals {
                per_day: 500,
                batch,
                count: 20_000,
                seed: 5,
            };
            let all = arrivals.draw(&workload);
            assert_eq!(all, arrivals.draw(&workload));
            let days = all.last().unwrap().at as f64 / DAY as f64;
            assert!((days / 40.0 - 1.0).abs() < 0.1, "{days} days for 40");
            let moments: std::collections::BTreeSet<_> = all.iter().map(|a| a.at).collect();
            let mean = all.len() as f64 / moments.len() as f64;
            assert!(
                (mean / f64::from(batch) - 1.0).abs() < 0.1,
                "batches of {mean}"
            );
            let express = all.iter().filter(|a| a.class == Class::Express).count();
            assert!((express as f64 / 20_000.0 - 0.2).abs() < 0.02);
            let clips = all.iter().filter(|a| a.stages >> 4 & 1 == 1).count();
            assert!((clips as f64 / 20_000.0 - 0.5).abs() < 0.02);
        }
    }
}
