//! Selection: what each stage of a video uses, so that the video is as good as its money and its
//! time allow.
//!
//! Each stage has a [`Menu`] of candidates; one of each is chosen. The choice is exact, no rule of
//! thumb: of all combinations within the [`Limits`] it has the highest quality, then the lowest
//! expected cost, then the lowest worst case, then the shortest time, then the first in the order
//! of the menus. [`explain()`] says of every other candidate why it was not taken.

mod bound;
mod explain;
mod search;

use std::collections::BTreeMap;

use ytempire_core::{MicroUsd, Stage};

use crate::resource::Micros;

pub use explain::{Rejected, Why, explain};
pub use search::select;

/// One way to do a stage: a backend with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// How it is shown and recorded.
    pub name: String,
    /// How good its output is, in thousandths of the best there is.
    pub quality: u32,
    /// What it is expected to cost.
    pub expected: MicroUsd,
    /// What is reserved for it: its worst case, with what its own repetitions may take.
    pub worst: MicroUsd,
    /// The part of `worst` that is paid to somebody.
    pub cash: MicroUsd,
    /// Who is paid, where a daily budget of their own limits it.
    pub payee: Option<String>,
    /// How long the stage takes with it.
    pub time: Micros,
}

/// What a stage may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// The stage.
    pub stage: Stage,
    /// How much its quality counts beside that of the others.
    pub weight: u32,
    /// The ways to do it, in the order of the configuration.
    pub candidates: Vec<Candidate>,
}

/// What a video may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Its budget: no sum of worst cases, the reserve included, is above it.
    pub cap: MicroUsd,
    /// What it is meant to cost: no sum of expected costs is above it.
    pub aim: MicroUsd,
    /// What the daily budgets of its account, its channel and all together leave.
    pub cash: MicroUsd,
    /// What the daily budgets of those who are paid leave; who isn't named has none.
    pub payees: BTreeMap<String, MicroUsd>,
    /// The time until it is due, along the longest path.
    pub time: Micros,
}

impl Limits {
    /// Limits that nothing reaches.
    pub const fn none() -> Self {
        Self {
            cap: MicroUsd(i64::MAX),
            aim: MicroUsd(i64::MAX),
            cash: MicroUsd(i64::MAX),
            payees: BTreeMap::new(),
            time: Micros::MAX,
        }
    }
}

/// What was chosen: a position in each menu, and what that sums up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The chosen candidate of each menu, in the menus' order.
    pub chosen: Vec<usize>,
    /// The sum of qualities times weights.
    pub quality: u64,
    /// The sum of expected costs.
    pub expected: MicroUsd,
    /// The sum of worst cases.
    pub worst: MicroUsd,
    /// Kept back beside `worst`, so that every stage can still be done in its cheapest way after
    /// what was chosen for it failed.
    pub reserve: MicroUsd,
    /// The sum that is paid to somebody at worst.
    pub cash: MicroUsd,
    /// The longest path's time.
    pub time: Micros,
}

/// One of the [`Limits`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::cap`].
    Cap,
    /// [`Limits::aim`].
    Aim,
    /// [`Limits::cash`].
    Cash,
    /// The daily budget of one that is paid.
    Payee(String),
    /// [`Limits::time`].
    Time,
}

/// Why nothing can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// A stage has no way to be done at all.
    #[error("nothing can do the stage {0}")]
    NoCandidate(Stage),
    /// Even the least of all combinations is above a limit. Money in micro-dollars, time in
    /// microseconds.
    #[error("{limit:?} allows {allowed}, and the least possible is {least}")]
    Beyond {
        /// The limit.
        limit: Limit,
        /// What it allows.
        allowed: i64,
        /// The least that any combination takes of it.
        least: i64,
    },
    /// Each limit can be kept by itself, and all together can't.
    #[error("no combination keeps all limits together")]
    Together,
}

impl Selection {
    /// What a combination sums up to: `chosen` has a position in each menu.
    pub fn of(menus: &[Menu], chosen: &[usize]) -> Self {
        let of = |at: usize| &menus[at].candidates[chosen[at]];
        let total = |amount: fn(&Candidate) -> MicroUsd| {
            MicroUsd((0..menus.len()).map(|at| amount(of(at)).0).sum())
        };
        let times: Vec<Micros> = (0..menus.len()).map(|at| of(at).time).collect();
        let pairs = || menus.iter().zip(chosen);
        Self {
            chosen: chosen.to_vec(),
            quality: pairs().map(|(menu, &at)| menu.value(at)).sum(),
            expected: total(|c| c.expected),
            worst: total(|c| c.worst),
            reserve: MicroUsd(pairs().map(|(menu, &at)| menu.reserve(at).0).sum()),
            cash: total(|c| c.cash),
            time: path(menus, &times),
        }
    }
}

impl Menu {
    /// What candidate `at` adds to the quality of the whole.
    pub(crate) fn value(&self, at: usize) -> u64 {
        u64::from(self.weight) * u64::from(self.candidates[at].quality)
    }

    /// What has to be kept back beside candidate `at`: the cheapest way's worst case, unless it is
    /// that itself.
    pub fn reserve(&self, at: usize) -> MicroUsd {
        let worst = |c: &Candidate| c.worst;
        let least = self.candidates.iter().map(worst).min();
        let least = least.unwrap_or_default();
        if self.candidates[at].worst > least {
            least
        } else {
            MicroUsd::ZERO
        }
    }
}

/// The time of the longest path through the menus' stages, for a time of each.
pub(crate) fn path(menus: &[Menu], times: &[Micros]) -> Micros {
    let mut order: Vec<usize> = (0..menus.len()).collect();
    order.sort_by_key(|&at| menus[at].stage);
    let mut ends = vec![0; menus.len()];
    for (place, &at) in order.iter().enumerate() {
        let before = order[..place].iter().copied();
        let begin = before
            .filter(|&other| {
                menus[other].stage != menus[at].stage && menus[at].stage.follows(menus[other].stage)
            })
            .map(|other| ends[other])
            .max();
        ends[at] = begin.unwrap_or(0) + times[at];
    }
    ends.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
