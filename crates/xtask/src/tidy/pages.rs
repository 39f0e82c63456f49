//! Pages: links that resolve, decisions that are numbered, invariants that name their tests.

use std::collections::BTreeSet;

use super::source::{code_of, names_after};
use super::{Finding, Tree};
use crate::changelog;

const DECISIONS: &str = "docs/adr/";
const DECISION_SECTIONS: [&str; 4] = [
    "## Context",
    "## Decision",
    "## Rejected",
    "## Consequences",
];
/// A decision fits a page.
const DECISION_LINES_MAX: usize = 80;
const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// Relative links lead to files, folders and headings that exist.
pub(super) fn links(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.ending(".md") {
        for (line, target) in targets(text) {
            if let Some(why) = broken(tree, path, target) {
                found.push(Finding::new(path, line, format!("link to {target}: {why}")));
            }
        }
    }
    found
}

/// Lines of Markdown outside of fenced code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((at + 1, line))
    })
}

/// The targets of inline links and of link definitions.
fn targets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        let inline = line.match_indices("](").filter_map(move |(at, _)| {
            // An odd number of backticks before it: the link is shown, not made.
            let shown = line[..at].matches('`').count() % 2 == 1;
            let target = line[at + 2..].split([')', ' ']).next()?;
            (!shown).then_some((number, target))
        });
        let definition = line
            .strip_prefix('[')
            .and_then(|line| line.split_once("]: "))
            .map(|(_, target)| (number, target.trim()));
        inline.chain(definition)
    })
}

fn broken(tree: &Tree, from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    if target.starts_with('/') {
        return Some("write it relative to this file".to_owned());
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() {
        Some(from.to_owned())
    } else {
        resolved(from, file)
    };
    let Some(path) = path else {
        return Some("it leaves the repository".to_owned());
    };
    if tree.binaries.contains(&path) && anchor.is_empty() {
        return None;
    }
    let folder = format!("{path}/");
    let is_folder = path.is_empty() || tree.files.keys().any(|known| known.starts_with(&folder));
    let Some(text) = tree.files.get(&path) else {
        return (!is_folder).then(|| "no such file".to_owned());
    };
    let known = anchor.is_empty() || slugs(text).contains(anchor);
    (!known).then(|| format!("no such heading in {path}"))
}

/// `relative` from the folder of the file `from`; `None` if that lies outside.
fn resolved(from: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The anchors of the headings, as code forges make them.
fn slugs(text: &str) -> BTreeSet<String> {
    let mut slugs = BTreeSet::new();
    for (_, line) in prose(text).filter(|(_, line)| line.starts_with('#')) {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let slug: String = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let mut name = slug.clone();
        let mut twin = 0;
        while !slugs.insert(name) {
            twin += 1;
            name = format!("{slug}-{twin}");
        }
    }
    slugs
}

/// Decisions are numbered without gaps, fit a page and say what was rejected.
pub(super) fn decisions(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut next = 1;
    let index = tree
        .files
        .get("docs/adr/README.md")
        .map_or("", String::as_str);
    for (path, text) in tree
        .ending(".md")
        .filter(|(path, _)| path.starts_with(DECISIONS))
    {
        let name = &path[DECISIONS.len()..];
        if name == "README.md" {
            continue;
        }
        let number = format!("{next:04}");
        next += 1;
        if !name.starts_with(&format!("{number}-")) {
            found.push(Finding::new(path, 0, format!("its number is not {number}")));
        }
        if !text.starts_with(&format!("# {}. ", &name.get(..4).unwrap_or_default())) {
            found.push(Finding::new(
                path,
                1,
                "begins with `# ` and its number, a full stop, its name",
            ));
        }
        let missing = DECISION_SECTIONS
            .iter()
            .filter(|s| !text.contains(&format!("\n{s}\n")));
        found.extend(missing.map(|section| Finding::new(path, 0, format!("has no `{section}`"))));
        let lines = text.lines().count();
        if lines > DECISION_LINES_MAX {
            let text = format!("has {lines} lines: a decision fits a page ({DECISION_LINES_MAX})");
            found.push(Finding::new(path, 0, text));
        }
        if !index.contains(&format!("]({name})")) {
            found.push(Finding::new(
                "docs/adr/README.md",
                0,
                format!("doesn't list {name}"),
            ));
        }
    }
    found
}

/// Fragments of the changelog have names that the release understands.
pub(super) fn fragments(tree: &Tree) -> Vec<Finding> {
    tree.files
        .keys()
        .filter_map(|path| Some((path, path.strip_prefix("changelog.d/")?)))
        .filter(|(_, name)| *name != "README.md" && changelog::kind(name).is_none())
        .map(|(path, _)| {
            Finding::new(
                path,
                0,
                "is not called <slug>.<breaking|feature|fix|cost>.md",
            )
        })
        .collect()
}

/// Each invariant names a test, and that test exists.
pub(super) fn invariants(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.files.get(ARCHITECTURE) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (line, invariant) in numbered(text) {
        let tests: Vec<&str> = invariant
            .split_once("test")
            .map_or("", |(_, rest)| rest)
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| name.contains("::"))
            .collect();
        if tests.is_empty() {
            let text = "names no test that guards it: end it with (test: `crate::path::name`)";
            found.push(Finding::new(ARCHITECTURE, line, text));
        }
        for test in tests.into_iter().filter(|test| !exists(tree, test)) {
            found.push(Finding::new(
                ARCHITECTURE,
                line,
                format!("there is no test `{test}`"),
            ));
        }
    }
    found
}

/// The numbered paragraphs under `## Invariants`, each with its line.
fn numbered(text: &str) -> Vec<(usize, String)> {
    let mut paragraphs: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (number, line) in prose(text) {
        if line.starts_with("## ") {
            inside = line.trim_end() == "## Invariants";
        } else if inside {
            let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits > 0 && line[digits..].starts_with(". ") {
                paragraphs.push((number, String::new()));
            }
            if let Some((_, paragraph)) = paragraphs.last_mut() {
                paragraph.push_str(line);
                paragraph.push('\n');
            }
        }
    }
    paragraphs
}

/// Tells whether `crate::…::name` names a function in a file of that crate.
fn exists(tree: &Tree, test: &str) -> bool {
    let (first, name) = (
        test.split("::").next().unwrap_or_default(),
        test.rsplit("::").next().unwrap_or_default(),
    );
    let folder = tree
        .packages
        .iter()
        .find(|package| package.name.replace('-', "_") == first.replace('-', "_"))
        .map(|package| format!("{}/", package.folder));
    folder.is_some_and(|folder| {
        tree.rust_under(&folder)
            .filter(|(_, text)| text.contains(name))
            .any(|(_, text)| {
                names_after(&code_of(text), "fn").any(|(_, function)| function == name)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::Package;
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let files = files
            .iter()
            .map(|&(path, text)| (path.to_owned(), text.to_owned()));
        Tree {
            files: files.collect(),
            ..Tree::default()
        }
    }

    #[test]
    fn links_lead_somewhere() {
        let good = "[a](docs/a.md#two-words) [b](docs) [c](https://x.org/) [d](#here)\n# Here\n\
                    ```\n[shown](nowhere.md)\n```\n`[shown](nowhere.md)`\n[e]: docs/a.md\n";
        let files = [
            ("README.md", good),
            ("docs/a.md", "# Two words\n[up](../README.md)\n"),
        ];
        let mut tree = tree(&files);
        tree.files
            .insert("docs/b.md".to_owned(), "![still](b.jpg)\n".to_owned());
        tree.binaries.insert("docs/b.jpg".to_owned());
        assert_eq!(links(&tree), []);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let bad = "[a](b.md)\n[c](/abs.md)\n[d](#gone)\n[e](../../out.md)\n[f]: nowhere.md\n";
        let lines: Vec<_> = links(&tree(&[("docs/a.md", bad)]))
            .iter()
            .map(|f| f.line)
            .collect();
        assert_eq!(lines, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn twin_headings_have_their_own_anchors() {
        let slugs = slugs("# A `b` (c)!\n## Twin\n## Twin\n");
        assert!(
            ["a-b-c", "twin", "twin-1"]
                .iter()
                .all(|slug| slugs.contains(*slug))
        );
    }

    #[test]
    fn decisions_are_numbered_and_whole() {
        let good = "# 0001. A\n\n## Context\n\n## Decision\n\n## Rejected\n\n## Consequences\n";
        let index = ("docs/adr/README.md", "[1](0001-a.md) [3](0003-b.md)");
        assert_eq!(decisions(&tree(&[("docs/adr/0001-a.md", good), index])), []);
        let gap = [
            ("docs/adr/0001-a.md", good),
            ("docs/adr/0003-b.md", "# 0003. B\n"),
            index,
        ];
        assert_eq!(decisions(&tree(&gap)).len(), 1 + DECISION_SECTIONS.len());
        assert_eq!(decisions(&tree(&[("docs/adr/0001-a.md", good)])).len(), 1);
    }

    #[test]
    fn fragments_have_a_kind() {
        let good = [
            ("changelog.d/a.fix.md", "x"),
            ("changelog.d/README.md", "x"),
        ];
        assert_eq!(fragments(&tree(&good)), []);
        assert_eq!(fragments(&tree(&[("changelog.d/a.md", "x")])).len(), 1);
    }

    #[test]
    fn invariants_name_tests_that_exist() {
        let text = "## Invariants\n\n1. Kept.\n   (test: `store-suite::job::claims`)\n\
                    2. Lost (test: `store-suite::job::gone`).\n3. Bare.\n\n## Next\n4. Free.\n";
        let mut tree = tree(&[
            (ARCHITECTURE, text),
            (
                "crates/store-suite/src/job.rs",
                "pub fn claims() {}\n// fn gone() {}",
            ),
        ]);
        let folder = "crates/store-suite".to_owned();
        tree.packages.push(Package {
            name: "store-suite".into(),
            folder,
            ..Package::default()
        });
        let lines: Vec<_> = invariants(&tree)
            .iter()
            .map(|finding| finding.line)
            .collect();
        assert_eq!(lines, [5, 6]);
    }
}
