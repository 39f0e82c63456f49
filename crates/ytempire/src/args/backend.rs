//! Arguments of `ytempire backend`.

use clap::{Args, Subcommand};

/// `ytempire backend`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Backend {
    /// List the configured backends: what each does, its tier, price and quality
    List(List),
    /// Ask each for nothing: is it reachable, is its key accepted, does it have the model
    Check(Check),
    /// Make one small paid call, after saying what it costs at worst
    Test(Test),
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

/// `backend list`
#[derive(Clone, Debug, Args)]
pub(crate) struct List {
    /// Print JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

/// `backend check`
#[derive(Clone, Debug, Args)]
pub(crate) struct Check {
    /// Their names [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Print JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

/// `backend test`
#[derive(Clone, Debug, Args)]
pub(crate) struct Test {
    /// Its name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Don't ask whether it may be paid
    #[arg(long)]
    pub(crate) yes: bool,
}
