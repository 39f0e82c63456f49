//! What a finished file is, by ffprobe, ffmpeg and its own bytes: nothing of ours measures here.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A file, looked at from outside.
#[derive(Debug)]
pub(super) struct Looked {
    /// ffprobe's report: streams, format, chapters, with counted frames.
    pub(super) probe: Value,
    /// Integrated loudness by EBU R 128, in LUFS.
    pub(super) lufs: f64,
    /// True peak in dBTP.
    pub(super) peak: f64,
    /// The boxes at the top of the file, in order.
    pub(super) boxes: Vec<String>,
    /// Whether the index holds an edit list.
    pub(super) edit_list: bool,
}

fn output(program: &str, arguments: &[&str], file: &Path) -> (String, String) {
    let mut command = Command::new(program);
    let at = arguments.iter().position(|argument| *argument == "FILE");
    let (before, after) = arguments.split_at(at.unwrap());
    let output = command
        .args(before)
        .arg(file)
        .args(&after[1..])
        .output()
        .unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

impl Looked {
    pub(super) fn at(file: &Path) -> Self {
        let all = [
            "-v",
            "error",
            "-of",
            "json",
            "-count_frames",
            "-show_streams",
            "-show_format",
            "-show_chapters",
            "FILE",
        ];
        let (probe, errors) = output("ffprobe", &all, file);
        assert_eq!(errors, "", "{}", file.display());
        let sound = [
            "-nostdin",
            "-hide_banner",
            "-i",
            "FILE",
            "-map",
            "0:a",
            "-af",
            "ebur128=peak=true",
            "-f",
            "null",
            "-",
        ];
        let (_, heard) = output("ffmpeg", &sound, file);
        let summary = heard.rsplit_once("Summary:").unwrap().1;
        let number = |name: &str| {
            let rest = summary.split_once(name).unwrap().1;
            rest.split_whitespace().next().unwrap().parse().unwrap()
        };
        let bytes = fs::read(file).unwrap();
        let (boxes, index) = boxes(&bytes);
        Self {
            probe: serde_json::from_str(&probe).unwrap(),
            lufs: number("I:"),
            peak: number("Peak:"),
            boxes,
            edit_list: index.windows(4).any(|window| window == b"elst"),
        }
    }

    /// Width and height of a picture.
    pub(super) fn picture(file: &Path) -> (u64, u64) {
        let all = ["-v", "error", "-of", "json", "-show_streams", "FILE"];
        let probe: Value = serde_json::from_str(&output("ffprobe", &all, file).0).unwrap();
        let stream = &probe["streams"][0];
        assert_eq!(stream["codec_name"], "mjpeg");
        (
            stream["width"].as_u64().unwrap(),
            stream["height"].as_u64().unwrap(),
        )
    }

    /// The only stream of a kind.
    #[track_caller]
    pub(super) fn stream(&self, kind: &str) -> &Value {
        let streams = self.probe["streams"].as_array().unwrap();
        let mut found = streams.iter().filter(|stream| stream["codec_type"] == kind);
        let one = found
            .next()
            .unwrap_or_else(|| panic!("no {kind}: {self:#?}"));
        assert!(found.next().is_none(), "several {kind} streams: {self:#?}");
        one
    }

    /// The file's length in seconds.
    pub(super) fn seconds(&self) -> f64 {
        seconds(&self.probe["format"]["duration"])
    }

    /// What every finished video is, whatever its shape.
    #[track_caller]
    pub(super) fn is_a_good_upload(&self, width: u32, height: u32) {
        let (video, audio) = (self.stream("video"), self.stream("audio"));
        for (key, wanted) in [
            ("codec_name", Value::from("h264")),
            ("profile", "High".into()),
            ("pix_fmt", "yuv420p".into()),
            ("width", width.into()),
            ("height", height.into()),
            ("r_frame_rate", "30/1".into()),
            ("avg_frame_rate", "30/1".into()),
            ("color_space", "bt709".into()),
            ("color_transfer", "bt709".into()),
            ("color_primaries", "bt709".into()),
            ("start_time", "0.000000".into()),
        ] {
            assert_eq!(video[key], wanted, "{key} of {video:#}");
        }
        for (key, wanted) in [
            ("codec_name", "aac"),
            ("profile", "LC"),
            ("sample_rate", "48000"),
            ("channel_layout", "stereo"),
        ] {
            assert_eq!(audio[key], wanted, "{key} of {audio:#}");
        }
        let frames: f64 = video["nb_read_frames"].as_str().unwrap().parse().unwrap();
        let (pictures, sound) = (seconds(&video["duration"]), seconds(&audio["duration"]));
        assert!(
            (pictures - frames / 30.0).abs() < 0.002,
            "{pictures} s, {frames} frames"
        );
        assert!(
            (pictures - sound).abs() <= 0.035,
            "pictures {pictures} s, sound {sound} s"
        );
        assert!((self.lufs + 14.0).abs() <= 1.0, "{} LUFS", self.lufs);
        assert!(self.peak <= -1.0, "{} dBTP", self.peak);
        let at = |name| self.boxes.iter().position(|b| b == name);
        assert!(
            at("moov").unwrap() < at("mdat").unwrap(),
            "{:?}",
            self.boxes
        );
        assert!(!self.edit_list);
    }
}

pub(super) fn seconds(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

/// The names of the boxes at the top of an MP4 file, and what the index holds.
fn boxes(bytes: &[u8]) -> (Vec<String>, &[u8]) {
    let (mut names, mut index, mut at) = (Vec::new(), &[][..], 0);
    while at + 8 <= bytes.len() {
        let short = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let name = String::from_utf8_lossy(&bytes[at + 4..at + 8]).into_owned();
        let size = match short {
            0 => bytes.len() - at,
            1 => u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap()) as usize,
            n => n,
        };
        if name == "moov" {
            index = &bytes[at..at + size];
        }
        names.push(name);
        at += size;
    }
    assert_eq!(at, bytes.len(), "the last box ends with the file");
    (names, index)
}

/// Words of a caption file, lower case, without marks.
pub(super) fn caption_words(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let shown = text
        .lines()
        .filter(|line| !line.contains(" --> ") && !line.starts_with("WEBVTT"))
        .filter(|line| line.parse::<u32>().is_err());
    shown.flat_map(words).collect()
}

/// The words of a line, lower case, without marks.
pub(super) fn words(line: &str) -> Vec<String> {
    line.split_whitespace()
        .map(|word| {
            word.chars()
                .filter(|c| c.is_alphanumeric())
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase())
        .collect()
}

/// The times of a caption file's cues, in seconds.
pub(super) fn cue_times(file: &Path) -> Vec<(f64, f64)> {
    let clock = |text: &str| {
        let parts = text.trim().replace(',', ".");
        parts
            .split(':')
            .fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
    };
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(" --> "));
    lines.map(|(from, to)| (clock(from), clock(to))).collect()
}
