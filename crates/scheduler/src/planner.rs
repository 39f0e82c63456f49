//! The slow half: what shall be done by which backend, in which order, and what can be promised.
//!
//! A fluid walk over the videos by the time at which their GPU work must be over. Where the work
//! up to a video doesn't fit before that time, the cheapest GPU time is bought: the job with the
//! fewest dollars for each GPU-second that it frees, whosever it is among the videos so far. Where
//! buying is impossible or dearer than a kept promise, the video with the most work is given up
//! (Moore and Hodgson: that loses the fewest) and promised anew. The same for cores.
//!
//! Order then follows the deadlines only where they bind, and the shortest rest elsewhere: the
//! first keeps promises, the second keeps the mean short.

mod capacity;
mod walk;

#[cfg(test)]
mod tests;

use crate::resource::{Cost, MINUTE, Micros, SECOND};
use crate::snapshot::{JobState, Snapshot};
use capacity::Capacity;
use walk::Walk;

/// How to plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Time that every video shall have to spare. Below it GPU time is bought.
    pub margin: Micros,
    /// A deadline binds when less than this is to spare beside the margin: about two chunks, the
    /// longest that anything else can be in the way.
    pub guard: Micros,
    /// Part of a busy GPU's time that is work, in thousandths; the rest goes by while models are
    /// loaded and while only small jobs have it.
    pub gpu_useful: u32,
    /// Whether work may be bought at providers.
    pub buy: bool,
    /// What a kept promise is worth: dearer than this none is bought.
    pub promise_value: Cost,
    /// How much later a video is promised that can't keep its deadline.
    pub promise_step: Micros,
    /// How far ahead of others, in machine time, an account may get while no deadline binds.
    pub account_lead: Micros,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            margin: 60 * SECOND,
            guard: 40 * SECOND,
            gpu_useful: 800,
            buy: true,
            promise_value: 1_000_000,
            promise_step: 60 * MINUTE,
            account_lead: 2 * MINUTE,
        }
    }
}

/// What was decided, as data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Slots of all videos, most urgent first.
    pub order: Vec<u32>,
    /// Jobs that shall be done by another backend than the preferred one: slot, job, backend.
    pub choices: Vec<(u32, u16, u8)>,
    /// Videos that can't keep what was promised, and what is promised now.
    pub promises: Vec<(u32, Micros)>,
    /// When the next job of each video must start, in the order of `order`.
    pub latest_start_at: Vec<Micros>,
    /// What the dearest GPU-second bought costs: what one more would be worth.
    pub gpu_second: Cost,
}

/// Plans. A function of `now` and of what is seen alone.
pub fn plan(now: Micros, seen: &Snapshot, options: &Options) -> Plan {
    let capacity = Capacity::of(now, seen);
    let mut walk = Walk::new(now, seen, options, capacity);
    walk.go();
    walk.plan()
}

impl Plan {
    /// Writes the plan into the snapshot: order, backends of unstarted jobs, promises.
    /// `preferred` names the backend that a job goes back to when the plan doesn't move it.
    pub fn apply(&self, seen: &mut Snapshot, preferred: impl Fn(&Snapshot, u32, u16) -> u8) {
        let moved = std::mem::take(&mut seen.moved);
        for (slot, job) in moved {
            let Some(state) = seen.videos.get(slot as usize).and_then(|video| {
                let job = video.jobs.get(usize::from(job))?;
                Some(job.state)
            }) else {
                continue;
            };
            if matches!(state, JobState::Waiting(_) | JobState::Ready) {
                let backend = preferred(seen, slot, job);
                seen.videos[slot as usize].jobs[usize::from(job)].backend = backend;
            }
        }
        for &(slot, job, backend) in &self.choices {
            seen.videos[slot as usize].jobs[usize::from(job)].backend = backend;
            seen.moved.push((slot, job));
        }
        for &(slot, promise) in &self.promises {
            seen.videos[slot as usize].promise = promise;
        }
        seen.order.clone_from(&self.order);
        for (slot, at) in self.order.iter().zip(&self.latest_start_at) {
            seen.videos[*slot as usize].latest_start_at = *at;
        }
    }
}
