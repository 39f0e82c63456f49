//! Statements about money.

use ledger::{Account, Hold, Outcome, Posting, Scope, THRESHOLDS, Transfer, TransferState};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::json;
use store::{Error, Lease, Result};
use ytempire_core::{EventKind, MicroUsd, Stage, Timestamp, TransferId, UnitPrice, VideoId};

use crate::job::Leased;
use crate::{event, job, line, sql};

pub(crate) fn open_account(tx: &Connection, scope: &Scope, cap: MicroUsd) -> Result<()> {
    tx.prepare_cached("INSERT INTO ledger_accounts (scope, cap) VALUES (?1, ?2)")
        .and_then(|mut s| s.execute((scope.key(), cap.0)))
        .map(drop)
        .map_err(sql::error)
}

fn account(tx: &Connection, scope: &Scope) -> Result<Account> {
    tx.prepare_cached("SELECT cap, pending, posted, overrun FROM ledger_accounts WHERE scope = ?1")
        .and_then(|mut s| {
            s.query_row([scope.key()], |row| {
                Ok(Account {
                    cap: MicroUsd(row.get(0)?),
                    pending: MicroUsd(row.get(1)?),
                    posted: MicroUsd(row.get(2)?),
                    overrun: MicroUsd(row.get(3)?),
                })
            })
            .optional()
        })
        .map_err(sql::error)?
        // A stage that was given no share has none.
        .map_or_else(
            || open_account(tx, scope, MicroUsd::ZERO).map(|()| Account::default()),
            Ok,
        )
}

fn save(tx: &Connection, scope: &Scope, account: &Account) -> Result<()> {
    tx.prepare_cached(
        "UPDATE ledger_accounts SET pending = ?2, posted = ?3, overrun = ?4 WHERE scope = ?1",
    )
    .and_then(|mut s| {
        s.execute((
            scope.key(),
            account.pending.0,
            account.posted.0,
            account.overrun.0,
        ))
    })
    .map(drop)
    .map_err(sql::error)
}

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
        let amount = hold.amount()?;
        for scope in Scope::of(job.video, job.stage) {
            let held = account(tx, &scope)?.hold(&scope, amount)?;
            save(tx, &scope, &held)?;
        }
        insert(tx, now, &job, hold, amount)?;
    }
    Ok(())
}

fn insert(
    tx: &Connection,
    now: Timestamp,
    job: &Leased,
    hold: &Hold,
    amount: MicroUsd,
) -> Result<()> {
    let quantity_max = i64::try_from(hold.quantity_max)
        .map_err(|_| Error::Money(ytempire_core::MoneyError::Overflow))?;
    tx.prepare_cached(
        "INSERT INTO transfers (id, video_id, job_id, stage, attempt, backend, meter, unit_price,
                                price_version, imputed, quantity_max, held, state, held_at)
         VALUES (:id, :video, :job, :stage, :attempt, :backend, :meter, :price,
                 :version, :imputed, :max, :held, 'pending', :now)",
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
    for scope in Scope::of(job.video, job.stage) {
        let after = account(tx, &scope)?.settle(settled.released, settled.posted);
        save(tx, &scope, &after)?;
        if let Scope::Video(_) = scope {
            announce(tx, now, job.video, &scope, &after)?;
        }
    }
    if settled.posted > settled.released {
        let detail = json!({ "transfer": transfer.id, "held_micro_usd": transfer.held,
                             "posted_micro_usd": settled.posted });
        let about = (job.video, job.id, job.stage);
        event::about_job(tx, now, about, EventKind::BudgetOverrun, detail)?;
    }
    Ok(())
}

/// Tells of each threshold that the video's spending has passed, exactly once.
fn announce(
    tx: &Connection,
    now: Timestamp,
    video: VideoId,
    scope: &Scope,
    account: &Account,
) -> Result<()> {
    let passed = account.thresholds_passed();
    let told: i64 = tx
        .prepare_cached("SELECT announced FROM ledger_accounts WHERE scope = ?1")
        .and_then(|mut s| s.query_row([scope.key()], |row| row.get(0)))
        .map_err(sql::error)?;
    let told = usize::try_from(told).unwrap_or(0);
    if passed <= told {
        return Ok(());
    }
    for threshold in &THRESHOLDS[told..passed] {
        let detail =
            json!({ "threshold_micro_usd": threshold, "posted_micro_usd": account.posted });
        event::about_video(tx, now, video, EventKind::BudgetThreshold, &detail)?;
    }
    tx.prepare_cached("UPDATE ledger_accounts SET announced = ?2 WHERE scope = ?1")
        .and_then(|mut s| s.execute((scope.key(), passed as i64)))
        .map(drop)
        .map_err(sql::error)
}

fn misused(id: TransferId, why: &str) -> Error {
    Error::Database(format!("transfer {id} {why}"))
}

fn find(tx: &Connection, id: TransferId) -> Result<Option<Transfer>> {
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

fn decode(row: &Row<'_>) -> Result<Transfer> {
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
    })
}
