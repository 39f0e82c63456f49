//! Good files come in right, hostile ones stay out with a reason.

mod clips;
mod hostile;
mod pictures;
mod sounds;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use studio::Canvas;
use ytempire_core::Cancel;

use super::*;
use crate::{child, ffmpeg};

const CANVAS: Canvas = Canvas {
    width: 320,
    height: 180,
    fps: 30,
};

/// A folder for users' files, another for the job, and the tools.
struct World {
    users: tempfile::TempDir,
    job: tempfile::TempDir,
    tools: Tools,
    cancel: Cancel,
}

impl World {
    fn new() -> Self {
        Self {
            users: tempfile::tempdir().unwrap(),
            job: tempfile::tempdir().unwrap(),
            tools: Tools::find(OsStr::new("/usr/bin")),
            cancel: Cancel::new(),
        }
    }

    fn ingest(&self) -> Ingest<'_> {
        Ingest::new(&self.tools, self.job.path(), &self.cancel)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.users.path().join(name)
    }

    /// Makes a user's file with ffmpeg from the generated source `source`.
    fn make(&self, source: &str, args: &[&str], name: &str) -> PathBuf {
        let path = self.path(name);
        let spec = ffmpeg::quiet(&self.tools, self.users.path()).unwrap();
        let spec = spec
            .args(["-f", "lavfi", "-i", source])
            .args(args)
            .arg(ffmpeg::file(&path));
        child::run(&spec, &[], &Cancel::new()).unwrap();
        path
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// No working copy may stay behind, whatever happened.
    fn assert_clean(&self) {
        assert_eq!(std::fs::read_dir(self.job.path()).unwrap().count(), 0);
    }
}
