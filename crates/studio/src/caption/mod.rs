//! Captions: words grouped into what is read at one glance.
//!
//! [`group()`] is pure text and times. Its groups are burned into the picture by
//! [`crate::paint`] and written into sidecar files, so both always agree.

mod group;

use serde::{Deserialize, Serialize};
use ytempire_core::brief::Format;

pub use group::group;

use crate::WordTime;

/// What is shown at one time: one or two lines of words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptionGroup {
    /// The lines, top first; 1 or 2, none of them empty.
    pub lines: Vec<Vec<WordTime>>,
    /// Milliseconds from the start of the scene's narration at which it appears.
    pub start_ms: u32,
    /// Milliseconds at which it is gone; never after the next group's start.
    pub end_ms: u32,
}

impl CaptionGroup {
    /// Its words, in order.
    pub fn words(&self) -> impl Iterator<Item = &WordTime> {
        self.lines.iter().flatten()
    }

    /// A line as text.
    pub fn line_text(&self, line: usize) -> String {
        let words: Vec<_> = self.lines[line]
            .iter()
            .map(|word| word.text.as_str())
            .collect();
        words.join(" ")
    }
}

/// What a caption group must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptionLimits {
    /// Characters on a line; a single longer word stands alone.
    pub line_chars_max: u32,
    /// Lines in a group: 1 or 2.
    pub lines_max: u32,
    /// Milliseconds a group stays at least, where the next one leaves it that long.
    pub group_ms_min: u32,
    /// Milliseconds a group stays at most, unless a single word takes longer.
    pub group_ms_max: u32,
    /// A pause up to this long is bridged: the group stays until the next one comes, instead of
    /// flickering.
    pub bridged_ms_max: u32,
    /// Milliseconds a group stays after its last word, where the next one leaves it that long.
    pub linger_ms: u32,
}

impl CaptionLimits {
    /// The limits for a format: 42 characters a line is the broadcasters' bound for wide
    /// pictures; on upright and square ones the type is larger, so that fewer fit.
    pub const fn of(format: Format) -> Self {
        Self {
            line_chars_max: match format {
                Format::Landscape => 42,
                Format::Square => 30,
                Format::Portrait => 24,
            },
            lines_max: 2,
            group_ms_min: 800,
            group_ms_max: 6_000,
            bridged_ms_max: 600,
            linger_ms: 250,
        }
    }
}
