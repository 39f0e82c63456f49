//! Statements about videos.

use store::{VideoFilter, VideoRow};
use tokio_postgres::Row;
use ytempire_core::{AccountId, ChannelId, Timestamp, VideoId, VideoState};

use crate::connection::Connection;
use crate::sql::{Cells, Result};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, channel_id, key, title, state, request, budget, priority, \
                    created_at, due_at, start_at, finalized_at, failure_code, failure_text
             FROM videos ",
            $rest
        )
    };
}

pub(crate) async fn get(db: &Connection, video: VideoId) -> Result<Option<VideoRow>> {
    let row = db.first(select!("WHERE id = $1"), &[&video.0]).await?;
    row.as_ref().map(decode).transpose()
}

pub(crate) async fn list(db: &Connection, filter: &VideoFilter) -> Result<Vec<VideoRow>> {
    let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
    let rows = db
        .query(
            select!(
                "WHERE (cardinality($1::text[]) = 0 OR state = ANY ($1))
                   AND ($2::uuid IS NULL OR account_id = $2)
                   AND ($3::uuid IS NULL OR id < $3)
                   AND ($4::bigint IS NULL OR created_at < $4)
                   AND ($6::uuid IS NULL OR channel_id = $6)
                 ORDER BY id DESC
                 LIMIT $5"
            ),
            &[
                &states,
                &filter.account.map(|id| id.0),
                &filter.before.map(|id| id.0),
                &filter.accepted_before.map(Timestamp::as_micros),
                &i64::from(filter.limit),
                &filter.channel.map(|id| id.0),
            ],
        )
        .await?;
    rows.iter().map(decode).collect()
}

pub(crate) async fn find(db: &Connection, prefix: &str) -> Result<Option<VideoRow>> {
    let row = db
        .first(
            select!("WHERE key >= $1 AND starts_with(key, $1) ORDER BY id DESC LIMIT 1"),
            &[&prefix],
        )
        .await?;
    row.as_ref().map(decode).transpose()
}

pub(crate) async fn by_key(
    db: &Connection,
    account: AccountId,
    key: &str,
) -> Result<Option<VideoRow>> {
    let row = db
        .first(
            select!("WHERE account_id = $1 AND key = $2"),
            &[&account.0, &key],
        )
        .await?;
    row.as_ref().map(decode).transpose()
}

/// Locks the row, and with it everything about the video, until the end of the transaction.
/// `NO KEY`: rows that refer to it may still be added.
pub(crate) const LOCK: &str =
    "SELECT id, state, priority, turn FROM videos WHERE id = $1 FOR NO KEY UPDATE";

/// Whole rows of videos.
pub(crate) const GET: &str = select!("WHERE id = ANY ($1)");

pub(crate) fn decode(row: &Row) -> Result<VideoRow> {
    let row = Cells::of("videos", row);
    Ok(VideoRow {
        id: VideoId(row.get("id")?),
        account: AccountId(row.get("account_id")?),
        channel: row.get::<Option<_>>("channel_id")?.map(ChannelId),
        key: row.get("key")?,
        title: row.get("title")?,
        state: row.named("state", VideoState::from_name)?,
        request: row.get("request")?,
        budget: row.money("budget")?,
        priority: row.count("priority")?,
        created_at: row.time("created_at")?,
        due_at: row.time_or_none("due_at")?,
        start_at: row.time_or_none("start_at")?,
        finalized_at: row.time_or_none("finalized_at")?,
        failure: row.failure("failure_code", "failure_text")?,
    })
}
