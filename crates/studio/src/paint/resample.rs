//! Bilinear sampling of a plane through a window: sub-pixel pan and zoom.
//!
//! An output pixel blends four picture pixels, at places that are unevenly far apart. But 8
//! output pixels in a row never reach over more than 16 picture pixels, so a run of 16 is two
//! loads a row, a shuffle and a few multiplications. Shuffles and weights across are the same
//! for all rows and made once.
//!
//! The four are blended in 16 bits and rounded once: rounding after each direction would make a
//! slow zoom tremble, measurably.

use super::simd::{Kernel, Lanes, Pairs};
use super::window::{ONE, Window};

/// Output pixels in a run.
pub(super) const RUN: usize = 16;
/// Half of one: output pixels that are picked from one load.
const HALF: usize = RUN / 2;
/// Picture pixels in a load; no picture is narrower.
pub(super) const LOADED: usize = 16;
/// The largest step: 8 output pixels and the neighbour of the last must stay within a load.
pub(super) const STEP_MAX: i64 = 2 * ONE;

/// A plane of a picture.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// Rows from the top.
    pub(super) pixels: &'a [u8],
    /// Pixels across and down.
    pub(super) size: [usize; 2],
}

/// A rectangle of a plane that is painted.
pub(super) struct Target<'a> {
    /// Rows of the whole plane.
    pub(super) pixels: &'a mut [u8],
    /// Pixels across the whole plane.
    pub(super) width: usize,
    /// The columns to paint; begins at a multiple of [`RUN`], and ends at one or at the edge.
    pub(super) columns: std::ops::Range<usize>,
    /// The rows to paint.
    pub(super) rows: std::ops::Range<usize>,
}

/// Paints `target` with what is seen of `source` through `window`.
pub(super) struct Resample<'a> {
    /// The picture.
    pub(super) source: Source<'a>,
    /// Where to look.
    pub(super) window: Window,
    /// Where to paint.
    pub(super) target: Target<'a>,
}

/// A place between two picture pixels.
#[derive(Clone, Copy, PartialEq)]
struct Place {
    /// The first of them.
    at: usize,
    /// How far it is towards the next one: in 128ths across, in 256ths down.
    part: u8,
}

/// The places of 16 output pixels in a row.
struct Run {
    /// The first picture pixel that is loaded for each half.
    at: [usize; 2],
    /// The pairs of picture pixels to blend, as counted from there.
    pairs: Pairs,
}

impl Kernel for Resample<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self {
            source,
            window,
            target,
        } = self;
        let [width, height] = source.size;
        let columns = target.columns.clone();
        let across = |x: usize| Place::new::<7>(window.origin[0], window.step[0], x, width);
        let runs: Vec<_> = columns
            .clone()
            .step_by(RUN)
            .map(|x| Run::new(across, x, width))
            .collect();
        // Where pixels stand one for one in the picture: the first of them.
        let straight = columns
            .clone()
            .all(|x| {
                across(x)
                    == Place {
                        at: across(columns.start).at + x - columns.start,
                        part: 0,
                    }
            })
            .then(|| across(columns.start).at);
        for y in target.rows {
            let out = &mut target.pixels[y * target.width..][columns.clone()];
            let place = Place::new::<8>(window.origin[1], window.step[1], y, height);
            let row = |y: usize| &source.pixels[y * width..][..width];
            let rows = [row(place.at), row((place.at + 1).min(height - 1))];
            if let (Some(at), 0) = (straight, place.part) {
                out.copy_from_slice(&rows[0][at..][..columns.len()]);
                continue;
            }
            let (whole, rest) = out.as_chunks_mut::<RUN>();
            for (out, run) in whole.iter_mut().zip(&runs) {
                *out = blend(lanes, rows, place.part, run);
            }
            if let (false, Some(run)) = (rest.is_empty(), runs.last()) {
                rest.copy_from_slice(&blend(lanes, rows, place.part, run)[..rest.len()]);
            }
        }
    }
}

/// The pixels of a run, `part` 256ths from the upper row towards the lower one.
#[inline(always)]
fn blend<L: Lanes>(lanes: L, rows: [&[u8]; 2], part: u8, run: &Run) -> [u8; RUN] {
    let weigh = |row: &[u8]| lanes.weigh([load(row, run.at[0]), load(row, run.at[1])], &run.pairs);
    let (above, below) = (weigh(rows[0]), weigh(rows[1]));
    let mut way = [0; RUN];
    for i in 0..RUN {
        way[i] = below[i] - above[i];
    }
    let way = lanes.part(way, i16::from(part) << 7);
    let mut pixels = [0; RUN];
    for i in 0..RUN {
        pixels[i] = ((above[i] + way[i] + 64) >> 7) as u8;
    }
    pixels
}

#[inline(always)]
fn load(row: &[u8], at: usize) -> [u8; LOADED] {
    let mut loaded = [0; LOADED];
    loaded.copy_from_slice(&row[at..at + LOADED]);
    loaded
}

impl Place {
    /// The place of output pixel `index`, to the nearest of 2 to the power of `BITS` steps
    /// between two of `length` picture pixels.
    #[inline(always)]
    fn new<const BITS: u32>(origin: i64, step: i64, index: usize, length: usize) -> Self {
        let position = (origin + step * index as i64).clamp(0, (length as i64 - 1) * ONE);
        let steps = (position + (1 << (31 - BITS))) >> (32 - BITS);
        Self {
            at: (steps >> BITS) as usize,
            part: (steps & ((1 << BITS) - 1)) as u8,
        }
    }
}

impl Run {
    /// The run of output pixels from `x` on, which stand at the places `across` of rows of
    /// `width` pixels.
    #[inline(always)]
    fn new(across: impl Fn(usize) -> Place, x: usize, width: usize) -> Self {
        let at = [0, HALF].map(|half| across(x + half).at.min(width - LOADED));
        let mut pairs = Pairs {
            index: [0; 2 * RUN],
            weight: [0; 2 * RUN],
        };
        for i in 0..RUN {
            let place = across(x + i);
            let first = (place.at - at[i / HALF]) as u8;
            // A weight of 128 would not fit; two of 64 on the same pixel do.
            let (second, weight) = match place.part as i8 {
                0 => (first, 64),
                part => (first + 1, part),
            };
            pairs.index[2 * i..][..2].copy_from_slice(&[first, second]);
            pairs.weight[2 * i..][..2].copy_from_slice(&[(128 - i16::from(weight)) as i8, weight]);
        }
        Self { at, pairs }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::simd::{self, Plain};
    use super::*;

    fn sample(source: Source, window: Window, size: [usize; 2], plain: bool) -> Vec<u8> {
        let mut pixels = vec![0; size[0] * size[1]];
        let target = Target {
            pixels: &mut pixels,
            width: size[0],
            columns: 0..size[0],
            rows: 0..size[1],
        };
        let kernel = Resample {
            source,
            window,
            target,
        };
        if plain {
            kernel.run(Plain);
        } else {
            simd::run(kernel);
        }
        pixels
    }

    /// The definition, in floating point.
    fn exact(source: Source, area: [f64; 4], size: [usize; 2], x: usize, y: usize) -> f64 {
        let axis = |at: f64, length: f64, pixels: usize, i: usize, count: usize| {
            let position = at + (i as f64 + 0.5) * length / pixels as f64 - 0.5;
            let position = position.clamp(0.0, count as f64 - 1.0);
            (
                position as usize,
                (position as usize + 1).min(count - 1),
                position.fract(),
            )
        };
        let (x0, x1, fx) = axis(area[0], area[2], size[0], x, source.size[0]);
        let (y0, y1, fy) = axis(area[1], area[3], size[1], y, source.size[1]);
        let pixel = |x, y: usize| f64::from(source.pixels[y * source.size[0] + x]);
        let along = |y| pixel(x0, y) * (1.0 - fx) + pixel(x1, y) * fx;
        along(y0) * (1.0 - fy) + along(y1) * fy
    }

    proptest! {
        #[test]
        fn sampling_is_bilinear_and_the_same_on_every_machine(
            seed in any::<u32>(),
            (width, height) in (90_usize..140, 40_usize..70),
            (zoom, along, down) in (0.3_f64..=1.0, 0.0_f64..=1.0, 0.0_f64..=1.0),
            (out_width, out_height) in (70_usize..200, 35_usize..100),
        ) {
            let noise = |i: u32| (i ^ seed).wrapping_mul(0x9E37_79B1).rotate_left(13) as u8;
            let pixels: Vec<u8> = (0..(width * height) as u32).map(noise).collect();
            let source = Source { pixels: &pixels, size: [width, height] };
            let (w, h) = (width as f64 * zoom, height as f64 * zoom);
            let area = [(width as f64 - w) * along, (height as f64 - h) * down, w, h];
            let size = [out_width, out_height];
            let window = Window::new(area, [out_width as u32, out_height as u32]);
            prop_assume!(window.step[0] <= STEP_MAX);
            let painted = sample(source, window, size, false);
            prop_assert_eq!(&painted, &sample(source, window, size, true));
            for (i, &pixel) in painted.iter().enumerate() {
                let exact = exact(source, area, size, i % out_width, i / out_width);
                // Half a step of rounding, and places rounded to 1/128 and 1/256 pixel.
                prop_assert!((f64::from(pixel) - exact).abs() <= 1.9, "{} for {}", pixel, exact);
            }
        }

        #[test]
        fn a_part_is_painted_as_in_the_whole(
            left in 0_usize..5, top in 0_usize..30, runs in 1_usize..4, rows in 1_usize..20,
        ) {
            let pixels: Vec<u8> = (0..150_u32 * 80).map(|i| i.wrapping_mul(97) as u8).collect();
            let source = Source { pixels: &pixels, size: [150, 80] };
            let window = Window::new([3.3, 4.7, 137.1, 70.2], [120, 60]);
            let whole = sample(source, window, [120, 60], false);
            let mut part = vec![0; 120 * 60];
            let columns = left * RUN..((left + runs) * RUN).min(120);
            let rows = top..top + rows;
            let target = Target { pixels: &mut part, width: 120, columns: columns.clone(), rows: rows.clone() };
            simd::run(Resample { source, window, target });
            for (i, (&part, &whole)) in part.iter().zip(&whole).enumerate() {
                let inside = columns.contains(&(i % 120)) && rows.contains(&(i / 120));
                prop_assert_eq!(part, if inside { whole } else { 0 });
            }
        }
    }

    #[test]
    fn a_whole_pixel_window_is_a_copy() {
        let pixels: Vec<u8> = (0..80_u32 * 40).map(|i| i.wrapping_mul(31) as u8).collect();
        let source = Source {
            pixels: &pixels,
            size: [80, 40],
        };
        let painted = sample(
            source,
            Window::new([7.0, 3.0, 70.0, 30.0], [70, 30]),
            [70, 30],
            false,
        );
        for (y, row) in painted.chunks(70).enumerate() {
            assert_eq!(row, &pixels[(y + 3) * 80 + 7..][..70]);
        }
    }
}
