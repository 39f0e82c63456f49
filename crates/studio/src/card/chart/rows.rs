//! Lying bars: for narrow canvases and long names.

use super::{Data, label_style, quiet, value_style};
use crate::card::grid::Shape;
use crate::card::sheet::{Ground, Set, Sheet, fade, fill, reveal, rounded};
use crate::text::Fit;
use crate::{Edge, Rect};

/// Where the parts of each row stand.
struct Rows {
    labels: Vec<Set>,
    values: Vec<Set>,
    /// Pixels down of a row.
    height: f32,
    /// Whether names stand over their bars instead of beside them.
    above: bool,
    /// The left edge of the names (the right one if they stand beside), and of the field.
    left: (f32, f32),
    /// The field's width, where the bars of all values find room.
    span: f32,
    /// The values at the field's edges.
    extent: (f64, f64),
}

pub(super) fn draw(sheet: &mut Sheet<'_>, data: &Data<'_>, plot: Rect) {
    let rows = Rows::of(sheet, data, plot);
    let used = rows.height * data.values.len() as f32;
    let lift = (plot.height as f32 - used).max(0.0) * 0.3;
    for index in 0..data.values.len() {
        let top = plot.y as f32 + lift + rows.height * index as f32;
        rows.put(sheet, data, index, top);
    }
}

impl Rows {
    fn of(sheet: &mut Sheet<'_>, data: &Data<'_>, plot: Rect) -> Self {
        let grid = sheet.grid;
        let height = plot.height as f32 / data.labels.len() as f32;
        let height = height.min(grid.px(grid.pick(104.0, 150.0, 104.0)));
        // Names stand over their bar where the canvas is narrow and rows are high enough.
        let above = grid.shape == Shape::Tall && height >= grid.px(92.0);
        let column = plot.width as f32 * if above { 1.0 } else { 0.3 };
        let two = !above && height > label_style(sheet).size * 2.6;
        let labels = labels(sheet, data, (column, height), if two { 2 } else { 1 });
        let values = values(sheet, data, height);
        let widest = |sets: &[Set]| sets.iter().map(|s| s.block.widest()).fold(0.0, f32::max);
        let indent = if above {
            0.0
        } else {
            widest(&labels).min(column) + grid.px(32.0)
        };
        let room = widest(&values) + grid.px(22.0);
        let (low, high) = extent(data);
        let below = if low < 0.0 { room } else { 0.0 };
        let after = if high > 0.0 { room } else { 0.0 };
        let span = plot.width as f32 - indent - below - after;
        let field = plot.x as f32 + indent + below;
        let names = plot.x as f32 + if above { 0.0 } else { indent - grid.px(32.0) };
        let left = (names, field);
        Self {
            labels,
            values,
            height,
            above,
            left,
            span,
            extent: (low, high),
        }
    }

    fn x(&self, value: f64) -> f32 {
        let (low, high) = self.extent;
        self.left.1 + self.span * ((value - low) / (high - low)) as f32
    }

    fn put(&self, sheet: &mut Sheet<'_>, data: &Data<'_>, index: usize, top: f32) {
        let grid = sheet.grid;
        let (label, text, value) = (&self.labels[index], &self.values[index], data.values[index]);
        let (named, at) = (10 + index as u32 * 3, data.onsets[index]);
        let (bar_top, height, label_x, label_y) = if self.above {
            let bar_top = top + label.height + grid.px(22.0);
            (
                bar_top,
                (self.height * 0.32).min(grid.px(40.0)),
                self.left.0,
                top,
            )
        } else {
            let (bar_top, height) = (top + self.height * 0.2, self.height * 0.6);
            let x = self.left.0 - label.block.widest();
            (bar_top, height, x, bar_top + (height - label.height) / 2.0)
        };
        sheet.put(label, label_x, label_y, fade(named, 12), Ground::Backdrop);
        let ends = (self.x(0.0), self.x(value));
        bar(sheet, ends, (bar_top, height), index == data.peak, at);
        let gap = grid.px(18.0);
        let x = if value < 0.0 {
            ends.1 - gap - text.block.widest()
        } else {
            ends.1 + gap
        };
        let y = bar_top + (height - text.height) / 2.0;
        sheet.put(text, x, y, fade(at + 16, 10), Ground::Backdrop);
    }
}

fn values(sheet: &mut Sheet<'_>, data: &Data<'_>, row: f32) -> Vec<Set> {
    let room = sheet.grid.body.width as f32;
    data.values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let style = value_style(sheet, index == data.peak);
            let size = style.size.min(row * 0.5);
            sheet.line(&data.notation.text(*value), style.sized(size), room)
        })
        .collect()
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
    let size = style.size.min(row * 0.5);
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
            let block = sheet.set.fit(label, &style.colored(color), fit).hugged();
            sheet.measured(block)
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
