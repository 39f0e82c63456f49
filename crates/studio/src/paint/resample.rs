//! Bilinear sampling of a plane through a window: sub-pixel pan and zoom.
//!
//! An output pixel blends four picture pixels, at places that are unevenly far apart. But 16
//! output pixels in a row never reach over more than 32 picture pixels, so each run of 16 is a
//! few loads, shuffles and blends. The shuffles and the weights across are the same for all
//! rows and made once.
//!
//! The four are blended in 16 bits and rounded once: rounding after each direction would make a
//! slow zoom tremble, measurably.

use super::simd::{Kernel, Lanes, NOWHERE};
use super::window::{ONE, Window};

/// Output pixels in a run.
pub(super) const RUN: usize = 16;
/// Picture pixels that a run loads: two times 16 and the neighbour of the last.
const LOADED: usize = 2 * RUN + 1;
/// The largest step: 16 output pixels must stay within what is loaded.
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
#[derive(Clone, Copy)]
struct Place {
    /// The first of them.
    at: usize,
    /// How far it is towards the next one, in 256ths.
    part: u8,
}

/// The places of 16 output pixels in a row.
struct Run {
    /// The first picture pixel of all.
    at: usize,
    /// For each output pixel the distance from `at`, if below 16.
    near: [u8; RUN],
    /// The same less 16, if not.
    far: [u8; RUN],
    /// How far it is towards the next picture pixel, in 256ths.
    parts: [u8; RUN],
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
        let runs: Vec<_> = columns
            .clone()
            .step_by(RUN)
            .map(|x| Run::new(window, x, width))
            .collect();
        let Some(first) = runs.first() else { return };
        let straight = runs.iter().all(Run::is_straight) && first.at + columns.len() <= width;
        let far = window.step[0] > ONE;
        // The last runs may load beyond the row's end; they get a copy that goes on.
        let inside = runs.partition_point(|run| run.at + LOADED <= width);
        let (inner, outer) = runs.split_at(inside);
        let outer_at = outer.first().map_or(width, |run| run.at);
        let mut ends = [
            vec![0; width - outer_at + LOADED],
            vec![0; width - outer_at + LOADED],
        ];
        for y in target.rows {
            let out = &mut target.pixels[y * target.width..][columns.clone()];
            let place = Place::new(window.origin[1], window.step[1], y, height);
            let row = |y: usize| &source.pixels[y * width..][..width];
            let rows = [row(place.at), row((place.at + 1).min(height - 1))];
            if straight && place.part == 0 {
                out.copy_from_slice(&rows[0][first.at..][..out.len()]);
                continue;
            }
            for (end, row) in ends.iter_mut().zip(rows) {
                let (own, beyond) = end.split_at_mut(width - outer_at);
                own.copy_from_slice(&row[outer_at..]);
                beyond.fill(row[width - 1]);
            }
            let ends = [&ends[0][..], &ends[1][..]];
            let split = (inside * RUN).min(out.len());
            let (inner_out, outer_out) = out.split_at_mut(split);
            if far {
                blend::<L, true>(lanes, (rows, 0), place.part, inner, inner_out);
                blend::<L, true>(lanes, (ends, outer_at), place.part, outer, outer_out);
            } else {
                blend::<L, false>(lanes, (rows, 0), place.part, inner, inner_out);
                blend::<L, false>(lanes, (ends, outer_at), place.part, outer, outer_out);
            }
        }
    }
}

/// Blends two rows, which begin at picture column `at`, `part` 256ths towards the lower one.
#[inline(always)]
fn blend<L: Lanes, const FAR: bool>(
    lanes: L,
    (rows, at): ([&[u8]; 2], usize),
    part: u8,
    runs: &[Run],
    out: &mut [u8],
) {
    let (whole, rest) = out.as_chunks_mut::<RUN>();
    for (out, run) in whole.iter_mut().zip(runs) {
        *out = blend_run::<L, FAR>(lanes, rows.map(|row| &row[run.at - at..]), part, run);
    }
    if let (false, Some(run)) = (rest.is_empty(), runs.last()) {
        let pixels = blend_run::<L, FAR>(lanes, rows.map(|row| &row[run.at - at..]), part, run);
        rest.copy_from_slice(&pixels[..rest.len()]);
    }
}

/// One run; `FAR` if it may reach over more than 16 picture pixels.
#[inline(always)]
fn blend_run<L: Lanes, const FAR: bool>(
    lanes: L,
    rows: [&[u8]; 2],
    part: u8,
    run: &Run,
) -> [u8; RUN] {
    let above = blend_row::<L, FAR>(lanes, rows[0], run);
    let below = blend_row::<L, FAR>(lanes, rows[1], run);
    let part = u32::from(part) << 8;
    let mut pixels = [0; RUN];
    for i in 0..RUN {
        // Only upper halves of products, as registers give them. What is lost is 1 on average
        // and 2 at most, in 256ths of a step: 129 instead of 128 rounds to the nearest.
        let above = (u32::from(above[i]) * (65_535 - part)) >> 16;
        let below = (u32::from(below[i]) * part) >> 16;
        pixels[i] = ((above as u16 + below as u16 + 129) >> 8) as u8;
    }
    pixels
}

/// The pixels of a run in one row, in 256ths.
#[inline(always)]
fn blend_row<L: Lanes, const FAR: bool>(lanes: L, row: &[u8], run: &Run) -> [u16; RUN] {
    let row = &row[..LOADED];
    let mut here = lanes.pick(load(row, 0), run.near);
    let mut next = lanes.pick(load(row, 1), run.near);
    if FAR {
        let far = [0, 1].map(|by| lanes.pick(load(row, RUN + by), run.far));
        for i in 0..RUN {
            here[i] |= far[0][i];
            next[i] |= far[1][i];
        }
    }
    let mut blended = [0; RUN];
    for i in 0..RUN {
        let (here, next) = (u16::from(here[i]), u16::from(next[i]));
        // Wraps on the way, but the result always fits.
        let way = next
            .wrapping_sub(here)
            .wrapping_mul(u16::from(run.parts[i]));
        blended[i] = (here << 8).wrapping_add(way);
    }
    blended
}

#[inline(always)]
fn load(row: &[u8], at: usize) -> [u8; RUN] {
    let mut loaded = [0; RUN];
    loaded.copy_from_slice(&row[at..at + RUN]);
    loaded
}

impl Place {
    #[inline(always)]
    fn new(origin: i64, step: i64, index: usize, length: usize) -> Self {
        let position = (origin + step * index as i64).clamp(0, (length as i64 - 1) * ONE);
        let rounded = position + (1 << 23);
        Self {
            at: (rounded >> 32) as usize,
            part: (rounded >> 24) as u8,
        }
    }
}

impl Run {
    #[inline(always)]
    fn new(window: Window, x: usize, width: usize) -> Self {
        let place = |i: usize| Place::new(window.origin[0], window.step[0], x + i, width);
        let at = place(0).at;
        let mut run = Self {
            at,
            near: [NOWHERE; RUN],
            far: [NOWHERE; RUN],
            parts: [0; RUN],
        };
        for i in 0..RUN {
            let place = place(i);
            let away = place.at - at;
            if away < 16 {
                run.near[i] = away as u8;
            } else {
                run.far[i] = (away - 16) as u8;
            }
            run.parts[i] = place.part;
        }
        run
    }

    /// Tells whether its pixels stand one for one in the picture.
    #[inline(always)]
    fn is_straight(&self) -> bool {
        let mut next = 0..;
        self.parts == [0; RUN] && self.near.iter().all(|&near| Some(near) == next.next())
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
            kernel.run(Plain)
        } else {
            simd::run(kernel)
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
                // Half a step of rounding, and places rounded to 1/256 pixel.
                prop_assert!((f64::from(pixel) - exact).abs() <= 1.6, "{} for {}", pixel, exact);
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
