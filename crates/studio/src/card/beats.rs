//! Lines that follow each other in one place while the narration goes on, so that a card doesn't
//! stand still for half a minute.

use super::Cues;
use super::sheet::{Ground, Set, Sheet, fade, rise};
use crate::prose::{sentences, word_count};
use crate::script::Scene;
use crate::text::{Fit, Style};
use crate::{Layer, Motion, Rect};

/// Scenes shorter than this keep one line: nine seconds at 30 frames a second.
const ROLLING_FRAMES_MIN: u32 = 270;

/// Frames that a line stands at least before the next one takes its place.
const STAND_FRAMES: u32 = 130;

/// Frames before the scene's end in which no new line comes.
const REST_FRAMES: u32 = 70;

/// Frames in which a line makes room for the next.
const LEAVE_FRAMES: u32 = 8;

/// Words and characters of a sentence that can be read at a glance.
const WORDS: std::ops::RangeInclusive<usize> = 3..=16;
const CHARS_MAX: usize = 100;

/// Words that open a clause which can't stand alone.
#[rustfmt::skip]
const SUBORDINATE: [&str; 18] = [
    "while", "when", "if", "because", "although", "though", "since", "until", "unless", "as",
    "after", "before", "where", "which", "who", "once", "whenever", "for",
];

/// A line and the scene's frame at which it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beat {
    text: String,
    at: u32,
}

/// The lines of a scene of that many frames: its own `text` if it has one, and in a long scene
/// the short sentences of the narration as they are spoken.
pub(super) fn of(
    scene: &Scene,
    text: Option<&str>,
    cues: &Cues,
    (soonest, frames): (u32, u32),
) -> Vec<Beat> {
    let said = spoken(scene, cues);
    let own = text.map(|text| {
        let latest = soonest.max(frames * 2 / 5);
        let at = said
            .iter()
            .find(|beat| beat.text == text)
            .map(|beat| beat.at)
            .or_else(|| cues.said(text));
        Beat {
            text: text.to_owned(),
            at: at.unwrap_or(soonest).clamp(soonest, latest),
        }
    });
    let mut beats: Vec<Beat> = own.clone().into_iter().collect();
    if frames < ROLLING_FRAMES_MIN {
        return beats;
    }
    let is_said = |own: &Beat| said.iter().any(|beat| beat.text == own.text);
    if own.as_ref().is_some_and(is_said) {
        beats.clear();
    }
    for Beat { text, at } in said {
        let at = at.max(soonest);
        let free = beats.last().is_none_or(|last| last.at + STAND_FRAMES <= at);
        if free && at + REST_FRAMES <= frames {
            beats.push(Beat { text, at });
        }
    }
    if beats.is_empty() {
        beats.extend(own);
    }
    beats
}

/// What can stand alone of the narration's sentences, and when each is begun. Nothing, if the
/// cues are not those of the narration.
fn spoken(scene: &Scene, cues: &Cues) -> Vec<Beat> {
    const LEAD_FRAMES: u32 = 4;
    let onsets: Vec<u32> = cues
        .words
        .iter()
        .flat_map(|(text, at)| text.split_whitespace().map(|_| *at))
        .collect();
    if onsets.len() != scene.narration.split_whitespace().count() {
        return Vec::new();
    }
    let mut begun = 0;
    let mut beats = Vec::new();
    for sentence in scene.narration.split("\n\n").flat_map(sentences) {
        let at = onsets.get(begun).copied();
        begun += sentence.split_whitespace().count();
        if let Some((text, at)) = glance(&sentence).zip(at) {
            let at = at.saturating_sub(LEAD_FRAMES);
            beats.push(Beat { text, at });
        }
    }
    beats
}

/// The sentence if it is short, else its first clause if that can stand alone.
fn glance(sentence: &str) -> Option<String> {
    let fits = |text: &str| WORDS.contains(&word_count(text)) && text.chars().count() <= CHARS_MAX;
    if fits(sentence) {
        return Some(sentence.to_owned());
    }
    let end = sentence
        .char_indices()
        .find(|(at, c)| matches!(c, ',' | ';' | ':') && sentence[at + 1..].starts_with(' '))?
        .0;
    let clause = &sentence[..end];
    let opens = clause.split_whitespace().next()?.to_lowercase();
    let stands = word_count(clause) >= 5
        && fits(clause)
        && !SUBORDINATE.contains(&opens.as_str())
        && !clause.contains(['“', '”', '"', '(']);
    stands.then(|| clause.to_owned())
}

/// Lines that were set, and the room that the highest of them takes.
pub(super) struct Rolling {
    sets: Vec<(Set, u32)>,
    pub(super) height: f32,
}

impl Rolling {
    /// Sets every line; `None` if there is none.
    pub(super) fn fit(
        sheet: &mut Sheet<'_>,
        beats: &[Beat],
        style: Style,
        fit: Fit,
    ) -> Option<Self> {
        let sets: Vec<_> = beats
            .iter()
            .map(|beat| (sheet.fitted(&beat.text, style, fit), beat.at))
            .collect();
        let height = sets.iter().map(|(set, _)| set.height).fold(0.0, f32::max);
        (!sets.is_empty()).then_some(Self { sets, height })
    }

    /// Puts the lines one after the other, numbers in the accent colour where there are several.
    pub(super) fn put(self, sheet: &mut Sheet<'_>, (x, y): (f32, f32)) {
        let count = self.sets.len();
        let (plain, accent) = (sheet.theme.palette.muted, sheet.theme.palette.accent);
        let ink = sheet.theme.palette.ink;
        let mut noted: Option<(Set, Rect)> = None;
        for (index, (set, at)) in self.sets.iter().enumerate() {
            let (color, mark) = if count > 1 {
                (ink, accent)
            } else {
                (plain, plain)
            };
            let numeric = |text: &str| text.chars().any(|c| c.is_ascii_digit());
            let painted = sheet.set.paint_words(&set.block, &|word| {
                Some(if numeric(&word.text) { mark } else { color })
            });
            let area = painted.area(x.round() as i32, (y - set.top).round() as i32);
            let next = self.sets.get(index + 1).map(|(_, at)| *at);
            sheet.layer(Layer {
                pixels: painted.pixels,
                x: area.x,
                y: area.y,
                enter: rise(*at, sheet.grid.px(20.0)),
                exit: next.map(leaves),
            });
            if noted
                .as_ref()
                .is_none_or(|(_, old)| old.height < area.height)
            {
                noted = Some((set.clone(), area));
            }
        }
        // They share one place: the largest stands for all of them in the layout checks.
        if let Some((set, area)) = noted {
            sheet.note(&set.block, area, Ground::Backdrop);
        }
    }
}

fn leaves(next: u32) -> Motion {
    fade(next.saturating_sub(LEAVE_FRAMES), LEAVE_FRAMES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Visual;

    fn spoken_scene(narration: &str, step: u32) -> (Scene, Cues) {
        let words = narration.split_whitespace().zip(0_u32..);
        let words = words.map(|(w, n)| (w.to_owned(), n * step)).collect();
        let scene = Scene {
            heading: "Bells".to_owned(),
            narration: narration.to_owned(),
            visual: Visual::Heading { text: None },
            picture_hint: None,
        };
        (scene, Cues { words })
    }

    const BELLS: &str = "The monks needed time most. They had to pray at night. Shortly before \
        1300, somebody in Europe built them a machine, and it was so heavy that a weight had to \
        pull on its wheel all day and all night. It rang a bell.";

    #[test]
    fn a_long_scene_shows_its_short_sentences_as_they_are_spoken() {
        let (scene, cues) = spoken_scene(BELLS, 15);
        let beats = of(&scene, None, &cues, (18, 700));
        let texts: Vec<_> = beats.iter().map(|b| (b.text.as_str(), b.at)).collect();
        assert_eq!(
            texts,
            [
                ("The monks needed time most.", 18),
                ("It rang a bell.", 596)
            ]
        );
        // A line of its own that nobody speaks comes first.
        let beats = of(&scene, Some("Clock means bell"), &cues, (18, 700));
        assert_eq!(
            (beats[0].text.as_str(), beats[0].at),
            ("Clock means bell", 18)
        );
        assert_eq!(beats.len(), 2);
    }

    #[test]
    fn a_short_scene_keeps_its_line_and_unknown_times_roll_nothing() {
        let (scene, cues) = spoken_scene(BELLS, 4);
        assert_eq!(of(&scene, None, &cues, (18, 240)), []);
        assert_eq!(of(&scene, Some("Bells"), &cues, (18, 240)).len(), 1);
        assert_eq!(of(&scene, None, &Cues::none(), (18, 900)), []);
    }

    #[test]
    fn only_what_can_stand_alone_is_shown() {
        let long = "and so on and so on and so on and so on and so on and so on and so on.";
        assert_eq!(
            glance(&format!("In 1791 they chose the Earth itself: {long}")).as_deref(),
            Some("In 1791 they chose the Earth itself")
        );
        assert_eq!(
            glance(&format!("While he waited there a year, {long}")),
            None
        );
    }
}
