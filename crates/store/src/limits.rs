//! How much may run at once, over the whole line.

use std::collections::{BTreeMap, HashMap};

use ytempire_core::{AccountId, ChannelId, Stage};

/// The most jobs that may run at once, on all nodes together. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of each account; `None` is any number.
    pub account: Option<u32>,
    /// Of each channel; `None` is any number, and so is that of videos without one.
    pub channel: Option<u32>,
    /// Of a stage; any number of those that aren't named.
    pub stages: BTreeMap<Stage, u32>,
}

impl Limits {
    /// Tells whether any number may run.
    pub fn is_none(&self) -> bool {
        self.account.is_none() && self.channel.is_none() && self.stages.is_empty()
    }
}

/// How many jobs run: what both stores count against [`Limits`].
#[derive(Clone, Debug, Default)]
pub struct Running {
    accounts: HashMap<AccountId, u32>,
    channels: HashMap<ChannelId, u32>,
    stages: HashMap<Stage, u32>,
}

/// Whose a job is: its video's account, and its channel if it has one.
pub type Owner = (AccountId, Option<ChannelId>);

impl Running {
    /// So many more run.
    pub fn add(&mut self, (account, channel): Owner, stage: Stage, jobs: u32) {
        let more = |count: &mut u32| *count = count.saturating_add(jobs);
        more(self.accounts.entry(account).or_default());
        more(self.stages.entry(stage).or_default());
        if let Some(channel) = channel {
            more(self.channels.entry(channel).or_default());
        }
    }

    /// One more runs, if the limits allow it; tells whether.
    pub fn take(&mut self, limits: &Limits, owner: Owner, stage: Stage) -> bool {
        let full = owner
            .1
            .is_some_and(|channel| self.is_channel_full(limits, channel));
        if full || self.is_full(limits, owner.0) || self.is_stage_full(limits, stage) {
            return false;
        }
        self.add(owner, stage, 1);
        true
    }

    fn is_full(&self, limits: &Limits, account: AccountId) -> bool {
        let runs = self.accounts.get(&account).copied().unwrap_or_default();
        limits.account.is_some_and(|most| runs >= most)
    }

    fn is_channel_full(&self, limits: &Limits, channel: ChannelId) -> bool {
        let runs = self.channels.get(&channel).copied().unwrap_or_default();
        limits.channel.is_some_and(|most| runs >= most)
    }

    fn is_stage_full(&self, limits: &Limits, stage: Stage) -> bool {
        let runs = self.stages.get(&stage).copied().unwrap_or_default();
        limits.stages.get(&stage).is_some_and(|most| runs >= *most)
    }

    /// Accounts of which no more may run.
    pub fn full_accounts(&self, limits: &Limits) -> Vec<AccountId> {
        let accounts = self.accounts.keys().copied();
        accounts.filter(|id| self.is_full(limits, *id)).collect()
    }

    /// Channels of which no more may run.
    pub fn full_channels(&self, limits: &Limits) -> Vec<ChannelId> {
        let channels = self.channels.keys().copied();
        let full = channels.filter(|id| self.is_channel_full(limits, *id));
        full.collect()
    }

    /// Stages of which no more may run.
    pub fn full_stages(&self, limits: &Limits) -> Vec<Stage> {
        let stages = limits.stages.keys().copied();
        stages
            .filter(|stage| self.is_stage_full(limits, *stage))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use ytempire_core::{IdSource, Timestamp};

    use super::*;

    #[test]
    fn what_is_full_takes_no_more_and_what_has_no_limit_takes_all() {
        let limits = Limits {
            account: Some(3),
            channel: None,
            stages: BTreeMap::from([(Stage::Compose, 2)]),
        };
        let account = AccountId::LOCAL;
        let owner = (account, None);
        let mut running = Running::default();
        running.add(owner, Stage::Compose, 1);
        assert!(running.take(&limits, owner, Stage::Compose));
        assert_eq!(running.full_stages(&limits), [Stage::Compose]);
        assert!(!running.take(&limits, owner, Stage::Compose));
        assert!(running.take(&limits, owner, Stage::Script));
        assert_eq!(running.full_accounts(&limits), [account]);
        assert!(!running.take(&limits, owner, Stage::Script));
        let none = Limits::default();
        assert!(none.is_none() && running.take(&none, owner, Stage::Compose));
    }

    #[test]
    fn a_full_channel_leaves_room_to_others_and_to_what_has_none() {
        let limits = Limits {
            channel: Some(1),
            ..Limits::default()
        };
        assert!(!limits.is_none());
        let ids = IdSource::seeded([1; 32]);
        let [one, two] = [(); 2].map(|()| ChannelId::fresh(&ids, Timestamp::default()));
        let mut running = Running::default();
        let mut take = |channel| running.take(&limits, (AccountId::LOCAL, channel), Stage::Script);
        assert!(take(Some(one)) && take(Some(two)) && take(None) && take(None));
        assert!(!take(Some(one)) && !take(Some(two)));
        let full = running.full_channels(&limits);
        assert!(full.contains(&one) && full.contains(&two));
    }
}
