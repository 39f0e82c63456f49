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
    /// Up to which video they are in the heap: none is put there before something is short.
    offered: [usize; 2],
    /// Videos by work for each axis; entries may be stale.
    largest: [BinaryHeap<(Micros, Reverse<u32>)>; 2],
    /// Work of the videos so far.
    sum: [Micros; 2],
    /// Core time of all videos that aren't given up, also of those that are still to come.
    cpu: Micros,
    /// Moved jobs: place on the walk, job, backend.
    choices: Vec<(usize, u16, u8)>,
    plan: Plan,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        now: Micros,
        seen: &'a Snapshot,
        options: &'a Options,
        capacity: Capacity,
    ) -> Self {
        let video = |slot: u32| &seen.videos[slot as usize];
        let due = |slot: u32| {
            let goal = goal(now, video(slot));
            goal.saturating_sub(video(slot).outline.tail + options.margin)
        };
        let by_due = seen
            .order
            .iter()
            .map(|slot| (due(*slot), video(*slot).id, *slot));
        let mut by_due: Vec<(Micros, u64, u32)> = by_due.collect();
        by_due.sort_unstable();
        let entries: Vec<Entry<'a>> = by_due
            .iter()
            .map(|(.., slot)| entry(now, *slot, video(*slot), options))
            .collect();
        let kept = entries.iter().filter(|entry| !entry.given_up);
        let cpu = kept.map(|entry| entry.work[1]).sum();
        Self {
            now,
            seen,
            options,
            capacity,
            entries,
            offers: Default::default(),
            offered: [0; 2],
            largest: Default::default(),
            sum: [0; 2],
            cpu,
            choices: Vec::new(),
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
        }
    }

    /// Puts all videos up to `at`, and their offers, into the heaps.
    fn offer(&mut self, at: usize, axis: Axis) {
        for owner in self.offered[axis as usize]..=at {
            let entry = &self.entries[owner];
            if entry.given_up {
                continue;
            }
            let work = entry.work[axis as usize];
            self.largest[axis as usize].push((work, Reverse(owner as u32)));
            let offers = &entry.video.outline.offers;
            for index in 0..offers.len() {
                // Chunks of a stage cost the same: of each run of them the next is enough.
                if index == 0 || offers[index - 1].backend != offers[index].backend {
                    self.put(owner, index, axis);
                }
            }
        }
        self.offered[axis as usize] = self.offered[axis as usize].max(at + 1);
    }

    fn put(&mut self, owner: usize, index: usize, axis: Axis) {
        let entry = &self.entries[owner];
        let offer = &entry.video.outline.offers[index];
        // For a promise that was broken already nothing more is paid.
        let kept = entry.goal == entry.video.deadline;
        if offer.cost > 0 && !(self.options.buy && kept) {
            return;
        }
        let saved = match axis {
            Axis::Gpu => offer.gpu,
            Axis::Cpu => offer.cpu.max(0).cast_unsigned(),
        };
        let cost = offer.cost.max(0).cast_unsigned();
        if let Some(price) = (cost * SECOND * FINE).checked_div(saved) {
            let priced = (price, Reverse(owner as u32), index as u16);
            self.offers[axis as usize].push(Reverse(priced));
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
        self.offer(at, axis);
        let largest = self.largest_work(axis);
        let short = self.late_by(at, axis).min(largest);
        while let Some(Reverse((price, Reverse(owner), index))) = self.offers[axis as usize].pop() {
            let total = price.saturating_mul(short) / (SECOND * FINE);
            if total > self.options.promise_value.cast_unsigned() {
                self.offers[axis as usize].push(Reverse((price, Reverse(owner), index)));
                return false;
            }
            let (owner, index) = (owner as usize, usize::from(index));
            if self.entries[owner].given_up {
                continue;
            }
            let offers = &self.entries[owner].video.outline.offers;
            let offer = offers[index];
            if offers
                .get(index + 1)
                .is_some_and(|next| next.backend == offer.backend)
            {
                self.put(owner, index + 1, axis);
            }
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
        if entry.moved.contains(&offer.job) {
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
        self.choices.push((owner, offer.job, offer.backend));
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
        for entry in self.entries.iter().filter(|entry| entry.given_up) {
            let video = entry.video;
            let reachable = now + video.outline.path;
            if video.promise == video.deadline || reachable > video.promise {
                self.plan
                    .promises
                    .push((entry.slot, reachable + options.promise_step));
            }
        }
        for &(at, job, backend) in &self.choices {
            let entry = &self.entries[at];
            if !entry.given_up {
                self.plan.choices.push((entry.slot, job, backend));
            }
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
        let mut order: Vec<(u32, bool, Micros, u64, usize)> = (0..self.entries.len())
            .map(|at| {
                let entry = &self.entries[at];
                let rest = entry.work[0] / self.capacity.gpus + entry.work[1] / self.capacity.cores;
                let ahead = entry.group == free && ahead[entry.video.account as usize];
                (entry.group, ahead, rest, entry.video.id, at)
            })
            .collect();
        order.sort_unstable();
        self.plan.order = order.iter().map(|key| self.entries[key.4].slot).collect();
        self.plan.latest_start_at = order.iter().map(|key| starts[key.4]).collect();
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

/// The deadline while it can be kept, then the promise.
fn goal(now: Micros, video: &Video) -> Micros {
    if now + video.outline.path <= video.deadline {
        video.deadline
    } else {
        video.promise
    }
}

fn entry<'a>(now: Micros, slot: u32, video: &'a Video, options: &Options) -> Entry<'a> {
    let outline = &video.outline;
    let goal = goal(now, video);
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
