//! `cargo xtask changelog`: moves the fragments of `changelog.d` into `CHANGELOG.md`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

/// Kinds of changes and their headings, in the order of the changelog.
const KINDS: [(&str, &str); 4] = [
    ("breaking", "Breaking"),
    ("feature", "Added"),
    ("fix", "Fixed"),
    ("cost", "Cost"),
];

/// Writes the section of `version`, released on `date`, and removes the fragments.
///
/// # Errors
/// There is no fragment, one has an unknown kind, or a file can't be read or written.
pub(crate) fn release(root: &Path, version: &str, date: &str) -> anyhow::Result<()> {
    let folder = root.join("changelog.d");
    let mut fragments = BTreeMap::new();
    for file in std::fs::read_dir(&folder).context("read changelog.d")? {
        let path = file.context("read changelog.d")?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name != "README.md" {
            let text = std::fs::read_to_string(&path).with_context(|| format!("read {name}"))?;
            fragments.insert(name, text);
        }
    }
    let page = root.join("CHANGELOG.md");
    let before = std::fs::read_to_string(&page).context("read CHANGELOG.md")?;
    let after = with_section(&before, &section(version, date, &fragments)?);
    std::fs::write(&page, after).context("write CHANGELOG.md")?;
    for name in fragments.keys() {
        std::fs::remove_file(folder.join(name)).with_context(|| format!("remove {name}"))?;
    }
    Ok(())
}

/// The kind in a fragment's name, `<slug>.<kind>.md`.
pub(crate) fn kind(name: &str) -> Option<&'static str> {
    let (slug, kind) = name.strip_suffix(".md")?.rsplit_once('.')?;
    let (known, _) = KINDS.iter().find(|(known, _)| *known == kind)?;
    (!slug.is_empty()).then_some(*known)
}

fn section(
    version: &str,
    date: &str,
    fragments: &BTreeMap<String, String>,
) -> anyhow::Result<String> {
    anyhow::ensure!(!fragments.is_empty(), "changelog.d holds no change");
    if let Some(name) = fragments.keys().find(|name| kind(name).is_none()) {
        anyhow::bail!("{name} is not called <slug>.<breaking|feature|fix|cost>.md");
    }
    let mut section = format!("## {version} ({date})\n");
    for (wanted, heading) in KINDS {
        let texts: Vec<_> = fragments
            .iter()
            .filter(|(name, _)| kind(name) == Some(wanted))
            .collect();
        if texts.is_empty() {
            continue;
        }
        section.extend(["\n### ", heading, "\n\n"]);
        for (_, text) in texts {
            let text = text.trim().replace('\n', "\n  ");
            section.extend(["- ", &text, "\n"]);
        }
    }
    Ok(section)
}

/// The page with the new section above the last one.
fn with_section(page: &str, section: &str) -> String {
    match page.find("\n## ") {
        Some(at) => format!("{}\n{section}{}", &page[..at], &page[at..]),
        None => format!("{}\n\n{section}", page.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragments(names: &[&str]) -> BTreeMap<String, String> {
        names
            .iter()
            .map(|&name| (name.to_owned(), format!("About {name}.\nMore.\n")))
            .collect()
    }

    #[test]
    fn a_section_is_sorted_by_what_matters_to_users() {
        let text = section(
            "0.2.0",
            "2027-01-31",
            &fragments(&["a.fix.md", "z.breaking.md"]),
        );
        assert_eq!(
            text.unwrap(),
            "## 0.2.0 (2027-01-31)\n\n### Breaking\n\n- About z.breaking.md.\n  More.\n\n### \
             Fixed\n\n- About a.fix.md.\n  More.\n"
        );
    }

    #[test]
    fn unknown_kinds_and_empty_releases_are_refused() {
        assert!(section("0.2.0", "2027-01-31", &fragments(&["a.bug.md"])).is_err());
        assert!(section("0.2.0", "2027-01-31", &fragments(&[])).is_err());
        assert_eq!(kind(".fix.md"), None);
    }

    #[test]
    fn the_newest_version_stands_first() {
        let first = with_section("# Changelog\n", "## 0.1.0\n");
        assert_eq!(first, "# Changelog\n\n## 0.1.0\n");
        let second = with_section(&first, "## 0.2.0\n");
        assert_eq!(second, "# Changelog\n\n## 0.2.0\n\n## 0.1.0\n");
    }
}
