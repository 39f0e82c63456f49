//! Chapters, by YouTube's rules.

use serde::{Deserialize, Serialize};

/// Milliseconds a chapter lasts at least.
const CHAPTER_MS_MIN: u64 = 10_000;

/// Chapters a video has at least, if it has any.
const CHAPTERS_MIN: usize = 3;

/// A stretch of the video with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    /// Milliseconds from the video's start; whole seconds, as YouTube reads them.
    pub start_ms: u64,
    /// Its name.
    pub heading: String,
}

impl std::fmt::Display for Chapter {
    /// `01:05 Heading`, with hours where there are any.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.start_ms / 1000;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if hours > 0 {
            write!(f, "{hours}:{minutes:02}:{seconds:02} {}", self.heading)
        } else {
            write!(f, "{minutes:02}:{seconds:02} {}", self.heading)
        }
    }
}

/// The chapters of a video: from its scenes' starts and headings, in order.
///
/// Neighbours of the same name are one chapter. A scene of under ten seconds joins the chapter
/// before it; the first chapter begins at 00:00. If fewer than three are left there are none:
/// YouTube would ignore the list.
///
/// Source: YouTube Help, "Video chapters": the first at 00:00, at least three in ascending
/// order, each at least ten seconds long.
pub fn chapters<'h>(
    scenes: impl IntoIterator<Item = (u64, &'h str)>,
    duration_ms: u64,
) -> Vec<Chapter> {
    let mut chapters: Vec<Chapter> = Vec::new();
    for (start_ms, heading) in scenes {
        let heading = plain(heading);
        // YouTube reads whole seconds: rounding down never points past the scene's start.
        let start_ms = start_ms / 1000 * 1000;
        match chapters.last() {
            None => chapters.push(Chapter {
                start_ms: 0,
                heading,
            }),
            Some(last) => {
                let is_new = last.heading != heading && !heading.is_empty();
                let is_long = start_ms >= last.start_ms + CHAPTER_MS_MIN;
                if is_new && is_long && start_ms + CHAPTER_MS_MIN <= duration_ms {
                    chapters.push(Chapter { start_ms, heading });
                }
            }
        }
    }
    if chapters.len() < CHAPTERS_MIN || chapters.iter().any(|c| c.heading.is_empty()) {
        return Vec::new();
    }
    chapters
}

/// A heading on one line, without what YouTube refuses in descriptions.
fn plain(heading: &str) -> String {
    let clean: String = heading
        .chars()
        .filter(|c| !matches!(c, '<' | '>'))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}
