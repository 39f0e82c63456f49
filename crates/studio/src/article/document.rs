//! What is read from an article, whatever it was written in.

use super::{html, markdown, plain};

/// An article: a title perhaps, and sections.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Document {
    pub(super) title: Option<String>,
    /// In order; the first has no heading where text precedes all headings.
    pub(super) sections: Vec<Section>,
}

/// A heading and what stands under it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Section {
    pub(super) heading: Option<String>,
    pub(super) blocks: Vec<Block>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Block {
    Paragraph(String),
    List(Vec<String>),
}

impl Document {
    /// Reads an article, telling by the text what it was written in.
    pub(super) fn read(text: &str) -> Self {
        let mut document = if is_html(text) {
            html::read(text)
        } else if is_markdown(text) {
            markdown::read(text)
        } else {
            plain::read(text)
        };
        document
            .sections
            .retain(|section| !section.blocks.is_empty());
        document
    }

    /// Begins a section, unless the heading is empty.
    pub(super) fn begin(&mut self, heading: &str) {
        let heading = one_line(heading);
        if !heading.is_empty() {
            self.sections.push(Section {
                heading: Some(heading),
                blocks: Vec::new(),
            });
        }
    }

    /// Adds a block to the open section.
    pub(super) fn add(&mut self, block: Block) {
        let is_empty = match &block {
            Block::Paragraph(text) => !text.chars().any(char::is_alphanumeric),
            Block::List(points) => points.is_empty(),
        };
        if is_empty {
            return;
        }
        if self.sections.is_empty() {
            self.sections.push(Section::default());
        }
        if let Some(section) = self.sections.last_mut() {
            section.blocks.push(block);
        }
    }
}

/// A text with single spaces and no line breaks.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A page says so at its top; a fragment shows by its paragraphs.
fn is_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(200).collect();
    let start = start.to_lowercase();
    start.starts_with("<!doctype html")
        || start.contains("<html")
        || start.starts_with("<article")
        || start.starts_with("<p>")
        || start.starts_with("<h1")
        || (start.starts_with('<') && text.contains("</p>"))
}

/// Markdown shows by its headings, links, emphasis or lists.
fn is_markdown(text: &str) -> bool {
    let marked = |line: &str| {
        let line = line.trim_start();
        let hashes = line.bytes().take_while(|&b| b == b'#').count();
        ((1..=6).contains(&hashes) && line[hashes..].starts_with(' '))
            || ["- ", "* ", "+ ", "> ", "```"]
                .iter()
                .any(|mark| line.starts_with(mark))
            || line.contains("](")
            || line.contains("**")
    };
    text.lines().any(marked)
}
