//! Which videos are meant: by their ids, or all of a kind.

use std::time::Duration;

use clap::Args;
use store::VideoFilter;
use ytempire_core::{AccountId, Timestamp};

use super::line::StateArg;
use crate::times;

/// Videos by id, or by what they have in common.
#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// Ids of videos, their first characters, or `last`
    #[arg(
        required_unless_present_any = ["states", "account", "older_than", "all"],
        conflicts_with_all = ["states", "account", "older_than", "all"]
    )]
    pub(crate) videos: Vec<String>,
    /// All in these states
    #[arg(long = "state", id = "states", value_name = "STATE")]
    pub(crate) states: Vec<StateArg>,
    /// All of this account: its id, or `local`
    #[arg(long, value_name = "ID", value_parser = account)]
    pub(crate) account: Option<AccountId>,
    /// All that were submitted longer ago than this: 3d, 12h, 90m
    #[arg(long, value_name = "TIME", value_parser = times::span)]
    pub(crate) older_than: Option<Duration>,
    /// All that there are
    #[arg(long)]
    pub(crate) all: bool,
    /// Don't ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl Which {
    /// What is asked of the store, where no ids are given.
    pub(crate) fn filter(&self, now: Timestamp) -> VideoFilter {
        VideoFilter {
            states: self.states.iter().copied().map(Into::into).collect(),
            account: self.account,
            accepted_before: self.older_than.map(|age| times::before(now, age)),
            ..VideoFilter::newest(1000)
        }
    }
}

/// An account: its id, or `local`.
pub(crate) fn account(text: &str) -> Result<AccountId, String> {
    if text == "local" {
        return Ok(AccountId::LOCAL);
    }
    let unknown = |_| format!("{text:?} is no id of an account; it is a UUID, or `local`");
    text.parse().map_err(unknown)
}
