//! Which encoders work here: a frame is encoded, and no label believed.

use std::path::Path;
use std::time::Duration;

use studio::{Canvas, Yuv420};
use ytempire_core::Cancel;
use ytempire_core::brief::Tier;

use super::{Codec, Encoder, Error, Settings};
use crate::child;
use crate::tools::Tools;

/// How long a frame may take. A driver that must wake its GPUs needs seconds.
const PROBE_MAX: Duration = Duration::from_secs(20);

/// NVENC refuses very small pictures.
const CANVAS: Canvas = Canvas {
    width: 320,
    height: 240,
    fps: 30,
};

/// Whether a codec works here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The codec.
    pub codec: Codec,
    /// Why it doesn't work; `None` if it does.
    pub trouble: Option<String>,
}

/// Encodes one frame in `folder`.
///
/// # Errors
/// Why it can't; [`Fault::of`](super::Fault::of) tells what that means for a GPU.
pub fn probe(tools: &Tools, codec: Codec, folder: &Path, cancel: &Cancel) -> Result<(), Error> {
    let path = folder.join(format!("probe-{}.mp4", codec.name()));
    let settings = Settings {
        codec,
        ..Settings::of(Tier::Simple)
    };
    let one = || {
        let asked = (&settings, CANVAS);
        let mut encoder = Encoder::start_within(PROBE_MAX, tools, asked, &path, cancel)?;
        encoder.frame(&Yuv420::black(CANVAS.width, CANVAS.height))?;
        encoder.finish()
    };
    let done = one().map(drop);
    // It may not exist if it didn't work.
    let _gone = std::fs::remove_file(&path);
    done
}

/// Encodes one frame with each of `codecs` in `folder` and tells which of them work.
///
/// What ffmpeg lists it may still be unable to run.
///
/// # Errors
/// Only [`Error::Child`] with `Missing` or `Cancelled`; other failures are the answer.
pub fn probe_encoders(
    tools: &Tools,
    codecs: &[Codec],
    folder: &Path,
    cancel: &Cancel,
) -> Result<Vec<Probed>, Error> {
    let mut probed = Vec::new();
    for &codec in codecs {
        let trouble = match probe(tools, codec, folder, cancel) {
            Ok(()) => None,
            Err(Error::Child(
                error @ (child::Error::Missing { .. } | child::Error::Cancelled { .. }),
            )) => return Err(error.into()),
            Err(error) => Some(error.to_string()),
        };
        probed.push(Probed { codec, trouble });
    }
    Ok(probed)
}
