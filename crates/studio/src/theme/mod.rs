//! Themes: palette, typefaces, backdrop and caption style that belong together.

mod table;

use crate::text::{Color, Style, TEXT};

/// A look.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its name, as a brief gives it.
    pub name: &'static str,
    /// What it looks like, in one line.
    pub description: &'static str,
    /// Its colours.
    pub palette: Palette,
    /// How titles, headings and large numbers are set.
    pub display: Display,
    /// What the backdrop is drawn with.
    pub backdrop: BackdropDesign,
    /// How captions look.
    pub caption: CaptionStyle,
}

/// The colours of a theme. Every text colour has a contrast of at least 4.5 : 1 against
/// [`Palette::ground`], [`Palette::ground_far`] and [`Palette::surface`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// The backdrop where it is calm.
    pub ground: Color,
    /// The other end of the backdrop's gradient.
    pub ground_far: Color,
    /// Panels that lie on the backdrop.
    pub surface: Color,
    /// Thin rules and grid lines; never text.
    pub rule: Color,
    /// Main text.
    pub ink: Color,
    /// Secondary text: labels, counters, sources.
    pub muted: Color,
    /// The one colour that points at things.
    pub accent: Color,
    /// Text that lies on the accent colour.
    pub on_accent: Color,
}

/// How titles and large numbers are set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Display {
    /// The family.
    pub family: &'static str,
    /// Its weight.
    pub weight: u16,
    /// Tracking in ems at display sizes.
    pub tracking: f32,
    /// Line height in ems at display sizes.
    pub line_height: f32,
}

/// What a backdrop is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackdropDesign {
    /// A soft light from the upper corner over a field of fine dots.
    Dots,
    /// Plain paper with hair-thin column rules.
    Columns,
    /// Wide rings of warm light from below.
    Rings,
    /// Squared paper, as charts are drawn on.
    Grid,
    /// One large soft light and nothing else.
    Spot,
}

/// How captions look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaptionStyle {
    /// The family.
    pub family: &'static str,
    /// Its weight.
    pub weight: u16,
    /// Text size as a share of the canvas's short side: 0.044 is 47.5 px at 1080.
    pub size_share: f32,
    /// Words that are not being spoken.
    pub ink: Color,
    /// The word being spoken; where there is a [`CaptionStyle::pill`], it lies on that.
    pub spoken: Color,
    /// A rounded box behind the word being spoken.
    pub pill: Option<Color>,
    /// The plate behind the words, so that they can be read over any picture.
    pub plate: Color,
    /// The plate's opacity, 0 to 255.
    pub plate_alpha: u8,
    /// Corner radius of plate and pill, in ems of the text.
    pub radius: f32,
}

impl Theme {
    /// The theme of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        table::THEMES.iter().find(|theme| theme.name == name)
    }

    /// Every theme.
    pub const fn all() -> &'static [Self] {
        &table::THEMES
    }

    /// Name and one-line description of every theme.
    pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
        table::THEMES
            .iter()
            .map(|theme| (theme.name, theme.description))
    }

    /// The theme of a video that asks for none: the first of the table.
    pub const fn plain() -> &'static Self {
        &table::THEMES[0]
    }

    /// A theme picked by `seed` (a channel's name, say), so that each seed keeps its look.
    pub fn default_for(seed: &str) -> &'static Self {
        // FNV-1a, 32 bits: stable everywhere, unlike the standard library's hasher.
        let hash = seed.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        &table::THEMES[hash as usize % table::THEMES.len()]
    }

    /// Tells whether text is light on a dark ground.
    pub fn is_dark(&self) -> bool {
        self.palette.ground.luminance() < self.palette.ink.luminance()
    }

    /// Display text at a size.
    pub fn display(&self, size: f32) -> Style {
        Style::new(
            self.display.family,
            self.display.weight,
            size,
            self.palette.ink,
        )
        .tracked(self.display.tracking)
        .leaded(self.display.line_height)
    }

    /// Running text at a size and weight.
    pub fn text(&self, weight: u16, size: f32) -> Style {
        Style::new(TEXT, weight, size, self.palette.ink)
            .leaded(1.35)
            .tracked(-0.006)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2, success criterion 1.4.3.
    const CONTRAST_MIN: u32 = 450;

    #[test]
    fn every_text_colour_can_be_read_on_every_ground() {
        for theme in Theme::all() {
            let p = theme.palette;
            for ground in [p.ground, p.ground_far, p.surface] {
                for (what, text) in [("ink", p.ink), ("muted", p.muted), ("accent", p.accent)] {
                    let contrast = text.contrast_x100(ground);
                    assert!(
                        contrast >= CONTRAST_MIN,
                        "{}: {what} {contrast} on {ground:?}",
                        theme.name
                    );
                }
            }
            let on_accent = p.on_accent.contrast_x100(p.accent);
            assert!(
                on_accent >= CONTRAST_MIN,
                "{}: on accent {on_accent}",
                theme.name
            );
        }
    }

    #[test]
    fn captions_can_be_read_over_any_picture() {
        for theme in Theme::all() {
            let c = theme.caption;
            for picture in [Color::WHITE, Color::BLACK] {
                let plate = picture.mix(c.plate, f32::from(c.plate_alpha) / 255.0);
                let words = [(c.ink, plate), (c.spoken, c.pill.unwrap_or(plate))];
                for (text, ground) in words {
                    let contrast = text.contrast_x100(ground);
                    assert!(
                        contrast >= CONTRAST_MIN,
                        "{}: {contrast} on {picture:?}",
                        theme.name
                    );
                }
            }
        }
    }

    #[test]
    fn names_are_unique_and_dark_and_light_are_both_there() {
        let names: std::collections::HashSet<_> = Theme::names().map(|(name, _)| name).collect();
        assert_eq!(names.len(), Theme::all().len());
        assert!(names.iter().all(|name| Theme::named(name).is_some()));
        assert!(Theme::all().iter().any(Theme::is_dark));
        assert!(Theme::all().iter().any(|theme| !theme.is_dark()));
    }

    #[test]
    fn a_seed_keeps_its_theme_and_seeds_spread() {
        let picked: std::collections::HashSet<_> = (0..64)
            .map(|n| Theme::default_for(&format!("channel {n}")).name)
            .collect();
        assert_eq!(picked.len(), Theme::all().len());
        assert_eq!(Theme::default_for("a").name, Theme::default_for("a").name);
    }
}
