//! How one scene takes over from another.

use serde::{Deserialize, Serialize};

/// How a scene takes over from the one before it.
///
/// It is drawn in the first frames of the incoming scene; the outgoing one goes on beneath.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// At once.
    Cut,
    /// The old picture fades into the new one.
    Crossfade,
    /// The new picture glides in from the right over the old one, which yields and dims.
    Push,
    /// A soft slanted edge runs across and uncovers the new picture.
    Wipe,
}

impl Transition {
    /// The transition into the scene of that `index`.
    ///
    /// A video keeps to one style, as an editor would: crossfades, and at every third scene an
    /// accent, which `seed` picks once for the whole video. The first scene is cut in.
    pub const fn of(index: usize, seed: u64) -> Self {
        match index {
            0 => Self::Cut,
            i if i % 3 != 0 => Self::Crossfade,
            _ if seed.is_multiple_of(2) => Self::Push,
            _ => Self::Wipe,
        }
    }

    /// How many frames it takes.
    pub const fn frames(self, fps: u32) -> u32 {
        match self {
            Self::Cut => 0,
            Self::Crossfade | Self::Push | Self::Wipe => super::nearest(super::TRANSITION_MS, fps),
        }
    }
}
