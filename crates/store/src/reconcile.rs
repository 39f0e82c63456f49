//! What becomes of charges by a provider's bill.

use serde::{Deserialize, Serialize};
use ytempire_core::{MicroUsd, TransferId};

/// What charges are billed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Charge by charge.
    pub billed: Vec<(TransferId, MicroUsd)>,
    /// Only those of which nobody knows what came; others are left as they are.
    pub unknown_only: bool,
    /// The bill, or why it is given up.
    pub source: String,
}

/// What that changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    /// Charges of which it is known now what came.
    pub settled: u64,
    /// Differences that were posted to the provider's account of adjustments.
    pub adjusted: u64,
}
