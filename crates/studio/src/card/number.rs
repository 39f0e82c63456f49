//! The number card.

use std::sync::Arc;

use super::chrome::{self, Print};
use super::sheet::{Ground, Set, Sheet, fade, reveal, rise};
use super::{Place, figure::Figure};
use crate::script::Scene;
use crate::text::{Fit, Style};
use crate::{Edge, Layer, Motion, MotionKind, Rect};

/// Pictures of the count, the last of which stays.
const STEPS: u32 = 9;

/// The scene's frame at which the count begins.
const COUNT_FROM: u32 = 6;

/// The number as large as it goes; it counts up where it is one.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    scene: &Scene,
    place: &Place<'_>,
    value: &str,
    label: &str,
) {
    chrome::header(sheet, place, Print::Full);
    let grid = sheet.grid;
    let (body, palette) = (grid.body, sheet.theme.palette);
    let width = body.width as f32;
    let eyebrow_size = grid.px(grid.pick(34.0, 40.0, 32.0));
    let eyebrow = Fit {
        width,
        height: eyebrow_size * 3.0,
        lines: 2,
        size_max: eyebrow_size,
        size_min: eyebrow_size * 0.8,
    };
    let eyebrow_style = sheet
        .theme
        .text(600, eyebrow_size)
        .colored(palette.muted)
        .leaded(1.25);
    let eyebrow = sheet.fitted(&scene.heading, eyebrow_style, eyebrow);
    let figure = Figure::parse(value);
    let label_size = grid.px(grid.pick(52.0, 56.0, 44.0));
    let label_fit = Fit {
        width: width * grid.pick(0.74, 1.0, 0.98),
        height: label_size * 5.5,
        // Words instead of a number take more room.
        lines: if figure.is_some() {
            grid.pick(3, 5, 4)
        } else {
            grid.pick(2, 4, 3)
        },
        size_max: label_size,
        size_min: label_size * 0.62,
    };
    let label = sheet.fitted(
        label,
        sheet.theme.text(500, label_size).leaded(1.28),
        label_fit,
    );
    let percent = figure.as_ref().and_then(Figure::percent);
    let gauge = if percent.is_some() {
        grid.px(grid.pick(76.0, 84.0, 60.0))
    } else {
        0.0
    };
    let gap = grid.px(grid.pick(62.0, 76.0, 46.0));
    // Commas and letters hang below the line; figures alone don't.
    let hangs = value.contains(|c: char| c == ',' || c == ';' || c.is_alphabetic());
    let room = body.height as f32 - eyebrow.height - label.height - gauge - 2.6 * gap;
    let number = Fit {
        width,
        height: room * if figure.is_some() { 1.25 } else { 1.05 },
        lines: if figure.is_some() { 1 } else { 3 },
        size_max: grid.px(grid.pick(430.0, 380.0, 300.0)),
        size_min: grid.px(64.0),
    };
    let style = sheet.theme.display(number.size_max).leaded(1.0).tabular();
    let number = sheet.fitted(value, style, number);
    let hang = if hangs {
        number.block.style.size * 0.13
    } else {
        0.0
    };
    let height = eyebrow.height + gap + number.height + hang + gauge + gap + label.height;
    let spare = (body.height as f32 - height).max(0.0);
    let (x, mut y) = (
        body.x as f32,
        body.y as f32 + spare * grid.pick(0.48, 0.6, 0.5),
    );
    sheet.put(&eyebrow, x, y, rise(2, grid.px(16.0)), Ground::Backdrop);
    y += eyebrow.height + gap;
    match figure {
        Some(figure) if number.block.lines.len() == 1 && !number.block.shortened => {
            count(sheet, &figure, &number, (x, y));
        }
        _ => {
            let accent = Set {
                block: recolored(&number, palette.accent),
                ..number
            };
            sheet.put_lines(&accent, (x, y), COUNT_FROM, 4);
        }
    }
    y += number.height + hang;
    if let Some(percent) = percent {
        draw_gauge(sheet, (x, y + gauge * 0.62), percent);
        y += gauge;
    }
    sheet.put(
        &label,
        x,
        y + gap,
        fade(COUNT_FROM + 20, 16),
        Ground::Backdrop,
    );
}

fn recolored(set: &Set, color: crate::text::Color) -> crate::text::Block {
    let mut block = set.block.clone();
    block.style.color = color;
    block
}

/// Shows the figure's steps one after the other; sign and unit stand still.
fn count(sheet: &mut Sheet<'_>, figure: &Figure, whole: &Set, (x, y): (f32, f32)) {
    let palette = sheet.theme.palette;
    let style = whole.block.style;
    let part = |sheet: &mut Sheet<'_>, text: &str, style: Style| {
        let block = sheet.set.lay_out(text, &style, None);
        sheet.measured(block)
    };
    let space = style.size * 0.11;
    let prefix = part(sheet, &figure.prefix, style.colored(palette.accent));
    let digits = part(sheet, &figure.shown(1.0), style);
    // A unit of letters is set smaller, as in good tables; a sign such as % keeps its size.
    let letters = figure.suffix.trim().chars().any(char::is_alphanumeric);
    let unit_size = if letters {
        style.size * 0.42
    } else {
        style.size
    };
    let suffix = part(
        sheet,
        figure.suffix.trim(),
        style.sized(unit_size).colored(palette.accent),
    );
    let digits_x = x + if figure.prefix.is_empty() {
        0.0
    } else {
        prefix.block.widest() + space * 0.3
    };
    let gap = if letters { space } else { space * 0.6 };
    let suffix_x = digits_x + digits.block.widest() + gap;
    let base = y + whole.height;
    // Tabular figures stand in wide boxes: the first one's ink marks the edge.
    let bearing = if figure.prefix.is_empty() {
        sheet.set.ink(&digits.block).x as f32
    } else {
        0.0
    };
    let (digits_x, suffix_x) = (digits_x - bearing, suffix_x - bearing);
    let enter = rise(COUNT_FROM, sheet.grid.px(30.0));
    let mut area = Rect::default();
    if !figure.prefix.is_empty() {
        area = area.union(put_silent(sheet, &prefix, (x, base - prefix.height), enter));
    }
    if !suffix.block.lines.is_empty() {
        area = area.union(put_silent(
            sheet,
            &suffix,
            (suffix_x, base - suffix.height),
            enter,
        ));
    }
    let mut at = COUNT_FROM;
    for step in 1..=STEPS {
        let left = 1.0 - f64::from(step) / f64::from(STEPS);
        let shown = figure.shown(1.0 - left.powi(3));
        let last = step == STEPS;
        let set = if last {
            digits.clone()
        } else {
            part(sheet, &shown, style)
        };
        // Digits end where the unit begins; without a unit they start where the text does.
        let slack = (digits.block.widest() - set.block.widest()).max(0.0);
        let start = if suffix.block.lines.is_empty() {
            digits_x
        } else {
            digits_x + slack
        };
        let next = at + 2 + step / 4;
        let motion = if step == 1 {
            Motion {
                frames: 3,
                ..fade(at, 3)
            }
        } else {
            fade(at, 0)
        };
        let exit = (!last).then_some(Motion {
            kind: MotionKind::Fade,
            at: next,
            frames: 0,
        });
        area = area.union(put_step(
            sheet,
            &set,
            (start, base - set.height),
            motion,
            exit,
        ));
        at = next;
    }
    sheet.note(&whole.block, area, Ground::Backdrop);
}

fn put_silent(sheet: &mut Sheet<'_>, set: &Set, at: (f32, f32), enter: Motion) -> Rect {
    put_step(sheet, set, at, enter, None)
}

fn put_step(
    sheet: &mut Sheet<'_>,
    set: &Set,
    (x, y): (f32, f32),
    enter: Motion,
    exit: Option<Motion>,
) -> Rect {
    let painted = sheet.set.paint(&set.block);
    let area = painted.area(x.round() as i32, (y - set.top).round() as i32);
    let pixels = Arc::clone(&painted.pixels);
    sheet.layer(Layer {
        pixels,
        x: area.x,
        y: area.y,
        enter,
        exit,
    });
    area
}

/// A line of a hundred parts, filled as far as the share goes.
fn draw_gauge(sheet: &mut Sheet<'_>, (x, y): (f32, f32), percent: f32) {
    let grid = sheet.grid;
    let palette = sheet.theme.palette;
    let width = sheet.grid.body.width as f32 * grid.pick(0.74, 1.0, 1.0);
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
        sheet.bar(filled, palette.accent, reveal(Edge::Left, COUNT_FROM, 30));
    }
}
