//! Markdown articles.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::document::{Block, Document, one_line};

/// Reads Markdown. Code, tables, footnotes, images and HTML are left out.
pub(super) fn read(text: &str) -> Document {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, options) {
        reader.take(event);
    }
    reader.flush();
    reader.document
}

/// The reader's state between two events.
#[derive(Default)]
struct Reader {
    document: Document,
    /// Text since the last block ended.
    open: String,
    /// The points of the outermost open list.
    points: Vec<String>,
    lists: usize,
    /// How deep we are in things that are left out.
    skipped: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) if is_left_out(&tag) => {
                self.flush();
                self.skipped += 1;
            }
            Event::Start(Tag::Image { .. }) => self.skipped += 1,
            Event::End(end) if is_left_out_end(end) => {
                self.skipped = self.skipped.saturating_sub(1);
            }
            _ if self.skipped > 0 => {}
            Event::Start(Tag::List(_)) => {
                self.flush();
                self.lists += 1;
            }
            Event::End(TagEnd::List(_)) => {
                self.flush();
                self.lists = self.lists.saturating_sub(1);
                if self.lists == 0 {
                    let points = std::mem::take(&mut self.points);
                    self.document.add(Block::List(points));
                }
            }
            Event::Start(Tag::Heading { .. } | Tag::Item | Tag::Paragraph)
            | Event::End(TagEnd::Item | TagEnd::Paragraph) => self.flush(),
            Event::End(TagEnd::Heading(level)) => {
                let text = std::mem::take(&mut self.open);
                let is_title = level as usize == 1
                    && self.document.title.is_none()
                    && self.document.sections.is_empty();
                if is_title {
                    self.document.title = Some(one_line(&text)).filter(|t| !t.is_empty());
                } else {
                    self.document.begin(&text);
                }
            }
            Event::Text(text) | Event::Code(text) => self.open.push_str(&text),
            Event::SoftBreak | Event::HardBreak => self.open.push(' '),
            _ => {}
        }
    }

    /// Ends the open block.
    fn flush(&mut self) {
        let text = one_line(&std::mem::take(&mut self.open));
        if text.is_empty() {
        } else if self.lists > 0 {
            self.points.push(text);
        } else {
            self.document.add(Block::Paragraph(text));
        }
    }
}

fn is_left_out(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::CodeBlock(_)
            | Tag::Table(_)
            | Tag::FootnoteDefinition(_)
            | Tag::HtmlBlock
            | Tag::MetadataBlock(_)
    )
}

fn is_left_out_end(end: TagEnd) -> bool {
    matches!(
        end,
        TagEnd::CodeBlock
            | TagEnd::Table
            | TagEnd::FootnoteDefinition
            | TagEnd::HtmlBlock
            | TagEnd::MetadataBlock(_)
            | TagEnd::Image
    )
}
