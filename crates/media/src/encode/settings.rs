//! How frames are compressed.

use std::hash::Hash;

use serde::{Deserialize, Serialize};
use studio::Canvas;
use ytempire_core::brief::Tier;

/// A way to compress video that ffmpeg may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// H.264 on the CPU: the default, and always there.
    #[default]
    X264,
    /// H.264 on an NVIDIA GPU.
    H264Nvenc,
    /// HEVC on an NVIDIA GPU.
    HevcNvenc,
    /// AV1 on an NVIDIA GPU.
    Av1Nvenc,
    /// AV1 on the CPU.
    SvtAv1,
}

impl Codec {
    /// Every codec that may be probed for.
    pub const ALL: [Self; 5] = [
        Self::X264,
        Self::H264Nvenc,
        Self::HevcNvenc,
        Self::Av1Nvenc,
        Self::SvtAv1,
    ];

    /// ffmpeg's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X264 => "libx264",
            Self::H264Nvenc => "h264_nvenc",
            Self::HevcNvenc => "hevc_nvenc",
            Self::Av1Nvenc => "av1_nvenc",
            Self::SvtAv1 => "libsvtav1",
        }
    }

    /// Whether it takes a session of a GPU.
    pub const fn on_gpu(self) -> bool {
        matches!(self, Self::H264Nvenc | Self::HevcNvenc | Self::Av1Nvenc)
    }
}

/// How much CPU x264 spends to save bits. Presets of the GPU and AV1 encoders are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// For previews.
    Ultrafast,
    /// The default. With CRF 20 it has a better SSIM than `medium` with CRF 23 at 29 % of its
    /// CPU (measured on 450 frames), and stays within the 8 Mbit/s that platforms ask for.
    Superfast,
    /// A little more.
    Veryfast,
    /// About three times the CPU of the default.
    Fast,
    /// x264's own default.
    Medium,
}

impl Preset {
    /// x264's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ultrafast => "ultrafast",
            Self::Superfast => "superfast",
            Self::Veryfast => "veryfast",
            Self::Fast => "fast",
            Self::Medium => "medium",
        }
    }
}

/// How frames are compressed. Part of a segment's cache key: all of it decides the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Settings {
    /// With what.
    pub codec: Codec,
    /// How hard x264 tries.
    pub preset: Preset,
    /// Constant rate factor; lower is better and larger. 0 to 51, sensible from 16 to 28.
    pub crf: u8,
    /// Peak bit rate in kbit/s.
    pub rate_kbps_max: u32,
    /// The decoder buffer within which the peak is kept, in kbit.
    pub buffer_kbit: u32,
    /// Fewest frames between key frames.
    pub key_frames_min: u32,
    /// Most frames between key frames.
    pub key_frames_max: u32,
    /// Encoder threads. With more than one the peak rate is not kept: x264's threads race for
    /// it and give other bytes at each run (seen with x264 0.164: four runs, four files). Their
    /// number changes the bytes, so it is a setting, not a count of the machine's cores; cores
    /// are filled by encoding several segments.
    pub threads: u32,
}

impl Settings {
    /// What a tier spends on the picture.
    ///
    /// 12 Mbit/s is what platforms ask for at 1080p and 60 frames per second, so 30 frames per
    /// second stay below it even at their peaks of two seconds. Closed groups of half
    /// a second to two seconds seek well and can be cut at any segment.
    pub const fn of(tier: Tier) -> Self {
        let (preset, crf) = match tier {
            Tier::Simple | Tier::Complex => (Preset::Superfast, 20),
            Tier::Premium => (Preset::Fast, 18),
        };
        Self {
            codec: Codec::X264,
            preset,
            crf,
            rate_kbps_max: 12_000,
            buffer_kbit: 24_000,
            key_frames_min: 15,
            key_frames_max: 60,
            threads: 1,
        }
    }

    /// ffmpeg's arguments between input and output file.
    pub(super) fn args(&self, canvas: Canvas) -> Vec<String> {
        let mut args: Vec<String> = vec!["-c:v".into(), self.codec.name().into()];
        let mut add = |pairs: &[(&str, String)]| {
            for (name, value) in pairs {
                args.extend([(*name).to_owned(), value.clone()]);
            }
        };
        match self.codec {
            Codec::X264 => add(&[
                ("-preset", self.preset.name().into()),
                ("-crf", self.crf.to_string()),
                ("-profile:v", "high".into()),
                ("-bf", "2".into()),
                ("-keyint_min", self.key_frames_min.to_string()),
                ("-flags", "+cgop".into()),
                ("-threads", self.threads.to_string()),
            ]),
            Codec::H264Nvenc | Codec::HevcNvenc | Codec::Av1Nvenc => {
                add(&[
                    ("-preset", "p4".into()),
                    ("-rc", "vbr".into()),
                    ("-cq", self.crf.to_string()),
                    ("-bf", "2".into()),
                ]);
                if self.codec == Codec::H264Nvenc {
                    // Every key frame can be begun at: segments are cut and joined there.
                    add(&[("-profile:v", "high".into()), ("-forced-idr", "1".into())]);
                }
            }
            Codec::SvtAv1 => add(&[("-preset", "12".into()), ("-crf", "35".into())]),
        }
        let races = self.codec == Codec::X264 && self.threads > 1;
        if self.codec != Codec::SvtAv1 && !races {
            add(&[
                ("-maxrate", format!("{}k", self.rate_kbps_max)),
                ("-bufsize", format!("{}k", self.buffer_kbit)),
            ]);
        }
        add(&[
            ("-g", self.key_frames_max.to_string()),
            ("-video_track_timescale", timescale(canvas).to_string()),
        ]);
        args
    }
}

/// Ticks per second of video tracks: a whole number of ticks per frame.
pub(crate) const fn timescale(canvas: Canvas) -> u32 {
    canvas.fps * 512
}
