//! Long scenes, cut at the ends of sentences, so that no picture stands still for minutes.

use super::{Scene, Script, Visual, visual};
use crate::prose::{sentences, word_count};

/// Words in a part of a scene: 48 seconds at 150 words a minute.
pub const PART_WORDS_MAX: usize = 120;

/// Cuts every scene of more than [`PART_WORDS_MAX`] words into parts of about equal length.
///
/// All parts keep the heading and the picture hint. The first keeps what the scene shows (an end
/// card moves to the last one), the others show a number, a quotation or a key sentence of their
/// own words. No word is added, dropped or moved.
pub fn split_long_scenes(script: &mut Script) {
    let scenes = std::mem::take(&mut script.scenes);
    script.scenes = scenes.into_iter().flat_map(split).collect();
}

/// A sentence and whether it begins a paragraph.
struct Piece {
    text: String,
    words: usize,
    opens: bool,
}

fn split(scene: Scene) -> Vec<Scene> {
    let total = word_count(&scene.narration);
    if total <= PART_WORDS_MAX {
        return vec![scene];
    }
    let parts = portions(pieces(&scene.narration), total);
    let last = parts.len() - 1;
    let closes = matches!(scene.visual, Visual::Closing { .. });
    parts
        .into_iter()
        .enumerate()
        .map(|(index, part)| {
            let keeps = if closes { index == last } else { index == 0 };
            let sentences: Vec<String> = part.iter().map(|piece| piece.text.clone()).collect();
            Scene {
                heading: scene.heading.clone(),
                narration: joined(&part),
                visual: if keeps {
                    scene.visual.clone()
                } else {
                    visual::of(&sentences)
                },
                picture_hint: scene.picture_hint.clone(),
            }
        })
        .collect()
}

/// The sentences of a narration, those longer than a part cut further.
fn pieces(narration: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for paragraph in narration.split("\n\n") {
        let mut opens = true;
        for sentence in sentences(paragraph) {
            for text in short(&sentence) {
                pieces.push(Piece {
                    words: word_count(&text),
                    text,
                    opens,
                });
                opens = false;
            }
        }
    }
    pieces
}

/// A sentence as it is, or one without an end in sight cut after commas, else between words.
fn short(sentence: &str) -> Vec<String> {
    if word_count(sentence) <= PART_WORDS_MAX {
        return vec![sentence.to_owned()];
    }
    let (mut cut, mut open) = (Vec::new(), Vec::new());
    for word in sentence.split(' ') {
        open.push(word);
        let at_comma = word.ends_with([',', ';', ':', '、', '，']);
        if open.len() >= PART_WORDS_MAX || (at_comma && open.len() >= PART_WORDS_MAX / 2) {
            cut.push(open.join(" "));
            open.clear();
        }
    }
    if !open.is_empty() {
        cut.push(open.join(" "));
    }
    cut
}

/// Deals the pieces out to parts of about equal length, none above the limit.
fn portions(pieces: Vec<Piece>, total: usize) -> Vec<Vec<Piece>> {
    let count = total.div_ceil(PART_WORDS_MAX);
    let mut parts: Vec<Vec<Piece>> = Vec::new();
    let (mut dealt, mut open) = (0, 0);
    for piece in pieces {
        // A piece belongs where its middle lies, if all parts are of one length.
        let is_next = (dealt + piece.words / 2) * count >= parts.len() * total;
        dealt += piece.words;
        match parts.last_mut() {
            Some(part) if !is_next && open + piece.words <= PART_WORDS_MAX => {
                open += piece.words;
                part.push(piece);
            }
            _ => {
                open = piece.words;
                parts.push(vec![piece]);
            }
        }
    }
    parts
}

fn joined(part: &[Piece]) -> String {
    let mut text = String::new();
    for piece in part {
        if !text.is_empty() {
            text.push_str(if piece.opens { "\n\n" } else { " " });
        }
        text.push_str(&piece.text);
    }
    text
}
