//! The number card.

use super::chrome::{self, Print};
use super::sheet::{Ground, Set, Sheet, fade, reveal, rise};
use super::{Cues, Place, count, figure::Figure};
use crate::script::Scene;
use crate::text::Fit;
use crate::{Edge, Rect};

/// The scene's frame at which the number enters at the earliest.
pub(super) const ENTER: u32 = 6;

/// The frame after which a number doesn't wait for its word: the card would be empty too long.
const ENTER_MAX: u32 = 40;

/// The number as large as it goes; it counts up where it is one.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    scene: &Scene,
    place: &Place<'_>,
    value: &str,
    (label, cues): (&str, &Cues),
) {
    chrome::header(sheet, place, Print::Full);
    let beats = Beats::of(cues, value, label, sheet.frames);
    let grid = sheet.grid;
    let body = grid.body;
    let figure = Figure::parse(value);
    let eyebrow = fit_eyebrow(sheet, &scene.heading);
    let label = fit_label(sheet, label, figure.is_some());
    let percent = figure.as_ref().and_then(Figure::percent);
    let gauge = if percent.is_some() {
        grid.px(grid.pick(76.0, 84.0, 60.0))
    } else {
        grid.px(grid.pick(52.0, 56.0, 44.0))
    };
    let gap = grid.px(grid.pick(62.0, 76.0, 46.0));
    let room = body.height as f32 - eyebrow.height - label.height - gauge - 2.8 * gap;
    let number = fit_number(sheet, value, room, figure.is_some());
    // A comma hangs below the line and a dollar sign stands above the figures.
    let ink = sheet.set.ink(&number.block);
    let above = (number.top - ink.y as f32).max(0.0);
    let hang = (ink.bottom() as f32 - number.top - number.height).max(0.0) * 0.8;
    let height = eyebrow.height + gap + above + number.height + hang + gauge + gap + label.height;
    let spare = (body.height as f32 - height).max(0.0);
    let x = body.x as f32;
    let mut y = body.y as f32 + spare * grid.pick(0.48, 0.6, 0.5);
    sheet.put(&eyebrow, x, y, rise(2, grid.px(16.0)), Ground::Backdrop);
    y += eyebrow.height + gap + above;
    match figure {
        Some(figure) if number.block.lines.len() == 1 && !number.block.shortened => {
            count::up(sheet, &figure, &number, (x, y), beats.enter);
        }
        _ => put_words(sheet, number.clone(), (x, y), beats.enter),
    }
    y += number.height + hang;
    if let Some(percent) = percent {
        draw_gauge(sheet, (x, y + gauge * 0.62), percent, beats.stress);
    } else {
        underline(sheet, (x, y + gauge * 0.7), beats.stress);
    }
    y += gauge;
    let enter = rise(beats.label, grid.px(18.0));
    sheet.put(&label, x, y + gap, enter, Ground::Backdrop);
}

/// When the parts of the card come.
struct Beats {
    enter: u32,
    label: u32,
    /// The number is pointed at: its share fills up, or a line is drawn under it.
    stress: u32,
}

impl Beats {
    fn of(cues: &Cues, value: &str, label: &str, frames: u32) -> Self {
        let last = frames.saturating_sub(40).max(ENTER);
        let said = cues.said(value);
        let enter = said
            .filter(|at| (ENTER..=ENTER_MAX.min(last)).contains(at))
            .unwrap_or(ENTER);
        let stress = match said {
            Some(at) if at > ENTER_MAX => at,
            Some(_) => enter + 24,
            None => enter.max(frames / 2),
        };
        let soonest = enter + 20;
        let label = cues.said(label).unwrap_or(soonest);
        Self {
            enter,
            label: label.clamp(soonest, soonest.max(frames / 3)),
            stress: stress.min(last).max(enter + 12),
        }
    }
}

/// A short line in the accent colour, drawn when the number is spoken of.
fn underline(sheet: &mut Sheet<'_>, (x, y): (f32, f32), at: u32) {
    let grid = sheet.grid;
    let area = Rect {
        x: x.round() as i32,
        y: y.round() as i32,
        width: grid.px(grid.pick(168.0, 150.0, 120.0)).round() as u32,
        height: grid.px(8.0).round().max(2.0) as u32,
    };
    let accent = sheet.theme.palette.accent;
    sheet.bar(area, accent, reveal(Edge::Left, at, 20));
}

fn fit_eyebrow(sheet: &mut Sheet<'_>, text: &str) -> Set {
    let grid = sheet.grid;
    let size = grid.px(grid.pick(34.0, 40.0, 32.0));
    let fit = Fit {
        width: grid.body.width as f32,
        height: size * 3.0,
        lines: 2,
        size_max: size,
        size_min: size * 0.8,
    };
    let style = sheet
        .theme
        .text(600, size)
        .colored(sheet.theme.palette.muted);
    sheet.fitted(text, style.leaded(1.25), fit)
}

fn fit_label(sheet: &mut Sheet<'_>, text: &str, counts: bool) -> Set {
    let grid = sheet.grid;
    let size = grid.px(grid.pick(52.0, 56.0, 44.0));
    let fit = Fit {
        width: grid.body.width as f32 * grid.pick(0.74, 1.0, 0.98),
        height: size * 5.5,
        // Words instead of a number take more room.
        lines: if counts {
            grid.pick(3, 5, 4)
        } else {
            grid.pick(2, 4, 3)
        },
        size_max: size,
        size_min: size * 0.62,
    };
    sheet.fitted(text, sheet.theme.text(500, size).leaded(1.28), fit)
}

fn fit_number(sheet: &mut Sheet<'_>, value: &str, room: f32, counts: bool) -> Set {
    let grid = sheet.grid;
    // A single line's box is higher than its figures.
    let (height, lines) = if counts {
        (room * 1.25, 1)
    } else {
        (room * 1.05, 3)
    };
    let fit = Fit {
        // The unit stands a little apart, for which there must be room.
        width: grid.body.width as f32 * 0.97,
        height,
        lines,
        size_max: grid.px(grid.pick(430.0, 380.0, 300.0)),
        size_min: grid.px(64.0),
    };
    let style = sheet.theme.display(fit.size_max).leaded(1.0).tabular();
    sheet.fitted(value, style, fit)
}

/// Words in the place of a number, in the accent colour.
fn put_words(sheet: &mut Sheet<'_>, mut words: Set, place: (f32, f32), at: u32) {
    words.block.style.color = sheet.theme.palette.accent;
    sheet.put_lines(&words, place, at, 4);
}

/// A line of a hundred parts, filled as far as the share goes.
fn draw_gauge(sheet: &mut Sheet<'_>, (x, y): (f32, f32), percent: f32, at: u32) {
    let grid = sheet.grid;
    let palette = sheet.theme.palette;
    let width = grid.body.width as f32 * grid.pick(0.74, 1.0, 1.0);
    let height = grid.px(grid.pick(14.0, 18.0, 14.0)).round();
    let bar = |width: f32| Rect {
        x: x.round() as i32,
        y: y.round() as i32,
        width: width.round().max(1.0) as u32,
        height: height as u32,
    };
    sheet.bar(bar(width), palette.rule, fade(2, 12));
    if percent > 0.0 {
        let filled = bar(width * percent / 100.0);
        sheet.bar(filled, palette.accent, reveal(Edge::Left, at, 30));
    }
}
