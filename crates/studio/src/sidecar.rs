//! Captions as files beside the video: `SubRip` (`.srt`) and `WebVTT` (`.vtt`).
//!
//! Both are plain UTF-8 without a byte order mark and without styling: what every player and
//! YouTube read.

use std::fmt::Write;

use crate::caption::CaptionGroup;

/// A caption of the whole video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// Milliseconds from the video's start at which it appears.
    pub start_ms: u64,
    /// Milliseconds at which it is gone: after `start_ms`, not after the next cue's start.
    pub end_ms: u64,
    /// Its lines, top first; none of them empty.
    pub lines: Vec<String>,
}

/// Puts the groups of all scenes onto the video's clock.
///
/// Each scene comes with the milliseconds from the video's start to the start of its narration;
/// scenes stand in order. Where a group would reach into the next one it ends there, and a group
/// that has no time left of its own is dropped, so that cues never overlap.
pub fn cues<'g>(scenes: impl IntoIterator<Item = (u64, &'g [CaptionGroup])>) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    for (offset_ms, groups) in scenes {
        for group in groups {
            let lines: Vec<String> = (0..group.lines.len())
                .map(|line| one_line(&group.line_text(line)))
                .filter(|line| !line.is_empty())
                .collect();
            let start_ms = offset_ms + u64::from(group.start_ms);
            let end_ms = offset_ms + u64::from(group.end_ms);
            if lines.is_empty() || end_ms <= start_ms {
                continue;
            }
            while let Some(last) = cues.last_mut()
                && last.end_ms > start_ms
            {
                last.end_ms = start_ms;
                if last.start_ms < start_ms {
                    break;
                }
                cues.pop();
            }
            cues.push(Cue {
                start_ms,
                end_ms,
                lines,
            });
        }
    }
    cues
}

/// The captions as `SubRip`.
pub fn srt(cues: &[Cue]) -> String {
    let mut out = String::new();
    for (index, cue) in cues.iter().enumerate() {
        let (start, end) = (clock(cue.start_ms, ','), clock(cue.end_ms, ','));
        // SubRip has no escapes: an arrow inside a text would look like a time line.
        let text = cue.lines.join("\n").replace("-->", "→");
        // Writing to a string cannot fail.
        let _ = write!(out, "{}\n{start} --> {end}\n{text}\n\n", index + 1);
    }
    out
}

/// The captions as `WebVTT`.
///
/// Source of the escapes: `WebVTT`, W3C, section 4.2.2 (cue text).
pub fn vtt(cues: &[Cue]) -> String {
    let mut out = String::from("WEBVTT\n\n");
    for (index, cue) in cues.iter().enumerate() {
        let (start, end) = (clock(cue.start_ms, '.'), clock(cue.end_ms, '.'));
        let text = cue
            .lines
            .join("\n")
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let _ = write!(out, "{}\n{start} --> {end}\n{text}\n\n", index + 1);
    }
    out
}

/// `01:02:03,456`; hours take more digits when they need them.
fn clock(ms: u64, point: char) -> String {
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}")
}

/// A line without anything that would end it, nor control characters.
fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| {
            if c.is_control() || c == '\u{2028}' {
                ' '
            } else {
                c
            }
        })
        .collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::WordTime;

    fn group(start_ms: u32, end_ms: u32, lines: &[&str]) -> CaptionGroup {
        let words = |line: &str| {
            line.split(' ')
                .map(|w| WordTime {
                    text: w.to_owned(),
                    start_ms,
                    end_ms,
                })
                .collect()
        };
        CaptionGroup {
            lines: lines.iter().map(|line| words(line)).collect(),
            start_ms,
            end_ms,
        }
    }

    #[test]
    fn both_formats_are_numbered_timed_and_escaped() {
        let first = [group(0, 1500, &["Fish & <chips>", "--> here"])];
        let second = [group(20, 900, &["Später"])];
        let cues = cues([(40, &first[..]), (3_600_000, &second[..])]);
        assert_eq!(
            srt(&cues),
            "1\n00:00:00,040 --> 00:00:01,540\nFish & <chips>\n→ here\n\n\
             2\n01:00:00,020 --> 01:00:00,900\nSpäter\n\n"
        );
        assert_eq!(
            vtt(&cues),
            "WEBVTT\n\n1\n00:00:00.040 --> 00:00:01.540\nFish &amp; &lt;chips&gt;\n--&gt; here\n\n\
             2\n01:00:00.020 --> 01:00:00.900\nSpäter\n\n"
        );
    }

    #[test]
    fn a_long_video_has_long_hours() {
        assert_eq!(clock(360_000_007, ','), "100:00:00,007");
    }

    proptest! {
        #[test]
        fn cues_never_overlap(
            scenes in prop::collection::vec(
                (0_u64..5_000, prop::collection::vec((0_u32..9_000, 0_u32..3_000), 0..6)),
                0..5,
            ),
        ) {
            let mut offset = 0;
            let scenes: Vec<_> = scenes
                .into_iter()
                .map(|(step, times)| {
                    offset += step;
                    let mut starts: Vec<_> = times;
                    starts.sort_unstable();
                    let groups: Vec<_> =
                        starts.iter().map(|&(at, ms)| group(at, at + ms, &["w"])).collect();
                    (offset, groups)
                })
                .collect();
            let cues = cues(scenes.iter().map(|(at, groups)| (*at, groups.as_slice())));
            prop_assert!(cues.iter().all(|cue| cue.start_ms < cue.end_ms));
            prop_assert!(cues.windows(2).all(|pair| pair[0].end_ms <= pair[1].start_ms));
        }
    }
}
