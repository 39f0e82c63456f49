//! Why an encoder on a GPU failed, told from what ffmpeg said.
//!
//! Exit codes don't tell: ffmpeg gives 1 for all of these, and some builds abort. The texts are those of
//! ffmpeg 5.1's `nvenc.c` and of the driver's error names, which newer ones have kept.

use super::Error;
use crate::child;

/// What was wrong with the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No driver, or one that is too old for this ffmpeg.
    Driver,
    /// No GPU that can do it, or the one that was there is gone.
    Device,
    /// A session could not be opened: too many are open, or memory is short. The driver says "out of
    /// memory (10)" of both.
    Session,
    /// Its memory is full.
    Memory,
    /// Something else, while a GPU encoded: it may be the GPU's doing.
    Unknown,
}

/// What is said, and what it means; the first that is found counts.
const SIGNS: [(&str, Fault); 19] = [
    ("openencodesessionex failed: out of memory", Fault::Session),
    (
        "openencodesessionex failed: incompatible client key",
        Fault::Session,
    ),
    ("cannot load libcuda", Fault::Driver),
    ("cannot load libnvidia-encode", Fault::Driver),
    ("cannot load nvencodeapi", Fault::Driver),
    (
        "driver does not support the required nvenc api",
        Fault::Driver,
    ),
    ("minimum required nvidia driver", Fault::Driver),
    ("no capable devices found", Fault::Device),
    ("no nvenc capable devices found", Fault::Device),
    ("unsupported device", Fault::Device),
    ("cuda_error_no_device", Fault::Device),
    ("no cuda-capable device", Fault::Device),
    ("invalid encode device", Fault::Device),
    ("device not exist", Fault::Device),
    ("cuda_error_out_of_memory", Fault::Memory),
    ("createbitstreambuffer failed", Fault::Memory),
    ("createinputbuffer failed", Fault::Memory),
    ("out of memory (10)", Fault::Memory),
    ("cuda_error_device_unavailable", Fault::Device),
];

impl Fault {
    /// What `error` of an encoder on a GPU says about the GPU; `None` where it is not to blame: the wish
    /// to stop, a full disk, a missing program, wrong frames.
    pub fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Child(error) => Self::of_child(error),
            Error::FrameSize { .. } | Error::NoFrames | Error::Output { .. } => None,
        }
    }

    /// The same of the child's own error.
    pub fn of_child(error: &child::Error) -> Option<Self> {
        match error {
            child::Error::Failed { tail, .. } | child::Error::OutOfMemory { tail, .. } => {
                Some(Self::said(tail))
            }
            // A GPU that hangs keeps its encoder waiting.
            child::Error::TimedOut { .. } => Some(Self::Unknown),
            child::Error::Missing { .. }
            | child::Error::Cancelled { .. }
            | child::Error::TooMuchOutput { .. }
            | child::Error::DiskFull { .. }
            | child::Error::Start { .. } => None,
        }
    }

    /// What a text of ffmpeg says.
    fn said(text: &str) -> Self {
        let text = text.to_lowercase();
        let found = SIGNS.iter().find(|(sign, _)| text.contains(sign));
        found.map_or(Self::Unknown, |(_, fault)| *fault)
    }

    /// In words, the same for each fault of a kind.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Driver => "the GPU's driver can't be used",
            Self::Device => "no GPU can encode",
            Self::Session => "the GPU opened no further session",
            Self::Memory => "the GPU's memory was full",
            Self::Unknown => "encoding on the GPU failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ffmpeg_says_of_a_gpu_is_understood() {
        for (said, fault) in [
            (
                "[h264_nvenc @ 0x55] Cannot load libcuda.so.1",
                Fault::Driver,
            ),
            (
                "[h264_nvenc @ 0x5] OpenEncodeSessionEx failed: out of memory (10): (no details)\n\
                 [h264_nvenc @ 0x5] No capable devices found",
                Fault::Session,
            ),
            (
                "OpenEncodeSessionEx failed: unsupported device (2): (no details)",
                Fault::Device,
            ),
            ("[h264_nvenc @ 0x5] No capable devices found", Fault::Device),
            (
                "CreateInputBuffer failed: out of memory (10)",
                Fault::Memory,
            ),
            (
                "cu->cuCtxCreate(&ctx->cu_context) failed -> CUDA_ERROR_OUT_OF_MEMORY: out of memory",
                Fault::Memory,
            ),
            (
                "Driver does not support the required nvenc API version. Required: 11.1 Found: 11.0",
                Fault::Driver,
            ),
            (
                "Error submitting video frame to the encoder",
                Fault::Unknown,
            ),
            ("", Fault::Unknown),
        ] {
            assert_eq!(Fault::said(said), fault, "{said}");
        }
    }

    #[test]
    fn what_is_not_the_gpus_doing_is_not_blamed_on_it() {
        let program = String::from("ffmpeg");
        let tail = String::from("No space left on device");
        let full = child::Error::DiskFull {
            program: program.clone(),
            tail,
        };
        assert_eq!(Fault::of_child(&full), None);
        assert_eq!(Fault::of_child(&child::Error::Cancelled { program }), None);
        assert_eq!(Fault::of(&Error::NoFrames), None);
    }
}
