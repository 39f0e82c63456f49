//! The quotation card.

use super::Place;
use super::chrome::{self, Print};
use super::sheet::{Ground, Sheet, fade, reveal, rise};
use crate::Edge;
use crate::text::Fit;

/// Large words under a hanging mark, the speaker beneath.
pub(super) fn draw(sheet: &mut Sheet<'_>, place: &Place<'_>, text: &str, by: Option<&str>) {
    chrome::header(sheet, place, Print::Full);
    let grid = sheet.grid;
    let (body, palette) = (grid.body, sheet.theme.palette);
    let hang = grid.pick(grid.px(190.0), 0.0, 0.0);
    let mark_size = grid.px(grid.pick(330.0, 320.0, 240.0));
    let mark = sheet.line(
        "“",
        sheet.theme.display(mark_size).colored(palette.accent),
        mark_size * 2.0,
    );
    // The mark's ink is only the upper part of its capital height.
    let mark_height = mark_size * 0.30;
    let above = grid.pick(
        0.0,
        mark_height + grid.px(54.0),
        mark_height + grid.px(30.0),
    );
    let fit = Fit {
        width: body.width as f32 - hang - grid.pick(grid.px(90.0), 0.0, 0.0),
        height: (body.height as f32 - above) * grid.pick(0.78, 0.82, 0.8),
        lines: grid.pick(7, 12, 9),
        size_max: grid.px(grid.pick(100.0, 92.0, 74.0)),
        size_min: grid.px(grid.pick(34.0, 36.0, 32.0)),
    };
    let bare = text.trim().trim_matches(['"', '“', '”', '„', '«', '»']);
    let style = sheet.theme.display(fit.size_max);
    let words = sheet.fitted(bare, style.leaded(style.line_height + 0.12), fit);
    let by = by.map(|by| {
        let size = grid.px(grid.pick(32.0, 38.0, 32.0));
        let fit = Fit {
            width: body.width as f32 - hang - grid.px(90.0),
            height: size * 2.6,
            lines: 2,
            size_max: size,
            size_min: size * 0.8,
        };
        let style = sheet.theme.text(600, size).colored(palette.muted);
        sheet.fitted(by, style.leaded(1.25), fit)
    });
    let gap = grid.px(grid.pick(76.0, 80.0, 58.0));
    let height = above + words.height + by.as_ref().map_or(0.0, |by| gap + by.height);
    let spare = (body.height as f32 - height).max(0.0);
    let (x, mut y) = (
        body.x as f32 + hang,
        body.y as f32 + spare * grid.pick(0.48, 0.6, 0.5),
    );
    sheet.put(
        &mark,
        body.x as f32,
        y,
        rise(2, grid.px(30.0)),
        Ground::Backdrop,
    );
    y += above;
    sheet.put_lines(&words, (x, y), 7, 4);
    y += words.height + gap;
    if let Some(by) = by {
        let at = 16 + words.block.lines.len() as u32 * 4;
        let dash = grid.px(56.0);
        sheet.rule(
            x,
            y + by.block.style.size * 0.35,
            dash,
            palette.accent,
            reveal(Edge::Left, at, 12),
        );
        sheet.put(
            &by,
            x + dash + grid.px(24.0),
            y,
            fade(at + 4, 14),
            Ground::Backdrop,
        );
    }
}
