//! Renders every card in every theme and format to PPM files, for the eye.
//!
//! `cargo run -p studio --example stills -- FOLDER [WORD…]`: only files whose name contains
//! all the words are drawn, such as `midnight 16x9 bars`. A word such as `@20` asks for that
//! frame of each scene instead of one where everything has come to rest, and `@all` writes
//! the whole scene as a Y4M film.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use studio::caption::{CaptionLimits, group};
use studio::card::{self, Cues, Look, Place};
use studio::paint::{CaptionTrack, PaintScene, Painter};
use studio::script::{Chart, ChartShape, Scene, Side, Visual};
use studio::text::Typesetter;
use studio::theme::Theme;
use studio::timeline::{SceneTiming, Transition};
use studio::{Canvas, Rgba, Shot, WordTime, Yuv420};
use ytempire_core::brief::Format;

const FRAMES: u32 = 240;

/// A frame at which everything has come to rest and a caption is shown.
const REST: u32 = 190;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "stills".to_owned());
    let (moments, words): (Vec<String>, Vec<String>) =
        arguments.partition(|word| word.starts_with('@'));
    let moment = moments.first().map_or("", |moment| &moment[1..]);
    std::fs::create_dir_all(&folder)?;
    let mut set = Typesetter::new();
    let formats = [
        ("16x9", Format::Landscape),
        ("9x16", Format::Portrait),
        ("1x1", Format::Square),
    ];
    for theme in Theme::all() {
        for (shape, format) in formats {
            for (index, (name, scene)) in scenes().into_iter().enumerate() {
                let file = format!("{}-{shape}-{index:02}-{name}.ppm", theme.name);
                if words.iter().all(|word| file.contains(word.as_str())) {
                    let look = Look {
                        theme,
                        canvas: Canvas::of(format),
                        captions: true,
                    };
                    let path = Path::new(&folder).join(file);
                    draw(&mut set, &look, (&scene, index), moment, &path)?;
                }
            }
            thumbnails(&mut set, theme, shape, format, &folder, &words)?;
        }
    }
    Ok(())
}

fn thumbnails(
    set: &mut Typesetter,
    theme: &'static Theme,
    shape: &str,
    format: Format,
    folder: &str,
    words: &[String],
) -> std::io::Result<()> {
    for (name, scene) in scenes() {
        if !matches!(name, "title" | "number" | "bars" | "line" | "picture") {
            continue;
        }
        let file = format!("{}-{shape}-thumb-{name}.jpg", theme.name);
        if !words.iter().all(|word| file.contains(word.as_str())) {
            continue;
        }
        let photo = (name == "picture").then(|| Arc::new(photo()));
        let picture =
            studio::thumbnail::draw(set, theme, format, TITLE, &[scene], photo.as_deref());
        if let Ok(picture) = picture
            && let Ok(bytes) = studio::thumbnail::to_jpeg(&picture, 90)
        {
            std::fs::write(Path::new(folder).join(file), bytes)?;
        }
    }
    Ok(())
}

const TITLE: &str = "The Challenger Deep: what lives at the bottom of the ocean?";

fn draw(
    set: &mut Typesetter,
    look: &Look<'_>,
    (scene, index): (&Scene, usize),
    moment: &str,
    path: &Path,
) -> std::io::Result<()> {
    let headings: Vec<String> = scenes()
        .into_iter()
        .map(|(_, scene)| scene.heading)
        .collect();
    let place = Place {
        index,
        total: headings.len(),
        title: TITLE,
        headings: &headings,
        channel: Some("Deep Field"),
    };
    let (shot, rest) = if scene.picture_hint.is_some() {
        let shot = card::picture(set, look, Arc::new(photo()), scene, &place, FRAMES);
        (shot, 70)
    } else {
        (
            card::draw(set, look, scene, &place, FRAMES, &Cues::none()),
            REST,
        )
    };
    let shot = shot.expect("the sample scenes can be drawn");
    let captions = captions(set, look, &shot);
    let scene = PaintScene {
        shot,
        captions: Some(captions),
        frames: FRAMES,
    };
    let mut painter = Painter::new(look.canvas, scene, None, Transition::Cut);
    let mut out = Yuv420::black(look.canvas.width, look.canvas.height);
    if moment == "all" {
        return film(&mut painter, &mut out, path);
    }
    painter.paint(moment.parse().unwrap_or(rest), None, &mut out);
    write_ppm(path, &out)
}

/// A spoken sentence over the whole scene.
fn captions(set: &mut Typesetter, look: &Look<'_>, shot: &Shot) -> CaptionTrack {
    let text = "Nobody had ever been so deep, and for half a century nobody came back to look, \
                although it lies no farther away than the next town.";
    let words: Vec<WordTime> = text
        .split(' ')
        .zip(0_u32..)
        .map(|(word, n)| WordTime {
            text: word.to_owned(),
            start_ms: n * 280,
            end_ms: n * 280 + 260,
        })
        .collect();
    let format = match look.canvas.width.cmp(&look.canvas.height) {
        std::cmp::Ordering::Greater => Format::Landscape,
        std::cmp::Ordering::Less => Format::Portrait,
        std::cmp::Ordering::Equal => Format::Square,
    };
    let groups = group(&words, CaptionLimits::of(format));
    let timing = SceneTiming::of(7_000, look.canvas.fps, false);
    CaptionTrack::draw(
        set,
        look.theme,
        look.canvas,
        shot.caption_area,
        &groups,
        timing,
    )
}

fn film(painter: &mut Painter, out: &mut Yuv420, path: &Path) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path.with_extension("y4m"))?);
    writeln!(
        file,
        "YUV4MPEG2 W{} H{} F30:1 Ip A1:1 C420jpeg",
        out.width(),
        out.height()
    )?;
    for frame in 0..FRAMES {
        painter.paint(frame, None, out);
        file.write_all(b"FRAME\n")?;
        file.write_all(out.bytes())?;
    }
    file.flush()
}

/// A frame as RGB.
fn rgb(picture: &Yuv420) -> Vec<u8> {
    let [luma, blue, red] = picture.planes();
    let wide = picture.width() as usize;
    let mut out = Vec::with_capacity(luma.len() * 3);
    for (at, level) in luma.iter().enumerate() {
        let chroma = (at / wide / 2) * (wide / 2) + at % wide / 2;
        let l = (f32::from(*level) - 16.0) * 255.0 / 219.0;
        let b = (f32::from(blue[chroma]) - 128.0) * 255.0 / 224.0;
        let r = (f32::from(red[chroma]) - 128.0) * 255.0 / 224.0;
        let rgb = [l + 1.5748 * r, l - 0.1873 * b - 0.4681 * r, l + 1.8556 * b];
        out.extend(rgb.map(|value| value.round().clamp(0.0, 255.0) as u8));
    }
    out
}

fn write_ppm(path: &Path, picture: &Yuv420) -> std::io::Result<()> {
    let mut bytes = format!(
        "P6
{} {}
255
",
        picture.width(),
        picture.height()
    )
    .into_bytes();
    bytes.extend(rgb(picture));
    std::fs::write(path, bytes)
}

/// A sky over a sea: something bright and something dark under the words.
fn photo() -> Yuv420 {
    let (width, height) = (2400_u32, 1600_u32);
    let mut rgba = Rgba::clear(width, height);
    for (index, pixel) in rgba.bytes.chunks_exact_mut(4).enumerate() {
        let (x, y) = (index as u32 % width, index as u32 / width);
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let sun = (1.0 - ((u - 0.62).powi(2) + (v - 0.42).powi(2) * 1.4).sqrt() * 2.2).max(0.0);
        let sky = [0.95 - 0.5 * v, 0.80 - 0.35 * v, 0.75 - 0.1 * v];
        let wave = ((v * 90.0).sin() * (u * 14.0 + v * 30.0).sin()) * 0.05;
        let sea = [0.10 + wave, 0.28 + wave - 0.15 * (v - 0.5), 0.38 + wave];
        let rgb = if v < 0.5 { sky } else { sea };
        for channel in 0..3 {
            let glow = sun * [0.5, 0.35, 0.1][channel];
            pixel[channel] = ((rgb[channel] + glow) * 255.0).clamp(0.0, 255.0) as u8;
        }
        pixel[3] = 255;
    }
    rgba.to_yuv420()
}

fn scene(heading: &str, visual: Visual) -> Scene {
    Scene {
        heading: heading.to_owned(),
        narration: String::new(),
        visual,
        picture_hint: None,
    }
}

fn chart(shape: ChartShape, caption: &str, points: Vec<(String, f64)>) -> Visual {
    Visual::Chart(Chart {
        shape,
        caption: Some(caption.to_owned()),
        points,
        source: Some("GEBCO Compilation Group, 2024".to_owned()),
    })
}

fn side(label: &str, value: &str, note: &str) -> Side {
    Side {
        label: label.to_owned(),
        value: value.to_owned(),
        note: Some(note.to_owned()),
    }
}

#[expect(clippy::too_many_lines, reason = "a table of samples")]
fn scenes() -> Vec<(&'static str, Scene)> {
    let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let depths = [
        ("Mariana", 10_994.0),
        ("Tonga", 10_820.0),
        ("Philippine", 10_540.0),
        ("Kermadec", 10_047.0),
        ("Puerto Rico", 8_376.0),
    ];
    let temperatures = (0..45)
        .map(|n| {
            let t = f64::from(n);
            (
                (1980 + n).to_string(),
                (t * 0.021 + (t * 0.9).sin() * 0.11 + 0.12) * 100.0,
            )
        })
        .map(|(year, t)| (year, t.round() / 100.0))
        .collect();
    let bars = depths
        .iter()
        .map(|(name, depth)| ((*name).to_owned(), *depth))
        .collect();
    let mut picture = scene("Where the light ends", Visual::Heading { text: None });
    picture.picture_hint = Some("sea".to_owned());
    vec![
        (
            "title",
            scene(TITLE, Visual::Title {
                subtitle: Some("Eleven kilometres down, in eight short chapters".to_owned()),
            }),
        ),
        (
            "heading",
            scene("A crack in the floor of the Pacific", Visual::Heading {
                text: Some(
                    "Two plates meet, and the older, colder one sinks. What it leaves behind is \
                     the deepest place we know."
                        .to_owned(),
                ),
            }),
        ),
        ("sections", scene("Where we are going", Visual::Sections)),
        (
            "number",
            scene("The depth of the Challenger Deep", Visual::Number {
                value: "10,994 m".to_owned(),
                label: "below the surface: Everest would fit with two kilometres to spare"
                    .to_owned(),
            }),
        ),
        (
            "percent",
            scene("What we have mapped so far", Visual::Number {
                value: "26 %".to_owned(),
                label: "of the sea floor is known at the detail of a city block".to_owned(),
            }),
        ),
        (
            "bullets",
            scene("Three things that make it hard", Visual::Bullets {
                points: owned(&[
                    "Pressure a thousand times that at the surface",
                    "Total darkness below one kilometre",
                    "Water barely above freezing, all year round",
                ]),
            }),
        ),
        (
            "quote",
            scene("The first descent", Visual::Quote {
                text: "The bottom appeared light and clear, a waste of snuff-coloured ooze. We \
                       were the first."
                    .to_owned(),
                by: Some("Jacques Piccard, Seven Miles Down".to_owned()),
            }),
        ),
        (
            "comparison",
            scene("Higher than the mountains", Visual::Comparison {
                left: side("Mount Everest", "8,849 m", "above the sea"),
                right: side("Challenger Deep", "10,994 m", "below it"),
            }),
        ),
        (
            "bars",
            scene("The five deepest trenches", chart(ChartShape::Bar, "Depth in metres", bars)),
        ),
        (
            "line",
            scene(
                "The sea is warming",
                chart(ChartShape::Line, "Anomaly in °C against 1951–1980", temperatures),
            ),
        ),
        (
            "six",
            scene("Six rules for anyone who goes down", Visual::Bullets {
                points: owned(&[
                    "Check the seals twice, because the sea checks them once",
                    "Carry more ballast than you think you need",
                    "Never trust a single light",
                    "Write down the time of everything: memory fails at a thousand bars",
                    "Come up slowly",
                    "Tell somebody when you expect to be back, and who should worry",
                ]),
            }),
        ),
        (
            "twelve",
            scene("Dives below ten kilometres, by year", chart(
                ChartShape::Bar,
                "Crewed dives",
                (0..12).map(|n| ((2012 + n).to_string(), f64::from(n * n % 7 + n / 3))).collect(),
            )),
        ),
        (
            "names",
            scene("Who has been there", chart(
                ChartShape::Bar,
                "Hours on the bottom",
                [
                    ("Trieste, Piccard and Walsh", 0.3),
                    ("Deepsea Challenger, James Cameron", 3.1),
                    ("Limiting Factor, Victor Vescovo", 41.5),
                    ("Fendouzhe, Chinese Academy of Sciences", 28.0),
                ]
                .map(|(name, hours)| (name.to_owned(), hours))
                .to_vec(),
            )),
        ),
        (
            "words",
            scene("Two ways to see it", Visual::Comparison {
                left: side("On the map", "A thin blue line", "two millimetres wide on a globe"),
                right: side("In truth", "Deeper than any mountain is high", "and as long as Italy"),
            }),
        ),
        (
            "dollars",
            scene("What a dive costs", Visual::Number {
                value: "$750,000".to_owned(),
                label: "for one seat to the bottom and back".to_owned(),
            }),
        ),
        ("picture", picture),
        (
            "closing",
            scene("What would you look for down there?", Visual::Closing {
                text: Some("Tell us in the comments. Sources are in the description.".to_owned()),
            }),
        ),
    ]
}
