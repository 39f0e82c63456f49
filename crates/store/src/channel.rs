//! Accounts, and the channels that they have.

use serde::{Deserialize, Serialize};
use ytempire_core::{AccountId, ChannelId, Timestamp};

/// Who owns videos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// For people.
    pub name: String,
    /// The IANA name of the time zone in which its days begin.
    pub zone: String,
}

/// A part of an account that videos are made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRow {
    /// Its id.
    pub id: ChannelId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name, unique among those of the account that are there.
    pub name: String,
    /// The IANA name of the time zone in which its days begin; `None`: the account's.
    pub zone: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
}
