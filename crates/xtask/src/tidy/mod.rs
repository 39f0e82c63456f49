//! `cargo xtask tidy`: what neither rustc nor clippy can see.
//!
//! Each check is a pure function of the [`Tree`]; a rule that the project can't keep yet stands
//! under `[pending]` in `tidy.toml` with its reason, and must leave that list the day it is kept.

mod floors;
mod hosts;
mod imports;
mod orphans;
mod pages;
mod seams;
mod sizes;
mod source;
mod tree;
mod words;

pub(crate) use tree::Tree;

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// The file, from the repository's root.
    path: String,
    /// Its line, from 1; 0 where the finding is about the whole file.
    line: usize,
    /// What is wrong and what to do.
    text: String,
    /// Whether it is only said: warnings fail nothing.
    warning: bool,
}

impl Finding {
    fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            text: text.into(),
            warning: false,
        }
    }

    fn warning(path: &str, text: impl Into<String>) -> Self {
        Self {
            warning: true,
            ..Self::new(path, 0, text)
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        let kind = if self.warning { "warning: " } else { "" };
        write!(f, ": {kind}{}", self.text)
    }
}

type Check = fn(&Tree) -> Vec<Finding>;

/// Every check, by the name that `[pending]` uses.
const CHECKS: &[(&str, Check)] = &[
    ("floors", floors::check),
    ("sizes", sizes::check),
    ("words", words::check),
    ("imports", imports::check),
    ("orphans", orphans::check),
    ("error-pages", seams::error_pages),
    ("crash-points", seams::crash_points),
    ("store-verbs", seams::store_verbs),
    ("links", pages::links),
    ("decisions", pages::decisions),
    ("fragments", pages::fragments),
    ("invariants", pages::invariants),
    ("hosts", hosts::check),
];

/// Checks `tree`, prints what is wrong and tells whether nothing is.
pub(crate) fn run(tree: &Tree) -> bool {
    let findings = findings(tree, CHECKS);
    for finding in &findings {
        eprintln!("{finding}");
    }
    let broken = findings.iter().filter(|finding| !finding.warning).count();
    if broken > 0 {
        eprintln!("tidy: {broken} places break a rule");
    }
    broken == 0
}

fn findings(tree: &Tree, checks: &[(&str, Check)]) -> Vec<Finding> {
    let mut all = Vec::new();
    for &(name, check) in checks {
        let found = check(tree);
        let pending = tree.settings.pending.contains_key(name);
        let broken = found.iter().filter(|finding| !finding.warning).count();
        match (pending, broken) {
            (true, 0) => all.push(Finding::new(
                "tidy.toml",
                0,
                format!("`{name}` is kept now: take it out of [pending]"),
            )),
            (true, _) => all.push(Finding::warning(
                "tidy.toml",
                format!("`{name}` is pending: {broken} places still break it"),
            )),
            (false, _) => all.extend(found),
        }
    }
    for name in tree.settings.pending.keys() {
        if !checks.iter().any(|(known, _)| known == name) {
            all.push(Finding::new(
                "tidy.toml",
                0,
                format!("[pending] names no check: `{name}`"),
            ));
        }
    }
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(_: &Tree) -> Vec<Finding> {
        vec![Finding::new("a.rs", 3, "is wrong")]
    }

    fn kept(_: &Tree) -> Vec<Finding> {
        Vec::new()
    }

    fn with_pending(name: &str) -> Tree {
        let mut tree = Tree::default();
        tree.settings
            .pending
            .insert(name.to_owned(), "because".to_owned());
        tree
    }

    #[test]
    fn a_pending_rule_warns_until_it_is_kept_and_then_fails() {
        let tree = with_pending("rule");
        assert!(
            findings(&tree, &[("rule", broken)])
                .iter()
                .all(|finding| finding.warning)
        );
        assert!(
            findings(&tree, &[("rule", kept)])
                .iter()
                .any(|finding| !finding.warning)
        );
        assert_eq!(
            findings(&Tree::default(), &[("rule", broken)]),
            broken(&tree)
        );
    }

    #[test]
    fn a_pending_rule_must_exist() {
        let found = findings(&with_pending("typo"), &[("rule", kept)]);
        assert_eq!(found.len(), 1);
        assert!(!found[0].warning);
    }
}
