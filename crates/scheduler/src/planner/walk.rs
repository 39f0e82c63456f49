//! The fluid walk.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::capacity::Capacity;
use super::{Options, Plan};
use crate::outline::Offer;
use crate::resource::{Cost, Micros, SECOND};
use crate::snapshot::{Snapshot, Video};

/// Spare time that a bought job shall have: providers are less even than a GPU.
const BOUGHT_MARGIN: Micros = 30 * SECOND;

/// Parts of a micro-dollar in which a second's price is told, so that near prices differ.
const FINE: u64 = 1000;

/// A kind of work that may be short.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    Gpu,
    Cpu,
}

/// A video on the walk.
struct Entry<'a> {
    slot: u32,
    video: &'a Video,
    /// What is aimed at: the deadline while it can be kept, else the promise.
    goal: Micros,
    /// When its GPU work and its core work must be over.
    due: [Micros; 2],
    /// The same without the margin.
    limit: [Micros; 2],
    /// GPU time and core time that it needs as planned so far.
    work: [Micros; 2],
    /// Given up on this walk, or hopeless before it.
    given_up: bool,
    /// Jobs that were moved to other backends.
    moved: Vec<u16>,
    /// What the moves cost.
    bought: Cost,
    /// After how many binding deadlines it comes.
    group: u32,
}

/// Price of a second, the owner's place on the walk, the offer's in its outline.
type Priced = (u64, Reverse<u32>, u16);

pub(super) struct Walk<'a> {
    now: Micros,
    seen: &'a Snapshot,
    options: &'a Options,
    capacity: Capacity,
    entries: Vec<Entry<'a>>,
    /// Offers by price for each axis; of equal prices the latest video's first, which has most
    /// time to wait for a provider.
    offers: [BinaryHeap<Reverse<Priced>>; 2],
    /// Videos by work for each axis; entries may be stale.
    largest: [BinaryHeap<(Micros, Reverse<u32>)>; 2],
    /// Work of the videos so far.
    sum: [Micros; 2],
    /// Core time of all videos that aren't given up, also of those that are still to come.
    cpu: Micros,
    plan: Plan,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        now: Micros,
        seen: &'a Snapshot,
        options: &'a Options,
        capacity: Capacity,
    ) -> Self {
        let mut entries: Vec<Entry<'a>> = seen
            .order
            .iter()
            .map(|slot| entry(now, *slot, &seen.videos[*slot as usize], options))
            .collect();
        entries.sort_by_key(|entry| (entry.due[0], entry.video.id));
        let kept = entries.iter().filter(|entry| !entry.given_up);
        let cpu = kept.map(|entry| entry.work[1]).sum();
        Self {
            now,
            seen,
            options,
            capacity,
            entries,
            offers: Default::default(),
            largest: Default::default(),
            sum: [0; 2],
            cpu,
            plan: Plan::default(),
        }
    }

    /// Looks at each video in turn and makes it fit.
    pub(super) fn go(&mut self) {
        let mut group = 0;
        for at in 0..self.entries.len() {
            self.entries[at].group = group;
            if self.entries[at].given_up {
                continue;
            }
            self.add(at);
            for axis in [Axis::Gpu, Axis::Cpu] {
                while !self.entries[at].given_up && self.late_by(at, axis) > 0 {
                    if !self.buy(at, axis) && !self.give_up_largest(axis) {
                        break;
                    }
                }
            }
            let entry = &self.entries[at];
            let spare = [Axis::Gpu, Axis::Cpu]
                .map(|axis| entry.due[axis as usize].saturating_sub(self.over_at(at, axis)));
            if !entry.given_up && spare.iter().any(|spare| *spare < self.options.guard) {
                group += 1;
            }
        }
        // What no deadline binds comes after all that one does; so does what was given up.
        for entry in &mut self.entries {
            if entry.given_up {
                entry.group = group;
            }
        }
    }

    fn add(&mut self, at: usize) {
        let entry = &self.entries[at];
        for (axis, work) in entry.work.iter().enumerate() {
            self.sum[axis] += work;
            self.largest[axis].push((*work, Reverse(at as u32)));
        }
        // For a promise that was broken already nothing more is paid.
        let kept = entry.goal == entry.video.deadline;
        for (index, offer) in entry.video.outline.offers.iter().enumerate() {
            if offer.cost > 0 && !(self.options.buy && kept) {
                continue;
            }
            let saved = [offer.gpu, offer.cpu.max(0).cast_unsigned()];
            for (axis, saved) in saved.into_iter().enumerate() {
                let cost = offer.cost.max(0).cast_unsigned();
                if let Some(price) = (cost * SECOND * FINE).checked_div(saved) {
                    self.offers[axis].push(Reverse((price, Reverse(at as u32), index as u16)));
                }
            }
        }
    }

    /// When the work of all videos up to `at` is over.
    fn over_at(&self, at: usize, axis: Axis) -> Micros {
        if self.entries[at].work[axis as usize] == 0 {
            return self.now;
        }
        let busy = match axis {
            Axis::Gpu => self.capacity.gpu_busy,
            Axis::Cpu => self.capacity.cpu_busy,
        };
        self.now + self.at_capacity(busy + self.sum[axis as usize], axis)
    }

    fn at_capacity(&self, work: Micros, axis: Axis) -> Micros {
        match axis {
            Axis::Gpu => {
                let useful = Micros::from(self.options.gpu_useful.max(1));
                work * 1000 / (self.capacity.gpus * useful)
            }
            Axis::Cpu => work / self.capacity.cores,
        }
    }

    /// By how much that is too late. A video whose own work alone eats its margin may: nobody
    /// else's leaving would give it back.
    fn late_by(&self, at: usize, axis: Axis) -> Micros {
        let entry = &self.entries[at];
        let own = entry.video.outline.release + self.at_capacity(entry.work[axis as usize], axis);
        let limit = entry.due[axis as usize]
            .max(self.now + own)
            .min(entry.limit[axis as usize]);
        self.over_at(at, axis)
            .saturating_sub(limit.max(entry.due[axis as usize]))
    }

    /// Moves the job with the cheapest time on `axis` to its other backend.
    fn buy(&mut self, at: usize, axis: Axis) -> bool {
        let largest = self.largest_work(axis);
        let short = self.late_by(at, axis).min(largest);
        while let Some(Reverse((price, Reverse(owner), index))) = self.offers[axis as usize].pop() {
            let total = price.saturating_mul(short) / (SECOND * FINE);
            if total > self.options.promise_value.cast_unsigned() {
                self.offers[axis as usize].push(Reverse((price, Reverse(owner), index)));
                return false;
            }
            let owner = owner as usize;
            let offer = self.entries[owner].video.outline.offers[usize::from(index)];
            if self.is_possible(owner, &offer, at) {
                self.take(owner, &offer);
                if axis == Axis::Gpu {
                    self.plan.gpu_second = self.plan.gpu_second.max((price / FINE) as Cost);
                }
                return true;
            }
        }
        false
    }

    /// Whether the moved job would be done in time and paid for, and nothing else becomes short.
    fn is_possible(&self, owner: usize, offer: &Offer, at: usize) -> bool {
        let entry = &self.entries[owner];
        if entry.given_up || entry.moved.contains(&offer.job) {
            return false;
        }
        if offer.cost > 0 && entry.bought + offer.cost > entry.video.budget {
            return false;
        }
        let start = match offer.provider {
            Some(provider) => {
                let provider = usize::from(provider);
                let slots = self.capacity.provider_slots[provider].max(1);
                offer
                    .head
                    .max(self.capacity.provider_busy[provider] / slots)
            }
            None => offer.head,
        };
        let margin = if offer.provider.is_some() {
            BOUGHT_MARGIN
        } else {
            self.options.margin
        };
        if self.now + start + offer.time + offer.after + margin > entry.goal {
            return false;
        }
        if offer.cpu >= 0 {
            return true;
        }
        let more = offer.cpu.unsigned_abs();
        let over = self.now + (self.capacity.cpu_busy + self.cpu + more) / self.capacity.cores;
        over + self.options.margin <= self.entries[at].due[1].min(entry.due[1])
    }

    fn take(&mut self, owner: usize, offer: &Offer) {
        let entry = &mut self.entries[owner];
        let gpu = offer.gpu.min(entry.work[0]);
        entry.work[0] -= gpu;
        self.sum[0] -= gpu;
        if offer.cpu >= 0 {
            let less = offer.cpu.unsigned_abs().min(entry.work[1]);
            entry.work[1] -= less;
            self.sum[1] -= less;
            self.cpu -= less;
        } else {
            entry.work[1] += offer.cpu.unsigned_abs();
            self.sum[1] += offer.cpu.unsigned_abs();
            self.cpu += offer.cpu.unsigned_abs();
        }
        if let Some(provider) = offer.provider {
            self.capacity.provider_busy[usize::from(provider)] += offer.time;
        }
        entry.bought += offer.cost;
        entry.moved.push(offer.job);
        self.plan
            .choices
            .push((entry.slot, offer.job, offer.backend));
    }

    fn largest_work(&mut self, axis: Axis) -> Micros {
        let heap = &mut self.largest[axis as usize];
        while let Some((work, Reverse(at))) = heap.pop() {
            let entry = &self.entries[at as usize];
            let is = entry.work[axis as usize];
            if entry.given_up || is == 0 {
                continue;
            }
            heap.push((is, Reverse(at)));
            if is >= work {
                return is;
            }
        }
        0
    }

    /// Gives up the video with the most work so far, and promises it anew.
    fn give_up_largest(&mut self, axis: Axis) -> bool {
        if self.largest_work(axis) == 0 {
            return false;
        }
        let Some((_, Reverse(at))) = self.largest[axis as usize].pop() else {
            return false;
        };
        let entry = &mut self.entries[at as usize];
        entry.given_up = true;
        for (sum, work) in self.sum.iter_mut().zip(entry.work) {
            *sum -= work;
        }
        self.cpu -= entry.work[1];
        true
    }

    /// Orders and writes down what was found.
    pub(super) fn plan(mut self) -> Plan {
        let (now, options) = (self.now, self.options);
        let given_up = self.entries.iter().filter(|entry| entry.given_up);
        let given_up: Vec<u32> = given_up.map(|entry| entry.slot).collect();
        for entry in self.entries.iter().filter(|entry| entry.given_up) {
            let video = entry.video;
            let reachable = now + video.outline.path;
            if video.promise == video.deadline || reachable > video.promise {
                self.plan
                    .promises
                    .push((entry.slot, reachable + options.promise_step));
            }
        }
        if !given_up.is_empty() {
            self.plan
                .choices
                .retain(|(slot, ..)| !given_up.contains(slot));
        }
        let mut latest = Micros::MAX;
        let mut starts = vec![0; self.entries.len()];
        for (at, entry) in self.entries.iter().enumerate().rev() {
            if !entry.given_up {
                latest = latest.min(entry.due[0]);
                latest = latest.saturating_sub(entry.work[0] / self.capacity.gpus);
            }
            let own = entry.goal.saturating_sub(entry.video.outline.path);
            starts[at] = if entry.given_up { own } else { own.min(latest) };
        }
        let ahead = self.accounts_ahead();
        let free = self
            .entries
            .iter()
            .map(|entry| entry.group)
            .max()
            .unwrap_or(0);
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_cached_key(|at| {
            let entry = &self.entries[*at];
            let rest = entry.work[0] / self.capacity.gpus + entry.work[1] / self.capacity.cores;
            let ahead = entry.group == free && ahead[entry.video.account as usize];
            (entry.group, ahead, rest, entry.video.id)
        });
        self.plan.order = order.iter().map(|at| self.entries[*at].slot).collect();
        self.plan.latest_start_at = order.iter().map(|at| starts[*at]).collect();
        self.plan
    }

    /// Which accounts had so much more than others that have work that they shall wait.
    fn accounts_ahead(&self) -> Vec<bool> {
        let served = |account: u32| self.seen.served.get(account as usize).copied().unwrap_or(0);
        let accounts = self.entries.iter().map(|entry| entry.video.account);
        let least = accounts.clone().map(served).min().unwrap_or(0);
        let count = accounts.max().map_or(0, |most| most + 1);
        (0..count)
            .map(|account| served(account) > least + self.options.account_lead)
            .collect()
    }
}

fn entry<'a>(now: Micros, slot: u32, video: &'a Video, options: &Options) -> Entry<'a> {
    let outline = &video.outline;
    let attainable = now + outline.path <= video.deadline;
    let goal = if attainable {
        video.deadline
    } else {
        video.promise
    };
    let limit = [outline.tail, outline.tail_cpu].map(|tail| goal.saturating_sub(tail));
    let due = limit.map(|at| at.saturating_sub(options.margin));
    Entry {
        slot,
        video,
        goal,
        due,
        limit,
        work: [outline.gpu, outline.cpu],
        given_up: now + outline.path > goal,
        moved: Vec::new(),
        bought: 0,
        group: 0,
    }
}
