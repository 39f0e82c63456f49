//! How long files and the bottom crate may be.

use super::source::{code_of, shipped};
use super::{Finding, Tree};

/// Lines of shipped code above which a file must say in its module doc why it is so long. Nine
/// tenths of the files in crates.io and docs.rs have under 290.
const LONG: usize = 500;
/// Lines above which a file must be split, or listed in `tidy.toml` with its reason.
const TOO_LONG: usize = 800;
/// Lines of `core`: a bottom crate that grows becomes everybody's dumping ground.
const CORE_LINES_MAX: usize = 5_000;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut core = 0;
    for (path, text) in tree.rust_under("crates/") {
        let lines = code_lines(text);
        if path.starts_with("crates/core/") {
            core += lines;
        }
        if path.contains("/tests/") || path.ends_with("/tests.rs") {
            continue;
        }
        let listed = tree.settings.long_files.contains_key(path);
        match (lines > TOO_LONG, listed) {
            (true, false) => found.push(Finding::new(
                path,
                0,
                format!("{lines} lines of code: split it (at most {TOO_LONG})"),
            )),
            (false, true) => found.push(Finding::new(
                "tidy.toml",
                0,
                format!("{path} has only {lines} lines: take it out of [long_files]"),
            )),
            (false, false) if lines > LONG => found.push(Finding::warning(
                path,
                format!(
                    "{lines} lines of code (over {LONG}): the module doc says why, or split it"
                ),
            )),
            _ => {}
        }
    }
    for path in tree
        .settings
        .long_files
        .keys()
        .filter(|path| !tree.files.contains_key(*path))
    {
        found.push(Finding::new(
            "tidy.toml",
            0,
            format!("[long_files] names no file: {path}"),
        ));
    }
    if core > CORE_LINES_MAX {
        let text = format!("core has {core} lines of code, more than {CORE_LINES_MAX}");
        found.push(Finding::new("crates/core", 0, text));
    }
    found
}

/// Lines of shipped code: no comments, no blank lines, no unit tests.
fn code_lines(text: &str) -> usize {
    shipped(&code_of(text))
        .lines()
        .filter(|line| !line.trim().is_empty())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, lines: usize) -> Tree {
        let mut tree = Tree::default();
        tree.files.insert(path.to_owned(), "f();\n".repeat(lines));
        tree
    }

    #[test]
    fn only_shipped_code_counts() {
        let text = "//! Doc.\n\nfn f() {} // why\n/* a\n b */\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(code_lines(text), 1);
    }

    #[test]
    fn long_files_warn_and_longer_ones_fail() {
        assert!(check(&tree("crates/a/src/b.rs", LONG)).is_empty());
        let long = check(&tree("crates/a/src/b.rs", LONG + 1));
        assert!(long.len() == 1 && long[0].warning);
        let too_long = check(&tree("crates/a/src/b.rs", TOO_LONG + 1));
        assert!(too_long.len() == 1 && !too_long[0].warning);
        assert!(check(&tree("crates/a/tests/b.rs", TOO_LONG + 1)).is_empty());
    }

    #[test]
    fn an_exception_must_be_needed() {
        let mut listed = tree("crates/a/src/b.rs", TOO_LONG + 1);
        listed
            .settings
            .long_files
            .insert("crates/a/src/b.rs".into(), "a table".into());
        assert!(check(&listed).is_empty());
        listed
            .files
            .insert("crates/a/src/b.rs".into(), "f();\n".into());
        assert_eq!(check(&listed).len(), 1);
        listed.files.clear();
        assert_eq!(check(&listed).len(), 1);
    }

    #[test]
    fn core_may_not_grow_without_end() {
        let mut core = tree("crates/core/src/a.rs", LONG);
        for part in 0..CORE_LINES_MAX / LONG {
            core.files
                .insert(format!("crates/core/src/p{part}.rs"), "f();\n".repeat(LONG));
        }
        assert_eq!(check(&core).len(), 1);
    }
}
