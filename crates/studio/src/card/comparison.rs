//! Two things side by side.

use super::chrome::{self, Print};
use super::figure::Figure;
use super::grid::Shape;
use super::sheet::{Ground, Set, Sheet, fade, fill, reveal, rise, rounded, stroke};
use super::{Cues, Place};
use crate::script::{Scene, Side};
use crate::text::Fit;
use crate::{Edge, Motion, MotionKind, Rect};

/// Two panels under the heading; numbers of one unit get bars of their proportion.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    scene: &Scene,
    place: &Place<'_>,
    sides: [&Side; 2],
    cues: &Cues,
) {
    chrome::header(sheet, place, Print::Full);
    let grid = sheet.grid;
    let body = grid.body;
    let fit = Fit {
        width: body.width as f32,
        height: body.height as f32 * grid.pick(0.2, 0.2, 0.2),
        lines: grid.pick(2, 3, 2),
        size_max: grid.px(grid.pick(68.0, 80.0, 60.0)),
        size_min: grid.px(38.0),
    };
    let heading = sheet.fitted(&scene.heading, sheet.theme.display(fit.size_max), fit);
    let gap = grid.px(grid.pick(56.0, 72.0, 44.0));
    let top = body.y as f32 + heading.height + gap;
    let room = body.bottom() as f32 - top;
    let gutter = grid.px(grid.pick(36.0, 32.0, 26.0));
    let stacked = grid.shape == Shape::Tall;
    let (width, height) = if stacked {
        (
            body.width as f32,
            ((room - gutter) / 2.0).min(grid.px(460.0)),
        )
    } else {
        (
            (body.width as f32 - gutter) / 2.0,
            room.min(grid.px(grid.pick(520.0, 0.0, 560.0))),
        )
    };
    let used = heading.height
        + gap
        + if stacked {
            2.0 * height + gutter
        } else {
            height
        };
    let lift = (body.height as f32 - used).max(0.0) * grid.pick(0.48, 0.6, 0.5);
    sheet.put_lines(&heading, (body.x as f32, body.y as f32 + lift), 3, 4);
    let shares = shares(sides);
    let onsets = onsets(cues, sides, sheet.frames);
    let pad = grid.px(grid.pick(56.0, 52.0, 38.0));
    let contents =
        sides.map(|side| Content::fit(sheet, side, (width - 2.0 * pad, height - 2.0 * pad)));
    // Both values take the smaller of their sizes, so that neither looks more important.
    let size = contents[0]
        .value
        .block
        .style
        .size
        .min(contents[1].value.block.style.size);
    for (index, (side, mut content)) in sides.into_iter().zip(contents).enumerate() {
        content.resize(sheet, side, size, width - 2.0 * pad);
        let step = index as f32;
        let (dx, dy) = if stacked {
            (0.0, (height + gutter) * step)
        } else {
            ((width + gutter) * step, 0.0)
        };
        let panel = Rect {
            x: (body.x as f32 + dx).round() as i32,
            y: (top + lift + dy).round() as i32,
            width: width.round() as u32,
            height: height.round() as u32,
        };
        // Both frames stand from the start; what is in them comes when it is spoken of.
        draw_panel(sheet, panel, 10 + index as u32 * 6, index == 1);
        content.put(
            sheet,
            panel,
            pad,
            (onsets[index], index == 1, shares.map(|s| s[index])),
        );
    }
}

/// When the contents of the sides enter: in order, and the second not long after the first.
fn onsets(cues: &Cues, sides: [&Side; 2], frames: u32) -> [u32; 2] {
    const FIRST: u32 = 15;
    const WAIT_MAX: u32 = 150;
    let last = frames.saturating_sub(60).max(FIRST);
    let said = sides.map(|side| cues.said(&format!("{} {}", side.label, side.value)));
    let left = said[0].unwrap_or(FIRST).clamp(FIRST, FIRST + 30);
    let right = said[1].unwrap_or(left + 36);
    [
        left.min(last),
        right.clamp(left + 12, left + WAIT_MAX).min(last),
    ]
}

/// The values' shares of the larger one, if both are numbers of one unit.
fn shares(sides: [&Side; 2]) -> Option<[f32; 2]> {
    let [left, right] = sides.map(|side| Figure::parse(&side.value));
    let (left, right) = left.zip(right)?;
    let most = left.value.max(right.value);
    let alike = left.prefix == right.prefix && left.suffix.trim() == right.suffix.trim();
    (alike && most > 0.0).then(|| [(left.value / most) as f32, (right.value / most) as f32])
}

fn draw_panel(sheet: &mut Sheet<'_>, panel: Rect, at: u32, marked: bool) {
    let palette = sheet.theme.palette;
    let radius = sheet.grid.px(18.0);
    let thick = sheet.grid.px(2.0);
    let motion = Motion {
        kind: MotionKind::Rise(sheet.grid.px(30.0)),
        at,
        frames: 16,
    };
    let edge = if marked { palette.accent } else { palette.rule };
    sheet.shape(panel, motion, |map| {
        let (w, h) = (map.width() as f32, map.height() as f32);
        fill(map, &rounded(0.0, 0.0, w, h, radius), palette.surface, 255);
        let inset = thick / 2.0;
        let frame = rounded(inset, inset, w - thick, h - thick, radius - inset);
        stroke(map, &frame, thick, edge, 255);
    });
}

/// The texts of one side.
struct Content {
    label: Set,
    value: Set,
    note: Option<Set>,
}

impl Content {
    fn fit(sheet: &mut Sheet<'_>, side: &Side, (width, height): (f32, f32)) -> Self {
        let grid = sheet.grid;
        let palette = sheet.theme.palette;
        let label_size = grid.px(grid.pick(36.0, 38.0, 30.0));
        let label = sheet.fitted(
            &side.label,
            sheet
                .theme
                .text(600, label_size)
                .colored(palette.muted)
                .leaded(1.2),
            Fit {
                width,
                height: label_size * 2.5,
                lines: 2,
                size_max: label_size,
                size_min: label_size * 0.75,
            },
        );
        let note_size = grid.px(grid.pick(34.0, 36.0, 28.0));
        let note = side.note.as_deref().map(|note| {
            let style = sheet.theme.text(400, note_size).colored(palette.muted);
            let fit = Fit {
                width,
                height: height * 0.3,
                lines: 3,
                size_max: note_size,
                size_min: note_size * 0.76,
            };
            sheet.fitted(note, style, fit)
        });
        let taken = label.height + note.as_ref().map_or(0.0, |n| n.height) + grid.px(110.0);
        let size_max = grid.px(grid.pick(150.0, 150.0, 108.0));
        let value = sheet.fitted(
            &side.value,
            sheet.theme.display(size_max).tabular(),
            Fit {
                width,
                height: (height - taken).max(size_max * 0.5) * 1.15,
                // A number and its unit stay together.
                lines: if Figure::parse(&side.value).is_some() {
                    1
                } else {
                    3
                },
                size_max,
                size_min: grid.px(34.0),
            },
        );
        Self { label, value, note }
    }

    fn resize(&mut self, sheet: &mut Sheet<'_>, side: &Side, size: f32, width: f32) {
        if size < self.value.block.style.size {
            let style = self.value.block.style.sized(size);
            let block = sheet.set.lay_out(&side.value, &style, Some(width));
            self.value = sheet.measured(block);
        }
    }

    fn put(
        self,
        sheet: &mut Sheet<'_>,
        panel: Rect,
        pad: f32,
        (at, marked, share): (u32, bool, Option<f32>),
    ) {
        let palette = sheet.theme.palette;
        let on = Ground::Solid(palette.surface);
        let (x, top) = (panel.x as f32 + pad, panel.y as f32 + pad);
        let foot = panel.bottom() as f32 - pad;
        let lift = sheet.grid.px(20.0);
        sheet.put(&self.label, x, top, rise(at, lift), on);
        let note_height = self.note.as_ref().map_or(0.0, |note| note.height);
        let note_y = foot - note_height;
        if let Some(note) = &self.note {
            sheet.put(note, x, note_y, fade(at + 10, 14), on);
        }
        let mut value = self.value;
        if marked {
            value.block.style.color = palette.accent;
        }
        let bar_height = sheet.grid.px(12.0).round();
        let free_top = top + self.label.height;
        let free_foot = if note_height > 0.0 {
            note_y - sheet.grid.px(40.0)
        } else {
            foot
        };
        let bar = if share.is_some() {
            bar_height + sheet.grid.px(44.0)
        } else {
            0.0
        };
        let y = free_top + (free_foot - free_top - value.height - bar).max(0.0) * 0.56;
        sheet.put(&value, x, y, rise(at + 4, lift), on);
        if let Some(share) = share {
            let width = ((panel.width as f32 - 2.0 * pad) * share).max(bar_height);
            let area = Rect {
                x: x.round() as i32,
                y: (y + value.height + sheet.grid.px(44.0)).round() as i32,
                width: width.round() as u32,
                height: bar_height as u32,
            };
            let color = if marked {
                palette.accent
            } else {
                palette.muted
            };
            sheet.bar(area, color, reveal(Edge::Left, at + 8, 26));
        }
    }
}
