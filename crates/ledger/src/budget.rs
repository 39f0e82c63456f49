//! Budgets of days, and the scopes in which a paid act is counted.

use serde::{Deserialize, Serialize};
use ytempire_core::{AccountId, ChannelId, MicroUsd, Timestamp};

use crate::{Day, Hold, Scope, THRESHOLDS, VIDEO_CAP};

/// What an account of a day may spend for which nobody set a budget: a million million dollars, so
/// that sums stay far from what an `i64` can hold.
pub const UNLIMITED: MicroUsd = MicroUsd(1_000_000_000_000_000_000);

/// At which parts of a day's budget its spending is announced, in percent, unless it says otherwise.
pub const DAY_PERCENTS: [u32; 3] = [50, 80, 100];

/// Whose budget it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetOf {
    /// Each video's: only its thresholds can be set.
    Video,
    /// A day of all accounts, in UTC.
    Global,
    /// A day of an account, in its zone.
    Account(AccountId),
    /// A day of a channel, in its zone or its account's.
    Channel(ChannelId),
    /// A day of a provider, in the zone in which it counts days.
    Provider(String),
}

impl BudgetOf {
    /// The stable name, as stored.
    pub fn key(&self) -> String {
        match self {
            Self::Video => "video".to_owned(),
            Self::Global => "global".to_owned(),
            Self::Account(id) => format!("account:{id}"),
            Self::Channel(id) => format!("channel:{id}"),
            Self::Provider(name) => format!("provider:{name}"),
        }
    }

    /// That of this name.
    pub fn from_key(key: &str) -> Option<Self> {
        match (key, key.split_once(':')) {
            ("video", _) => Some(Self::Video),
            ("global", _) => Some(Self::Global),
            (_, Some(("account", id))) => id.parse().ok().map(Self::Account),
            (_, Some(("channel", id))) => id.parse().ok().map(Self::Channel),
            (_, Some(("provider", name))) => Some(Self::Provider(name.to_owned())),
            _ => None,
        }
    }
}

impl std::fmt::Display for BudgetOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Video => write!(f, "each video"),
            Self::Global => write!(f, "all accounts"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::Channel(id) => write!(f, "channel {id}"),
            Self::Provider(name) => write!(f, "provider {name:?}"),
        }
    }
}

/// What may be spent, and which spending is announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Whose it is.
    pub of: BudgetOf,
    /// What may be spent, by day; of [`BudgetOf::Video`] it is [`VIDEO_CAP`].
    pub cap: MicroUsd,
    /// Spending that is announced, once each, in rising order.
    pub thresholds: Vec<MicroUsd>,
}

impl Budget {
    /// A budget of a day, whose spending is announced at these parts of it, in percent.
    pub fn of_day(of: BudgetOf, cap: MicroUsd, percents: &[u32]) -> Self {
        let part = |percent: &u32| {
            let micros = i128::from(cap.0) * i128::from(*percent) / 100;
            MicroUsd(i64::try_from(micros).unwrap_or(i64::MAX))
        };
        let mut thresholds: Vec<MicroUsd> = percents.iter().map(part).collect();
        thresholds.sort_unstable();
        thresholds.dedup();
        Self {
            of,
            cap,
            thresholds,
        }
    }
}

/// Amounts as one text, as stored.
pub fn thresholds_text(thresholds: &[MicroUsd]) -> String {
    let amounts: Vec<String> = thresholds.iter().map(|t| t.0.to_string()).collect();
    amounts.join(",")
}

/// The amounts of such a text; what isn't one is left out.
pub fn thresholds_of(text: &str) -> Vec<MicroUsd> {
    let amounts = text.split(',').filter_map(|part| part.parse().ok());
    amounts.map(MicroUsd).collect()
}

/// The thresholds of a scope for which none are stored: a video's are [`THRESHOLDS`].
pub fn usual_thresholds(scope: &Scope) -> &'static [MicroUsd] {
    match scope {
        Scope::Video(_) => &THRESHOLDS,
        Scope::Stage(..) | Scope::Day(..) => &[],
    }
}

/// Who pays, and where the days of those begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    /// The video's account.
    pub account: AccountId,
    /// The IANA name of its time zone.
    pub account_zone: String,
    /// The video's channel.
    pub channel: Option<ChannelId>,
    /// The IANA name of its own time zone.
    pub channel_zone: Option<String>,
}

/// An account of a day, and when that day is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayScope {
    /// The account.
    pub scope: Scope,
    /// Whose day.
    pub of: BudgetOf,
    /// Which day: `2026-11-24`.
    pub date: String,
    /// The first moment of the next day.
    pub resets_at: Timestamp,
}

impl Payer {
    /// The days in which `hold` is counted, if it is asked for at `now`: none unless somebody is paid.
    ///
    /// What our own machine does, and what costs nothing, is never counted by day: it would be
    /// blocked by budgets that it doesn't use, and one row would serialise all local work.
    pub fn days_of(&self, now: Timestamp, hold: &Hold) -> Vec<DayScope> {
        if !hold.is_paid() {
            return Vec::new();
        }
        let day = |of: BudgetOf, zone: &str| {
            let day = Day::of_or_utc(now, zone);
            let date = day.to_string();
            DayScope {
                scope: Scope::Day(of.clone(), date.clone()),
                of,
                date,
                resets_at: day.ends_at(),
            }
        };
        let mut days = vec![
            day(BudgetOf::Global, "UTC"),
            day(BudgetOf::Account(self.account), &self.account_zone),
            day(BudgetOf::Provider(hold.backend.clone()), &hold.day_zone),
        ];
        if let Some(channel) = self.channel {
            let zone = self.channel_zone.as_ref().unwrap_or(&self.account_zone);
            days.push(day(BudgetOf::Channel(channel), zone));
        }
        days
    }
}

impl Default for Budget {
    /// What holds for each video where nobody set anything.
    fn default() -> Self {
        Self {
            of: BudgetOf::Video,
            cap: VIDEO_CAP,
            thresholds: THRESHOLDS.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_amounts_are_read_as_they_are_written() {
        let of = [
            BudgetOf::Video,
            BudgetOf::Global,
            BudgetOf::Account(AccountId::LOCAL),
            BudgetOf::Provider("a:b".to_owned()),
        ];
        for of in of {
            assert_eq!(BudgetOf::from_key(&of.key()), Some(of));
        }
        assert_eq!(BudgetOf::from_key("account:x"), None);
        let budget = Budget::of_day(BudgetOf::Global, MicroUsd(10_000_001), &[100, 50]);
        let thresholds = [MicroUsd(5_000_000), MicroUsd(10_000_001)];
        assert_eq!(budget.thresholds, thresholds);
        assert_eq!(thresholds_of(&thresholds_text(&thresholds)), thresholds);
        assert_eq!(thresholds_of(""), []);
    }
}
