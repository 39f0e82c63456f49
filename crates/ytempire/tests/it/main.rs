//! The program as users run it: a real process, real ffmpeg, a real disk.
//!
//! Everything under `slow` makes videos; the rest ends before a frame is drawn.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what can't be set up fails the test, and running processes is what it is about"
)]

mod backends;
mod books;
mod budgets;
mod channels;
mod choices;
mod commands;
mod line;
mod place;
mod plan;
mod prices;
mod refusals;
mod schedules;
mod serve;
mod slow;

use std::path::{Path, PathBuf};

/// A file of the repository.
fn repository(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file)
}
