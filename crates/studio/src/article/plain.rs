//! Plain text: paragraphs between blank lines, short lines without a full stop as headings.

use super::document::{Block, Document, one_line};
use crate::prose::word_count;

/// Words in a line that stands alone and is still a heading.
const HEADING_WORDS_MAX: usize = 10;

/// Reads a plain text.
pub(super) fn read(text: &str) -> Document {
    let text = text.replace("\r\n", "\n");
    let mut document = Document::default();
    let paragraphs: Vec<String> = paragraphs(&text)
        .iter()
        .map(|p| one_line(p))
        .filter(|p| !p.is_empty())
        .collect();
    let last = paragraphs.len().saturating_sub(1);
    for (index, paragraph) in paragraphs.into_iter().enumerate() {
        if index == last || !is_heading(&paragraph) {
            document.add(Block::Paragraph(paragraph));
        } else if index == 0 {
            document.title = Some(paragraph);
        } else {
            document.begin(&paragraph);
        }
    }
    document
}

/// Stretches between blank lines.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        if line.trim().is_empty() {
            paragraphs.push(String::new());
        } else if let Some(open) = paragraphs.last_mut() {
            open.push_str(line);
            open.push('\n');
        }
    }
    paragraphs
}

fn is_heading(line: &str) -> bool {
    word_count(line) <= HEADING_WORDS_MAX
        && line.ends_with(|c: char| c.is_alphanumeric() || c == '?')
        && line.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
}
