//! Statements about videos.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use store::{Result, VideoFilter, VideoRow};
use ytempire_core::{Code, MicroUsd, Timestamp, VideoId, VideoState};

use crate::sql;

pub(crate) const COLUMNS: &str = "id, account_id, channel_id, key, title, state, request, budget, priority, \
                       created_at, due_at, start_at, finalized_at, failure_code, failure_text";

pub(crate) fn get(db: &Connection, video: VideoId) -> Result<Option<VideoRow>> {
    one(
        db,
        &format!("SELECT {COLUMNS} FROM videos WHERE id = ?1"),
        &[&video.to_string()],
    )
}

/// A video that a foreign key says is there.
pub(crate) fn expect(db: &Connection, video: VideoId) -> Result<VideoRow> {
    get(db, video)?.ok_or_else(|| store::Error::Database(format!("video {video} is gone")))
}

pub(crate) fn list(db: &Connection, filter: &VideoFilter) -> Result<Vec<VideoRow>> {
    let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
    let text = format!(
        "SELECT {COLUMNS}
         FROM videos
         WHERE (json_array_length(:states) = 0
                OR state IN (SELECT value FROM json_each(:states)))
           AND (:account IS NULL OR account_id = :account)
           AND (:channel IS NULL OR channel_id = :channel)
           AND (:before IS NULL OR id < :before)
           AND (:accepted IS NULL OR created_at < :accepted)
         ORDER BY id DESC
         LIMIT :limit"
    );
    let mut statement = db.prepare_cached(&text).map_err(sql::error)?;
    let mut rows = statement
        .query(named_params! {
            ":states": sql::to_json(&states)?,
            ":account": filter.account.map(|id| id.to_string()),
            ":channel": filter.channel.map(|id| id.to_string()),
            ":before": filter.before.map(|id| id.to_string()),
            ":accepted": filter.accepted_before.map(Timestamp::as_micros),
            ":limit": filter.limit,
        })
        .map_err(sql::error)?;
    let mut videos = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        videos.push(decode(row)?);
    }
    Ok(videos)
}

/// Where a video stands.
pub(crate) fn state(db: &Connection, video: VideoId) -> Result<VideoState> {
    let mut statement = db
        .prepare_cached("SELECT id, state FROM videos WHERE id = ?1")
        .map_err(sql::error)?;
    let mut rows = statement.query([video.to_string()]).map_err(sql::error)?;
    match rows.next().map_err(sql::error)? {
        Some(row) => sql::named(row, "videos", "state", VideoState::from_name),
        None => Err(store::Error::Database(format!("video {video} is gone"))),
    }
}

/// A video's place among its equals.
pub(crate) fn turn(db: &Connection, video: VideoId) -> Result<i64> {
    db.prepare_cached("SELECT turn FROM videos WHERE id = ?1")
        .and_then(|mut s| s.query_row([video.to_string()], |row| row.get(0)))
        .map_err(sql::error)
}

pub(crate) fn find(db: &Connection, prefix: &str) -> Result<Option<VideoRow>> {
    one(
        db,
        &format!(
            "SELECT {COLUMNS} FROM videos WHERE substr(key, 1, length(?1)) = ?1
             ORDER BY id DESC LIMIT 1"
        ),
        &[&prefix],
    )
}

/// Moves a video on; guarded by the state machine, so an ended one never changes.
pub(crate) fn set_state(
    tx: &Connection,
    now: Timestamp,
    video: VideoId,
    next: VideoState,
    failure: Option<&(Code, String)>,
) -> Result<bool> {
    let state = state(tx, video)?;
    if !state.may_become(next) {
        return Ok(false);
    }
    tx.prepare_cached(
        "UPDATE videos
         SET state = :next, finalized_at = :finalized, failure_code = :code, failure_text = :text
         WHERE id = :id AND state = :state",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":next": next.as_str(),
            ":finalized": next.is_final().then_some(now.as_micros()),
            ":code": failure.map(|f| f.0.as_str()),
            ":text": failure.map(|f| &f.1),
            ":id": video.to_string(),
            ":state": state.as_str(),
        })
    })
    .map(|changed| changed == 1)
    .map_err(sql::error)
}

pub(crate) fn set_title(tx: &Connection, video: VideoId, title: &str) -> Result<()> {
    tx.prepare_cached("UPDATE videos SET title = ?2 WHERE id = ?1")
        .and_then(|mut s| s.execute((video.to_string(), title)))
        .map(drop)
        .map_err(sql::error)
}

pub(crate) fn one(
    db: &Connection,
    text: &str,
    params: &[&dyn rusqlite::ToSql],
) -> Result<Option<VideoRow>> {
    let mut statement = db.prepare_cached(text).map_err(sql::error)?;
    statement
        .query_row(params, |row| Ok(decode(row)))
        .optional()
        .map_err(sql::error)?
        .transpose()
}

fn decode(row: &Row<'_>) -> Result<VideoRow> {
    let number = |column| row.get::<_, i64>(column).map_err(sql::error);
    let code: Option<String> = row.get("failure_code").map_err(sql::error)?;
    let text: Option<String> = row.get("failure_text").map_err(sql::error)?;
    Ok(VideoRow {
        id: sql::parsed(row, "videos", "id")?,
        account: sql::parsed(row, "videos", "account_id")?,
        channel: sql::parsed_or_none(row, "videos", "channel_id")?,
        key: row.get("key").map_err(sql::error)?,
        title: row.get("title").map_err(sql::error)?,
        state: sql::named(row, "videos", "state", VideoState::from_name)?,
        request: sql::json(row, "videos", "request")?,
        budget: MicroUsd(number("budget")?),
        priority: row.get("priority").map_err(sql::error)?,
        created_at: Timestamp::from_micros(number("created_at")?),
        due_at: sql::time_or_none(row, "due_at")?,
        start_at: sql::time_or_none(row, "start_at")?,
        finalized_at: sql::time_or_none(row, "finalized_at")?,
        failure: code.and_then(|code| Some((sql::code(&code)?, text.unwrap_or_default()))),
    })
}
