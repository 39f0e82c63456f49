//! Statements about what is kept of ended videos, and the books that outlive them.

use ledger::Scope;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use store::{Deletion, Expired, Expiry, Kept, Result, SpentRow};
use ytempire_core::{ChannelId, MicroUsd, Stage, Timestamp, VideoId, VideoState};

use crate::sql;

/// What a transfer adds to the books of its day: what was spent, or may have been.
const COUNTED: &str = "\
    SELECT videos.account_id,
           coalesce(videos.channel_id, '00000000-0000-0000-0000-000000000000') AS channel_id,
           coalesce(settled_at, held_at) / 86400000000 * 86400000000 AS day,
           stage, backend, meter, unit_price, price_version, imputed,
           quantity, posted, iif(transfers.state = 'unknown', held, 0) AS unknown
    FROM transfers
    JOIN videos ON videos.id = transfers.video_id
    WHERE (transfers.state = 'unknown' OR quantity > 0 OR posted > 0)";

/// Where rows of a video are, in the order in which nothing refers to them any more.
const ROWS: [&str; 6] = [
    "DELETE FROM outbox WHERE video_id = ?1",
    "DELETE FROM transfers WHERE video_id = ?1",
    "DELETE FROM attempts WHERE video_id = ?1",
    "DELETE FROM job_deps WHERE job_id IN (SELECT id FROM jobs WHERE video_id = ?1)",
    "DELETE FROM jobs WHERE video_id = ?1",
    "DELETE FROM videos WHERE id = ?1",
];

pub(crate) fn delete(tx: &Connection, video: VideoId) -> Result<Deletion> {
    let id = video.to_string();
    let state: Option<(String, bool)> = tx
        .prepare_cached(
            "SELECT state, EXISTS (SELECT 1
                                   FROM jobs
                                   WHERE video_id = videos.id AND state = 'running')
             FROM videos
             WHERE id = ?1",
        )
        .and_then(|mut s| {
            s.query_row([&id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(sql::error)?;
    let Some((state, runs)) = state else {
        return Ok(Deletion::Unknown);
    };
    if runs || !VideoState::from_name(&state).is_some_and(VideoState::is_final) {
        return Ok(Deletion::Unfinished);
    }
    close_books(tx, &id)?;
    for text in ROWS {
        tx.prepare_cached(text)
            .and_then(|mut s| s.execute([&id]))
            .map_err(sql::error)?;
    }
    let stages = Stage::ALL.map(|stage| Scope::Stage(video, stage));
    for scope in [Scope::Video(video)].iter().chain(&stages) {
        tx.prepare_cached("DELETE FROM ledger_accounts WHERE scope = ?1")
            .and_then(|mut s| s.execute([scope.key()]))
            .map_err(sql::error)?;
    }
    Ok(Deletion::Done)
}

/// Adds what a video spent to the books of each day.
fn close_books(tx: &Connection, id: &str) -> Result<()> {
    let text = format!(
        "INSERT INTO spent (account_id, channel_id, day, stage, backend, meter, unit_price, price_version,
                            imputed, transfers, quantity, posted, unknown)
         SELECT account_id, channel_id, day, stage, backend, meter, unit_price, price_version, imputed,
                count(*), sum(quantity), sum(posted), sum(unknown)
         FROM ({COUNTED} AND transfers.video_id = ?1)
         GROUP BY account_id, channel_id, day, stage, backend, meter, unit_price, price_version, imputed
         ON CONFLICT (account_id, channel_id, day, stage, backend, meter, unit_price, price_version, imputed)
         DO UPDATE
         SET transfers = transfers + excluded.transfers, quantity = quantity + excluded.quantity,
             posted = posted + excluded.posted, unknown = unknown + excluded.unknown"
    );
    tx.prepare_cached(&text)
        .and_then(|mut s| s.execute([id]))
        .map(drop)
        .map_err(sql::error)
}

pub(crate) fn spent(db: &Connection, from: Timestamp, until: Timestamp) -> Result<Vec<SpentRow>> {
    let text = format!(
        "SELECT account_id, channel_id, day, stage, backend, meter, imputed, sum(quantity) AS quantity,
                sum(posted) AS posted, sum(unknown) AS unknown
         FROM (SELECT account_id, channel_id, day, stage, backend, meter, unit_price, price_version, imputed,
                      quantity, posted, unknown
               FROM spent
               UNION ALL
               {COUNTED})
         WHERE day >= :from AND day < :until
         GROUP BY account_id, channel_id, day, stage, backend, meter, imputed
         ORDER BY account_id, channel_id, day, stage, backend, meter, imputed"
    );
    let mut statement = db.prepare_cached(&text).map_err(sql::error)?;
    let mut rows = statement
        .query(named_params! { ":from": from.as_micros(), ":until": until.as_micros() })
        .map_err(sql::error)?;
    let mut spent = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        spent.push(decode(row)?);
    }
    Ok(spent)
}

fn decode(row: &Row<'_>) -> Result<SpentRow> {
    let number = |column| row.get::<_, i64>(column).map_err(sql::error);
    Ok(SpentRow {
        account: sql::parsed(row, "spent", "account_id")?,
        channel: Some(sql::parsed::<ChannelId>(row, "spent", "channel_id")?)
            .filter(|id| !id.0.is_nil()),
        day: Timestamp::from_micros(number("day")?),
        stage: sql::named(row, "spent", "stage", Stage::from_name)?,
        backend: row.get("backend").map_err(sql::error)?,
        meter: row.get("meter").map_err(sql::error)?,
        imputed: row.get("imputed").map_err(sql::error)?,
        quantity: number("quantity")? as u64,
        posted: MicroUsd(number("posted")?),
        unknown: MicroUsd(number("unknown")?),
    })
}

pub(crate) fn totals(db: &Connection) -> Result<Kept> {
    db.prepare_cached(
        "SELECT count(*), min(finalized_at) FROM videos WHERE finalized_at IS NOT NULL",
    )
    .and_then(|mut s| {
        s.query_row([], |row| {
            Ok(Kept {
                videos: u64::from(row.get::<_, u32>(0)?),
                since: row.get::<_, Option<i64>>(1)?.map(Timestamp::from_micros),
            })
        })
    })
    .map_err(sql::error)
}

pub(crate) fn expire(tx: &Connection, expiry: &Expiry) -> Result<Expired> {
    let mut expired = Expired::default();
    if let Some(before) = expiry.videos {
        let due = oldest(
            tx,
            "SELECT id
             FROM videos
             WHERE finalized_at < ?1
               AND NOT EXISTS (SELECT 1
                               FROM jobs
                               WHERE video_id = videos.id AND state = 'running')
             ORDER BY finalized_at
             LIMIT ?2",
            before,
            expiry.videos_max,
        )?;
        for video in due {
            if delete(tx, video)? == Deletion::Done {
                expired.videos += 1;
            }
        }
    }
    if let Some(before) = expiry.events {
        let due = oldest(
            tx,
            "SELECT id
             FROM videos
             WHERE finalized_at < ?1 AND trimmed = 0
             ORDER BY finalized_at
             LIMIT ?2",
            before,
            expiry.videos_max,
        )?;
        for video in &due {
            for text in [ROWS[0], "UPDATE videos SET trimmed = 1 WHERE id = ?1"] {
                tx.prepare_cached(text)
                    .and_then(|mut s| s.execute([video.to_string()]))
                    .map_err(sql::error)?;
            }
        }
        expired.trimmed = due.len() as u64;
    }
    Ok(expired)
}

fn oldest(tx: &Connection, text: &str, before: Timestamp, max: u32) -> Result<Vec<VideoId>> {
    let mut statement = tx.prepare_cached(text).map_err(sql::error)?;
    let mut rows = statement
        .query((before.as_micros(), max))
        .map_err(sql::error)?;
    let mut videos = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        videos.push(sql::parsed(row, "videos", "id")?);
    }
    Ok(videos)
}
