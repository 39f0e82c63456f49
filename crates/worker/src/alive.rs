//! Who of this machine's nodes is alive: a lock file each.
//!
//! The system drops the lock when a process ends, however it ends, so the next node needn't wait for
//! its leases to run out.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use ytempire_core::NodeId;

/// This process's sign of life.
pub(crate) struct Alive {
    lock: File,
    path: PathBuf,
}

impl Alive {
    /// Makes the file of `node` in `folder`, and locks it.
    pub(crate) fn sign(folder: &Path, node: NodeId) -> io::Result<Self> {
        let path = folder.join(format!("{node}.lock"));
        loop {
            let lock = File::create(&path)?;
            lock.lock()?;
            // Between these two lines another node may have taken it for a dead one's.
            let ours = lock.metadata()?;
            if fs::metadata(&path).is_ok_and(|there| there.ino() == ours.ino()) {
                return Ok(Self { lock, path });
            }
        }
    }

    /// Takes it away.
    pub(crate) fn end(self) {
        // While the lock is held: nobody else comes to the same file.
        drop(fs::remove_file(&self.path));
        drop(self.lock);
    }
}

/// A node of this machine whose process has ended.
pub(crate) struct Dead {
    /// Which one.
    pub(crate) node: NodeId,
    lock: File,
    path: PathBuf,
}

impl Dead {
    /// Takes its file away.
    pub(crate) fn bury(self) {
        drop(fs::remove_file(&self.path));
        drop(self.lock);
    }
}

/// The dead ones of `folder` that no other node is just looking after. Also those that never came to
/// be registered: their files are all there is of them.
pub(crate) fn dead_in(folder: &Path) -> io::Result<Vec<Dead>> {
    let mut dead = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let Some(node) = name.and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may have been taken away since.
        let Ok(lock) = File::open(&path) else {
            continue;
        };
        // The one of this process is held by another handle, and so not free either.
        if lock.try_lock().is_ok() {
            dead.push(Dead { node, lock, path });
        }
    }
    Ok(dead)
}

#[cfg(test)]
mod tests {
    use ytempire_core::{IdSource, Timestamp};

    use super::*;

    #[test]
    fn who_holds_its_file_is_alive_and_who_left_it_is_dead_once() {
        let folder = tempfile::tempdir().unwrap();
        let ids = IdSource::seeded([1; 32]);
        let fresh = || NodeId::fresh(&ids, Timestamp::from_micros(1));
        let (a, b, c) = (fresh(), fresh(), fresh());
        let alive = Alive::sign(folder.path(), a).unwrap();
        drop(Alive::sign(folder.path(), b).unwrap());
        Alive::sign(folder.path(), c).unwrap().end();
        fs::write(folder.path().join("notes.txt"), "not ours").unwrap();

        let dead = dead_in(folder.path()).unwrap();
        let nodes: Vec<NodeId> = dead.iter().map(|dead| dead.node).collect();
        assert_eq!(nodes, [b]);
        // While one node looks after it, no other does.
        assert!(dead_in(folder.path()).unwrap().is_empty());
        dead.into_iter().for_each(Dead::bury);
        assert!(dead_in(folder.path()).unwrap().is_empty());
        drop(alive);
        assert_eq!(dead_in(folder.path()).unwrap().len(), 1);
    }
}
