//! The end card.

use super::chrome::{self, Print};
use super::{Cues, Place, Sheet, beats, title};
use crate::script::Scene;

/// Headings that only say which part of the script it is: the line beneath stands in their place.
const LABELS: [&str; 6] = [
    "closing",
    "conclusion",
    "end",
    "outro",
    "summary",
    "the end",
];

/// The scene's heading over a line, laid out as the title card is, so that a video ends as it
/// began. On a wide canvas the right third stays free for the platform's end screen.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    scene: &Scene,
    place: &Place<'_>,
    text: Option<&str>,
    cues: &Cues,
) {
    chrome::header(sheet, place, Print::Full);
    // Its own line stays to the end; only without one the narration's sentences follow.
    let frames = if text.is_some() { 0 } else { sheet.frames };
    let beats = beats::of(scene, text, cues, (24, frames));
    let named = scene.heading.trim().to_lowercase();
    match text {
        Some(text) if LABELS.contains(&named.as_str()) => title::opening(sheet, text, &[]),
        _ => title::opening(sheet, &scene.heading, &beats),
    }
}
