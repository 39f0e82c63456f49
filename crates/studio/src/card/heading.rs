//! The section card: a heading and a short text.

use super::beats::{self, Beat, Rolling};
use super::chrome::{self, Print};
use super::sheet::{Ground, Set, Sheet, reveal, rise};
use super::{Cues, Place, grid::Shape};
use crate::script::Scene;
use crate::text::Fit;
use crate::{Edge, Rect};

/// A large chapter number, the heading, and the text beneath.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    scene: &Scene,
    place: &Place<'_>,
    text: Option<&str>,
    cues: &Cues,
) {
    chrome::header(sheet, place, Print::Full);
    let grid = sheet.grid;
    let body = grid.body;
    let size = grid.px(grid.pick(300.0, 260.0, 190.0));
    let style = sheet
        .theme
        .display(size)
        .colored(sheet.theme.palette.accent)
        .tabular();
    let numeral = sheet.line(&format!("{:02}", place.index + 1), style, body.width as f32);
    // On a wide canvas the numeral has the left third for itself.
    let beside = grid.shape == Shape::Wide;
    let column = if beside {
        body.width as f32 * 0.335
    } else {
        0.0
    };
    let width = body.width as f32 - column;
    let heading = fit_heading(sheet, &scene.heading, width);
    let soonest = 14 + heading.block.lines.len() as u32 * 4;
    let beats = beats::of(scene, text, cues, (soonest, sheet.frames));
    let note = fit_note(sheet, &beats, width);
    let gap = grid.px(grid.pick(64.0, 70.0, 54.0));
    let text_height = heading.height + note.as_ref().map_or(0.0, |note| gap + note.height);
    let above = if beside {
        0.0
    } else {
        numeral.height + gap * 1.2
    };
    let spare = (body.height as f32 - text_height - above).max(0.0);
    let y = body.y as f32 + spare * grid.pick(0.48, 0.6, 0.5);
    let x = body.x as f32;
    let top = if beside {
        // Numeral and text are centred on each other, as in a printed chapter opening.
        y - (numeral.height - text_height).max(0.0) / 2.0
    } else {
        y
    };
    sheet.put(&numeral, x, top, rise(2, grid.px(40.0)), Ground::Backdrop);
    if beside {
        let rule = column - grid.px(62.0);
        upright(sheet, x + rule, top.min(y), numeral.height.max(text_height));
    }
    let y = y + above;
    sheet.put_lines(&heading, (x + column, y), 7, 4);
    if let Some(note) = note {
        note.put(sheet, (x + column, y + heading.height + gap));
    }
}

fn fit_heading(sheet: &mut Sheet<'_>, text: &str, width: f32) -> Set {
    let grid = sheet.grid;
    let fit = Fit {
        width: width * grid.pick(0.97, 1.0, 1.0),
        height: grid.body.height as f32 * 0.46,
        lines: grid.pick(3, 5, 4),
        size_max: grid.px(grid.pick(100.0, 100.0, 84.0)),
        size_min: grid.px(46.0),
    };
    sheet.fitted(text, sheet.theme.display(fit.size_max), fit)
}

fn fit_note(sheet: &mut Sheet<'_>, beats: &[Beat], width: f32) -> Option<Rolling> {
    let grid = sheet.grid;
    let size = grid.px(grid.pick(46.0, 46.0, 38.0));
    let fit = Fit {
        width: width * grid.pick(0.9, 0.96, 0.96),
        height: grid.body.height as f32 * 0.3,
        lines: 5,
        size_max: size,
        size_min: size * 0.74,
    };
    let style = sheet.theme.text(400, size);
    Rolling::fit(sheet, beats, style.colored(sheet.theme.palette.muted), fit)
}

fn upright(sheet: &mut Sheet<'_>, x: f32, y: f32, height: f32) {
    let area = Rect {
        x: x.round() as i32,
        y: y.round() as i32,
        width: sheet.grid.px(1.6).round().max(1.0) as u32,
        height: height.round().max(1.0) as u32,
    };
    let color = sheet.theme.palette.rule;
    sheet.bar(area, color, reveal(Edge::Top, 4, 18));
}
