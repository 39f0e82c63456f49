//! The search: depth first through the menus, passing over what can't be better.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ytempire_core::MicroUsd;

use super::bound::Bound;
use super::{Candidate, Impossible, Limit, Limits, Menu, Selection, path};
use crate::resource::Micros;

/// Chooses one candidate of each menu, as good as `limits` allow.
///
/// # Errors
/// [`Impossible`]: which limit can't be kept.
pub fn select(menus: &[Menu], limits: &Limits) -> Result<Selection, Impossible> {
    if let Some(menu) = menus.iter().find(|menu| menu.candidates.is_empty()) {
        return Err(Impossible::NoCandidate(menu.stage));
    }
    let mut search = Search::new(menus, limits);
    search.descend(&mut Taken::default());
    search.best.take().ok_or_else(|| search.impossible())
}

/// What is compared: greater is better.
fn rank(of: &Selection) -> impl Ord + use<'_> {
    (
        of.quality,
        Reverse(of.expected),
        Reverse(of.worst),
        Reverse(of.time),
        Reverse(&of.chosen),
    )
}

/// The candidates taken so far, one of each of the first menus, and their sums.
#[derive(Default)]
struct Taken<'a> {
    chosen: Vec<usize>,
    quality: u64,
    held: i64,
    expected: i64,
    cash: i64,
    payees: BTreeMap<&'a str, i64>,
}

struct Search<'a> {
    menus: &'a [Menu],
    limits: &'a Limits,
    /// Of each menu, the candidates worth a look, best first.
    worth: Vec<Vec<usize>>,
    held: Bound,
    expected: Bound,
    cash: Bound,
    /// The shortest time of each menu.
    shortest: Vec<Micros>,
    best: Option<Selection>,
}

/// What a candidate takes of the cap: its worst case and what is kept back beside it.
fn held(menu: &Menu, at: usize) -> i64 {
    menu.candidates[at].worst.0 + menu.reserve(at).0
}

impl<'a> Search<'a> {
    fn new(menus: &'a [Menu], limits: &'a Limits) -> Self {
        let shortest = |menu: &Menu| menu.candidates.iter().map(|c| c.time).min().unwrap_or(0);
        Self {
            menus,
            limits,
            worth: menus.iter().map(worth).collect(),
            held: Bound::new(menus, held),
            expected: Bound::new(menus, |menu, at| menu.candidates[at].expected.0),
            cash: Bound::new(menus, |menu, at| menu.candidates[at].cash.0),
            shortest: menus.iter().map(shortest).collect(),
            best: None,
        }
    }

    fn descend(&mut self, taken: &mut Taken<'a>) {
        let first = taken.chosen.len();
        if !self.can_be_better(taken) {
            return;
        }
        let Some(menu) = self.menus.get(first) else {
            return self.offer(taken);
        };
        for place in 0..self.worth[first].len() {
            let at = self.worth[first][place];
            let candidate = &menu.candidates[at];
            taken.add(menu, at, candidate);
            if self.payee_is_paid(taken, candidate) && self.is_in_time(taken) {
                self.descend(taken);
            }
            taken.take_back(menu, at, candidate);
        }
    }

    /// Whether the open menus can lead from here to something better than the best so far.
    fn can_be_better(&self, taken: &Taken<'_>) -> bool {
        let first = taken.chosen.len();
        let kinds = [
            (&self.held, self.limits.cap, taken.held),
            (&self.expected, self.limits.aim, taken.expected),
            (&self.cash, self.limits.cash, taken.cash),
        ];
        let mut most = u64::MAX;
        for (bound, limit, spent) in kinds {
            match bound.most(first, limit.0.saturating_sub(spent)) {
                None => return false,
                Some(value) => most = most.min(taken.quality + value),
            }
        }
        let Some(best) = &self.best else { return true };
        let expected = taken.expected + self.expected.least(first);
        (most, Reverse(expected)) >= (best.quality, Reverse(best.expected.0))
    }

    fn payee_is_paid(&self, taken: &Taken<'_>, candidate: &Candidate) -> bool {
        let payee = candidate.payee.as_deref();
        let of = |payee: &str| Some((self.limits.payees.get(payee)?, taken.payees.get(payee)?));
        payee
            .and_then(of)
            .is_none_or(|(limit, paid)| *paid <= limit.0)
    }

    fn is_in_time(&self, taken: &Taken<'_>) -> bool {
        let mut times = self.shortest.clone();
        for (place, &at) in taken.chosen.iter().enumerate() {
            times[place] = self.menus[place].candidates[at].time;
        }
        path(self.menus, &times) <= self.limits.time
    }

    fn offer(&mut self, taken: &Taken<'_>) {
        let found = Selection::of(self.menus, &taken.chosen);
        if self
            .best
            .as_ref()
            .is_none_or(|best| rank(&found) > rank(best))
        {
            self.best = Some(found);
        }
    }

    /// The first limit that can't be kept even by what takes least of it.
    fn impossible(&self) -> Impossible {
        let limits = self.limits;
        let time = path(self.menus, &self.shortest);
        let kinds = [
            (Limit::Cap, limits.cap.0, self.held.least(0)),
            (Limit::Aim, limits.aim.0, self.expected.least(0)),
            (Limit::Cash, limits.cash.0, self.cash.least(0)),
            (Limit::Time, signed(limits.time), signed(time)),
        ];
        let payees = limits.payees.iter().map(|(payee, limit)| {
            let unavoidable = self.menus.iter().map(|menu| least_paid(menu, payee).0);
            (Limit::Payee(payee.clone()), limit.0, unavoidable.sum())
        });
        let beyond = kinds.into_iter().chain(payees);
        let mut beyond = beyond.filter(|(_, allowed, least)| least > allowed);
        match beyond.next() {
            Some((limit, allowed, least)) => Impossible::Beyond {
                limit,
                allowed,
                least,
            },
            None => Impossible::Together,
        }
    }
}

impl<'a> Taken<'a> {
    fn add(&mut self, menu: &'a Menu, at: usize, candidate: &'a Candidate) {
        self.chosen.push(at);
        self.book(menu, at, candidate, 1);
        self.quality += menu.value(at);
    }

    fn take_back(&mut self, menu: &'a Menu, at: usize, candidate: &'a Candidate) {
        self.chosen.pop();
        self.book(menu, at, candidate, -1);
        self.quality -= menu.value(at);
    }

    fn book(&mut self, menu: &'a Menu, at: usize, candidate: &'a Candidate, sign: i64) {
        self.held += sign * held(menu, at);
        self.expected += sign * candidate.expected.0;
        self.cash += sign * candidate.cash.0;
        if let Some(payee) = &candidate.payee {
            *self.payees.entry(payee).or_default() += sign * candidate.cash.0;
        }
    }
}

/// Time in the type that all limits are told in.
fn signed(time: Micros) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// What a menu pays `payee` at the very least.
fn least_paid(menu: &Menu, payee: &str) -> MicroUsd {
    let paid = menu.candidates.iter().map(|c| {
        let is_paid = c.payee.as_deref() == Some(payee);
        if is_paid { c.cash } else { MicroUsd::ZERO }
    });
    paid.min().unwrap_or_default()
}

/// The candidates of a menu that may be part of the best combination, best first.
///
/// One that another beats isn't, unless the order of the two among equals speaks for it.
fn worth(menu: &Menu) -> Vec<usize> {
    let all = &menu.candidates;
    let preferred = |at: usize| (Reverse(all[at].quality), all[at].expected, all[at].worst);
    let mut worth: Vec<usize> = (0..all.len())
        .filter(|&at| {
            let first = |other: usize| (preferred(other), other) < (preferred(at), at);
            !(0..all.len()).any(|other| first(other) && beats(&all[other], &all[at]))
        })
        .collect();
    worth.sort_by_key(|&at| (Reverse(all[at].quality), at));
    worth
}

/// Whether `one` is at least as good as `other` in everything, so that nobody needs `other`.
fn beats(one: &Candidate, other: &Candidate) -> bool {
    let nobody_else = one.payee == other.payee || one.payee.is_none() || one.cash.0 == 0;
    nobody_else
        && one.quality >= other.quality
        && one.expected <= other.expected
        && one.worst <= other.worst
        && one.cash <= other.cash
        && one.time <= other.time
}
