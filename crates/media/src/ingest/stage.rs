//! Opening a suspect path, and the working copy.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};

use super::{Error, Ingest};
use crate::sniff::{HEAD_BYTES, Kind, looks_like};

/// Largest file that is let in: 8 GiB, an hour of good 4K.
const BYTES_MAX: u64 = 8 << 30;
/// Bytes copied between two looks at the wish to stop.
const CHUNK_BYTES: u64 = 64 << 20;

/// A working copy that goes away with its owner.
#[derive(Debug)]
pub(super) struct Staged {
    /// Where the copy is.
    pub(super) path: PathBuf,
    /// Where it came from, for messages.
    pub(super) origin: PathBuf,
    pub(super) kind: Kind,
}

impl Drop for Staged {
    fn drop(&mut self) {
        // The job folder goes away as a whole.
        let _left = fs::remove_file(&self.path);
    }
}

impl Ingest<'_> {
    /// Opens a plain, readable file of a kind that is let in.
    pub(super) fn open(&self, path: &Path) -> Result<(File, Kind), Error> {
        let unreadable = |source| Error::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut file = self.open_plain(path)?;
        let size = file.metadata().map_err(unreadable)?.len();
        if size > BYTES_MAX {
            let what = format!("{size} bytes, at most {BYTES_MAX}");
            return Err(Error::TooLarge {
                path: path.to_owned(),
                what,
            });
        }
        let mut head = Vec::new();
        (&mut file)
            .take(HEAD_BYTES as u64)
            .read_to_end(&mut head)
            .map_err(unreadable)?;
        io::Seek::rewind(&mut file).map_err(unreadable)?;
        let kind = Kind::sniff(&head).ok_or_else(|| Error::UnknownKind {
            path: path.to_owned(),
            looks: looks_like(&head),
        })?;
        Ok((file, kind))
    }

    /// Opens `path` only after seeing that it is a file: opening a pipe would block and opening
    /// a device may do things.
    fn open_plain(&self, path: &Path) -> Result<File, Error> {
        let unreadable = |source: io::Error| Error::Unreadable {
            path: path.to_owned(),
            source,
        };
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let place = match self.root {
            None => openat(CWD, path, flags, Mode::empty()),
            Some(root) => File::open(root).map_err(unreadable).map(|root| {
                let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
                openat2(root, path, flags, Mode::empty(), beneath)
            })?,
        }
        .map_err(|errno| match errno {
            rustix::io::Errno::LOOP => Error::NotAFile {
                path: path.to_owned(),
                what: "a symbolic link",
            },
            other => unreadable(other.into()),
        })?;
        let place = File::from(place);
        let kind = place.metadata().map_err(unreadable)?.file_type();
        let what = match kind {
            _ if kind.is_file() => {
                // The same file again, now for reading.
                return File::open(format!("/proc/self/fd/{}", place.as_raw_fd()))
                    .map_err(unreadable);
            }
            _ if kind.is_symlink() => "a symbolic link",
            _ if kind.is_dir() => "a folder",
            _ if kind.is_fifo() => "a pipe",
            _ if kind.is_socket() => "a socket",
            _ => "a device",
        };
        Err(Error::NotAFile {
            path: path.to_owned(),
            what,
        })
    }

    /// Copies the file at `path` into the job's folder if `wanted` accepts its kind.
    pub(super) fn stage(
        &self,
        path: &Path,
        wanted: &'static str,
        accepts: impl Fn(Kind) -> bool,
    ) -> Result<Staged, Error> {
        let (mut file, kind) = self.open(path)?;
        if !accepts(kind) {
            return Err(Error::WrongKind {
                path: path.to_owned(),
                found: kind,
                wanted,
            });
        }
        let (mut copy, staged) = self.working_copy(path, kind)?;
        let failed = |source| Error::Copy {
            path: path.to_owned(),
            source,
        };
        loop {
            self.check_cancelled()?;
            // `io::copy` lets the kernel share or move the bytes where it can.
            let moved = io::copy(&mut (&mut file).take(CHUNK_BYTES), &mut copy).map_err(failed)?;
            if moved == 0 {
                return Ok(staged);
            }
        }
    }

    /// Writes `bytes`, which came from `origin`, as a working copy.
    pub(super) fn stage_bytes(
        &self,
        bytes: &[u8],
        origin: &Path,
        kind: Kind,
    ) -> Result<Staged, Error> {
        let (mut copy, staged) = self.working_copy(origin, kind)?;
        io::Write::write_all(&mut copy, bytes).map_err(|source| Error::Copy {
            path: origin.to_owned(),
            source,
        })?;
        Ok(staged)
    }

    fn working_copy(&self, origin: &Path, kind: Kind) -> Result<(File, Staged), Error> {
        let mut number = 0_u32;
        loop {
            let path = self.folder.join(format!("input-{number}"));
            match OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
            {
                Ok(file) => {
                    return Ok((
                        file,
                        Staged {
                            path,
                            origin: origin.to_owned(),
                            kind,
                        },
                    ));
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(source) => {
                    return Err(Error::Copy {
                        path: origin.to_owned(),
                        source,
                    });
                }
            }
        }
    }

    pub(super) fn check_cancelled(&self) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            let program = "the copy".to_owned();
            return Err(crate::child::Error::Cancelled { program }.into());
        }
        Ok(())
    }
}
