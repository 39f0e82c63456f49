//! Imports stand in three groups with a blank line between: std, other crates, our own crate.

use super::source::{code_of, line_of, names_after, shipped};
use super::{Finding, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust_under("crates/")
        .flat_map(|(path, text)| check_file(path, text))
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Std,
    Foreign,
    Own,
}

fn check_file(path: &str, text: &str) -> Vec<Finding> {
    let code = code_of(text);
    let code = shipped(&code);
    let own_modules: Vec<&str> = names_after(code, "mod").map(|(_, name)| name).collect();
    let mut found = Vec::new();
    let mut last: Option<(Group, usize)> = None;
    let mut at = 0;
    while let Some(start) = next_import(code, at) {
        let end = code[start..]
            .find(';')
            .map_or(code.len(), |length| start + length + 1);
        let group = group(&code[start + "use ".len()..end], &own_modules);
        if let Some((before, before_end)) = last {
            let line = line_of(code, start);
            // Comments are blanked, not removed: their lines still separate.
            let between = &text[before_end..start];
            if group < before {
                found.push(Finding::new(
                    path,
                    line,
                    "imports go: std, other crates, own crate",
                ));
            } else if group > before && !between.contains("\n\n") {
                found.push(Finding::new(
                    path,
                    line,
                    "a blank line separates groups of imports",
                ));
            }
        }
        last = Some((group, end));
        at = end;
    }
    found
}

/// The offset of the next `use` in the first column.
fn next_import(code: &str, from: usize) -> Option<usize> {
    let at_start = from == 0 && code.starts_with("use ");
    if at_start {
        Some(0)
    } else {
        code[from..].find("\nuse ").map(|at| from + at + 1)
    }
}

fn group(path: &str, own_modules: &[&str]) -> Group {
    let path = path.trim_start();
    let end = path
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(path.len());
    match &path[..end] {
        "std" | "core" | "alloc" => Group::Std,
        "crate" | "self" | "super" => Group::Own,
        name if own_modules.contains(&name) => Group::Own,
        _ => Group::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check_file("a.rs", text)
            .into_iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn groups_in_order_pass() {
        assert!(lines("mod word;\n\nuse std::fmt;\nuse std::io;\n\nuse serde::S;\n\nuse crate::A;\nuse word::B;\n").is_empty());
        assert!(lines("use std::{\n    fmt,\n    io,\n};\n\nuse serde::S;\n").is_empty());
    }

    #[test]
    fn wrong_order_and_missing_gaps_are_found() {
        assert_eq!(lines("use serde::S;\n\nuse std::fmt;\n"), [3]);
        assert_eq!(lines("use std::fmt;\nuse serde::S;\n"), [2]);
    }

    #[test]
    fn imports_inside_functions_and_tests_are_free() {
        assert!(lines("use serde::S;\nfn f() {\n    use std::fmt;\n}\n#[cfg(test)]\nmod tests {\nuse std::io;\n}").is_empty());
    }
}
