//! Upkeep of the artifact folder: how full it is, pruning, scrubbing.

use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use ytempire_core::{ArtifactId, Cancel};

use super::{Artifacts, Error, UNFINISHED, refused, unread};

/// How full the folder is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Artifacts.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What pruning took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Artifacts removed.
    pub removed: u64,
    /// Bytes freed.
    pub freed_bytes: u64,
    /// Bytes still there, which may exceed the limit if everything left must be kept.
    pub kept_bytes: u64,
}

/// What scrubbing found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Artifacts read through.
    pub checked: u64,
    /// Those that didn't hold what their names promise. They were removed, so that whoever
    /// needs one makes it again.
    pub damaged: Vec<ArtifactId>,
    /// Files that a crash left half-written, removed.
    pub swept: u64,
}

struct Listed {
    id: ArtifactId,
    path: PathBuf,
    bytes: u64,
    /// Seconds and nanoseconds of the last use.
    used: (i64, i64),
}

impl Artifacts {
    /// Counts what is here.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub fn total(&self) -> Result<Total, Error> {
        let all = self.list()?;
        Ok(Total {
            count: all.len() as u64,
            bytes: all.iter().map(|a| a.bytes).sum(),
        })
    }

    /// Removes the least recently used artifacts until at most `limit_bytes` are left. Those in
    /// `keep` stay.
    ///
    /// # Errors
    /// [`Error::Unreadable`], [`Error::Unwritable`].
    pub fn prune(&self, limit_bytes: u64, keep: &HashSet<ArtifactId>) -> Result<Pruned, Error> {
        let mut all = self.list()?;
        all.sort_by(|a, b| (a.used, &a.id).cmp(&(b.used, &b.id)));
        let mut pruned = Pruned {
            kept_bytes: all.iter().map(|a| a.bytes).sum(),
            ..Pruned::default()
        };
        for artifact in all.iter().filter(|artifact| !keep.contains(&artifact.id)) {
            if pruned.kept_bytes <= limit_bytes {
                break;
            }
            remove(artifact)?;
            pruned.removed += 1;
            pruned.freed_bytes += artifact.bytes;
            pruned.kept_bytes -= artifact.bytes;
        }
        Ok(pruned)
    }

    /// Removes one artifact; gives its size, 0 if it wasn't here.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Unwritable`].
    pub fn remove(&self, id: &ArtifactId) -> Result<u64, Error> {
        let path = self.place(id)?;
        let Some(bytes) = self.size(id)? else {
            return Ok(0);
        };
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(refused(&path, e)),
            _ => Ok(bytes),
        }
    }

    /// Reads every artifact through, removes damaged ones and what crashes left behind.
    ///
    /// # Errors
    /// [`Error::Unreadable`], [`Error::Unwritable`], [`Error::Cancelled`].
    pub fn scrub(&self, cancel: &Cancel) -> Result<Scrubbed, Error> {
        let mut scrubbed = Scrubbed {
            swept: self.sweep()?,
            ..Scrubbed::default()
        };
        for artifact in self.list()? {
            // `None`: another process pruned it meanwhile.
            let Some(good) = self.verify(&artifact.id, cancel)? else {
                continue;
            };
            scrubbed.checked += 1;
            if !good {
                remove(&artifact)?;
                scrubbed.damaged.push(artifact.id);
            }
        }
        Ok(scrubbed)
    }

    /// Removes temporary files that nobody holds a lock on: what processes left that died.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub fn sweep(&self) -> Result<u64, Error> {
        let folder = self.root.join(UNFINISHED);
        let mut swept = 0;
        for entry in fs::read_dir(&folder).map_err(|source| unread(&folder, source))? {
            let path = entry.map_err(|source| unread(&folder, source))?.path();
            let Ok(file) = File::open(&path) else {
                continue;
            };
            if file.try_lock().is_ok() && fs::remove_file(&path).is_ok() {
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// Every artifact, in the order of their names.
    fn list(&self) -> Result<Vec<Listed>, Error> {
        let mut all = Vec::new();
        let folders = fs::read_dir(&self.root).map_err(|source| unread(&self.root, source))?;
        for folder in folders {
            let folder = folder.map_err(|source| unread(&self.root, source))?.path();
            if folder.file_name().is_none_or(|name| name.len() != 2) || !folder.is_dir() {
                continue;
            }
            for file in fs::read_dir(&folder).map_err(|source| unread(&folder, source))? {
                let path = file.map_err(|source| unread(&folder, source))?.path();
                let name = path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default();
                let id = ArtifactId(name.to_owned());
                // A file that vanished was pruned by another process.
                let (Ok(_), Ok(metadata)) = (self.place(&id), fs::metadata(&path)) else {
                    continue;
                };
                let used = (metadata.mtime(), metadata.mtime_nsec());
                all.push(Listed {
                    id,
                    path,
                    bytes: metadata.len(),
                    used,
                });
            }
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }
}

fn remove(artifact: &Listed) -> Result<(), Error> {
    match fs::remove_file(&artifact.path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(refused(&artifact.path, e)),
        _ => Ok(()),
    }
}
