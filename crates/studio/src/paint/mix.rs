//! Transitions: two pictures made one.

use super::ease;
use super::simd::{self, Kernel, Lanes, lerp};
use crate::Yuv420;
use crate::timeline::Transition;

/// How much the old picture yields while the new one is pushed over it: a third of the way, so
/// that it seems to lie further off.
const YIELD: f64 = 1.0 / 3.0;
/// How much the old picture is dimmed in the end, in 256ths.
const DIM: f64 = 110.0;
/// Width of the shadow beside the new picture, as a part of the canvas's width.
const SHADOW: usize = 40;
/// Width of the soft edge of a wipe, as a part of the canvas's width.
const SOFT: usize = 10;

/// Paints frame `frame` of a transition that takes `frames`, from the first of `pictures` to the
/// second.
pub(super) fn mix(
    transition: Transition,
    frame: u32,
    frames: u32,
    pictures: [&Yuv420; 2],
    out: &mut Yuv420,
) {
    let done = f64::from(frame + 1) / f64::from(frames + 1);
    let (width, height) = (out.width() as usize, out.height() as usize);
    let [old, new] = pictures.map(Yuv420::planes);
    for (component, pixels) in out.planes_mut().into_iter().enumerate() {
        let half = usize::from(component > 0);
        let plane = Planes {
            old: old[component],
            new: new[component],
            out: pixels,
            width: width >> half,
        };
        match transition {
            Transition::Cut => plane.out.copy_from_slice(plane.new),
            Transition::Crossfade => {
                let part = (ease::sweep(done) * 256.0).round() as u16;
                simd::run(Fade { plane, part });
            }
            Transition::Push => {
                let gone = ease::sweep(done);
                // Whole chroma pixels: at this speed nobody sees finer steps.
                let edge = (((1.0 - gone) * width as f64 / 2.0) as usize) << 1;
                let yielded = ((gone * YIELD * width as f64 / 2.0) as usize) << 1;
                let dim = (DIM * gone).round() as u16;
                let black = if component == 0 { 16 } else { 128 };
                let push = Push {
                    plane,
                    edge: edge >> half,
                    yielded: yielded >> half,
                    dim,
                    black,
                };
                push.run();
            }
            Transition::Wipe => {
                let soft = (width / SOFT) >> half;
                // The slant: half as far across as the picture is high.
                let slant = (height / 2) >> half;
                let way = (width >> half) + soft + slant;
                let at = (ease::sweep(done) * way as f64).round() as usize;
                simd::run(Wipe {
                    plane,
                    at,
                    soft,
                    slant,
                });
            }
        }
    }
}

/// One component of the two pictures and of the one to paint.
struct Planes<'a> {
    old: &'a [u8],
    new: &'a [u8],
    out: &'a mut [u8],
    width: usize,
}

impl<'a> Planes<'a> {
    /// Their rows: out, old, new.
    fn rows(self) -> impl Iterator<Item = (&'a mut [u8], &'a [u8], &'a [u8])> {
        let (old, new) = (
            self.old.chunks_exact(self.width),
            self.new.chunks_exact(self.width),
        );
        self.out
            .chunks_exact_mut(self.width)
            .zip(old)
            .zip(new)
            .map(|((out, old), new)| (out, old, new))
    }
}

struct Fade<'a> {
    plane: Planes<'a>,
    part: u16,
}

impl Kernel for Fade<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let Planes { old, new, out, .. } = self.plane;
        for ((out, &old), &new) in out.iter_mut().zip(old).zip(new) {
            *out = lerp(old, new, self.part);
        }
    }
}

struct Push<'a> {
    plane: Planes<'a>,
    /// The column at which the new picture begins.
    edge: usize,
    /// How far to the left the old one has gone.
    yielded: usize,
    /// How much it is dimmed, in 256ths.
    dim: u16,
    black: u8,
}

impl Push<'_> {
    fn run(self) {
        let Self {
            plane,
            edge,
            yielded,
            dim,
            black,
        } = self;
        let shadow = (plane.width / SHADOW).min(edge);
        // The old picture grows darker towards the edge of the new one, as in its shadow.
        let dims: Vec<u16> = (0..edge)
            .map(|x| {
                let near = (x + shadow).saturating_sub(edge) as u16;
                dim + (256 - dim) / 2 * near / shadow.max(1) as u16
            })
            .collect();
        for (out, old, new) in plane.rows() {
            let (left, right) = out.split_at_mut(edge);
            right.copy_from_slice(&new[..right.len()]);
            // Where the old picture has been drawn away, its last column goes on: covered
            // anyhow, as it yields less than the new one takes.
            for ((out, &old), &dim) in left.iter_mut().zip(&old[yielded..]).zip(&dims) {
                *out = lerp(old, black, dim);
            }
        }
    }
}

struct Wipe<'a> {
    plane: Planes<'a>,
    /// How far the edge has run on the bottom row.
    at: usize,
    soft: usize,
    slant: usize,
}

impl Kernel for Wipe<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let Self {
            plane,
            at,
            soft,
            slant,
        } = self;
        let (width, height) = (plane.width, plane.out.len() / plane.width);
        // From fully new to fully old across the soft edge, eased, so that neither side of it
        // shows as a line.
        let edge: Vec<u16> = (0..soft)
            .map(|i| 256 - (ease::sweep((i as f64 + 0.5) / soft as f64) * 256.0).round() as u16)
            .collect();
        for (y, (out, old, new)) in plane.rows().enumerate() {
            // The edge's right end on this row; the top runs ahead by the slant.
            let end = (at + slant * (height - 1 - y) / height).saturating_sub(slant);
            let begin = end.saturating_sub(soft).min(width);
            let skipped = soft.saturating_sub(end);
            let end = end.min(width);
            out[..begin].copy_from_slice(&new[..begin]);
            out[end..].copy_from_slice(&old[end..]);
            let seam = begin..end;
            let (out, old, new) = (&mut out[seam.clone()], &old[seam.clone()], &new[seam]);
            for (((out, &old), &new), &part) in
                out.iter_mut().zip(old).zip(new).zip(&edge[skipped..])
            {
                *out = lerp(old, new, part);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(luma: u8) -> Yuv420 {
        let mut picture = Yuv420::black(240, 120);
        picture.planes_mut()[0].fill(luma);
        picture
    }

    #[test]
    fn every_transition_leads_from_the_old_picture_to_the_new_one() {
        let (old, new) = (filled(50), filled(200));
        for transition in [Transition::Crossfade, Transition::Push, Transition::Wipe] {
            let mean = |frame: u32| {
                let mut out = filled(0);
                mix(transition, frame, 15, [&old, &new], &mut out);
                let luma = out.planes()[0];
                luma.iter().map(|&y| f64::from(y)).sum::<f64>() / luma.len() as f64
            };
            let means: Vec<_> = (0..15).map(mean).collect();
            assert!(
                (means[0] - 50.0).abs() < 4.0,
                "{transition:?} jumps in: {means:?}"
            );
            assert!(
                (means[14] - 200.0).abs() < 4.0,
                "{transition:?} jumps out: {means:?}"
            );
            assert!(
                means.windows(2).skip(6).all(|pair| pair[0] <= pair[1]),
                "{means:?}"
            );
        }
    }

    #[test]
    fn a_wipe_keeps_to_both_pictures_beside_its_edge() {
        let (old, new) = (filled(50), filled(200));
        let mut out = filled(0);
        mix(Transition::Wipe, 7, 15, [&old, &new], &mut out);
        for row in out.planes()[0].chunks(240) {
            assert_eq!((row[0], row[239]), (200, 50));
            assert!(row.windows(2).all(|pair| pair[0] >= pair[1]));
        }
    }
}
