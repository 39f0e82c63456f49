//! Cards: drawn scenes, from a script's visuals to layers on a backdrop.
//!
//! Every card keeps to one grid, one display family, one text family and one accent colour.
//! Whatever the texts are, they shrink, wrap and at last lose words within stated bounds; they
//! never leave the safe area and never meet each other or the captions.

mod backdrop;
mod beats;
mod bullets;
mod chart;
mod chrome;
mod closing;
mod comparison;
mod count;
mod cues;
mod figure;
mod grid;
mod heading;
mod number;
mod picture;
mod quote;
mod sections;
mod sheet;
mod title;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

use crate::script::{Chart, Scene, Visual};
use crate::text::Typesetter;
use crate::theme::Theme;
use crate::{Backdrop, Canvas, Shot};
pub(crate) use backdrop::{Tone, backdrop};
pub use cues::Cues;
pub(crate) use figure::Figure;
pub(crate) use grid::Grid;
pub use picture::{clip, picture};
pub(crate) use sheet::{Ground, Set, Sheet, THERE, fill, painted, stroke};

/// What all cards of a video have in common.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Palette, typefaces, backdrop.
    pub theme: &'a Theme,
    /// The surface.
    pub canvas: Canvas,
    /// Whether room is kept for captions.
    pub captions: bool,
}

/// Where a scene stands in its video.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The scene's place, from 0.
    pub index: usize,
    /// How many scenes there are.
    pub total: usize,
    /// The video's title.
    pub title: &'a str,
    /// The headings of all scenes, in order.
    pub headings: &'a [String],
    /// The channel's name, shown in small print.
    pub channel: Option<&'a str>,
}

/// Why a card can't be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// No font at hand has these characters.
    #[error("no font at hand has {}", named(.0))]
    MissingGlyphs(Vec<char>),
    /// The chart's data can't be drawn.
    #[error("a chart needs 2 to {most} points with finite values, this one has {got}")]
    BadChart {
        /// The most points that its shape takes.
        most: usize,
        /// The points with finite values that it has.
        got: usize,
    },
}

fn named(chars: &[char]) -> String {
    chars
        .iter()
        .map(|c| format!("{c} (U+{:04X})", u32::from(*c)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Draws the card of a scene that lasts `frames` frames.
///
/// # Errors
/// [`CardError::MissingGlyphs`] if a text on the card needs a character that no font has, and
/// [`CardError::BadChart`] for a chart with too few or too many points.
pub fn draw(
    set: &mut Typesetter,
    look: &Look<'_>,
    scene: &Scene,
    place: &Place<'_>,
    frames: u32,
    cues: &Cues,
) -> Result<Shot, CardError> {
    check_glyphs(set, scene, place)?;
    let ground = backdrop(look.theme, look.canvas, tone(scene), place.index);
    draw_over(set, look, (scene, place), (frames, cues), ground)
}

fn tone(scene: &Scene) -> Tone {
    match scene.visual {
        Visual::Title { .. } | Visual::Closing { .. } => Tone::Figure,
        _ => Tone::Calm,
    }
}

/// Everything but the backdrop, which is slow to paint and often the same.
fn draw_over(
    set: &mut Typesetter,
    look: &Look<'_>,
    (scene, place): (&Scene, &Place<'_>),
    (frames, cues): (u32, &Cues),
    ground: Backdrop,
) -> Result<Shot, CardError> {
    let grid = Grid::of(look.canvas, look.captions);
    let mut sheet = Sheet::new(set, look.theme, grid, frames);
    match &scene.visual {
        Visual::Title { subtitle } => {
            title::draw(&mut sheet, scene, place, subtitle.as_deref(), cues);
        }
        Visual::Heading { text } => {
            heading::draw(&mut sheet, scene, place, text.as_deref(), cues);
        }
        Visual::Bullets { points } => bullets::draw(&mut sheet, scene, place, points, cues),
        Visual::Quote { text, by } => quote::draw(&mut sheet, place, text, by.as_deref()),
        Visual::Number { value, label } => {
            number::draw(&mut sheet, scene, place, value, (label, cues));
        }
        Visual::Comparison { left, right } => {
            comparison::draw(&mut sheet, scene, place, [left, right], cues);
        }
        Visual::Chart(chart) => chart::draw(&mut sheet, scene, place, chart, cues)?,
        Visual::Sections => sections::draw(&mut sheet, scene, place),
        Visual::Closing { text } => {
            closing::draw(&mut sheet, scene, place, text.as_deref(), cues);
        }
    }
    Ok(sheet.into_shot(ground))
}

/// Every text that the card of `scene` may show.
fn texts<'a>(scene: &'a Scene, place: &Place<'a>) -> Vec<&'a str> {
    let mut texts = vec![scene.heading.as_str(), place.title];
    // Sentences of the narration may be shown.
    if matches!(
        scene.visual,
        Visual::Title { .. } | Visual::Heading { .. } | Visual::Closing { .. }
    ) {
        texts.push(&scene.narration);
    }
    texts.extend(place.channel);
    match &scene.visual {
        Visual::Title { subtitle: text } | Visual::Heading { text } | Visual::Closing { text } => {
            texts.extend(text.as_deref());
        }
        Visual::Bullets { points } => texts.extend(points.iter().map(String::as_str)),
        Visual::Quote { text, by } => {
            texts.push(text);
            texts.extend(by.as_deref());
        }
        Visual::Number { value, label } => texts.extend([value.as_str(), label]),
        Visual::Comparison { left, right } => {
            for side in [left, right] {
                texts.extend([side.label.as_str(), &side.value]);
                texts.extend(side.note.as_deref());
            }
        }
        Visual::Chart(Chart {
            caption,
            points,
            source,
            ..
        }) => {
            texts.extend(caption.as_deref().into_iter().chain(source.as_deref()));
            texts.extend(points.iter().map(|(label, _)| label.as_str()));
        }
        Visual::Sections => texts.extend(place.headings.iter().map(String::as_str)),
    }
    texts
}

fn check_glyphs(set: &mut Typesetter, scene: &Scene, place: &Place<'_>) -> Result<(), CardError> {
    let missing = set.missing_glyphs(&texts(scene, place).join("\n"));
    if missing.is_empty() {
        Ok(())
    } else {
        Err(CardError::MissingGlyphs(missing))
    }
}
