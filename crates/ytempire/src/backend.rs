//! `ytempire backend`: the switch of each backend, kept in the database.

use worker::Parts;

use crate::args::Global;
use crate::args::backend::Backend;
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::world;

pub(crate) async fn run(global: &Global, command: Backend) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    match command {
        Backend::Off { name, reason } => switch(&parts, &config, &name, Some(&reason)).await,
        Backend::On { name } => switch(&parts, &config, &name, None).await,
    }
}

async fn switch(
    parts: &Parts,
    config: &Config,
    name: &str,
    reason: Option<&str>,
) -> Result<(), Failure> {
    if !config.backends.iter().any(|table| table.name == name) {
        // Other nodes may know it.
        anstream::eprintln!("note: this configuration has no backend {name:?}");
    }
    let changed = parts
        .store
        .backend_switch(parts.now(), name, reason)
        .await?;
    let so = if changed { "is" } else { "was" };
    print(&match reason {
        Some(_) => format!(
            "backend {name:?} {so} switched off: nothing more is reserved for it or sent to it\n"
        ),
        None => format!("backend {name:?} {so} switched on\n"),
    })
}
