//! Reservations of jobs that end, and the accounts they are counted in: locked and read together,
//! settled in memory by `ledger`'s rules, saved together.

use std::collections::HashMap;

use ledger::{Outcome, Posting, Scope, Settled, Transfer, TransferState};
use serde_json::json;
use ytempire_core::{Event, EventKind, JobId, Plant, Timestamp, TransferId};

use crate::books::{self, Books};
use crate::connection::{Question, Tx};
use crate::event;
use crate::job::Leased;
use crate::sql::Result;
use crate::transfer;

/// What some jobs have reserved.
#[derive(Default)]
pub(crate) struct Money {
    books: Books,
    transfers: HashMap<JobId, Vec<Transfer>>,
    settled: Vec<(TransferId, Settled)>,
}

/// What has changed, column by column.
pub(crate) struct Columns<'a> {
    transfers: transfer::Columns,
    accounts: books::Columns<'a>,
}

impl Money {
    /// Locks and reads what ends of `jobs` touch: `open`, and what `asked` names besides. Where there
    /// is neither, nobody is asked.
    pub(crate) async fn lock(
        tx: &Tx,
        jobs: &[Leased],
        open: Vec<Transfer>,
        asked: &[TransferId],
    ) -> Result<Self> {
        if open.is_empty() && asked.is_empty() {
            return Ok(Self::default());
        }
        let mut known = open;
        // Mostly none: what is asked for is open.
        let is_known = |id: &TransferId| known.iter().any(|transfer| transfer.id == *id);
        let ids = transfer::names(asked.iter().copied().filter(|id| !is_known(id)));
        if !ids.is_empty() {
            let named = tx.all(&[transfer::named(&ids)]).await?.swap_remove(0);
            let named = named.iter().map(transfer::decode);
            known.extend(named.collect::<Result<Vec<_>>>()?);
        }
        let days = known
            .iter()
            .flat_map(|transfer| transfer.days.iter().cloned());
        let mut books = Books::of(jobs.iter().map(|job| (job.video, job.stage)), days);
        let answers = tx.all(&[books.lock()]).await?;
        books.read(&answers[0])?;
        let mut transfers: HashMap<JobId, Vec<Transfer>> = HashMap::new();
        for transfer in known {
            let of_job = transfers.entry(transfer.job).or_default();
            if of_job.iter().all(|known| known.id != transfer.id) {
                of_job.push(transfer);
            }
        }
        Ok(Self {
            books,
            transfers,
            settled: Vec::new(),
        })
    }

    /// Tells whether anything of a job's is known here.
    pub(crate) fn has(&self, job: &Leased) -> bool {
        self.transfers.contains_key(&job.id)
    }

    /// Ends reservations of one job: all of them, or none and why.
    pub(crate) fn post(
        &mut self,
        now: Timestamp,
        job: &Leased,
        postings: &[Posting],
        told: &mut Vec<Event>,
    ) -> store::Result<()> {
        let mut transfers = self.transfers.get(&job.id).cloned().unwrap_or_default();
        let mut settled = Vec::new();
        for posting in postings {
            // A lease ends its own job's transfers and no other's.
            let transfer = transfers
                .iter_mut()
                .find(|transfer| transfer.id == posting.id)
                .ok_or_else(|| transfer::misuse(posting.id, "is none of this job's"))?;
            settled.extend(settle(transfer, posting.outcome)?);
        }
        self.take(now, job, (transfers, settled), told);
        Ok(())
    }

    /// Ends what an attempt left open: what was only reserved is given back, what was sent stays.
    pub(crate) fn close(
        &mut self,
        now: Timestamp,
        job: &Leased,
        told: &mut Vec<Event>,
    ) -> store::Result<()> {
        let open = self.transfers.get(&job.id);
        let Some(transfers) = open.filter(|_| !Plant::ForgottenHold.is_in()) else {
            return Ok(());
        };
        let mut transfers = transfers.clone();
        let mut settled = Vec::new();
        for transfer in &mut transfers {
            let outcome = match transfer.state {
                TransferState::Pending => Outcome::Void,
                TransferState::Sent => Outcome::Unknown,
                _ => continue,
            };
            settled.extend(settle(transfer, outcome)?);
        }
        self.take(now, job, (transfers, settled), told);
        Ok(())
    }

    fn take(
        &mut self,
        now: Timestamp,
        job: &Leased,
        (transfers, settled): (Vec<Transfer>, Vec<(TransferId, Settled)>),
        told: &mut Vec<Event>,
    ) {
        for (id, end) in settled {
            self.settled.push((id, end));
            if end.state == TransferState::Unknown {
                continue;
            }
            let sums = (end.released, end.posted);
            let days = transfers.iter().find(|transfer| transfer.id == id);
            let days = days.into_iter().flat_map(|transfer| &transfer.days);
            let days = days.filter_map(|key| Scope::day_from_key(key));
            let scopes = Scope::of(job.video, job.stage).into_iter().chain(days);
            self.books.settle(now, (job.video, scopes), sums, told);
            if end.posted > end.released {
                let detail = json!({ "transfer": id, "held_micro_usd": end.released,
                                     "posted_micro_usd": end.posted });
                told.push(event::about_job(
                    now,
                    job.about(),
                    EventKind::BudgetOverrun,
                    detail,
                ));
            }
        }
        if !transfers.is_empty() {
            self.transfers.insert(job.id, transfers);
        }
    }

    /// What has changed.
    pub(crate) fn changed(&self, now: Timestamp) -> Columns<'_> {
        Columns {
            transfers: transfer::Columns::of(now, &self.settled),
            accounts: self.books.changed(),
        }
    }
}

fn settle(
    transfer: &mut Transfer,
    outcome: Outcome,
) -> store::Result<Option<(TransferId, Settled)>> {
    let Some(end) = transfer.settle(outcome)? else {
        return Ok(None);
    };
    (transfer.state, transfer.quantity, transfer.posted) = (end.state, end.quantity, end.posted);
    Ok(Some((transfer.id, end)))
}

impl Columns<'_> {
    /// Writes it, as far as there is any.
    pub(crate) fn save(&self) -> impl Iterator<Item = Question<'_>> {
        let (transfers, accounts) = (self.transfers.save(), self.accounts.save());
        transfers.into_iter().chain(accounts)
    }
}
