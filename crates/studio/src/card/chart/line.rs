//! A line through the values in order.

use tiny_skia::{
    FillRule, GradientStop, LinearGradient, Paint, PathBuilder, Point, SpreadMode, Transform,
};

use super::{Axis, Data, clear_of_ticks, ticks, value_style};
use crate::card::chart::scale::Scale;
use crate::card::sheet::{Ground, Sheet, fade, fill, reveal, stroke};
use crate::text::Color;
use crate::{Edge, Rect};

/// Frames in which the line is drawn: a third of the scene, within these bounds.
const DRAW_FRAMES: (u32, u32) = (45, 150);

/// The scene's frame at which the drawing begins.
const DRAW_FROM: u32 = 14;

pub(super) fn draw(sheet: &mut Sheet<'_>, data: &Data<'_>, plot: Rect) {
    let scale = Scale::around(&data.values, starts_at_zero(&data.values));
    let label_size = sheet.grid.px(sheet.grid.pick(28.0, 31.0, 25.0));
    let axis = Axis {
        top: plot.y as f32 + value_style(sheet, true).size * 1.2,
        bottom: plot.bottom() as f32 - label_size * 0.73 - sheet.grid.px(26.0),
    };
    let left = ticks(sheet, &scale, axis, plot) + sheet.grid.px(14.0);
    let right = plot.right() as f32 - sheet.grid.px(14.0);
    let step = (right - left) / (data.values.len() - 1) as f32;
    let points: Vec<(f32, f32)> = data
        .values
        .iter()
        .enumerate()
        .map(|(index, value)| (left + step * index as f32, axis.y(&scale, *value)))
        .collect();
    names(sheet, data, &points, plot, label_size);
    curve(sheet, &points, axis, draw_frames(sheet.frames));
    marks(sheet, data, &points, (&scale, axis), (left, right));
}

/// A line may leave zero out, but not if that cuts off little.
fn starts_at_zero(values: &[f64]) -> bool {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    low <= 0.0 || low < high * 0.45
}

/// Names under as many points as have room, the first and the last always among them.
fn names(sheet: &mut Sheet<'_>, data: &Data<'_>, points: &[(f32, f32)], plot: Rect, size: f32) {
    let style = sheet
        .theme
        .text(400, size)
        .colored(sheet.theme.palette.muted)
        .tabular();
    let room = plot.width as f32 * 0.3;
    let blocks: Vec<_> = data
        .labels
        .iter()
        .map(|label| sheet.line(label, style, room))
        .collect();
    let widest = blocks.iter().map(|b| b.block.widest()).fold(0.0, f32::max);
    let last = points.len() - 1;
    let width = points[last].0 - points[0].0;
    let most = ((width / (widest + size * 1.6)).floor() as usize).clamp(1, 8);
    let stride = last.div_ceil(most).max(1);
    let mut shown: Vec<usize> = (0..=last).step_by(stride).collect();
    // The last name takes the place of one that would stand too near.
    if shown.last().is_some_and(|l| *l != last) {
        let near = |index: usize| points[last].0 - points[index].0 < widest * 1.5 + size * 0.6;
        if shown.len() > 1 && near(shown[shown.len() - 1]) {
            shown.pop();
        }
        shown.push(last);
    }
    let mut free = f32::NEG_INFINITY;
    for index in shown {
        let wide = blocks[index].block.widest();
        let (least, most) = (plot.x as f32, plot.right() as f32 - wide);
        let x = (points[index].0 - wide / 2.0).clamp(least, most.max(least));
        if x < free {
            continue;
        }
        free = x + wide + size * 0.6;
        let y = plot.bottom() as f32 - blocks[index].height;
        sheet.put(&blocks[index], x, y, fade(10, 14), Ground::Backdrop);
    }
}

fn draw_frames(scene: u32) -> u32 {
    (scene / 3).clamp(DRAW_FRAMES.0, DRAW_FRAMES.1)
}

fn curve(sheet: &mut Sheet<'_>, points: &[(f32, f32)], axis: Axis, frames: u32) {
    let pad = sheet.grid.px(8.0).ceil();
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    let area = Rect {
        x: (first - pad).floor() as i32,
        y: (axis.top - pad).floor() as i32,
        width: (last - first + 2.0 * pad).ceil() as u32,
        height: (axis.bottom - axis.top + 2.0 * pad).ceil() as u32,
    };
    let (dx, dy) = (area.x as f32, area.y as f32);
    let accent = sheet.theme.palette.accent;
    let strong = if sheet.theme.is_dark() { 74 } else { 50 };
    let width = sheet.grid.px(6.0);
    let top = points.iter().map(|p| p.1).fold(f32::INFINITY, f32::min) - dy;
    let floor = axis.bottom - dy;
    sheet.shape(area, reveal(Edge::Left, DRAW_FROM, frames), |map| {
        let mut path = PathBuilder::new();
        path.move_to(points[0].0 - dx, points[0].1 - dy);
        for (x, y) in &points[1..] {
            path.line_to(x - dx, y - dy);
        }
        let mut under = path.clone();
        under.line_to(last - dx, floor);
        under.line_to(first - dx, floor);
        under.close();
        if let (Some(under), Some(shader)) = (under.finish(), fading(accent, strong, top, floor)) {
            let paint = Paint {
                shader,
                anti_alias: true,
                ..Paint::default()
            };
            map.fill_path(
                &under,
                &paint,
                FillRule::Winding,
                Transform::identity(),
                None,
            );
        }
        if let Some(path) = path.finish() {
            stroke(map, &path, width, accent, 255);
        }
    });
}

fn fading(color: Color, alpha: u8, top: f32, bottom: f32) -> Option<tiny_skia::Shader<'static>> {
    let at = |alpha| tiny_skia::Color::from_rgba8(color.0, color.1, color.2, alpha);
    LinearGradient::new(
        Point::from_xy(0.0, top),
        Point::from_xy(0.0, bottom.max(top + 1.0)),
        vec![
            GradientStop::new(0.0, at(alpha)),
            GradientStop::new(1.0, at(0)),
        ],
        SpreadMode::Pad,
        Transform::identity(),
    )
}

/// A ring and a value at the extreme, and at both ends if they are far enough away.
fn marks(
    sheet: &mut Sheet<'_>,
    data: &Data<'_>,
    points: &[(f32, f32)],
    (scale, axis): (&Scale, Axis),
    bounds: (f32, f32),
) {
    let last = points.len() - 1;
    let mut taken: Option<Rect> = None;
    for index in [data.peak, last, 0] {
        let marked = index == data.peak;
        if marked && taken.is_some() {
            continue;
        }
        let style = value_style(sheet, marked);
        let style = style.sized(style.size * if marked { 1.25 } else { 1.0 });
        let text = data.notation.text(data.values[index]);
        let text = sheet.line(&text, style, bounds.1 - bounds.0);
        let (px, py) = points[index];
        let wide = text.block.widest();
        let x = (px - wide / 2.0).clamp(bounds.0, (bounds.1 - wide).max(bounds.0));
        let gap = sheet.grid.px(26.0);
        let y = if marked || !is_low(points, index) {
            clear_of_ticks(scale, axis, py - gap - text.height, text.height)
        } else {
            py + gap
        };
        let own = Rect {
            x: x as i32 - 24,
            y: y as i32 - 16,
            width: wide as u32 + 48,
            height: text.height as u32 + 32,
        };
        // Where there is no room between the line and the axis, the value is left out.
        let sinks = y + text.height * 1.6 > axis.bottom;
        if sinks && !marked || taken.is_some_and(|other| !other.intersect(own).is_empty()) {
            continue;
        }
        taken = taken.or(Some(own));
        // The drawing slows down as what is uncovered does: its cube root is where it has come.
        let share = index as f32 / last as f32;
        let spent = 1.0 - libm::cbrtf(1.0 - share * 0.97);
        let at = DRAW_FROM + (draw_frames(sheet.frames) as f32 * spent) as u32;
        dot(sheet, (px, py), marked, at);
        sheet.put(&text, x, y, fade(at + 4, 12), Ground::Backdrop);
    }
}

/// Tells whether a neighbour lies higher, so that a value above the point would meet the line.
fn is_low(points: &[(f32, f32)], index: usize) -> bool {
    let higher = |other: Option<&(f32, f32)>| other.is_some_and(|o| o.1 < points[index].1);
    higher(points.get(index + 1)) || index > 0 && higher(points.get(index - 1))
}

fn dot(sheet: &mut Sheet<'_>, (x, y): (f32, f32), marked: bool, at: u32) {
    let palette = sheet.theme.palette;
    let radius = sheet.grid.px(if marked { 12.0 } else { 8.0 });
    let size = (radius * 2.0).ceil() + 4.0;
    let area = Rect {
        x: (x - size / 2.0).round() as i32,
        y: (y - size / 2.0).round() as i32,
        width: size as u32,
        height: size as u32,
    };
    sheet.shape(area, fade(at, 8), |map| {
        for (radius, color) in [(radius, palette.ground), (radius * 0.68, palette.accent)] {
            if let Some(circle) = PathBuilder::from_circle(size / 2.0, size / 2.0, radius) {
                fill(map, &circle, color, 255);
            }
        }
    });
}
