//! Charts as SVG text. No script, no font, no host: colours are the page's variables, so they
//! follow its light and dark.

use std::fmt::Write as _;

/// Width and height of a chart, in its own units; the page scales it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;

/// Room for labels: left, right, top, bottom.
const ROOM: [f64; 4] = [56.0, 12.0, 12.0, 44.0];

/// Lines differ by colour and by dashes: not everybody sees the colours.
const DASHES: [&str; 6] = ["", "6 3", "2 3", "9 3 2 3", "12 4", "4 2 1 2"];

/// A line with its name.
pub(super) struct Line {
    pub name: String,
    /// Points as (x, y) from 0 to 1.
    pub points: Vec<(f64, f64)>,
}

/// A chart's words.
pub(super) struct Words<'a> {
    pub id: &'a str,
    pub title: &'a str,
    /// What somebody who doesn't see it shall know.
    pub told: &'a str,
    pub x: &'a str,
    pub y: &'a str,
}

/// Marks on an axis, as (place from 0 to 1, label).
pub(super) type Marks = Vec<(f64, String)>;

/// Lines over both axes.
pub(super) fn lines(words: &Words<'_>, lines: &[Line], (x, y): (&Marks, &Marks)) -> String {
    let mut svg = begin(words, HEIGHT);
    axes(&mut svg, words, x, y);
    for (at, line) in lines.iter().enumerate() {
        let points: Vec<String> = line
            .points
            .iter()
            .map(|(x, y)| format!("{:.1},{:.1}", across(*x), up(*y)))
            .collect();
        let _infallible = write!(
            svg,
            "<polyline class=\"line c{at}\" stroke-dasharray=\"{}\" points=\"{}\"/>",
            DASHES[at % DASHES.len()],
            points.join(" ")
        );
    }
    svg.push_str("</svg>");
    let _infallible = write!(svg, "<ul class=\"legend\">{}</ul></figure>", legend(lines));
    svg
}

fn legend(lines: &[Line]) -> String {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let _infallible = write!(
            text,
            "<li><svg aria-hidden=\"true\" width=\"34\" height=\"10\"><line class=\"line c{at}\" \
             stroke-dasharray=\"{}\" x1=\"0\" y1=\"5\" x2=\"34\" y2=\"5\"/></svg> {}</li>",
            DASHES[at % DASHES.len()],
            escaped(&line.name)
        );
    }
    text
}

/// A bar for each name, with its value from 0 to 1 and in words.
pub(super) fn bars(words: &Words<'_>, bars: &[(String, f64, String)]) -> String {
    let height = 34.0 * bars.len() as f64 + 8.0;
    let mut svg = begin(words, height);
    let left = 170.0;
    for (at, (name, value, told)) in bars.iter().enumerate() {
        let top = 8.0 + 34.0 * at as f64;
        let wide = (WIDTH - left - 90.0) * value.clamp(0.0, 1.0);
        let _infallible = write!(
            svg,
            "<text class=\"label\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>\
             <rect class=\"bar c{at}\" x=\"{left}\" y=\"{top}\" width=\"{:.1}\" height=\"22\"/>\
             <text class=\"label\" x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            left - 8.0,
            top + 16.0,
            escaped(name),
            wide.max(1.0),
            left + wide.max(1.0) + 6.0,
            top + 16.0,
            escaped(told)
        );
    }
    svg.push_str("</svg></figure>");
    svg
}

fn begin(words: &Words<'_>, height: f64) -> String {
    let (id, title, told) = (words.id, escaped(words.title), escaped(words.told));
    format!(
        "<figure><figcaption>{title}</figcaption><svg class=\"chart\" role=\"img\" \
         viewBox=\"0 0 {WIDTH} {height}\" aria-labelledby=\"{id}-t {id}-d\">\
         <title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{told}</desc>"
    )
}

fn axes(svg: &mut String, words: &Words<'_>, x: &Marks, y: &Marks) {
    let (left, right) = (ROOM[0], WIDTH - ROOM[1]);
    let (top, bottom) = (ROOM[2], HEIGHT - ROOM[3]);
    for (at, label) in y {
        let y = up(*at);
        let _infallible = write!(
            svg,
            "<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
             <text class=\"label\" x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            left - 6.0,
            y + 4.0
        );
    }
    for (at, label) in x {
        let x = across(*at);
        let _infallible = write!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>\
             <text class=\"label\" x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>",
            bottom + 16.0
        );
    }
    let _infallible = write!(
        svg,
        "<text class=\"label\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>\
         <text class=\"label\" transform=\"translate(13 {:.0}) rotate(-90)\" \
         text-anchor=\"middle\">{}</text>",
        f64::midpoint(left, right),
        HEIGHT - 8.0,
        escaped(words.x),
        f64::midpoint(top, bottom),
        escaped(words.y)
    );
}

fn across(x: f64) -> f64 {
    ROOM[0] + (WIDTH - ROOM[0] - ROOM[1]) * x.clamp(0.0, 1.0)
}

fn up(y: f64) -> f64 {
    HEIGHT - ROOM[3] - (HEIGHT - ROOM[2] - ROOM[3]) * y.clamp(0.0, 1.0)
}

/// Text as it may stand in HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_wherever_it_stands() {
        let line = Line {
            name: "<script>\"&".to_owned(),
            points: vec![(0.0, 0.0), (2.0, f64::MAX)],
        };
        let words = Words {
            id: "a",
            title: "<b>",
            told: "t",
            x: "x",
            y: "y",
        };
        let svg = lines(&words, &[line], (&Vec::new(), &Vec::new()));
        assert!(svg.contains("&lt;script&gt;&quot;&amp;") && !svg.contains("<script"));
        assert!(!svg.contains("<b>"));
        // What lies outside is drawn at the edge.
        assert!(svg.contains("708.0,12.0"), "{svg}");
    }
}
