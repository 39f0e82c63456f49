//! Charts without small print.

use tiny_skia::PathBuilder;

use crate::card::{fill, stroke};
use crate::text::Color;

/// Shares of the range that includes nought.
fn heights(values: &[f64]) -> (Vec<f32>, f32) {
    let low = values.iter().copied().fold(0.0, f64::min);
    let high = values.iter().copied().fold(0.0, f64::max);
    let range = if high - low > 0.0 { high - low } else { 1.0 };
    let share = |value: f64| ((value - low) / range) as f32;
    (
        values.iter().map(|value| share(*value)).collect(),
        share(0.0),
    )
}

pub(super) fn bars(map: &mut tiny_skia::Pixmap, values: &[f64], accent: Color, quiet: Color) {
    let (wide, high) = (map.width() as f32, map.height() as f32);
    let (shares, zero) = heights(values);
    let slot = wide / shares.len() as f32;
    let most = shares.iter().copied().fold(0.0, f32::max);
    let mut marked = false;
    for (index, share) in shares.iter().enumerate() {
        let (top, bottom) = (
            high * (1.0 - share.max(zero)),
            high * (1.0 - share.min(zero)),
        );
        let first = !marked && *share >= most;
        marked |= first;
        let bar = tiny_skia::Rect::from_xywh(
            slot * index as f32,
            top,
            slot * 0.78,
            (bottom - top).max(4.0),
        );
        if let Some(bar) = bar {
            fill(
                map,
                &PathBuilder::from_rect(bar),
                if first { accent } else { quiet },
                255,
            );
        }
    }
}

pub(super) fn curve(map: &mut tiny_skia::Pixmap, values: &[f64], accent: Color) {
    let thick = map.height() as f32 * 0.03;
    let (wide, high) = (
        map.width() as f32 - 2.0 * thick,
        map.height() as f32 - 2.0 * thick,
    );
    let (shares, _) = heights(values);
    let step = wide / (shares.len() - 1).max(1) as f32;
    let at = |index: usize, share: f32| (thick + step * index as f32, thick + high * (1.0 - share));
    let mut path = PathBuilder::new();
    for (index, share) in shares.iter().enumerate() {
        let (x, y) = at(index, *share);
        if index == 0 {
            path.move_to(x, y);
        } else {
            path.line_to(x, y);
        }
    }
    if let Some(path) = path.finish() {
        stroke(map, &path, thick, accent, 255);
    }
}
