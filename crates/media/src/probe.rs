//! What a media file holds, as ffprobe tells it, in types.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use ytempire_core::Cancel;

use crate::child::{self, Limits};
use crate::sniff::Kind;
use crate::tools::{Program, Tools};

/// Why a file could not be probed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// ffprobe could not run, or could make nothing of the file.
    #[error(transparent)]
    Child(#[from] child::Error),
    /// ffprobe's answer could not be read.
    #[error("ffprobe's answer about {} can't be read", path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// A media file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Its pictures.
    pub video: Vec<Video>,
    /// Its sounds.
    pub audio: Vec<Audio>,
    /// Length in seconds, where the file tells it.
    pub duration_s: Option<f64>,
    /// When the earliest stream starts.
    pub start_s: Option<f64>,
    /// Overall bits per second.
    pub bit_rate: Option<u64>,
    /// Its title.
    pub title: Option<String>,
    /// Its chapters: start in seconds and title.
    pub chapters: Vec<(f64, String)>,
}

/// A stream of pictures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// `h264`, `hevc`, `vp9`, …
    pub codec: String,
    /// `High`, `Main`, …
    pub profile: String,
    /// Pixels across, before rotation.
    pub width: u32,
    /// Pixels down, before rotation.
    pub height: u32,
    /// `yuv420p`, …
    pub pixels: String,
    /// `tv`, `pc`, or empty if untagged.
    pub range: String,
    /// Matrix, or empty if untagged.
    pub matrix: String,
    /// Transfer, or empty if untagged.
    pub transfer: String,
    /// Primaries, or empty if untagged.
    pub primaries: String,
    /// Whether its frames are whole pictures, not interlaced; `None` if untold.
    pub progressive: Option<bool>,
    /// Shape of a pixel, width to height.
    pub pixel_shape: (u32, u32),
    /// The lowest rate at which all time stamps can be shown exactly: frames and seconds.
    pub rate: (u32, u32),
    /// Frames over length: equal to `rate` if the rate is constant.
    pub average_rate: (u32, u32),
    /// Time of the first frame in seconds.
    pub start_s: Option<f64>,
    /// Length in seconds.
    pub duration_s: Option<f64>,
    /// Frames, where the container counts them.
    pub frames: Option<u64>,
    /// Bits per second.
    pub bit_rate: Option<u64>,
    /// How far the picture is to be turned for display, in degrees.
    pub rotation: i32,
}

/// A stream of sound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Audio {
    /// `aac`, `opus`, …
    pub codec: String,
    /// `LC`, …
    pub profile: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u32,
    /// Time of the first sample in seconds.
    pub start_s: Option<f64>,
    /// Length in seconds.
    pub duration_s: Option<f64>,
    /// Bits per second.
    pub bit_rate: Option<u64>,
}

/// Probes the file at `path`, read as `kind` and nothing else. ffprobe works in `folder`.
///
/// # Errors
/// See [`Error`].
pub fn probe(
    tools: &Tools,
    path: &Path,
    kind: Kind,
    folder: &Path,
    cancel: &Cancel,
) -> Result<Probe, Error> {
    let limits = Limits {
        wall: std::time::Duration::from_mins(1),
        cpu_s: 60,
        memory_bytes: 2 << 30,
        stdout_bytes: 4 << 20,
        ..Limits::default()
    };
    let spec = tools
        .spec(Program::Ffprobe, folder)?
        .args(["-v", "error", "-hide_banner", "-print_format", "json"])
        .args(["-show_format", "-show_streams", "-show_chapters"])
        .args(["-protocol_whitelist", "file,pipe", "-f", kind.demuxer()])
        .arg("-i")
        .arg(crate::ffmpeg::file(path))
        .read(path)
        .limits(limits)
        .piped_stdout();
    let answer = child::run(&spec, &[], cancel)?.stdout;
    let raw: raw::Answer = serde_json::from_slice(&answer).map_err(|source| Error::Garbled {
        path: path.to_owned(),
        source,
    })?;
    Ok(raw.into())
}

impl From<raw::Answer> for Probe {
    fn from(raw: raw::Answer) -> Self {
        let format = raw.format.unwrap_or_default();
        let mut probe = Self {
            duration_s: number(format.duration.as_ref()),
            start_s: number(format.start_time.as_ref()),
            bit_rate: number(format.bit_rate.as_ref()),
            title: format.tags.title,
            ..Self::default()
        };
        for stream in raw.streams {
            match stream.codec_type.as_str() {
                // A cover in a music file is no moving picture.
                "video" if stream.disposition.attached_pic == 0 => probe.video.push(stream.into()),
                "audio" => probe.audio.push(stream.into()),
                _ => {}
            }
        }
        probe.chapters = raw
            .chapters
            .into_iter()
            .filter_map(|chapter| Some((number(chapter.start_time.as_ref())?, chapter.tags.title?)))
            .collect();
        probe
    }
}

impl From<raw::Stream> for Video {
    fn from(raw: raw::Stream) -> Self {
        let rotation = raw.side_data_list.iter().find_map(|data| data.rotation);
        Self {
            progressive: raw
                .field_order
                .as_deref()
                .map(|order| order == "progressive"),
            pixel_shape: fraction(raw.sample_aspect_ratio.as_deref(), ':')
                .filter(|(width, height)| *width > 0 && *height > 0)
                .unwrap_or((1, 1)),
            rate: fraction(raw.r_frame_rate.as_deref(), '/').unwrap_or_default(),
            average_rate: fraction(raw.avg_frame_rate.as_deref(), '/').unwrap_or_default(),
            start_s: number(raw.start_time.as_ref()),
            duration_s: number(raw.duration.as_ref()),
            frames: number(raw.nb_frames.as_ref()),
            bit_rate: number(raw.bit_rate.as_ref()),
            rotation: rotation.map_or(0, |degrees| degrees.round() as i32),
            codec: raw.codec_name,
            profile: raw.profile,
            width: raw.width,
            height: raw.height,
            pixels: raw.pix_fmt,
            range: raw.color_range,
            matrix: raw.color_space,
            transfer: raw.color_transfer,
            primaries: raw.color_primaries,
        }
    }
}

impl From<raw::Stream> for Audio {
    fn from(raw: raw::Stream) -> Self {
        Self {
            sample_rate: number(raw.sample_rate.as_ref()).unwrap_or_default(),
            channels: raw.channels,
            start_s: number(raw.start_time.as_ref()),
            duration_s: number(raw.duration.as_ref()),
            bit_rate: number(raw.bit_rate.as_ref()),
            codec: raw.codec_name,
            profile: raw.profile,
        }
    }
}

fn number<T: std::str::FromStr>(text: Option<&String>) -> Option<T> {
    text?.parse().ok()
}

fn fraction(text: Option<&str>, mark: char) -> Option<(u32, u32)> {
    let (above, below) = text?.split_once(mark)?;
    Some((above.parse().ok()?, below.parse().ok()?))
}

/// ffprobe's own words.
mod raw {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(super) struct Answer {
        pub(super) format: Option<Format>,
        #[serde(default)]
        pub(super) streams: Vec<Stream>,
        #[serde(default)]
        pub(super) chapters: Vec<Chapter>,
    }

    #[derive(Default, Deserialize)]
    pub(super) struct Format {
        pub(super) duration: Option<String>,
        pub(super) start_time: Option<String>,
        pub(super) bit_rate: Option<String>,
        #[serde(default)]
        pub(super) tags: Tags,
    }

    #[derive(Default, Deserialize)]
    pub(super) struct Tags {
        pub(super) title: Option<String>,
    }

    #[derive(Deserialize)]
    pub(super) struct Chapter {
        pub(super) start_time: Option<String>,
        #[serde(default)]
        pub(super) tags: Tags,
    }

    #[derive(Default, Deserialize)]
    pub(super) struct Disposition {
        #[serde(default)]
        pub(super) attached_pic: u32,
    }

    #[derive(Deserialize)]
    pub(super) struct SideData {
        pub(super) rotation: Option<f64>,
    }

    #[derive(Default, Deserialize)]
    #[serde(default)]
    pub(super) struct Stream {
        pub(super) codec_type: String,
        pub(super) codec_name: String,
        pub(super) profile: String,
        pub(super) width: u32,
        pub(super) height: u32,
        pub(super) pix_fmt: String,
        pub(super) color_range: String,
        pub(super) color_space: String,
        pub(super) color_transfer: String,
        pub(super) color_primaries: String,
        pub(super) field_order: Option<String>,
        pub(super) sample_aspect_ratio: Option<String>,
        pub(super) r_frame_rate: Option<String>,
        pub(super) avg_frame_rate: Option<String>,
        pub(super) start_time: Option<String>,
        pub(super) duration: Option<String>,
        pub(super) nb_frames: Option<String>,
        pub(super) bit_rate: Option<String>,
        pub(super) sample_rate: Option<String>,
        pub(super) channels: u32,
        pub(super) disposition: Disposition,
        pub(super) side_data_list: Vec<SideData>,
    }
}
