//! The quotation card.

use super::Place;
use super::chrome::{self, Print};
use super::sheet::{Ground, Set, Sheet, fade, reveal, rise};
use crate::Edge;
use crate::text::Fit;

/// Large words under a hanging mark, the speaker beneath.
pub(super) fn draw(sheet: &mut Sheet<'_>, place: &Place<'_>, text: &str, by: Option<&str>) {
    chrome::header(sheet, place, Print::Full);
    let grid = sheet.grid;
    let (body, palette) = (grid.body, sheet.theme.palette);
    let hang = grid.pick(grid.px(190.0), 0.0, 0.0);
    let size = grid.px(grid.pick(330.0, 320.0, 240.0));
    let mark = sheet.line(
        "“",
        sheet.theme.display(size).colored(palette.accent),
        size * 2.0,
    );
    // The mark's ink is only the upper part of its capital height.
    let above = grid.pick(0.0, size * 0.3 + grid.px(54.0), size * 0.3 + grid.px(30.0));
    let words = fit_words(sheet, text, body.width as f32 - hang, above);
    let by = by.map(|by| fit_by(sheet, by, body.width as f32 - hang));
    let gap = grid.px(grid.pick(76.0, 80.0, 58.0));
    let height = above + words.height + by.as_ref().map_or(0.0, |by| gap + by.height);
    let spare = (body.height as f32 - height).max(0.0);
    let top = body.y as f32 + spare * grid.pick(0.48, 0.6, 0.5);
    sheet.put(
        &mark,
        body.x as f32,
        top,
        rise(2, grid.px(30.0)),
        Ground::Backdrop,
    );
    let (x, y) = (body.x as f32 + hang, top + above);
    let step = pace(sheet.frames, words.block.lines.len());
    sheet.put_lines(&words, (x, y), 7, step);
    if let Some(by) = by {
        let at = 16 + words.block.lines.len() as u32 * step;
        let (y, dash) = (y + words.height + gap, grid.px(56.0));
        let middle = y + by.block.style.size * 0.35;
        sheet.rule(x, middle, dash, palette.accent, reveal(Edge::Left, at, 12));
        sheet.put(
            &by,
            x + dash + grid.px(24.0),
            y,
            fade(at + 4, 14),
            Ground::Backdrop,
        );
    }
}

/// Frames between two lines: at the pace of reading where the scene is long enough.
fn pace(frames: u32, lines: usize) -> u32 {
    (frames * 2 / 5 / (lines.max(1) as u32)).clamp(4, 34)
}

fn fit_words(sheet: &mut Sheet<'_>, text: &str, width: f32, above: f32) -> Set {
    let grid = sheet.grid;
    let fit = Fit {
        width: width - grid.pick(grid.px(90.0), 0.0, 0.0),
        height: (grid.body.height as f32 - above) * grid.pick(0.76, 0.82, 0.78),
        lines: grid.pick(7, 12, 9),
        size_max: grid.px(grid.pick(100.0, 92.0, 74.0)),
        size_min: grid.px(grid.pick(34.0, 36.0, 32.0)),
    };
    let bare = text.trim().trim_matches(['"', '“', '”', '„', '«', '»']);
    let style = sheet.theme.display(fit.size_max);
    sheet.fitted(bare, style.leaded(style.line_height + 0.12), fit)
}

fn fit_by(sheet: &mut Sheet<'_>, by: &str, width: f32) -> Set {
    let grid = sheet.grid;
    let size = grid.px(grid.pick(38.0, 40.0, 34.0));
    let fit = Fit {
        width: width - grid.px(90.0),
        height: size * 2.6,
        lines: 2,
        size_max: size,
        size_min: size * 0.8,
    };
    let style = sheet
        .theme
        .text(600, size)
        .colored(sheet.theme.palette.muted);
    sheet.fitted(by, style.leaded(1.25), fit)
}
