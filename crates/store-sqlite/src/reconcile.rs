//! Statements about bills: what becomes of charges by them.

use ledger::{Adjustment, Transfer, TransferState};
use rusqlite::{Connection, named_params};
use serde_json::json;
use store::{Reconciled, Reconciliation, Result};
use ytempire_core::{EventKind, MicroUsd, Timestamp, TransferId, VideoId};

use crate::{event, sql, transfer};

pub(crate) fn paid(
    db: &Connection,
    provider: Option<&str>,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Transfer>> {
    let mut statement = db
        .prepare_cached(
            "SELECT *
             FROM transfers
             WHERE days IS NOT NULL AND held_at >= :from AND held_at < :until
               AND (:provider IS NULL OR backend = :provider)
             ORDER BY held_at, id",
        )
        .map_err(sql::error)?;
    let mut rows = statement
        .query(
            named_params! { ":from": from.as_micros(), ":until": until.as_micros(),
            ":provider": provider },
        )
        .map_err(sql::error)?;
    let mut transfers = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        transfers.push(transfer::decode(row)?);
    }
    Ok(transfers)
}

pub(crate) fn reconcile(
    tx: &Connection,
    now: Timestamp,
    asked: &Reconciliation,
) -> Result<Reconciled> {
    let mut reconciled = Reconciled::default();
    for (id, billed) in &asked.billed {
        let Some(charge) = transfer::find(tx, *id)? else {
            continue;
        };
        let about = (charge.video, charge.job, charge.stage);
        if let Some(settled) = charge.reconcile(*billed) {
            transfer::apply(tx, now, &charge, settled)?;
            let detail = json!({ "transfer": id, "held_micro_usd": charge.held,
                                 "posted_micro_usd": billed, "source": asked.source });
            event::about_job(tx, now, about, EventKind::BudgetReconciled, detail)?;
            reconciled.settled += 1;
            continue;
        }
        let open = [TransferState::Pending, TransferState::Sent].contains(&charge.state);
        let amount = billed.0 - charge.posted.0 - adjusted(tx, *id)?;
        if asked.unknown_only || open || amount == 0 {
            continue;
        }
        post(tx, now, &charge, amount, &asked.source)?;
        let detail = json!({ "transfer": id, "posted_micro_usd": charge.posted,
                             "billed_micro_usd": billed, "adjusted_micro_usd": amount,
                             "source": asked.source });
        event::about_job(tx, now, about, EventKind::BudgetAdjusted, detail)?;
        reconciled.adjusted += 1;
    }
    Ok(reconciled)
}

/// What was adjusted before.
fn adjusted(tx: &Connection, id: TransferId) -> Result<i64> {
    tx.prepare_cached("SELECT coalesce(sum(amount), 0) FROM adjustments WHERE transfer_id = ?1")
        .and_then(|mut s| s.query_row([id.to_string()], |row| row.get(0)))
        .map_err(sql::error)
}

fn post(
    tx: &Connection,
    now: Timestamp,
    charge: &Transfer,
    amount: i64,
    source: &str,
) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO adjustments (transfer_id, video_id, provider, amount, at, source)
         VALUES (:transfer, :video, :provider, :amount, :now, :source)",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":transfer": charge.id.to_string(),
            ":video": charge.video.to_string(),
            ":provider": charge.backend,
            ":amount": amount,
            ":now": now.as_micros(),
            ":source": source,
        })
    })
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn list(db: &Connection, video: Option<VideoId>) -> Result<Vec<Adjustment>> {
    let mut statement = db
        .prepare_cached(
            "SELECT seq, transfer_id, video_id, provider, amount, at, source
             FROM adjustments
             WHERE ?1 IS NULL OR video_id = ?1
             ORDER BY seq",
        )
        .map_err(sql::error)?;
    let mut rows = statement
        .query([video.map(|id| id.to_string())])
        .map_err(sql::error)?;
    let mut adjustments = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        adjustments.push(Adjustment {
            transfer: sql::parsed(row, "adjustments", "transfer_id")?,
            video: sql::parsed(row, "adjustments", "video_id")?,
            provider: row.get("provider").map_err(sql::error)?,
            amount: MicroUsd(row.get("amount").map_err(sql::error)?),
            at: Timestamp::from_micros(row.get("at").map_err(sql::error)?),
            source: row.get("source").map_err(sql::error)?,
        });
    }
    Ok(adjustments)
}
