//! `!directives`: what a scene shows, in one readable line.

use super::error::ScriptError;
use super::inline::plain;
use super::{Chart, ChartShape, Side, Visual};

/// Every directive, in the order of the guide.
pub const DIRECTIVES: [&str; 8] = [
    "number", "chart", "compare", "text", "picture", "sections", "title", "closing",
];

/// Characters that each part of a card has room for.
pub(super) mod limit {
    /// The large value of a number or a side of a comparison.
    pub(in crate::script) const VALUE: usize = 24;
    /// A label, a caption of a chart, a source.
    pub(in crate::script) const LABEL: usize = 120;
    /// The name of a bar or of a side.
    pub(in crate::script) const NAME: usize = 40;
    /// On-screen text, and a point of a list.
    pub(in crate::script) const TEXT: usize = 160;
    /// A quotation.
    pub(in crate::script) const QUOTE: usize = 400;
    /// Points of a list.
    pub(in crate::script) const POINTS: usize = 6;
    /// Bars of a chart.
    pub(in crate::script) const BARS: usize = 12;
    /// Points of a line.
    pub(in crate::script) const LINE_POINTS: usize = 60;
}

/// What a directive asks for.
pub(super) enum Wish {
    Show(Visual),
    Picture(String),
}

/// Reads `!name rest` with the lines under it.
pub(super) fn read(
    line: usize,
    name: &str,
    rest: &str,
    under: &[(usize, String)],
) -> Result<Wish, ScriptError> {
    let text = plain(rest).text;
    let optional = |what| -> Result<Option<String>, ScriptError> {
        if text.is_empty() {
            Ok(None)
        } else {
            fit(line, what, &text, limit::TEXT).map(Some)
        }
    };
    let visual = match name {
        "number" => number(line, &text)?,
        "chart" => Visual::Chart(chart(line, &text, under)?),
        "compare" => compare(line, &text)?,
        "text" => Visual::Heading {
            text: Some(optional("the text")?.ok_or_else(|| {
                ScriptError::malformed(line, "!text has no text", "write !text Words to show")
            })?),
        },
        "picture" if text.is_empty() => {
            let help = "write !picture whale in deep water";
            return Err(ScriptError::malformed(
                line,
                "!picture names no picture",
                help,
            ));
        }
        "picture" => return Ok(Wish::Picture(fit(line, "the picture", &text, limit::TEXT)?)),
        "sections" if text.is_empty() => Visual::Sections,
        "sections" => {
            let help = "it shows the headings of all scenes: write it alone";
            return Err(ScriptError::malformed(
                line,
                "!sections takes no words",
                help,
            ));
        }
        "title" => Visual::Title {
            subtitle: optional("the subtitle")?,
        },
        "closing" => Visual::Closing {
            text: optional("the text")?,
        },
        _ => return Err(unknown(line, name)),
    };
    Ok(Wish::Show(visual))
}

fn unknown(line: usize, name: &str) -> ScriptError {
    let lower = name.to_lowercase();
    let near = DIRECTIVES
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&lower, known), *known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).max(2))
        .min_by_key(|(distance, _)| *distance);
    let help = match near {
        Some((_, known)) => format!("did you mean \"!{known}\"?"),
        None => format!("the directives are !{}", DIRECTIVES.join(", !")),
    };
    let shown: String = name.chars().take(40).collect();
    ScriptError::malformed(line, format!("unknown directive \"!{shown}\""), help)
}

/// `10,994 m | the deepest point we know`
fn number(line: usize, text: &str) -> Result<Visual, ScriptError> {
    let help = "write !number 10,994 m | the deepest point we know";
    let Some((value, label)) = text.split_once('|') else {
        return Err(ScriptError::malformed(
            line,
            "!number needs a value and a label",
            help,
        ));
    };
    let (value, label) = (value.trim(), label.trim());
    if value.is_empty() || label.is_empty() {
        return Err(ScriptError::malformed(
            line,
            "!number needs a value and a label",
            help,
        ));
    }
    Ok(Visual::Number {
        value: fit(line, "the value", value, limit::VALUE)?,
        label: fit(line, "the label", label, limit::LABEL)?,
    })
}

/// `Everest: 8,849 m (above the sea) | Challenger Deep: 10,935 m (below it)`
fn compare(line: usize, text: &str) -> Result<Visual, ScriptError> {
    let help = "write !compare A: value (note) | B: value (note)";
    let sides: Vec<_> = text.split('|').collect();
    let [left, right] = sides.as_slice() else {
        let what = "!compare needs two sides with | between them";
        return Err(ScriptError::malformed(line, what, help));
    };
    Ok(Visual::Comparison {
        left: side(line, left, help)?,
        right: side(line, right, help)?,
    })
}

fn side(line: usize, text: &str, help: &str) -> Result<Side, ScriptError> {
    let Some((label, value)) = text.split_once(':') else {
        let what = format!("\"{}\" has no colon between name and value", text.trim());
        return Err(ScriptError::malformed(line, what, help));
    };
    let value = value.trim();
    let (value, note) = match value.strip_suffix(')').and_then(|v| v.rsplit_once('(')) {
        Some((value, note)) if !value.trim().is_empty() => (value.trim(), Some(note.trim())),
        _ => (value, None),
    };
    if label.trim().is_empty() || value.is_empty() {
        return Err(ScriptError::malformed(
            line,
            "a side needs a name and a value",
            help,
        ));
    }
    Ok(Side {
        label: fit(line, "the name", label.trim(), limit::NAME)?,
        value: fit(line, "the value", value, limit::VALUE)?,
        note: note
            .filter(|note| !note.is_empty())
            .map(|note| fit(line, "the note", note, limit::LABEL))
            .transpose()?,
    })
}

/// `bar Depth (m)`, and under it `label: value` lines and perhaps `source: …`.
fn chart(line: usize, text: &str, under: &[(usize, String)]) -> Result<Chart, ScriptError> {
    let (shape, caption) = text.split_once(' ').unwrap_or((text, ""));
    let (shape, most) = match shape {
        "bar" | "bars" => (ChartShape::Bar, limit::BARS),
        "line" => (ChartShape::Line, limit::LINE_POINTS),
        _ => {
            let what = format!("a chart can't be \"{shape}\"");
            let help = "write !chart bar Depth (m) or !chart line Year by year";
            return Err(ScriptError::malformed(line, what, help));
        }
    };
    let caption = caption.trim();
    let caption = (!caption.is_empty())
        .then(|| fit(line, "the caption", caption, limit::LABEL))
        .transpose()?;
    let (mut points, mut source) = (Vec::new(), None);
    for (line, text) in under {
        let text = plain(text.trim_start_matches("- ")).text;
        if let Some(words) = text
            .strip_prefix("source:")
            .or_else(|| text.strip_prefix("Source:"))
        {
            source = Some(fit(*line, "the source", words.trim(), limit::LABEL)?);
        } else {
            points.push(point(*line, &text)?);
        }
    }
    if points.len() < 2 || points.len() > most {
        let what = format!(
            "the chart has {} values, it needs 2 to {most}",
            points.len()
        );
        let help = "write one \"label: value\" line for each, right under !chart";
        return Err(ScriptError::malformed(line, what, help));
    }
    Ok(Chart {
        shape,
        caption,
        points,
        source,
    })
}

fn point(line: usize, text: &str) -> Result<(String, f64), ScriptError> {
    let help = "write \"label: value\", such as Titanic: 3,800; the unit goes into the caption";
    let Some((label, value)) = text.rsplit_once(':') else {
        let what = format!("\"{text}\" is no value of a chart");
        return Err(ScriptError::malformed(line, what, help));
    };
    // Digits may be grouped as people group them; nothing else may stand beside the number.
    let digits: String = value
        .chars()
        .filter(|c| !matches!(c, ',' | '_' | '\'' | ' ' | '\u{a0}' | '\u{202f}'))
        .collect();
    let digits = digits.replace('−', "-");
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() && number.abs() < 1e15 && !label.trim().is_empty() => {
            Ok((fit(line, "the label", label.trim(), limit::NAME)?, number))
        }
        _ => {
            let what = format!("\"{}\" is not a number", value.trim());
            Err(ScriptError::malformed(line, what, help))
        }
    }
}

/// `text`, if a card has room for it.
pub(super) fn fit(line: usize, what: &str, text: &str, most: usize) -> Result<String, ScriptError> {
    let chars = text.chars().count();
    if chars <= most {
        return Ok(text.to_owned());
    }
    let what = format!("{what} has {chars} characters, the card has room for {most}");
    Err(ScriptError::malformed(line, what, "shorten it"))
}
