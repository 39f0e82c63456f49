//! What nobody took away: rows of nodes, locks, scratch folders, half files, processes.

use std::fs;
use std::path::Path;

use super::Finding;
use super::books::Books;
use crate::world::World;

pub(super) fn check(books: &Books, world: &World) -> Vec<Finding> {
    let mut found = Vec::new();
    for node in &books.nodes {
        found.push(Finding::new(
            "left",
            &node.id,
            format!("the node {} stays registered", node.name),
        ));
    }
    for folder in ["nodes", "scratch", "artifacts/tmp"] {
        let names = names_in(&world.data().join(folder));
        if !names.is_empty() {
            let text = format!("{} are left, such as {}", names.len(), names[0]);
            found.push(Finding::new("left", folder, text));
        }
    }
    for folder in names_in(&world.path("out")) {
        let parts = names_in(&world.path("out").join(&folder));
        for part in parts.iter().filter(|name| name.contains(".part")) {
            found.push(Finding::new("left", &folder, format!("{part} is left")));
        }
    }
    for process in processes(&world.data()) {
        found.push(Finding::new("left", "process", process));
    }
    found
}

fn names_in(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Processes that work in `folder`, by what the system knows of them.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy().into_owned();
    let ours = std::process::id().to_string();
    let alive = names_in(Path::new("/proc"))
        .into_iter()
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()) && *name != ours);
    alive
        .filter_map(|id| {
            let read = |what: &str| fs::read(format!("/proc/{id}/{what}")).unwrap_or_default();
            let mut known = read("cmdline");
            known.extend(read("environ"));
            let place = fs::read_link(format!("/proc/{id}/cwd")).unwrap_or_default();
            let known = String::from_utf8_lossy(&known).into_owned() + &place.to_string_lossy();
            let words = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            known
                .contains(&folder)
                .then(|| format!("{id} still runs: {words}"))
        })
        .collect()
}
