//! The title card.

use super::beats::{self, Beat, Rolling};
use super::chrome::{self, Print};
use super::sheet::{Sheet, reveal};
use super::{Cues, Place};
use crate::script::Scene;
use crate::text::Fit;
use crate::{Edge, Rect};

/// The title as large as it goes, beside or under the theme's figure.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    scene: &Scene,
    place: &Place<'_>,
    subtitle: Option<&str>,
    cues: &Cues,
) {
    chrome::header(sheet, place, Print::Channel);
    let beats = beats::of(scene, subtitle, cues, (24, sheet.frames));
    opening(sheet, place.title, &beats);
}

/// An accent mark, large words, a line under them: the layout of title and end cards.
pub(super) fn opening(sheet: &mut Sheet<'_>, words: &str, beats: &[Beat]) {
    let grid = sheet.grid;
    let body = grid.body;
    let width = body.width as f32 * grid.pick(0.645, 1.0, 1.0);
    let fit = Fit {
        width,
        height: body.height as f32 * grid.pick(0.66, 0.6, 0.62),
        lines: grid.pick(4, 7, 5),
        size_max: grid.px(grid.pick(128.0, 118.0, 100.0)),
        size_min: grid.px(grid.pick(54.0, 50.0, 46.0)),
    };
    let title = sheet.fitted(words, sheet.theme.display(fit.size_max), fit);
    let sub = {
        let size = grid.px(grid.pick(42.0, 40.0, 36.0));
        let style = sheet
            .theme
            .text(400, size)
            .colored(sheet.theme.palette.muted);
        let fit = Fit {
            width: width * grid.pick(0.86, 0.94, 0.72),
            height: size * 5.0,
            lines: 3,
            size_max: size,
            size_min: size * 0.8,
        };
        Rolling::fit(sheet, beats, style, fit)
    };
    let (mark_height, mark_gap) = (grid.px(8.0), grid.px(grid.pick(46.0, 52.0, 40.0)));
    let sub_gap = grid.px(grid.pick(68.0, 72.0, 56.0));
    let height = mark_height
        + mark_gap
        + title.height
        + sub.as_ref().map_or(0.0, |sub| sub_gap + sub.height);
    let spare = body.height as f32 - height;
    // On a square the figure is near below, so text keeps to the upper part.
    let share = grid.pick(0.5, 0.62, 0.28);
    let (x, mut y) = (body.x as f32, body.y as f32 + spare.max(0.0) * share);
    let mark = Rect {
        x: body.x,
        y: y.round() as i32,
        width: grid.px(84.0).round() as u32,
        height: mark_height.round() as u32,
    };
    let accent = sheet.theme.palette.accent;
    sheet.bar(mark, accent, reveal(Edge::Left, 2, 14));
    y += mark_height + mark_gap;
    sheet.put_lines(&title, (x, y), 5, 4);
    y += title.height + sub_gap;
    if let Some(sub) = sub {
        sub.put(sheet, (x, y));
    }
}
