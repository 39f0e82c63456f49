//! Laying a finished video into a folder, with its receipt.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use ledger::Receipt;
use serde::{Deserialize, Serialize};
use store::{ArtifactRow, VideoRow};
use ytempire_core::{EventKind, JobState, Stage, VideoId};

use crate::{Parts, carry};

/// The files of a video by name: what validation gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Package {
    pub(crate) files: BTreeMap<String, ArtifactRow>,
}

/// What was laid out.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The folder.
    pub folder: PathBuf,
    /// The files' names.
    pub files: Vec<String>,
    /// What it cost.
    pub receipt: Receipt,
}

/// Why a video can't be laid out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// An artifact is gone or damaged.
    #[error("artifact {0} is missing or damaged; run the same command again")]
    Artifact(String),
    /// The folder can't be written.
    #[error("{}: {source}", path.display())]
    Folder {
        /// Which file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// The receipt of a video, from the ledger.
pub(crate) async fn receipt(parts: &Parts, video: &VideoRow) -> store::Result<Receipt> {
    let transfers = parts.store.transfer_list(video.id).await?;
    let adjustments = parts.store.adjustment_list(Some(video.id)).await?;
    let receipt = Receipt::of(video.id, &video.title, video.budget, &transfers);
    Ok(receipt.with(adjustments))
}

/// Lays the files of `video` into `folder`.
///
/// The whole package of a ready one, the quality report of a rejected one, and the receipt in
/// any case. Each file appears whole or not at
/// all; files of other names are left alone.
pub async fn export(
    parts: &Parts,
    video: &VideoRow,
    folder: &Path,
) -> Result<Exported, ExportError> {
    fs::create_dir_all(folder).map_err(|source| ExportError::Folder {
        path: folder.to_owned(),
        source,
    })?;
    let package = package(parts, video.id).await?;
    for name in package.files.keys().map(String::as_str).chain([RECEIPT]) {
        sweep(folder, name);
    }
    for (name, file) in &package.files {
        let here = carry::fetch(parts, &file.id).await;
        here.map_err(|e| ExportError::Artifact(format!("{} ({})", file.id, e.text())))?;
        let from = parts.artifacts.path(&file.id).ok().flatten();
        let from = from.ok_or_else(|| ExportError::Artifact(file.id.to_string()))?;
        lay(parts, &folder.join(name), |to| {
            fs::copy(&from, to).map(drop)
        })?;
    }
    let receipt = receipt(parts, video).await?;
    let text = serde_json::to_vec_pretty(&receipt).map_err(io::Error::from);
    lay(parts, &folder.join(RECEIPT), |to| fs::write(to, text?))?;
    parts.crash.pass("receipt.after_write");
    let files = package
        .files
        .into_keys()
        .chain([RECEIPT.to_owned()])
        .collect();
    Ok(Exported {
        folder: folder.to_owned(),
        files,
        receipt,
    })
}

/// The file with what a video cost.
const RECEIPT: &str = "receipt.json";

/// Removes what processes left that died while they laid out `name`.
fn sweep(folder: &Path, name: &str) {
    let Ok(files) = fs::read_dir(folder) else {
        return;
    };
    for file in files.filter_map(Result::ok) {
        let found = file.file_name();
        let process = found.to_str().and_then(|found| {
            found
                .strip_prefix(name)?
                .strip_prefix('.')?
                .strip_suffix(".part")
        });
        let ours = process.is_some_and(|id| id.parse::<u32>().is_ok());
        if ours && File::open(file.path()).is_ok_and(|part| part.try_lock().is_ok()) {
            // Another process may have been quicker.
            drop(fs::remove_file(file.path()));
        }
    }
}

/// Writes beside the target, syncs, renames.
fn lay(
    parts: &Parts,
    to: &Path,
    write: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), ExportError> {
    let refused = |source| ExportError::Folder {
        path: to.to_owned(),
        source,
    };
    let mut part = to.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    // Locked while we write: what can be locked is from a process that died.
    let file = File::create(&part).map_err(refused)?;
    file.lock().map_err(refused)?;
    write(&part)
        .and_then(|()| file.sync_all())
        .map_err(refused)?;
    parts.crash.pass("export.before_rename");
    fs::rename(&part, to).map_err(refused)?;
    parts.crash.pass("export.after_rename");
    Ok(())
}

/// Tells whether all files of a ready video are still here.
pub(crate) async fn is_whole(parts: &Parts, video: VideoId) -> store::Result<bool> {
    let package = package(parts, video).await?;
    for file in package.files.values().filter(|_| parts.depot.is_some()) {
        // What can't be fetched isn't here.
        drop(carry::fetch(parts, &file.id).await);
    }
    let here = |file: &ArtifactRow| matches!(parts.artifacts.size(&file.id), Ok(Some(bytes)) if bytes == file.bytes);
    Ok(!package.files.is_empty() && package.files.values().all(here))
}

/// The files of a video by name: all of a ready one, the report of a rejected one.
///
/// # Errors
/// What the store says.
pub async fn files(parts: &Parts, video: VideoId) -> store::Result<BTreeMap<String, ArtifactRow>> {
    package(parts, video).await.map(|package| package.files)
}

async fn package(parts: &Parts, video: VideoId) -> store::Result<Package> {
    let jobs = parts.store.job_list(video).await?;
    let validated = jobs
        .into_iter()
        .rev()
        .filter(|job| job.stage == Stage::Validate && job.state == JobState::Completed)
        .find_map(|job| serde_json::from_value::<Package>(job.output?).ok());
    if let Some(package) = validated.filter(|package| !package.files.is_empty()) {
        return Ok(package);
    }
    let events = parts.store.event_list(video, 0, 10_000).await?;
    let report = events
        .into_iter()
        .rev()
        .filter(|event| event.kind == EventKind::QualityMeasured)
        .find_map(|event| {
            serde_json::from_value::<ArtifactRow>(event.detail["report"].clone()).ok()
        });
    let files = report
        .map(|file| ("quality.json".to_owned(), file))
        .into_iter()
        .collect();
    Ok(Package { files })
}
