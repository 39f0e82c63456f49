//! Accepting a video: everything about it, in one transaction.

use ledger::Scope;
use rusqlite::{Connection, named_params};
use store::{Result, Submission, Submitted, VideoRow};
use ytempire_core::{EventKind, Timestamp};

use crate::{books, channel, event, job, line, sql, video};

pub(crate) fn submit(tx: &Connection, now: Timestamp, new: &Submission) -> Result<Submitted> {
    if let Some(video) = by_key(tx, new)? {
        return Ok(Submitted {
            video,
            fresh: false,
        });
    }
    if let Some(channel) = new.channel {
        channel::expect(tx, new.account, channel)?;
    }
    if let Some(max) = new.waiting_max {
        line::has_room(tx, max)?;
    }
    let turn = line::take_turn(tx, new.account)?;
    tx.prepare_cached(
        "INSERT INTO videos (id, account_id, key, title, state, request, budget, priority, turn,
                             created_at, due_at, start_at, words, channel_id)
         VALUES (:id, :account, :key, :title, 'queued', :request, :budget, :priority, :turn,
                 :now, :due, :start, :words, :channel)",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":id": new.video.to_string(),
            ":account": new.account.to_string(),
            ":key": new.key,
            ":title": new.title,
            ":request": new.request.to_string(),
            ":budget": new.budget.0,
            ":priority": new.priority,
            ":turn": turn,
            ":now": now.as_micros(),
            ":due": new.due_at.map(Timestamp::as_micros),
            ":start": new.start_at.map(Timestamp::as_micros),
            ":words": new.words,
            ":channel": new.channel.map(|id| id.to_string()),
        })
    })
    .map_err(sql::error)?;
    books::open(tx, &Scope::Video(new.video), new.budget)?;
    for (stage, cap) in &new.envelopes {
        books::open(tx, &Scope::Stage(new.video, *stage), *cap)?;
    }
    job::add(tx, now, new.video, &new.jobs)?;
    if let Some(start) = new.start_at.filter(|start| *start > now) {
        tx.prepare_cached(
            "UPDATE jobs SET state = 'scheduled', scheduled_at = ?2
             WHERE video_id = ?1 AND state = 'available'",
        )
        .and_then(|mut s| s.execute((new.video.to_string(), start.as_micros())))
        .map_err(sql::error)?;
    }
    event::about_video(
        tx,
        now,
        new.video,
        EventKind::VideoQueued,
        &serde_json::json!({
            "title": new.title, "budget_micro_usd": new.budget.0,
        }),
    )?;
    if let Some(plan) = &new.plan {
        event::about_video(tx, now, new.video, EventKind::VideoPlanned, plan)?;
    }
    let video = video::expect(tx, new.video)?;
    Ok(Submitted { video, fresh: true })
}

fn by_key(tx: &Connection, new: &Submission) -> Result<Option<VideoRow>> {
    video::one(
        tx,
        &format!(
            "SELECT {} FROM videos WHERE account_id = ?1 AND key = ?2",
            video::COLUMNS
        ),
        &[&new.account.to_string(), &new.key],
    )
}
