//! Files: each that a book names is there, whole, and a video can be played.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Finding;
use super::books::Books;
use crate::counts::Outcome;
use crate::world::World;

/// What a ready video has besides its captions.
const ALWAYS: [&str; 2] = ["video.mp4", "quality.json"];

#[derive(Deserialize)]
struct Package {
    files: BTreeMap<String, Named>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    bytes: u64,
}

pub(super) fn check(books: &Books, world: &World, outcome: &mut Outcome) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut named: BTreeMap<String, u64> = books
        .artifacts
        .iter()
        .map(|file| (file.id.clone(), file.bytes))
        .collect();
    let mut films = BTreeSet::new();
    for video in books.videos.iter().filter(|video| video.state == "ready") {
        let Some(package) = package(books, &video.id) else {
            found.push(Finding::new(
                "files",
                &video.id,
                "is ready and has no package",
            ));
            continue;
        };
        for name in ALWAYS
            .iter()
            .filter(|name| !package.files.contains_key(**name))
        {
            found.push(Finding::new(
                "files",
                &video.id,
                format!("is ready without {name}"),
            ));
        }
        for (name, file) in package.files {
            if name == "video.mp4" {
                films.insert(file.id.clone());
            }
            named.insert(file.id, file.bytes);
        }
    }
    let root = world.data().join("artifacts");
    for (id, bytes) in &named {
        outcome.files += 1;
        if let Err(text) = whole(&root, id, *bytes) {
            found.push(Finding::new("files", id, text));
        }
    }
    for id in &films {
        outcome.probed += 1;
        if let Err(text) = plays(&root.join(&id[..2]).join(id)) {
            found.push(Finding::new("plays", id, text));
        }
    }
    found
}

/// What the last validation of a video gave.
fn package(books: &Books, video: &str) -> Option<Package> {
    let validations = books
        .jobs
        .iter()
        .filter(|job| job.video == video && job.stage == "validate" && job.state == "completed");
    let mut packages = validations.filter_map(|job| {
        let package: Package = serde_json::from_str(job.output.as_deref()?).ok()?;
        (!package.files.is_empty()).then_some(package)
    });
    packages.next_back()
}

fn whole(root: &Path, id: &str, bytes: u64) -> Result<(), String> {
    let path = root.join(id.get(..2).unwrap_or_default()).join(id);
    let mut file = File::open(&path).map_err(|e| format!("can't be read: {e}"))?;
    let size = file.metadata().map_err(|e| e.to_string())?.len();
    if size != bytes {
        return Err(format!("has {size} bytes of {bytes}"));
    }
    let mut hash = Sha256::new();
    io::copy(&mut file, &mut hash).map_err(|e| e.to_string())?;
    let name = hash
        .finalize()
        .iter()
        .fold(String::new(), |name, byte| name + &format!("{byte:02x}"));
    if name == id {
        Ok(())
    } else {
        Err(format!("holds {name}"))
    }
}

#[derive(Deserialize)]
struct Probed {
    streams: Vec<Stream>,
    format: Format,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: String,
}

#[derive(Deserialize)]
struct Format {
    duration: String,
}

/// Asks ffprobe for a picture, a sound and a length.
fn plays(path: &Path) -> Result<(), String> {
    fs::metadata(path).map_err(|e| e.to_string())?;
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-of",
            "json",
            "-show_entries",
            "stream=codec_type:format=duration",
        ])
        .arg(path)
        .output()
        .map_err(|e| format!("ffprobe can't be run: {e}"))?;
    let probed: Probed = serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("{e}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let kinds: BTreeSet<&str> = probed
        .streams
        .iter()
        .map(|s| s.codec_type.as_str())
        .collect();
    let seconds: f64 = probed.format.duration.parse().unwrap_or(0.0);
    if seconds > 1.0 && kinds.contains("video") && kinds.contains("audio") {
        Ok(())
    } else {
        Err(format!("lasts {seconds} s and has {kinds:?}"))
    }
}
