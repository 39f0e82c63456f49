//! Full-bleed pictures and clips with the heading over them for the first seconds.

use std::sync::Arc;

use tiny_skia::{
    FillRule, GradientStop, LinearGradient, Paint, Point, Rect as SkiaRect, SpreadMode, Transform,
};

use super::sheet::{Ground, Set, Sheet, painted, reveal, rise};
use super::{CardError, Grid, Look, Place};
use crate::script::Scene;
use crate::text::{Color, Fit, Typesetter};
use crate::{Backdrop, Edge, Layer, Motion, MotionKind, Rect, Shot, Yuv420};

/// Seconds for which the heading stays.
const HEADING_SECONDS: u32 = 4;

/// How far pictures are zoomed in at the end of their scene: gentle for short scenes, never
/// more than 15 %.
const ZOOM: (f64, f64) = (1.08, 1.15);

/// Seconds over which the zoom grows from the first to the second value of [`ZOOM`].
const ZOOM_SECONDS: f64 = 12.0;

/// A still picture of any size under a slow camera.
///
/// The camera's direction follows from the scene's place, so that neighbours differ.
///
/// # Errors
/// [`CardError::MissingGlyphs`] if the heading needs a character that no font has.
pub fn picture(
    set: &mut Typesetter,
    look: &Look<'_>,
    still: Arc<Yuv420>,
    scene: &Scene,
    place: &Place<'_>,
    frames: u32,
) -> Result<Shot, CardError> {
    let (from, to) = windows(&still, look, place.index, frames);
    over(
        set,
        look,
        Backdrop::Still {
            picture: still,
            from,
            to,
        },
        scene,
        place,
        frames,
    )
}

/// Moving pictures; the caller hands their frames to the compositor.
///
/// # Errors
/// As [`picture`].
pub fn clip(
    set: &mut Typesetter,
    look: &Look<'_>,
    scene: &Scene,
    place: &Place<'_>,
    frames: u32,
) -> Result<Shot, CardError> {
    over(set, look, Backdrop::Clip, scene, place, frames)
}

/// The camera's first and last window: the largest of the canvas's shape, and one inside it.
fn windows(still: &Yuv420, look: &Look<'_>, index: usize, frames: u32) -> ([f64; 4], [f64; 4]) {
    let (width, height) = (f64::from(still.width()), f64::from(still.height()));
    let ratio = f64::from(look.canvas.width) / f64::from(look.canvas.height);
    let (w, h) = if width / height > ratio {
        (height * ratio, height)
    } else {
        (width, width / ratio)
    };
    let seconds = f64::from(frames) / f64::from(look.canvas.fps.max(1));
    let zoom = ZOOM.0 + (ZOOM.1 - ZOOM.0) * (seconds / ZOOM_SECONDS).clamp(0.0, 1.0);
    let (small_w, small_h) = (w / zoom, h / zoom);
    // Where in the picture the windows stand, 0 to 1 of the room that is left.
    let (wide_at, near_at) = match index % 4 {
        0 => ((0.5, 0.5), (0.5, 0.42)),
        1 => ((0.42, 0.5), (0.85, 0.5)),
        2 => ((0.5, 0.46), (0.35, 0.3)),
        _ => ((0.58, 0.5), (0.15, 0.6)),
    };
    let wide = [(width - w) * wide_at.0, (height - h) * wide_at.1, w, h];
    let near = [
        wide[0] + (w - small_w) * near_at.0,
        wide[1] + (h - small_h) * near_at.1,
        small_w,
        small_h,
    ];
    if index % 4 == 2 {
        (near, wide)
    } else {
        (wide, near)
    }
}

fn over(
    set: &mut Typesetter,
    look: &Look<'_>,
    backdrop: Backdrop,
    scene: &Scene,
    place: &Place<'_>,
    frames: u32,
) -> Result<Shot, CardError> {
    let missing = set.missing_glyphs(&scene.heading);
    if !missing.is_empty() {
        return Err(CardError::MissingGlyphs(missing));
    }
    let grid = Grid::of(look.canvas, look.captions);
    let mut sheet = Sheet::new(set, look.theme, grid, frames);
    let stay = (HEADING_SECONDS * look.canvas.fps).min(frames);
    if !scene.heading.trim().is_empty() {
        lower_third(&mut sheet, scene, place, stay);
    }
    Ok(sheet.into_shot(backdrop))
}

/// White words on a shade that grows from the edge: they can be read over any picture.
fn lower_third(sheet: &mut Sheet<'_>, scene: &Scene, place: &Place<'_>, stay: u32) {
    let grid = sheet.grid;
    let body = grid.body;
    let fit = Fit {
        width: body.width as f32 * grid.pick(0.62, 0.96, 0.9),
        height: body.height as f32 * 0.4,
        lines: grid.pick(2, 4, 3),
        size_max: grid.px(grid.pick(72.0, 84.0, 62.0)),
        size_min: grid.px(40.0),
    };
    let style = sheet.theme.display(fit.size_max).colored(Color::WHITE);
    let heading = sheet.fitted(&scene.heading, style, fit);
    let number = sheet.theme.text(600, grid.px(grid.pick(28.0, 34.0, 28.0)));
    let number = number.colored(Color::WHITE).tabular();
    let number = sheet.line(
        &format!("{:02}", place.index + 1),
        number,
        body.width as f32,
    );
    let foot = body.bottom() as f32 - grid.px(grid.pick(10.0, 30.0, 10.0));
    let top = foot - heading.height;
    let number_y = top - grid.px(grid.pick(40.0, 46.0, 36.0)) - number.height;
    let exit = Motion {
        kind: MotionKind::Fade,
        at: stay.saturating_sub(14),
        frames: 14,
    };
    shade(sheet, number_y - grid.px(300.0), exit);
    let x = body.x as f32;
    let dash = Rect {
        x: (x + number.block.widest() + grid.px(18.0)).round() as i32,
        y: (number_y + number.height / 2.0 - grid.px(2.0)).round() as i32,
        width: grid.px(64.0).round() as u32,
        height: grid.px(4.0).round().max(2.0) as u32,
    };
    // The accent of light themes would drown in the shade; white never does.
    let theme = sheet.theme;
    let accent = if theme.is_dark() {
        theme.palette.accent
    } else {
        Color::WHITE
    };
    let dash_pixels = painted(dash.width, dash.height, |map| {
        map.fill(tiny_skia::Color::from_rgba8(
            accent.0, accent.1, accent.2, 255,
        ));
    });
    put_leaving(sheet, &number, (x, number_y), 4, exit);
    if let Some(pixels) = dash_pixels {
        let enter = reveal(Edge::Left, 8, 14);
        sheet.layer(Layer {
            pixels,
            x: dash.x,
            y: dash.y,
            enter,
            exit: Some(exit),
        });
    }
    put_leaving(sheet, &heading, (x, top), 6, exit);
}

fn put_leaving(sheet: &mut Sheet<'_>, set: &Set, (x, y): (f32, f32), at: u32, exit: Motion) {
    let painted = sheet.set.paint(&set.block);
    let bearing = painted.x.clamp(0, 12);
    let area = painted.area(x.round() as i32 - bearing, (y - set.top).round() as i32);
    let enter = rise(at, sheet.grid.px(24.0));
    let pixels = painted.pixels;
    sheet.layer(Layer {
        pixels,
        x: area.x,
        y: area.y,
        enter,
        exit: Some(exit),
    });
    sheet.note(&set.block, area, Ground::Solid(shaded()));
}

/// Opacity of the shade where words lie.
const SHADE: u8 = 150;

/// What white becomes under the shade: the worst that a picture can do.
fn shaded() -> Color {
    Color::WHITE.mix(Color::BLACK, f32::from(SHADE) / 255.0)
}

/// A shade over the lower part: full from a little above the words down to the canvas's foot.
fn shade(sheet: &mut Sheet<'_>, top: f32, exit: Motion) {
    let canvas = sheet.grid.canvas;
    let top = top.max(0.0).round();
    let height = canvas.height - top as u32;
    let full = (sheet.grid.px(270.0) / height as f32).clamp(0.05, 0.9);
    let pixels = painted(canvas.width, height, |map| {
        let at = |alpha| tiny_skia::Color::from_rgba8(0, 0, 0, alpha);
        let stops = vec![
            GradientStop::new(0.0, at(0)),
            GradientStop::new(full * 0.35, at(SHADE / 6)),
            GradientStop::new(full * 0.7, at(SHADE / 3 * 2)),
            GradientStop::new(full, at(SHADE)),
            GradientStop::new(1.0, at(SHADE)),
        ];
        let (from, to) = (Point::from_xy(0.0, 0.0), Point::from_xy(0.0, height as f32));
        let shader = LinearGradient::new(from, to, stops, SpreadMode::Pad, Transform::identity());
        let area = SkiaRect::from_xywh(0.0, 0.0, canvas.width as f32, height as f32);
        if let (Some(shader), Some(area)) = (shader, area) {
            let paint = Paint {
                shader,
                ..Paint::default()
            };
            let path = tiny_skia::PathBuilder::from_rect(area);
            map.fill_path(
                &path,
                &paint,
                FillRule::Winding,
                Transform::identity(),
                None,
            );
        }
    });
    if let Some(pixels) = pixels {
        let enter = Motion {
            kind: MotionKind::Fade,
            at: 0,
            frames: 10,
        };
        sheet.layer(Layer {
            pixels,
            x: 0,
            y: top as i32,
            enter,
            exit: Some(exit),
        });
    }
}

#[cfg(test)]
mod tests {
    use ytempire_core::brief::Format;

    use super::*;
    use crate::Canvas;
    use crate::theme::Theme;

    #[test]
    fn windows_have_the_canvas_shape_and_lie_inside_any_picture() {
        for format in [Format::Landscape, Format::Portrait, Format::Square] {
            let look = Look {
                theme: Theme::plain(),
                canvas: Canvas::of(format),
                captions: true,
            };
            let ratio = f64::from(look.canvas.width) / f64::from(look.canvas.height);
            for (width, height) in [(640, 480), (1920, 1080), (300, 2000), (4000, 320), (2, 2)] {
                let still = Yuv420::black(width, height);
                for index in 0..4 {
                    let (from, to) = windows(&still, &look, index, 240);
                    assert!(from.iter().zip(to).any(|(a, b)| (a - b).abs() > 0.0));
                    for [x, y, w, h] in [from, to] {
                        assert!(x >= 0.0 && y >= 0.0);
                        assert!(
                            x + w <= f64::from(width) + 1e-9 && y + h <= f64::from(height) + 1e-9
                        );
                        assert!((w / h - ratio).abs() < 1e-9);
                    }
                }
            }
        }
    }

    #[test]
    fn white_can_be_read_under_the_shade_whatever_the_picture() {
        assert!(Color::WHITE.contrast_x100(shaded()) >= 450);
    }
}
