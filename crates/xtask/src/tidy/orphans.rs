//! Every Rust file hangs on a module tree; a file that nobody compiles is dead.

use std::collections::BTreeSet;

use super::source::{code_of, names_after};
use super::{Finding, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut ahead: Vec<(String, bool)> = tree
        .packages
        .iter()
        .flat_map(|package| package.roots.iter().map(|root| (root.clone(), true)))
        .collect();
    while let Some((path, is_root)) = ahead.pop() {
        let Some(text) = tree.files.get(&path) else {
            continue;
        };
        if !reached.insert(path.clone()) {
            continue;
        }
        ahead.extend(
            children(&path, text, is_root)
                .into_iter()
                .map(|child| (child, false)),
        );
    }
    tree.rust_under("crates/")
        .filter(|(path, _)| !reached.contains(*path))
        .map(|(path, _)| Finding::new(path, 0, "no module tree reaches this file: it is dead"))
        .collect()
}

/// Where the modules and inclusions of the file at `path` may live.
fn children(path: &str, text: &str, is_root: bool) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.trim_end_matches(".rs");
    let own = if is_root || stem == "mod" {
        folder.to_owned()
    } else {
        format!("{folder}/{stem}")
    };
    let code = code_of(text);
    let mut found: Vec<String> = names_after(&code, "mod")
        .flat_map(|(_, module)| {
            [
                format!("{own}/{module}.rs"),
                format!("{own}/{module}/mod.rs"),
            ]
        })
        .collect();
    for opening in ["#[path = \"", "include!(\""] {
        for (at, _) in text.match_indices(opening) {
            let rest = &text[at + opening.len()..];
            let named = rest.split('"').next().unwrap_or_default();
            found.push(format!("{folder}/{named}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tree::Package;
    use super::*;

    #[test]
    fn files_outside_the_module_tree_are_found() {
        let mut tree = Tree::default();
        for (path, text) in [
            ("crates/a/src/lib.rs", "mod job;\n// mod dead;\n"),
            (
                "crates/a/src/job.rs",
                "mod claim;\n#[cfg(test)]\nmod tests;",
            ),
            ("crates/a/src/job/claim.rs", ""),
            (
                "crates/a/src/job/tests.rs",
                "#[path = \"table.rs\"]\nmod t;",
            ),
            ("crates/a/src/job/table.rs", ""),
            ("crates/a/src/dead.rs", ""),
            ("crates/a/tests/it/main.rs", "mod world;"),
            ("crates/a/tests/it/world/mod.rs", ""),
        ] {
            tree.files.insert(path.to_owned(), text.to_owned());
        }
        let roots = vec![
            "crates/a/src/lib.rs".into(),
            "crates/a/tests/it/main.rs".into(),
        ];
        tree.packages.push(Package {
            roots,
            ..Package::default()
        });
        let dead: Vec<_> = check(&tree)
            .into_iter()
            .map(|finding| finding.path)
            .collect();
        assert_eq!(dead, ["crates/a/src/dead.rs"]);
    }
}
