//! What encodes.

use serde::Deserialize;
use worker::{EncoderChoice, Encoders};

/// What encodes the frames of videos whose script this node writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Use {
    /// x264: the same bytes on any machine.
    #[default]
    #[serde(rename = "libx264")]
    X264,
    /// NVENC where a node of the line has it, else x264.
    #[serde(rename = "auto")]
    Auto,
    /// NVENC, and x264 only in its place.
    #[serde(rename = "h264_nvenc")]
    Nvenc,
}

/// The table `[encoder]`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EncoderTable {
    /// `libx264`, `auto` or `h264_nvenc`. Since 0.2. Default: `libx264`.
    #[serde(default, rename = "use")]
    pub(crate) choice: Option<Use>,
}

impl EncoderTable {
    /// The encoders as it has them.
    pub(crate) fn encoders(self) -> Encoders {
        let choice = match self.choice.unwrap_or_default() {
            Use::X264 => EncoderChoice::X264,
            Use::Auto => EncoderChoice::Auto,
            Use::Nvenc => EncoderChoice::Nvenc,
        };
        Encoders::new(choice, None)
    }
}
