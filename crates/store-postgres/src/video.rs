//! Statements about videos.

use store::{Error, VideoFilter, VideoRow};
use tokio_postgres::Row;
use ytempire_core::{AccountId, Code, Timestamp, VideoId, VideoState};

use crate::connection::{Connection, Tx};
use crate::sql::{self, Cells, Result};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, key, title, state, request, budget, priority, \
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

/// A video that a foreign key says is there.
pub(crate) async fn expect(db: &Connection, video: VideoId) -> Result<VideoRow> {
    let row = get(db, video).await?;
    Ok(row.ok_or_else(|| Error::Database(format!("video {video} is gone")))?)
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
                 ORDER BY id DESC
                 LIMIT $5"
            ),
            &[
                &states,
                &filter.account.map(|id| id.0),
                &filter.before.map(|id| id.0),
                &filter.accepted_before.map(Timestamp::as_micros),
                &i64::from(filter.limit),
            ],
        )
        .await?;
    rows.iter().map(decode).collect()
}

/// A video's priority, and its place among its equals.
pub(crate) async fn place(db: &Connection, video: VideoId) -> Result<(u8, i64)> {
    let asked = "SELECT id, priority, turn FROM videos WHERE id = $1";
    let row = db.first(asked, &[&video.0]).await?;
    let row = row.ok_or_else(|| Error::Database(format!("video {video} is gone")))?;
    let row = Cells::of("videos", &row);
    Ok((row.count("priority")?, row.get("turn")?))
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
pub(crate) async fn lock(tx: &Tx, video: VideoId) -> Result<Option<VideoRow>> {
    let row = tx
        .first(select!("WHERE id = $1 FOR NO KEY UPDATE"), &[&video.0])
        .await?;
    row.as_ref().map(decode).transpose()
}

/// Moves a video on; guarded by the state machine, so an ended one never changes. Its row is
/// locked by the caller.
pub(crate) async fn set_state(
    tx: &Tx,
    now: Timestamp,
    video: VideoId,
    next: VideoState,
    failure: Option<&(Code, String)>,
) -> Result<bool> {
    let row = expect(tx, video).await?;
    if !row.state.may_become(next) {
        return Ok(false);
    }
    let finalized = next.is_final().then_some(now.as_micros());
    let code = failure.map(|f| f.0.as_str());
    let text = failure.map(|f| sql::words(&f.1));
    let changed = tx
        .execute(
            "UPDATE videos
             SET state = $2, finalized_at = $3, failure_code = $4, failure_text = $5
             WHERE id = $1 AND state = $6",
            &[
                &video.0,
                &next.as_str(),
                &finalized,
                &code,
                &text.as_deref(),
                &row.state.as_str(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

pub(crate) async fn set_title(tx: &Tx, video: VideoId, title: &str) -> Result<()> {
    let title = &*sql::words(title);
    tx.execute(
        "UPDATE videos SET title = $2 WHERE id = $1",
        &[&video.0, &title],
    )
    .await?;
    Ok(())
}

fn decode(row: &Row) -> Result<VideoRow> {
    let row = Cells::of("videos", row);
    Ok(VideoRow {
        id: VideoId(row.get("id")?),
        account: AccountId(row.get("account_id")?),
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
