//! The ten pictures of the benchmark: the same bytes on every machine.
//!
//! 1/f noise has the spectrum of photographs, so that the encoder has as much to do as with
//! real ones; hard-edged shapes and text show what blurs and rings.

use studio::text::{Style, Typesetter};
use studio::{Rgba, Yuv420};

/// Pixels across.
pub(crate) const WIDTH: u32 = 2048;
/// Pixels down.
pub(crate) const HEIGHT: u32 = 1152;

/// Picture number `index`.
pub(crate) fn draw(index: u32) -> Rgba {
    let mut picture = Rgba::clear(WIDTH, HEIGHT);
    let [base, far] = colours(index);
    for (at, texel) in picture.bytes.chunks_exact_mut(4).enumerate() {
        let (x, y) = (at as u32 % WIDTH, at as u32 / WIDTH);
        let light = fractal(index * 31, x, y, 8);
        let hue = fractal(index * 31 + 7, x, y, 4);
        for channel in 0..3 {
            let colour = base[channel] + (far[channel] - base[channel]) * hue;
            texel[channel] = (colour * (0.35 + 1.3 * light)).clamp(0.0, 255.0) as u8;
        }
        texel[3] = 255;
    }
    shapes(&mut picture, index);
    title(&mut picture, index);
    picture
}

/// The same as a frame of its own size.
pub(crate) fn yuv(index: u32) -> Yuv420 {
    draw(index).to_yuv420()
}

fn colours(index: u32) -> [[f32; 3]; 2] {
    let pick = |n: u32| std::array::from_fn(|i| 40.0 + 190.0 * unit(index, n, i as u32));
    [pick(1), pick(2)]
}

/// Noise whose octaves halve in size and in strength, 0 to 1.
fn fractal(seed: u32, x: u32, y: u32, octaves: u32) -> f32 {
    let mut sum = 0.0;
    let mut whole = 0.0;
    for octave in 0..octaves {
        let strength = 0.5_f32.powi(octave as i32);
        sum += strength * smooth(seed + octave, x, y, 512 >> octave);
        whole += strength;
    }
    sum / whole
}

/// Random heights on a grid of `cell` pixels with soft slopes between them.
fn smooth(seed: u32, x: u32, y: u32, cell: u32) -> f32 {
    let (column, row) = (x / cell, y / cell);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let across = ease((x % cell) as f32 / cell as f32);
    let down = ease((y % cell) as f32 / cell as f32);
    let along = |row| {
        let (a, b) = (unit(seed, column, row), unit(seed, column + 1, row));
        a + (b - a) * across
    };
    let (above, below) = (along(row), along(row + 1));
    above + (below - above) * down
}

/// A number from 0 to 1 that follows from its three arguments.
fn unit(seed: u32, x: u32, y: u32) -> f32 {
    let mut h = seed.wrapping_mul(0x85eb_ca6b) ^ x.wrapping_mul(0x9e37_79b1);
    h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d) ^ y.wrapping_mul(0xc2b2_ae35);
    h = (h ^ (h >> 13)).wrapping_mul(0x297a_2d39);
    (h ^ (h >> 16)) as f32 / u32::MAX as f32
}

fn shapes(picture: &mut Rgba, index: u32) {
    for n in 0..14 {
        let [x, y, size] = [0, 1, 2].map(|i| unit(index, 100 + n, i));
        let (x, y) = (x * WIDTH as f32, y * HEIGHT as f32);
        let size = 20.0 + size * 130.0;
        let colour = [3, 4, 5].map(|i| (255.0 * unit(index, 100 + n, i)) as u8);
        let inside = |px: f32, py: f32| {
            let (dx, dy) = (px - x, py - y);
            match n % 3 {
                0 => dx * dx + dy * dy < size * size,
                1 => dx.abs() < size && dy.abs() < size * 0.6,
                // A thin line: what shakes first under a bad zoom.
                _ => dx.abs() < 2.0 * size && (dy - dx * 0.4).abs() < 2.0,
            }
        };
        let reach = (2.0 * size) as u32;
        for py in (y as u32).saturating_sub(reach)..(y as u32 + reach).min(HEIGHT) {
            for px in (x as u32).saturating_sub(reach)..(x as u32 + reach).min(WIDTH) {
                if inside(px as f32, py as f32) {
                    let at = ((py * WIDTH + px) * 4) as usize;
                    picture.bytes[at..at + 3].copy_from_slice(&colour);
                }
            }
        }
    }
}

fn title(picture: &mut Rgba, index: u32) {
    let mut setter = Typesetter::new();
    let white = studio::text::Color(255, 255, 255);
    let style = Style::new(studio::text::TEXT, 700, 110.0, white);
    let words = format!("Picture {} of the benchmark", index + 1);
    let block = setter.lay_out(&words, &style, None);
    let painted = setter.paint(&block);
    let (left, top) = (260, 330);
    let ink = &painted.pixels;
    for (at, texel) in ink.bytes.chunks_exact(4).enumerate() {
        let (x, y) = (left + at as u32 % ink.width, top + at as u32 / ink.width);
        if x < WIDTH && y < HEIGHT {
            let under = &mut picture.bytes[((y * WIDTH + x) * 4) as usize..][..3];
            for (under, over) in under.iter_mut().zip(texel) {
                let rest = u32::from(*under) * (255 - u32::from(texel[3])) / 255;
                *under = (rest + u32::from(*over)).min(255) as u8;
            }
        }
    }
}
