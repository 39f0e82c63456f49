//! How much may run at once, over the whole line.

use std::collections::{BTreeMap, HashMap};

use ytempire_core::{AccountId, Stage};

/// The most jobs that may run at once, on all nodes together. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of each account; `None` is any number.
    pub account: Option<u32>,
    /// Of a stage; any number of those that aren't named.
    pub stages: BTreeMap<Stage, u32>,
}

impl Limits {
    /// Tells whether any number may run.
    pub fn is_none(&self) -> bool {
        self.account.is_none() && self.stages.is_empty()
    }
}

/// How many jobs run: what both stores count against [`Limits`].
#[derive(Clone, Debug, Default)]
pub struct Running {
    accounts: HashMap<AccountId, u32>,
    stages: HashMap<Stage, u32>,
}

impl Running {
    /// So many more run.
    pub fn add(&mut self, account: AccountId, stage: Stage, jobs: u32) {
        let of_account = self.accounts.entry(account).or_default();
        *of_account = of_account.saturating_add(jobs);
        let of_stage = self.stages.entry(stage).or_default();
        *of_stage = of_stage.saturating_add(jobs);
    }

    /// One more runs, if the limits allow it; tells whether.
    pub fn take(&mut self, limits: &Limits, account: AccountId, stage: Stage) -> bool {
        if self.is_full(limits, account) || self.is_stage_full(limits, stage) {
            return false;
        }
        self.add(account, stage, 1);
        true
    }

    fn is_full(&self, limits: &Limits, account: AccountId) -> bool {
        let runs = self.accounts.get(&account).copied().unwrap_or_default();
        limits.account.is_some_and(|most| runs >= most)
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
    use super::*;

    #[test]
    fn what_is_full_takes_no_more_and_what_has_no_limit_takes_all() {
        let limits = Limits {
            account: Some(3),
            stages: BTreeMap::from([(Stage::Compose, 2)]),
        };
        let account = AccountId::LOCAL;
        let mut running = Running::default();
        running.add(account, Stage::Compose, 1);
        assert!(running.take(&limits, account, Stage::Compose));
        assert_eq!(running.full_stages(&limits), [Stage::Compose]);
        assert!(!running.take(&limits, account, Stage::Compose));
        assert!(running.take(&limits, account, Stage::Script));
        assert_eq!(running.full_accounts(&limits), [account]);
        assert!(!running.take(&limits, account, Stage::Script));
        let none = Limits::default();
        assert!(none.is_none() && running.take(&none, account, Stage::Compose));
    }
}
