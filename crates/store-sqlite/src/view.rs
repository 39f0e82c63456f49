//! Statements about what a scheduler sees, and what it leaves there.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{Connection, Row, named_params};
use store::{EndedVideo, LearnedRow, LineView, OpenJob, OpenVideo, Promise, Result, SERVED_WINDOW};
use ytempire_core::{AccountId, JobId, JobState, NodeId, Stage, Timestamp, VideoId};

use crate::{node, sql};

/// One moment for all of them: `db` is in a transaction.
pub(crate) fn view(db: &Connection, now: Timestamp, videos_max: u32) -> Result<LineView> {
    let mut videos = all(
        db,
        "SELECT id, account_id, channel_id, priority, created_at, due_at, start_at, words, promised_at
         FROM videos
         WHERE finalized_at IS NULL AND (start_at IS NULL OR start_at <= ?2)
         ORDER BY priority DESC, turn, id
         LIMIT ?1",
        (videos_max, now.as_micros()),
        video,
    )?;
    for video in &mut videos {
        let id = video.id.to_string();
        video.jobs = all(
            db,
            "SELECT jobs.id, jobs.stage, jobs.state, jobs.scheduled_at, jobs.node_id,
                    jobs.encoder_sessions,
                    attempts.started_at AS since
             FROM jobs
             LEFT JOIN attempts ON attempts.job_id = jobs.id AND attempts.attempt = jobs.attempt
             WHERE jobs.video_id = ?1 AND jobs.finalized_at IS NULL
             ORDER BY jobs.rowid",
            [&id],
            job,
        )?;
        let edges = all(
            db,
            "SELECT DISTINCT job_deps.job_id AS id, job_deps.after_id
             FROM jobs
             JOIN job_deps ON job_deps.job_id = jobs.id
             JOIN jobs AS before ON before.id = job_deps.after_id
             WHERE jobs.video_id = ?1 AND jobs.state = 'waiting' AND before.finalized_at IS NULL
             ORDER BY job_deps.job_id, job_deps.after_id",
            [&id],
            edge,
        )?;
        let place: HashMap<JobId, usize> = video
            .jobs
            .iter()
            .enumerate()
            .map(|(at, job)| (job.id, at))
            .collect();
        for (job, after) in edges {
            if let Some(&at) = place.get(&job) {
                video.jobs[at].after.push(after);
            }
        }
        (video.served, video.scenes) = served(db, &id)?;
    }
    Ok(LineView {
        videos,
        nodes: node::list(db)?,
        served: done_for(db, now)?,
        ended: all(
            db,
            "SELECT id, priority, max(created_at, coalesce(start_at, 0)) AS began_at, likely_at,
                    finalized_at
             FROM videos
             WHERE finalized_at IS NOT NULL AND likely_at IS NOT NULL AND state = 'ready'
             ORDER BY finalized_at DESC
             LIMIT 300",
            [],
            ended,
        )?,
    })
}

/// How long was worked lately for each account on what has ended.
fn done_for(db: &Connection, now: Timestamp) -> Result<Vec<(AccountId, Duration)>> {
    all(
        db,
        "SELECT videos.account_id AS id,
                coalesce(sum(attempts.ended_at - attempts.started_at), 0) AS micros
         FROM videos
         JOIN jobs ON jobs.video_id = videos.id
         JOIN attempts ON attempts.job_id = jobs.id
         WHERE videos.finalized_at IS NOT NULL AND videos.finalized_at > ?1
         GROUP BY videos.account_id
         ORDER BY videos.account_id",
        [now.before(SERVED_WINDOW).as_micros()],
        |row| {
            let micros: i64 = row.get("micros").map_err(sql::error)?;
            let served = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
            Ok((sql::parsed(row, "videos", "id")?, served))
        },
    )
}

fn all<T>(
    db: &Connection,
    text: &str,
    params: impl rusqlite::Params,
    decode: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = db.prepare_cached(text).map_err(sql::error)?;
    let mut rows = statement.query(params).map_err(sql::error)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        found.push(decode(row)?);
    }
    Ok(found)
}

fn time(row: &Row<'_>, column: &str) -> Result<Timestamp> {
    let micros = row.get(column).map_err(sql::error)?;
    Ok(Timestamp::from_micros(micros))
}

fn video(row: &Row<'_>) -> Result<OpenVideo> {
    Ok(OpenVideo {
        id: sql::parsed(row, "videos", "id")?,
        account: sql::parsed(row, "videos", "account_id")?,
        channel: sql::parsed_or_none(row, "videos", "channel_id")?,
        priority: row.get("priority").map_err(sql::error)?,
        created_at: time(row, "created_at")?,
        due_at: sql::time_or_none(row, "due_at")?,
        start_at: sql::time_or_none(row, "start_at")?,
        words: row.get("words").map_err(sql::error)?,
        scenes: 0,
        promised_at: sql::time_or_none(row, "promised_at")?,
        served: Duration::ZERO,
        jobs: Vec::new(),
    })
}

fn job(row: &Row<'_>) -> Result<OpenJob> {
    let state = sql::named(row, "jobs", "state", JobState::from_name)?;
    let running = if state == JobState::Running {
        let node: NodeId = sql::parsed(row, "jobs", "node_id")?;
        Some((node, sql::time_or_none(row, "since")?.unwrap_or_default()))
    } else {
        None
    };
    Ok(OpenJob {
        id: sql::parsed(row, "jobs", "id")?,
        stage: sql::named(row, "jobs", "stage", Stage::from_name)?,
        state,
        scheduled_at: sql::time_or_none(row, "scheduled_at")?,
        encoder_sessions: row.get("encoder_sessions").map_err(sql::error)?,
        running,
        after: Vec::new(),
    })
}

fn edge(row: &Row<'_>) -> Result<(JobId, JobId)> {
    Ok((
        sql::parsed(row, "job_deps", "id")?,
        sql::parsed(row, "job_deps", "after_id")?,
    ))
}

fn ended(row: &Row<'_>) -> Result<EndedVideo> {
    Ok(EndedVideo {
        priority: row.get("priority").map_err(sql::error)?,
        began_at: time(row, "began_at")?,
        likely_at: time(row, "likely_at")?,
        ended_at: time(row, "finalized_at")?,
    })
}

/// How long it was worked on, and its scenes by their segments: a repair makes some of them twice, which
/// is as much work.
fn served(db: &Connection, video: &str) -> Result<(Duration, u32)> {
    let (micros, scenes): (i64, u32) = db
        .prepare_cached(
            "SELECT coalesce(sum(attempts.ended_at - attempts.started_at), 0),
                    count(DISTINCT jobs.id) FILTER (WHERE jobs.stage = 'compose')
             FROM jobs
             LEFT JOIN attempts ON attempts.job_id = jobs.id
             WHERE jobs.video_id = ?1",
        )
        .and_then(|mut s| s.query_row([video], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(sql::error)?;
    let micros = u64::try_from(micros).unwrap_or(0);
    Ok((Duration::from_micros(micros), scenes))
}

pub(crate) fn promise(tx: &Connection, video: VideoId, promise: Promise) -> Result<()> {
    tx.prepare_cached(
        "UPDATE videos
         SET likely_at = coalesce(likely_at, ?2), promised_at = ?3
         WHERE id = ?1 AND finalized_at IS NULL",
    )
    .and_then(|mut s| {
        let (likely, promised) = (promise.likely_at, promise.promised_at);
        s.execute((video.to_string(), likely.as_micros(), promised.as_micros()))
    })
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn learned(db: &Connection) -> Result<Vec<LearnedRow>> {
    let text = "SELECT machine, backend, jobs, mean, variance, memory_mib, vram_mib FROM learned
                ORDER BY machine, backend";
    all(db, text, [], |row| {
        Ok(LearnedRow {
            machine: row.get("machine").map_err(sql::error)?,
            backend: row.get("backend").map_err(sql::error)?,
            jobs: row.get("jobs").map_err(sql::error)?,
            mean: row.get("mean").map_err(sql::error)?,
            variance: row.get("variance").map_err(sql::error)?,
            memory_mib: row.get("memory_mib").map_err(sql::error)?,
            vram_mib: row.get("vram_mib").map_err(sql::error)?,
        })
    })
}

pub(crate) fn learn(tx: &Connection, rows: &[LearnedRow]) -> Result<()> {
    for row in rows {
        tx.prepare_cached(
            "INSERT INTO learned (machine, backend, jobs, mean, variance, memory_mib, vram_mib)
             VALUES (:machine, :backend, :jobs, :mean, :variance, :memory, :vram)
             ON CONFLICT (machine, backend) DO UPDATE
             SET jobs = excluded.jobs, mean = excluded.mean, variance = excluded.variance,
                 memory_mib = max(learned.memory_mib, excluded.memory_mib),
                 vram_mib = max(learned.vram_mib, excluded.vram_mib)",
        )
        .and_then(|mut s| {
            s.execute(named_params! {
                ":machine": row.machine,
                ":backend": row.backend,
                ":jobs": row.jobs,
                ":mean": row.mean,
                ":variance": row.variance,
                ":memory": row.memory_mib,
                ":vram": row.vram_mib,
            })
        })
        .map_err(sql::error)?;
    }
    Ok(())
}
