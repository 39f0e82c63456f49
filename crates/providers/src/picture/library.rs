//! `library`: a folder of pictures, looked through by words. Nothing leaves the machine.
//!
//! A picture is found by the words of its name and of a file beside it: `coast.txt` holds words,
//! `coast.toml` has `tags`, `description`, `author`, `licence` and `source`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::{BYTES_MAX, HITS_MAX, Hit, Place, Wire, Wish};
use crate::backend::Backend;
use crate::error::{Billed, Class, Error};
use crate::kind::{self, Auth, Kind, Quote, Spec};

pub(crate) static SPEC: Spec = Spec {
    kind: Kind::Library,
    name: "library",
    meters: &[],
    quality: 70,
    base_url: None,
    keys: &["folder"],
    required: &["folder"],
    auth: Auth::None,
    probe: None,
    wire: kind::Wire::Pictures(Wire::Has(look)),
    worst: |_, _| Quote::default(),
    expected: |_, _| Quote::default(),
};

/// Endings of what may be a picture; what it is its bytes say, later.
const ENDINGS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// Files looked at in a folder.
const FILES_MAX: usize = 100_000;

/// Bytes of a file that tells about a picture.
const NOTE_BYTES_MAX: u64 = 64 << 10;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Note {
    tags: Vec<String>,
    description: String,
    author: Option<String>,
    licence: Option<String>,
    source: Option<String>,
}

fn unusable(backend: &Backend, why: &str) -> Error {
    Error::new(Class::Down, &backend.name, Billed::No, why)
}

/// How many pictures the folder holds.
pub(crate) fn count(backend: &Backend) -> Result<usize, Error> {
    Ok(names(backend)?.1.len())
}

fn names(backend: &Backend) -> Result<(&Path, Vec<String>), Error> {
    let folder = backend.folder.as_deref();
    let folder = folder.ok_or_else(|| unusable(backend, "no folder is configured"))?;
    let failed = |e: std::io::Error| unusable(backend, &format!("its folder can't be read: {e}"));
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)?.take(FILES_MAX) {
        let Ok(name) = entry.map_err(failed)?.file_name().into_string() else {
            continue;
        };
        let ending = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
        if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok((folder, names))
}

/// The pictures that share most words with the wish, of equals the first by name.
fn look(backend: &Backend, wish: &Wish) -> Result<Vec<Hit>, Error> {
    let (folder, names) = names(backend)?;
    let wanted = words(&wish.words);
    let mut found = Vec::new();
    for name in names {
        let stem = name
            .rsplit_once('.')
            .map_or(name.as_str(), |(stem, _)| stem);
        let (note, text) = note(folder, stem);
        let mut known = words(stem);
        known.extend(words(&text));
        let shared = known.intersection(&wanted).count();
        if shared > 0 {
            found.push((shared, name, note));
        }
    }
    found.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    let hit = |(_, name, note): (usize, String, Note)| Hit {
        place: Place::File(folder.join(&name)),
        id: name,
        credit: note.licence.is_some(),
        author: note.author,
        licence: note.licence,
        source: note.source,
    };
    Ok(found.into_iter().take(HITS_MAX).map(hit).collect())
}

/// What stands beside a picture: its note, and all words to find it by. What can't be read says
/// nothing.
fn note(folder: &Path, stem: &str) -> (Note, String) {
    let read = |ending: &str| {
        let path = folder.join(format!("{stem}.{ending}"));
        let small = fs::metadata(&path).is_ok_and(|file| file.len() <= NOTE_BYTES_MAX);
        small.then(|| fs::read_to_string(&path).ok()).flatten()
    };
    let note: Note = read("toml")
        .and_then(|text| toml::from_str(&text).ok())
        .unwrap_or_default();
    let mut text = read("txt").unwrap_or_default();
    for more in note.tags.iter().chain([&note.description]) {
        text.push(' ');
        text.push_str(more);
    }
    (note, text)
}

/// The words of a text that can tell one picture from another.
fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() > 2)
        .map(|word| {
            word.strip_suffix('s')
                .map_or_else(|| word.clone(), str::to_owned)
        })
        .collect()
}

/// The bytes of a picture.
pub(crate) fn read(backend: &Backend, path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |e: std::io::Error| unusable(backend, &format!("a picture can't be read: {e}"));
    let file = fs::metadata(path).map_err(failed)?;
    if !file.is_file() || file.len() > BYTES_MAX as u64 {
        return Err(Error::garbled(&backend.name, "a picture is too large"));
    }
    fs::read(path).map_err(failed)
}
