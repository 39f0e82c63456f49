//! Backdrops: calm, slowly drifting grounds, computed per pixel so that no gradient shows bands.

use std::sync::Arc;

use super::grid::Shape;
use crate::text::Color;
use crate::theme::{BackdropDesign, Theme};
use crate::{Backdrop, Canvas, Rect, Yuv420};

/// How much larger than the canvas the picture is, so that there is room to drift.
const OVERSCAN: f64 = 1.036;

/// How loud a backdrop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Title, section and end cards: the theme's figure is drawn.
    Figure,
    /// Everything else: ground alone.
    Calm,
}

/// A drifting backdrop for the scene at `index`.
pub(crate) fn backdrop(theme: &Theme, canvas: Canvas, tone: Tone, index: usize) -> Backdrop {
    let even = |pixels: u32| ((f64::from(pixels) * OVERSCAN).ceil() as u32).next_multiple_of(2);
    let (width, height) = (even(canvas.width), even(canvas.height));
    let picture = Arc::new(paint(theme, width, height, tone));
    let (w, h) = (f64::from(canvas.width), f64::from(canvas.height));
    let (spare_x, spare_y) = (f64::from(width) - w, f64::from(height) - h);
    // Eight directions by turns, so that neighbouring scenes don't drift alike.
    let (from, to) = match index % 4 {
        0 => ((0.0, 0.2), (1.0, 0.8)),
        1 => ((1.0, 0.9), (0.0, 0.1)),
        2 => ((0.2, 1.0), (0.8, 0.0)),
        _ => ((0.9, 0.0), (0.1, 1.0)),
    };
    let window = |(x, y): (f64, f64)| [spare_x * x, spare_y * y, w, h];
    Backdrop::Still {
        picture,
        from: window(from),
        to: window(to),
    }
}

/// A place on the backdrop.
#[derive(Clone, Copy)]
struct Spot {
    /// 0 to 1 across.
    u: f32,
    /// 0 to 1 down.
    v: f32,
    /// Design units from the left; the short side has 1080.
    x: f32,
    /// Design units from the top.
    y: f32,
}

/// What the painter knows.
struct Easel {
    ground: [f32; 3],
    far: [f32; 3],
    rule: [f32; 3],
    accent: [f32; 3],
    ink: [f32; 3],
    figure: bool,
    shape: Shape,
    /// The canvas in design units.
    size: (f32, f32),
}

fn paint(theme: &Theme, width: u32, height: u32, tone: Tone) -> Yuv420 {
    let palette = theme.palette;
    let unit = width.min(height) as f32 / 1080.0;
    let ratio = width as f32 / height as f32;
    let easel = Easel {
        ground: floats(palette.ground),
        far: floats(palette.ground_far),
        rule: floats(palette.rule),
        accent: floats(palette.accent),
        ink: floats(palette.ink),
        figure: tone == Tone::Figure,
        shape: if ratio > 1.25 {
            Shape::Wide
        } else if ratio < 0.8 {
            Shape::Tall
        } else {
            Shape::Square
        },
        size: (width as f32 / unit, height as f32 / unit),
    };
    let draw = match theme.backdrop {
        BackdropDesign::Dots => dots,
        BackdropDesign::Columns => columns,
        BackdropDesign::Rings => rings,
        BackdropDesign::Grid => grid,
        BackdropDesign::Spot => spot,
    };
    // One level steps show in the dark; in the light a hint of noise is enough, and cheaper.
    let grain = if theme.is_dark() { 0.75 } else { 0.35 };
    crate::frame::yuv420_from(width, height, grain, |x, y| {
        let place = Spot {
            u: (x as f32 + 0.5) / width as f32,
            v: (y as f32 + 0.5) / height as f32,
            x: (x as f32 + 0.5) / unit,
            y: (y as f32 + 0.5) / unit,
        };
        draw(&easel, place).map(|channel| channel.clamp(0.0, 1.0))
    })
}

fn floats(color: Color) -> [f32; 3] {
    [color.0, color.1, color.2].map(|channel| f32::from(channel) / 255.0)
}

fn mix(a: [f32; 3], b: [f32; 3], share: f32) -> [f32; 3] {
    let share = share.clamp(0.0, 1.0);
    [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * share)
}

/// 0 at `a`, 1 at `b`, smooth between.
fn smooth(a: f32, b: f32, at: f32) -> f32 {
    let t = ((at - a) / (b - a)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Coverage of a line of some width at a distance from its middle, softened over one unit.
fn line(distance: f32, width: f32) -> f32 {
    (width / 2.0 + 0.5 - distance.abs()).clamp(0.0, 1.0)
}

/// Distance to the nearest multiple of `step`.
fn to_multiple(at: f32, step: f32) -> f32 {
    let rest = at.rem_euclid(step);
    rest.min(step - rest)
}

/// The length of a vector. Only operations that IEEE 754 rounds exactly are used here, so that
/// a backdrop is the same on every machine; the library's `hypot`, `exp` and `powf` are not.
fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// Close to the exponential of `-x` for `x` from 0 on.
fn decay(x: f32) -> f32 {
    1.0 / (1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x / 24.0))))
}

fn darker_edge(place: Spot) -> f32 {
    let (dx, dy) = (place.u - 0.5, place.v - 0.5);
    smooth(0.35, 0.95, (dx * dx + dy * dy).sqrt() * 1.3)
}

impl Easel {
    /// The middle and radius of the theme's round figure, clear of where text stands.
    fn disc(&self) -> (f32, f32, f32) {
        let (w, h) = self.size;
        match self.shape {
            Shape::Wide => (w * 0.868, h * 0.57, 415.0),
            Shape::Tall => (w * 0.86, h * 0.935, 430.0),
            Shape::Square => (w * 0.93, h * 0.95, 290.0),
        }
    }
}

/// A dotted sphere, lit from the left, over a soft blue light.
fn dots(easel: &Easel, place: Spot) -> [f32; 3] {
    let glow = smooth(
        1.15,
        0.0,
        ((place.u - 0.82).powi(2) + (place.v - 0.1).powi(2)).sqrt(),
    );
    let base = mix(easel.ground, easel.far, glow * 0.95);
    let step = 22.0;
    let (cx, cy) = (
        (place.x / step).floor() * step + step / 2.0,
        (place.y / step).floor() * step + step / 2.0,
    );
    let distance = ((place.x - cx).powi(2) + (place.y - cy).powi(2)).sqrt();
    let (dx, dy, r) = easel.disc();
    let (nx, ny) = ((cx - dx) / r, (cy - dy) / r);
    let inside = 1.0 - nx * nx - ny * ny;
    if easel.figure && inside > 0.0 {
        let nz = inside.sqrt();
        let light = (-0.55 * nx - 0.45 * ny + 0.62 * nz).max(0.0);
        let radius = 1.2 + 6.2 * light * light.sqrt() * smooth(0.0, 0.25, inside);
        let cover = (radius + 0.5 - distance).clamp(0.0, 1.0);
        let lit = mix(easel.rule, easel.ink, 0.22 * light);
        let color = mix(lit, easel.accent, smooth(0.72, 1.02, light));
        return mix(base, color, cover * (0.55 + 0.45 * light));
    }
    let cover = (1.35 + 0.5 - distance).clamp(0.0, 1.0);
    mix(base, easel.rule, cover * 0.55 * glow)
}

/// Paper with hair-thin column rules; the figure is a large quarter circle in a deeper tone.
fn columns(easel: &Easel, place: Spot) -> [f32; 3] {
    let light = smooth(
        0.0,
        1.1,
        ((place.u - 0.1).powi(2) + (place.v - 0.05).powi(2)).sqrt(),
    );
    let mut color = mix(easel.ground, easel.far, 0.15 + light * 0.55);
    if easel.figure {
        let (dx, dy, r) = easel.disc();
        let distance = ((place.x - dx).powi(2) + (place.y - dy).powi(2)).sqrt();
        let cover = (r * 0.86 + 0.7 - distance).clamp(0.0, 1.0);
        let shade = 0.75 + 0.25 * smooth(-r, r, place.y - dy);
        color = mix(color, easel.accent, cover * shade);
        // Horizontal rules cut the disc ever thicker towards its foot, like an old print.
        let horizon = if easel.shape == Shape::Wide {
            dy
        } else {
            dy - r * 0.55
        };
        let depth = (place.y - horizon) / r;
        if depth > 0.0 {
            let slit = line(
                to_multiple(place.y - horizon, 34.0),
                2.0 + 20.0 * depth.min(1.0),
            );
            let paper = mix(easel.ground, easel.far, 0.15 + light * 0.55);
            color = mix(color, paper, slit);
        }
    }
    let column = easel.size.0 / 12.0;
    let rule = line(to_multiple(place.x, column), 1.0);
    mix(
        color,
        easel.rule,
        rule * if easel.figure { 0.28 } else { 0.34 },
    )
}

/// Rings of warm light around a low sun.
fn rings(easel: &Easel, place: Spot) -> [f32; 3] {
    let (w, h) = easel.size;
    let (cx, cy) = match easel.shape {
        Shape::Wide => (w * 0.93, h * 1.02),
        Shape::Tall => (w * 0.97, h * 1.0),
        Shape::Square => (w * 1.0, h * 1.02),
    };
    let distance = ((place.x - cx).powi(2) + (place.y - cy).powi(2)).sqrt();
    let glow = smooth(1500.0, 0.0, distance);
    let mut color = mix(easel.ground, easel.far, glow);
    if easel.figure {
        let reach = match easel.shape {
            Shape::Wide => 900.0,
            Shape::Tall => 720.0,
            Shape::Square => 600.0,
        };
        let step = 118.0;
        let ring = (distance / step).floor();
        let within = distance / step - ring;
        let fade = smooth(reach, 60.0, distance);
        // Each ring is brightest at its outer edge, as if they were stacked discs.
        color = mix(color, easel.accent, fade * (0.05 + 0.36 * within * within));
        color = mix(
            color,
            easel.accent,
            line(distance - (ring + 1.0) * step, 1.4) * fade * 0.5,
        );
    } else {
        let ring = line(to_multiple(distance, 118.0), 1.2);
        color = mix(color, easel.rule, ring * glow * 0.42);
    }
    mix(color, easel.ground, darker_edge(place) * 0.35)
}

/// Squared paper; the figure is a flight of rising bars.
fn grid(easel: &Easel, place: Spot) -> [f32; 3] {
    let light = smooth(
        0.1,
        1.2,
        ((place.u - 0.2).powi(2) + (place.v - 0.1).powi(2)).sqrt(),
    );
    let mut color = mix(easel.ground, easel.far, light * 0.9);
    let fine = line(to_multiple(place.x, 40.0), 1.0).max(line(to_multiple(place.y, 40.0), 1.0));
    let coarse = line(to_multiple(place.x, 200.0), 1.0).max(line(to_multiple(place.y, 200.0), 1.0));
    let shown = smooth(0.15, 1.0, place.u * 0.75 + place.v * 0.35);
    color = mix(
        color,
        easel.rule,
        (fine * 0.32 + coarse * 0.3) * (0.25 + 0.75 * shown),
    );
    if easel.figure {
        color = bars(easel, place, color);
    }
    color
}

fn bars(easel: &Easel, place: Spot, below: [f32; 3]) -> [f32; 3] {
    let (w, h) = easel.size;
    // Right edge, foot and height of the tallest bar, and its direction.
    let (right, foot, tallest, count) = match easel.shape {
        Shape::Wide => (w + 10.0, h + 20.0, 800.0, 6.0),
        Shape::Tall => (w + 10.0, h + 20.0, 560.0, 6.0),
        Shape::Square => (w + 10.0, h + 20.0, 350.0, 4.0),
    };
    let step = 120.0;
    let from_right = (right - place.x) / step;
    let bar = from_right.floor();
    if !(0.0..count).contains(&bar) {
        return below;
    }
    let share = (count - bar) / count;
    let top = foot - tallest * share * share.sqrt() * share.sqrt().sqrt();
    let within = (from_right - bar) * step;
    let edge = ((within - 0.0).min(step - 10.0 - within) + 0.5).clamp(0.0, 1.0);
    let cover =
        edge * (place.y - top + 0.5).clamp(0.0, 1.0) * (foot - place.y + 0.5).clamp(0.0, 1.0);
    let depth = ((place.y - top) / (foot - top)).clamp(0.0, 1.0);
    let strength = if bar < 1.0 {
        1.0 - 0.15 * depth
    } else {
        (0.10 + 0.26 * share) * (1.0 - 0.75 * depth)
    };
    mix(below, easel.accent, cover * strength)
}

/// One large soft light; the figure is a dark sphere with a bright limb.
fn spot(easel: &Easel, place: Spot) -> [f32; 3] {
    let light = smooth(1.05, 0.0, length((place.u - 0.72) * 1.1, place.v - 0.02));
    let mut color = mix(easel.ground, easel.far, light * 0.9);
    color = mix(color, easel.ground, darker_edge(place) * 0.4);
    if easel.figure {
        let (cx, cy, r) = easel.disc();
        let (nx, ny) = ((place.x - cx) / r, (place.y - cy) / r);
        let distance = length(nx, ny);
        let toward = if distance > 0.0 {
            (-0.78 * nx - 0.62 * ny) / distance
        } else {
            0.0
        };
        let lit = smooth(-0.35, 1.0, toward);
        let inside = ((1.0 - distance) * r + 0.5).clamp(0.0, 1.0);
        // Deep shade in the middle, a thin crescent of light along the limb, and its halo.
        let body = mix(easel.ground, [0.0; 3], 0.45);
        let limb = decay((1.0 - distance).max(0.0) * r / 26.0);
        let crescent = decay((1.0 - distance).max(0.0) * r / 120.0);
        let halo = decay((distance - 1.0).max(0.0) * r / 70.0) * (1.0 - inside);
        color = mix(color, easel.accent, halo * lit * 0.30);
        color = mix(color, body, inside * 0.9);
        color = mix(color, easel.accent, inside * crescent * lit * 0.34);
        color = mix(
            color,
            mix(easel.accent, easel.ink, 0.75),
            inside * limb * lit * lit * 0.95,
        );
    }
    color
}

/// The least contrast of a colour against a backdrop within an area, times 100, wherever the
/// drift puts it. Judged over blocks of 8 × 8 pixels: the eye reads over single dots.
pub(crate) fn contrast_within(backdrop: &Backdrop, area: Rect, color: Color) -> u32 {
    let Backdrop::Still { picture, from, to } = backdrop else {
        return 0;
    };
    let [luma, blue, red] = picture.planes();
    let (wide, high) = (picture.width() as usize, picture.height() as usize);
    let reach = |at: i32, a: f64, b: f64, most: usize| {
        let (low, high) = (f64::from(at) + a.min(b), f64::from(at) + a.max(b));
        (
            low.max(0.0) as usize,
            (high.ceil().max(0.0) as usize).min(most),
        )
    };
    let (left, _) = reach(area.x, from[0], to[0], wide);
    let (_, right) = reach(area.right(), from[0], to[0], wide);
    let (top, _) = reach(area.y, from[1], to[1], high);
    let (_, bottom) = reach(area.bottom(), from[1], to[1], high);
    let mut least = u32::MAX;
    for y in (top..bottom).step_by(8) {
        for x in (left..right).step_by(8) {
            let (mut sum, mut count) = ([0_u32; 3], 0);
            for row in y..(y + 8).min(bottom) {
                for column in x..(x + 8).min(right) {
                    let chroma = (row / 2) * (wide / 2) + column / 2;
                    sum[0] += u32::from(luma[row * wide + column]);
                    sum[1] += u32::from(blue[chroma]);
                    sum[2] += u32::from(red[chroma]);
                    count += 1;
                }
            }
            let mean = sum.map(|s| s as f32 / count as f32);
            least = least.min(color.contrast_x100(crate::frame::rgb_of(mean)));
        }
    }
    least
}
