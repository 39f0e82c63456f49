//! A GPU as the simulator sees it: its jobs share it, and slow each other down beyond a whole.

use crate::resource::{Micros, WHOLE};

/// Billionths of a second of work: fine enough that rounding never adds up to a microsecond.
type Nanos = u64;

/// Jobs that share a GPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shared {
    jobs: Vec<Part>,
    since: Micros,
    /// Counts changes, so that an end that was foreseen before one is known to be old.
    pub version: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    video: u32,
    job: u16,
    left: Nanos,
    share: u32,
}

impl Shared {
    /// Adds a job that would take `time` alone.
    pub(super) fn begin(
        &mut self,
        now: Micros,
        (video, job): (u32, u16),
        time: Micros,
        share: u32,
    ) {
        self.advance(now);
        self.version += 1;
        self.jobs.push(Part {
            video,
            job,
            left: time * 1000,
            share,
        });
    }

    /// Takes away all that is done by `now`, or a job that must end.
    pub(super) fn take_done(&mut self, now: Micros) -> Vec<(u32, u16)> {
        self.advance(now);
        let done: Vec<_> = self
            .jobs
            .iter()
            .filter(|part| part.left == 0)
            .map(|p| (p.video, p.job))
            .collect();
        if !done.is_empty() {
            self.version += 1;
            self.jobs.retain(|part| part.left > 0);
        }
        done
    }

    /// Takes away everything.
    pub(super) fn clear(&mut self, now: Micros) {
        self.advance(now);
        self.version += 1;
        self.jobs.clear();
    }

    /// When the next job ends if nothing changes.
    pub(super) fn next_end(&self) -> Option<Micros> {
        let least = self.jobs.iter().map(|part| part.left).min()?;
        let slowed = (u128::from(least) * u128::from(self.slowness())).div_ceil(1_000_000);
        Some(self.since + u64::try_from(slowed).unwrap_or(u64::MAX))
    }

    /// Thousandths of the time that a job takes longer than alone.
    fn slowness(&self) -> u32 {
        self.jobs
            .iter()
            .map(|part| part.share)
            .sum::<u32>()
            .max(WHOLE)
    }

    fn advance(&mut self, now: Micros) {
        let passed = now.saturating_sub(self.since);
        let done = passed * 1_000_000 / u64::from(self.slowness());
        for part in &mut self.jobs {
            part.left = part.left.saturating_sub(done);
            // The end was rounded up to a microsecond; what is less than that is nothing.
            if part.left < 1000 {
                part.left = 0;
            }
        }
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_ask_for_more_than_a_gpu_take_longer_in_proportion() {
        let mut gpu = Shared::default();
        gpu.begin(0, (0, 0), 1_000_000, 1000);
        assert_eq!(gpu.next_end(), Some(1_000_000));
        gpu.begin(500_000, (1, 0), 1_000_000, 500);
        // Half is left, at two thirds of the speed.
        assert_eq!(gpu.next_end(), Some(1_250_000));
        assert_eq!(gpu.take_done(1_250_000), [(0, 0)]);
        assert_eq!(gpu.next_end(), Some(1_750_000));
    }

    #[test]
    fn small_ones_share_without_slowing() {
        let mut gpu = Shared::default();
        gpu.begin(0, (0, 0), 1_000_000, 350);
        gpu.begin(0, (1, 0), 1_000_000, 500);
        assert_eq!(gpu.next_end(), Some(1_000_000));
        assert_eq!(gpu.take_done(1_000_000).len(), 2);
        assert_eq!(gpu.next_end(), None);
    }
}
