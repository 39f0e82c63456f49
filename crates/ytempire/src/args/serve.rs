//! Arguments of `ytempire serve`.

use std::net::SocketAddr;

use clap::Args;

/// `ytempire serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// Where it listens; port 0 takes a free one [default: the configuration's, or 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Serve alone: other processes work
    #[arg(long)]
    pub(crate) no_work: bool,
    /// Jobs at once [default: the configuration's, or the cores of this machine]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) slots: Option<u32>,
}
