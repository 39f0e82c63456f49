//! The extractive writer.

use ytempire_core::brief::TITLE_CHARS_MAX;

use super::document::{Block, Document};
use super::{Error, Options, WHOLE_WORDS_MAX};
use crate::prose::{self, keywords, leans, ranks, sentences, word_count};
use crate::script::{Scene, Script, Visual, split_long_scenes, visual};

/// Points on a card, and characters of each, as in a script.
const POINTS_MAX: usize = 6;
const POINT_CHARS_MAX: usize = 160;

/// Sentences before a kept one that come along at most, because it leans on them.
const LEANING_MAX: usize = 3;

/// Characters of a heading that is made from a key phrase.
const HEADING_CHARS_MAX: usize = 60;

/// A sentence on its way.
struct Sentence {
    text: String,
    words: usize,
    /// It begins a paragraph.
    opens: bool,
    /// The list it is a point of, by number in its section.
    list: Option<usize>,
    kept: bool,
}

/// A scene's sentences before they are cut to length.
struct Part {
    heading: Option<String>,
    sentences: Vec<Sentence>,
    lists: Vec<Vec<String>>,
}

/// Cuts `article` into a script. Long scenes are cut already.
///
/// Every sentence of every narration is a sentence of the article, in the article's order.
///
/// # Errors
/// [`Error::NothingToSay`].
pub fn write(article: &str, options: &Options) -> Result<Script, Error> {
    let document = Document::read(article);
    let own_title = document.title.clone();
    let mut parts = parts(document);
    let total: usize = parts
        .iter()
        .flat_map(|p| &p.sentences)
        .map(|s| s.words)
        .sum();
    if total == 0 {
        return Err(Error::NothingToSay);
    }
    let wanted = match options.words {
        Some(words) => words,
        None if total <= WHOLE_WORDS_MAX => total,
        None => (total * 2 / 5).clamp(450, WHOLE_WORDS_MAX),
    };
    keep(&mut parts, wanted.max(1));
    if let [part] = parts.as_mut_slice()
        && part.heading.is_none()
    {
        parts = by_subject(parts.remove(0));
    }
    parts.retain(|part| part.sentences.iter().any(|s| s.kept));
    let title = title(options, own_title, &parts);
    let scenes: Vec<Scene> = parts
        .into_iter()
        .enumerate()
        .map(|(i, part)| scene(i, part, &title))
        .collect();
    let mut script = Script {
        title,
        description: String::new(),
        tags: Vec::new(),
        scenes,
    };
    split_long_scenes(&mut script);
    for scene in script.scenes.iter_mut().skip(1) {
        if scene.visual == (Visual::Heading { text: None }) {
            let paragraphs = scene.narration.split("\n\n");
            scene.visual = visual::of(&paragraphs.flat_map(sentences).collect::<Vec<_>>());
        }
    }
    Ok(script)
}

fn parts(document: Document) -> Vec<Part> {
    let mut parts = Vec::new();
    for section in document.sections {
        let mut part = Part {
            heading: section.heading,
            sentences: Vec::new(),
            lists: Vec::new(),
        };
        for block in section.blocks {
            match block {
                Block::Paragraph(text) => part.add(&text, None),
                Block::List(points) => {
                    let list = part.lists.len();
                    for point in &points {
                        part.add(point, Some(list));
                    }
                    part.lists.push(points);
                }
            }
        }
        parts.push(part);
    }
    parts
}

impl Part {
    fn add(&mut self, text: &str, list: Option<usize>) {
        let mut opens = true;
        for text in sentences(text) {
            let words = word_count(&text);
            self.sentences.push(Sentence {
                text,
                words,
                opens,
                list,
                kept: false,
            });
            opens = false;
        }
    }
}

/// Keeps the highest-ranked sentences until the next would pass `wanted` words, each together
/// with those that it leans on.
fn keep(parts: &mut [Part], wanted: usize) {
    let texts: Vec<String> = parts
        .iter()
        .flat_map(|p| &p.sentences)
        .map(|s| s.text.clone())
        .collect();
    let ranks = ranks(&texts);
    let mut all: Vec<&mut Sentence> = parts.iter_mut().flat_map(|p| &mut p.sentences).collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    // The first sentence of a paragraph says what it is about: it counts half as much again.
    let weight = |i: usize, all: &[&mut Sentence]| {
        if all[i].opens && all[i].list.is_none() {
            ranks[i] + ranks[i] / 2
        } else {
            ranks[i]
        }
    };
    order.sort_by_key(|&i| (u64::MAX - weight(i, &all), i));
    let mut words = 0;
    for i in order {
        let mut first = i;
        while first > i.saturating_sub(LEANING_MAX) && !all[first].opens && leans(&all[first].text)
        {
            first -= 1;
        }
        let more: usize = all[first..=i]
            .iter()
            .filter(|s| !s.kept)
            .map(|s| s.words)
            .sum();
        if more > 0 && (words + more <= wanted || words == 0) {
            words += more;
            all[first..=i].iter_mut().for_each(|s| s.kept = true);
        }
    }
}

/// Cuts a text without headings where its subject changes; the parts are named by their own key
/// phrases.
fn by_subject(whole: Part) -> Vec<Part> {
    let kept: Vec<Sentence> = whole.sentences.into_iter().filter(|s| s.kept).collect();
    let texts: Vec<String> = kept.iter().map(|s| s.text.clone()).collect();
    let opens: Vec<bool> = kept.iter().map(|s| s.opens).collect();
    let shifts = prose::shifts(&texts, &opens);
    let mut parts = Vec::new();
    let mut open = Part {
        heading: None,
        sentences: Vec::new(),
        lists: whole.lists.clone(),
    };
    for (index, sentence) in kept.into_iter().enumerate() {
        if shifts.contains(&index) {
            let next = Part {
                heading: None,
                sentences: Vec::new(),
                lists: whole.lists.clone(),
            };
            parts.push(std::mem::replace(&mut open, next));
        }
        open.sentences.push(sentence);
    }
    parts.push(open);
    // The first part opens under the title; the others need names.
    for part in parts.iter_mut().skip(1) {
        let text: Vec<&str> = part.sentences.iter().map(|s| s.text.as_str()).collect();
        let phrase = keywords(&text.join("\n"), 1).into_iter().next();
        part.heading = phrase.map(|phrase| shortened(&capital(&phrase), HEADING_CHARS_MAX));
    }
    parts
}

fn title(options: &Options, own: Option<String>, parts: &[Part]) -> String {
    let given = options
        .title
        .as_deref()
        .map(str::trim)
        .filter(|t| !t.is_empty());
    let first = parts.iter().flat_map(|p| &p.sentences).find(|s| s.kept);
    let title = given.map(str::to_owned).or(own).unwrap_or_else(|| {
        first
            .map(|s| s.text.trim_end_matches('.').to_owned())
            .unwrap_or_default()
    });
    let title: String = title.chars().filter(|c| !matches!(c, '<' | '>')).collect();
    shortened(&title, TITLE_CHARS_MAX)
}

fn scene(index: usize, part: Part, title: &str) -> Scene {
    let kept: Vec<&Sentence> = part.sentences.iter().filter(|s| s.kept).collect();
    let mut narration = String::new();
    for sentence in &kept {
        if !narration.is_empty() {
            narration.push_str(if sentence.opens { "\n\n" } else { " " });
        }
        narration.push_str(&sentence.text);
    }
    let visual = match index {
        0 => Visual::Title { subtitle: None },
        _ => points(&part, &kept).unwrap_or(Visual::Heading { text: None }),
    };
    let hint = keywords(&narration, 3).join(" ");
    Scene {
        heading: part.heading.map_or_else(
            || title.to_owned(),
            |heading| shortened(&heading, TITLE_CHARS_MAX),
        ),
        narration,
        visual,
        picture_hint: (!hint.is_empty()).then_some(hint),
    }
}

/// The first list that the kept sentences come from, if a card has room for it.
fn points(part: &Part, kept: &[&Sentence]) -> Option<Visual> {
    let list = kept.iter().find_map(|s| s.list)?;
    let points: Vec<String> = part.lists[list]
        .iter()
        .map(|p| p.trim_end_matches(['.', ';', ',']).to_owned())
        .collect();
    let fits = points.len() <= POINTS_MAX
        && points
            .iter()
            .all(|point| point.chars().count() <= POINT_CHARS_MAX);
    fits.then_some(Visual::Bullets { points })
}

/// At most `most` characters, cut between words.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most - 1).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end_matches([',', ';', ':', ' ']))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
