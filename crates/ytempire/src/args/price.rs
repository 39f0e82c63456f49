//! Arguments of `ytempire price`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::line::Json;
use crate::times;

/// `ytempire price`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Price {
    /// List prices: those that are shipped, imported and configured, and what will be withdrawn
    List(Json),
    /// Add rows to the price book: a .toml, .csv or .json file
    ///
    /// A row holds from its day on; charges keep the price by which they were reserved. Rows of
    /// `rate` say what another currency is worth.
    Import(Import),
    /// Show how a charge came about: quantity, unit price, version, source and dates
    Explain {
        /// The charge's id, as `ytempire cost --json` shows it
        charge: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Import {
    /// The file
    pub(crate) file: PathBuf,
    /// Take prices that move more than fivefold, up or down
    #[arg(long)]
    pub(crate) confirm_jump: bool,
}

/// `ytempire reconcile`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Reconcile {
    /// The export: .csv or .json, with columns `charge` (or `request_id`, `id`) and `amount`
    pub(crate) file: PathBuf,
    /// Whose bill it is: the backend's name
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: String,
    /// How far back our books are compared
    #[arg(long, value_name = "TIME", default_value = "31d", value_parser = times::span)]
    pub(crate) since: Duration,
    /// The export is complete: what nobody knew and it doesn't have was not billed
    #[arg(long)]
    pub(crate) complete: bool,
    /// Only show; change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}
