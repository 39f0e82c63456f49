//! The chart card: bars or a line over a round scale, the extreme marked.

mod columns;
mod line;
mod rows;
mod scale;

use super::chrome::{self, Print};
use super::grid::Shape;
use super::sheet::{Ground, Sheet, fade};
use super::{CardError, Cues, Place};
use crate::Rect;
use crate::script::{Chart, ChartShape, Scene};
use crate::text::{Color, Fit, Style};
use scale::{Notation, Scale};

/// Bars at most; more can't be told apart.
const BARS_MAX: usize = 12;

/// Points of a line at most.
const POINTS_MAX: usize = 60;

/// Data ready to be drawn.
struct Data<'a> {
    labels: Vec<&'a str>,
    values: Vec<f64>,
    /// The point that the chart is about: the highest, or the lowest if none is above zero.
    peak: usize,
    notation: Notation,
    /// The frame at which each bar begins to grow.
    onsets: Vec<u32>,
}

/// Heading, unit, plot, source.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    scene: &Scene,
    place: &Place<'_>,
    chart: &Chart,
    cues: &Cues,
) -> Result<(), CardError> {
    let data = data(chart, cues, sheet.frames)?;
    chrome::header(sheet, place, Print::Full);
    let plot = frame(sheet, scene, chart);
    match chart.shape {
        ChartShape::Line => line::draw(sheet, &data, plot),
        ChartShape::Bar if lies(sheet, &data, plot) => rows::draw(sheet, &data, plot),
        ChartShape::Bar => columns::draw(sheet, &data, plot),
    }
    Ok(())
}

fn data<'a>(chart: &'a Chart, cues: &Cues, frames: u32) -> Result<Data<'a>, CardError> {
    let most = match chart.shape {
        ChartShape::Bar => BARS_MAX,
        ChartShape::Line => POINTS_MAX,
    };
    let got = chart
        .points
        .iter()
        .filter(|(_, value)| value.is_finite())
        .count();
    if got != chart.points.len() || !(2..=most).contains(&got) {
        return Err(CardError::BadChart { most, got });
    }
    let values: Vec<f64> = chart.points.iter().map(|(_, value)| *value).collect();
    let above = values.iter().any(|v| *v > 0.0);
    let order = |a: &&usize, b: &&usize| {
        let (a, b) = (values[**a], values[**b]);
        if above {
            a.total_cmp(&b)
        } else {
            b.total_cmp(&a)
        }
    };
    let places: Vec<usize> = (0..values.len()).collect();
    // Of equal values the first is marked.
    let peak = places.iter().rev().max_by(order).copied().unwrap_or(0);
    let notation = Notation::of(&values);
    let labels: Vec<&str> = chart.points.iter().map(|(l, _)| l.as_str()).collect();
    let onsets = onsets(&labels, cues, frames);
    Ok(Data {
        labels,
        values,
        peak,
        notation,
        onsets,
    })
}

/// When the bars begin to grow: as they are spoken of, the first of them before long.
fn onsets(labels: &[&str], cues: &Cues, frames: u32) -> Vec<u32> {
    const FIRST: u32 = 14;
    const WAIT_MAX: u32 = 60;
    let mut onsets = cues.moments(labels, (FIRST, 3), frames);
    let soonest = (0..onsets.len()).min_by_key(|index| onsets[*index]);
    if let Some(index) = soonest {
        onsets[index] = onsets[index].min(FIRST + WAIT_MAX);
    }
    onsets
}

/// Draws everything around the plot and returns the room left for it.
fn frame(sheet: &mut Sheet<'_>, scene: &Scene, chart: &Chart) -> Rect {
    let grid = sheet.grid;
    let (body, palette) = (grid.body, sheet.theme.palette);
    let x = body.x as f32;
    let mut top = body.y as f32 + grid.px(grid.pick(4.0, 0.0, 0.0));
    let fit = Fit {
        width: body.width as f32,
        height: body.height as f32 * 0.2,
        lines: grid.pick(1, 3, 2),
        size_max: grid.px(grid.pick(62.0, 80.0, 58.0)),
        size_min: grid.px(grid.pick(40.0, 44.0, 38.0)),
    };
    let heading = sheet.fitted(&scene.heading, sheet.theme.display(fit.size_max), fit);
    sheet.put_lines(&heading, (x, top), 3, 4);
    top += heading.height;
    let small = grid.px(grid.pick(30.0, 34.0, 28.0));
    if let Some(caption) = &chart.caption {
        let style = sheet.theme.text(400, small).colored(palette.muted);
        let caption = sheet.line(caption, style, body.width as f32);
        top += grid.px(grid.pick(30.0, 38.0, 28.0));
        sheet.put(&caption, x, top, fade(8, 14), Ground::Backdrop);
        top += caption.height;
    }
    top += grid.px(grid.pick(50.0, 72.0, 46.0));
    let mut bottom = body.bottom() as f32;
    if let Some(source) = &chart.source {
        let style = sheet.theme.text(400, small * 0.8).colored(palette.muted);
        let source = sheet.line(&format!("Source: {source}"), style, body.width as f32);
        bottom -= source.height;
        sheet.put(&source, x, bottom, fade(20, 16), Ground::Backdrop);
        bottom -= grid.px(grid.pick(34.0, 44.0, 30.0));
    }
    Rect {
        x: body.x,
        y: top.round() as i32,
        width: body.width,
        height: (bottom - top).round().max(1.0) as u32,
    }
}

/// Tells whether bars lie: on narrow canvases, and where names are too long to stand under
/// columns.
fn lies(sheet: &mut Sheet<'_>, data: &Data<'_>, plot: Rect) -> bool {
    let count = data.labels.len();
    let narrow = sheet.grid.shape == Shape::Tall && count > 4;
    let slot = plot.width as f32 * 0.94 / count as f32;
    let style = label_style(sheet);
    let labels = data.labels.iter().any(|label| {
        let block = sheet.set.lay_out(label, &style, Some(slot * 0.92));
        block.split || block.lines.len() > 2
    });
    let style = value_style(sheet, false);
    let values = data.values.iter().any(|v| {
        sheet
            .set
            .lay_out(&data.notation.text(*v), &style, None)
            .widest()
            > slot * 0.96
    });
    narrow || labels || values
}

/// Names under columns and beside bars.
fn label_style(sheet: &Sheet<'_>) -> Style {
    let size = sheet.grid.px(sheet.grid.pick(31.0, 34.0, 27.0));
    sheet
        .theme
        .text(500, size)
        .colored(sheet.theme.palette.muted)
        .leaded(1.22)
}

/// Values at the ends of bars.
fn value_style(sheet: &Sheet<'_>, marked: bool) -> Style {
    let size = sheet.grid.px(sheet.grid.pick(36.0, 40.0, 32.0));
    let palette = sheet.theme.palette;
    let color = if marked { palette.accent } else { palette.ink };
    sheet
        .theme
        .text(if marked { 700 } else { 600 }, size)
        .colored(color)
        .tabular()
}

/// The colour of bars that are not marked.
fn quiet(sheet: &Sheet<'_>) -> Color {
    let palette = sheet.theme.palette;
    palette.rule.mix(palette.muted, 0.34)
}

/// Where a scale's values lie on the canvas.
#[derive(Clone, Copy)]
struct Axis {
    top: f32,
    bottom: f32,
}

impl Axis {
    fn y(self, scale: &Scale, value: f64) -> f32 {
        self.bottom - (self.bottom - self.top) * scale.at(value)
    }
}

/// Moves a text up so that none of the ticks' lines runs through it.
fn clear_of_ticks(scale: &Scale, axis: Axis, y: f32, height: f32) -> f32 {
    let pad = height * 0.35;
    scale
        .ticks()
        .iter()
        .map(|tick| axis.y(scale, *tick))
        .find(|line| (y - pad..y + height + pad).contains(line))
        .map_or(y, |line| line - height - pad)
}

/// Draws the ticks' lines and numbers, and returns the left edge of the plot proper.
fn ticks(sheet: &mut Sheet<'_>, scale: &Scale, axis: Axis, plot: Rect) -> f32 {
    let palette = sheet.theme.palette;
    let size = sheet.grid.px(sheet.grid.pick(26.0, 30.0, 25.0));
    let style = sheet.theme.text(400, size).colored(palette.muted).tabular();
    let values = scale.ticks();
    let notation = Notation::of(&values);
    let labels: Vec<_> = values
        .iter()
        .map(|value| sheet.line(&notation.text(*value), style, plot.width as f32 * 0.3))
        .collect();
    let widest = labels
        .iter()
        .map(|label| label.block.widest())
        .fold(0.0, f32::max);
    let left = plot.x as f32 + widest + size * 0.9;
    for (value, label) in values.iter().zip(&labels) {
        let y = axis.y(scale, *value);
        let x = plot.x as f32 + widest - label.block.widest();
        sheet.put(
            label,
            x,
            y - label.height / 2.0,
            fade(8, 14),
            Ground::Backdrop,
        );
        let base = value.abs() < scale.step * 1e-6;
        let color = if base { palette.muted } else { palette.rule };
        sheet.rule(left, y, plot.right() as f32 - left, color, fade(8, 14));
    }
    left
}
