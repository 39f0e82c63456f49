//! Accepting a video: everything about it, in one transaction.

use ledger::Scope;
use serde_json::json;
use store::{Error, Submission, Submitted};
use tokio_postgres::types::Json;
use ytempire_core::{EventKind, Timestamp};

use crate::books;
use crate::connection::Tx;
use crate::sql::{self, Result};
use crate::{event, job, line, video};

pub(crate) async fn submit(tx: &Tx, now: Timestamp, new: &Submission) -> Result<Submitted> {
    if let Some(video) = video::by_key(tx, new.account, &new.key).await? {
        return Ok(Submitted {
            video,
            fresh: false,
        });
    }
    if let Some(max) = new.waiting_max {
        line::has_room(tx, max).await?;
    }
    let turn = line::take_turn(tx, new.account).await?;
    // Of several calls with one key one inserts; the others wait here until it has committed,
    // then find its row.
    let inserted = tx
        .execute(
            "INSERT INTO videos (id, account_id, key, title, state, request, budget, created_at,
                                 priority, turn)
             VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9)
             ON CONFLICT (account_id, key) DO NOTHING",
            &[
                &new.video.0,
                &new.account.0,
                &new.key,
                &&*sql::words(&new.title),
                &Json(&new.request),
                &new.budget.0,
                &now.as_micros(),
                &i64::from(new.priority),
                &turn,
            ],
        )
        .await?;
    if inserted == 0 {
        let found = video::by_key(tx, new.account, &new.key).await?;
        let video = found.ok_or_else(|| Error::Database("a video came and went".to_owned()))?;
        return Ok(Submitted {
            video,
            fresh: false,
        });
    }
    books::open(tx, &Scope::Video(new.video), new.budget).await?;
    for (stage, cap) in &new.envelopes {
        books::open(tx, &Scope::Stage(new.video, *stage), *cap).await?;
    }
    job::add(tx, now, new.video, &new.jobs).await?;
    let detail = json!({ "title": new.title, "budget_micro_usd": new.budget.0 });
    event::about_video(tx, now, new.video, EventKind::VideoQueued, detail).await?;
    let video = video::expect(tx, new.video).await?;
    Ok(Submitted { video, fresh: true })
}
