//! From a shot in which nothing moves to one picture.

use std::sync::Arc;

use crate::frame::rgb_of;
use crate::text::Color;
use crate::{Backdrop, Canvas, Rect, Rgba, Shot, Yuv420};

/// The middle of a photograph in the canvas's shape.
pub(super) fn cropped(photo: &Yuv420, canvas: Canvas) -> Backdrop {
    let (width, height) = (f64::from(photo.width()), f64::from(photo.height()));
    let ratio = f64::from(canvas.width) / f64::from(canvas.height);
    let (w, h) = if width / height > ratio {
        (height * ratio, height)
    } else {
        (width, width / ratio)
    };
    let window = [(width - w) / 2.0, (height - h) / 2.0, w, h];
    Backdrop::Still {
        picture: Arc::new(photo.clone()),
        from: window,
        to: window,
    }
}

/// One picture of a shot in which nothing moves.
pub(super) fn flatten(shot: &Shot, canvas: Canvas) -> Rgba {
    let mut out = Rgba::clear(canvas.width, canvas.height);
    if let Backdrop::Still { picture, from, .. } = &shot.backdrop {
        resample(&mut out, picture, *from);
    }
    for layer in &shot.layers {
        let inside = Rect {
            x: layer.x,
            y: layer.y,
            width: layer.pixels.width,
            height: layer.pixels.height,
        }
        .intersect(canvas.bounds());
        for y in inside.y..inside.bottom() {
            for x in inside.x..inside.right() {
                let from = ((y - layer.y) as usize * layer.pixels.width as usize
                    + (x - layer.x) as usize)
                    * 4;
                let to = (y as usize * canvas.width as usize + x as usize) * 4;
                let above = [0, 1, 2, 3].map(|i| layer.pixels.bytes[from + i]);
                crate::text::lay_over(&mut out.bytes[to..to + 4], above);
            }
        }
    }
    out
}

/// Fills `out` with a window of a picture, each pixel the mean of those that it covers.
fn resample(out: &mut Rgba, picture: &Yuv420, [x, y, w, h]: [f64; 4]) {
    let [luma, blue, red] = picture.planes();
    let (wide, high) = (picture.width() as usize, picture.height() as usize);
    let (step_x, step_y) = (w / f64::from(out.width), h / f64::from(out.height));
    let span = |from: f64, step: f64, index: u32, most: usize| {
        let first = ((from + step * f64::from(index)) as usize).min(most - 1);
        let last = ((from + step * f64::from(index + 1)).ceil() as usize).clamp(first + 1, most);
        first..last
    };
    for row in 0..out.height {
        let rows = span(y, step_y, row, high);
        for column in 0..out.width {
            let columns = span(x, step_x, column, wide);
            let (mut sum, mut count) = ([0_u32; 3], 0_u32);
            for sy in rows.clone() {
                for sx in columns.clone() {
                    let chroma = (sy / 2) * (wide / 2) + sx / 2;
                    sum[0] += u32::from(luma[sy * wide + sx]);
                    sum[1] += u32::from(blue[chroma]);
                    sum[2] += u32::from(red[chroma]);
                    count += 1;
                }
            }
            let Color(r, g, b) = rgb_of(sum.map(|s| s as f32 / count as f32));
            let at = (row * out.width + column) as usize * 4;
            out.bytes[at..at + 4].copy_from_slice(&[r, g, b, 255]);
        }
    }
}
