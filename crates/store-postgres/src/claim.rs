//! Claiming: the most urgent available jobs, under a lease, at once by any number of nodes.

use serde_json::{Value, json};
use store::{ClaimRequest, Lease, LeasedJob, LineMode};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;
use ytempire_core::{EventKind, JobId, Stage, Timestamp, VideoId};

use crate::connection::{Question, Tx};
use crate::sql::{Cells, Result};
use crate::{attempt, event, line};

/// Jobs are picked as `$which` says, skipping those that others are just taking. The `CTE` is a
/// fence: without it the planner may run the inner query again and take more than `$max`.
macro_rules! take {
    ($which:literal) => {
        concat!(
            "WITH chosen AS MATERIALIZED (
                 SELECT id
                 FROM jobs
                 WHERE state = 'available' AND stage = ANY ($3) ",
            $which,
            // A video that is queued is begun by whoever has locked it. Not a join: the planner
            // would sort all jobs of all such videos instead of walking the index to the first.
            "      AND (video_id = ANY ($4)
                        OR (SELECT videos.state
                            FROM videos
                            WHERE videos.id = jobs.video_id) = 'running')
                 ORDER BY rank, id
                 LIMIT $5
                 FOR NO KEY UPDATE OF jobs SKIP LOCKED
             ), taken AS (
                 UPDATE jobs
                 SET state = 'running', attempt = attempt + 1, attempts = attempts + 1,
                     node_id = $1, lease_until = $2
                 FROM chosen
                 WHERE jobs.id = chosen.id
                 RETURNING jobs.id, video_id, stage, args, attempt, rank
             )
             SELECT id, video_id, stage, args, attempt FROM taken ORDER BY rank, id"
        )
    };
}

/// Locks the most urgent queued videos that have jobs to give, passing over those that others are just
/// beginning: who waited for them would find their jobs taken, and nothing else.
macro_rules! queued {
    ($which:literal) => {
        concat!(
            "SELECT id
             FROM videos
             WHERE state = 'queued' ",
            $which,
            // A value, not EXISTS: that is a join to the planner, who would sort all queued videos
            // instead of walking the index to the first.
            "  AND (SELECT true
                    FROM jobs
                    WHERE jobs.video_id = videos.id AND jobs.state = 'available'
                      AND jobs.stage = ANY ($1)
                    LIMIT 1)
             ORDER BY priority DESC, turn, id
             LIMIT $2
             FOR NO KEY UPDATE SKIP LOCKED"
        )
    };
}

/// Makes available what was scheduled for a time that has come.
const PROMOTE: &str = "\
    UPDATE jobs
    SET state = 'available', scheduled_at = NULL
    WHERE id IN (SELECT id
                 FROM jobs
                 WHERE state = 'scheduled' AND scheduled_at <= $1
                 FOR NO KEY UPDATE SKIP LOCKED)";

pub(crate) async fn claim(
    tx: &Tx,
    now: Timestamp,
    request: &ClaimRequest,
) -> Result<Vec<LeasedJob>> {
    if line::get(tx).await?.mode != LineMode::Running {
        return Ok(Vec::new());
    }
    let stages: Vec<&str> = request.stages.iter().map(|stage| stage.as_str()).collect();
    let video = request.video.map(|id| id.0);
    let max = i64::from(request.max);
    // In the order in which all locks are taken: videos, then jobs. None is waited for.
    let locked = match &video {
        Some(video) => {
            tx.query(queued!("AND id = $3 "), &[&stages, &max, video])
                .await?
        }
        None => tx.query(queued!(""), &[&stages, &max]).await?,
    };
    let id = |row| Cells::of("videos", row).get::<Uuid>("id");
    let begun = locked.iter().map(id).collect::<Result<Vec<_>>>()?;
    let node = &request.node.0;
    let until = &request.lease_until.as_micros();
    let now_micros = now.as_micros();
    let due: Question<'_> = (PROMOTE, &[&now_micros]);
    let (_, taken) = if let Some(video) = &video {
        let take = take!("AND video_id = $6 ");
        let params: [&(dyn ToSql + Sync); 6] = [node, until, &stages, &begun, &max, video];
        tx.both(due, (take, &params)).await?
    } else {
        let params: [&(dyn ToSql + Sync); 5] = [node, until, &stages, &begun, &max];
        tx.both(due, (take!(""), &params)).await?
    };
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let leased = |row| decode(row, request);
    let mut claimed = taken.iter().map(leased).collect::<Result<Vec<_>>>()?;
    attempt::begin(tx, now, &claimed).await?;
    add_inputs(tx, &mut claimed).await?;
    begin(tx, now, &begun, &claimed).await?;
    Ok(claimed)
}

fn decode(row: &Row, request: &ClaimRequest) -> Result<LeasedJob> {
    let row = Cells::of("jobs", row);
    let lease = Lease {
        job: JobId(row.get("id")?),
        attempt: row.count("attempt")?,
        node: request.node,
    };
    Ok(LeasedJob {
        lease,
        video: VideoId(row.get("video_id")?),
        stage: row.named("stage", Stage::from_name)?,
        args: row.get("args")?,
        inputs: Vec::new(),
    })
}

async fn add_inputs(tx: &Tx, claimed: &mut [LeasedJob]) -> Result<()> {
    let jobs: Vec<Uuid> = claimed.iter().map(|job| job.lease.job.0).collect();
    let rows = tx
        .query(
            "SELECT job_deps.job_id AS id, jobs.output
             FROM job_deps
             JOIN jobs ON jobs.id = job_deps.after_id
             WHERE job_deps.job_id = ANY ($1)
             ORDER BY job_deps.job_id, job_deps.position",
            &[&jobs],
        )
        .await?;
    for row in &rows {
        let row = Cells::of("jobs", row);
        let (id, output): (Uuid, Value) = (row.get("id")?, row.get("output")?);
        let waiter = claimed.iter_mut().find(|job| job.lease.job.0 == id);
        if let Some(job) = waiter {
            job.inputs.push(output);
        }
    }
    Ok(())
}

/// Moves queued videos on of which jobs were taken, in the order of their first job.
async fn begin(tx: &Tx, now: Timestamp, begun: &[Uuid], claimed: &[LeasedJob]) -> Result<()> {
    let mut left: Vec<Uuid> = begun.to_vec();
    let mut moved = Vec::new();
    for job in claimed {
        let Some(at) = left.iter().position(|id| *id == job.video.0) else {
            continue;
        };
        left.swap_remove(at);
        tx.execute(
            "UPDATE videos SET state = 'running' WHERE id = $1 AND state = 'queued'",
            &[&job.video.0],
        )
        .await?;
        event::about_video(tx, now, job.video, EventKind::VideoRunning, json!({})).await?;
        moved.push(job.video.0);
    }
    if !moved.is_empty() {
        line::begun(tx, &moved).await?;
    }
    Ok(())
}
