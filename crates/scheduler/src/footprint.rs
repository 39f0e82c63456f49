//! What running out of memory teaches.
//!
//! The need of a (backend, shape) is learned from peaks that were seen and from jobs that didn't
//! fit. After a failure the same job is tried once more alone, then smaller, then by another
//! backend: **never the same need in the same way twice** ([`Footprints::after_failure`] says what
//! is next and can't say the same again).

use std::collections::BTreeMap;

/// What is added to a need that was too small: 15 %, for fragmentation and the allocator's steps.
const HEADROOM_PERCENT: u32 = 15;

/// Peaks kept of each, the largest of which is the need: with 100 the 99th percentile.
const PEAKS_KEPT: usize = 100;

/// A kind of job: its backend and the shape of its work (batch, size, precision) in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape {
    /// The backend.
    pub backend: u8,
    /// The shape, however the backend numbers them.
    pub shape: u32,
}

/// What is known of the memory that jobs need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprints {
    peaks: BTreeMap<Shape, Vec<u32>>,
    floors: BTreeMap<Shape, u32>,
}

/// How a job is to be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// Beside others, with so many MiB reserved.
    Beside(u32),
    /// With nothing else on the GPU, models included.
    Alone(u32),
    /// With a batch or tile half the size.
    Smaller(u32),
    /// By the stage's next backend.
    Elsewhere,
}

impl Footprints {
    /// MiB to reserve for such a job, where the workload says `stated`.
    pub fn need(&self, of: Shape, stated: u32) -> u32 {
        let seen = self.peaks.get(&of).and_then(|peaks| peaks.iter().max());
        let floor = self.floors.get(&of).copied().unwrap_or(0);
        // A few peaks don't show the largest: until there are twenty, the stated need holds.
        let known = self.peaks.get(&of).map_or(0, Vec::len) >= 20;
        let seen = seen.map_or(stated, |peak| with_headroom(*peak));
        let wanted = if known { seen } else { seen.max(stated) };
        wanted.max(floor)
    }

    /// The least that such a job is known to need, as one that had less ran out; 0 where none has.
    pub fn floor(&self, of: Shape) -> u32 {
        self.floors.get(&of).copied().unwrap_or(0)
    }

    /// Takes over such a floor from an earlier life. A smaller one than is known changes nothing.
    pub fn raise(&mut self, of: Shape, floor_mib: u32) {
        let floor = self.floors.entry(of).or_default();
        *floor = floor_mib.max(*floor);
    }

    /// Learns the peak of a job that ended well.
    pub fn observe(&mut self, of: Shape, peak_mib: u32) {
        let peaks = self.peaks.entry(of).or_default();
        if peaks.len() == PEAKS_KEPT {
            peaks.remove(0);
        }
        peaks.push(peak_mib);
    }

    /// Learns that such a job ran out of memory when tried as `tried`, `peak_mib` being the most
    /// that was seen of it, and says how to try next. The next need is always larger than the
    /// last, or the way is another.
    pub fn after_failure(&mut self, of: Shape, tried: Try, peak_mib: u32, vram_mib: u32) -> Try {
        let (Try::Beside(had) | Try::Alone(had) | Try::Smaller(had)) = tried else {
            return Try::Elsewhere;
        };
        let needed = with_headroom(had.max(peak_mib)).max(had + 1);
        match tried {
            Try::Beside(_) if needed <= vram_mib => {
                let floor = self.floors.entry(of).or_default();
                *floor = needed.max(*floor);
                Try::Alone(needed)
            }
            // Alone on the GPU and still too much: the need is not the reservation's fault.
            Try::Beside(_) | Try::Alone(_) => Try::Smaller((had / 2).max(1)),
            Try::Smaller(_) | Try::Elsewhere => Try::Elsewhere,
        }
    }
}

fn with_headroom(mib: u32) -> u32 {
    mib + mib / 100 * HEADROOM_PERCENT + mib % 100 * HEADROOM_PERCENT / 100
}

/// Whether an encoder that said "out of memory" met the limit on sessions instead: the driver
/// reports both by the same number (10).
pub fn is_session_limit(vram_free_mib: u32, sessions: u32, sessions_max: u32) -> bool {
    vram_free_mib > 1024 && sessions + 1 >= sessions_max
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OF: Shape = Shape {
        backend: 3,
        shape: 1024,
    };

    #[test]
    fn peaks_replace_what_was_stated_once_there_are_enough() {
        let mut known = Footprints::default();
        assert_eq!(known.need(OF, 3000), 3000);
        for _ in 0..20 {
            known.observe(OF, 2000);
        }
        assert_eq!(known.need(OF, 3000), 2300);
        known.observe(OF, 5000);
        assert_eq!(known.need(OF, 3000), 5750);
    }

    #[test]
    fn a_session_limit_is_no_want_of_memory() {
        assert!(is_session_limit(9000, 7, 8));
        assert!(!is_session_limit(200, 7, 8));
        assert!(!is_session_limit(9000, 2, 8));
    }

    proptest! {
        #[test]
        fn nothing_is_tried_twice_in_the_same_way(stated in 1_u32..40_000, peak in 0_u32..40_000) {
            let mut known = Footprints::default();
            let mut seen = Vec::new();
            let mut next = Try::Beside(known.need(OF, stated));
            while next != Try::Elsewhere {
                prop_assert!(!seen.contains(&next), "{next:?} after {seen:?}");
                seen.push(next);
                prop_assert!(seen.len() <= 3);
                next = known.after_failure(OF, next, peak, 31_232);
            }
            // Nor by the next job of that kind.
            if stated.max(peak) < 20_000 {
                prop_assert!(known.need(OF, stated) > stated);
            }
        }
    }
}
