//! What goes beside the video: metadata and credits; and what is wrong with texts.

use serde::Serialize;
use studio::metadata::{Metadata, Options};
use studio::script::Script;

use crate::Request;
use crate::request::Narrator;
use crate::stages::Whole;

/// A credit: who made a part of the video, and on what terms it is used.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Credit {
    /// What it is: `picture`, `clip`, `music`, `voice`, `font`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// Who made it; `null` where nobody told.
    author: Option<String>,
    /// The licence; `null` where nobody told.
    licence: Option<String>,
    /// Where it is from; `null` where nobody told.
    source: Option<String>,
}

/// The upload's texts and settings.
pub(crate) fn metadata(request: &Request, whole: &Whole) -> Metadata {
    let options = Options {
        description: request.description.clone(),
        tags: request.tags.clone(),
        language: request.language.clone(),
        credits: credits(request, whole)
            .iter()
            .filter_map(Credit::line)
            .collect(),
        synthetic_voice: true,
        synthetic_pictures: whole.is_generated(),
    };
    Metadata::of(
        &whole.script,
        whole.scene_starts_ms(),
        whole.length_ms(),
        &options,
    )
}

impl Credit {
    /// The credit as a line of the description, where its licence asks for one.
    fn line(&self) -> Option<String> {
        let author = self.author.as_deref()?;
        let wanted = matches!(self.kind, "picture" | "clip" | "music");
        let licence = self
            .licence
            .as_deref()
            .map(|l| format!(" ({l})"))
            .unwrap_or_default();
        wanted.then(|| format!("{}: {author}{licence}", self.name))
    }
}

/// What a platform would refuse about the metadata.
pub(crate) fn metadata_faults(metadata: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    let title = metadata.title.chars().count();
    if !(1..=100).contains(&title) {
        faults.push(format!("the title has {title} characters"));
    }
    if metadata.description.len() > 5000 {
        faults.push(format!(
            "the description has {} bytes",
            metadata.description.len()
        ));
    }
    let refused = |text: &str| text.contains(['<', '>']);
    if refused(&metadata.title) || refused(&metadata.description) {
        faults.push("title or description has < or >".to_owned());
    }
    if metadata.made_for_kids {
        faults.push("nothing says that this is made for children".to_owned());
    }
    if metadata.synthetic_media_reason.is_empty() {
        faults.push("the disclosure has no reason".to_owned());
    }
    faults
}

/// Licence, author and source of every part.
pub(crate) fn credits(request: &Request, whole: &Whole) -> Vec<Credit> {
    let mut credits: Vec<Credit> = whole
        .assets()
        .map(|asset| Credit {
            kind: if asset.kind == crate::AssetKind::Clip {
                "clip"
            } else {
                "picture"
            },
            name: name(&asset.path),
            author: asset.author.clone(),
            licence: asset.licence.clone(),
            source: asset.source.clone(),
        })
        .collect();
    credits.extend(
        whole
            .voices()
            .into_iter()
            .map(|voice| voice_credit(request, voice)),
    );
    credits.extend(music_credit(request));
    credits.extend(
        studio::text::FONT_CREDITS
            .iter()
            .map(|(family, author)| Credit {
                kind: "font",
                name: (*family).to_owned(),
                author: Some((*author).to_owned()),
                licence: Some("OFL-1.1".to_owned()),
                source: None,
            }),
    );
    credits
}

fn voice_credit(request: &Request, voice: String) -> Credit {
    let local = matches!(request.narrator, Narrator::Local { .. });
    Credit {
        kind: "voice",
        author: local.then(|| "Carnegie Mellon University, CMU ARCTIC".to_owned()),
        licence: local.then(|| "free for any use, as packaged by Debian".to_owned()),
        source: local.then(|| "Debian packages festvox-us-slt-hts and flite".to_owned()),
        name: voice,
    }
}

fn music_credit(request: &Request) -> Option<Credit> {
    use crate::request::Music;
    match &request.music {
        Music::None => None,
        Music::Made => Some(Credit {
            kind: "music",
            name: "music bed".to_owned(),
            author: None,
            licence: Some("CC0-1.0".to_owned()),
            source: Some("computed for this video by ytempire".to_owned()),
        }),
        Music::File(asset) => Some(Credit {
            kind: "music",
            name: name(&asset.path),
            author: asset.author.clone(),
            licence: asset.licence.clone(),
            source: asset.source.clone(),
        }),
    }
}

fn name(path: &std::path::Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// What looks wrong in the words: doubled ones, and characters that stand for broken ones.
pub(crate) fn text_faults(script: &Script) -> Vec<String> {
    /// English doubles these on purpose.
    const DOUBLED: [&str; 6] = ["that", "had", "very", "so", "no", "bye"];
    let mut faults = Vec::new();
    for scene in &script.scenes {
        let words: Vec<&str> = scene.narration.split_whitespace().collect();
        for pair in words.windows(2) {
            let same = pair[0].to_lowercase() == pair[1].to_lowercase();
            if same && pair[0].chars().all(char::is_alphabetic) {
                let word = pair[0].to_lowercase();
                if !DOUBLED.contains(&word.as_str()) {
                    faults.push(format!("{:?}: the word {word:?} is doubled", scene.heading));
                }
            }
        }
        if scene.narration.contains('\u{FFFD}') {
            faults.push(format!("{:?}: a character is broken", scene.heading));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use studio::script::{Scene, Visual};

    use super::*;

    #[test]
    fn doubled_and_broken_words_are_found_and_usual_doubles_are_not() {
        let scene = |narration: &str| Scene {
            heading: "H".to_owned(),
            narration: narration.to_owned(),
            visual: Visual::Heading { text: None },
            picture_hint: None,
        };
        let faults = |narration| {
            let scenes = vec![scene(narration)];
            let title = "T".to_owned();
            text_faults(&Script {
                title,
                description: String::new(),
                tags: vec![],
                scenes,
            })
            .len()
        };
        assert_eq!(faults("The the sea is deep."), 1);
        assert_eq!(faults("It is br\u{FFFD}ken."), 1);
        assert_eq!(faults("He had had enough, so so much."), 0);
    }
}
