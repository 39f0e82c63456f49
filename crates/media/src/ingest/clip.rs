//! Moving pictures.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use studio::{Canvas, Yuv420};

use super::frame::cover;
use super::picture::{TO_BT709, check_size};
use super::stage::Staged;
use super::{DECODERS, ENLARGEMENT_MAX, Error, Ingest, PIXELS_MAX, blame, last_lines};
use crate::child::{self, Limits, Running};
use crate::sniff::Kind;
use crate::{boxes, ffmpeg, probe};

/// A clip being decoded: canvas-sized frames at the canvas's rate.
#[derive(Debug)]
pub struct Clip {
    running: Option<Running>,
    staged: Staged,
    last: Yuv420,
    got: u64,
    /// Pixels across in the file, upright.
    pub width: u32,
    /// Pixels down in the file, upright.
    pub height: u32,
    /// How much it was scaled, times 1000.
    pub scale_permille: u32,
    /// Its own length in seconds, where it tells.
    pub duration_s: Option<f64>,
}

impl Ingest<'_> {
    /// Lets in the clip at `path` and starts decoding it: `frames` frames, from its beginning,
    /// looped if it is shorter. Its sound is left out.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn clip(&self, path: &Path, canvas: Canvas, frames: u32) -> Result<Clip, Error> {
        let staged = self.stage(path, "clip", Kind::is_clip)?;
        let damaged = |reason: String| Error::Damaged {
            path: staged.origin.clone(),
            reason,
        };
        if staged.kind == Kind::Mp4 {
            // A file that was cut off decodes well up to the cut; its boxes know.
            boxes::layout(&staged.path).map_err(|e| damaged(e.to_string()))?;
        }
        let seen = probe::probe(
            self.tools,
            &staged.path,
            staged.kind,
            self.folder,
            self.cancel,
        )
        .map_err(|error| match error {
            probe::Error::Child(error) => blame(&staged.origin, error),
            garbled @ probe::Error::Garbled { .. } => damaged(garbled.to_string()),
        })?;
        let video = seen
            .video
            .first()
            .ok_or_else(|| damaged("it has no pictures".into()))?;
        check_size(&staged, video.width, video.height)?;
        let (width, height) = upright(video);
        if width == 0 || height == 0 {
            return Err(damaged("its pictures have no size".into()));
        }
        let cover = cover(width, height, canvas, 1.0);
        if f64::from(cover.scale_permille) > ENLARGEMENT_MAX * 1000.0 {
            return Err(Error::TooSmall {
                path: staged.origin.clone(),
                width,
                height,
            });
        }
        let scaled = [(width, cover.width), (height, cover.height)]
            .map(|(side, least)| even(side, cover.scale_permille).max(least));
        if u64::from(scaled[0]) * u64::from(scaled[1]) > PIXELS_MAX {
            return Err(Error::TooSmall {
                path: staged.origin.clone(),
                width,
                height,
            });
        }
        let graph = format!(
            "{}fps={},scale={}:{}:flags=bicubic+accurate_rnd+bitexact:{TO_BT709},crop={}:{}",
            if video.progressive == Some(false) {
                "yadif,"
            } else {
                ""
            },
            canvas.fps,
            scaled[0],
            scaled[1],
            canvas.width,
            canvas.height,
        );
        let running = self.start_clip(&staged, &graph, frames)?;
        Ok(Clip {
            running: Some(running),
            staged,
            last: Yuv420::black(canvas.width, canvas.height),
            got: 0,
            width,
            height,
            scale_permille: cover.scale_permille,
            duration_s: seen.duration_s,
        })
    }

    fn start_clip(&self, staged: &Staged, graph: &str, frames: u32) -> Result<Running, Error> {
        let hours = Duration::from_hours(6);
        let spec = ffmpeg::quiet(self.tools, self.folder)?
            .args([
                "-max_pixels",
                &PIXELS_MAX.to_string(),
                "-codec_whitelist",
                DECODERS,
            ])
            .args(["-stream_loop", "-1", "-f", staged.kind.demuxer(), "-i"])
            .arg(ffmpeg::file(&staged.path))
            .args(["-map", "0:v:0", "-an", "-vf", graph])
            .args(["-frames:v", &frames.to_string(), "-fps_mode", "passthrough"])
            .args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"])
            .limits(Limits {
                wall: hours,
                cpu_s: hours.as_secs(),
                ..Limits::default()
            })
            .piped_stdout();
        let running = child::start(&spec, self.cancel)?;
        if let Some(pipe) = &running.stdout {
            // A smaller pipe is slower, not wrong.
            let _size = rustix::pipe::fcntl_setpipe_size(pipe, 1 << 20);
        }
        Ok(running)
    }
}

impl Clip {
    /// The next frame. When the clip has no more, its last frame stays.
    ///
    /// # Errors
    /// [`Error::Damaged`] if not one frame could be decoded or the decoder failed,
    /// [`Error::Child`] if it was stopped.
    pub fn next_frame(&mut self) -> Result<&Yuv420, Error> {
        let Some(running) = &mut self.running else {
            return Ok(&self.last);
        };
        let read = match &mut running.stdout {
            Some(pipe) => pipe.read_exact(self.last.bytes_mut()),
            None => Err(std::io::ErrorKind::UnexpectedEof.into()),
        };
        if read.is_ok() {
            self.got += 1;
        } else if let Some(running) = self.running.take() {
            let done = running
                .finish()
                .map_err(|e| blame(&self.staged.origin, e))?;
            if self.got == 0 {
                let path = self.staged.origin.clone();
                return Err(Error::Damaged {
                    path,
                    reason: last_lines(&done.stderr),
                });
            }
        }
        Ok(&self.last)
    }

    /// Frames decoded so far.
    pub const fn frames(&self) -> u64 {
        self.got
    }
}

/// Size as shown: pixels made square, then turned.
fn upright(video: &probe::Video) -> (u32, u32) {
    let (across, down) = video.pixel_shape;
    let wide = u64::from(video.width) * u64::from(across) / u64::from(down.max(1));
    let width = u32::try_from(wide).unwrap_or(u32::MAX);
    if video.rotation % 180 == 0 {
        (width, video.height)
    } else {
        (video.height, width)
    }
}

fn even(length: u32, scale_permille: u32) -> u32 {
    (f64::from(length) * f64::from(scale_permille) / 2000.0).ceil() as u32 * 2
}
