//! Arguments of `ytempire channel`.

use clap::{Args, Subcommand};

use super::line::Json;

/// `ytempire channel`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Channel {
    /// Add a channel
    Add(Add),
    /// List channels
    List(Json),
    /// Remove a channel: nothing more is accepted for it; its videos go on
    Remove {
        /// Its name
        name: String,
    },
    /// Have the account's days begin in a time zone; channels without one of their own follow
    Zone {
        /// The IANA name of a time zone, such as Europe/Berlin
        zone: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Add {
    /// Its name
    pub(crate) name: String,
    /// The time zone in which its days begin, such as Europe/Berlin [default: the account's]
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}
