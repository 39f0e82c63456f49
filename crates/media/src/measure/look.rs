//! Reads what ffmpeg's picture detectors found.

use std::fmt::Write as _;

use studio::Sketch;

use super::Span;

/// Stretches that the detectors found.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Looked {
    pub(super) black: Vec<Span>,
    pub(super) freeze: Vec<Span>,
}

/// Reads the metadata filter's output. A stretch that is still open at the end of the video
/// ends at `end_s`.
pub(super) fn read(text: &str, end_s: f64) -> Looked {
    Looked {
        black: spans(text, "lavfi.black_start=", "lavfi.black_end=", end_s),
        freeze: spans(
            text,
            "lavfi.freezedetect.freeze_start=",
            "lavfi.freezedetect.freeze_end=",
            end_s,
        ),
    }
}

fn spans(text: &str, start: &str, end: &str, end_s: f64) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut open: Option<f64> = None;
    for line in text.lines() {
        let number = |mark| {
            line.strip_prefix(mark)
                .and_then(|rest: &str| rest.parse().ok())
        };
        if let Some(start_s) = number(start) {
            open = Some(start_s);
        } else if let (Some(end_s), Some(start_s)) = (number(end), open) {
            spans.push(Span { start_s, end_s });
            open = None;
        }
    }
    spans.extend(open.map(|start_s| Span {
        start_s,
        end_s: end_s.max(start_s),
    }));
    spans
}

/// The filter that sketches the frames with these numbers; `None` if there are none.
pub(super) fn sketch_filter(frames: &[u64]) -> Option<String> {
    if frames.is_empty() {
        return None;
    }
    let mut wanted = String::new();
    for (index, frame) in frames.iter().enumerate() {
        let plus = if index == 0 { "" } else { "+" };
        let _infallible = write!(wanted, "{plus}eq(n,{frame})");
    }
    // The luma plane alone, and said to be of full range on both sides: grey would be stretched.
    let side = Sketch::SIDE;
    Some(format!(
        "select='{wanted}',extractplanes=y,scale={side}:{side}:flags=area:in_range=pc:out_range=pc"
    ))
}

/// Reads raw sketches, one after another.
pub(super) fn sketches(bytes: &[u8]) -> Vec<Sketch> {
    let (whole, _) = bytes.as_chunks::<{ Sketch::FIELDS }>();
    whole.iter().copied().map(Sketch::from_fields).collect()
}

/// The last frame count of ffmpeg's progress report.
pub(super) fn frames(text: &str) -> u64 {
    let mut counts = text.lines().filter_map(|line| line.strip_prefix("frame="));
    counts
        .next_back()
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_and_open_stretches_are_read() {
        let text = "frame:120  pts:61440   pts_time:4\nlavfi.black_start=4\nlavfi.black_end=6\n\
                    lavfi.freezedetect.freeze_start=4\nlavfi.freezedetect.freeze_duration=2\n\
                    lavfi.freezedetect.freeze_end=6\nlavfi.black_start=9.5\n";
        let looked = read(text, 10.0);
        let span = |start_s, end_s| Span { start_s, end_s };
        assert_eq!(looked.black, [span(4.0, 6.0), span(9.5, 10.0)]);
        assert_eq!(looked.freeze, [span(4.0, 6.0)]);
        assert_eq!(frames("frame=12\nfps=3\nframe= 301\nprogress=end\n"), 301);
    }
}
