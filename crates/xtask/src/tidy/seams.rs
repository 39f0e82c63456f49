//! Lists that must agree: error codes and their pages, crash points and where they are passed,
//! verbs of the store and their conformance cases.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{code_of, line_of, names_after, shipped};
use super::{Finding, Tree};

const CODES: &str = "crates/core/src/code.rs";
const PAGES: &str = "docs/errors/";
const INDEX: &str = "docs/errors/README.md";
const POINTS: &str = "crates/core/src/crash.rs";

/// What every page of an error says, in this order.
const PAGE_SECTIONS: [&str; 4] = [
    "## What happened",
    "## What it cost",
    "## What to do",
    "## Example",
];

/// Every error code has its page, every page its code, and the index names both rightly.
pub(super) fn error_pages(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    let codes = codes(tree.files.get(CODES).map_or("", String::as_str));
    let index = tree.files.get(INDEX).map_or("", String::as_str);
    for (code, exit) in &codes {
        let path = format!("{PAGES}{code}.md");
        match tree.files.get(&path) {
            None => found.push(Finding::new(
                CODES,
                0,
                format!("{code} has no page: write {path}"),
            )),
            Some(page) => found.extend(error_page(&path, page, code)),
        }
        let row = format!("| [{code}]({code}.md) | {exit} |");
        if !index.contains(&row) {
            found.push(Finding::new(
                INDEX,
                0,
                format!("has no row that begins `{row}`"),
            ));
        }
    }
    for (path, _) in tree
        .ending(".md")
        .filter(|(path, _)| path.starts_with(PAGES))
    {
        let name = path[PAGES.len()..].trim_end_matches(".md");
        if name != "README" && !codes.contains_key(name) {
            found.push(Finding::new(
                path,
                0,
                format!("no error code is called {name}"),
            ));
        }
    }
    found
}

fn error_page(path: &str, page: &str, code: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let title = format!("# {code}: ");
    if !page.starts_with(&title) {
        found.push(Finding::new(
            path,
            1,
            format!("begins with `{title}` and a short name"),
        ));
    }
    let mut from = 0;
    for section in PAGE_SECTIONS {
        match page[from..].find(&format!("\n{section}\n")) {
            Some(at) => from += at,
            None => found.push(Finding::new(
                path,
                0,
                format!("`{section}` is missing or misplaced"),
            )),
        }
    }
    let example = page
        .split_once(PAGE_SECTIONS[3])
        .map_or("", |(_, example)| example);
    if !example.contains(code) {
        found.push(Finding::new(
            path,
            0,
            "its example shows the message, with the code",
        ));
    }
    found
}

/// The codes of `code.rs` with their exit codes.
fn codes(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| {
            let (_, rest) = line.split_once("= \"YT")?;
            let (digits, rest) = rest.split_once("\", exit ")?;
            Some((format!("YT{digits}"), rest.trim_end_matches(';').to_owned()))
        })
        .collect()
}

/// Every crash point is passed somewhere, and every point passed is listed.
pub(super) fn crash_points(tree: &Tree) -> Vec<Finding> {
    let listed = points(tree.files.get(POINTS).map_or("", String::as_str));
    let mut passed = BTreeSet::new();
    let mut found = Vec::new();
    for (path, text) in tree
        .rust_under("crates/")
        .filter(|(path, _)| !is_beside_crash(path))
    {
        let code = code_of(text);
        for (at, _) in shipped(&code).match_indices(".pass(") {
            let rest = text[at + ".pass(".len()..].trim_start();
            let Some(point) = rest
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            if !listed.contains(point) {
                let text = format!("crash point {point} is not in `CrashPlan::POINTS`");
                found.push(Finding::new(path, line_of(&code, at), text));
            }
            passed.insert(point.to_owned());
        }
    }
    for point in listed.difference(&passed) {
        found.push(Finding::new(
            POINTS,
            0,
            format!("no code passes the crash point {point}"),
        ));
    }
    found
}

/// `core` itself passes no point, and the tools speak of them.
fn is_beside_crash(path: &str) -> bool {
    path == POINTS || path.starts_with("crates/xtask/")
}

fn points(text: &str) -> BTreeSet<String> {
    let list = text.split_once("POINTS: &").map_or("", |(_, rest)| rest);
    let list = list.split_once("&[").map_or("", |(_, rest)| rest);
    let list = list.split_once("];").map_or("", |(list, _)| list);
    list.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Every verb of the store is called by a conformance case.
pub(super) fn store_verbs(tree: &Tree) -> Vec<Finding> {
    let suite: Vec<String> = tree
        .rust_under("crates/store-suite/src/")
        .map(|(_, text)| code_of(text))
        .collect();
    let mut found = Vec::new();
    for (path, text) in tree.rust_under("crates/store/src/") {
        let code = code_of(text);
        for (at, body) in public_traits(&code) {
            for (inside, verb) in names_after(body, "fn") {
                let call = format!(".{verb}(");
                if !suite.iter().any(|case| case.contains(&call)) {
                    let line = line_of(&code, at + inside);
                    let text = format!("no case of store-suite calls `{verb}`");
                    found.push(Finding::new(path, line, text));
                }
            }
        }
    }
    found
}

/// The bodies of the public traits in masked `code`, each with its offset.
fn public_traits(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices("pub trait ").filter_map(|(at, _)| {
        let opening = at + code[at..].find('{')?;
        let mut depth = 0_usize;
        for (length, byte) in code[opening..].bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some((opening, &code[opening..opening + length]));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
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

    const CODE: &str = "codes! {\n    /// Doc.\n    BudgetExceeded = \"YT0101\", exit 3;\n}";
    const PAGE: &str = "# YT0101: over budget\n\n## What happened\nx\n## What it cost\nx\n## What \
                        to do\nx\n## Example\n`YT0101`\n";
    const ROW: &str = "| [YT0101](YT0101.md) | 3 | over budget |";

    #[test]
    fn codes_and_pages_agree() {
        let good = [(CODES, CODE), ("docs/errors/YT0101.md", PAGE), (INDEX, ROW)];
        assert!(error_pages(&tree(&good)).is_empty());
    }

    #[test]
    fn a_missing_stray_or_thin_page_is_found() {
        assert_eq!(error_pages(&tree(&[(CODES, CODE), (INDEX, ROW)])).len(), 1);
        let stray = [("docs/errors/YT0999.md", PAGE), (INDEX, "")];
        assert_eq!(error_pages(&tree(&stray)).len(), 1);
        let thin = [
            (CODES, CODE),
            ("docs/errors/YT0101.md", "# YT0101: x\n"),
            (INDEX, ROW),
        ];
        assert_eq!(error_pages(&tree(&thin)).len(), PAGE_SECTIONS.len() + 1);
        let wrong_exit = [
            (CODES, CODE),
            ("docs/errors/YT0101.md", PAGE),
            (INDEX, "exit 4"),
        ];
        assert_eq!(error_pages(&tree(&wrong_exit)).len(), 1);
    }

    const CRASH: &str = "pub const POINTS: &'static [&'static str] = &[\n\"a.b\",\n\"c.d\",\n];";

    #[test]
    fn every_crash_point_is_passed_and_listed() {
        let passing = "fn f() { plan.pass(\"a.b\"); self.crash.pass(\n    \"c.d\",\n); }";
        assert!(
            crash_points(&tree(&[(POINTS, CRASH), ("crates/a/src/lib.rs", passing)])).is_empty()
        );
        let one = "fn f() { plan.pass(\"a.b\"); plan.pass(\"e.f\"); } // .pass(\"c.d\")";
        assert_eq!(
            crash_points(&tree(&[(POINTS, CRASH), ("crates/a/src/lib.rs", one)])).len(),
            2
        );
    }

    #[test]
    fn every_verb_has_a_case() {
        let store = "pub trait Store {\n async fn job_claim(&self) -> R { x() }\n fn job_settle();\n}\nfn free() {}";
        let suite = "async fn claims(s: &dyn Store) { s.job_claim().await; }";
        let files = [
            ("crates/store/src/lib.rs", store),
            ("crates/store-suite/src/job.rs", suite),
        ];
        let found = store_verbs(&tree(&files));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 3);
    }
}
