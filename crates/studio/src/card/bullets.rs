//! The points card.

use super::chrome::{self, Print};
use super::grid::Shape;
use super::sheet::{Ground, Set, Sheet, fade, reveal, rise};
use super::{Cues, Place};
use crate::script::Scene;
use crate::text::Fit;
use crate::{Edge, Layer};

/// Points that are shown at most; more are cut off by the script's own bound.
const POINTS_MAX: usize = 6;

/// Heading in a narrow column, points in a wide one; stacked where the canvas is not wide.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    scene: &Scene,
    place: &Place<'_>,
    points: &[String],
    cues: &Cues,
) {
    chrome::header(sheet, place, Print::Full);
    let points = &points[..points.len().min(POINTS_MAX)];
    let grid = sheet.grid;
    let body = grid.body;
    let beside = grid.shape == Shape::Wide;
    let share = if beside { 0.335 } else { 1.0 };
    let fit = Fit {
        width: body.width as f32 * share,
        height: body.height as f32 * grid.pick(0.9, 0.22, 0.24),
        lines: grid.pick(6, 3, 2),
        size_max: grid.px(grid.pick(76.0, 84.0, 66.0)),
        size_min: grid.px(grid.pick(40.0, 44.0, 40.0)),
    };
    let heading = sheet.fitted(&scene.heading, sheet.theme.display(fit.size_max), fit);
    let gap = grid.px(grid.pick(0.0, 70.0, 46.0));
    let (left, top, width, height) = if beside {
        let column = body.width as f32 * 0.405;
        (
            body.x as f32 + column,
            body.y as f32,
            body.width as f32 - column,
            body.height as f32,
        )
    } else {
        let used = heading.height + gap;
        (
            body.x as f32,
            body.y as f32 + used,
            body.width as f32,
            body.height as f32 - used,
        )
    };
    let rows = Rows::fit(sheet, points, width, height);
    let spare = (height - rows.height).max(0.0);
    let lift = spare * grid.pick(0.48, 0.55, 0.5);
    let heading_y = if beside {
        // Level with the first point, unless the heading is too long for that.
        (top + lift + rows.pad)
            .min(body.bottom() as f32 - heading.height)
            .max(top)
    } else {
        body.y as f32 + lift
    };
    sheet.put_lines(&heading, (body.x as f32, heading_y), 3, 4);
    let onsets = cues.onsets(points, 14, sheet.frames);
    rows.put(sheet, (left, top + lift), width, &onsets);
}

/// The points, set at the largest size at which all of them fit.
struct Rows {
    points: Vec<Set>,
    /// Space above and below a point's text.
    pad: f32,
    /// Where the text begins, right of the number.
    indent: f32,
    size: f32,
    height: f32,
}

impl Rows {
    fn fit(sheet: &mut Sheet<'_>, points: &[String], width: f32, height: f32) -> Self {
        let grid = sheet.grid;
        let (size_max, size_min) = grid.pick((48.0, 25.0), (52.0, 30.0), (42.0, 24.0));
        // Few points stand larger, so that the card is not empty.
        let size_max = size_max
            * match points.len() {
                0..=2 => 1.34,
                3 => 1.22,
                4 => 1.1,
                _ => 1.0,
            };
        let (least, most) = (grid.px(size_min), grid.px(size_max));
        let steps = (most - least).ceil() as u32;
        let size_of = |step: u32| (least + step as f32).min(most);
        let mut best = None;
        let (mut low, mut high) = (0, steps + 1);
        while low < high {
            let step = u32::midpoint(low, high);
            let rows = Self::at(sheet, points, width, size_of(step));
            if rows.height <= height && rows.points.iter().all(|row| !row.block.split) {
                best = Some(rows);
                low = step + 1;
            } else {
                high = step;
            }
        }
        best.map_or_else(
            || Self::shortened(sheet, points, (width, height), least),
            |rows| rows.aired(height),
        )
    }

    /// Half of the room that is left goes between the points, within reason.
    fn aired(mut self, height: f32) -> Self {
        let spare = (height - self.height).max(0.0) / (self.points.len().max(1) as f32 * 2.0);
        self.pad += (spare * 0.5).min(self.size * 0.42);
        self.stacked()
    }

    fn at(sheet: &mut Sheet<'_>, points: &[String], width: f32, size: f32) -> Self {
        let indent = size * 1.75;
        let style = sheet.theme.text(500, size).leaded(1.28);
        let points = points
            .iter()
            .map(|point| {
                let block = sheet.set.lay_out(point, &style, Some(width - indent));
                sheet.measured(block)
            })
            .collect();
        Self {
            points,
            pad: size * 0.86,
            indent,
            size,
            height: 0.0,
        }
        .stacked()
    }

    /// Each point gets an equal share of the lines that there is room for.
    fn shortened(
        sheet: &mut Sheet<'_>,
        points: &[String],
        (width, height): (f32, f32),
        size: f32,
    ) -> Self {
        let (indent, pad) = (size * 1.75, size * 0.62);
        let style = sheet.theme.text(500, size).leaded(1.28);
        let each = height / points.len() as f32 - 2.0 * pad;
        let lines = ((each / (size * 1.28)).floor() as usize).max(1);
        let fit = Fit {
            width: width - indent,
            height: lines as f32 * size * 1.29,
            lines,
            size_max: size,
            size_min: size,
        };
        let points = points
            .iter()
            .map(|point| sheet.fitted(point, style, fit))
            .collect();
        Self {
            points,
            pad,
            indent,
            size,
            height: 0.0,
        }
        .stacked()
    }

    fn stacked(mut self) -> Self {
        self.height = self
            .points
            .iter()
            .map(|point| point.height + 2.0 * self.pad)
            .sum();
        self
    }

    fn put(&self, sheet: &mut Sheet<'_>, (x, y): (f32, f32), width: f32, onsets: &[u32]) {
        let palette = sheet.theme.palette;
        let mut top = y;
        for (index, (point, &at)) in self.points.iter().zip(onsets).enumerate() {
            // Numbers and rules stand from the start: what is to come has its place already.
            let stands = 8 + index as u32 * 4;
            if index > 0 {
                sheet.rule(x, top, width, palette.rule, reveal(Edge::Left, stands, 16));
            }
            let number = sheet
                .theme
                .text(600, self.size * 0.72)
                .colored(palette.accent)
                .tabular();
            let number = sheet.line(&(index + 1).to_string(), number, self.indent);
            let cap = point.height.min(self.size * 0.73);
            let lift = (cap - number.height).max(0.0);
            let text_y = top + self.pad;
            put_number(sheet, &number, (x, text_y + lift), (stands, at));
            let enter = rise(at + 2, sheet.grid.px(22.0));
            sheet.put(point, x + self.indent, text_y, enter, Ground::Backdrop);
            top += point.height + 2.0 * self.pad;
        }
    }
}

/// The number waits in a quiet colour and lights up with its point.
fn put_number(sheet: &mut Sheet<'_>, number: &Set, (x, y): (f32, f32), (stands, at): (u32, u32)) {
    if stands + 20 < at {
        let mut quiet = number.clone();
        let palette = sheet.theme.palette;
        quiet.block.style.color = palette.rule.mix(palette.muted, 0.5);
        let painted = sheet.set.paint(&quiet.block);
        let area = painted.area(x.round() as i32, (y - quiet.top).round() as i32);
        sheet.layer(Layer {
            pixels: painted.pixels,
            x: area.x,
            y: area.y,
            enter: fade(stands, 12),
            exit: Some(fade(at, 10)),
        });
    }
    sheet.put(number, x, y, fade(at, 8), Ground::Backdrop);
}
