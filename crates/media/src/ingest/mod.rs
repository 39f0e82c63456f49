//! Lets users' files in: pictures, clips and sound, every one of them suspect.
//!
//! A file is known by its bytes, never by its name. It is copied under a name of ours into the
//! job's folder, its size and pixels are checked from its own header before anything decodes
//! it, and the decoder runs sandboxed with a forced format, a list of allowed codecs and a cap
//! on pixels. Links, pipes and devices are not followed or opened.
//!
//! An animated GIF is both a picture (its first frame) and a clip. An animated WebP is refused:
//! ffmpeg 5 can't decode it. High dynamic range is not tone-mapped.

mod clip;
mod frame;
mod header;
mod picture;
mod sound;
mod stage;

use std::path::{Path, PathBuf};

use ytempire_core::{ArtifactId, Cancel};

use crate::sniff::Kind;
use crate::tools::Tools;
use crate::{artifact, child};

pub use clip::Clip;
pub use picture::Picture;
pub use sound::RawSound;

/// Most pixels of a picture or a clip's frame: 40 million, about 7,300 × 5,500. A decoder needs
/// 4 to 8 bytes for each.
pub const PIXELS_MAX: u64 = 40_000_000;
/// Longest side: above it, decoders' line buffers grow and real pictures are rare.
pub const SIDE_MAX: u32 = 20_000;
/// How far a picture may be blown up to cover the canvas: beyond, only blur is left.
pub const ENLARGEMENT_MAX: f64 = 4.0;
/// How much of a sound is let in, in seconds: half an hour, twice the longest narration. The
/// rest is left out: music is often longer than the video, and stereo takes 23 MB a minute.
pub const SOUND_S_MAX: u32 = 1800;

/// Decoders that may run. Everything else that ffmpeg knows stays out of reach.
const DECODERS: &str = "mjpeg,png,webp,gif,bmp,tiff,h264,hevc,mpeg4,mpeg2video,vp8,vp9,libdav1d,\
                        av1,prores,dnxhd,ffv1,aac,mp3,mp3float,mp2,mp2float,opus,libopus,vorbis,\
                        libvorbis,flac,alac,ac3,eac3,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,\
                        pcm_s24be,pcm_s32le,pcm_f32le,pcm_f64le,pcm_mulaw,pcm_alaw";

/// Why a file was not let in. The path is shown with its odd characters escaped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is a link, folder, pipe, socket or device.
    #[error("{path:?} is {what}, not a file")]
    NotAFile {
        /// Where it was looked for.
        path: PathBuf,
        /// What it is instead.
        what: &'static str,
    },
    /// It is not there or may not be read.
    #[error("{path:?} can't be read")]
    Unreadable {
        /// Where it was looked for.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// Its first bytes are of no kind that is let in.
    #[error("{path:?} is {looks}, not a picture, clip or sound")]
    UnknownKind {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        looks: &'static str,
    },
    /// It is of a kind that can't be used for this.
    #[error("{path:?} holds {found:?} data, which is no {wanted}")]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What its bytes say.
        found: Kind,
        /// What was asked for: picture, clip or sound.
        wanted: &'static str,
    },
    /// It has too many bytes, pixels or seconds.
    #[error("{path:?} is too large: {what}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What there is too much of.
        what: String,
    },
    /// It has too few pixels for the canvas.
    #[error("{path:?} is too small: {width}x{height} pixels would be blown up beyond use")]
    TooSmall {
        /// The file.
        path: PathBuf,
        /// Its pixels across.
        width: u32,
        /// Its pixels down.
        height: u32,
    },
    /// It is truncated, damaged, or has a codec that is not let in.
    #[error("{path:?} is damaged or not supported: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The decoder's last words.
        reason: String,
    },
    /// Our copy of it could not be written.
    #[error("a working copy of {path:?} can't be written")]
    Copy {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The decoder could not run, was stopped, or took too long.
    #[error(transparent)]
    Child(#[from] child::Error),
}

/// A door for files: the job's folder for working copies, and how to stop.
#[derive(Clone, Copy, Debug)]
pub struct Ingest<'a> {
    tools: &'a Tools,
    folder: &'a Path,
    root: Option<&'a Path>,
    cancel: &'a Cancel,
}

impl<'a> Ingest<'a> {
    /// A door into `folder`, which must be writable and the job's own.
    pub const fn new(tools: &'a Tools, folder: &'a Path, cancel: &'a Cancel) -> Self {
        Self {
            tools,
            folder,
            root: None,
            cancel,
        }
    }

    /// Resolves paths below `root` only: absolute paths, `..` out of it and links anywhere on
    /// the way are refused.
    #[must_use]
    pub const fn beneath(mut self, root: &'a Path) -> Self {
        self.root = Some(root);
        self
    }

    /// What the file at `path` is, without decoding it.
    ///
    /// # Errors
    /// [`Error::NotAFile`], [`Error::Unreadable`], [`Error::UnknownKind`], [`Error::TooLarge`].
    pub fn kind(&self, path: &Path) -> Result<Kind, Error> {
        self.open(path).map(|(_, kind)| kind)
    }

    /// What the file at `path` is, and the name that its bytes have as an artifact.
    ///
    /// # Errors
    /// As [`Ingest::kind`]; [`Error::Child`] never.
    pub fn identify(&self, path: &Path) -> Result<(Kind, ArtifactId), Error> {
        let (file, kind) = self.open(path)?;
        let id = artifact::name_of_all(file).map_err(|source| Error::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Ok((kind, id))
    }
}

/// A decoder's failure is the file's fault; anything else is told as it is.
fn blame(path: &Path, error: child::Error) -> Error {
    match error {
        child::Error::Failed { tail, .. } => Error::Damaged {
            path: path.to_owned(),
            reason: last_lines(&tail),
        },
        // It asked for more than any such file needs, and was refused. Where the kernel killed it, it
        // said nothing.
        child::Error::OutOfMemory { tail, .. } if !tail.is_empty() => Error::Damaged {
            path: path.to_owned(),
            reason: last_lines(&tail),
        },
        other => other.into(),
    }
}

/// The end of a decoder's messages without our own file names.
fn last_lines(tail: &str) -> String {
    let lines: Vec<&str> = tail
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = lines.len().saturating_sub(3);
    let mut words = lines[last..].join("; ");
    // `[png @ 0x55c0252c8940]`: addresses differ from run to run.
    while let Some(at) = words.find(" @ 0x") {
        let end = words[at..]
            .find(']')
            .map_or(words.len(), |length| at + length);
        words.replace_range(at..end, "");
    }
    words
}

#[cfg(test)]
mod tests;
