//! Accepting a video: everything about it, in one transaction.

use std::collections::HashSet;

use ledger::Scope;
use serde_json::json;
use store::{Error, Submission, Submitted};
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use ytempire_core::{EventKind, Timestamp};

use crate::books;
use crate::connection::{Question, Tx};
use crate::sql::{self, Result};
use crate::{channel, event, job, line, video};

const INSERT: &str = "\
    INSERT INTO videos (id, account_id, key, title, state, request, budget, created_at, priority,
                        turn, due_at, start_at, words, channel_id)
    VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (account_id, key) DO NOTHING
    RETURNING id";

/// Accepts a video, and commits it where it `ends` the transaction: that saves a journey.
pub(crate) async fn accept(
    tx: &Tx,
    now: Timestamp,
    new: &Submission,
    ends: bool,
) -> Result<Submitted> {
    if let Some(video) = video::by_key(tx, new.account, &new.key).await? {
        return Ok(Submitted {
            video,
            fresh: false,
        });
    }
    if let Some(channel) = new.channel {
        channel::expect(tx, new.account, channel).await?;
    }
    if let Some(max) = new.waiting_max {
        line::has_room(tx, max).await?;
    }
    let turn = line::take_turn(tx, new.account).await?;
    // Of several calls with one key one inserts; the others wait here until it has committed,
    // then find its row.
    let inserted = tx
        .query(
            INSERT,
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
                &new.due_at.map(Timestamp::as_micros),
                &new.start_at.map(Timestamp::as_micros),
                &i64::from(new.words),
                &new.channel.map(|id| id.0),
            ],
        )
        .await?;
    if inserted.is_empty() {
        let found = video::by_key(tx, new.account, &new.key).await?;
        let video = found.ok_or_else(|| Error::Database("a video came and went".to_owned()))?;
        return Ok(Submitted {
            video,
            fresh: false,
        });
    }
    let row = add(tx, now, new, (turn, ends)).await?;
    Ok(Submitted {
        video: video::decode(&row)?,
        fresh: true,
    })
}

/// Adds all that belongs to a new video of this turn.
async fn add(tx: &Tx, now: Timestamp, new: &Submission, (turn, ends): (i64, bool)) -> Result<Row> {
    let mut scopes = vec![Scope::Video(new.video).key()];
    let mut caps = vec![new.budget.0];
    for (stage, cap) in &new.envelopes {
        scopes.push(Scope::Stage(new.video, *stage).key());
        caps.push(cap.0);
    }
    let mut jobs = job::Columns::at(now);
    jobs.not_before(new.start_at);
    for job in &new.jobs {
        let of = (new.video, new.priority, turn);
        jobs.add(of, job, &HashSet::new());
    }
    if let Some(rank) = jobs.wakes() {
        tx.wake(rank);
    }
    let detail = json!({ "title": new.title, "budget_micro_usd": new.budget.0 });
    let mut told = vec![event::about_video(
        now,
        new.video,
        EventKind::VideoQueued,
        detail,
    )];
    if let Some(plan) = new.plan.clone() {
        let kind = EventKind::VideoPlanned;
        told.push(event::about_video(now, new.video, kind, plan));
    }
    let (events, ids) = (event::Columns::of(&told), vec![new.video.0]);
    let mut questions: Vec<Question<'_>> = vec![(books::OPEN, vec![&scopes, &caps])];
    questions.extend(jobs.insert().chain(events.append()));
    questions.push((video::GET, vec![&ids]));
    let mut answers = if ends {
        tx.commit_with(&questions).await?
    } else {
        tx.all(&questions).await?
    };
    let row = answers.pop().and_then(|mut rows| rows.pop());
    Ok(row.ok_or_else(|| Error::Database("a video was lost".to_owned()))?)
}
