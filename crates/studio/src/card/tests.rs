use ytempire_core::brief::Format;

use super::*;
use crate::TextBox;
use crate::script::{ChartShape, Side};

const FORMATS: [Format; 3] = [Format::Landscape, Format::Portrait, Format::Square];

/// Texts that break naive layouts.
const NASTY: [&str; 8] = [
    "x",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "A title of exactly one hundred characters goes on and on until it stops here, just at its very end.",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    "Ångström’s Ōmiya — “ŁÓDŹ”, Ψυχή & Щука: g̈ j y p q ÅÉÑ {[(@)]}",
    "one\ntwo\r\nthree\tfour   five\u{7}",
    "A very long point that a careless writer has put on the screen, with clauses, and more clauses, and at last a number like 1,234,567.89, which nobody will ever read to its end, because it is far too long for any screen.",
    "https://example.org/a/very/long/path/that/has/no/spaces?and=a&query=string#fragment",
];

fn scene(heading: &str, visual: Visual) -> Scene {
    Scene {
        heading: heading.to_owned(),
        narration: String::new(),
        visual,
        picture_hint: None,
    }
}

fn chart(shape: ChartShape, text: &str, values: &[f64]) -> Visual {
    let points = values
        .iter()
        .enumerate()
        .map(|(n, v)| (format!("{text} {n}"), *v))
        .collect();
    Visual::Chart(Chart {
        shape,
        caption: Some(text.to_owned()),
        points,
        source: Some(text.to_owned()),
    })
}

/// Every visual, filled with `text` as far as it goes.
fn visuals(text: &str) -> Vec<Visual> {
    let some = || Some(text.to_owned());
    let side = || Side {
        label: text.to_owned(),
        value: text.to_owned(),
        note: some(),
    };
    let many: Vec<f64> = (0..60).map(|n| f64::from(n * n % 17) * 1e7 - 4e7).collect();
    vec![
        Visual::Title { subtitle: some() },
        Visual::Heading { text: some() },
        Visual::Heading { text: None },
        Visual::Bullets {
            points: vec![text.to_owned()],
        },
        Visual::Bullets {
            points: vec![text.to_owned(); 6],
        },
        Visual::Quote {
            text: text.to_owned(),
            by: some(),
        },
        Visual::Number {
            value: text.to_owned(),
            label: text.to_owned(),
        },
        Visual::Number {
            value: "123,456,789.50 kilowatts".to_owned(),
            label: text.to_owned(),
        },
        Visual::Number {
            value: "71 %".to_owned(),
            label: text.to_owned(),
        },
        Visual::Comparison {
            left: side(),
            right: side(),
        },
        chart(ChartShape::Bar, text, &[1.0, 2.0]),
        chart(
            ChartShape::Bar,
            text,
            &[
                -3.5, 1e6, -2e6, 0.0, 5e5, 12.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0,
            ],
        ),
        chart(ChartShape::Bar, "Q", &[-3.0, 4.0, -1.0, 2.5]),
        chart(ChartShape::Line, text, &many),
        chart(ChartShape::Line, "1", &[7.0, 7.0]),
        Visual::Sections,
        Visual::Closing { text: some() },
    ]
}

/// Notes everything that breaks a layout rule.
fn check(shot: &Shot, look: &Look<'_>, what: &str, faults: &mut Vec<String>) {
    let safe = look.canvas.title_safe();
    let brief = |text: &str| text.chars().take(24).collect::<String>();
    for (
        index,
        TextBox {
            text,
            area,
            contrast_x100,
        },
    ) in shot.texts.iter().enumerate()
    {
        let name = format!("{what}: {:?} at {area:?}", brief(text));
        if !safe.contains(*area) {
            faults.push(format!("{name} leaves the safe area"));
        }
        if *contrast_x100 < 450 {
            faults.push(format!("{name} has contrast {contrast_x100}"));
        }
        if !area.intersect(shot.caption_area).is_empty() {
            faults.push(format!("{name} meets the captions"));
        }
        for other in &shot.texts[index + 1..] {
            if !area.intersect(other.area).is_empty() {
                faults.push(format!(
                    "{name} meets {:?} at {:?}",
                    brief(&other.text),
                    other.area
                ));
            }
        }
    }
    if shot.texts.is_empty() || shot.caption_area.is_empty() == look.captions {
        faults.push(format!("{what} says nothing or has the wrong caption area"));
    }
}

/// Draws everything nasty at half size: layout is the same, and four times as fast.
fn draw_all(theme: &Theme, texts: &[&str], captions: bool) {
    let mut set = Typesetter::new();
    let mut faults = Vec::new();
    for format in FORMATS {
        let full = Canvas::of(format);
        let canvas = Canvas {
            width: full.width / 2,
            height: full.height / 2,
            fps: full.fps,
        };
        let grounds = [Tone::Figure, Tone::Calm].map(|tone| backdrop(theme, canvas, tone, 1));
        let look = Look {
            theme,
            canvas,
            captions,
        };
        for text in texts {
            let headings = vec![(*text).to_owned(); 30];
            let place = Place {
                index: 17,
                total: 30,
                title: text,
                headings: &headings,
                channel: Some(text),
            };
            for visual in visuals(text) {
                let what: String = format!("{} {format:?} {visual:?}", theme.name)
                    .chars()
                    .take(70)
                    .collect();
                let scene = scene(text, visual);
                let ground = &grounds[usize::from(tone(&scene) == Tone::Calm)];
                let about = (200, &Cues::none());
                let shot = draw_over(&mut set, &look, (&scene, &place), about, ground.clone())
                    .unwrap_or_else(|e| panic!("{what}: {e}"));
                check(&shot, &look, &what, &mut faults);
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults[..faults.len().min(40)].join("\n")
    );
}

#[test]
fn nasty_texts_stay_in_their_places_over_captions() {
    draw_all(Theme::plain(), &NASTY, true);
}

#[test]
fn nasty_texts_stay_in_their_places_without_captions() {
    draw_all(Theme::plain(), &NASTY[..4], false);
}

#[test]
fn every_theme_keeps_the_layout_rules() {
    for theme in &Theme::all()[1..] {
        draw_all(theme, &NASTY[2..3], true);
    }
}

/// Values as people write them, with headings and labels of ordinary length, at full size: where a
/// number is as large as it goes, a pixel decides.
#[test]
fn large_numbers_stay_in_their_places_in_every_theme() {
    let mut set = Typesetter::new();
    let mut faults = Vec::new();
    for (theme, format) in Theme::all()
        .iter()
        .flat_map(|theme| FORMATS.map(|format| (theme, format)))
    {
        let canvas = Canvas::of(format);
        let grounds = [Tone::Figure, Tone::Calm].map(|tone| backdrop(theme, canvas, tone, 1));
        let look = Look {
            theme,
            canvas,
            captions: true,
        };
        for value in [
            "9,192,631,770",
            "$1,000,000",
            "-40 °C",
            "100 %",
            "1 in 4",
            "7",
        ] {
            for heading in [
                "",
                "An atom that never tires",
                "An atom that never tires, 12",
            ] {
                let headings = vec![heading.to_owned(); 3];
                let place = Place {
                    index: 1,
                    total: 3,
                    title: "A film of four minutes for the benchmark",
                    headings: &headings,
                    channel: None,
                };
                let label = "swings of the microwaves that caesium absorbs: one second";
                let visual = Visual::Number {
                    value: value.to_owned(),
                    label: label.to_owned(),
                };
                let mut scene = scene(heading, visual);
                scene.heading = heading.to_owned();
                let what = format!("{} {format:?} {value} {heading:?}", theme.name);
                let about = (200, &Cues::none());
                let ground = &grounds[usize::from(tone(&scene) == Tone::Calm)];
                let shot = draw_over(&mut set, &look, (&scene, &place), about, ground.clone())
                    .unwrap_or_else(|e| panic!("{what}: {e}"));
                check(&shot, &look, &what, &mut faults);
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
