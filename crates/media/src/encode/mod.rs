//! Frames in, a video file out: raw pictures through a pipe into ffmpeg.
//!
//! The pipe costs a copy of each frame and buys that an encoder's crash or hunger for memory
//! stays in another process. The same frames with the same settings and the same ffmpeg give
//! the same bytes.

mod fault;
mod probe;
mod settings;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use studio::{Canvas, Yuv420};
use ytempire_core::Cancel;

use crate::child::{self, Limits, Running};
use crate::ffmpeg;
use crate::tools::Tools;

pub use fault::Fault;
pub use probe::{Probed, probe, probe_encoders};
pub(crate) use settings::timescale;
pub use settings::{Codec, Preset, Settings};

/// What the kernel lets an unprivileged process ask for (`/proc/sys/fs/pipe-max-size`). A
/// third of a 1080p frame: fewer switches between us and the encoder.
const PIPE_BYTES: usize = 1 << 20;

/// Why frames could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The encoder could not run or failed.
    #[error(transparent)]
    Child(#[from] child::Error),
    /// A frame has another size than the canvas.
    #[error("a frame has {got:?} pixels instead of {wanted:?}")]
    FrameSize {
        /// Width and height of the canvas.
        wanted: (u32, u32),
        /// Width and height of the frame.
        got: (u32, u32),
    },
    /// Not one frame was given.
    #[error("there are no frames to encode")]
    NoFrames,
    /// The path has no folder, or the finished file is not there.
    #[error("{} can't be written or read", path.display())]
    Output {
        /// The path.
        path: PathBuf,
    },
}

/// A finished encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Frames.
    pub frames: u64,
    /// The encoder's CPU time.
    pub cpu: Duration,
    /// Size of the file.
    pub bytes: u64,
    /// Whether the encoder ran sandboxed.
    pub sandboxed: bool,
}

/// An encoder waiting for frames. Dropping it kills it; the unfinished file stays.
#[derive(Debug)]
pub struct Encoder {
    running: Running,
    canvas: Canvas,
    path: PathBuf,
    frames: u64,
}

impl Encoder {
    /// Starts an encoder that writes an MP4 file to `path`. Its folder is the only one that the
    /// encoder may write to, so it should be the job's own.
    ///
    /// # Errors
    /// [`Error::Child`], [`Error::Output`].
    pub fn start(
        tools: &Tools,
        settings: &Settings,
        canvas: Canvas,
        path: &Path,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let wall = Duration::from_secs(ENCODE_MAX_S);
        Self::start_within(wall, tools, (settings, canvas), path, cancel)
    }

    /// The same with a limit on its time.
    fn start_within(
        wall: Duration,
        tools: &Tools,
        (settings, canvas): (&Settings, Canvas),
        path: &Path,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let no_place = || Error::Output {
            path: path.to_owned(),
        };
        let folder = path
            .parent()
            .filter(|folder| folder.is_dir())
            .ok_or_else(no_place)?;
        let mut spec = ffmpeg::quiet(tools, folder)?
            .args(arguments(settings, canvas, "pipe:0".into()))
            .arg(ffmpeg::file(path))
            .piped_stdin()
            .limits(limits(wall, settings.codec));
        if settings.codec.on_gpu() {
            spec = spec.gpu();
        }
        let running = child::start(&spec, cancel)?;
        if let Some(pipe) = &running.stdin {
            // A smaller pipe is slower, not wrong.
            let _size = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES);
        }
        Ok(Self {
            running,
            canvas,
            path: path.to_owned(),
            frames: 0,
        })
    }

    /// Encodes one frame. Blocks while the encoder is behind.
    ///
    /// # Errors
    /// [`Error::FrameSize`]; [`Error::Child`] if the encoder died or was stopped: then no
    /// further frame can be given.
    pub fn frame(&mut self, frame: &Yuv420) -> Result<(), Error> {
        let (wanted, got) = (
            (self.canvas.width, self.canvas.height),
            (frame.width(), frame.height()),
        );
        if wanted != got {
            return Err(Error::FrameSize { wanted, got });
        }
        let written = match &mut self.running.stdin {
            Some(pipe) => pipe.write_all(frame.bytes()),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        if written.is_err() {
            // The encoder closed its end: its exit code and last words say why.
            return Err(self.running.post_mortem().into());
        }
        self.frames += 1;
        Ok(())
    }

    /// Frames given so far.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// Ends the video and waits for the file.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn finish(self) -> Result<Encoded, Error> {
        let Self {
            running,
            path,
            frames,
            ..
        } = self;
        if frames == 0 {
            return Err(Error::NoFrames);
        }
        let done = running.finish()?;
        let bytes = std::fs::metadata(&path)
            .map_err(|_| Error::Output { path })?
            .len();
        Ok(Encoded {
            frames,
            cpu: done.cpu,
            bytes,
            sandboxed: done.sandboxed,
        })
    }
}

/// ffmpeg's arguments that encode the raw frames of `input`; the output file comes after them.
pub fn arguments(settings: &Settings, canvas: Canvas, input: OsString) -> Vec<OsString> {
    let size = format!("{}x{}", canvas.width, canvas.height);
    let rate = canvas.fps.to_string();
    let mut args = Vec::new();
    let mut add = |more: &[&str]| args.extend(more.iter().map(OsString::from));
    add(&["-f", "rawvideo", "-pix_fmt", "yuv420p"]);
    add(&["-s", &size, "-r", &rate]);
    add(&COLOUR);
    add(&["-i"]);
    args.push(input);
    let mut add = |more: &[&str]| args.extend(more.iter().map(OsString::from));
    add(&["-an", "-map_metadata", "-1"]);
    for arg in settings.args(canvas) {
        add(&[&arg]);
    }
    add(&COLOUR);
    add(&["-fflags", "+bitexact", "-flags:v", "+bitexact"]);
    // B frames come with negative offsets instead of an edit list: platforms want none, and
    // joined segments then start at zero.
    add(&[
        "-movflags",
        "+negative_cts_offsets",
        "-use_editlist",
        "0",
        "-f",
        "mp4",
    ]);
    args
}

/// BT.709, limited range, said of input and output alike: untagged pictures are taken for
/// BT.601 and shift their colours.
const COLOUR: [&str; 8] = [
    "-color_range",
    "tv",
    "-color_primaries",
    "bt709",
    "-color_trc",
    "bt709",
    "-colorspace",
    "bt709",
];

/// Frames may come slowly; who waits for a stuck encoder has a lease and a `Cancel`.
const ENCODE_MAX_S: u64 = 6 * 3600;

/// Address space of an encoder on a GPU: CUDA reserves as much as the machine and its GPUs have memory,
/// and touches little of it.
const GPU_SPACE_BYTES: u64 = 1 << 44;

fn limits(wall: Duration, codec: Codec) -> Limits {
    let usual = Limits::default();
    Limits {
        wall,
        cpu_s: 8 * wall.as_secs(),
        memory_bytes: if codec.on_gpu() {
            GPU_SPACE_BYTES
        } else {
            usual.memory_bytes
        },
        ..usual
    }
}

#[cfg(test)]
mod tests;
