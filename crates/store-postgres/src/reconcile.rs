//! Statements about bills: what becomes of charges by them.

use std::collections::HashMap;

use ledger::{Adjustment, Scope, Settled, Transfer, TransferState};
use serde_json::json;
use store::{Reconciled, Reconciliation};
use uuid::Uuid;
use ytempire_core::{Event, EventKind, MicroUsd, Timestamp, TransferId, VideoId};

use crate::books::Books;
use crate::connection::{Connection, Question, Tx};
use crate::event;
use crate::sql::{self, Cells, Result};
use crate::transfer::{Columns, decode, named, names};

/// Locks the videos of charges, as everything that changes something of a video does.
const LOCK: &str = "\
    SELECT id
    FROM videos
    WHERE id = ANY (ARRAY(SELECT DISTINCT video_id FROM transfers WHERE id = ANY ($1)))
    ORDER BY id
    FOR NO KEY UPDATE";

const ADJUSTED: &str = "\
    SELECT transfer_id AS id, sum(amount)::bigint AS amount
    FROM adjustments
    WHERE transfer_id = ANY ($1)
    GROUP BY transfer_id";

const POST: &str = "\
    INSERT INTO adjustments (transfer_id, video_id, provider, amount, at, source)
    SELECT transfer_id, video_id, provider, amount, $1, $2
    FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::bigint[])
         AS new (transfer_id, video_id, provider, amount)";

/// Adjustments to be posted, column by column.
#[derive(Default)]
struct Posts {
    transfers: Vec<Uuid>,
    videos: Vec<Uuid>,
    providers: Vec<String>,
    amounts: Vec<i64>,
}

/// What a bill changes.
struct Changes<'a> {
    now: Timestamp,
    asked: &'a Reconciliation,
    books: Books,
    told: Vec<Event>,
    ends: Vec<(TransferId, Settled)>,
    posts: Posts,
}

impl Changes<'_> {
    /// Takes in what a charge is billed; `before` was adjusted already.
    fn take(&mut self, charge: &Transfer, billed: MicroUsd, before: i64) {
        let (id, source) = (charge.id, &self.asked.source);
        if let Some(settled) = charge.reconcile(billed) {
            let detail = json!({ "transfer": id, "held_micro_usd": charge.held,
                                 "posted_micro_usd": billed, "source": source });
            self.settle(charge, settled);
            self.tell(charge, EventKind::BudgetReconciled, detail);
            return;
        }
        let open = [TransferState::Pending, TransferState::Sent].contains(&charge.state);
        let amount = billed.0 - charge.posted.0 - before;
        if self.asked.unknown_only || open || amount == 0 {
            return;
        }
        let detail = json!({ "transfer": id, "posted_micro_usd": charge.posted,
                             "billed_micro_usd": billed, "adjusted_micro_usd": amount,
                             "source": source });
        self.tell(charge, EventKind::BudgetAdjusted, detail);
        self.posts.transfers.push(id.0);
        self.posts.videos.push(charge.video.0);
        self.posts.providers.push(charge.backend.clone());
        self.posts.amounts.push(amount);
    }

    fn settle(&mut self, charge: &Transfer, settled: Settled) {
        let days = charge
            .days
            .iter()
            .filter_map(|key| Scope::day_from_key(key));
        let scopes = Scope::of(charge.video, charge.stage)
            .into_iter()
            .chain(days);
        let (sums, of) = ((settled.released, settled.posted), (charge.video, scopes));
        self.books.settle(self.now, of, sums, &mut self.told);
        if settled.posted > settled.released {
            let detail = json!({ "transfer": charge.id, "held_micro_usd": charge.held,
                                 "posted_micro_usd": settled.posted });
            self.tell(charge, EventKind::BudgetOverrun, detail);
        }
        self.ends.push((charge.id, settled));
    }

    fn tell(&mut self, charge: &Transfer, kind: EventKind, detail: serde_json::Value) {
        let about = (charge.video, charge.job, charge.stage);
        self.told
            .push(event::about_job(self.now, about, kind, detail));
    }

    /// Writes them and commits.
    async fn save(self, tx: &Tx) -> Result<Reconciled> {
        let (ends, events, changed) = (
            Columns::of(self.now, &self.ends),
            event::Columns::of(&self.told),
            self.books.changed(),
        );
        let (at, source) = (
            self.now.as_micros(),
            sql::words(&self.asked.source).into_owned(),
        );
        let posts = &self.posts;
        let post: Question<'_> = (
            POST,
            vec![
                &at,
                &source,
                &posts.transfers,
                &posts.videos,
                &posts.providers,
                &posts.amounts,
            ],
        );
        let post = (!posts.amounts.is_empty()).then_some(post);
        let questions = ends.save().into_iter().chain(changed.save());
        let questions: Vec<_> = questions.chain(events.append()).chain(post).collect();
        tx.commit_with(&questions).await?;
        Ok(Reconciled {
            settled: self.ends.len() as u64,
            adjusted: posts.amounts.len() as u64,
        })
    }
}

pub(crate) async fn reconcile(
    tx: &Tx,
    now: Timestamp,
    asked: &Reconciliation,
) -> Result<Reconciled> {
    let ids = names(asked.billed.iter().map(|(id, _)| *id));
    let answers = tx
        .all(&[(LOCK, vec![&ids]), named(&ids), (ADJUSTED, vec![&ids])])
        .await?;
    let charges = answers[1].iter().map(decode);
    let charges = charges.collect::<Result<Vec<Transfer>>>()?;
    let mut adjusted: HashMap<TransferId, i64> = HashMap::new();
    for row in &answers[2] {
        let row = Cells::of("adjustments", row);
        adjusted.insert(TransferId(row.get("id")?), row.get("amount")?);
    }
    let days = charges
        .iter()
        .flat_map(|charge| charge.days.iter().cloned());
    let mut books = Books::of(charges.iter().map(|c| (c.video, c.stage)), days);
    let rows = tx.all(&[books.lock()]).await?.swap_remove(0);
    books.read(&rows)?;
    let mut changes = Changes {
        now,
        asked,
        books,
        told: Vec::new(),
        ends: Vec::new(),
        posts: Posts::default(),
    };
    for (id, billed) in &asked.billed {
        if let Some(charge) = charges.iter().find(|charge| charge.id == *id) {
            let before = adjusted.get(id).copied().unwrap_or_default();
            changes.take(charge, *billed, before);
        }
    }
    changes.save(tx).await
}

pub(crate) async fn list(db: &Connection, video: Option<VideoId>) -> Result<Vec<Adjustment>> {
    let rows = db
        .query(
            "SELECT seq, transfer_id, video_id, provider, amount, at, source
             FROM adjustments
             WHERE $1::uuid IS NULL OR video_id = $1
             ORDER BY seq",
            &[&video.map(|id| id.0)],
        )
        .await?;
    let decode = |row| {
        let row = Cells::of("adjustments", row);
        Ok(Adjustment {
            transfer: TransferId(row.get("transfer_id")?),
            video: VideoId(row.get("video_id")?),
            provider: row.get("provider")?,
            amount: row.get("amount").map(MicroUsd)?,
            at: row.time("at")?,
            source: row.get("source")?,
        })
    };
    rows.iter().map(decode).collect()
}
