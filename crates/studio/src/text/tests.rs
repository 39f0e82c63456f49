use super::*;
use crate::Rect;

const PLAIN: Style = Style::new(TEXT, 400, 40.0, Color::WHITE);

#[test]
fn a_block_stays_within_its_width_and_ink_is_tight() {
    let mut typesetter = Typesetter::new();
    let text = "The deepest place on earth lies eleven kilometres below the waves";
    let block = typesetter.lay_out(text, &PLAIN, Some(420.0));
    assert!(block.lines.len() >= 3);
    assert!(block.widest() <= 420.0);
    assert_eq!(block.text(), text);
    let painted = typesetter.paint(&block);
    assert_eq!(painted.area(0, 0), typesetter.ink(&block));
    let row = painted.pixels.width as usize * 4;
    let (first, last) = (
        &painted.pixels.bytes[..row],
        &painted.pixels.bytes[painted.pixels.bytes.len() - row..],
    );
    assert!(first.iter().any(|&b| b > 0) && last.iter().any(|&b| b > 0));
}

#[test]
fn words_lie_side_by_side_and_are_counted_across_lines() {
    let mut typesetter = Typesetter::new();
    let block = typesetter.lay_out("one two three four five six", &PLAIN, Some(260.0));
    let words: Vec<_> = block.words().map(|(_, word)| word.clone()).collect();
    assert_eq!(
        words.iter().map(|w| w.index).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5]
    );
    for line in &block.lines {
        for pair in line.words.windows(2) {
            assert!(pair[0].x + pair[0].width < pair[1].x, "{pair:?}");
        }
    }
}

#[test]
fn fit_takes_the_largest_size_and_then_shortens() {
    let mut typesetter = Typesetter::new();
    let fit = Fit {
        width: 600.0,
        height: 200.0,
        lines: 2,
        size_max: 90.0,
        size_min: 30.0,
    };
    let short = typesetter.fit("Short", &PLAIN, fit);
    assert!((short.style.size - 90.0).abs() < f32::EPSILON);
    let long = typesetter.fit("A heading of some length that must shrink", &PLAIN, fit);
    assert!(long.style.size < 90.0 && long.lines.len() <= 2 && !long.shortened);
    let endless = typesetter.fit(&"word ".repeat(80), &PLAIN, fit);
    assert!(endless.shortened && endless.lines.len() <= 2 && endless.text().ends_with('…'));
    let unbroken = typesetter.fit(&"x".repeat(300), &PLAIN, fit);
    assert!(unbroken.lines.len() <= 2 && unbroken.widest() <= 600.0);
}

#[test]
fn control_characters_are_never_drawn() {
    let mut typesetter = Typesetter::new();
    let dirty = typesetter.lay_out("a\u{7}b\u{202e}c\u{ad}\u{1b}d", &PLAIN, None);
    let clean = typesetter.lay_out("abcd", &PLAIN, None);
    assert_eq!(
        typesetter.paint(&dirty).pixels,
        typesetter.paint(&clean).pixels
    );
}

#[test]
fn missing_glyphs_are_named_once() {
    let mut typesetter = Typesetter::new();
    assert_eq!(
        typesetter.missing_glyphs("Žižek – Ωμέγα, Привет; 5 € → “ok” x²"),
        []
    );
    assert_eq!(typesetter.missing_glyphs("a漢b漢🙂"), ['漢', '🙂']);
}

#[test]
fn tabular_figures_are_equally_wide() {
    let mut typesetter = Typesetter::new();
    // Fraunces has no tabular figures and those of Inter Display are uneven: both are for
    // display alone, where nothing stands in columns.
    for family in [TEXT, NEWSREADER, BRICOLAGE, ARCHIVO] {
        let style = Style::new(family, 700, 80.0, Color::WHITE).tabular();
        let ones = typesetter.lay_out("1111", &style, None).width;
        let eights = typesetter.lay_out("8888", &style, None).width;
        assert!((ones - eights).abs() < 0.5, "{family}: {ones} and {eights}");
    }
}

#[test]
fn every_family_draws_latin_with_its_own_face() {
    let mut typesetter = Typesetter::new();
    let widths: Vec<i64> = [
        TEXT,
        INTER_DISPLAY,
        FRAUNCES,
        NEWSREADER,
        BRICOLAGE,
        ARCHIVO,
    ]
    .map(|family| {
        let style = Style::new(family, 600, 100.0, Color::WHITE);
        (typesetter.lay_out("Hamburgefontsiv", &style, None).width * 100.0) as i64
    })
    .to_vec();
    let distinct: std::collections::HashSet<_> = widths.iter().collect();
    assert_eq!(distinct.len(), widths.len(), "{widths:?}");
}

#[test]
fn an_empty_text_is_one_clear_pixel() {
    let mut typesetter = Typesetter::new();
    let block = typesetter.lay_out("  \n ", &PLAIN, Some(100.0));
    let painted = typesetter.paint(&block);
    assert_eq!(painted.pixels.bytes, [0; 4]);
    assert_eq!(typesetter.ink(&block), Rect::default());
}

#[test]
fn contrast_follows_wcag() {
    assert_eq!(Color::WHITE.contrast_x100(Color::BLACK), 2100);
    assert_eq!(Color::hex(0x0076_7676).contrast_x100(Color::WHITE), 454);
}

#[test]
fn a_hugged_block_begins_at_its_edge() {
    let mut typesetter = Typesetter::new();
    let centred = PLAIN.aligned(Align::Center);
    let block = typesetter.lay_out("one two", &centred, Some(600.0));
    assert!(block.lines[0].x > 0.0);
    let hugged = block.hugged();
    assert!(hugged.lines[0].x.abs() < 1e-3 && hugged.lines[0].words[0].x < 10.0);
    assert!((hugged.width - hugged.widest()).abs() < 1e-3);
}
