//! Statements about money.

use ledger::{Hold, Outcome, Posting, Settled, Transfer, TransferState};
use serde_json::json;
use store::{Error, Lease};
use tokio_postgres::Row;
use uuid::Uuid;
use ytempire_core::{
    EventKind, JobId, MicroUsd, MoneyError, Stage, Timestamp, TransferId, UnitPrice, VideoId,
};

use crate::books::Books;
use crate::connection::{Connection, Tx};
use crate::job::Leased;
use crate::sql::{Cells, Fault, Result};
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
    let known = found(tx, holds.iter().map(|hold| hold.id)).await?;
    let mut books = Books::lock(tx, &job).await?;
    let mut asked: Vec<TransferId> = Vec::new();
    for hold in holds {
        if let Some(known) = known.iter().find(|known| known.id == hold.id) {
            // Asked twice. One that has ended, or that is another attempt's, covers nothing.
            let covers = (known.job, known.attempt, known.state)
                == (job.id, job.attempt, TransferState::Pending);
            if covers {
                continue;
            }
            return Err(misused(hold.id, "can't be reserved again"));
        }
        if asked.contains(&hold.id) {
            continue;
        }
        asked.push(hold.id);
        let amount = hold.amount()?;
        books.hold(amount)?;
        insert(tx, now, &job, hold, amount).await?;
    }
    books.save(tx).await
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
            return Err(misused(*id, "is not pending"));
        }
    }
    Ok(())
}

pub(crate) async fn settle_all(
    tx: &Tx,
    now: Timestamp,
    job: &Leased,
    postings: &[Posting],
) -> Result<()> {
    if postings.is_empty() {
        return Ok(());
    }
    let mut known = found(tx, postings.iter().map(|posting| posting.id)).await?;
    let mut books = Books::lock(tx, job).await?;
    for posting in postings {
        // A lease ends its own job's transfers and no other's.
        let transfer = known
            .iter_mut()
            .find(|transfer| transfer.id == posting.id && transfer.job == job.id)
            .ok_or_else(|| misused(posting.id, "is none of this job's"))?;
        settle(tx, now, job, &mut books, (transfer, posting.outcome)).await?;
    }
    books.save(tx).await
}

/// Ends what an attempt left open: what was only reserved is given back, what was sent stays.
pub(crate) async fn close_open(tx: &Tx, now: Timestamp, job: &Leased) -> Result<()> {
    let rows = tx
        .query(
            select!("WHERE job_id = $1 AND state IN ('pending', 'sent') ORDER BY id"),
            &[&job.id.0],
        )
        .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut books = Books::lock(tx, job).await?;
    for row in &rows {
        let mut transfer = decode(row)?;
        let outcome = if transfer.state == TransferState::Sent {
            Outcome::Unknown
        } else {
            Outcome::Void
        };
        settle(tx, now, job, &mut books, (&mut transfer, outcome)).await?;
    }
    books.save(tx).await
}

async fn settle(
    tx: &Tx,
    now: Timestamp,
    job: &Leased,
    books: &mut Books,
    (transfer, outcome): (&mut Transfer, Outcome),
) -> Result<()> {
    let Some(settled) = transfer.settle(outcome)? else {
        return Ok(());
    };
    let Settled {
        state,
        quantity,
        posted,
        released,
    } = settled;
    tx.execute(
        "UPDATE transfers
         SET state = $2, quantity = $3, posted = $4, settled_at = $5
         WHERE id = $1",
        &[
            &transfer.id.0,
            &state.as_str(),
            &i64::try_from(quantity).unwrap_or(i64::MAX),
            &posted.0,
            &now.as_micros(),
        ],
    )
    .await?;
    (transfer.state, transfer.quantity, transfer.posted) = (state, quantity, posted);
    if state == TransferState::Unknown {
        return Ok(());
    }
    books.settle(tx, now, released, posted).await?;
    if posted > released {
        let detail = json!({ "transfer": transfer.id, "held_micro_usd": transfer.held,
                             "posted_micro_usd": posted });
        event::about_job(tx, now, job.about(), EventKind::BudgetOverrun, detail).await?;
    }
    Ok(())
}

fn misused(id: TransferId, why: &str) -> Fault {
    Fault::Said(Error::Database(format!("transfer {id} {why}")))
}

async fn found(tx: &Tx, ids: impl Iterator<Item = TransferId>) -> Result<Vec<Transfer>> {
    let ids: Vec<Uuid> = ids.map(|id| id.0).collect();
    let rows = tx.query(select!("WHERE id = ANY ($1)"), &[&ids]).await?;
    rows.iter().map(decode).collect()
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

fn decode(row: &Row) -> Result<Transfer> {
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
