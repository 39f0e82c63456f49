//! Permits of one process.

use std::collections::HashMap;
use std::time::Duration;

use ytempire_core::Timestamp;

use crate::{LEASE_MAX, Permit, PermitAnswer, named};

/// Who holds what, until when.
#[derive(Debug, Default)]
pub(crate) struct Permits(HashMap<String, HashMap<u128, Timestamp>>);

impl Permits {
    pub(crate) fn take(
        &mut self,
        now: Timestamp,
        name: &str,
        limit: u32,
        holder: u128,
        lease: Duration,
    ) -> PermitAnswer {
        if let Some(refused) = self.refusal(now, name, limit, holder) {
            return refused;
        }
        let until = now.after(lease.min(LEASE_MAX));
        let holders = self.0.entry(name.to_owned()).or_default();
        holders.insert(holder, until);
        PermitAnswer::Granted(Permit {
            name: name.to_owned(),
            holder,
            until,
        })
    }

    /// Why `holder` can't have one more; nothing is taken.
    pub(crate) fn refusal(
        &mut self,
        now: Timestamp,
        name: &str,
        limit: u32,
        holder: u128,
    ) -> Option<PermitAnswer> {
        if limit == 0 || !named(name) {
            return Some(PermitAnswer::RetryAfter(LEASE_MAX));
        }
        let holders = self.0.get_mut(name)?;
        holders.retain(|_, until| *until > now);
        if holders.is_empty() {
            self.0.remove(name);
            return None;
        }
        if holders.contains_key(&holder) || holders.len() < limit as usize {
            return None;
        }
        let first = holders.values().min().map(|until| until.since(now));
        Some(PermitAnswer::RetryAfter(first.unwrap_or_default()))
    }

    pub(crate) fn renew(
        &mut self,
        now: Timestamp,
        permit: &Permit,
        lease: Duration,
    ) -> Option<Permit> {
        let until = self.0.get_mut(&permit.name)?.get_mut(&permit.holder)?;
        if *until <= now {
            return None;
        }
        *until = now.after(lease.min(LEASE_MAX));
        Some(Permit {
            until: *until,
            ..permit.clone()
        })
    }

    pub(crate) fn release(&mut self, permit: &Permit) {
        if let Some(holders) = self.0.get_mut(&permit.name) {
            holders.remove(&permit.holder);
            if holders.is_empty() {
                self.0.remove(&permit.name);
            }
        }
    }
}
