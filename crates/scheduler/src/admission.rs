//! What can be promised to a video that comes now.
//!
//! The world is copied, the video put in, and the very same scheduler run on it with predicted
//! lengths until that video is done: that is the likely end. How far such predictions were off
//! lately makes a promise of it: the end that so many of the last three hundred would have kept.

use std::collections::VecDeque;

use crate::predictor::Predictor;
use crate::resource::{MINUTE, Micros, SECOND};
use crate::sim::{Policy, World};
use crate::snapshot::{Snapshot, Video};
use crate::workload::{Class, Workload};

/// The likely end of `video` if it came now, its graph and jobs being fresh; `None` if it would
/// never end.
pub fn likely(
    now: Micros,
    seen: &Snapshot,
    video: Video,
    workload: &Workload,
    (predictor, policy): (&Predictor, &Policy),
) -> Option<Micros> {
    World::what_if(now, seen, workload, (predictor, policy)).end_of(video)
}

/// The likely end of the video in that slot of what is seen, begun or not; `None` if it would never
/// end.
pub fn likely_end(
    now: Micros,
    seen: &Snapshot,
    slot: u32,
    workload: &Workload,
    (predictor, policy): (&Predictor, &Policy),
) -> Option<Micros> {
    let mut world = World::what_if(now, seen, workload, (predictor, policy));
    world.awaited = Some(slot);
    world.first();
    world.go();
    world.awaited_end()
}

impl World<'_> {
    fn end_of(&mut self, video: Video) -> Option<Micros> {
        self.awaited = Some(self.admit(video));
        self.first();
        self.go();
        self.awaited_end()
    }
}

/// Ratios kept: enough for a 95th percentile, few enough to follow a change within a day.
const KEPT: usize = 300;

/// Ratios without which nothing is known; until then the assumed ones hold.
const KNOWN: usize = 30;

/// Assumed ratios of true to likely time until thirty are known: what a run at 500 videos a day
/// showed, and a fifth more.
const ASSUMED: [f64; 5] = [0.9, 1.0, 1.1, 1.3, 1.8];

/// How far predictions were off.
///
/// Kept for each class on its own: what may wait is overtaken by what comes later, and is off by
/// more than what somebody waits for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    ratios: [VecDeque<f64>; 3],
}

/// Part of the promises that shall be kept: a hundredth more than is said, since the videos of a
/// batch are late together and so teach less than as many single ones.
pub const KEEP: f64 = 0.96;

/// What a promise is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The present.
    pub now: Micros,
    /// The likely end ([`likely`]).
    pub likely: Micros,
    /// When it is wanted.
    pub deadline: Micros,
}

/// What is promised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    /// When it is likely to be finished.
    pub likely: Micros,
    /// When it will be finished with the probability asked for.
    pub promised: Micros,
    /// How probable it is that the deadline is kept.
    pub probability: f64,
}

/// What is answered to a video that comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// It is taken in.
    Accepted(Promise),
    /// It is not; there is room for it at that time.
    Refused {
        /// When to ask again.
        retry_at: Micros,
        /// What could have been promised.
        promise: Promise,
    },
}

impl Calibration {
    /// Learns that a video took `actual` where `likely` was predicted.
    pub fn observe(&mut self, class: Class, likely: Micros, actual: Micros) {
        let ratios = &mut self.ratios[class as usize];
        if ratios.len() == KEPT {
            ratios.pop_front();
        }
        ratios.push_back(actual as f64 / likely.max(1) as f64);
    }

    /// Calibrates a likely end. `keep` is the part of promises that shall be kept.
    pub fn promise(&self, class: Class, asked: Asked, keep: f64) -> Promise {
        let Asked {
            now,
            likely,
            deadline,
        } = asked;
        let own = &self.ratios[class as usize];
        let mut ratios: Vec<f64> = if own.len() < KNOWN {
            ASSUMED.to_vec()
        } else {
            own.iter().copied().collect()
        };
        ratios.sort_by(f64::total_cmp);
        // The conformal rank: one more than there are, so that a new one is as likely at any place.
        let rank = libm::ceil((ratios.len() + 1) as f64 * keep) as usize;
        let ratio = ratios[rank.clamp(1, ratios.len()) - 1];
        let ahead = likely.saturating_sub(now);
        let allowed = deadline.saturating_sub(now) as f64 / ahead.max(1) as f64;
        let kept = ratios.iter().filter(|ratio| **ratio <= allowed).count();
        Promise {
            likely,
            promised: now + (ahead as f64 * ratio) as Micros,
            probability: kept as f64 / (ratios.len() + 1) as f64,
        }
    }

    /// Accepts, or refuses where the deadline is kept with less than `probability_min`.
    pub fn answer(&self, class: Class, asked: Asked, probability_min: f64) -> Answer {
        let promise = self.promise(class, asked, KEEP);
        if promise.probability >= probability_min {
            return Answer::Accepted(promise);
        }
        // By as much as it would be late, and a little, so that those refused together don't all
        // come back together with nothing changed.
        let late = promise
            .promised
            .saturating_sub(asked.deadline)
            .clamp(30 * SECOND, 60 * MINUTE);
        Answer::Refused {
            retry_at: asked.now + late,
            promise,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    fn asked(likely: f64, deadline: f64) -> Asked {
        Asked {
            now: 0,
            likely: (likely * 1e6) as Micros,
            deadline: (deadline * 1e6) as Micros,
        }
    }

    #[test]
    fn so_many_promises_are_kept_as_shall_be() {
        let ratio = |at: u64| libm::exp(0.3 * Chance::seeded(4).of(at).normal());
        let mut known = Calibration::default();
        let mut kept = 0;
        for at in 0..3000 {
            let actual = (100.0 * SECOND as f64 * ratio(at)) as Micros;
            let promise = known.promise(Class::Bulk, asked(100.0, 1e6), 0.95);
            kept += u32::from(at >= 300 && actual <= promise.promised);
            known.observe(Class::Bulk, 100 * SECOND, actual);
        }
        let part = f64::from(kept) / 2700.0;
        assert!((0.94..0.97).contains(&part), "{part}");
    }

    #[test]
    fn the_probability_is_that_of_the_deadline() {
        let ratio = |at: u64| libm::exp(0.3 * Chance::seeded(5).of(at).normal());
        let mut known = Calibration::default();
        for at in 0..300 {
            known.observe(Class::Standard, 1_000_000, (1e6 * ratio(at)) as Micros);
        }
        for (deadline, wanted) in [(100.0, 0.5), (128.7, 0.8), (200.0, 0.99)] {
            let asked = asked(100.0, deadline);
            let found = known.promise(Class::Standard, asked, 0.95).probability;
            assert!((found - wanted).abs() < 0.06, "{found} for {wanted}");
        }
    }

    #[test]
    fn what_can_not_be_kept_is_refused_with_a_time() {
        let known = Calibration::default();
        let answer = known.answer(Class::Express, asked(600.0, 400.0), 0.5);
        let Answer::Refused { retry_at, promise } = answer else {
            panic!("{answer:?}");
        };
        assert!(retry_at >= 30 * SECOND && promise.probability < 0.5);
        let answer = known.answer(Class::Express, asked(200.0, 400.0), 0.5);
        assert!(matches!(answer, Answer::Accepted(_)));
    }
}
