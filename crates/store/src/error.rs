//! What can go wrong with a verb.

use ledger::HoldRefused;

/// Why a verb failed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lease is over: another node may have the job. Don't retry.
    #[error("the lease is lost: another node took the job over")]
    LeaseLost,
    /// The line is halted: nothing may be reserved or sent. Nothing was.
    #[error("the line is halted: nothing is spent until it is resumed")]
    Halted,
    /// As many videos wait as may.
    #[error("{waiting} videos wait, and no more than {max} may; try again when some have begun")]
    LineFull {
        /// How many wait.
        waiting: u32,
        /// How many may.
        max: u32,
    },
    /// The channel was removed, or never was: nothing is accepted for it.
    #[error("channel {0} is not there any more")]
    ChannelGone(ytempire_core::ChannelId),
    /// A reservation doesn't fit a scope.
    #[error(transparent)]
    BudgetExceeded(Box<HoldRefused>),
    /// A price or rate of the same day is there already, and it is another one.
    #[error("{0} is there already, with another price; a new price is a row of its own day")]
    PriceTaken(String),
    /// A backend is switched off: nothing may be reserved for it or sent to it.
    #[error("backend {0:?} is switched off")]
    BackendOff(String),
    /// A transfer can't be settled so.
    #[error(transparent)]
    Ledger(#[from] ledger::SettleError),
    /// An amount doesn't fit.
    #[error(transparent)]
    Money(#[from] ytempire_core::MoneyError),
    /// A row can't be decoded.
    #[error("table {table}, row {row}, column {column}: {why}")]
    Undecodable {
        /// Where.
        table: &'static str,
        /// Which row.
        row: String,
        /// Which column.
        column: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The schema is newer than this program, or not ours.
    #[error(
        "the store has schema {found}, this program knows {known}; use the program that made it, or a newer one"
    )]
    SchemaUnknown {
        /// What the store has.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// The store can't be written.
    #[error("the store can't be written: {0}")]
    ReadOnly(String),
    /// The database is away, or the connection to it was lost. It may come back by itself.
    #[error("{0}")]
    Away(String),
    /// The database failed otherwise.
    #[error("the database failed: {0}")]
    Database(String),
}

impl From<HoldRefused> for Error {
    fn from(refused: HoldRefused) -> Self {
        Self::BudgetExceeded(Box::new(refused))
    }
}
