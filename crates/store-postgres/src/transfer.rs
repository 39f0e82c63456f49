//! Statements about money.

use std::collections::{BTreeMap, HashSet};

use ledger::{Posting, Settled, Transfer, TransferState};
use store::{CacheEntry, Error, Lease};
use tokio_postgres::Row;
use uuid::Uuid;
use ytempire_core::{JobId, Stage, Timestamp, TransferId, UnitPrice, VideoId};

use crate::connection::{Connection, Question, Tx};
use crate::money::Money;
use crate::sql::{Cells, Result};
use crate::{cache, event, job, line};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, video_id, job_id, stage, attempt, backend, meter, unit_price,
                    price_version, imputed, quantity_max, quantity, held, posted, state,
                    held_at, settled_at, coalesce(days, '{}') AS days
             FROM transfers ",
            $rest
        )
    };
}

const SEND: &str = "\
    UPDATE transfers
    SET state = 'sent', sent_at = $3
    WHERE id = ANY ($1) AND job_id = $2 AND state = 'pending'
    RETURNING id, backend";

pub(crate) async fn mark_sent(
    tx: &Tx,
    now: Timestamp,
    lease: Lease,
    ids: &[TransferId],
) -> Result<()> {
    let (job, answers) = job::leased_and(tx, lease, vec![line::spend()]).await?;
    let off = line::may_spend(&answers[0])?;
    let asked = names(ids.iter().copied());
    let mut sent = HashSet::new();
    for row in tx
        .query(SEND, &[&asked, &job.id.0, &now.as_micros()])
        .await?
    {
        let row = Cells::of("transfers", &row);
        let backend: String = row.get("backend")?;
        if off.contains(&backend) {
            return Err(Error::BackendOff(backend).into());
        }
        sent.insert(TransferId(row.get("id")?));
    }
    match ids.iter().find(|id| !sent.contains(id)) {
        Some(id) => Err(misuse(*id, "is not pending").into()),
        None => Ok(()),
    }
}

/// Ends some reservations of a job that goes on, and keeps what they bought.
pub(crate) async fn settle(
    tx: &Tx,
    now: Timestamp,
    lease: Lease,
    postings: &[Posting],
    bought: &[CacheEntry],
) -> Result<()> {
    let asked: Vec<TransferId> = postings.iter().map(|posting| posting.id).collect();
    let ids = names(asked.iter().copied());
    let (job, answers) = job::leased_and(tx, lease, vec![named(&ids)]).await?;
    let known = answers[0].iter().map(decode).collect::<Result<_>>()?;
    let mut money = Money::lock(tx, std::slice::from_ref(&job), known, &asked).await?;
    let mut told = Vec::new();
    money.post(now, &job, postings, &mut told)?;
    let (changed, events) = (money.changed(now), event::Columns::of(&told));
    let bought = cache::Columns::of(now, bought.iter().map(|entry| (job.video, entry)));
    let questions: Vec<_> = changed
        .save()
        .chain(events.append())
        .chain(bought.put())
        .collect();
    if !questions.is_empty() {
        tx.commit_with(&questions).await?;
    }
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

pub(crate) async fn paid(
    db: &Connection,
    provider: Option<&str>,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Transfer>> {
    let rows = db
        .query(
            select!(
                "WHERE days IS NOT NULL AND held_at >= $1 AND held_at < $2
                   AND ($3::text IS NULL OR backend = $3)
                 ORDER BY held_at, id"
            ),
            &[&from.as_micros(), &until.as_micros(), &provider],
        )
        .await?;
    rows.iter().map(decode).collect()
}

pub(crate) async fn get(db: &Connection, id: TransferId) -> Result<Option<Transfer>> {
    let row = db.first(select!("WHERE id = $1"), &[&id.0]).await?;
    row.as_ref().map(decode).transpose()
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
        days: row.get("days")?,
    })
}
