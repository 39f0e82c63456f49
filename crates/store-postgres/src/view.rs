//! Statements about what a scheduler sees, and what it leaves there.

use std::collections::HashMap;
use std::time::Duration;

use store::{EndedVideo, LearnedRow, LineView, OpenJob, OpenVideo, Promise, SERVED_WINDOW};
use tokio_postgres::Row;
use uuid::Uuid;
use ytempire_core::{AccountId, ChannelId, JobId, JobState, NodeId, Stage, Timestamp, VideoId};

use crate::connection::{Connection, Tx};
use crate::node;
use crate::sql::{self, Cells, Result};

const VIDEOS: &str = "\
    SELECT id, account_id, channel_id, priority, created_at, due_at, start_at, words, promised_at
    FROM videos
    WHERE finalized_at IS NULL AND (start_at IS NULL OR start_at <= $2)
    ORDER BY priority DESC, turn, id
    LIMIT $1";

const JOBS: &str = "\
    SELECT id, video_id, stage, state, scheduled_at, node_id,
           encoder_sessions::bigint AS encoder_sessions,
           coalesce(started_at, created_at) AS since
    FROM jobs
    WHERE video_id = ANY ($1) AND finalized_at IS NULL
    ORDER BY birth";

/// Edges between jobs that have not ended.
const EDGES: &str = "\
    SELECT DISTINCT job_deps.job_id AS id, job_deps.after_id
    FROM jobs
    JOIN job_deps ON job_deps.job_id = jobs.id
    JOIN jobs AS before ON before.id = job_deps.after_id
    WHERE jobs.video_id = ANY ($1) AND jobs.state = 'waiting' AND before.finalized_at IS NULL
    ORDER BY job_deps.job_id, job_deps.after_id";

/// Scenes by their segments: a repair makes some of them twice, which is as much work.
const SERVED: &str = "\
    SELECT jobs.video_id AS id,
           coalesce(sum(attempts.ended_at - attempts.started_at), 0)::bigint AS micros,
           count(DISTINCT jobs.id) FILTER (WHERE jobs.stage = 'compose') AS scenes
    FROM jobs
    LEFT JOIN attempts ON attempts.job_id = jobs.id
    WHERE jobs.video_id = ANY ($1)
    GROUP BY jobs.video_id";

const DONE_FOR: &str = "\
    SELECT videos.account_id AS id,
           coalesce(sum(attempts.ended_at - attempts.started_at), 0)::bigint AS micros
    FROM videos
    JOIN jobs ON jobs.video_id = videos.id
    JOIN attempts ON attempts.job_id = jobs.id
    WHERE videos.finalized_at IS NOT NULL AND videos.finalized_at > $1
    GROUP BY videos.account_id
    ORDER BY videos.account_id";

const ENDED: &str = "\
    SELECT id, priority, greatest(created_at, coalesce(start_at, 0)) AS began_at, likely_at,
           finalized_at
    FROM videos
    WHERE finalized_at IS NOT NULL AND likely_at IS NOT NULL AND state = 'ready'
    ORDER BY finalized_at DESC
    LIMIT 300";

/// One moment for all of them.
pub(crate) async fn view(tx: &Tx, now: Timestamp, videos_max: u32) -> Result<LineView> {
    tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", &[])
        .await?;
    let rows = tx
        .query(VIDEOS, &[&i64::from(videos_max), &now.as_micros()])
        .await?;
    let mut videos = rows.iter().map(video).collect::<Result<Vec<_>>>()?;
    let ids: Vec<Uuid> = videos.iter().map(|video| video.id.0).collect();
    let place: HashMap<Uuid, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut jobs: HashMap<Uuid, (usize, usize)> = HashMap::new();
    for row in &tx.query(JOBS, &[&ids]).await? {
        let (of, job) = job(row)?;
        let Some(&at) = place.get(&of) else { continue };
        jobs.insert(job.id.0, (at, videos[at].jobs.len()));
        videos[at].jobs.push(job);
    }
    for row in &tx.query(EDGES, &[&ids]).await? {
        let row = Cells::of("job_deps", row);
        let id: Uuid = row.get("id")?;
        if let Some(&(video, job)) = jobs.get(&id) {
            videos[video].jobs[job]
                .after
                .push(JobId(row.get("after_id")?));
        }
    }
    for row in &tx.query(SERVED, &[&ids]).await? {
        let row = Cells::of("jobs", row);
        let (id, micros): (Uuid, u64) = (row.get("id")?, row.count("micros")?);
        if let Some(&at) = place.get(&id) {
            videos[at].scenes = row.count("scenes")?;
            videos[at].served = Duration::from_micros(micros);
        }
    }
    let since = now.before(SERVED_WINDOW).as_micros();
    let mut served = Vec::new();
    for row in &tx.query(DONE_FOR, &[&since]).await? {
        let row = Cells::of("videos", row);
        let micros = row.count("micros")?;
        served.push((AccountId(row.get("id")?), Duration::from_micros(micros)));
    }
    let ended = tx.query(ENDED, &[]).await?;
    Ok(LineView {
        videos,
        nodes: node::list(tx).await?,
        served,
        ended: ended.iter().map(self::ended).collect::<Result<_>>()?,
    })
}

fn video(row: &Row) -> Result<OpenVideo> {
    let row = Cells::of("videos", row);
    Ok(OpenVideo {
        id: VideoId(row.get("id")?),
        account: AccountId(row.get("account_id")?),
        channel: row.get::<Option<_>>("channel_id")?.map(ChannelId),
        priority: row.count("priority")?,
        created_at: row.time("created_at")?,
        due_at: row.time_or_none("due_at")?,
        start_at: row.time_or_none("start_at")?,
        words: row.count("words")?,
        scenes: 0,
        promised_at: row.time_or_none("promised_at")?,
        served: Duration::ZERO,
        jobs: Vec::new(),
    })
}

fn job(row: &Row) -> Result<(Uuid, OpenJob)> {
    let row = Cells::of("jobs", row);
    let node: Option<Uuid> = row.get("node_id")?;
    let since = row.time("since")?;
    let job = OpenJob {
        id: JobId(row.get("id")?),
        stage: row.named("stage", Stage::from_name)?,
        state: row.named("state", JobState::from_name)?,
        scheduled_at: row.time_or_none("scheduled_at")?,
        encoder_sessions: row.count("encoder_sessions")?,
        running: node.map(|node| (NodeId(node), since)),
        after: Vec::new(),
    };
    Ok((row.get("video_id")?, job))
}

fn ended(row: &Row) -> Result<EndedVideo> {
    let row = Cells::of("videos", row);
    Ok(EndedVideo {
        priority: row.count("priority")?,
        began_at: row.time("began_at")?,
        likely_at: row.time("likely_at")?,
        ended_at: row.time("finalized_at")?,
    })
}

pub(crate) async fn promise(db: &Connection, video: VideoId, promise: Promise) -> Result<()> {
    let micros = [promise.likely_at, promise.promised_at].map(Timestamp::as_micros);
    db.execute(
        "UPDATE videos
         SET likely_at = coalesce(likely_at, $2), promised_at = $3
         WHERE id = $1 AND finalized_at IS NULL",
        &[&video.0, &micros[0], &micros[1]],
    )
    .await?;
    Ok(())
}

pub(crate) async fn learned(db: &Connection) -> Result<Vec<LearnedRow>> {
    let text = "SELECT machine, backend, jobs, mean, variance, memory_mib, vram_mib FROM learned
                ORDER BY machine, backend";
    let rows = db.query(text, &[]).await?;
    let decode = |row| {
        let row = Cells::of("learned", row);
        Ok(LearnedRow {
            machine: row.get("machine")?,
            backend: row.get("backend")?,
            jobs: row.get("jobs")?,
            mean: row.get("mean")?,
            variance: row.get("variance")?,
            memory_mib: row.count("memory_mib")?,
            vram_mib: row.count("vram_mib")?,
        })
    };
    rows.iter().map(decode).collect()
}

pub(crate) async fn learn(tx: &Tx, rows: &[LearnedRow]) -> Result<()> {
    // In one order, so that two nodes of a kind never wait for each other in a circle.
    let mut rows: Vec<&LearnedRow> = rows.iter().collect();
    rows.sort_by(|a, b| (&a.machine, &a.backend).cmp(&(&b.machine, &b.backend)));
    for row in rows {
        tx.execute(
            "INSERT INTO learned (machine, backend, jobs, mean, variance, memory_mib, vram_mib)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (machine, backend) DO UPDATE
             SET jobs = excluded.jobs, mean = excluded.mean, variance = excluded.variance,
                 memory_mib = greatest(learned.memory_mib, excluded.memory_mib),
                 vram_mib = greatest(learned.vram_mib, excluded.vram_mib)",
            &[
                &&*sql::words(&row.machine),
                &row.backend,
                &row.jobs,
                &row.mean,
                &row.variance,
                &i64::from(row.memory_mib),
                &i64::from(row.vram_mib),
            ],
        )
        .await?;
    }
    Ok(())
}
