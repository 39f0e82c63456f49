//! Statements about money.

use std::collections::BTreeMap;

use ledger::{Hold, Posting, Settled, Transfer, TransferState};
use store::{Error, Lease};
use tokio_postgres::Row;
use uuid::Uuid;
use ytempire_core::{
    JobId, MicroUsd, MoneyError, Stage, Timestamp, TransferId, UnitPrice, VideoId,
};

use crate::books::Books;
use crate::connection::{Connection, Question, Tx};
use crate::job::Leased;
use crate::money::Money;
use crate::sql::{Cells, Result};
use crate::{event, job, line};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, video_id, job_id, stage, attempt, backend, meter, unit_price,
                    price_version, imputed, quantity_max, quantity, held, posted, state,
                    held_at, settled_at
             FROM transfers ",
            $rest
        )
    };
}

pub(crate) async fn hold(tx: &Tx, now: Timestamp, lease: Lease, holds: &[Hold]) -> Result<()> {
    let job = job::leased(tx, lease).await?;
    line::may_spend(tx).await?;
    let ids = names(holds.iter().map(|hold| hold.id));
    let known = tx.all(&[named(&ids)]).await?.swap_remove(0);
    let known = known.iter().map(decode).collect::<Result<Vec<_>>>()?;
    let mut books = Books::locked(tx, job.video, job.stage).await?;
    let mut asked: Vec<TransferId> = Vec::new();
    for hold in holds {
        if let Some(known) = known.iter().find(|known| known.id == hold.id) {
            // Asked twice. One that has ended, or that is another attempt's, covers nothing.
            let covers = (known.job, known.attempt, known.state)
                == (job.id, job.attempt, TransferState::Pending);
            if covers {
                continue;
            }
            return Err(misuse(hold.id, "can't be reserved again").into());
        }
        if asked.contains(&hold.id) {
            continue;
        }
        asked.push(hold.id);
        let amount = hold.amount()?;
        books.hold((job.video, job.stage), amount)?;
        insert(tx, now, &job, hold, amount).await?;
    }
    let changed = books.changed();
    let save: Vec<_> = changed.save().into_iter().collect();
    tx.all(&save).await?;
    Ok(())
}

async fn insert(
    tx: &Tx,
    now: Timestamp,
    job: &Leased,
    hold: &Hold,
    amount: MicroUsd,
) -> Result<()> {
    let quantity_max = i64::try_from(hold.quantity_max).map_err(|_| MoneyError::Overflow)?;
    tx.execute(
        "INSERT INTO transfers (id, video_id, job_id, stage, attempt, backend, meter, unit_price,
                                price_version, imputed, quantity_max, held, state, held_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'pending', $13)",
        &[
            &hold.id.0,
            &job.video.0,
            &job.id.0,
            &job.stage.as_str(),
            &i64::from(job.attempt),
            &hold.backend,
            &hold.price.meter,
            &hold.price.price.0.to_string(),
            &hold.price.version(),
            &hold.price.imputed,
            &quantity_max,
            &amount.0,
            &now.as_micros(),
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn mark_sent(
    tx: &Tx,
    now: Timestamp,
    lease: Lease,
    ids: &[TransferId],
) -> Result<()> {
    let job = job::leased(tx, lease).await?;
    line::may_spend(tx).await?;
    for id in ids {
        let marked = tx
            .execute(
                "UPDATE transfers
                 SET state = 'sent', sent_at = $3
                 WHERE id = $1 AND job_id = $2 AND state = 'pending'",
                &[&id.0, &job.id.0, &now.as_micros()],
            )
            .await?;
        if marked == 0 {
            return Err(misuse(*id, "is not pending").into());
        }
    }
    Ok(())
}

/// Ends some reservations of a job that goes on. Returns what there is to tell.
pub(crate) async fn settle(
    tx: &Tx,
    now: Timestamp,
    job: &Leased,
    postings: &[Posting],
) -> Result<()> {
    let asked: Vec<TransferId> = postings.iter().map(|posting| posting.id).collect();
    let mut money = Money::lock(tx, std::slice::from_ref(job), Vec::new(), &asked).await?;
    let mut told = Vec::new();
    money.post(now, job, postings, &mut told)?;
    let (changed, events) = (money.changed(now), event::Columns::of(&told));
    let questions: Vec<_> = changed.save().chain(events.append()).collect();
    tx.all(&questions).await?;
    Ok(())
}

/// What jobs have left open.
pub(crate) const OPEN: &str =
    select!("WHERE job_id = ANY ($1) AND state IN ('pending', 'sent') ORDER BY id");

const SETTLE: &str = "\
    UPDATE transfers
    SET state = settled.state, quantity = settled.quantity, posted = settled.posted,
        settled_at = $1
    FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[])
         AS settled (id, state, quantity, posted)
    WHERE transfers.id = settled.id";

/// Ends of transfers, column by column.
pub(crate) struct Columns {
    now: i64,
    ids: Vec<Uuid>,
    states: Vec<&'static str>,
    quantities: Vec<i64>,
    posted: Vec<i64>,
}

impl Columns {
    /// The last of several ends of a transfer counts.
    pub(crate) fn of(now: Timestamp, ends: &[(TransferId, Settled)]) -> Self {
        let last: BTreeMap<TransferId, Settled> = ends.iter().copied().collect();
        let quantity = |end: &Settled| i64::try_from(end.quantity).unwrap_or(i64::MAX);
        Self {
            now: now.as_micros(),
            ids: last.keys().map(|id| id.0).collect(),
            states: last.values().map(|end| end.state.as_str()).collect(),
            quantities: last.values().map(quantity).collect(),
            posted: last.values().map(|end| end.posted.0).collect(),
        }
    }

    /// Writes them, if there are any.
    pub(crate) fn save(&self) -> Option<Question<'_>> {
        let question: Question<'_> = (
            SETTLE,
            vec![
                &self.now,
                &self.ids,
                &self.states,
                &self.quantities,
                &self.posted,
            ],
        );
        (!self.ids.is_empty()).then_some(question)
    }
}

/// Transfers by their names.
pub(crate) fn named(ids: &Vec<Uuid>) -> Question<'_> {
    (select!("WHERE id = ANY ($1)"), vec![ids])
}

pub(crate) fn names(ids: impl Iterator<Item = TransferId>) -> Vec<Uuid> {
    ids.map(|id| id.0).collect()
}

pub(crate) fn misuse(id: TransferId, why: &str) -> Error {
    Error::Database(format!("transfer {id} {why}"))
}

pub(crate) async fn list(db: &Connection, video: VideoId) -> Result<Vec<Transfer>> {
    let rows = db
        .query(
            select!("WHERE video_id = $1 ORDER BY held_at, id"),
            &[&video.0],
        )
        .await?;
    rows.iter().map(decode).collect()
}

pub(crate) fn decode(row: &Row) -> Result<Transfer> {
    let row = Cells::of("transfers", row);
    Ok(Transfer {
        id: TransferId(row.get("id")?),
        video: VideoId(row.get("video_id")?),
        job: JobId(row.get("job_id")?),
        stage: row.named("stage", Stage::from_name)?,
        attempt: row.count("attempt")?,
        backend: row.get("backend")?,
        meter: row.get("meter")?,
        unit_price: UnitPrice(row.parsed("unit_price")?),
        price_version: row.get("price_version")?,
        imputed: row.get("imputed")?,
        quantity_max: row.count("quantity_max")?,
        quantity: row.count("quantity")?,
        held: row.money("held")?,
        posted: row.money("posted")?,
        state: row.named("state", TransferState::from_name)?,
        held_at: row.time("held_at")?,
        settled_at: row.time_or_none("settled_at")?,
    })
}
