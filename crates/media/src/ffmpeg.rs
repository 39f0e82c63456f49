//! What every run of ffmpeg has in common.

use std::ffi::OsString;
use std::path::Path;

use crate::child::{self, Spec};
use crate::tools::{Program, Tools};

/// A run of ffmpeg in `folder` that says only errors, asks nothing, overwrites its output,
/// knows no protocol but files and pipes, and decodes and filters on one thread: machines are
/// filled by running several jobs, not by spreading one.
pub(crate) fn quiet(tools: &Tools, folder: &Path) -> Result<Spec, child::Error> {
    Ok(tools
        .spec(Program::Ffmpeg, folder)?
        .args(["-nostdin", "-hide_banner", "-v", "error", "-nostats", "-y"])
        .args(["-filter_threads", "1", "-filter_complex_threads", "1"])
        .args(["-protocol_whitelist", "file,pipe", "-threads", "1"]))
}

/// `path` as ffmpeg wants it: absolute, for it works in another folder than we, and with a
/// prefix, so that no name is taken for a protocol or option.
pub(crate) fn file(path: &Path) -> OsString {
    let mut name = OsString::from("file:");
    // Only an empty path or an unknown current folder has no absolute form.
    name.push(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    name
}
