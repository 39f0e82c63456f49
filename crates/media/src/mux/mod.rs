//! Segments and sound become one file that platforms take as it is.
//!
//! Pictures are copied, never encoded again. Nothing needs an edit list: B frames carry negative
//! offsets, and the 1024 samples by which AAC comes late are cut from the sound's start, so that
//! sample n of the input is heard at n / 48,000 s.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use studio::Canvas;
use ytempire_core::Cancel;

use crate::child::{self, Limits, Spec};
use crate::probe;
use crate::sniff::Kind;
use crate::tools::Tools;
use crate::{encode, ffmpeg};

/// Samples that ffmpeg's AAC encoder puts before the first one it is given.
const PRIMING: u64 = 1024;
/// Samples per second.
const RATE: u64 = 48_000;

/// Why segments could not be joined.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// ffmpeg could not run or failed.
    #[error(transparent)]
    Child(#[from] child::Error),
    /// There is nothing to join.
    #[error("there are no segments to join")]
    NoSegments,
    /// The result lacks frames: a segment is missing, damaged or of other settings. ffmpeg
    /// alone would call that a success.
    #[error("the joined video has {found} frames instead of {wanted}")]
    Incomplete {
        /// Frames of all segments.
        wanted: u64,
        /// Frames of the result.
        found: u64,
    },
    /// The result could not be probed.
    #[error(transparent)]
    Probe(#[from] probe::Error),
    /// A helper file could not be written, or the result is not there.
    #[error("{} can't be written or read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
}

/// A piece of video as [`crate::encode`] makes it. All of a file have the same settings.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The file.
    pub path: PathBuf,
    /// Its frames.
    pub frames: u64,
}

/// A mark to jump to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Where it begins, in milliseconds. The next one or the end of the video ends it.
    pub start_ms: u64,
    /// Its name.
    pub title: String,
}

/// What to join.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Size and speed of the pictures.
    pub canvas: Canvas,
    /// The pictures, in order.
    pub segments: Vec<Segment>,
    /// The sound: a WAV file, 48 kHz stereo. Cut or filled with silence to the pictures' length.
    pub sound: PathBuf,
    /// Bits per second of the sound, in thousands: 192 is clear, 384 what platforms recommend.
    pub sound_kbps: u32,
    /// Title in the file's metadata.
    pub title: String,
    /// Marks, in order. Players make a third, invisible track of them.
    pub chapters: Vec<Chapter>,
}

/// A finished file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Muxed {
    /// Its frames.
    pub frames: u64,
    /// Its size.
    pub bytes: u64,
    /// ffmpeg's CPU time.
    pub cpu: Duration,
    /// Whether ffmpeg ran sandboxed.
    pub sandboxed: bool,
}

/// Joins `plan` into an MP4 file at `path`, in whose folder helper files are written too.
///
/// # Errors
/// See [`Error`].
pub fn mux(tools: &Tools, plan: &Plan, path: &Path, cancel: &Cancel) -> Result<Muxed, Error> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let frames: u64 = plan.segments.iter().map(|segment| segment.frames).sum();
    if frames == 0 {
        return Err(Error::NoSegments);
    }
    let fps = u64::from(plan.canvas.fps);
    let links = plan
        .segments
        .iter()
        .enumerate()
        .map(|(n, segment)| Helper::link(folder, &link_name(n), &segment.path))
        .collect::<Result<Vec<_>, _>>()?;
    let list = Helper::write(folder, "mux-segments.txt", &segment_list(plan))?;
    let marks = Helper::write(
        folder,
        "mux-marks.txt",
        &metadata(plan, frames * 1000 / fps),
    )?;
    let spec = join(tools, plan, [&list.0, &marks.0], path)?;
    let done = child::run(&spec, &[], cancel)?;
    drop(links);
    let seen = probe::probe(tools, path, Kind::Mp4, folder, cancel)?;
    let found = seen
        .video
        .first()
        .and_then(|video| video.frames)
        .unwrap_or(0);
    if found != frames {
        return Err(Error::Incomplete {
            wanted: frames,
            found,
        });
    }
    let metadata = fs::metadata(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(Muxed {
        frames,
        bytes: metadata.len(),
        cpu: done.cpu,
        sandboxed: done.sandboxed,
    })
}

/// The run that joins `plan`, listed in `list` and marked in `marks`.
fn join(tools: &Tools, plan: &Plan, helpers: [&Path; 2], path: &Path) -> Result<Spec, Error> {
    let [list, marks] = helpers;
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let frames: u64 = plan.segments.iter().map(|segment| segment.frames).sum();
    let samples = frames * RATE / u64::from(plan.canvas.fps);
    let mut spec = ffmpeg::quiet(tools, folder)?
        .args(["-f", "concat", "-safe", "1", "-i"])
        .arg(ffmpeg::file(list))
        .args(["-f", "wav", "-i"])
        .arg(ffmpeg::file(&plan.sound))
        .args(["-f", "ffmetadata", "-i"])
        .arg(ffmpeg::file(marks))
        .args([
            "-map",
            "0:v:0",
            "-map",
            "1:a:0",
            "-map_metadata",
            "2",
            "-map_chapters",
            "2",
        ])
        .args(["-c:v", "copy", "-c:a", "aac", "-ac", "2", "-ar", "48000"])
        .args(["-b:a", &format!("{}k", plan.sound_kbps)])
        // The first sample keeps its time of 1024, from which the encoder takes 1024 away.
        .args([
            "-af",
            &format!("apad=whole_len={samples},atrim=start_sample={PRIMING}:end_sample={samples}"),
        ])
        .args(["-fflags", "+bitexact", "-flags:a", "+bitexact"])
        .args([
            "-video_track_timescale",
            &encode::timescale(plan.canvas).to_string(),
        ])
        .args([
            "-movflags",
            "+faststart+negative_cts_offsets",
            "-use_editlist",
            "0",
        ])
        .args(["-f", "mp4"])
        .arg(ffmpeg::file(path))
        .read(&plan.sound)
        .limits(Limits {
            wall: Duration::from_hours(1),
            file_bytes: 64 << 30,
            open_files: 256,
            ..Limits::default()
        });
    for segment in &plan.segments {
        spec = spec.read(&segment.path);
    }
    Ok(spec)
}

/// The name under which the list knows segment `n`: a link, because the list has no way to
/// write a name with a line break.
fn link_name(n: usize) -> String {
    format!("mux-segment-{n}.mp4")
}

/// The list for ffmpeg's concat demuxer. Lengths are in whole microseconds; each is the
/// difference of two rounded sums, so that rounding never adds up over many segments.
fn segment_list(plan: &Plan) -> String {
    let fps = u64::from(plan.canvas.fps);
    let micros = |frames: u64| (frames * 1_000_000 + fps / 2) / fps;
    let mut list = String::from("ffconcat version 1.0\n");
    let mut before = 0;
    for (n, segment) in plan.segments.iter().enumerate() {
        let after = before + segment.frames;
        let length = micros(after) - micros(before);
        // Writing to a String can't fail.
        let _ok = writeln!(
            list,
            "file {}\nduration {}.{:06}",
            link_name(n),
            length / 1_000_000,
            length % 1_000_000
        );
        before = after;
    }
    list
}

/// Title and chapters in ffmpeg's own format.
fn metadata(plan: &Plan, end_ms: u64) -> String {
    let mut text = format!(";FFMETADATA1\ntitle={}\n", escape(&plan.title));
    let starts = plan.chapters.iter().skip(1).map(|chapter| chapter.start_ms);
    let ends = starts.chain([end_ms]);
    for (chapter, end) in plan.chapters.iter().zip(ends) {
        let _ok = writeln!(
            text,
            "[CHAPTER]\nTIMEBASE=1/1000\nSTART={}\nEND={end}\ntitle={}",
            chapter.start_ms,
            escape(&chapter.title)
        );
    }
    text
}

/// Line breaks become blanks; what has a meaning in the format gets a backslash.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| *c != '\0') {
        if matches!(c, '=' | ';' | '#' | '\\') {
            escaped.push('\\');
        }
        escaped.push(if c.is_control() { ' ' } else { c });
    }
    escaped
}

/// A file beside the result that goes away with us.
struct Helper(PathBuf);

impl Helper {
    fn link(folder: &Path, name: &str, target: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File {
            path: target.to_owned(),
            source,
        };
        let target = target.canonicalize().map_err(failed)?;
        let path = folder.join(name);
        // One may be left over from a run that was killed.
        let _gone = fs::remove_file(&path);
        std::os::unix::fs::symlink(target, &path).map_err(|source| Error::File {
            path: path.clone(),
            source,
        })?;
        Ok(Self(path))
    }

    fn write(folder: &Path, name: &str, text: &str) -> Result<Self, Error> {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|source| Error::File {
            path: path.clone(),
            source,
        })?;
        Ok(Self(path))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // The job folder goes away as a whole.
        let _left = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests;
