//! No file names a path of the machine it was written on, or a package registry other than the
//! public ones: a clone must build anywhere.

use super::{Finding, Tree};

/// Hosts that anybody reaches.
const PUBLIC: &[&str] = &[
    "github.com",
    "crates.io",
    "static.crates.io",
    "index.crates.io",
    "registry.npmjs.org",
    "pypi.org",
];
/// Labels of host names that smell of a registry or of a copy of one.
const REGISTRY_LABELS: &[&str] = &["registry", "index", "mirror", "pool", "proxy", "cache"];
/// Sources that `Cargo.lock` may name.
const LOCK_SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in &tree.files {
        for (at, line) in text.lines().enumerate() {
            let mut report = |text: String| found.push(Finding::new(path, at + 1, text));
            if let Some(named) = tree
                .machine_paths
                .iter()
                .find(|known| line.contains(*known))
            {
                report(format!("names a path of this machine: {named}"));
            }
            for host in hosts(line).filter(|host| is_private_registry(host)) {
                report(format!("names a package registry: {host}"));
            }
            let source = line
                .strip_prefix("source = \"")
                .map(|rest| rest.trim_end_matches('"'));
            if path.ends_with("Cargo.lock") && source.is_some_and(|source| source != LOCK_SOURCE) {
                report("comes from elsewhere than crates.io".to_owned());
            }
            let redirects = ["[source", "[registry", "[registries"]
                .iter()
                .any(|s| line.starts_with(s));
            if path.ends_with(".cargo/config.toml") && redirects {
                report("where crates come from is each user's own matter".to_owned());
            }
        }
    }
    found
}

/// The hosts of the addresses in a line, without port.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("://").map(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-.@_".contains(c));
        let authority = &rest[..end.unwrap_or(rest.len())];
        authority
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .trim_end_matches('.')
    })
}

fn is_private_registry(host: &str) -> bool {
    let smells = host.split(['.', '-']).any(|label| {
        REGISTRY_LABELS
            .iter()
            .any(|known| label.eq_ignore_ascii_case(known))
    });
    smells && !PUBLIC.contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        let files = [(path.to_owned(), text.to_owned())].into();
        let machine_paths = vec!["/somewhere/clone/".to_owned()];
        check(&Tree {
            files,
            machine_paths,
            ..Tree::default()
        })
        .len()
    }

    #[test]
    fn this_machine_is_not_named() {
        assert_eq!(found("a.md", "see /somewhere/clone/src"), 1);
        assert_eq!(found("a.md", "see /etc/ytempire/config.toml"), 0);
    }

    #[test]
    fn only_public_registries_are_named() {
        let private = format!("url = https://user@{}.example.org:8080/simple", "mirror");
        assert_eq!(found("a.toml", &private), 1);
        assert_eq!(
            found(
                "a.toml",
                "https://registry.npmjs.org/htmx.org and https://x.org/"
            ),
            0
        );
        assert_eq!(
            found("Cargo.lock", &format!("source = \"{LOCK_SOURCE}\"")),
            0
        );
        assert_eq!(
            found("Cargo.lock", "source = \"git+https://github.com/a/b\""),
            1
        );
    }

    #[test]
    fn cargo_is_not_redirected() {
        assert_eq!(
            found(".cargo/config.toml", "[source.crates-io]\n[alias]\n"),
            1
        );
    }
}
