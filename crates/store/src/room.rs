//! What jobs need of a machine, and what a machine has free.

use serde::{Deserialize, Serialize};

/// What must be free on the node that runs a job. Nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Processors, in thousandths of a core.
    pub cpu_milli: u32,
    /// Memory, in MiB.
    pub memory_mib: u32,
    /// Memory of a GPU, in MiB.
    pub vram_mib: u32,
    /// Sessions of a hardware encoder.
    pub encoder_sessions: u32,
}

/// What a node has free; `None` is as much as anybody wants, and all of it is by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Processors, in thousandths of a core.
    pub cpu_milli: Option<u32>,
    /// Memory, in MiB.
    pub memory_mib: Option<u32>,
    /// Memory of a GPU, in MiB.
    pub vram_mib: Option<u32>,
    /// Sessions of a hardware encoder.
    pub encoder_sessions: Option<u32>,
}

impl Room {
    /// Tells whether everything fits.
    pub fn is_endless(&self) -> bool {
        *self == Self::default()
    }

    /// How many of the most urgent available jobs a claim of at most `max` looks at.
    ///
    /// Some of them may not fit, and those are passed over. So that a claim stays cheap however
    /// many wait, it looks at `4 × max + 16` at most: behind that many which don't fit, one that
    /// would is found only when they are gone.
    pub fn sight(&self, max: u32) -> u32 {
        if self.is_endless() {
            max
        } else {
            max.saturating_mul(4).saturating_add(16)
        }
    }

    /// Takes what a job needs, all of it, or nothing and tells `false`.
    pub fn take(&mut self, needs: Needs) -> bool {
        let left = |free: Option<u32>, need: u32| match free {
            None => Some(None),
            Some(free) => free.checked_sub(need).map(Some),
        };
        let taken = || {
            Some(Self {
                cpu_milli: left(self.cpu_milli, needs.cpu_milli)?,
                memory_mib: left(self.memory_mib, needs.memory_mib)?,
                vram_mib: left(self.vram_mib, needs.vram_mib)?,
                encoder_sessions: left(self.encoder_sessions, needs.encoder_sessions)?,
            })
        };
        match taken() {
            Some(rest) => {
                *self = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_taken_or_nothing() {
        let mut room = Room {
            cpu_milli: Some(2_000),
            vram_mib: Some(8_000),
            ..Room::default()
        };
        let job = |cpu_milli, vram_mib| Needs {
            cpu_milli,
            memory_mib: 1 << 20,
            vram_mib,
            ..Needs::default()
        };
        assert!(room.take(job(1_500, 8_000)));
        assert!(!room.take(job(500, 1)), "no memory of a GPU is left");
        assert!(room.take(job(500, 0)), "what was refused took nothing");
        assert!(!room.take(job(1, 0)));
        assert!(room.take(Needs::default()));
    }

    #[test]
    fn who_has_everything_looks_no_further_than_it_takes() {
        assert_eq!(Room::default().sight(10), 10);
        let small = Room {
            memory_mib: Some(1),
            ..Room::default()
        };
        assert_eq!(small.sight(10), 56);
        assert_eq!(small.sight(u32::MAX), u32::MAX);
    }
}
