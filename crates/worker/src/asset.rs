//! The user's own pictures, clips and music: found, named by content, matched to scenes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use media::ingest::Ingest;
use serde::{Deserialize, Serialize};
use studio::script::Scene;
use ytempire_core::ArtifactId;

/// A file of the user's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Where it is.
    pub path: PathBuf,
    /// Hash of its content, so that a changed file is noticed.
    pub content: ArtifactId,
    /// Its size: what keeping it costs.
    #[serde(default)]
    pub bytes: u64,
    /// What it is, by its first bytes.
    pub kind: AssetKind,
    /// Lower-case words to find it by: from its name, and from `assets.toml`.
    pub tags: Vec<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Under which licence.
    pub licence: Option<String>,
    /// Where it is from.
    pub source: Option<String>,
}

/// What an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetKind {
    /// A still.
    Picture,
    /// Moving pictures.
    Clip,
    /// Sound.
    Sound,
}

/// What is wrong with an asset.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AssetError {
    /// The folder or a file in it can't be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// `assets.toml` is wrong.
    #[error("{}: {why}", path.display())]
    Notes {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A media file can't be used.
    #[error("{why}; mend or remove it")]
    Unusable {
        /// Which one, and what is wrong with it.
        why: String,
    },
}

/// What `assets.toml` may say of a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    file: String,
    #[serde(default)]
    tags: Vec<String>,
    author: Option<String>,
    licence: Option<String>,
    source: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Notes {
    #[serde(default)]
    asset: Vec<Note>,
}

/// The file that says more about the assets of its folder.
const NOTES: &str = "assets.toml";

/// Finds the pictures and clips in `folder`, in the order of their names; other kinds of files
/// are passed over and returned apart, sub-folders aren't entered.
pub(crate) fn scan(
    ingest: &Ingest<'_>,
    folder: &Path,
) -> Result<(Vec<Asset>, Vec<PathBuf>), AssetError> {
    let unreadable = |source| AssetError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let notes = notes(folder)?;
    let mut paths = fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.sort();
    let (mut assets, mut passed_over) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if name == NOTES || name.starts_with('.') || path.is_dir() {
            continue;
        }
        let note = notes.asset.iter().find(|note| note.file == name);
        match open(ingest, &path, note)? {
            Some(asset) => assets.push(asset),
            None => passed_over.push(path),
        }
    }
    Ok((assets, passed_over))
}

/// A single file of the user's, such as the music.
#[expect(
    clippy::unnecessary_debug_formatting,
    reason = "odd characters of a name are shown escaped"
)]
pub(crate) fn one(
    ingest: &Ingest<'_>,
    path: &Path,
    wanted: AssetKind,
) -> Result<Asset, AssetError> {
    let unusable = |is: &str| AssetError::Unusable {
        why: format!("{path:?} is {is}"),
    };
    let asset = open(ingest, path, None)?.ok_or_else(|| unusable("no media file"))?;
    if asset.kind != wanted {
        return Err(unusable("no sound file"));
    }
    Ok(asset)
}

fn notes(folder: &Path) -> Result<Notes, AssetError> {
    let path = folder.join(NOTES);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Notes::default()),
        Err(source) => return Err(AssetError::Unreadable { path, source }),
    };
    toml::from_str(&text).map_err(|e| AssetError::Notes {
        path,
        why: e.to_string(),
    })
}

fn open(
    ingest: &Ingest<'_>,
    path: &Path,
    note: Option<&Note>,
) -> Result<Option<Asset>, AssetError> {
    let bytes = fs::metadata(path).map_or(0, |found| found.len());
    let (kind, content) = match ingest.identify(path) {
        Ok(known) => known,
        // Notes and documents lie about in folders; something that calls itself a picture and
        // is none is a mistake, or worse.
        Err(media::ingest::Error::UnknownKind { .. }) if !claims_media(path) => return Ok(None),
        Err(e) => {
            let why = format!("{:#}", anyhow::Error::from(e));
            return Err(AssetError::Unusable { why });
        }
    };
    let kind = if kind.is_picture() {
        AssetKind::Picture
    } else if kind.is_clip() {
        AssetKind::Clip
    } else {
        AssetKind::Sound
    };
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let mut tags = words(&stem.unwrap_or_default());
    for tag in note.iter().flat_map(|note| &note.tags) {
        tags.extend(words(tag));
    }
    let note = note.cloned().unwrap_or_default();
    Ok(Some(Asset {
        path: path.to_owned(),
        content,
        bytes,
        kind,
        tags: tags.into_iter().collect(),
        author: note.author,
        licence: note.licence,
        source: note.source,
    }))
}

/// Whether a file's name says that it is a picture, a clip or a sound.
fn claims_media(path: &Path) -> bool {
    const ENDINGS: [&str; 20] = [
        "jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "mp4", "mov", "m4v", "mkv",
        "webm", "avi", "wav", "mp3", "flac", "ogg", "m4a", "aac",
    ];
    let ending = path
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// The words of a text that can tell one picture from another.
fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() > 2 && word.parse::<u64>().is_err())
        .map(|word| {
            word.strip_suffix('s')
                .map_or_else(|| word.clone(), str::to_owned)
        })
        .collect()
}

/// Mebibytes that keeping `asset` takes, begun ones counted.
pub(crate) const fn mebibytes(asset: &Asset) -> u64 {
    asset.bytes.div_ceil(1 << 20)
}

/// Chooses an asset for each scene: the one that shares most words with the scene's hint, or
/// with its heading where it has none; each asset once; of equals the first by name.
///
/// A hint weighs three times a heading, so that a scene that asks for a picture gets it before
/// one that merely mentions it.
pub(crate) fn matched(scenes: &[Scene], assets: &[Asset]) -> Vec<Option<usize>> {
    let mut scored: Vec<(usize, usize, usize)> = Vec::new();
    for (s, scene) in scenes.iter().enumerate() {
        let (text, weight) = match &scene.picture_hint {
            Some(hint) => (hint.as_str(), 3),
            None => (scene.heading.as_str(), 1),
        };
        let wanted = words(text);
        for (a, asset) in assets.iter().enumerate() {
            let shared = asset
                .tags
                .iter()
                .filter(|tag| wanted.contains(*tag))
                .count();
            if shared > 0 && asset.kind != AssetKind::Sound {
                scored.push((shared * weight, s, a));
            }
        }
    }
    scored.sort_by_key(|&(score, s, a)| (std::cmp::Reverse(score), s, a));
    let mut chosen = vec![None; scenes.len()];
    let mut used = BTreeSet::new();
    for (_, s, a) in scored {
        if chosen[s].is_none() && used.insert(a) {
            chosen[s] = Some(a);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use studio::script::Visual;

    use super::*;

    fn scene(heading: &str, hint: Option<&str>) -> Scene {
        Scene {
            heading: heading.to_owned(),
            narration: "Words.".to_owned(),
            visual: Visual::Heading { text: None },
            picture_hint: hint.map(str::to_owned),
        }
    }

    fn asset(name: &str, kind: AssetKind) -> Asset {
        Asset {
            path: PathBuf::from(name),
            content: ArtifactId(name.to_owned()),
            bytes: 1,
            kind,
            tags: words(name).into_iter().collect(),
            author: None,
            licence: None,
            source: None,
        }
    }

    #[test]
    fn a_hint_wins_over_a_heading_and_each_asset_is_used_once() {
        let scenes = [
            scene("Whales", None),
            scene("The song", Some("a whale in deep water")),
            scene("End", None),
        ];
        let assets = [
            asset("blue_whale-01", AssetKind::Picture),
            asset("sand", AssetKind::Clip),
        ];
        assert_eq!(matched(&scenes, &assets), [None, Some(0), None]);
    }

    #[test]
    fn sounds_are_never_shown() {
        let scenes = [scene("Whales", Some("whale"))];
        assert_eq!(
            matched(&scenes, &[asset("whale", AssetKind::Sound)]),
            [None]
        );
    }
}
