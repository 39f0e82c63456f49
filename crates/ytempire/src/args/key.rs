//! Arguments of `ytempire key`.

use clap::{Args, Subcommand, ValueEnum};
use store::Access;

use super::line::Json;

/// `ytempire key`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key and print it, this once
    Add(Add),
    /// List keys
    List(Json),
    /// Have a key open nothing any more
    Revoke {
        /// Its id, or how it begins
        key: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Add {
    /// What it is for
    pub(crate) name: String,
    /// What it may be used for; several times for several [default: read and write]
    #[arg(long = "scope", value_enum, value_name = "SCOPE")]
    pub(crate) scopes: Vec<ScopeArg>,
    /// Whose it is: the name of an account, which is made if it isn't there [default: local]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
    /// After how many days it ends [default: never]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--scope`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeArg {
    /// See what its account has
    Read,
    /// Order, change and delete videos of its account
    Write,
    /// See and change the line and its nodes
    Operate,
    /// Give keys to any account, and take them
    Admin,
}

impl From<ScopeArg> for Access {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Read => Self::Read,
            ScopeArg::Write => Self::Write,
            ScopeArg::Operate => Self::Operate,
            ScopeArg::Admin => Self::Admin,
        }
    }
}
