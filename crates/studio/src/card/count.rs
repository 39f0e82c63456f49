//! A number that counts up: its steps are painted beforehand and follow each other by cuts.
//!
//! Only where its figures are equally wide. In a font without such figures it would tremble and run
//! out of its place, so there it appears as it is.

use super::figure::Figure;
use super::sheet::{Ground, Set, Sheet, fade, rise};
use crate::text::Style;
use crate::{Layer, Motion, Rect};

/// Pictures of the count, the last of which stays.
const STEPS: u32 = 9;

/// The parts of a figure, and where each begins.
struct Parts {
    prefix: (Set, f32),
    digits: (Set, f32),
    suffix: (Set, f32),
}

/// Shows the figure's steps one after the other; sign and unit stand still.
///
/// `whole` is the figure as one text: its size, its height and what layout checks see.
pub(super) fn up(
    sheet: &mut Sheet<'_>,
    figure: &Figure,
    whole: &Set,
    (x, y): (f32, f32),
    first: u32,
) {
    let style = whole.block.style;
    let steps = steps(sheet, figure, style);
    let Parts {
        prefix,
        digits,
        suffix,
    } = parts(sheet, figure, style, (x, &steps));
    let base = y + whole.height;
    let enter = rise(first, sheet.grid.px(30.0));
    let mut area = Rect::default();
    for (set, x) in [&prefix, &suffix] {
        if !set.block.lines.is_empty() {
            area = area.union(put(sheet, set, (*x, base - set.height), (enter, None)));
        }
    }
    let mut at = first;
    let count = steps.len();
    for (step, set) in (1..).zip(&steps) {
        let last = step == count;
        // Digits end where the unit begins; without a unit they start where the text does.
        let slack = (digits.0.block.widest() - set.block.widest()).max(0.0);
        let start = digits.1
            + if suffix.0.block.lines.is_empty() {
                0.0
            } else {
                slack
            };
        let next = at + 2 + step as u32 / 4;
        let enter = match (count, step) {
            (1, _) => enter,
            (_, 1) => fade(at, 3),
            _ => fade(at, 0),
        };
        let exit = (!last).then_some(fade(next, 0));
        area = area.union(put(sheet, set, (start, base - set.height), (enter, exit)));
        at = next;
    }
    sheet.note(&whole.block, area, Ground::Backdrop);
}

/// The figure on its way up, the last of them as it is; that one alone where they are unequally wide.
fn steps(sheet: &mut Sheet<'_>, figure: &Figure, style: Style) -> Vec<Set> {
    let step = |step: u32| figure.shown(1.0 - (1.0 - f64::from(step) / f64::from(STEPS)).powi(3));
    let texts: Vec<String> = (1..=STEPS).map(step).collect();
    let mut sets: Vec<Set> = texts.iter().map(|text| part(sheet, text, style)).collect();
    let whole = sets.last().map_or(0.0, |last| last.block.widest());
    if sets.iter().any(|set| set.block.widest() > whole + 1.0) {
        sets.drain(..sets.len() - 1);
    }
    sets
}

fn parts(sheet: &mut Sheet<'_>, figure: &Figure, style: Style, (x, steps): (f32, &[Set])) -> Parts {
    let accent = style.colored(sheet.theme.palette.accent);
    let space = style.size * 0.11;
    let prefix = part(sheet, &figure.prefix, accent);
    let digits = part(sheet, &figure.shown(1.0), style);
    // A unit of letters is set smaller, as in good tables; a sign such as % keeps its size.
    let unit = figure.suffix.trim();
    let letters = unit.chars().any(char::is_alphanumeric);
    let unit_size = if letters {
        style.size * 0.42
    } else {
        style.size
    };
    let suffix = part(sheet, unit, accent.sized(unit_size));
    // Tabular figures stand in wide boxes: ink marks the edge, that of the step that begins first.
    let digits_x = if figure.prefix.is_empty() {
        let inks = steps.iter().map(|step| sheet.set.ink(&step.block).x);
        x - inks.min().unwrap_or(0) as f32
    } else {
        x + prefix.block.widest() + space * 0.3
    };
    let gap = if letters { space } else { space * 0.6 };
    let suffix_x = digits_x + digits.block.widest() + gap;
    let x = x - sheet.set.ink(&prefix.block).x as f32;
    Parts {
        prefix: (prefix, x),
        digits: (digits, digits_x),
        suffix: (suffix, suffix_x),
    }
}

fn part(sheet: &mut Sheet<'_>, text: &str, style: Style) -> Set {
    let block = sheet.set.lay_out(text, &style, None);
    sheet.measured(block)
}

fn put(
    sheet: &mut Sheet<'_>,
    set: &Set,
    (x, y): (f32, f32),
    (enter, exit): (Motion, Option<Motion>),
) -> Rect {
    let painted = sheet.set.paint(&set.block);
    let area = painted.area(x.round() as i32, (y - set.top).round() as i32);
    sheet.layer(Layer {
        pixels: painted.pixels,
        x: area.x,
        y: area.y,
        enter,
        exit,
    });
    area
}
