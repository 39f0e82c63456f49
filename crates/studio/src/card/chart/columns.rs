//! Standing bars.

use super::{Axis, Data, label_style, quiet, value_style};
use crate::card::chart::scale::Scale;
use crate::card::sheet::{Ground, Set, Sheet, fade, fill, reveal, rounded};
use crate::text::Align;
use crate::{Edge, Rect};

pub(super) fn draw(sheet: &mut Sheet<'_>, data: &Data<'_>, plot: Rect) {
    let scale = Scale::around(&data.values, true);
    let slot_guess = plot.width as f32 * 0.94 / data.labels.len() as f32;
    let labels = labels(sheet, data, slot_guess * 0.92);
    let label_height = labels.iter().map(|l| l.height).fold(0.0, f32::max);
    let gap = sheet.grid.px(26.0);
    let headroom = value_style(sheet, true).size * 1.1;
    let axis = Axis {
        top: plot.y as f32 + headroom,
        bottom: plot.bottom() as f32 - label_height - gap,
    };
    // Every bar has its value: a scale beside them would say it twice.
    let left = plot.x as f32;
    let base = axis.y(&scale, 0.0);
    let muted = sheet.theme.palette.muted;
    sheet.rule(left, base, plot.width as f32, muted, fade(8, 14));
    let slot = (plot.right() as f32 - left) / data.labels.len() as f32;
    let width = (slot * 0.62).min(sheet.grid.px(210.0));
    for (index, (value, label)) in data.values.iter().zip(&labels).enumerate() {
        let middle = left + slot * (index as f32 + 0.5);
        let (named, at) = (10 + index as u32 * 3, data.onsets[index]);
        let x = middle - label.block.width / 2.0;
        sheet.put(
            label,
            x,
            plot.bottom() as f32 - label_height,
            fade(named, 12),
            Ground::Backdrop,
        );
        let (zero, end) = (axis.y(&scale, 0.0), axis.y(&scale, *value));
        let marked = index == data.peak;
        column(sheet, (middle, width), (zero, end), marked, at);
        let text = sheet.line(
            &data.notation.text(*value),
            value_style(sheet, marked),
            slot * 1.2,
        );
        let x = middle - text.block.widest() / 2.0;
        let pad = sheet.grid.px(16.0);
        let y = if *value < 0.0 {
            end + pad
        } else {
            end - pad - text.height
        };
        // Under a bar that goes down there may be no room before the names.
        let y = y.min(plot.bottom() as f32 - label_height - text.height - pad);
        sheet.put(&text, x, y, fade(at + 16, 10), Ground::Backdrop);
    }
}

fn labels(sheet: &mut Sheet<'_>, data: &Data<'_>, width: f32) -> Vec<Set> {
    let style = label_style(sheet).aligned(Align::Center);
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
            let block = sheet.set.lay_out(label, &style.colored(color), Some(width));
            sheet.measured(block)
        })
        .collect()
}

fn column(
    sheet: &mut Sheet<'_>,
    (middle, width): (f32, f32),
    (zero, end): (f32, f32),
    marked: bool,
    at: u32,
) {
    let color = if marked {
        sheet.theme.palette.accent
    } else {
        quiet(sheet)
    };
    let radius = sheet.grid.px(8.0).min(width / 4.0);
    let up = end <= zero;
    let (top, bottom) = (end.min(zero), end.max(zero));
    let area = Rect {
        x: (middle - width / 2.0).round() as i32,
        y: top.round() as i32,
        width: width.round().max(2.0) as u32,
        height: ((bottom - top).round() as u32).max(2),
    };
    let edge = if up { Edge::Bottom } else { Edge::Top };
    sheet.shape(area, reveal(edge, at, 22), |map| {
        let (w, h) = (map.width() as f32, map.height() as f32);
        // Round at the free end, square on the base: the other corners lie outside.
        let y = if up { 0.0 } else { -radius };
        fill(map, &rounded(0.0, y, w, h + radius, radius), color, 255);
    });
}
