//! Blending a sprite into a frame, within a rectangle.
//!
//! A sprite at rest goes the short way: its rows are blended as they are. One in motion or
//! changing is first drawn, row by row, as it is to be seen: shifted by parts of a pixel,
//! uncovered in part, thinned, mixed with its other paint.

use std::ops::Range;

use super::element::{Element, FULL, Look, SUBPIXELS};
use super::simd::{Kernel, Lanes, lerp};
use super::sprite::{Plane, Sprite};
use crate::{Rect, Yuv420};

/// Blends `element` into the part of `out` within `clip`, whose edges are even.
pub(super) fn blend(element: &Element, look: &Look, clip: Rect, out: &mut Yuv420) {
    let clip = element.touched(look).intersect(clip);
    if clip.is_empty() {
        return;
    }
    let width = out.width() as usize;
    let area = element.sprite.area;
    let whole = [
        0,
        0,
        area.width as i32 * SUBPIXELS,
        area.height as i32 * SUBPIXELS,
    ];
    let resting = look.shift.iter().all(|shift| shift % (2 * SUBPIXELS) == 0)
        && look.opacity == FULL
        && look.uncovered == whole
        && (look.glow == 0 || look.glow == FULL);
    let [still, glowing] = paints(element, look);
    for (component, pixels) in out.planes_mut().into_iter().enumerate() {
        let half = i32::from(component > 0);
        let place = Place {
            at: [area.x >> half, area.y >> half],
            shift: look.shift.map(|shift| shift >> half),
            columns: (clip.x >> half) as usize..(clip.right() >> half) as usize,
            rows: (clip.y >> half) as usize..(clip.bottom() >> half) as usize,
            width: width >> half,
        };
        if resting {
            super::simd::run(Rest {
                plane: &still.planes[component],
                place,
                pixels,
            });
        } else {
            let planes = [still, glowing].map(|sprite| &sprite.planes[component]);
            let uncovered = look.uncovered.map(|edge| edge >> half);
            let (opacity, glow) = (u32::from(look.opacity), u32::from(look.glow));
            super::simd::run(Change {
                planes,
                place,
                pixels,
                uncovered,
                opacity,
                glow,
            });
        }
    }
}

/// The sprite as it is without its glow and with it; the same twice where one alone is seen.
fn paints<'a>(element: &'a Element, look: &Look) -> [&'a Sprite; 2] {
    let still = &*element.sprite;
    match &element.glowing {
        Some((glowing, _)) if look.glow == FULL => [&**glowing, &**glowing],
        Some((glowing, _)) if look.glow > 0 => [still, &**glowing],
        _ => [still, still],
    }
}

/// Where a plane of a sprite goes, in pixels of that plane.
struct Place {
    /// Where its top left corner rests.
    at: [i32; 2],
    /// How far from there it is, in 256ths of a pixel.
    shift: [i32; 2],
    /// The columns to paint.
    columns: Range<usize>,
    /// The rows to paint.
    rows: Range<usize>,
    /// Pixels across the frame's plane.
    width: usize,
}

/// Blends a sprite that is shifted by whole pixels at most.
struct Rest<'a> {
    plane: &'a Plane,
    place: Place,
    pixels: &'a mut [u8],
}

impl Kernel for Rest<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let Self {
            plane,
            place,
            pixels,
        } = self;
        let [left, top] = [0, 1].map(|i| place.at[i] + place.shift[i] / SUBPIXELS);
        for y in place.rows {
            let Some(inked) = plane.inked.get((y as i32 - top) as usize) else {
                continue;
            };
            // Columns of the frame on which there is ink.
            let from = (inked.start as i32 + left).max(place.columns.start as i32);
            let to = (inked.end as i32 + left).min(place.columns.end as i32);
            if from >= to {
                continue;
            }
            let out = &mut pixels[y * place.width..][from as usize..to as usize];
            let at = (y as i32 - top) as usize * plane.width + (from - left) as usize;
            let (colour, alpha) = (&plane.colour[at..], &plane.alpha[at..]);
            for ((out, &colour), &alpha) in out.iter_mut().zip(colour).zip(alpha) {
                *out = lerp(*out, colour, weight(alpha));
            }
        }
    }
}

/// Alpha 0 to 255 as a part of 256.
#[inline(always)]
fn weight(alpha: u8) -> u16 {
    u16::from(alpha) + u16::from(alpha >> 7)
}

/// Blends a sprite that moves or changes.
struct Change<'a> {
    /// Without glow, with glow.
    planes: [&'a Plane; 2],
    place: Place,
    pixels: &'a mut [u8],
    /// Left, top, right, bottom of what is uncovered, in 256ths of a pixel of the plane.
    uncovered: [i32; 4],
    opacity: u32,
    glow: u32,
}

/// A row of paint as it is to be seen. Linear in the paint, so rows can be mixed.
struct Line {
    /// Opacity times 128: 0 to 32,768.
    weight: Vec<u32>,
    /// Colour times opacity in 256ths: 0 to 65,280.
    paint: Vec<u32>,
}

impl Line {
    fn new(length: usize) -> Self {
        Self {
            weight: vec![0; length],
            paint: vec![0; length],
        }
    }
}

impl Kernel for Change<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let Self {
            planes,
            place,
            pixels,
            uncovered,
            opacity,
            glow,
        } = self;
        // The pixel of the sprite, and the part of the way to the next one, that come to stand
        // on the first output pixel.
        let (column, across) = split(place.columns.start as i32 - place.at[0], place.shift[0]);
        let (row, down) = split(place.rows.start as i32 - place.at[1], place.shift[1]);
        let [left, top, right, bottom] = uncovered;
        let bare_columns: Vec<u32> = (0..planes[0].width as i32)
            .map(|x| bare(x, left, right))
            .collect();
        // One more to the right, for the blend between neighbours.
        let length = place.columns.len() + 1;
        let (mut line, mut next) = (Line::new(length), Line::new(length));
        let thin = |row: i32| (opacity * bare(row, top, bottom)) >> 8;
        draw_row(
            planes,
            [column, row],
            glow,
            (thin(row), &bare_columns),
            &mut line,
        );
        for (i, y) in place.rows.enumerate() {
            let row = row + i as i32 + 1;
            draw_row(
                planes,
                [column, row],
                glow,
                (thin(row), &bare_columns),
                &mut next,
            );
            let out = &mut pixels[y * place.width..][place.columns.clone()];
            blend_line(out, [&line, &next], [across, down]);
            std::mem::swap(&mut line, &mut next);
        }
    }
}

/// The pixel of a sprite and the 256ths towards the next one that come to stand on output pixel
/// `at`, when the sprite is shifted by `shift` 256ths.
#[inline(always)]
fn split(at: i32, shift: i32) -> (i32, u32) {
    let position = at * SUBPIXELS - shift;
    (
        position.div_euclid(SUBPIXELS),
        position.rem_euclid(SUBPIXELS) as u32,
    )
}

/// How much of pixel `at` lies between `from` and `to`, in 256ths.
#[inline(always)]
fn bare(at: i32, from: i32, to: i32) -> u32 {
    let at = at * SUBPIXELS;
    ((at + SUBPIXELS).min(to) - at.max(from)).clamp(0, SUBPIXELS) as u32
}

/// Draws the sprite's row `y` from `column` on into `line`: mixed by `glow`, thinned by the
/// row's `thin` and each column's `bare`. What lies outside the sprite is transparent.
#[inline(always)]
fn draw_row(
    [still, glowing]: [&Plane; 2],
    [column, y]: [i32; 2],
    glow: u32,
    (thin, bare): (u32, &[u32]),
    line: &mut Line,
) {
    line.weight.fill(0);
    line.paint.fill(0);
    if y < 0 || y as usize >= still.inked.len() || thin == 0 {
        return;
    }
    let (skipped, from) = ((-column).max(0) as usize, column.max(0) as usize);
    let count = line
        .weight
        .len()
        .saturating_sub(skipped)
        .min(still.width.saturating_sub(from));
    if count == 0 {
        return;
    }
    let texels = y as usize * still.width + from..y as usize * still.width + from + count;
    let (c0, a0) = (&still.colour[texels.clone()], &still.alpha[texels.clone()]);
    let (c1, a1) = (&glowing.colour[texels.clone()], &glowing.alpha[texels]);
    let bare = &bare[from..][..count];
    let weights = &mut line.weight[skipped..][..count];
    let paints = &mut line.paint[skipped..][..count];
    for i in 0..count {
        let w0 = u32::from(weight(a0[i])) * (256 - glow);
        let w1 = u32::from(weight(a1[i])) * glow;
        let thin = (thin * bare[i]) >> 8;
        weights[i] = ((w0 + w1) * thin) >> 9;
        // 255 * 2^16 * 2^8 just fits.
        paints[i] = ((u32::from(c0[i]) * w0 + u32::from(c1[i]) * w1) * thin) >> 16;
    }
}

/// Blends two rows of paint, `parts` 256ths apart across and down, into `out`.
///
/// All roundings of the paint are downwards, so that paint and weight together never exceed
/// white.
#[inline(always)]
fn blend_line(out: &mut [u8], [line, next]: [&Line; 2], [across, down]: [u32; 2]) {
    let between = |a: u32, b: u32, part: u32| (a * (256 - part) + b * part) >> 8;
    let count = out.len();
    let (w0, w1) = (&line.weight[..=count], &next.weight[..=count]);
    let (p0, p1) = (&line.paint[..=count], &next.paint[..=count]);
    for i in 0..count {
        let weight = between(
            between(w0[i], w1[i], down),
            between(w0[i + 1], w1[i + 1], down),
            across,
        );
        let paint = between(
            between(p0[i], p1[i], down),
            between(p0[i + 1], p1[i + 1], down),
            across,
        );
        out[i] = ((u32::from(out[i]) * (32_768 - weight) + paint * 128 + 16_384) >> 15) as u8;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Motion, MotionKind, Rgba};

    const AT_ONCE: Motion = Motion {
        kind: MotionKind::Fade,
        at: 0,
        frames: 0,
    };
    const ALL: Rect = Rect {
        x: 0,
        y: 0,
        width: 64,
        height: 32,
    };

    /// A soft white and red blob on odd pixels.
    fn blob() -> Element {
        let mut paint = Rgba::clear(21, 13);
        for (i, texel) in paint.bytes.chunks_mut(4).enumerate() {
            let alpha = (i * 37 % 256) as u8;
            texel.copy_from_slice(&[alpha, alpha / 2, alpha / 3, alpha]);
        }
        Element::new(Arc::new(Sprite::new(&paint, 7, 5)), AT_ONCE, None)
    }

    fn grey() -> Yuv420 {
        let mut out = Yuv420::black(64, 32);
        for (i, byte) in out.bytes_mut().iter_mut().enumerate() {
            *byte = 90 + (i % 50) as u8;
        }
        out
    }

    /// Blends the long way, whatever the look.
    fn blend_as_change(element: &Element, look: &Look, out: &mut Yuv420) {
        let area = element.sprite.area;
        for (component, pixels) in out.planes_mut().into_iter().enumerate() {
            let half = usize::from(component > 0);
            let place = Place {
                at: [area.x >> half, area.y >> half],
                shift: look.shift.map(|shift| shift >> half),
                columns: 0..64 >> half,
                rows: 0..32 >> half,
                width: 64 >> half,
            };
            let planes = [&element.sprite.planes[component]; 2];
            let uncovered = look.uncovered.map(|edge| edge >> half);
            let opacity = u32::from(look.opacity);
            super::super::simd::run(Change {
                planes,
                place,
                pixels,
                uncovered,
                opacity,
                glow: 77,
            });
        }
    }

    #[test]
    fn the_short_way_and_the_long_way_agree_at_rest() {
        let element = blob();
        let look = element.look(0).unwrap();
        let (mut short, mut long) = (grey(), grey());
        blend(&element, &look, ALL, &mut short);
        blend_as_change(&element, &look, &mut long);
        assert_ne!(short, grey());
        assert_eq!(short, long);
    }

    #[test]
    fn parts_blended_in_turn_make_the_whole() {
        let element = blob();
        let rest = element.look(0).unwrap();
        let moved = Look {
            shift: [-777, 333],
            opacity: 190,
            ..rest
        };
        for look in [rest, moved] {
            let (mut whole, mut parts) = (grey(), grey());
            blend(&element, &look, ALL, &mut whole);
            for (x, y) in [(0, 0), (12, 0), (0, 10), (12, 10)] {
                let width = if x == 0 { 12 } else { 52 };
                let height = if y == 0 { 10 } else { 22 };
                blend(
                    &element,
                    &look,
                    Rect {
                        x,
                        y,
                        width,
                        height,
                    },
                    &mut parts,
                );
            }
            assert_eq!(whole, parts);
        }
    }

    #[test]
    fn a_shift_of_whole_pixels_moves_the_pixels_as_they_are() {
        let element = blob();
        let rest = element.look(0).unwrap();
        let black = Yuv420::black(64, 32);
        let (mut here, mut there) = (black.clone(), black);
        blend(&element, &rest, ALL, &mut here);
        blend(
            &element,
            &Look {
                shift: [4 * SUBPIXELS, 2 * SUBPIXELS],
                ..rest
            },
            ALL,
            &mut there,
        );
        let ([here, ..], [there, ..]) = (here.planes(), there.planes());
        for y in 0..28 {
            assert_eq!(here[y * 64..][..60], there[(y + 2) * 64 + 4..][..60]);
        }
    }

    #[test]
    fn opaque_white_stays_white_through_every_motion() {
        let paint = Rgba {
            width: 40,
            height: 20,
            bytes: vec![255; 40 * 20 * 4],
        };
        let element = Element::new(Arc::new(Sprite::new(&paint, 10, 6)), AT_ONCE, None);
        let rest = element.look(0).unwrap();
        for shift in (0..512).step_by(37) {
            for opacity in [1, 100, 255, 256] {
                let mut out = Yuv420::black(64, 32);
                out.planes_mut()[0].fill(235);
                blend(
                    &element,
                    &Look {
                        shift: [shift, -shift],
                        opacity,
                        ..rest
                    },
                    ALL,
                    &mut out,
                );
                assert!(out.planes()[0].iter().all(|&y| (234..=235).contains(&y)));
                assert!(out.planes()[1].iter().all(|&cb| cb == 128));
            }
        }
    }
}
