//! The lines of a script, joined into blocks.

use super::error::ScriptError;

/// A block of the script and the line on which it begins.
#[derive(Debug, PartialEq)]
pub(super) struct Block {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    /// `# title`
    Title(String),
    /// `## heading`
    Heading(String),
    /// Lines of narration, joined by spaces.
    Paragraph(String),
    /// `- point` lines.
    Points(Vec<String>),
    /// `> words` lines, without their marks.
    Quote(Vec<String>),
    /// `!name rest`, and the lines under it up to a blank one.
    Directive {
        name: String,
        rest: String,
        under: Vec<(usize, String)>,
    },
}

/// What a single line is.
enum Line<'a> {
    Blank,
    Rule,
    Heading {
        level: usize,
        text: &'a str,
    },
    Point(&'a str),
    Quote(&'a str),
    Directive(&'a str),
    Foreign {
        what: &'static str,
        help: &'static str,
    },
    Text(&'a str),
}

/// Joins the lines of `text` into blocks.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, ScriptError> {
    let text = without_comments(text)?;
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.trim_end()))
        .collect();
    let mut blocks = Vec::new();
    let mut rest = lines.as_slice();
    while let Some(&(line, text)) = rest.first() {
        rest = &rest[1..];
        let kind = match classify(text) {
            Line::Blank | Line::Rule => continue,
            Line::Heading { level: 1, text } => Kind::Title(text.to_owned()),
            Line::Heading { level: 2, text } => Kind::Heading(text.to_owned()),
            Line::Heading { text, .. } => {
                let what = format!("\"{text}\" is a heading below the scenes");
                let help = "write ## to begin a scene, or !text to show words";
                return Err(ScriptError::malformed(line, what, help));
            }
            Line::Foreign { what, help } => return Err(ScriptError::malformed(line, what, help)),
            Line::Point(first) => points(first, &mut rest),
            Line::Quote(first) => quote(first, &mut rest),
            Line::Directive(words) => directive(words, &mut rest),
            Line::Text(first) => paragraph(first, &mut rest)?,
        };
        blocks.push(Block { line, kind });
    }
    Ok(blocks)
}

fn classify(line: &str) -> Line<'_> {
    let text = line.trim_start();
    if text.is_empty() {
        return Line::Blank;
    }
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if bare.len() >= 3
        && ["-", "*", "_"]
            .iter()
            .any(|mark| bare.replace(mark, "").is_empty())
    {
        return Line::Rule;
    }
    let hashes = text.bytes().take_while(|&b| b == b'#').count();
    if (1..=6).contains(&hashes) && text[hashes..].starts_with([' ', '\t']) {
        let text = text[hashes..].trim().trim_end_matches('#').trim_end();
        return Line::Heading {
            level: hashes,
            text,
        };
    }
    if let Some(point) = point_of(text) {
        return Line::Point(point);
    }
    if let Some(words) = text.strip_prefix('>') {
        return Line::Quote(words.trim());
    }
    if let Some(words) = text.strip_prefix('!')
        && words.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        return Line::Directive(words);
    }
    if text.starts_with("```") || text.starts_with("~~~") {
        let (what, help) = (
            "a block of code can't be spoken",
            "say in words what it does",
        );
        return Line::Foreign { what, help };
    }
    if text.starts_with('|') && text.len() > 1 && text.ends_with('|') {
        let what = "a table can't be spoken";
        return Line::Foreign {
            what,
            help: "write !chart for numbers or !compare for two sides",
        };
    }
    Line::Text(text)
}

/// The text of a list's line: `- x`, `* x`, `+ x`, `1. x` or `12) x`.
fn point_of(text: &str) -> Option<&str> {
    for mark in ["- ", "* ", "+ ", "• "] {
        if let Some(point) = text.strip_prefix(mark) {
            return Some(point.trim());
        }
    }
    // At most two digits: "1960. That year" is a sentence.
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let after = &text[digits..];
    let is_number =
        (1..=2).contains(&digits) && (after.starts_with(". ") || after.starts_with(") "));
    is_number.then(|| after[2..].trim())
}

fn points(first: &str, rest: &mut &[(usize, &str)]) -> Kind {
    let mut points = vec![first.to_owned()];
    while let Some(&(_, line)) = rest.first() {
        match (classify(line), points.last_mut()) {
            (Line::Point(point), _) => points.push(point.to_owned()),
            // A line that hangs under its point belongs to it.
            (Line::Text(more), Some(last)) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(more);
            }
            _ => break,
        }
        *rest = &rest[1..];
    }
    Kind::Points(points)
}

fn quote(first: &str, rest: &mut &[(usize, &str)]) -> Kind {
    let mut lines = vec![first.to_owned()];
    while let Some(&(_, line)) = rest.first() {
        let Line::Quote(words) = classify(line) else {
            break;
        };
        lines.push(words.to_owned());
        *rest = &rest[1..];
    }
    Kind::Quote(lines.into_iter().filter(|line| !line.is_empty()).collect())
}

fn directive(words: &str, rest: &mut &[(usize, &str)]) -> Kind {
    let end = words.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let (name, after) = words.split_at(end.unwrap_or(words.len()));
    let mut under = Vec::new();
    // Only a chart has lines under it; after anything else the narration may go on at once.
    while name == "chart"
        && let Some(&(line, text)) = rest.first()
        && !text.trim().is_empty()
    {
        under.push((line, text.trim().to_owned()));
        *rest = &rest[1..];
    }
    let rest = after.trim_start_matches(':').trim().to_owned();
    Kind::Directive {
        name: name.to_owned(),
        rest,
        under,
    }
}

fn paragraph(first: &str, rest: &mut &[(usize, &str)]) -> Result<Kind, ScriptError> {
    let mut text = first.to_owned();
    while let Some(&(line, next)) = rest.first() {
        let underline = next.trim();
        if underline.len() >= 3 && (is_all(underline, '=') || is_all(underline, '-')) {
            let what = "a line of dashes under a text makes it a heading in Markdown";
            let help = "write ## before a heading, or a blank line above the dashes";
            return Err(ScriptError::malformed(line, what, help));
        }
        let Line::Text(more) = classify(next) else {
            break;
        };
        text.push(' ');
        text.push_str(more);
        *rest = &rest[1..];
    }
    Ok(Kind::Paragraph(text))
}

fn is_all(text: &str, mark: char) -> bool {
    text.chars().all(|c| c == mark)
}

/// Blanks out `<!-- notes -->`, keeping every line where it is.
fn without_comments(text: &str) -> Result<String, ScriptError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("<!--") {
        out.push_str(&rest[..start]);
        let Some(length) = rest[start..].find("-->") else {
            let line = out.matches('\n').count() + 1;
            let what = "a note begins with <!-- and never ends";
            return Err(ScriptError::malformed(line, what, "end it with -->"));
        };
        let end = start + length + "-->".len();
        out.extend(rest[start..end].chars().filter(|&c| c == '\n'));
        rest = &rest[end..];
    }
    out.push_str(rest);
    Ok(out)
}
