//! What days cost, and backends that are switched off.

use ledger::{Account, BudgetOf};
use serde::{Deserialize, Serialize};
use ytempire_core::Timestamp;

/// A day of somebody's, as the books have it: what was paid to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRow {
    /// Whose day.
    pub of: BudgetOf,
    /// Which day, in their zone: `2026-11-24`.
    pub date: String,
    /// Reserved and spent on it. Its cap is what held when something was last reserved, or
    /// [`ledger::UNLIMITED`].
    #[serde(flatten)]
    pub account: Account,
}

/// A backend that is switched off, for all nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendSwitch {
    /// As configurations name it.
    pub name: String,
    /// Since when.
    pub changed_at: Timestamp,
    /// Why, in the words of whoever switched it off.
    pub reason: String,
}
