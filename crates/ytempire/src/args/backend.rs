//! Arguments of `ytempire backend`.

use clap::Subcommand;

/// `ytempire backend`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Backend {
    /// Reserve nothing more for a backend and send nothing to it, on any node, also after a restart
    ///
    /// Jobs go to the next backend of their chain; where there is none they wait until it is switched
    /// on. What has left already goes on to its end.
    Off {
        /// As the configuration names it
        name: String,
        /// Why, for whoever finds it so
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Use a backend again; jobs that wait for it are tried at once
    On {
        /// As the configuration names it
        name: String,
    },
}
