//! Whether a GPU may be given work.
//!
//! A sick GPU is one whose capacity is 0: its backends are unavailable, and every stage goes on
//! with its next backend (NVENC → x264, generated on the GPU → bought), so falling back is not a
//! case of its own anywhere.

use crate::resource::{MINUTE, Micros};

/// Suspicions within [`WINDOW`] that end in quarantine.
pub const SUSPICIONS_MAX: usize = 3;

/// How long a suspicion counts.
pub const WINDOW: Micros = 60 * MINUTE;

/// Driver errors (Xid) after which a GPU isn't to be trusted before a reset.
///
/// Page retirement and double-bit errors (48, 63, 64, 94, 95), a hung or lost GPU (46, 62, 79, 119,
/// 120), after NVIDIA's catalogue of Xid errors.
pub const FATAL_XIDS: [u32; 10] = [46, 48, 62, 63, 64, 79, 94, 95, 119, 120];

/// Driver errors that a program causes by its own bug (13, 31, 43, 45): the job is to blame, until
/// another job meets the same.
pub const PROGRAM_XIDS: [u32; 4] = [13, 31, 43, 45];

/// Whether a GPU may be given work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    state: State,
    suspicions: Vec<Micros>,
    blamed_job: Option<u64>,
}

/// The states of [`Health`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Takes work.
    #[default]
    Healthy,
    /// Finishes what runs and takes a test, no work.
    Suspect,
    /// Takes nothing until somebody resets it.
    Quarantined,
}

/// What was noticed about a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The driver reported this error while that job ran.
    Xid {
        /// Its number.
        number: u32,
        /// The job, by whatever number names it.
        job: u64,
    },
    /// A job ended with an error that leaves the context broken.
    Sticky,
    /// The driver doesn't find it any more, or asks for a reset.
    Lost,
    /// The test passed.
    TestPassed,
    /// The test failed.
    TestFailed,
    /// Somebody reset it.
    Reset,
}

impl Health {
    /// Whether it takes work.
    pub fn takes_work(&self) -> bool {
        self.state == State::Healthy
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Learns of a sign and tells whether the state changed.
    pub fn notice(&mut self, now: Micros, sign: Sign) -> bool {
        let before = self.state;
        match sign {
            Sign::Reset => *self = Self::default(),
            Sign::Lost | Sign::TestFailed => self.state = State::Quarantined,
            Sign::TestPassed if self.state == State::Suspect => self.state = State::Healthy,
            Sign::TestPassed => {}
            Sign::Xid { number, .. } if FATAL_XIDS.contains(&number) => {
                self.state = State::Quarantined;
            }
            // One job that meets it again and again is poisoned; two jobs accuse the GPU.
            Sign::Xid { number, job }
                if PROGRAM_XIDS.contains(&number)
                    && self.blamed_job.is_none_or(|was| was == job) =>
            {
                self.blamed_job = Some(job);
            }
            Sign::Xid { .. } | Sign::Sticky => self.suspect(now),
        }
        before != self.state
    }

    fn suspect(&mut self, now: Micros) {
        self.suspicions
            .retain(|at| now.saturating_sub(*at) < WINDOW);
        self.suspicions.push(now);
        self.state = if self.suspicions.len() >= SUSPICIONS_MAX || self.state == State::Quarantined
        {
            State::Quarantined
        } else {
            State::Suspect
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_that_fell_off_the_bus_takes_nothing_until_it_is_reset() {
        let mut health = Health::default();
        assert!(health.notice(0, Sign::Xid { number: 79, job: 1 }));
        assert!(!health.notice(1, Sign::TestPassed));
        assert_eq!(health.state(), State::Quarantined);
        assert!(health.notice(2, Sign::Reset) && health.takes_work());
    }

    #[test]
    fn the_third_suspicion_within_an_hour_is_one_too_many() {
        let mut health = Health::default();
        for at in [0, 50 * MINUTE, 61 * MINUTE] {
            assert!(health.notice(at, Sign::Sticky));
            assert_eq!(
                health.state(),
                State::Suspect,
                "the first was forgotten by then"
            );
            assert!(health.notice(at, Sign::TestPassed));
        }
        assert!(health.notice(70 * MINUTE, Sign::Sticky));
        assert_eq!(health.state(), State::Quarantined);
    }

    #[test]
    fn a_bug_of_one_job_is_that_jobs_and_of_two_the_gpus() {
        let mut health = Health::default();
        let sign = |job| Sign::Xid { number: 31, job };
        assert!(!health.notice(0, sign(7)) && !health.notice(1, sign(7)));
        assert!(health.takes_work());
        assert!(health.notice(2, sign(8)));
        assert!(!health.takes_work());
    }
}
