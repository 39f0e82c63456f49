//! When the parts of a card enter: as they are spoken, if that is known.

use unicode_segmentation::UnicodeSegmentation;

use crate::{Canvas, WordTime};

/// Onsets of the words spoken in a scene. Empty: nothing is known, parts enter in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cues {
    /// The words in order, with the scene's frame at which each is spoken.
    pub words: Vec<(String, u32)>,
}

/// Frames by which a part comes before its words, so that the eye is there in time.
const LEAD_FRAMES: u32 = 6;

/// Frames that the last part stays on the screen at least, where the scene allows it.
const REST_FRAMES: u32 = 45;

/// The spoken words that are looked at together for the words of one part.
const WINDOW: usize = 10;

impl Cues {
    /// Nothing known.
    pub const fn none() -> Self {
        Self { words: Vec::new() }
    }

    /// The onsets of timed words, whose clock starts `lead_ms` after the scene's first frame.
    pub fn of(words: &[WordTime], canvas: Canvas, lead_ms: u32) -> Self {
        let words = words
            .iter()
            .map(|word| {
                (
                    word.text.clone(),
                    canvas.frame_at(u64::from(word.start_ms + lead_ms)),
                )
            })
            .collect();
        Self { words }
    }

    /// The frame at which each of `parts` enters, in order and never before `first`.
    ///
    /// A part enters shortly before the narration says most of its telling words; parts whose
    /// words are never said are spread evenly between their neighbours.
    pub fn onsets(&self, parts: &[String], first: u32, frames: u32) -> Vec<u32> {
        let spoken = self.spoken();
        let mut from = 0;
        let found: Vec<Option<u32>> = parts
            .iter()
            .map(|part| {
                let at = find(&stems(part), &spoken[from..])?;
                from += at + 1;
                Some(spoken[from - 1].1.saturating_sub(LEAD_FRAMES).max(first))
            })
            .collect();
        spread(&found, first, frames)
    }

    /// The frame shortly before the narration says most of the telling words of `part`.
    pub fn said(&self, part: &str) -> Option<u32> {
        let spoken = self.spoken();
        let at = find(&stems(part), &spoken)?;
        Some(spoken[at].1.saturating_sub(LEAD_FRAMES))
    }

    /// The frame at which each of `parts` enters, where the narration need not keep their order:
    /// the bars of a chart.
    ///
    /// If nothing is known of any, they enter `step` frames apart. If those that are said are
    /// said in order, the others come between their neighbours; if not, the others come first.
    pub fn moments(&self, parts: &[&str], (first, step): (u32, u32), frames: u32) -> Vec<u32> {
        let last = frames.saturating_sub(REST_FRAMES).max(first);
        let found: Vec<Option<u32>> = parts
            .iter()
            .map(|part| Some(self.said(part)?.clamp(first, last)))
            .collect();
        let in_turn = |index: usize| first + index as u32 * step;
        let known = || found.iter().flatten();
        if known().next().is_none() {
            return (0..parts.len()).map(in_turn).collect();
        }
        if known().is_sorted() {
            return spread(&found, first, frames);
        }
        let each = found.iter().enumerate();
        each.map(|(index, at)| at.unwrap_or_else(|| in_turn(index).min(last)))
            .collect()
    }

    fn spoken(&self) -> Vec<(String, u32)> {
        self.words
            .iter()
            .flat_map(|(text, at)| stems(text).into_iter().map(|s| (s, *at)))
            .collect()
    }
}

/// The telling words of a text, in small letters: numbers, and words of four letters or more
/// cut to their first six, so that endings don't matter.
fn stems(text: &str) -> Vec<String> {
    text.unicode_words()
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() > 3 || word.chars().any(|c| c.is_ascii_digit()))
        .map(|word| word.chars().take(6).collect())
        .collect()
}

/// Where in `spoken` at least half of `wanted` begins to be said.
fn find(wanted: &[String], spoken: &[(String, u32)]) -> Option<usize> {
    let needed = wanted.len().div_ceil(2).min(4);
    if needed == 0 {
        return None;
    }
    (0..spoken.len()).find(|&start| {
        let window = &spoken[start..spoken.len().min(start + WINDOW)];
        wanted.contains(&window[0].0)
            && wanted
                .iter()
                .filter(|w| window.iter().any(|(s, _)| s == *w))
                .count()
                >= needed
    })
}

/// Fills gaps evenly, and keeps the order and a rest at the end.
fn spread(found: &[Option<u32>], first: u32, frames: u32) -> Vec<u32> {
    let count = found.len() as u32;
    let last = frames.saturating_sub(REST_FRAMES).max(first);
    let mut onsets = Vec::with_capacity(found.len());
    let mut previous = first;
    for (index, known) in found.iter().enumerate() {
        let at = known.unwrap_or_else(|| {
            let next = found[index..]
                .iter()
                .enumerate()
                .find_map(|(ahead, f)| Some((ahead, (*f)?)));
            match next {
                _ if index == 0 => first,
                Some((ahead, at)) => previous + at.saturating_sub(previous) / (ahead as u32 + 1),
                // Nothing more is known: through the next three fifths of what is left.
                None => {
                    let left = last.saturating_sub(previous) * 3 / 5;
                    previous + (left / (count - index as u32)).clamp(8, 75)
                }
            }
        });
        let at = at
            .max(if index == 0 { first } else { previous + 8 })
            .min(last.max(first));
        onsets.push(at);
        previous = at;
    }
    onsets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues(text: &str) -> Cues {
        let words = text
            .split(' ')
            .enumerate()
            .map(|(n, w)| (w.to_owned(), n as u32 * 10))
            .collect();
        Cues { words }
    }

    fn parts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|t| (*t).to_owned()).collect()
    }

    #[test]
    fn parts_enter_when_they_are_spoken() {
        let cues = cues(
            "First comes the pressure of the water and then of course total darkness below and freezing cold",
        );
        let onsets = cues.onsets(
            &parts(&["Water pressure", "Total darkness", "Cold"]),
            12,
            400,
        );
        assert_eq!(
            onsets,
            [30 - LEAD_FRAMES, 110 - LEAD_FRAMES, 160 - LEAD_FRAMES]
        );
    }

    #[test]
    fn bars_enter_as_they_are_spoken_in_any_order() {
        let cues = cues("the Titanic lies far below the sunlit water while Everest would drown");
        let quick = (14, 3);
        assert_eq!(cues.moments(&["Moon", "Mars"], quick, 400), [14, 17]);
        let ordered = cues.moments(&["Sunlit", "Everest", "Challenger"], quick, 400);
        assert_eq!(ordered[..2], [60 - LEAD_FRAMES, 90 - LEAD_FRAMES]);
        assert!(ordered[2] > ordered[1]);
        let mixed = cues.moments(&["Everest", "Mars", "Titanic"], quick, 400);
        assert_eq!(mixed, [90 - LEAD_FRAMES, 17, 14]);
        assert_eq!(cues.said("Mars"), None);
    }

    #[test]
    fn unknown_parts_are_spread_in_order_and_leave_a_rest() {
        let onsets = Cues::none().onsets(&parts(&["a", "b", "c", "d", "e", "f"]), 12, 300);
        assert_eq!(onsets[0], 12);
        assert!(
            onsets.is_sorted() && *onsets.last().unwrap() <= 300 - REST_FRAMES,
            "{onsets:?}"
        );
        let short = Cues::none().onsets(&parts(&["a", "b", "c"]), 12, 20);
        assert_eq!(short, [12, 12, 12]);
    }
}
