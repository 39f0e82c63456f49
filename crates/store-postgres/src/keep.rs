//! Statements about what is kept of ended videos, and the books that outlive them.

use ledger::Scope;
use store::{Deletion, Expired, Expiry, Kept, SpentRow};
use tokio_postgres::Row;
use uuid::Uuid;
use ytempire_core::{AccountId, ChannelId, Stage, Timestamp, VideoId, VideoState};

use crate::connection::{Connection, Tx};
use crate::sql::{Cells, Result};

/// What a transfer adds to the books of its day: what was spent, or may have been.
macro_rules! counted {
    () => {
        "SELECT videos.account_id,
                coalesce(videos.channel_id, '00000000-0000-0000-0000-000000000000') AS channel_id,
                coalesce(settled_at, held_at) / 86400000000 * 86400000000 AS day,
                stage, backend, meter, unit_price, price_version, imputed,
                quantity, posted,
                CASE WHEN transfers.state = 'unknown' THEN held ELSE 0 END AS unknown
         FROM transfers
         JOIN videos ON videos.id = transfers.video_id
         WHERE (transfers.state = 'unknown' OR quantity > 0 OR posted > 0)"
    };
}

/// Where rows of a video are, in the order in which nothing refers to them any more.
const ROWS: [&str; 6] = [
    "DELETE FROM outbox WHERE video_id = $1",
    "DELETE FROM transfers WHERE video_id = $1",
    "DELETE FROM attempts WHERE job_id IN (SELECT id FROM jobs WHERE video_id = $1)",
    "DELETE FROM job_deps WHERE job_id IN (SELECT id FROM jobs WHERE video_id = $1)",
    "DELETE FROM jobs WHERE video_id = $1",
    "DELETE FROM videos WHERE id = $1",
];

pub(crate) async fn delete(tx: &Tx, video: VideoId) -> Result<Deletion> {
    let row = tx
        .first(
            "SELECT id, state FROM videos WHERE id = $1 FOR UPDATE",
            &[&video.0],
        )
        .await?;
    let Some(row) = row else {
        return Ok(Deletion::Unknown);
    };
    let state: VideoState = Cells::of("videos", &row).named("state", VideoState::from_name)?;
    let runs = tx
        .first(
            "SELECT id FROM jobs WHERE video_id = $1 AND state = 'running' LIMIT 1",
            &[&video.0],
        )
        .await?;
    if runs.is_some() || !state.is_final() {
        return Ok(Deletion::Unfinished);
    }
    close_books(tx, video).await?;
    for text in ROWS {
        tx.execute(text, &[&video.0]).await?;
    }
    let stages = Stage::ALL.map(|stage| Scope::Stage(video, stage));
    let scopes = [Scope::Video(video)].into_iter().chain(stages);
    let scopes: Vec<String> = scopes.map(|scope| scope.key()).collect();
    tx.execute(
        "DELETE FROM ledger_accounts WHERE scope = ANY ($1)",
        &[&scopes],
    )
    .await?;
    Ok(Deletion::Done)
}

/// Adds what a video spent to the books of each day. In the order of their keys, so that two that
/// are deleted at once wait for each other in one direction.
async fn close_books(tx: &Tx, video: VideoId) -> Result<()> {
    tx.execute(
        concat!(
            "INSERT INTO spent (account_id, channel_id, day, stage, backend, meter, unit_price, price_version,
                                imputed, transfers, quantity, posted, unknown)
             SELECT account_id, channel_id, day, stage, backend, meter, unit_price, price_version, imputed,
                    count(*), sum(quantity)::bigint, sum(posted)::bigint, sum(unknown)::bigint
             FROM (",
            counted!(),
            " AND transfers.video_id = $1) AS counted
             GROUP BY account_id, channel_id, day, stage, backend, meter, unit_price, price_version, imputed
             ORDER BY account_id, channel_id, day, stage, backend, meter, unit_price, price_version, imputed
             ON CONFLICT (account_id, channel_id, day, stage, backend, meter, unit_price, price_version,
                          imputed)
             DO UPDATE
             SET transfers = spent.transfers + excluded.transfers,
                 quantity = spent.quantity + excluded.quantity,
                 posted = spent.posted + excluded.posted,
                 unknown = spent.unknown + excluded.unknown"
        ),
        &[&video.0],
    )
    .await?;
    Ok(())
}

pub(crate) async fn spent(
    db: &Connection,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<SpentRow>> {
    let rows = db
        .query(
            concat!(
                "SELECT account_id, channel_id, day, stage, backend, meter, imputed,
                        sum(quantity)::bigint AS quantity, sum(posted)::bigint AS posted,
                        sum(unknown)::bigint AS unknown
                 FROM (SELECT account_id, channel_id, day, stage, backend, meter, unit_price, price_version,
                              imputed, quantity, posted, unknown
                       FROM spent
                       UNION ALL
                       ",
                counted!(),
                ") AS every
                 WHERE day >= $1 AND day < $2
                 GROUP BY account_id, channel_id, day, stage, backend, meter, imputed
                 ORDER BY account_id, channel_id, day, stage COLLATE \"C\", backend COLLATE \"C\",
                          meter COLLATE \"C\", imputed"
            ),
            &[&from.as_micros(), &until.as_micros()],
        )
        .await?;
    rows.iter().map(decode).collect()
}

fn decode(row: &Row) -> Result<SpentRow> {
    let row = Cells::of("spent", row);
    Ok(SpentRow {
        account: AccountId(row.get("account_id")?),
        channel: Some(ChannelId(row.get("channel_id")?)).filter(|id| !id.0.is_nil()),
        day: row.time("day")?,
        stage: row.named("stage", Stage::from_name)?,
        backend: row.get("backend")?,
        meter: row.get("meter")?,
        imputed: row.get("imputed")?,
        quantity: row.count("quantity")?,
        posted: row.money("posted")?,
        unknown: row.money("unknown")?,
    })
}

pub(crate) async fn totals(db: &Connection) -> Result<Kept> {
    let asked = "SELECT count(*) AS videos, min(finalized_at) AS since
                 FROM videos
                 WHERE finalized_at IS NOT NULL";
    let Some(row) = db.first(asked, &[]).await? else {
        return Ok(Kept::default());
    };
    let row = Cells::of("videos", &row);
    Ok(Kept {
        videos: row.count("videos")?,
        since: row.time_or_none("since")?,
    })
}

pub(crate) async fn expire(tx: &Tx, expiry: &Expiry) -> Result<Expired> {
    let mut expired = Expired::default();
    let max = i64::from(expiry.videos_max);
    // Several nodes may do so at once: each passes over what another is just deleting.
    if let Some(before) = expiry.videos {
        let due = tx
            .query(
                "SELECT id
                 FROM videos
                 WHERE finalized_at < $1
                   AND NOT EXISTS (SELECT 1
                                   FROM jobs
                                   WHERE jobs.video_id = videos.id AND jobs.state = 'running')
                 ORDER BY finalized_at
                 LIMIT $2
                 FOR UPDATE SKIP LOCKED",
                &[&before.as_micros(), &max],
            )
            .await?;
        for row in &due {
            let video = VideoId(Cells::of("videos", row).get("id")?);
            if delete(tx, video).await? == Deletion::Done {
                expired.videos += 1;
            }
        }
    }
    if let Some(before) = expiry.events {
        let due = tx
            .query(
                "SELECT id
                 FROM videos
                 WHERE finalized_at < $1 AND NOT trimmed
                 ORDER BY finalized_at
                 LIMIT $2
                 FOR NO KEY UPDATE SKIP LOCKED",
                &[&before.as_micros(), &max],
            )
            .await?;
        let id = |row| Cells::of("videos", row).get::<Uuid>("id");
        let due = due.iter().map(id).collect::<Result<Vec<_>>>()?;
        tx.execute("DELETE FROM outbox WHERE video_id = ANY ($1)", &[&due])
            .await?;
        tx.execute(
            "UPDATE videos SET trimmed = true WHERE id = ANY ($1)",
            &[&due],
        )
        .await?;
        expired.trimmed = due.len() as u64;
    }
    Ok(expired)
}
