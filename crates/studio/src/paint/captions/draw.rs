//! Caption groups set in type and painted, each word still and spoken.

use std::ops::Range;
use std::sync::Arc;

use super::{CaptionTrack, DrawnCaption, DrawnWord};
use crate::caption::CaptionGroup;
use crate::text::{Align, Block, Color, Painted, Style, Typesetter};
use crate::theme::{CaptionStyle, Theme};
use crate::timeline::SceneTiming;
use crate::{Canvas, Rect, Rgba, TextBox};

/// Distance from the words to the plate's edge, across and down, in ems.
const PLATE_PADDING: [f32; 2] = [0.55, 0.26];
/// How far a pill reaches beyond its word to either side, in ems: less than a space, so that it
/// doesn't touch the neighbours.
const PILL_PADDING: f32 = 0.09;
/// Top and bottom of a pill, from the baseline, in ems: around ascenders and descenders.
const PILL_TOP: f32 = 0.94;
const PILL_BOTTOM: f32 = 0.29;
/// Distance between baselines, in ems.
const LEADING: f32 = 1.28;
/// A word stays lit over a pause up to this long before the next one, instead of flickering.
const LIT_MS_MAX: u32 = 250;

impl CaptionTrack {
    /// Sets and paints a scene's caption groups at the bottom of `area`, in the theme's style.
    ///
    /// Type is larger on square and upright canvases, which are watched on small screens. A
    /// group that doesn't fit `area` is set smaller; with an empty `area`, as shots without room
    /// for captions have it, nothing is drawn.
    pub fn draw(
        typesetter: &mut Typesetter,
        theme: &Theme,
        canvas: Canvas,
        area: Rect,
        groups: &[CaptionGroup],
        timing: SceneTiming,
    ) -> Self {
        let area = area.intersect(canvas.title_safe());
        if area.is_empty() {
            return Self::default();
        }
        let scale = match canvas.width.cmp(&canvas.height) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 1.2,
            std::cmp::Ordering::Less => 1.4,
        };
        let look = theme.caption;
        let size = canvas.width.min(canvas.height) as f32 * look.size_share * scale;
        let style = Style::new(look.family, look.weight, size, look.ink)
            .leaded(LEADING)
            .aligned(Align::Center);
        let mut pen = Pen {
            typesetter,
            look,
            style,
            area,
            timing,
        };
        let groups = groups.iter().enumerate().map(|(index, group)| {
            let until = groups
                .get(index + 1)
                .map_or_else(|| timing.frames(), |next| timing.frame_at(next.start_ms));
            pen.draw(group, until)
        });
        Self {
            groups: groups.collect(),
        }
    }
}

/// What all groups of a scene share.
struct Pen<'a> {
    typesetter: &'a mut Typesetter,
    look: CaptionStyle,
    style: Style,
    area: Rect,
    timing: SceneTiming,
}

impl Pen<'_> {
    /// Draws a group that must be gone at frame `until`.
    fn draw(&mut self, group: &CaptionGroup, until: u32) -> DrawnCaption {
        let block = self.set(group);
        let size = block.style.size;
        let [pad_x, pad_y] = PLATE_PADDING.map(|ems| (ems * size).round() as i32);
        let width = block.widest().ceil() as i32 + 2 * pad_x;
        let height = block.height.ceil() as i32 + 2 * pad_y;
        let left = self.area.x + (self.area.width as i32 - width) / 2;
        let top = self.area.bottom() - height;
        let plate = rounded(
            [width, height].map(|length| length.max(1) as u32),
            self.look.radius * size,
            self.look.plate,
            self.look.plate_alpha,
        );
        let origin = [left + pad_x, top + pad_y];
        let from = self.timing.frame_at(group.start_ms);
        let words = self.words(group, &block, origin);
        DrawnCaption {
            from,
            to: self
                .timing
                .frame_at(group.end_ms)
                .max(from + 1)
                .min(until.max(from)),
            plate: Some((Arc::new(plate), left, top)),
            texts: self.text_boxes(group, &words),
            words,
        }
    }

    /// Sets a group's lines, smaller if they don't fit.
    fn set(&mut self, group: &CaptionGroup) -> Block {
        let lines: Vec<_> = (0..group.lines.len())
            .map(|line| group.line_text(line))
            .collect();
        let text = lines.join("\n");
        let block = self.typesetter.lay_out(&text, &self.style, None);
        let size = block.style.size;
        let [pad_x, pad_y] = PLATE_PADDING.map(|ems| 2.0 * ems * size + 2.0);
        let shrink = (self.area.width as f32 / (block.widest() + pad_x))
            .min(self.area.height as f32 / (block.height + pad_y));
        if shrink >= 1.0 {
            return block;
        }
        let style = self.style.sized((size * shrink).floor().max(1.0));
        self.typesetter.lay_out(&text, &style, None)
    }

    /// Paints a group's words; the block's origin stands at `origin`.
    fn words(&mut self, group: &CaptionGroup, block: &Block, [x, y]: [i32; 2]) -> Vec<DrawnWord> {
        let spoken: Vec<_> = group.words().collect();
        let set = block.words().count();
        let mut next = 0;
        let mut drawn = Vec::with_capacity(spoken.len());
        for (index, word) in spoken.iter().enumerate() {
            // A spoken word is one set word, unless it has a space in it; the last one takes
            // whatever is left.
            let first = next;
            next += word.text.split_whitespace().count();
            let own = first..if index + 1 == spoken.len() {
                set
            } else {
                next.min(set)
            };
            let mut paint = |color: Color| {
                self.typesetter
                    .paint_words(block, &|w| own.contains(&w.index).then_some(color))
            };
            let (still, lit) = (paint(self.look.ink), paint(self.look.spoken));
            let [still, lit] = match self.look.pill {
                Some(pill) => self.on_pill(block, own, pill, [still, lit]),
                None => [still, lit],
            };
            let lit_until = match spoken.get(index + 1) {
                Some(after) if after.start_ms <= word.end_ms + LIT_MS_MAX => after.start_ms,
                _ => word.end_ms,
            };
            let from = self.timing.frame_at(word.start_ms);
            drawn.push(DrawnWord {
                x: x + still.x,
                y: y + still.y,
                still: still.pixels,
                spoken: lit.pixels,
                from,
                to: self.timing.frame_at(lit_until).max(from + 1),
            });
        }
        drawn
    }

    /// Puts the lit one of two paintings of the words `own` on a pill, and the still one on
    /// nothing of the same size.
    fn on_pill(
        &self,
        block: &Block,
        own: Range<usize>,
        color: Color,
        [still, lit]: [Painted; 2],
    ) -> [Painted; 2] {
        let size = block.style.size;
        let pill = block
            .words()
            .filter(|(_, word)| own.contains(&word.index))
            .map(|(line, word)| {
                let (x, y) = (
                    word.x - PILL_PADDING * size,
                    line.baseline - PILL_TOP * size,
                );
                let width = word.width + 2.0 * PILL_PADDING * size;
                Rect {
                    x: x.round() as i32,
                    y: y.round() as i32,
                    width: width.round() as u32,
                    height: ((PILL_TOP + PILL_BOTTOM) * size).round() as u32,
                }
            })
            .fold(Rect::default(), Rect::union);
        let all = pill.union(still.area(0, 0));
        let empty = Rgba::clear(all.width, all.height);
        let [mut under, mut over] = [empty.clone(), empty];
        let sides = [pill.width.max(1), pill.height.max(1)];
        let paint = rounded(sides, self.look.radius * size, color, 255);
        lay(&mut over, &paint, pill.x - all.x, pill.y - all.y);
        lay(&mut over, &lit.pixels, lit.x - all.x, lit.y - all.y);
        lay(&mut under, &still.pixels, still.x - all.x, still.y - all.y);
        [under, over].map(|pixels| Painted {
            pixels: Arc::new(pixels),
            x: all.x,
            y: all.y,
        })
    }

    /// Each line as one box.
    fn text_boxes(&self, group: &CaptionGroup, words: &[DrawnWord]) -> Vec<TextBox> {
        let look = self.look;
        let contrast_x100 = [Color::WHITE, Color::BLACK]
            .into_iter()
            .map(|picture| {
                let plate = picture.mix(look.plate, f32::from(look.plate_alpha) / 255.0);
                let lit = look.spoken.contrast_x100(look.pill.unwrap_or(plate));
                look.ink.contrast_x100(plate).min(lit)
            })
            .min()
            .unwrap_or_default();
        let mut rest = words;
        (0..group.lines.len())
            .map(|line| {
                let (own, others) = rest.split_at(group.lines[line].len().min(rest.len()));
                rest = others;
                let area = own
                    .iter()
                    .map(|word| {
                        let Rgba { width, height, .. } = *word.still;
                        Rect {
                            x: word.x,
                            y: word.y,
                            width,
                            height,
                        }
                    })
                    .fold(Rect::default(), Rect::union);
                TextBox {
                    text: group.line_text(line),
                    area,
                    contrast_x100,
                }
            })
            .collect()
    }
}

/// A rectangle with round corners.
fn rounded([width, height]: [u32; 2], radius: f32, color: Color, alpha: u8) -> Rgba {
    let mut paint = Rgba::clear(width, height);
    let half = [width as f32 / 2.0, height as f32 / 2.0];
    let radius = radius.min(half[0]).min(half[1]);
    for (i, texel) in paint.bytes.chunks_exact_mut(4).enumerate() {
        let (x, y) = (i as u32 % width, i as u32 / width);
        // How far the pixel's middle is beyond the corners' circles, from the rectangle's middle.
        let [dx, dy] = [(x, half[0]), (y, half[1])]
            .map(|(at, half)| ((at as f32 + 0.5 - half).abs() - (half - radius)).max(0.0));
        let beyond = (dx * dx + dy * dy).sqrt() - radius;
        let covered = (0.5 - beyond).clamp(0.0, 1.0);
        let opacity = f32::from(alpha) / 255.0 * covered;
        let premultiplied = [color.0, color.1, color.2, 255].map(|c| f32::from(c) * opacity);
        texel.copy_from_slice(&premultiplied.map(|c| c.round() as u8));
    }
    paint
}

/// Lays `paint` over `under`, wherever it lies within.
fn lay(under: &mut Rgba, paint: &Rgba, left: i32, top: i32) {
    let bounds = Rect {
        x: 0,
        y: 0,
        width: under.width,
        height: under.height,
    };
    let place = Rect {
        x: left,
        y: top,
        width: paint.width,
        height: paint.height,
    };
    let seen = place.intersect(bounds);
    for y in seen.y..seen.bottom() {
        for x in seen.x..seen.right() {
            let from = ((y - top) as usize * paint.width as usize + (x - left) as usize) * 4;
            let to = (y as usize * under.width as usize + x as usize) * 4;
            let through = 255 - u32::from(paint.bytes[from + 3]);
            for i in 0..4 {
                let below = (u32::from(under.bytes[to + i]) * through + 127) / 255;
                under.bytes[to + i] = paint.bytes[from + i].saturating_add(below as u8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ytempire_core::brief::Format;

    use super::*;
    use crate::WordTime;
    use crate::caption::{CaptionLimits, group};

    /// A sentence with long words, 300 ms each.
    fn groups(format: Format) -> Vec<CaptionGroup> {
        let text = "Administrators nevertheless acknowledged extraordinary circumstances, \
                    and some said so. Why? Nobody knew.";
        let words: Vec<_> = text
            .split_whitespace()
            .zip(0..)
            .map(|(text, i)| WordTime {
                text: text.to_owned(),
                start_ms: i * 300,
                end_ms: i * 300 + 280,
            })
            .collect();
        group(&words, CaptionLimits::of(format))
    }

    fn track(theme: &Theme, format: Format, area: Rect) -> CaptionTrack {
        let timing = SceneTiming::of(5_000, 30, false);
        let mut typesetter = Typesetter::new();
        let canvas = Canvas::of(format);
        CaptionTrack::draw(
            &mut typesetter,
            theme,
            canvas,
            area,
            &groups(format),
            timing,
        )
    }

    fn area_of(paint: &Rgba, x: i32, y: i32) -> Rect {
        Rect {
            x,
            y,
            width: paint.width,
            height: paint.height,
        }
    }

    #[test]
    fn captions_keep_to_their_area_in_every_theme_and_format() {
        for theme in Theme::all() {
            for format in [Format::Landscape, Format::Portrait, Format::Square] {
                let safe = Canvas::of(format).title_safe();
                let area = Rect {
                    y: safe.bottom() - 220,
                    height: 220,
                    ..safe
                };
                for group in track(theme, format, area).groups {
                    let (plate, x, y) = group.plate.unwrap();
                    let plate = area_of(&plate, x, y);
                    assert!(area.contains(plate), "{} {format:?}", theme.name);
                    for word in &group.words {
                        assert!(plate.contains(area_of(&word.still, word.x, word.y)));
                        assert_eq!(
                            (word.still.width, word.still.height),
                            (word.spoken.width, word.spoken.height)
                        );
                        assert!(word.still.bytes.iter().any(|&byte| byte != 0));
                        assert_ne!(word.still, word.spoken);
                    }
                    for text in &group.texts {
                        assert!(text.contrast_x100 >= 450 && area.contains(text.area));
                    }
                }
            }
        }
    }

    #[test]
    fn a_group_too_large_for_its_area_is_set_smaller() {
        let small = Rect {
            x: 200,
            y: 800,
            width: 500,
            height: 60,
        };
        for group in track(Theme::plain(), Format::Landscape, small).groups {
            let (plate, x, y) = group.plate.unwrap();
            assert!(small.contains(area_of(&plate, x, y)));
        }
    }

    #[test]
    fn groups_and_words_follow_each_other_in_time() {
        let area = Canvas::of(Format::Landscape).title_safe();
        let track = track(Theme::plain(), Format::Landscape, area);
        assert!(
            track
                .groups
                .windows(2)
                .all(|pair| pair[0].to <= pair[1].from)
        );
        let words: Vec<_> = track.groups.iter().flat_map(|group| &group.words).collect();
        assert_eq!(words.len(), 12);
        // 300 ms are nine frames, after a lead-in of eleven.
        assert!(
            words
                .iter()
                .zip(0..)
                .all(|(word, i)| word.from == 11 + 9 * i)
        );
        assert!(words.windows(2).all(|pair| pair[0].to <= pair[1].from));
    }
}
