//! Each theme's cards as coarse grids of light: a change of look shows up in review.
//!
//! Tolerance: a cell is the mean luma of 30 × 30 pixels in sixteen steps, and one step up or
//! down is no change. Single pixels and shades of colour don't matter, while a block of text
//! that moved by a line does.

use std::fmt::Write as _;

use super::*;
use crate::Yuv420;
use crate::paint::{PaintScene, Painter};
use crate::script::{ChartShape, Side};
use crate::timeline::Transition;

const CANVAS: Canvas = Canvas {
    width: 960,
    height: 540,
    fps: 30,
};

const FRAMES: u32 = 240;

fn cards() -> Vec<(&'static str, Visual)> {
    let some = |text: &str| Some(text.to_owned());
    let side = |label: &str, value: &str| Side {
        label: label.to_owned(),
        value: value.to_owned(),
        note: some("a note"),
    };
    let chart = |shape| {
        Visual::Chart(Chart {
            shape,
            caption: some("Depth (m)"),
            points: [3.0, 8.0, 5.0, 1.0]
                .iter()
                .map(|v| (format!("No {v}"), *v))
                .collect(),
            source: some("a survey"),
        })
    };
    let points = ["Pressure", "Darkness, from one kilometre on", "Cold"];
    vec![
        (
            "title",
            Visual::Title {
                subtitle: some("Eleven kilometres down"),
            },
        ),
        (
            "heading",
            Visual::Heading {
                text: some("Two plates meet, and one of them sinks."),
            },
        ),
        (
            "bullets",
            Visual::Bullets {
                points: points.map(str::to_owned).to_vec(),
            },
        ),
        (
            "quote",
            Visual::Quote {
                text: "A waste of ooze".to_owned(),
                by: some("J. Piccard"),
            },
        ),
        (
            "number",
            Visual::Number {
                value: "71 %".to_owned(),
                label: "is water".to_owned(),
            },
        ),
        (
            "comparison",
            Visual::Comparison {
                left: side("Up", "8,849 m"),
                right: side("Down", "10,994 m"),
            },
        ),
        ("bars", chart(ChartShape::Bar)),
        ("line", chart(ChartShape::Line)),
        ("sections", Visual::Sections),
        (
            "closing",
            Visual::Closing {
                text: some("What would you look for?"),
            },
        ),
    ]
}

/// A grid of 32 × 18 hexadecimal digits, 0 dark, f bright.
fn grid_of(picture: &Yuv420) -> String {
    let luma = picture.planes()[0];
    let cell = 30;
    let mut out = String::new();
    for row in luma.chunks_exact(CANVAS.width as usize * cell) {
        for column in 0..CANVAS.width as usize / cell {
            let sum: u32 = (0..cell)
                .flat_map(|y| {
                    let start = y * CANVAS.width as usize + column * cell;
                    row[start..start + cell]
                        .iter()
                        .map(|level| u32::from(*level))
                })
                .sum();
            let mean = sum / (cell * cell) as u32;
            write!(out, "{:x}", mean / 16).expect("a string takes all");
        }
        out.push('\n');
    }
    out
}

/// The stored grids where the new ones lie within the tolerance of them, else the new ones.
fn settled(theme: &str, new: String) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/card/snapshots");
    let path = format!("{folder}/studio__card__golden__{theme}.snap");
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    let Some(old) = stored.splitn(3, "---\n").nth(2) else {
        return new;
    };
    let near = |a: char, b: char| match (a.to_digit(16), b.to_digit(16)) {
        (Some(a), Some(b)) => a.abs_diff(b) <= 1,
        _ => a == b,
    };
    let (a, b) = (old.trim(), new.trim());
    let alike = a.len() == b.len() && a.chars().zip(b.chars()).all(|(a, b)| near(a, b));
    if alike { old.to_owned() } else { new }
}

#[test]
fn every_theme_looks_as_it_did() {
    let mut set = Typesetter::new();
    let headings = ["The Challenger Deep", "Pressure", "Cold"].map(str::to_owned);
    let place = Place {
        index: 1,
        total: 3,
        title: "The Challenger Deep",
        headings: &headings,
        channel: Some("Deep Field"),
    };
    for theme in Theme::all() {
        let look = Look {
            theme,
            canvas: CANVAS,
            captions: true,
        };
        let mut all = String::new();
        for (name, visual) in cards() {
            let scene = Scene {
                heading: "What lives down there?".to_owned(),
                narration: String::new(),
                visual,
                picture_hint: None,
            };
            let shot = draw(&mut set, &look, &scene, &place, FRAMES, &Cues::none()).unwrap();
            let scene = PaintScene {
                shot,
                captions: None,
                frames: FRAMES,
            };
            let mut painter = Painter::new(CANVAS, scene, None, Transition::Cut);
            let mut out = Yuv420::black(CANVAS.width, CANVAS.height);
            painter.paint(FRAMES - 1, None, &mut out);
            writeln!(all, "{name}\n{}", grid_of(&out)).expect("a string takes all");
        }
        insta::assert_snapshot!(theme.name, settled(theme.name, all));
    }
}
