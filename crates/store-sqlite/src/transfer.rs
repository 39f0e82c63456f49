//! Statements about money.

use ledger::{Hold, HoldRefused, Outcome, Payer, Posting, Scope, Settled, Transfer, TransferState};
use rusqlite::{Connection, Row, named_params};
use serde_json::json;
use store::{Error, Lease, Result};
use ytempire_core::{EventKind, MicroUsd, Stage, Timestamp, TransferId, UnitPrice, VideoId};

use crate::job::Leased;
use crate::{books, budget, event, job, line, sql};

pub(crate) fn hold(tx: &Connection, now: Timestamp, lease: Lease, holds: &[Hold]) -> Result<()> {
    let job = job::leased(tx, lease)?;
    line::may_spend(tx)?;
    for hold in holds {
        if let Some(asked) = find(tx, hold.id)? {
            // Asked twice. One that has ended, or that is another attempt's, covers nothing.
            let covers = (asked.job, asked.attempt, asked.state)
                == (job.id, job.attempt, TransferState::Pending);
            if covers {
                continue;
            }
            return Err(misused(hold.id, "can't be reserved again"));
        }
        if hold.is_paid() {
            budget::is_on(tx, &hold.backend)?;
        }
        let amount = hold.amount()?;
        for scope in Scope::of(job.video, job.stage) {
            let mut page = books::page(tx, &scope)?;
            page.account = page.account.hold(&scope, amount)?;
            books::save(tx, &scope, &page)?;
        }
        let days = if hold.is_paid() {
            Some(hold_days(tx, now, &job, (hold, amount), holds)?)
        } else {
            None
        };
        insert(tx, now, &job, hold, (amount, days))?;
    }
    Ok(())
}

/// Reserves `amount` in the days that a paid act is counted in, one of those that are `asked` together.
/// The days' names.
fn hold_days(
    tx: &Connection,
    now: Timestamp,
    job: &Leased,
    (hold, amount): (&Hold, MicroUsd),
    asked: &[Hold],
) -> Result<String> {
    let days = payer(tx, job.video)?.days_of(now, hold);
    let mut keys = Vec::new();
    for day in days {
        let mut page = books::page_of_day(tx, &day)?;
        match page.account.hold(&day.scope, amount) {
            Ok(account) => page.account = account,
            Err(refused) => {
                let refused = HoldRefused {
                    day: Some((now, day.resets_at)),
                    holders: holders(tx, &refused.scope, asked)?,
                    ..refused
                };
                return Err(refused.into());
            }
        }
        books::save(tx, &day.scope, &page)?;
        keys.push(day.scope.key());
    }
    sql::to_json(&keys)
}

/// Who pays for a video.
fn payer(tx: &Connection, video: VideoId) -> Result<Payer> {
    let mut statement = tx
        .prepare_cached(
            "SELECT videos.id, videos.account_id, videos.channel_id, accounts.zone AS account_zone,
                    channels.zone AS channel_zone
             FROM videos
             JOIN accounts ON accounts.id = videos.account_id
             LEFT JOIN channels ON channels.id = videos.channel_id
             WHERE videos.id = ?1",
        )
        .map_err(sql::error)?;
    let mut rows = statement.query([video.to_string()]).map_err(sql::error)?;
    let row = rows.next().map_err(sql::error)?;
    let row = row.ok_or_else(|| Error::Database(format!("video {video} is gone")))?;
    Ok(Payer {
        account: sql::parsed(row, "videos", "account_id")?,
        account_zone: row.get("account_zone").map_err(sql::error)?,
        channel: sql::parsed_or_none(row, "videos", "channel_id")?,
        channel_zone: row.get("channel_zone").map_err(sql::error)?,
    })
}

/// Which videos hold most of what is reserved in a day, beside what is `asked` just now.
fn holders(tx: &Connection, scope: &str, asked: &[Hold]) -> Result<Vec<(VideoId, MicroUsd)>> {
    let mut statement = tx
        .prepare_cached(
            "SELECT video_id AS id, sum(held) AS held
             FROM transfers
             WHERE days IS NOT NULL AND state IN ('pending', 'sent', 'unknown')
               AND ?1 IN (SELECT value FROM json_each(days))
               AND id NOT IN (SELECT value FROM json_each(?2))
             GROUP BY video_id
             ORDER BY held DESC, video_id
             LIMIT 3",
        )
        .map_err(sql::error)?;
    let asked: Vec<String> = asked.iter().map(|hold| hold.id.to_string()).collect();
    let mut rows = statement
        .query((scope, sql::to_json(&asked)?))
        .map_err(sql::error)?;
    let mut holders = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        let held = row.get("held").map_err(sql::error)?;
        holders.push((sql::parsed(row, "transfers", "id")?, MicroUsd(held)));
    }
    Ok(holders)
}

fn insert(
    tx: &Connection,
    now: Timestamp,
    job: &Leased,
    hold: &Hold,
    (amount, days): (MicroUsd, Option<String>),
) -> Result<()> {
    let quantity_max = i64::try_from(hold.quantity_max)
        .map_err(|_| Error::Money(ytempire_core::MoneyError::Overflow))?;
    tx.prepare_cached(
        "INSERT INTO transfers (id, video_id, job_id, stage, attempt, backend, meter, unit_price,
                                price_version, imputed, quantity_max, held, state, held_at, days)
         VALUES (:id, :video, :job, :stage, :attempt, :backend, :meter, :price,
                 :version, :imputed, :max, :held, 'pending', :now, :days)",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":id": hold.id.to_string(),
            ":video": job.video.to_string(),
            ":job": job.id.to_string(),
            ":stage": job.stage.as_str(),
            ":attempt": job.attempt,
            ":backend": hold.backend,
            ":meter": hold.price.meter,
            ":price": hold.price.price.0.to_string(),
            ":version": hold.price.version(),
            ":imputed": hold.price.imputed,
            ":max": quantity_max,
            ":held": amount.0,
            ":now": now.as_micros(),
            ":days": days,
        })
    })
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn mark_sent(
    tx: &Connection,
    now: Timestamp,
    lease: Lease,
    ids: &[TransferId],
) -> Result<()> {
    let job = job::leased(tx, lease)?;
    line::may_spend(tx)?;
    for id in ids {
        let marked = tx
            .prepare_cached(
                "UPDATE transfers
                 SET state = 'sent', sent_at = ?3
                 WHERE id = ?1 AND job_id = ?2 AND state = 'pending'",
            )
            .and_then(|mut s| s.execute((id.to_string(), job.id.to_string(), now.as_micros())))
            .map_err(sql::error)?;
        if marked == 0 {
            return Err(misused(*id, "is not pending"));
        }
        if let Some(transfer) = find(tx, *id)? {
            budget::is_on(tx, &transfer.backend)?;
        }
    }
    Ok(())
}

pub(crate) fn settle_all(
    tx: &Connection,
    now: Timestamp,
    job: &Leased,
    postings: &[Posting],
) -> Result<()> {
    for posting in postings {
        // A lease ends its own job's transfers and no other's.
        let transfer = find(tx, posting.id)?
            .filter(|transfer| transfer.job == job.id)
            .ok_or_else(|| misused(posting.id, "is none of this job's"))?;
        settle(tx, now, job, &transfer, posting.outcome)?;
    }
    Ok(())
}

/// Ends what an attempt left open: what was only reserved is given back, what was sent stays.
pub(crate) fn close_open(tx: &Connection, now: Timestamp, job: &Leased) -> Result<()> {
    let open = query(
        tx,
        "SELECT * FROM transfers WHERE job_id = ?1 AND state IN ('pending', 'sent') ORDER BY id",
        &job.id.to_string(),
    )?;
    for transfer in open {
        let outcome = if transfer.state == TransferState::Sent {
            Outcome::Unknown
        } else {
            Outcome::Void
        };
        settle(tx, now, job, &transfer, outcome)?;
    }
    Ok(())
}

fn settle(
    tx: &Connection,
    now: Timestamp,
    job: &Leased,
    transfer: &Transfer,
    outcome: Outcome,
) -> Result<()> {
    let Some(settled) = transfer.settle(outcome)? else {
        return Ok(());
    };
    debug_assert_eq!((transfer.video, transfer.job), (job.video, job.id));
    apply(tx, now, transfer, settled)
}

/// Writes the end of a transfer, in every scope that it is counted in.
pub(crate) fn apply(
    tx: &Connection,
    now: Timestamp,
    transfer: &Transfer,
    settled: Settled,
) -> Result<()> {
    tx.prepare_cached(
        "UPDATE transfers
         SET state = :state, quantity = :quantity, posted = :posted, settled_at = :now
         WHERE id = :id",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":state": settled.state.as_str(),
            ":quantity": i64::try_from(settled.quantity).unwrap_or(i64::MAX),
            ":posted": settled.posted.0,
            ":now": now.as_micros(),
            ":id": transfer.id.to_string(),
        })
    })
    .map_err(sql::error)?;
    if settled.state == TransferState::Unknown {
        return Ok(());
    }
    let days = transfer
        .days
        .iter()
        .filter_map(|key| Scope::day_from_key(key));
    for scope in Scope::of(transfer.video, transfer.stage)
        .into_iter()
        .chain(days)
    {
        let mut page = books::page(tx, &scope)?;
        page.account = page.account.settle(settled.released, settled.posted);
        page.announce(tx, now, &scope, transfer.video)?;
        books::save(tx, &scope, &page)?;
    }
    if settled.posted > settled.released {
        let detail = json!({ "transfer": transfer.id, "held_micro_usd": transfer.held,
                             "posted_micro_usd": settled.posted });
        let about = (transfer.video, transfer.job, transfer.stage);
        event::about_job(tx, now, about, EventKind::BudgetOverrun, detail)?;
    }
    Ok(())
}

fn misused(id: TransferId, why: &str) -> Error {
    Error::Database(format!("transfer {id} {why}"))
}

pub(crate) fn find(tx: &Connection, id: TransferId) -> Result<Option<Transfer>> {
    let mut found = query(tx, "SELECT * FROM transfers WHERE id = ?1", &id.to_string())?;
    Ok(found.pop())
}

pub(crate) fn list(db: &Connection, video: VideoId) -> Result<Vec<Transfer>> {
    query(
        db,
        "SELECT * FROM transfers WHERE video_id = ?1 ORDER BY held_at, id",
        &video.to_string(),
    )
}

fn query(db: &Connection, text: &str, param: &str) -> Result<Vec<Transfer>> {
    let mut statement = db.prepare_cached(text).map_err(sql::error)?;
    let mut rows = statement.query([param]).map_err(sql::error)?;
    let mut transfers = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        transfers.push(decode(row)?);
    }
    Ok(transfers)
}

pub(crate) fn decode(row: &Row<'_>) -> Result<Transfer> {
    let number = |column| row.get::<_, i64>(column).map_err(sql::error);
    let text = |column| row.get::<_, String>(column).map_err(sql::error);
    let settled_at: Option<i64> = row.get("settled_at").map_err(sql::error)?;
    Ok(Transfer {
        id: sql::parsed(row, "transfers", "id")?,
        video: sql::parsed(row, "transfers", "video_id")?,
        job: sql::parsed(row, "transfers", "job_id")?,
        stage: sql::named(row, "transfers", "stage", Stage::from_name)?,
        attempt: row.get("attempt").map_err(sql::error)?,
        backend: text("backend")?,
        meter: text("meter")?,
        unit_price: UnitPrice(sql::parsed(row, "transfers", "unit_price")?),
        price_version: text("price_version")?,
        imputed: row.get("imputed").map_err(sql::error)?,
        quantity_max: number("quantity_max")? as u64,
        quantity: number("quantity")? as u64,
        held: MicroUsd(number("held")?),
        posted: MicroUsd(number("posted")?),
        state: sql::named(row, "transfers", "state", TransferState::from_name)?,
        held_at: Timestamp::from_micros(number("held_at")?),
        settled_at: settled_at.map(Timestamp::from_micros),
        days: match row.get::<_, Option<String>>("days").map_err(sql::error)? {
            None => Vec::new(),
            Some(_) => sql::json(row, "transfers", "days")?,
        },
    })
}
