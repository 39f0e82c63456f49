//! The repository in memory: every tracked text and what cargo knows about the packages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use crate::run;

/// The repository, as the checks see it.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Text files that git tracks or would track, by their path from the root.
    pub(super) files: BTreeMap<String, String>,
    /// Paths of the other files, such as pictures: only links ask for them.
    pub(super) binaries: BTreeSet<String>,
    /// The workspace's packages.
    pub(super) packages: Vec<Package>,
    /// `tidy.toml`.
    pub(super) settings: Settings,
    /// Paths of this machine that no file may name.
    pub(super) machine_paths: Vec<String>,
}

/// Exceptions from the rules, each with its reason.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// Checks that the project can't keep yet.
    pub(super) pending: BTreeMap<String, String>,
    /// Files that may be longer than the limit.
    pub(super) long_files: BTreeMap<String, String>,
}

/// A package of the workspace.
#[derive(Clone, Debug, Default)]
pub(super) struct Package {
    /// Its name.
    pub(super) name: String,
    /// Its folder from the root.
    pub(super) folder: String,
    /// Root files of its libraries, programs, tests, examples and benches.
    pub(super) roots: Vec<String>,
    /// What it depends on.
    pub(super) dependencies: Vec<Dependency>,
}

/// One dependency of a package.
#[derive(Clone, Debug)]
pub(super) struct Dependency {
    /// The package depended on.
    pub(super) name: String,
    /// Whether only tests see it.
    pub(super) dev: bool,
    /// Whether it is a package of this workspace.
    pub(super) local: bool,
}

impl Tree {
    /// Reads the repository at `root`. Of files that aren't UTF-8 only the paths are kept.
    ///
    /// # Errors
    /// `root` is no git repository, cargo refuses a manifest, or `tidy.toml` is invalid.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        let root = root.canonicalize().context("find the repository")?;
        let listed = run::output(
            &root,
            "git",
            &[
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ],
        )?;
        let (mut files, mut binaries) = (BTreeMap::new(), BTreeSet::new());
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            // A deleted file is listed until the deletion is staged.
            match std::fs::read_to_string(root.join(path)) {
                Ok(text) => drop(files.insert(path.to_owned(), text)),
                Err(e) if e.kind() == std::io::ErrorKind::InvalidData => {
                    binaries.insert(path.to_owned());
                }
                Err(_) => {}
            }
        }
        let metadata = run::output(
            &root,
            "cargo",
            &[
                "metadata",
                "--format-version",
                "1",
                "--no-deps",
                "--locked",
                "--offline",
            ],
        )?;
        let metadata = serde_json::from_str(&metadata).context("read cargo's metadata")?;
        let settings = files.get("tidy.toml").map_or("", String::as_str);
        Ok(Self {
            packages: packages(&metadata, &root),
            settings: toml::from_str(settings).context("read tidy.toml")?,
            machine_paths: machine_paths(&root),
            binaries,
            files,
        })
    }

    /// Files whose names end with `suffix`.
    pub(super) fn ending(&self, suffix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.ends_with(suffix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Rust files under `folder`.
    pub(super) fn rust_under(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        self.ending(".rs")
            .filter(move |(path, _)| path.starts_with(folder))
    }

    /// Scripts that a POSIX shell or bash runs.
    pub(crate) fn shell_scripts(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter_map(|(path, text)| {
            let first = text.lines().next().unwrap_or_default();
            let shell = first.starts_with("#!") && first.ends_with("sh");
            shell.then_some(path.as_str())
        })
    }
}

fn packages(metadata: &Value, root: &Path) -> Vec<Package> {
    let relative = |path: &Value| {
        let path = Path::new(path.as_str().unwrap_or_default());
        path.strip_prefix(root)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
    };
    let texts = |value: &Value| value.as_array().cloned().unwrap_or_default();
    texts(&metadata["packages"])
        .iter()
        .map(|package| Package {
            name: package["name"].as_str().unwrap_or_default().to_owned(),
            folder: relative(&package["manifest_path"])
                .trim_end_matches("/Cargo.toml")
                .to_owned(),
            roots: texts(&package["targets"])
                .iter()
                .map(|t| relative(&t["src_path"]))
                .collect(),
            dependencies: texts(&package["dependencies"])
                .iter()
                .map(|dependency| Dependency {
                    name: dependency["name"].as_str().unwrap_or_default().to_owned(),
                    dev: dependency["kind"].as_str() == Some("dev"),
                    local: dependency["path"].is_string(),
                })
                .collect(),
        })
        .collect()
}

/// The repository's own place and the user's home; `/` and the like would match everything.
fn machine_paths(root: &Path) -> Vec<String> {
    let parents = root
        .parent()
        .filter(|parent| parent.components().count() > 2);
    let home = std::env::home_dir().filter(|home| home.components().count() > 1);
    let mut paths: Vec<String> = [
        Some(root.to_path_buf()),
        parents.map(Path::to_path_buf),
        home,
    ]
    .into_iter()
    .flatten()
    .map(|path| format!("{}/", path.display()))
    .collect();
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read() {
        let metadata = serde_json::json!({ "packages": [{
            "name": "store",
            "manifest_path": "/r/crates/store/Cargo.toml",
            "targets": [{ "src_path": "/r/crates/store/src/lib.rs" }],
            "dependencies": [
                { "name": "ledger", "kind": null, "path": "/r/crates/ledger" },
                { "name": "proptest", "kind": "dev" },
            ],
        }]});
        let read = packages(&metadata, Path::new("/r"));
        assert_eq!(read[0].folder, "crates/store");
        assert_eq!(read[0].roots, ["crates/store/src/lib.rs"]);
        assert!(read[0].dependencies[0].local && !read[0].dependencies[0].dev);
        assert!(!read[0].dependencies[1].local && read[0].dependencies[1].dev);
    }

    #[test]
    fn scripts_are_known_by_their_first_line() {
        let mut tree = Tree::default();
        for (path, text) in [
            ("a", "#!/usr/bin/env bash\n"),
            ("b", "#!/bin/sh\n"),
            ("c", "#!/usr/bin/env python3\n"),
            ("d.md", "a shell: sh"),
        ] {
            tree.files.insert(path.to_owned(), text.to_owned());
        }
        assert_eq!(tree.shell_scripts().collect::<Vec<_>>(), ["a", "b"]);
    }
}
