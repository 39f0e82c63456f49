//! Two-phase transfers: what a priced act may cost, then what it did cost.

use serde::{Deserialize, Serialize};
use ytempire_core::{
    JobId, MicroUsd, MoneyError, Stage, Timestamp, TransferId, UnitPrice, VideoId,
};

use crate::PriceVersion;

/// Where a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// Reserved; nothing has left the machine.
    Pending,
    /// Reserved, and the request may have left: it can no longer be given back unasked.
    Sent,
    /// Spent.
    Posted,
    /// Given back.
    Voided,
    /// Sent, and what came of it is not known: counted at worst case until reconciled.
    Unknown,
    /// It was unknown, and is known by the provider's bill, or was given up at its worst case.
    Reconciled,
}

impl TransferState {
    /// The stable name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Posted => "posted",
            Self::Voided => "voided",
            Self::Unknown => "unknown",
            Self::Reconciled => "reconciled",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Sent,
            Self::Posted,
            Self::Voided,
            Self::Unknown,
            Self::Reconciled,
        ]
        .into_iter()
        .find(|s| s.as_str() == name)
    }

    /// Tells whether its worst case still counts against the budget.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Sent | Self::Unknown)
    }
}

/// A reservation asked for: one meter of one act, at its worst.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Chosen by the caller before it asks, so that asking twice reserves once.
    pub id: TransferId,
    /// The backend that does the work.
    pub backend: String,
    /// The price it is reserved and settled at.
    pub price: PriceVersion,
    /// The most units it can take.
    pub quantity_max: u64,
    /// The IANA name of the time zone in which the provider counts days.
    pub day_zone: String,
}

impl Hold {
    /// Whether somebody else is paid for it: it isn't our own machine's work, and it has a price.
    pub fn is_paid(&self) -> bool {
        !self.price.imputed && !self.price.price.0.is_zero()
    }

    /// The worst case in money.
    pub fn amount(&self) -> Result<MicroUsd, MoneyError> {
        self.price.price.charge(self.quantity_max)
    }
}

/// How a reservation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It took this many units.
    Post {
        /// Units taken; may exceed the reservation, then it is an overrun.
        quantity: u64,
    },
    /// It certainly cost nothing.
    Void,
    /// Nobody can say; it stays reserved.
    Unknown,
}

/// The end of one reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Which one.
    pub id: TransferId,
    /// How it ends.
    pub outcome: Outcome,
}

/// A transfer as the books have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its name.
    pub id: TransferId,
    /// Whose money.
    pub video: VideoId,
    /// The job that asked.
    pub job: JobId,
    /// The job's stage.
    pub stage: Stage,
    /// Which attempt of the job.
    pub attempt: u32,
    /// Who did the work.
    pub backend: String,
    /// The meter.
    pub meter: String,
    /// Dollars a unit.
    pub unit_price: UnitPrice,
    /// The price version's name.
    pub price_version: String,
    /// Our own machine's share rather than cash.
    pub imputed: bool,
    /// The most units it could take.
    pub quantity_max: u64,
    /// Units it took, once posted.
    pub quantity: u64,
    /// Reserved.
    pub held: MicroUsd,
    /// Spent, once posted.
    pub posted: MicroUsd,
    /// Where it stands.
    pub state: TransferState,
    /// When it was reserved.
    pub held_at: Timestamp,
    /// When it ended.
    pub settled_at: Option<Timestamp>,
    /// The accounts of days that it is counted in, by their names: those of the day on which it was
    /// reserved, whenever it is settled.
    pub days: Vec<String>,
}

/// What settling changes in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The new state.
    pub state: TransferState,
    /// Units taken.
    pub quantity: u64,
    /// Money spent.
    pub posted: MicroUsd,
    /// What is no longer reserved; zero while the outcome is unknown.
    pub released: MicroUsd,
}

/// Why a transfer can't be settled so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettleError {
    /// It has already ended, differently.
    #[error("transfer {id} is already {state}", state = .state.as_str())]
    AlreadyEnded {
        /// Which one.
        id: TransferId,
        /// How it ended.
        state: TransferState,
    },
    /// The amount can't be computed.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Transfer {
    /// What ending it by `outcome` does; `None` if it has ended in just that way before, so
    /// that settling twice posts once.
    pub fn settle(&self, outcome: Outcome) -> Result<Option<Settled>, SettleError> {
        let (state, quantity) = match outcome {
            Outcome::Post { quantity } => (TransferState::Posted, quantity),
            Outcome::Void => (TransferState::Voided, 0),
            Outcome::Unknown => (TransferState::Unknown, 0),
        };
        if self.state == state && self.quantity == quantity {
            return Ok(None);
        }
        if !self.state.is_open() {
            return Err(SettleError::AlreadyEnded {
                id: self.id,
                state: self.state,
            });
        }
        let posted = self.unit_price.charge(quantity)?;
        let released = if state == TransferState::Unknown {
            MicroUsd::ZERO
        } else {
            self.held
        };
        Ok(Some(Settled {
            state,
            quantity,
            posted,
            released,
        }))
    }

    /// What a bill of `billed` does to it, if nobody knew what came of it; `None` otherwise.
    pub fn reconcile(&self, billed: MicroUsd) -> Option<Settled> {
        (self.state == TransferState::Unknown).then_some(Settled {
            state: TransferState::Reconciled,
            quantity: 0,
            posted: billed,
            released: self.held,
        })
    }

    /// What it counts against the budget now.
    pub fn counted(&self) -> MicroUsd {
        if self.state.is_open() {
            self.held
        } else {
            self.posted
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ytempire_core::IdSource;

    use super::*;

    pub(crate) fn transfer(stage: Stage, held_units: u64, imputed: bool) -> Transfer {
        let (ids, now) = (IdSource::seeded([9; 32]), Timestamp::default());
        let unit_price = UnitPrice("0.000015".parse().unwrap());
        Transfer {
            id: TransferId::fresh(&ids, now),
            video: VideoId::fresh(&ids, now),
            job: JobId::fresh(&ids, now),
            stage,
            attempt: 1,
            backend: "kokoro".into(),
            meter: "characters".into(),
            unit_price,
            price_version: "kokoro/k/characters@2026-01-01".into(),
            imputed,
            quantity_max: held_units,
            quantity: 0,
            held: unit_price.charge(held_units).unwrap(),
            posted: MicroUsd::ZERO,
            state: TransferState::Pending,
            held_at: now,
            settled_at: None,
            days: Vec::new(),
        }
    }

    #[test]
    fn settling_twice_posts_once_and_never_differently() {
        let mut t = transfer(Stage::Narrate, 100, false);
        let settled = t.settle(Outcome::Post { quantity: 60 }).unwrap().unwrap();
        assert_eq!(
            (settled.posted, settled.released),
            (MicroUsd(900), MicroUsd(1500))
        );
        (t.state, t.quantity, t.posted) = (settled.state, settled.quantity, settled.posted);
        assert_eq!(t.settle(Outcome::Post { quantity: 60 }), Ok(None));
        assert!(matches!(
            t.settle(Outcome::Void),
            Err(SettleError::AlreadyEnded { .. })
        ));
        assert!(t.settle(Outcome::Post { quantity: 61 }).is_err());
    }

    #[test]
    fn an_unknown_outcome_stays_reserved_until_it_is_known() {
        let mut t = transfer(Stage::Narrate, 100, false);
        t.state = TransferState::Sent;
        let settled = t.settle(Outcome::Unknown).unwrap().unwrap();
        assert_eq!(settled.released, MicroUsd::ZERO);
        t.state = settled.state;
        assert_eq!(t.counted(), t.held);
        let known = t.settle(Outcome::Post { quantity: 100 }).unwrap().unwrap();
        assert_eq!(known.released, t.held);
    }
}
