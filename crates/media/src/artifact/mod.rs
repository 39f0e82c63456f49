//! The artifact folder: files named by the SHA-256 of what they hold.
//!
//! A file is written under a temporary name, synced, renamed, and its folder synced: once `put`
//! returns, the artifact survives a power cut; before, nobody can see it. Putting the same bytes
//! twice, from two processes at once or over a damaged copy, leaves one good file. The time of
//! last use is the file's modification time, set by the kernel's clock.

mod keep;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use ytempire_core::{ArtifactId, Cancel, CrashPlan, Plant};

pub use keep::{Pruned, Scrubbed, Total};

/// Bytes moved at a time; also how often a wish to stop is looked at.
const CHUNK_BYTES: usize = 1 << 20;
/// Where files are written before they have their name.
const UNFINISHED: &str = "tmp";

/// Why the artifact folder can't do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No space is left.
    #[error("no space is left for {}", path.display())]
    DiskFull {
        /// What was to be written.
        path: PathBuf,
    },
    /// The folder or file can't be written.
    #[error("{} can't be written", path.display())]
    Unwritable {
        /// What was to be written.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Something can't be read.
    #[error("{} can't be read", path.display())]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A file doesn't hold what its name promises.
    #[error("artifact {0} is damaged")]
    Damaged(ArtifactId),
    /// The id is not a SHA-256 in lower-case hexadecimal.
    #[error("{0:?} is not the name of an artifact")]
    BadName(String),
    /// The caller's wish to stop was obeyed.
    #[error("stopped on request")]
    Cancelled,
}

/// How the folder is used.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Passes `artifact.before_rename` and `artifact.after_rename`.
    pub crash: CrashPlan,
}

/// What a `put` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The name of the bytes.
    pub id: ArtifactId,
    /// How many there are.
    pub bytes: u64,
    /// Whether the folder held them before.
    pub known: bool,
}

/// An artifact folder. Cheap to make; any number of processes may share one.
#[derive(Debug)]
pub struct Artifacts {
    root: PathBuf,
    options: Options,
    /// Numbers this process's temporary files.
    next: AtomicU64,
}

impl Artifacts {
    /// The folder at `root`, made if it isn't there.
    ///
    /// # Errors
    /// [`Error::Unwritable`], [`Error::DiskFull`].
    pub fn open(root: &Path, options: Options) -> Result<Self, Error> {
        let unfinished = root.join(UNFINISHED);
        fs::create_dir_all(&unfinished).map_err(|source| refused(&unfinished, source))?;
        Ok(Self {
            root: root.to_owned(),
            options,
            next: AtomicU64::new(0),
        })
    }

    /// Stores `bytes`.
    ///
    /// # Errors
    /// [`Error::Unwritable`], [`Error::DiskFull`].
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<Stored, Error> {
        self.put_reader(bytes, &self.root, &Cancel::new())
    }

    /// Stores a copy of the file at `path`.
    ///
    /// # Errors
    /// All but [`Error::Damaged`] and [`Error::BadName`].
    pub fn put_file(&self, path: &Path, cancel: &Cancel) -> Result<Stored, Error> {
        let file = File::open(path).map_err(|source| unread(path, source))?;
        self.put_reader(file, path, cancel)
    }

    /// The file of an artifact, its time of last use renewed; `None` if it isn't here. Its
    /// contents are not checked: see [`Artifacts::read`] and [`Artifacts::verify`].
    ///
    /// # Errors
    /// [`Error::BadName`].
    pub fn path(&self, id: &ArtifactId) -> Result<Option<PathBuf>, Error> {
        let path = self.place(id)?;
        Ok(touch(&path).is_ok().then_some(path))
    }

    /// The size of an artifact in bytes; `None` if it isn't here.
    ///
    /// # Errors
    /// [`Error::BadName`].
    pub fn size(&self, id: &ArtifactId) -> Result<Option<u64>, Error> {
        Ok(fs::metadata(self.place(id)?)
            .ok()
            .map(|metadata| metadata.len()))
    }

    /// The bytes of an artifact, checked against its name; `None` if it isn't here.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Unreadable`], [`Error::BadName`].
    pub fn read(&self, id: &ArtifactId) -> Result<Option<Vec<u8>>, Error> {
        let Some(path) = self.path(id)? else {
            return Ok(None);
        };
        let bytes = fs::read(&path).map_err(|source| unread(&path, source))?;
        if name_of(&Sha256::digest(&bytes)) != *id {
            return Err(Error::Damaged(id.clone()));
        }
        Ok(Some(bytes))
    }

    /// Reads an artifact through and compares it with its name; `None` if it isn't here.
    ///
    /// # Errors
    /// [`Error::Unreadable`], [`Error::BadName`], [`Error::Cancelled`].
    pub fn verify(&self, id: &ArtifactId, cancel: &Cancel) -> Result<Option<bool>, Error> {
        let path = self.place(id)?;
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(unread(&path, source)),
        };
        let (found, _bytes) = copy(file, &mut io::sink(), (&path, &path), cancel)?;
        Ok(Some(found == *id))
    }

    /// A file that comes in pieces from elsewhere.
    ///
    /// # Errors
    /// [`Error::Unwritable`], [`Error::DiskFull`].
    pub fn incoming(&self) -> Result<Incoming<'_>, Error> {
        let (file, temporary) = self.create()?;
        Ok(Incoming {
            artifacts: self,
            file,
            temporary,
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    fn put_reader(&self, from: impl Read, source: &Path, cancel: &Cancel) -> Result<Stored, Error> {
        let (mut file, temporary) = self.create()?;
        let written = copy(from, &mut file, (source, &temporary), cancel)
            .and_then(|done| self.settle(&file, &temporary, done));
        if written.is_err() {
            // Best effort: the next sweep takes what can't be removed now.
            let _left = fs::remove_file(&temporary);
        }
        written
    }

    /// Gives a finished temporary file its name, durably.
    fn settle(
        &self,
        file: &File,
        temporary: &Path,
        (id, bytes): (ArtifactId, u64),
    ) -> Result<Stored, Error> {
        let place = self.place(&id)?;
        let shard = place.parent().unwrap_or(&self.root);
        let refuse = |source| refused(&place, source);
        if !Plant::UnsyncedFile.is_in() {
            file.sync_all().map_err(refuse)?;
        }
        if !shard.is_dir() {
            fs::create_dir_all(shard).map_err(refuse)?;
            sync_folder(&self.root).map_err(refuse)?;
        }
        let known = place.is_file();
        self.options.crash.pass("artifact.before_rename");
        fs::rename(temporary, &place).map_err(refuse)?;
        sync_folder(shard).map_err(refuse)?;
        self.options.crash.pass("artifact.after_rename");
        Ok(Stored { id, bytes, known })
    }

    /// A fresh temporary file, locked for as long as it is open, so that another process's
    /// sweep can tell it from what a crash left behind.
    fn create(&self) -> Result<(File, PathBuf), Error> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}-{number}", std::process::id());
            let path = self.root.join(UNFINISHED).join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                // Another machine on the same folder may have our process id.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(refused(&path, source)),
                Ok(file) => {
                    let locked = file.lock().and_then(|()| file.metadata());
                    // A sweep may have come between creation and lock.
                    if locked.map_err(|source| refused(&path, source))?.nlink() > 0 {
                        return Ok((file, path));
                    }
                }
            }
        }
    }

    /// Where an artifact lies: `ab/abcd…`.
    fn place(&self, id: &ArtifactId) -> Result<PathBuf, Error> {
        let name = id.0.as_str();
        let valid = name.len() == 64
            && name
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !valid {
            return Err(Error::BadName(name.chars().take(80).collect()));
        }
        Ok(self.root.join(&name[..2]).join(name))
    }
}

/// A file that comes in pieces. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub struct Incoming<'a> {
    artifacts: &'a Artifacts,
    file: File,
    temporary: PathBuf,
    hash: Sha256,
    bytes: u64,
}

impl Incoming<'_> {
    /// Adds a piece.
    ///
    /// # Errors
    /// [`Error::Unwritable`], [`Error::DiskFull`].
    pub fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
        self.file
            .write_all(piece)
            .map_err(|source| refused(&self.temporary, source))
    }

    /// Keeps it, if it is what was expected.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Unwritable`], [`Error::DiskFull`].
    pub fn finish(self, expected: &ArtifactId) -> Result<Stored, Error> {
        let name = name_of(&self.hash.clone().finalize());
        if name != *expected {
            return Err(Error::Damaged(expected.clone()));
        }
        self.artifacts
            .settle(&self.file, &self.temporary, (name, self.bytes))
    }
}

impl Drop for Incoming<'_> {
    fn drop(&mut self) {
        // Gone already where it was kept.
        drop(fs::remove_file(&self.temporary));
    }
}

/// Copies all of `from`, giving the name and number of the bytes. `paths` are those of source
/// and target, for messages.
fn copy(
    from: impl Read,
    to: &mut impl Write,
    paths: (&Path, &Path),
    cancel: &Cancel,
) -> Result<(ArtifactId, u64), Error> {
    let mut from = BufReader::with_capacity(0, from);
    let mut chunk = vec![0; CHUNK_BYTES];
    let (mut hash, mut total) = (Sha256::new(), 0);
    loop {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let length = match from.read(&mut chunk) {
            Ok(0) => return Ok((name_of(&hash.finalize()), total)),
            Ok(length) => length,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(unread(paths.0, source)),
        };
        hash.update(&chunk[..length]);
        to.write_all(&chunk[..length])
            .map_err(|source| refused(paths.1, source))?;
        total += length as u64;
    }
}

/// The name that the bytes of `from` have as an artifact.
pub(crate) fn name_of_all(from: impl Read) -> io::Result<ArtifactId> {
    let mut from = BufReader::with_capacity(CHUNK_BYTES, from);
    let mut hash = Sha256::new();
    io::copy(&mut from, &mut hash)?;
    Ok(name_of(&hash.finalize()))
}

fn name_of(digest: &[u8]) -> ArtifactId {
    use std::fmt::Write as _;
    let mut name = String::with_capacity(digest.len() * 2);
    for byte in digest {
        // Writing to a String can't fail.
        let _ok = write!(name, "{byte:02x}");
    }
    ArtifactId(name)
}

/// Sets the time of last use to the kernel's present.
fn touch(path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, utimensat};
    let at = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    let times = Timestamps {
        last_access: at(UTIME_OMIT),
        last_modification: at(UTIME_NOW),
    };
    Ok(utimensat(CWD, path, &times, AtFlags::empty())?)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn refused(path: &Path, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::DiskFull {
            path: path.to_owned(),
        },
        _ => Error::Unwritable {
            path: path.to_owned(),
            source,
        },
    }
}

fn unread(path: &Path, source: io::Error) -> Error {
    Error::Unreadable {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
