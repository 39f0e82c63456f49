//! Web pages: the article in them, without what stands around it.

use scraper::node::Node;
use scraper::{ElementRef, Html, Selector};

use super::document::{Block, Document, one_line};

/// Elements that are not the article, or can't be spoken.
const LEFT_OUT: &[&str] = &[
    "nav",
    "script",
    "style",
    "aside",
    "header",
    "footer",
    "form",
    "button",
    "table",
    "pre",
    "code",
    "figure",
    "figcaption",
    "noscript",
    "template",
    "svg",
    "math",
    "iframe",
    "select",
    "textarea",
    "video",
    "audio",
    "sup",
    "head",
    "menu",
    "dialog",
];

/// Elements that begin a block of text of their own.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "main",
    "blockquote",
    "dl",
    "dt",
    "dd",
    "address",
    "body",
    "details",
    "summary",
    "br",
    "hr",
];

/// Elements inside each other that are walked into. Deeper ones are left out: no page that a
/// person wrote has them.
const DEPTH_MAX: usize = 200;

/// Elements that are open at one time, above which the rest of a page is left out.
const OPEN_MAX: usize = 2_000;

/// Elements that need no closing tag.
const UNCLOSED: &[&str] = &[
    "p", "li", "br", "img", "hr", "meta", "link", "input", "td", "th", "tr", "dt", "dd", "option",
    "source", "wbr", "area", "base", "col", "embed", "track", "param",
];

/// Reads a page: its first `article` or `main`, else its body.
pub(super) fn read(text: &str) -> Document {
    let page = Html::parse_document(shallow(text));
    let find = |name: &str| {
        let selector = Selector::parse(name).ok()?;
        page.select(&selector).next()
    };
    let title = find("h1")
        .or_else(|| find("title"))
        .map(|element| one_line(&element.text().collect::<Vec<_>>().join("")));
    let mut reader = Reader::default();
    reader.document.title = title.filter(|title| !title.is_empty());
    if let Some(root) = find("article")
        .or_else(|| find("main"))
        .or_else(|| find("body"))
    {
        reader.walk(root, 0);
    }
    reader.flush();
    reader.document
}

/// The page up to where its open elements would be too many.
///
/// The parser looks through all open elements at each tag, as the HTML standard asks, so a page
/// of nothing but opening tags would take time with the square of its length.
fn shallow(text: &str) -> &str {
    let mut open = 0_usize;
    for (at, _) in text.match_indices('<') {
        let rest = &text.as_bytes()[at + 1..];
        match rest.first() {
            Some(b'/') => open = open.saturating_sub(1),
            Some(c) if c.is_ascii_alphabetic() => {
                let name = rest
                    .iter()
                    .take_while(|c| c.is_ascii_alphanumeric())
                    .count();
                let name = text[at + 1..at + 1 + name].to_ascii_lowercase();
                open += usize::from(!UNCLOSED.contains(&name.as_str()));
            }
            _ => {}
        }
        if open > OPEN_MAX {
            return &text[..at];
        }
    }
    text
}

#[derive(Default)]
struct Reader {
    document: Document,
    open: String,
    /// The points of the outermost open list, while one is open.
    points: Option<Vec<String>>,
}

impl Reader {
    fn walk(&mut self, element: ElementRef<'_>, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        for child in element.children() {
            match child.value() {
                Node::Text(text) => self.open.push_str(text),
                Node::Element(_) => {
                    if let Some(child) = ElementRef::wrap(child) {
                        self.enter(child, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn enter(&mut self, element: ElementRef<'_>, depth: usize) {
        let name = element.value().name();
        if is_left_out(&element) {
            return;
        }
        match name {
            // The first-level heading is the title.
            "h1" => self.flush(),
            "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.flush();
                self.document
                    .begin(&element.text().collect::<Vec<_>>().join(""));
            }
            "ul" | "ol" if self.points.is_none() => {
                self.flush();
                self.points = Some(Vec::new());
                self.walk(element, depth);
                self.flush();
                let points = self.points.take().unwrap_or_default();
                self.document.add(Block::List(points));
            }
            "li" | "ul" | "ol" => self.block(element, depth),
            _ if BLOCKS.contains(&name) => self.block(element, depth),
            _ => self.walk(element, depth),
        }
    }

    fn block(&mut self, element: ElementRef<'_>, depth: usize) {
        self.flush();
        self.walk(element, depth);
        self.flush();
    }

    fn flush(&mut self) {
        let text = one_line(&std::mem::take(&mut self.open));
        if text.is_empty() {
            return;
        }
        match &mut self.points {
            Some(points) => points.push(text),
            None => self.document.add(Block::Paragraph(text)),
        }
    }
}

fn is_left_out(element: &ElementRef<'_>) -> bool {
    let value = element.value();
    LEFT_OUT.contains(&value.name())
        || value.attr("hidden").is_some()
        || value.attr("aria-hidden") == Some("true")
        || value.attr("role") == Some("navigation")
}
