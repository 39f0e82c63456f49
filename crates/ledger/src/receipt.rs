//! The receipt: every line of what a video cost, adding up.

use serde::{Deserialize, Serialize};
use ytempire_core::{MicroUsd, Stage, TransferId, UnitPrice, VideoId};

use crate::{Adjustment, Transfer, TransferState};

/// What a video cost, line by line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The video.
    pub video: VideoId,
    /// Its title.
    pub title: String,
    /// What it was allowed to cost, micro-dollars.
    pub budget: MicroUsd,
    /// One line for each priced act, in the order in which they were reserved.
    pub lines: Vec<ReceiptLine>,
    /// Sums by stage, in order.
    pub stages: Vec<StageTotal>,
    /// Paid to others.
    pub cash: MicroUsd,
    /// Our own machine's share.
    pub imputed: MicroUsd,
    /// Still reserved at worst case, because nobody knows the outcome.
    pub unknown: MicroUsd,
    /// `cash + imputed + unknown`: what counts against the budget.
    pub total: MicroUsd,
    /// What providers billed otherwise than was booked, by their own account: later bills and refunds.
    /// Beside the total, which is what the video was charged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
}

/// One priced act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// The charge's id: what `ytempire price explain` and providers' bills know it by. Older receipts
    /// have none.
    #[serde(default)]
    pub charge: Option<TransferId>,
    /// The stage that asked.
    pub stage: Stage,
    /// Who did the work.
    pub backend: String,
    /// What was counted.
    pub meter: String,
    /// Units taken.
    pub quantity: u64,
    /// Dollars a unit, a decimal string.
    pub unit_price: UnitPrice,
    /// The price version it was charged by.
    pub price_version: String,
    /// Our own machine's share rather than cash.
    pub imputed: bool,
    /// Which attempt of the job.
    pub attempt: u32,
    /// Reserved, micro-dollars.
    pub held: MicroUsd,
    /// Spent, micro-dollars: `quantity × unit_price`, rounded up once.
    pub posted: MicroUsd,
    /// How it ended.
    pub state: TransferState,
}

/// A stage's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTotal {
    /// The stage.
    pub stage: Stage,
    /// Its lines.
    pub lines: usize,
    /// What counts against the budget.
    pub total: MicroUsd,
}

impl Receipt {
    /// Writes the receipt from the books.
    pub fn of(video: VideoId, title: &str, budget: MicroUsd, transfers: &[Transfer]) -> Self {
        let cash_or_not = |imputed| {
            let spent = |t: &&Transfer| !t.state.is_open() && t.imputed == imputed;
            MicroUsd::sum(transfers.iter().filter(spent).map(|t| t.posted))
        };
        let unknown = MicroUsd::sum(
            transfers
                .iter()
                .filter(|t| t.state.is_open())
                .map(|t| t.held),
        );
        let (cash, imputed) = (cash_or_not(false), cash_or_not(true));
        Self {
            video,
            title: title.to_owned(),
            budget,
            lines: transfers.iter().map(ReceiptLine::of).collect(),
            stages: stage_totals(transfers),
            cash,
            imputed,
            unknown,
            total: MicroUsd::sum([cash, imputed, unknown]),
            adjustments: Vec::new(),
        }
    }

    /// The receipt with what providers billed otherwise.
    #[must_use]
    pub fn with(self, adjustments: Vec<Adjustment>) -> Self {
        Self {
            adjustments,
            ..self
        }
    }

    /// Tells whether lines, stages and totals agree to the micro-dollar.
    pub fn adds_up(&self) -> bool {
        let lines = MicroUsd::sum(self.lines.iter().map(ReceiptLine::counted));
        let stages = MicroUsd::sum(self.stages.iter().map(|s| s.total));
        let priced = self.lines.iter().all(|line| {
            line.state != TransferState::Posted
                || line.unit_price.charge(line.quantity) == Ok(line.posted)
        });
        priced && lines == self.total && stages == self.total
    }
}

impl ReceiptLine {
    fn of(t: &Transfer) -> Self {
        Self {
            charge: Some(t.id),
            stage: t.stage,
            backend: t.backend.clone(),
            meter: t.meter.clone(),
            quantity: t.quantity,
            unit_price: t.unit_price,
            price_version: t.price_version.clone(),
            imputed: t.imputed,
            attempt: t.attempt,
            held: t.held,
            posted: t.posted,
            state: t.state,
        }
    }

    /// What the line counts against the budget.
    pub fn counted(&self) -> MicroUsd {
        if self.state.is_open() {
            self.held
        } else {
            self.posted
        }
    }
}

fn stage_totals(transfers: &[Transfer]) -> Vec<StageTotal> {
    let of_stage = |stage| {
        let its: Vec<_> = transfers.iter().filter(|t| t.stage == stage).collect();
        let total = MicroUsd::sum(its.iter().map(|t| t.counted()));
        StageTotal {
            stage,
            lines: its.len(),
            total,
        }
    };
    Stage::ALL
        .into_iter()
        .map(of_stage)
        .filter(|s| s.lines > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use crate::transfer::tests::transfer;

    fn posted(mut t: Transfer, quantity: u64) -> Transfer {
        let s = t.settle(Outcome::Post { quantity }).unwrap().unwrap();
        (t.state, t.quantity, t.posted) = (s.state, s.quantity, s.posted);
        t
    }

    #[test]
    fn a_receipt_adds_up_and_a_forged_one_does_not() {
        let mut open = transfer(Stage::Script, 10, false);
        open.state = TransferState::Unknown;
        let books = [
            open,
            posted(transfer(Stage::Narrate, 100, false), 60),
            posted(transfer(Stage::Narrate, 100, true), 7),
        ];
        let receipt = Receipt::of(books[0].video, "t", MicroUsd(3_000_000), &books);
        assert!(receipt.adds_up());
        assert_eq!(
            (receipt.cash, receipt.imputed, receipt.unknown),
            (MicroUsd(900), MicroUsd(105), MicroUsd(150))
        );
        let mut forged = receipt.clone();
        forged.lines[1].posted = MicroUsd(899);
        assert!(!forged.adds_up());
        let mut forged = receipt;
        forged.total = MicroUsd(1);
        assert!(!forged.adds_up());
    }
}
