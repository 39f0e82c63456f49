//! Whole frames: order, motion, and pictures that must not change unnoticed.

use std::sync::Arc;

use super::*;
use crate::{Edge, Layer, Motion, MotionKind, Rect, Rgba};

const CANVAS: Canvas = Canvas {
    width: 160,
    height: 90,
    fps: 30,
};

fn noise(i: usize) -> u8 {
    ((i as u32).wrapping_mul(0x9E37_79B1) >> 24) as u8
}

/// Soft coloured hills, so that averages over blocks say something.
fn hills(width: u32, height: u32) -> Arc<Yuv420> {
    let mut picture = Yuv420::black(width, height);
    for (component, plane) in picture.planes_mut().into_iter().enumerate() {
        let across = width as usize >> usize::from(component > 0);
        for (i, pixel) in plane.iter_mut().enumerate() {
            let (x, y) = (i % across, i / across);
            *pixel = (40 + (x * (2 + component) + y * 3) % 160 + usize::from(noise(i) >> 5)) as u8;
        }
    }
    Arc::new(picture)
}

fn still(from: [f64; 4], to: [f64; 4], layers: Vec<Layer>) -> PaintScene {
    let backdrop = Backdrop::Still {
        picture: hills(180, 104),
        from,
        to,
    };
    let shot = Shot {
        backdrop,
        layers,
        texts: Vec::new(),
        caption_area: Rect::default(),
    };
    PaintScene {
        shot,
        captions: None,
        frames: 60,
    }
}

fn zoom(layers: Vec<Layer>) -> PaintScene {
    still(
        [0.0, 0.0, 178.0, 100.125],
        [20.0, 10.0, 140.0, 78.75],
        layers,
    )
}

fn card(layers: Vec<Layer>) -> PaintScene {
    still([3.0, 4.0, 160.0, 90.0], [3.0, 4.0, 160.0, 90.0], layers)
}

fn paint(color: [u8; 4], width: u32, height: u32) -> Arc<Rgba> {
    let mut paint = Rgba::clear(width, height);
    for (i, texel) in paint.bytes.chunks_exact_mut(4).enumerate() {
        // Ragged, so that shifts by parts of a pixel show.
        if noise(i) > 60 {
            texel.copy_from_slice(&color);
        }
    }
    Arc::new(paint)
}

/// One layer of each motion, entering in turn and leaving at once.
fn layers() -> Vec<Layer> {
    let kinds = [
        MotionKind::Fade,
        MotionKind::Rise(11.0),
        MotionKind::Slide(-17.0),
        MotionKind::Reveal(Edge::Left),
        MotionKind::Reveal(Edge::Bottom),
    ];
    let layer = |(i, kind): (u32, MotionKind)| Layer {
        pixels: paint([200, 120, 40, 220], 41, 13),
        x: 5 + 31 * i as i32,
        y: -4 + 17 * i as i32,
        enter: Motion {
            kind,
            at: 5 + 6 * i,
            frames: 9,
        },
        exit: Some(Motion {
            kind,
            at: 45,
            frames: 6 + i,
        }),
    };
    (0..).zip(kinds).map(layer).collect()
}

fn captions() -> CaptionTrack {
    let word = |i: u32| DrawnWord {
        still: paint([255, 255, 255, 255], 20, 8),
        spoken: paint([255, 200, 0, 255], 20, 8),
        x: 40 + 23 * (i % 3) as i32,
        y: 75,
        from: 11 + 7 * i,
        to: 18 + 7 * i,
    };
    let group = |from: u32, to: u32, words: Range<u32>| DrawnCaption {
        from,
        to,
        plate: Some((paint([0, 0, 0, 160], 90, 14), 34, 72)),
        words: words.map(word).collect(),
        texts: Vec::new(),
    };
    CaptionTrack {
        groups: vec![group(11, 32, 0..3), group(32, 52, 3..6)],
    }
}

fn with_captions(scene: PaintScene) -> PaintScene {
    PaintScene {
        captions: Some(captions()),
        ..scene
    }
}

fn black() -> Yuv420 {
    Yuv420::black(CANVAS.width, CANVAS.height)
}

/// A frame painted on its own.
fn alone(make: &dyn Fn() -> Painter, frame: u32) -> Yuv420 {
    let mut out = black();
    make().paint(frame, None, &mut out);
    out
}

#[test]
fn frames_are_the_same_in_any_order_and_on_any_picture() {
    let scenes: [&dyn Fn() -> Painter; 3] = [
        &|| Painter::new(CANVAS, with_captions(card(layers())), None, Transition::Cut),
        &|| {
            Painter::new(
                CANVAS,
                with_captions(zoom(layers())),
                Some(card(layers())),
                Transition::Push,
            )
        },
        &|| {
            Painter::new(
                CANVAS,
                with_captions(card(layers())),
                Some(zoom(vec![])),
                Transition::Wipe,
            )
        },
    ];
    for make in scenes {
        let right: Vec<_> = (0..60).map(|frame| alone(make, frame)).collect();
        let mut painter = make();
        let mut out = black();
        for frame in 0..60 {
            painter.paint(frame, None, &mut out);
            assert!(out == right[frame as usize], "frame {frame} in order");
        }
        // There and back, now and then on another picture or one that somebody scribbled on.
        let mut other = black();
        for i in 0..240_u32 {
            let frame = i * 23 % 60;
            let out = if i % 5 == 0 { &mut other } else { &mut out };
            if i % 7 == 0 {
                out.bytes_mut()[1_000..9_000].fill(99);
            }
            painter.paint(frame, None, out);
            assert!(*out == right[frame as usize], "frame {frame} out of order");
        }
    }
}

#[test]
fn a_clip_is_shown_as_it_is_under_the_layers() {
    let shot = Shot {
        backdrop: Backdrop::Clip,
        layers: layers(),
        texts: Vec::new(),
        caption_area: Rect::default(),
    };
    let scene = PaintScene {
        shot,
        captions: None,
        frames: 60,
    };
    let mut painter = Painter::new(CANVAS, scene, None, Transition::Cut);
    let mut out = black();
    for frame in 0..5 {
        let mut clip = black();
        clip.planes_mut()[0].fill(100 + frame as u8);
        painter.paint(frame, Some(&clip), &mut out);
        assert!(out == clip);
    }
    assert!(painter.moving() && painter.still_stretches(2).is_empty());
}

#[test]
fn still_stretches_are_where_nothing_changes() {
    let painter = Painter::new(CANVAS, card(layers()), None, Transition::Cut);
    assert!(!painter.moving());
    // Layers enter from 5 to 38 and leave from 45 to 54.
    assert_eq!(painter.still_stretches(4), [0..5, 38..45, 55..60]);
    let painter = Painter::new(CANVAS, zoom(layers()), None, Transition::Cut);
    assert!(painter.moving() && painter.still_stretches(2).is_empty());
    for frame in 38..44 {
        let make = || Painter::new(CANVAS, card(layers()), None, Transition::Cut);
        assert!(alone(&make, frame) == alone(&make, frame + 1));
    }
}

/// The centre of the dot near `place`, in luma pixels.
fn centre(picture: &Yuv420, place: [f64; 2]) -> [f64; 2] {
    let [left, top] = place.map(|at| at.round() as usize - 25);
    let (mut sum, mut moments) = (0.0, [0.0, 0.0]);
    for (x, y) in (0..51 * 51).map(|i| (left + i % 51, top + i / 51)) {
        let luma = picture.planes()[0][y * picture.width() as usize + x];
        let weight = f64::from(luma - 16);
        sum += weight;
        moments = [
            moments[0] + weight * x as f64,
            moments[1] + weight * y as f64,
        ];
    }
    moments.map(|moment| moment / sum)
}

/// Where twenty dots stand, right of and below the middle of a picture of 1,024 by 576.
fn dots() -> Vec<[f64; 2]> {
    let dot = |i: u32| {
        [
            540.3 + 81.7 * f64::from(i % 5),
            250.6 + 70.3 * f64::from(i / 5),
        ]
    };
    (0..20).map(dot).collect()
}

/// Gaussian dots.
fn dotted() -> Arc<Yuv420> {
    let mut picture = Yuv420::black(1_024, 576);
    let luma = &mut picture.planes_mut()[0];
    for [middle_x, middle_y] in dots() {
        let (left, top) = (middle_x as usize - 30, middle_y as usize - 30);
        for (x, y) in (0..60 * 60).map(|i| (left + i % 60, top + i / 60)) {
            let (dx, dy) = (x as f64 - middle_x, y as f64 - middle_y);
            let bright = 219.0 * (-(dx * dx + dy * dy) / (2.0 * 25.0)).exp();
            luma[y * 1_024 + x] += bright.round() as u8;
        }
    }
    Arc::new(picture)
}

/// A dot's centre is known no better than to 0.006 px, as pixels are whole numbers: alone it
/// seems to accelerate by 0.013 px per frame per frame even if every pixel is the best there can
/// be. Twenty of them together tell how steadily the picture moves.
#[test]
fn a_slow_zoom_does_not_shake() {
    let canvas = Canvas {
        width: 960,
        height: 540,
        fps: 30,
    };
    let backdrop = Backdrop::Still {
        picture: dotted(),
        from: [0.0, 0.0, 1_024.0, 576.0],
        to: [66.8, 37.6, 890.4, 500.85],
    };
    let shot = Shot {
        backdrop,
        layers: vec![],
        texts: vec![],
        caption_area: Rect::default(),
    };
    let scene = PaintScene {
        shot,
        captions: None,
        frames: 155,
    };
    let mut painter = Painter::new(canvas, scene, None, Transition::Cut);
    let mut out = Yuv420::black(canvas.width, canvas.height);
    let mut places: Vec<_> = dots()
        .iter()
        .map(|dot| dot.map(|at| at * 960.0 / 1_024.0))
        .collect();
    let mut means = Vec::new();
    for frame in 0..155 {
        painter.paint(frame, None, &mut out);
        for place in &mut places {
            *place = centre(&out, *place);
        }
        means.push([0, 1].map(|axis| places.iter().map(|place| place[axis]).sum::<f64>() / 20.0));
    }
    for axis in 0..2 {
        let speeds: Vec<_> = means
            .windows(2)
            .map(|pair| pair[1][axis] - pair[0][axis])
            .collect();
        let shakes: Vec<_> = speeds
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .collect();
        let mean = shakes.iter().sum::<f64>() / shakes.len() as f64;
        // Moves in whole pixels, as ffmpeg's zoompan makes them, come out at 1.1.
        assert!(
            mean < 0.006,
            "mean acceleration {mean} px per frame per frame"
        );
        assert!(
            speeds.iter().all(|speed| *speed > -0.01),
            "the dots turned back"
        );
    }
}

/// The average of each of 8 × 3 blocks of luma and the average of each chroma plane, which say
/// what is where but not every pixel.
fn coarse(picture: &Yuv420) -> String {
    let [luma, cb, cr] = picture.planes();
    let mean = |sum: u32, count: u32| (sum + count / 2) / count;
    let rows = (0..3).map(|row| {
        let block = |column: usize| {
            let pixels =
                (0..30 * 20).map(|i| luma[(row * 30 + i / 20) * 160 + column * 20 + i % 20]);
            mean(pixels.map(u32::from).sum(), 600)
        };
        let blocks: Vec<_> = (0..8)
            .map(|column| format!("{:3}", block(column)))
            .collect();
        blocks.join(" ")
    });
    let whole = |plane: &[u8]| mean(plane.iter().map(|&c| u32::from(c)).sum(), 3_600);
    let rows: Vec<_> = rows.collect();
    format!("{}\ncb {} cr {}", rows.join("\n"), whole(cb), whole(cr))
}

/// Every pixel of a frame, as a hash (FNV-1a).
fn hash(picture: &Yuv420) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    picture.bytes().iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Goldens hold to the bit: the arithmetic is integer, so a difference is a change of the
/// pictures, wanted or not. The averages show where it is.
#[test]
fn goldens() {
    let alone = |scene| (scene, None, Transition::Cut);
    let after = |transition| (zoom(vec![]), Some(card(layers())), transition);
    let scenes = [
        ("motion", alone(zoom(vec![])), [0, 20, 59]),
        ("layers", alone(card(layers())), [7, 26, 48]),
        ("captions", alone(with_captions(card(vec![]))), [12, 20, 40]),
        ("push", after(Transition::Push), [4, 8, 12]),
        ("wipe", after(Transition::Wipe), [4, 8, 12]),
    ];
    let mut lines = Vec::new();
    for (name, (scene, before, transition), frames) in scenes {
        let mut painter = Painter::new(CANVAS, scene, before, transition);
        let mut out = black();
        for frame in frames {
            painter.paint(frame, None, &mut out);
            lines.push(format!(
                "{name} {frame}: {:016x}\n{}",
                hash(&out),
                coarse(&out)
            ));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}
