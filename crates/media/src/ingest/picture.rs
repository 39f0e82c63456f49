//! Stills.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use studio::{Canvas, Yuv420};

use super::frame::{Cover, MARGIN, cover};
use super::stage::Staged;
use super::{DECODERS, ENLARGEMENT_MAX, Error, Ingest, PIXELS_MAX, SIDE_MAX, blame, header};
use crate::child::{self, Limits, Spec};
use crate::ffmpeg;
use crate::sniff::Kind;

/// Rounds alike on every machine.
pub(super) const SCALER: &str = "flags=lanczos+accurate_rnd+full_chroma_int+bitexact";

/// A still that was let in.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its pixels, upright, at least as large as the canvas. What was transparent is white.
    pub pixels: Yuv420,
    /// Pixels across in the file, upright.
    pub width: u32,
    /// Pixels down in the file, upright.
    pub height: u32,
    /// How much it was scaled, times 1000; above 1000 it was enlarged to cover the canvas.
    pub scale_permille: u32,
    /// What it was.
    pub kind: Kind,
}

impl Ingest<'_> {
    /// Lets in the still at `path`, turned upright and scaled to cover `canvas` with some
    /// margin for motion.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn picture(&self, path: &Path, canvas: Canvas) -> Result<Picture, Error> {
        let staged = self.stage(path, "picture", Kind::is_picture)?;
        self.decode_picture(&staged, canvas)
    }

    /// Lets in a still from memory: what an image backend answered. `origin` is for messages.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn picture_bytes(
        &self,
        bytes: &[u8],
        origin: &Path,
        canvas: Canvas,
    ) -> Result<Picture, Error> {
        let kind = self.kind_of(bytes, origin, "picture", Kind::is_picture)?;
        self.decode_picture(&self.stage_bytes(bytes, origin, kind)?, canvas)
    }

    fn decode_picture(&self, staged: &Staged, canvas: Canvas) -> Result<Picture, Error> {
        let path = || staged.origin.clone();
        let damaged = |reason: &str| Error::Damaged {
            path: path(),
            reason: reason.to_owned(),
        };
        let header = File::open(&staged.path)
            .ok()
            .and_then(|file| header::read(&file, staged.kind))
            .filter(|header| header.width > 0 && header.height > 0)
            .ok_or_else(|| damaged("it has no header that tells its size"))?;
        check_size(staged, header.width, header.height)?;
        if header.animated {
            return Err(damaged("animated WebP can't be decoded; use GIF or video"));
        }
        let (width, height) = match header.orientation {
            5..=8 => (header.height, header.width),
            _ => (header.width, header.height),
        };
        let cover = cover(width, height, canvas, MARGIN);
        if f64::from(cover.scale_permille) > ENLARGEMENT_MAX * 1000.0 {
            return Err(Error::TooSmall {
                path: path(),
                width,
                height,
            });
        }
        let spec = self.picture_decoder(staged, header.orientation, cover)?;
        let done = child::run(&spec, &[], self.cancel).map_err(|e| blame(&staged.origin, e))?;
        // Decoders conceal damage and only mutter about it. TIFF's mutters about tags, too.
        let mutters = |line: &str| !line.contains("Unknown or unsupported tag");
        if done.stderr.lines().any(mutters) {
            return Err(damaged(&super::last_lines(&done.stderr)));
        }
        let pixels = Yuv420::from_bytes(cover.width, cover.height, done.stdout)
            .ok_or_else(|| damaged("it ends before its last row"))?;
        let scale_permille = cover.scale_permille;
        Ok(Picture {
            pixels,
            width,
            height,
            scale_permille,
            kind: staged.kind,
        })
    }

    /// The run that turns the working copy into one raw frame.
    fn picture_decoder(
        &self,
        staged: &Staged,
        orientation: u16,
        cover: Cover,
    ) -> Result<Spec, Error> {
        // Exploding, the TIFF decoder takes every tag it doesn't know for damage.
        let strictness = if staged.kind == Kind::Tiff {
            "crccheck"
        } else {
            "explode"
        };
        let size = u64::from(cover.width) * u64::from(cover.height) * 3 / 2;
        let fitted = format!(
            "{}crop={}:{},scale={}:{}:{SCALER}",
            turn(orientation),
            cover.crop_width,
            cover.crop_height,
            cover.width,
            cover.height,
        );
        let graph = if staged.kind == Kind::Jpeg {
            format!("[0:v]{fitted}:{TO_BT709}")
        } else {
            // Laid on white, as pages show what is transparent.
            format!(
                "[0:v]{fitted},format=rgba[top];color=white:s={}x{}:r=1,format=rgba[page];\
                 [page][top]overlay=format=gbrp:shortest=1,scale={SCALER}:{TO_BT709}",
                cover.width, cover.height
            )
        };
        Ok(ffmpeg::quiet(self.tools, self.folder)?
            .args(["-xerror", "-err_detect", strictness])
            .args(["-max_pixels", &PIXELS_MAX.to_string()])
            .args(["-codec_whitelist", DECODERS, "-noautorotate"])
            .args(["-f", staged.kind.demuxer(), "-i"])
            .arg(ffmpeg::file(&staged.path))
            .args(["-filter_complex", &graph, "-frames:v", "1"])
            .args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"])
            .limits(Limits {
                wall: Duration::from_mins(1),
                cpu_s: 60,
                memory_bytes: 2 << 30,
                stdout_bytes: size,
                ..Limits::default()
            })
            .piped_stdout())
    }
}

/// The end of every conversion to frames.
pub(super) const TO_BT709: &str = "out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p";

/// Refuses what would take too much memory to decode.
pub(super) fn check_size(staged: &Staged, width: u32, height: u32) -> Result<(), Error> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > PIXELS_MAX || width > SIDE_MAX || height > SIDE_MAX {
        let what = format!("{width}x{height} pixels, at most {PIXELS_MAX} and {SIDE_MAX} a side");
        return Err(Error::TooLarge {
            path: staged.origin.clone(),
            what,
        });
    }
    Ok(())
}

/// The filters that turn a picture of an EXIF orientation upright.
const fn turn(orientation: u16) -> &'static str {
    match orientation {
        2 => "hflip,",
        3 => "hflip,vflip,",
        4 => "vflip,",
        5 => "transpose=cclock_flip,",
        6 => "transpose=clock,",
        7 => "transpose=clock_flip,",
        8 => "transpose=cclock,",
        _ => "",
    }
}
