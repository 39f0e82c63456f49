//! Which crate may see which: the house's floors, and who alone may touch the world.

use super::tree::Package;
use super::{Finding, Tree};

/// The crates of the product and their floors. An arrow points to a lower floor, never to the
/// own one.
const FLOORS: &[(&str, u8)] = &[
    ("ytempire-core", 0),
    ("ledger", 1),
    ("scheduler", 1),
    ("studio", 1),
    ("store", 2),
    ("store-postgres", 3),
    ("store-sqlite", 3),
    ("signal", 3),
    ("media", 3),
    ("providers", 3),
    ("lake", 3),
    ("api", 4),
    ("worker", 4),
    ("ytempire", 5),
];

/// Crates beside the house. They may see everything; the product sees them in tests only.
const BESIDE: &[&str] = &["store-suite", "testkit", "torture", "bench", "xtask"];

/// Crates that only the floor of the binary may name: `worker` and `api` hold a `dyn Store`.
const DRIVERS: &[&str] = &["store-postgres", "store-sqlite"];

/// Foreign crates that only some of ours may use outside tests, because of what they can do.
const OWNED: &[(&str, &[&str], &str)] = &[
    (
        "reqwest",
        &["providers", "media"],
        "the HTTP clients: of providers, and of the depot inside object_store",
    ),
    ("rusqlite", &["store-sqlite"], "every SQLite statement"),
    (
        "tokio-postgres",
        &["store-postgres"],
        "every PostgreSQL statement",
    ),
    ("redis", &["signal"], "every Redis command"),
    ("landlock", &["media"], "the sandbox of child processes"),
    ("seccompiler", &["media"], "the sandbox of child processes"),
    ("axum", &["api", "ytempire"], "the only HTTP server"),
];

/// Foreign crates that do IO or wait; the pure floors below [`PURE_BELOW`] may not use them.
const IMPURE: &[&str] = &[
    "tokio",
    "tokio-util",
    "rustix",
    "tempfile",
    "reqwest",
    "object_store",
];
const PURE_BELOW: u8 = 3;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in &tree.packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let mut report = |text: String| found.push(Finding::new(&manifest, 0, text));
        if !BESIDE.contains(&package.name.as_str()) && floor(&package.name).is_none() {
            report(format!(
                "`{}` has no floor: write an ADR, then add it to tidy",
                package.name
            ));
        }
        for reason in local_edges(package).chain(foreign_edges(package)) {
            report(reason);
        }
        let text = tree.files.get(&manifest).map_or("", String::as_str);
        if !text.contains("[lints]\nworkspace = true") {
            report("doesn't inherit the workspace's lints".to_owned());
        }
    }
    found
}

fn floor(name: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|&(_, floor)| floor)
}

fn local_edges(package: &Package) -> impl Iterator<Item = String> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.local)
        .filter_map(|dependency| {
            let (from, to) = (package.name.as_str(), dependency.name.as_str());
            let above = floor(from)?;
            if BESIDE.contains(&to) {
                let shipped = !dependency.dev;
                return shipped.then(|| format!("`{from}` ships `{to}`, which is for tests only"));
            }
            let below = floor(to)?;
            if below >= above {
                return Some(format!(
                    "`{from}` (floor {above}) may not see `{to}` (floor {below}): arrows point down"
                ));
            }
            let names_driver = DRIVERS.contains(&to) && !dependency.dev && from != "ytempire";
            names_driver
                .then(|| format!("`{from}` may not name the driver `{to}`: take a `dyn Store`"))
        })
}

fn foreign_edges(package: &Package) -> impl Iterator<Item = String> {
    let from = package.name.as_str();
    let ours = floor(from);
    let shipped = package
        .dependencies
        .iter()
        .filter(|dependency| !dependency.dev);
    shipped.filter_map(move |dependency| {
        let above = ours?;
        let name = dependency.name.as_str();
        if above < PURE_BELOW && IMPURE.contains(&name) {
            return Some(format!("`{from}` is pure and may not use `{name}`"));
        }
        let (_, owners, what) = OWNED.iter().find(|(owned, _, _)| *owned == name)?;
        (!owners.contains(&from))
            .then(|| format!("`{name}` belongs to {} alone: {what}", owners.join(" and ")))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::Dependency;
    use super::*;

    fn edge(from: &str, to: &str, dev: bool) -> Vec<String> {
        let local = floor(to).is_some() || BESIDE.contains(&to);
        let dependency = Dependency {
            name: to.to_owned(),
            dev,
            local,
        };
        let package = Package {
            name: from.to_owned(),
            dependencies: vec![dependency],
            ..Package::default()
        };
        local_edges(&package)
            .chain(foreign_edges(&package))
            .collect()
    }

    #[test]
    fn arrows_point_down() {
        assert!(edge("store", "ledger", false).is_empty());
        assert!(edge("ytempire", "store-sqlite", false).is_empty());
        for (from, to) in [
            ("ledger", "store"),
            ("ledger", "studio"),
            ("media", "providers"),
        ] {
            assert_eq!(edge(from, to, false).len(), 1, "{from} → {to}");
        }
    }

    #[test]
    fn what_is_beside_the_house_is_for_tests() {
        assert!(edge("worker", "testkit", true).is_empty());
        assert_eq!(edge("worker", "testkit", false).len(), 1);
        assert!(edge("bench", "media", false).is_empty());
    }

    #[test]
    fn only_the_binary_names_a_driver() {
        assert_eq!(edge("worker", "store-sqlite", false).len(), 1);
        assert!(edge("worker", "store-sqlite", true).is_empty());
    }

    #[test]
    fn the_world_is_touched_where_it_belongs() {
        assert!(edge("providers", "reqwest", false).is_empty());
        assert_eq!(edge("worker", "reqwest", false).len(), 1);
        assert_eq!(edge("studio", "tokio", false).len(), 1);
        assert!(edge("store", "tokio", true).is_empty());
        assert!(edge("testkit", "axum", false).is_empty());
    }

    #[test]
    fn a_crate_without_a_floor_is_refused() {
        let mut tree = Tree::default();
        let package = Package {
            name: "common".into(),
            folder: "c".into(),
            ..Package::default()
        };
        tree.packages.push(package);
        tree.files
            .insert("c/Cargo.toml".into(), "[lints]\nworkspace = true\n".into());
        assert_eq!(check(&tree).len(), 1);
    }
}
