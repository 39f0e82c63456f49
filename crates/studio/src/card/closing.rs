//! The end card.

use super::chrome::{self, Print};
use super::{Place, Sheet, title};
use crate::script::Scene;

/// The scene's heading over a line, laid out as the title card is, so that a video ends as it
/// began. On a wide canvas the right third stays free for the platform's end screen.
pub(super) fn draw(sheet: &mut Sheet<'_>, scene: &Scene, place: &Place<'_>, text: Option<&str>) {
    chrome::header(sheet, place, Print::Full);
    title::opening(sheet, &scene.heading, text);
}
