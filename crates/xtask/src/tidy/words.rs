//! Names that say nothing, and constructs that stand for unfinished work.

use super::source::{code_of, line_of, names_after, shipped, words};
use super::{Finding, Tree};

/// Module names under which anything could stand.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "manager", "managers", "misc",
];

/// Never, not even in tests.
const NEVER: &[(&str, &str)] = &[
    ("todo!", "unfinished work: finish it or open an issue"),
    (
        "unimplemented!",
        "unfinished work: finish it or open an issue",
    ),
    (
        "#[ignore",
        "a test that never runs guards nothing: mend it or remove it",
    ),
];

/// Only where a person reads the output; a harness names the case that it runs.
const PRINTS: &[&str] = &["println!", "print!", "eprintln!", "eprint!"];
const PRINTERS: &[&str] = &["ytempire", "xtask", "bench", "torture", "store-suite"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.rust_under("") {
        let code = code_of(text);
        for (at, name) in names_after(&code, "mod") {
            if is_empty_name(name) {
                let text = format!("module `{name}`: name it after what it is about");
                found.push(Finding::new(path, line_of(&code, at), text));
            }
        }
        for &(word, why) in NEVER {
            for at in words(&code, word) {
                found.push(Finding::new(
                    path,
                    line_of(&code, at),
                    format!("`{word}`: {why}"),
                ));
            }
        }
        if !may_print(path) {
            let shipped = shipped(&code);
            for at in PRINTS.iter().flat_map(|word| words(shipped, word)) {
                let text = "a library doesn't print: return it, or trace it";
                found.push(Finding::new(path, line_of(shipped, at), text));
            }
        }
    }
    found
}

fn is_empty_name(name: &str) -> bool {
    EMPTY_NAMES.contains(&name) || name.starts_with("new_") || name.starts_with("v2_")
}

fn may_print(path: &str) -> bool {
    let beside = ["/examples/", "/tests/", "/benches/"]
        .iter()
        .any(|part| path.contains(part));
    beside
        || path.ends_with("/build.rs")
        || PRINTERS
            .iter()
            .any(|name| path.starts_with(&format!("crates/{name}/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        let mut tree = Tree::default();
        tree.files.insert(path.to_owned(), text.to_owned());
        check(&tree)
            .into_iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn empty_names_are_refused() {
        assert_eq!(
            found(
                "crates/a/src/lib.rs",
                "mod job;\npub mod utils;\nmod new_job;"
            ),
            [2, 3]
        );
        assert!(found("crates/a/src/lib.rs", "mod unusual;").is_empty());
    }

    #[test]
    fn unfinished_work_is_refused_but_may_be_spoken_of() {
        assert_eq!(
            found("crates/a/src/lib.rs", "// todo!()\nfn f() { todo!() }"),
            [2]
        );
        assert_eq!(
            found(
                "crates/a/tests/it.rs",
                "#[test]\n#[ignore = \"slow\"]\nfn f() {}"
            ),
            [2]
        );
    }

    #[test]
    fn libraries_do_not_print() {
        let text = "fn f() { eprintln!(); }\n#[cfg(test)]\nmod tests {\n fn g() { println!(); }\n}";
        assert_eq!(found("crates/studio/src/lib.rs", text), [1]);
        assert!(found("crates/ytempire/src/main.rs", text).is_empty());
    }
}
