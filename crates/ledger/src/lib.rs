//! Money before and after it is spent: prices, quotes, two-phase transfers, receipts.
//!
//! Floor 1, pure. The stores keep what is decided here; nothing here knows a database.
//!
//! A priced act goes `pending → posted | voided`; one that leaves the machine goes
//! `pending → sent → posted | voided | unknown` (two-phase transfers after `TigerBeetle`). What
//! may still be billed stays counted at its worst case.

mod budget;
mod day;
mod import;
mod price;
mod receipt;
mod reconcile;
mod scope;
mod transfer;

pub use budget::{
    Budget, BudgetOf, DAY_PERCENTS, DayScope, Payer, UNLIMITED, thresholds_of, thresholds_text,
    usual_thresholds,
};
pub use day::{Day, ZoneUnknown};
pub use import::{Format, read as read_prices};
pub use price::{Jump, PriceBook, PriceError, PriceRow, PriceVersion, RateRow, USD};
pub use receipt::{Receipt, ReceiptLine, StageTotal};
pub use reconcile::{Adjustment, Bill, Compared, Comparison, Finding, compare, read_bills};
pub use scope::{Account, HoldRefused, Scope, THRESHOLDS, VIDEO_CAP, passed};
pub use transfer::{Hold, Outcome, Posting, SettleError, Settled, Transfer, TransferState};
