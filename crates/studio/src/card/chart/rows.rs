//! Lying bars: for narrow canvases and long names.

use super::{Data, label_style, quiet, value_style};
use crate::card::chart::scale::Scale;
use crate::card::sheet::{Ground, Set, Sheet, fade, fill, reveal, rounded};
use crate::text::Fit;
use crate::{Edge, Rect};

pub(super) fn draw(sheet: &mut Sheet<'_>, data: &Data<'_>, plot: Rect) {
    let grid = sheet.grid;
    let count = data.labels.len() as f32;
    let row = (plot.height as f32 / count).min(grid.px(grid.pick(104.0, 150.0, 104.0)));
    // Names stand over their bar where the canvas is narrow and rows are high enough.
    let above = grid.shape == crate::card::grid::Shape::Tall && row >= grid.px(92.0);
    let column = plot.width as f32 * 0.3;
    let lines = if !above && row > label_style(sheet).size * 2.6 {
        2
    } else {
        1
    };
    let labels_width = if above { plot.width as f32 } else { column };
    let labels = labels(sheet, data, (labels_width, row), lines);
    let widest = labels.iter().map(|l| l.block.widest()).fold(0.0, f32::max);
    let left = if above {
        0.0
    } else {
        widest.min(column) + grid.px(32.0)
    };
    let values: Vec<Set> = data
        .values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let style = value_style(sheet, index == data.peak);
            let size = style.size.min(row * 0.5);
            sheet.line(
                &data.notation.text(*value),
                style.sized(size),
                plot.width as f32,
            )
        })
        .collect();
    let value_room = values.iter().map(|v| v.block.widest()).fold(0.0, f32::max) + grid.px(22.0);
    let scale = Scale::around(&data.values, true);
    let (low, high) = extent(data);
    let below = if low < 0.0 { value_room } else { 0.0 };
    let after = if high > 0.0 { value_room } else { 0.0 };
    let span = plot.width as f32 - left - below - after;
    let x_of =
        |value: f64| plot.x as f32 + left + below + span * ((value - low) / (high - low)) as f32;
    debug_assert!(scale.low <= low);
    let lift = (plot.height as f32 - row * count).max(0.0) * 0.3;
    for (index, (value, label)) in data.values.iter().zip(&labels).enumerate() {
        let top = plot.y as f32 + lift + row * index as f32;
        let at = 14 + index as u32 * 3;
        let (bar_top, bar_height) = if above {
            (
                top + label.height + grid.px(22.0),
                (row * 0.32).min(grid.px(40.0)),
            )
        } else {
            (top + row * 0.2, row * 0.6)
        };
        let label_y = if above {
            top
        } else {
            bar_top + (bar_height - label.height) / 2.0
        };
        let label_x = if above {
            0.0
        } else {
            left - grid.px(32.0) - label.block.widest()
        };
        sheet.put(
            label,
            plot.x as f32 + label_x,
            label_y,
            fade(at, 12),
            Ground::Backdrop,
        );
        bar(
            sheet,
            (x_of(0.0), x_of(*value)),
            (bar_top, bar_height),
            index == data.peak,
            at,
        );
        let text = &values[index];
        let gap = grid.px(18.0);
        let x = if *value < 0.0 {
            x_of(*value) - gap - text.block.widest()
        } else {
            x_of(*value) + gap
        };
        let y = bar_top + (bar_height - text.height) / 2.0;
        sheet.put(text, x, y, fade(at + 16, 10), Ground::Backdrop);
    }
}

/// The least and greatest of the values and zero, never the same.
fn extent(data: &Data<'_>) -> (f64, f64) {
    let low = data.values.iter().copied().fold(0.0, f64::min);
    let high = data.values.iter().copied().fold(0.0, f64::max);
    if high - low > 0.0 {
        (low, high)
    } else {
        (0.0, 1.0)
    }
}

fn labels(
    sheet: &mut Sheet<'_>,
    data: &Data<'_>,
    (width, row): (f32, f32),
    lines: usize,
) -> Vec<Set> {
    let style = label_style(sheet);
    let size = style.size.min(row * 0.4);
    let fit = Fit {
        width,
        height: size * 2.6,
        lines,
        size_max: size,
        size_min: size * 0.8,
    };
    data.labels
        .iter()
        .enumerate()
        .map(|(index, label)| {
            let marked = index == data.peak;
            let color = if marked {
                sheet.theme.palette.ink
            } else {
                style.color
            };
            sheet.fitted(label, style.colored(color), fit)
        })
        .collect()
}

fn bar(
    sheet: &mut Sheet<'_>,
    (zero, end): (f32, f32),
    (top, height): (f32, f32),
    marked: bool,
    at: u32,
) {
    let color = if marked {
        sheet.theme.palette.accent
    } else {
        quiet(sheet)
    };
    let radius = sheet.grid.px(6.0).min(height / 4.0);
    let forward = end >= zero;
    let area = Rect {
        x: zero.min(end).round() as i32,
        y: top.round() as i32,
        width: ((end - zero).abs().round() as u32).max(2),
        height: (height.round() as u32).max(2),
    };
    let edge = if forward { Edge::Left } else { Edge::Right };
    sheet.shape(area, reveal(edge, at, 22), |map| {
        let (w, h) = (map.width() as f32, map.height() as f32);
        let x = if forward { -radius } else { 0.0 };
        fill(map, &rounded(x, 0.0, w + radius, h, radius), color, 255);
    });
}
