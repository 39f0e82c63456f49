//! Inline Markdown, taken off: what is left can be spoken and shown.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// A line without its Markdown.
pub(crate) struct Plain {
    /// The words, with single spaces.
    pub(crate) text: String,
    /// The alternative text of the first image, if there is one.
    pub(crate) image: Option<String>,
}

/// Takes emphasis, links, code marks and HTML tags off `markdown`, which is one paragraph.
pub(crate) fn plain(markdown: &str) -> Plain {
    // A word before it keeps the paragraph a paragraph: without it "1960. That year" would
    // be read as a list.
    let guarded = format!(
        "x {}",
        markdown.split_whitespace().collect::<Vec<_>>().join(" ")
    );
    let (mut text, mut image, mut alt) = (String::new(), None, None::<String>);
    for event in Parser::new(&guarded) {
        match event {
            Event::Start(Tag::Image { .. }) => alt = Some(String::new()),
            Event::End(TagEnd::Image) => {
                let words = alt.take();
                image = image.or(words);
            }
            Event::Text(words) | Event::Code(words) => {
                alt.as_mut().unwrap_or(&mut text).push_str(&words);
            }
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    let text = text.strip_prefix('x').unwrap_or(&text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Plain {
        text,
        image: image.filter(|alt| !alt.trim().is_empty()),
    }
}
