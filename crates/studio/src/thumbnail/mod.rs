//! Thumbnails: few, huge words, and the strongest thing the video shows.

mod flat;
mod plot;

use ytempire_core::brief::Format;

use crate::card::{CardError, Figure, Grid, Ground, Set, Sheet, THERE, Tone};
use crate::card::{backdrop, painted};
use crate::script::{Chart, ChartShape, Scene, Visual};
use crate::text::{Color, Fit, Typesetter};
use crate::theme::Theme;
use crate::{Canvas, Layer, Rect, Rgba, Yuv420};
use flat::{cropped, flatten};
use plot::{bars, curve};

/// The most bytes that YouTube takes for a thumbnail.
pub const BYTES_MAX: usize = 2 * 1024 * 1024;

/// Words that a thumbnail shows without cutting the title at its first pause.
const WORDS_MAX: usize = 6;

/// What fills the picture.
enum Hero<'a> {
    Photo(&'a Yuv420),
    Number(&'a str),
    Chart(&'a Chart),
    Words,
}

/// Draws the thumbnail of a video: 1280 × 720, or 1080 × 1920 for upright video.
///
/// A photograph, if there is one, fills the picture; else the first number, else the first
/// chart, else the title alone. Nothing stands in the right lower corner, where players show
/// the length.
///
/// # Errors
/// [`CardError::MissingGlyphs`] if the title needs a character that no font has.
pub fn draw(
    set: &mut Typesetter,
    theme: &Theme,
    format: Format,
    title: &str,
    scenes: &[Scene],
    photo: Option<&Yuv420>,
) -> Result<Rgba, CardError> {
    let hero = hero(scenes, photo);
    let shown = if let Hero::Number(value) = hero {
        format!("{title}{value}")
    } else {
        title.to_owned()
    };
    let missing = set.missing_glyphs(&shown);
    if !missing.is_empty() {
        return Err(CardError::MissingGlyphs(missing));
    }
    let (width, height) = match format {
        Format::Portrait => (1080, 1920),
        Format::Landscape | Format::Square => (1280, 720),
    };
    let canvas = Canvas {
        width,
        height,
        fps: 30,
    };
    // Upright, a number leaves half of the picture to the theme's figure.
    let upright = format == Format::Portrait && matches!(hero, Hero::Number(_));
    let tone = if upright || matches!(hero, Hero::Words) {
        Tone::Figure
    } else {
        Tone::Calm
    };
    let ground = match hero {
        Hero::Photo(photo) => cropped(photo, canvas),
        _ => backdrop(theme, canvas, tone, 0),
    };
    let mut sheet = Sheet::new(set, theme, Grid::of(canvas, false), 1);
    let words = short(title);
    match hero {
        Hero::Photo(_) => over_photo(&mut sheet, words),
        Hero::Number(value) => number(&mut sheet, value, words),
        Hero::Chart(chart) => over_chart(&mut sheet, chart, words),
        Hero::Words => alone(&mut sheet, words),
    }
    edge(&mut sheet);
    Ok(flatten(&sheet.into_shot(ground), canvas))
}

/// Encodes a picture as JPEG with full chroma; `quality` is 1 to 100.
///
/// # Errors
/// Sides above 65,535 pixels don't fit the format.
pub fn to_jpeg(picture: &Rgba, quality: u8) -> Result<Vec<u8>, jpeg_encoder::EncodingError> {
    let rgb: Vec<u8> = picture
        .bytes
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    let (width, height) = (side(picture.width), side(picture.height));
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_1_1);
    encoder.encode(&rgb, width, height, jpeg_encoder::ColorType::Rgb)?;
    Ok(bytes)
}

fn hero<'a>(scenes: &'a [Scene], photo: Option<&'a Yuv420>) -> Hero<'a> {
    if let Some(photo) = photo {
        return Hero::Photo(photo);
    }
    let number = scenes.iter().find_map(|scene| match &scene.visual {
        Visual::Number { value, .. } if Figure::parse(value).is_some() => Some(value),
        _ => None,
    });
    let chart = scenes.iter().find_map(|scene| match &scene.visual {
        Visual::Chart(chart) if chart.points.len() > 1 => Some(chart),
        _ => None,
    });
    match (number, chart) {
        (Some(value), _) => Hero::Number(value),
        (None, Some(chart)) => Hero::Chart(chart),
        (None, None) => Hero::Words,
    }
}

/// The title up to its first pause, if it is long and something whole stands before that.
fn short(title: &str) -> &str {
    let title = title.trim();
    if title.split_whitespace().count() <= WORDS_MAX {
        return title;
    }
    let pause = title.char_indices().find(|(at, c)| {
        let dash = matches!(c, '–' | '—' | '|') && title[..*at].ends_with(' ');
        let stop =
            matches!(c, ':' | '?' | '!' | '.') && title[at + c.len_utf8()..].starts_with(' ');
        dash || stop
    });
    let Some((at, c)) = pause else { return title };
    let end = if matches!(c, '?' | '!') {
        at + c.len_utf8()
    } else {
        at
    };
    let head = title[..end].trim_end();
    if head.split_whitespace().count() >= 2 {
        head
    } else {
        title
    }
}

/// The margin around everything.
fn margin(sheet: &Sheet<'_>) -> f32 {
    sheet.grid.canvas.width as f32 * sheet.grid.pick(0.052, 0.075, 0.052)
}

/// A band of the accent colour along the left edge: the series is known by it.
fn edge(sheet: &mut Sheet<'_>) {
    let canvas = sheet.grid.canvas;
    let width = (canvas.width as f32 * sheet.grid.pick(0.014, 0.02, 0.014)).round() as u32;
    let accent = sheet.theme.palette.accent;
    let area = Rect {
        x: 0,
        y: 0,
        width,
        height: canvas.height,
    };
    sheet.shape(area, THERE, |map| {
        map.fill(tiny_skia::Color::from_rgba8(
            accent.0, accent.1, accent.2, 255,
        ));
    });
}

/// Sets words as large as they go in an area, in pixels.
fn large(sheet: &mut Sheet<'_>, words: &str, width: f32, height: f32, most: f32) -> Set {
    let style = sheet.theme.display(most).leaded(1.02);
    let fit = Fit {
        width,
        height,
        lines: 5,
        size_max: most,
        size_min: most * 0.3,
    };
    sheet.fitted(words, style, fit)
}

fn over_photo(sheet: &mut Sheet<'_>, words: &str) {
    let canvas = sheet.grid.canvas;
    let (wide, high) = (canvas.width as f32, canvas.height as f32);
    let margin = margin(sheet);
    let most = high * sheet.grid.pick(0.23, 0.09, 0.23);
    let width = (wide - 2.0 * margin) * sheet.grid.pick(0.84, 1.0, 0.84);
    let mut text = large(
        sheet,
        words,
        width,
        high * sheet.grid.pick(0.62, 0.36, 0.62),
        most,
    );
    text.block.style.color = Color::WHITE;
    let y = high * sheet.grid.pick(0.9, 0.72, 0.9) - text.height;
    let shade_top = (y - most * 1.6).max(0.0);
    shade(sheet, shade_top, most * 1.5);
    sheet.put(
        &text,
        margin + wide * 0.012,
        y,
        THERE,
        Ground::Solid(Color::BLACK),
    );
}

/// Black, from clear at `top` to nearly full after `length`.
fn shade(sheet: &mut Sheet<'_>, top: f32, length: f32) {
    let canvas = sheet.grid.canvas;
    let area = Rect {
        x: 0,
        y: top as i32,
        width: canvas.width,
        height: canvas.height - top as u32,
    };
    let pixels = painted(area.width, area.height, |map| {
        let wide = map.width() as usize;
        for (row, line) in map.pixels_mut().chunks_exact_mut(wide).enumerate() {
            let share = (row as f32 / length).min(1.0);
            let alpha = (share * share * (3.0 - 2.0 * share) * 190.0) as u8;
            let black = tiny_skia::ColorU8::from_rgba(0, 0, 0, alpha).premultiply();
            line.fill(black);
        }
    });
    if let Some(pixels) = pixels {
        sheet.layer(Layer {
            pixels,
            x: 0,
            y: area.y,
            enter: THERE,
            exit: None,
        });
    }
}

fn number(sheet: &mut Sheet<'_>, value: &str, words: &str) {
    let canvas = sheet.grid.canvas;
    let (wide, high) = (canvas.width as f32, canvas.height as f32);
    let margin = margin(sheet);
    let width = wide - 2.0 * margin;
    let most = high * sheet.grid.pick(0.52, 0.24, 0.52);
    let style = sheet
        .theme
        .display(most)
        .colored(sheet.theme.palette.accent)
        .leaded(1.0);
    let fit = Fit {
        width,
        height: most * 1.1,
        lines: 1,
        size_max: most,
        size_min: most * 0.2,
    };
    let value = sheet.fitted(value, style, fit);
    let room = sheet.grid.pick(high * 0.43, high * 0.3, high * 0.43);
    let size = high * sheet.grid.pick(0.175, 0.066, 0.175);
    let text = large(
        sheet,
        words,
        width * sheet.grid.pick(0.86, 1.0, 0.86),
        room,
        size,
    );
    let gap = high * sheet.grid.pick(0.12, 0.05, 0.12);
    let y = (high - value.height - gap - text.height) * 0.5;
    let x = margin + wide * 0.012;
    sheet.put(&value, x, y, THERE, Ground::Backdrop);
    sheet.put(&text, x, y + value.height + gap, THERE, Ground::Backdrop);
}

fn alone(sheet: &mut Sheet<'_>, words: &str) {
    let canvas = sheet.grid.canvas;
    let (wide, high) = (canvas.width as f32, canvas.height as f32);
    let margin = margin(sheet);
    let width = (wide - 2.0 * margin) * sheet.grid.pick(0.61, 1.0, 0.61);
    let most = high * sheet.grid.pick(0.25, 0.095, 0.25);
    let text = large(
        sheet,
        words,
        width,
        high * sheet.grid.pick(0.84, 0.4, 0.84),
        most,
    );
    let y = (high - text.height) * sheet.grid.pick(0.5, 0.42, 0.5);
    sheet.put(&text, margin + wide * 0.012, y, THERE, Ground::Backdrop);
}

/// The chart without its small print fills the right half (the lower half, if upright).
fn over_chart(sheet: &mut Sheet<'_>, chart: &Chart, words: &str) {
    let canvas = sheet.grid.canvas;
    let (wide, high) = (canvas.width as f32, canvas.height as f32);
    let margin = margin(sheet);
    let upright = high > wide;
    let area = if upright {
        Rect {
            x: margin as i32,
            y: (high * 0.5) as i32,
            width: (wide - 2.0 * margin) as u32,
            height: (high * 0.3) as u32,
        }
    } else {
        let x = wide * 0.53;
        Rect {
            x: x as i32,
            y: (high * 0.12) as i32,
            width: (wide - x - margin) as u32,
            height: (high * 0.74) as u32,
        }
    };
    let palette = sheet.theme.palette;
    let values: Vec<f64> = chart.points.iter().map(|(_, value)| *value).collect();
    sheet.shape(area, THERE, |map| match chart.shape {
        ChartShape::Bar => bars(
            map,
            &values,
            palette.accent,
            palette.rule.mix(palette.muted, 0.34),
        ),
        ChartShape::Line => curve(map, &values, palette.accent),
    });
    let width = if upright {
        wide - 2.0 * margin
    } else {
        wide * 0.475 - margin
    };
    let most = high * sheet.grid.pick(0.2, 0.085, 0.2);
    let text = large(
        sheet,
        words,
        width,
        high * sheet.grid.pick(0.82, 0.34, 0.82),
        most,
    );
    let y = if upright {
        high * 0.44 - text.height
    } else {
        (high - text.height) * 0.5
    };
    sheet.put(&text, margin + wide * 0.012, y, THERE, Ground::Backdrop);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(visual: Visual) -> Scene {
        Scene {
            heading: "h".to_owned(),
            narration: String::new(),
            visual,
            picture_hint: None,
        }
    }

    #[test]
    fn a_long_title_is_cut_at_its_first_pause() {
        assert_eq!(
            short("The Challenger Deep: what lives at the bottom of the ocean?"),
            "The Challenger Deep"
        );
        assert_eq!(
            short("Why is the sky blue? And why is it red at dusk"),
            "Why is the sky blue?"
        );
        assert_eq!(short("Short: it stays whole"), "Short: it stays whole");
        assert_eq!(
            short("Mr. Smith goes to Washington and finds it changed"),
            "Mr. Smith goes to Washington and finds it changed"
        );
    }

    #[test]
    fn the_strongest_thing_is_shown() {
        let number = scene(Visual::Number {
            value: "71 %".to_owned(),
            label: "l".to_owned(),
        });
        let words = scene(Visual::Number {
            value: "Nothing".to_owned(),
            label: "l".to_owned(),
        });
        let photo = Yuv420::black(2, 2);
        let scenes = [words, number];
        assert!(matches!(hero(&scenes, None), Hero::Number("71 %")));
        assert!(matches!(hero(&scenes, Some(&photo)), Hero::Photo(_)));
        assert!(matches!(hero(&scenes[..1], None), Hero::Words));
    }

    #[test]
    fn every_thumbnail_has_its_size_and_fits_the_limit() {
        let mut set = Typesetter::new();
        let long = "W".repeat(40) + " and many more words follow until there are one hundred";
        for theme in Theme::all() {
            for title in ["Ink", &long] {
                let picture = draw(&mut set, theme, Format::Landscape, title, &[], None).unwrap();
                assert_eq!((picture.width, picture.height), (1280, 720));
                let bytes = to_jpeg(&picture, 90).unwrap();
                assert!(bytes.len() < BYTES_MAX && bytes.starts_with(&[0xff, 0xd8]));
            }
        }
        let upright = draw(&mut set, Theme::plain(), Format::Portrait, "Ink", &[], None).unwrap();
        assert_eq!((upright.width, upright.height), (1080, 1920));
    }
}
