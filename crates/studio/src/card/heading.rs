//! The section card: a heading and a short text.

use super::chrome::{self, Print};
use super::sheet::{Ground, Sheet, fade, reveal, rise};
use super::{Place, grid::Shape};
use crate::Edge;
use crate::script::Scene;
use crate::text::Fit;

/// A large chapter number over a rule, the heading, and the text beneath.
pub(super) fn draw(sheet: &mut Sheet<'_>, scene: &Scene, place: &Place<'_>, text: Option<&str>) {
    chrome::header(sheet, place, Print::Full);
    let grid = sheet.grid;
    let (body, palette) = (grid.body, sheet.theme.palette);
    let numeral_size = grid.px(grid.pick(300.0, 260.0, 190.0));
    let numeral_style = sheet
        .theme
        .display(numeral_size)
        .colored(palette.accent)
        .tabular();
    let numeral = sheet.line(
        &format!("{:02}", place.index + 1),
        numeral_style,
        body.width as f32,
    );
    // On a wide canvas the numeral has the left third for itself.
    let beside = grid.shape == Shape::Wide;
    let column = if beside {
        body.width as f32 * 0.335
    } else {
        0.0
    };
    let width = body.width as f32 - column;
    let fit = Fit {
        width: width * grid.pick(0.97, 1.0, 1.0),
        height: body.height as f32 * 0.46,
        lines: grid.pick(3, 5, 4),
        size_max: grid.px(grid.pick(100.0, 100.0, 84.0)),
        size_min: grid.px(46.0),
    };
    let heading = sheet.fitted(&scene.heading, sheet.theme.display(fit.size_max), fit);
    let note = text.map(|text| {
        let size = grid.px(grid.pick(38.0, 42.0, 36.0));
        let fit = Fit {
            width: width * grid.pick(0.82, 0.96, 0.96),
            height: body.height as f32 * 0.3,
            lines: 5,
            size_max: size,
            size_min: size * 0.74,
        };
        sheet.fitted(
            text,
            sheet.theme.text(400, size).colored(palette.muted),
            fit,
        )
    });
    let gap = grid.px(grid.pick(64.0, 70.0, 54.0));
    let text_height = heading.height + note.as_ref().map_or(0.0, |note| gap + note.height);
    let above = if beside {
        0.0
    } else {
        numeral.height + gap * 1.5
    };
    let spare = (body.height as f32 - text_height - above).max(0.0);
    let mut y = body.y as f32 + spare * grid.pick(0.48, 0.6, 0.5);
    let x = body.x as f32;
    if beside {
        // The numeral's top aligns with the heading's, as in a printed chapter opening.
        let top = if text_height < numeral.height {
            y - (numeral.height - text_height) / 2.0
        } else {
            y
        };
        sheet.put(&numeral, x, top, rise(2, grid.px(40.0)), Ground::Backdrop);
        let rule_x = x + column - grid.px(62.0);
        let (top, height) = (top.min(y), numeral.height.max(text_height));
        upright(sheet, rule_x, top, height);
    } else {
        sheet.put(&numeral, x, y, rise(2, grid.px(40.0)), Ground::Backdrop);
        y += above;
    }
    sheet.put_lines(&heading, (x + column, y), 7, 4);
    if let Some(note) = note {
        let at = 14 + heading.block.lines.len() as u32 * 4;
        let y = y + heading.height + gap;
        sheet.put(&note, x + column, y, fade(at, 16), Ground::Backdrop);
    }
}

fn upright(sheet: &mut Sheet<'_>, x: f32, y: f32, height: f32) {
    let area = crate::Rect {
        x: x.round() as i32,
        y: y.round() as i32,
        width: sheet.grid.px(1.6).round().max(1.0) as u32,
        height: height.round().max(1.0) as u32,
    };
    let color = sheet.theme.palette.rule;
    sheet.bar(area, color, reveal(Edge::Top, 4, 18));
}
