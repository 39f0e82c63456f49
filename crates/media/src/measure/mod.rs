//! What a finished file really is: decoded once, measured, judged by others.
//!
//! Pictures go through ffmpeg's black and freeze detectors at 320 pixels across; sound comes to
//! us as samples, so that loudness, peaks, clipping and silence are measured on every one of
//! them. About 4 ms of CPU per 1080p frame, nearly all of it the decoder's.

mod listen;
mod look;
mod onset;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use studio::Sketch;
use ytempire_core::Cancel;

use crate::child::{self, Limits, Running};
use crate::probe::{self, Probe};
use crate::sniff::Kind;
use crate::tools::Tools;
use crate::{boxes, ffmpeg};

use listen::Listener;
pub use onset::onsets;

/// Lines of the decoder's complaints that are kept.
const ERRORS_MAX: usize = 20;
/// Where ffmpeg leaves its findings, in the job's folder.
const LOOKED: &str = "measure-pictures.txt";
/// Where ffmpeg counts.
const COUNTED: &str = "measure-progress.txt";
/// Where ffmpeg leaves sketches of the frames that are asked for.
const SKETCHED: &str = "measure-sketches.gray";

/// Why a file could not be measured. A file that is merely bad is measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// ffmpeg or ffprobe could not run, or could make nothing of the file.
    #[error(transparent)]
    Child(#[from] child::Error),
    /// It could not be probed.
    #[error(transparent)]
    Probe(#[from] probe::Error),
    /// It can't be read, or is no MP4 file.
    #[error("{} can't be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
}

/// From where on something counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Black is told from this length on, in seconds.
    pub black_s: f64,
    /// A standing picture is told from this length on, in seconds.
    pub freeze_s: f64,
    /// Silence is told from this length on, in seconds.
    pub silence_s: f64,
    /// Silence is what stays below this peak, in dBFS.
    pub silence_dbfs: f64,
}

impl Default for Thresholds {
    /// Half of what a check would reject, so that the judge sees near misses too.
    fn default() -> Self {
        Self {
            black_s: 0.25,
            freeze_s: 1.0,
            silence_s: 0.25,
            silence_dbfs: -50.0,
        }
    }
}

/// What to measure, and how.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// From where on something counts.
    pub thresholds: Thresholds,
    /// Frames to sketch, counted from 0, in ascending order.
    pub sketch_frames: &'a [u64],
    /// Threads that decode.
    pub threads: u32,
}

/// Mean difference of two pictures, in decibels of full scale, below which nothing moves. A
/// picture that is stuck differs by nothing at all; the filter's own -60 dB also calls a slowly
/// drifting backdrop or a word that lights up in a caption a standing picture.
const STILL_DB: i32 = -90;

/// A stretch of time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Its beginning.
    pub start_s: f64,
    /// Its end.
    pub end_s: f64,
}

impl Span {
    /// Its length in seconds.
    pub fn length_s(self) -> f64 {
        self.end_s - self.start_s
    }
}

/// Everything that validation asks about a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurements {
    /// Its size.
    pub bytes: u64,
    /// What ffprobe tells: streams, lengths, rates, tags.
    pub probe: Probe,
    /// How its boxes lie.
    pub layout: boxes::Layout,
    /// Frames that came out of the decoder.
    pub frames: u64,
    /// What the decoder complained of: at most 20 lines. Empty is good.
    pub decode_errors: Vec<String>,
    /// Stretches of black.
    pub black: Vec<Span>,
    /// Stretches of a standing picture.
    pub freeze: Vec<Span>,
    /// Sketches of the frames that were asked for; fewer if it has fewer frames.
    pub sketches: Vec<Sketch>,
    /// Its sound; `None` if it has none.
    pub sound: Option<Heard>,
    /// CPU time that measuring took.
    pub cpu: Duration,
    /// Whether the decoder ran sandboxed.
    pub sandboxed: bool,
}

/// What the sound is like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Its length in seconds: decoded frames at 48 kHz.
    pub length_s: f64,
    /// Integrated loudness after EBU R 128 in LUFS; `None` if all is silence.
    pub loudness_lufs: Option<f64>,
    /// True peak in dBTP, oversampled; `None` if all is silence.
    pub true_peak_dbtp: Option<f64>,
    /// Samples at or beyond full scale.
    pub clipped_samples: u64,
    /// Stretches of silence.
    pub silence: Vec<Span>,
    /// When sound sets in after a pause, in milliseconds. Of a mix with music, its own onsets
    /// are among them: see [`onsets`].
    pub onsets_ms: Vec<u32>,
}

/// Measures the MP4 file at `path`. ffmpeg works in `folder`, which must be writable.
///
/// # Errors
/// See [`Error`].
pub fn measure(
    tools: &Tools,
    path: &Path,
    task: &Task<'_>,
    folder: &Path,
    cancel: &Cancel,
) -> Result<Measurements, Error> {
    let unread = |source| Error::File {
        path: path.to_owned(),
        source,
    };
    let bytes = std::fs::metadata(path).map_err(unread)?.len();
    let layout = boxes::layout(path).map_err(unread)?;
    let probe = probe::probe(tools, path, Kind::Mp4, folder, cancel)?;
    let has = [!probe.video.is_empty(), !probe.audio.is_empty()];
    let mut running = decode(tools, path, task, folder, has, cancel)?;
    let mut listener = Listener::new(&task.thresholds);
    hear(&mut running, &mut listener);
    let done = running.finish()?;
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    let end_s = probe
        .video
        .first()
        .and_then(|v| v.duration_s)
        .or(probe.duration_s)
        .unwrap_or(0.0);
    let looked = look::read(&read(LOOKED), end_s);
    let frames = look::frames(&read(COUNTED));
    let sketches = look::sketches(&std::fs::read(folder.join(SKETCHED)).unwrap_or_default());
    for name in [LOOKED, COUNTED, SKETCHED] {
        // The job folder goes away as a whole.
        let _left = std::fs::remove_file(folder.join(name));
    }
    Ok(Measurements {
        bytes,
        layout,
        frames: if has[0] { frames } else { 0 },
        decode_errors: done
            .stderr
            .lines()
            .take(ERRORS_MAX)
            .map(str::to_owned)
            .collect(),
        black: looked.black,
        freeze: looked.freeze,
        sketches,
        sound: has[1].then(|| listener.finish()),
        probe,
        cpu: done.cpu,
        sandboxed: done.sandboxed,
    })
}

/// Starts the one decoding pass.
fn decode(
    tools: &Tools,
    path: &Path,
    task: &Task<'_>,
    folder: &Path,
    [pictures, sound]: [bool; 2],
    cancel: &Cancel,
) -> Result<Running, Error> {
    let hours = Duration::from_hours(3);
    let mut spec = ffmpeg::quiet(tools, folder)?
        .args([
            "-threads",
            &task.threads.to_string(),
            "-f",
            Kind::Mp4.demuxer(),
            "-i",
        ])
        .arg(ffmpeg::file(path))
        .args(["-progress", &format!("file:{COUNTED}")])
        .read(path)
        .limits(Limits {
            wall: hours,
            cpu_s: 4 * hours.as_secs(),
            ..Limits::default()
        })
        .piped_stdout();
    if pictures {
        let detect = format!(
            "scale=320:-2:flags=neighbor,blackdetect=d={}:pix_th=0.1,\
             freezedetect=n={STILL_DB}dB:d={},metadata=print:file={LOOKED}",
            task.thresholds.black_s, task.thresholds.freeze_s
        );
        let sketch = look::sketch_filter(task.sketch_frames);
        let graph = match &sketch {
            None => format!("[0:v:0]{detect}[seen]"),
            Some(sketch) => {
                format!("[0:v:0]split[all][some];[all]{detect}[seen];[some]{sketch}[sketched]")
            }
        };
        spec = spec
            .args(["-filter_complex", &graph, "-map", "[seen]"])
            .args(["-fps_mode", "passthrough", "-f", "null", "-"]);
        if sketch.is_some() {
            spec = spec
                .args(["-map", "[sketched]", "-fps_mode", "passthrough"])
                .args(["-f", "rawvideo", &format!("file:{SKETCHED}")]);
        }
    }
    if sound {
        spec = spec
            .args(["-map", "0:a:0", "-ac", "2", "-ar", "48000"])
            .args(["-f", "f32le", "-c:a", "pcm_f32le", "pipe:1"]);
    }
    Ok(child::start(&spec, cancel)?)
}

/// Feeds all samples to `listener`. A read error is an end: the exit code tells more.
fn hear(running: &mut Running, listener: &mut Listener) {
    let Some(mut pipe) = running.stdout.take() else {
        return;
    };
    let mut bytes = vec![0; 1 << 16];
    let mut filled = 0;
    while let Ok(length @ 1..) = pipe.read(&mut bytes[filled..]) {
        filled += length;
        // Whole stereo frames only; the rest waits for its other bytes.
        let whole = filled - filled % 8;
        listener.take(&bytes[..whole]);
        bytes.copy_within(whole..filled, 0);
        filled -= whole;
    }
}

#[cfg(test)]
mod tests;
