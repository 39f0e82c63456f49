//! Statements about jobs: adding them, finding those of a lease, keeping leases.

use std::collections::HashSet;

use store::{ATTEMPTS_MAX, Error, JobRow, Lease, NewJob, urgency};
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;
use ytempire_core::{JobId, JobState, NodeId, Stage, Timestamp, VideoId};

use crate::connection::{Connection, Tx};
use crate::sql::{Cells, Fault, Result};
use crate::video;

/// What a guarded write needs to know of the job it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leased {
    pub(crate) id: JobId,
    pub(crate) video: VideoId,
    pub(crate) stage: Stage,
    pub(crate) attempt: u32,
    pub(crate) attempts: u32,
}

/// Adds jobs to a video that is locked, or that nobody sees yet.
pub(crate) async fn add(tx: &Tx, now: Timestamp, video: VideoId, jobs: &[NewJob]) -> Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    // Some of the jobs before them may have been completed already; none can be meanwhile.
    let completed = completed(tx, jobs).await?;
    let (priority, turn) = video::place(tx, video).await?;
    let mut rows = Columns::default();
    for job in jobs {
        let before: HashSet<JobId> = job.after.iter().copied().collect();
        let open = before.difference(&completed).count();
        rows.add(job, urgency(priority, turn, job.rank), open);
    }
    tx.execute(
        "INSERT INTO jobs (id, video_id, stage, state, args, rank, waiting_for, created_at)
         SELECT new.id, $1, new.stage, CASE WHEN new.open = 0 THEN 'available' ELSE 'waiting' END,
                new.args, new.rank, new.open, $2
         FROM unnest($3::uuid[], $4::text[], $5::json[], $6::bigint[], $7::bigint[])
              WITH ORDINALITY AS new (id, stage, args, rank, open, position)
         ORDER BY new.position",
        &[
            &video.0,
            &now.as_micros(),
            &rows.ids,
            &rows.stages,
            &rows.args,
            &rows.ranks,
            &rows.open,
        ],
    )
    .await?;
    if rows.open.contains(&0) {
        tx.wake();
    }
    tx.execute(
        "INSERT INTO job_deps (job_id, after_id, position)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[])",
        &[&rows.waiters, &rows.afters, &rows.positions],
    )
    .await?;
    Ok(())
}

/// Rows of two tables, column by column: one statement each, however many jobs there are.
#[derive(Default)]
struct Columns<'a> {
    ids: Vec<Uuid>,
    stages: Vec<&'static str>,
    args: Vec<Json<&'a serde_json::Value>>,
    ranks: Vec<i64>,
    open: Vec<i64>,
    waiters: Vec<Uuid>,
    afters: Vec<Uuid>,
    positions: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn add(&mut self, job: &'a NewJob, urgency: i64, open: usize) {
        self.ids.push(job.id.0);
        self.stages.push(job.stage.as_str());
        self.args.push(Json(&job.args));
        self.ranks.push(urgency);
        self.open.push(open as i64);
        for (position, after) in job.after.iter().enumerate() {
            self.waiters.push(job.id.0);
            self.afters.push(after.0);
            self.positions.push(position as i64);
        }
    }
}

/// Those of the jobs before them that are completed.
async fn completed(tx: &Tx, jobs: &[NewJob]) -> Result<HashSet<JobId>> {
    let before: Vec<Uuid> = jobs
        .iter()
        .flat_map(|job| &job.after)
        .map(|id| id.0)
        .collect();
    if before.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = tx
        .query(
            "SELECT id FROM jobs WHERE id = ANY ($1) AND state = 'completed'",
            &[&before],
        )
        .await?;
    let id = |row| Cells::of("jobs", row).get("id").map(JobId);
    rows.iter().map(id).collect()
}

/// The job of a lease that still holds, locked after its video.
pub(crate) async fn leased(tx: &Tx, lease: Lease) -> Result<Leased> {
    let (job, attempt) = (lease.job.0, i64::from(lease.attempt));
    // A job never changes its video, so that is read without a lock. Asked together: the server
    // answers in this order.
    let (_, found) = tx
        .both(
            (
                "SELECT id
                 FROM videos
                 WHERE id = (SELECT video_id FROM jobs WHERE id = $1)
                 FOR NO KEY UPDATE",
                &[&job],
            ),
            (
                "SELECT id, video_id, stage, attempt, attempts
                 FROM jobs
                 WHERE id = $1 AND state = 'running' AND attempt = $2 AND node_id = $3
                 FOR NO KEY UPDATE",
                &[&job, &attempt, &lease.node.0],
            ),
        )
        .await?;
    let row = found.first().ok_or(Fault::Said(Error::LeaseLost))?;
    decode_leased(row)
}

/// Jobs that nobody works on any more, locked after their videos: leases that ran out, and all of
/// `dead` nodes.
pub(crate) async fn abandoned(tx: &Tx, now: Timestamp, dead: &[NodeId]) -> Result<Vec<Leased>> {
    let dead: Vec<Uuid> = dead.iter().map(|node| node.0).collect();
    let locked = tx
        .query(
            "SELECT id
             FROM videos
             WHERE id IN (SELECT video_id
                          FROM jobs
                          WHERE state = 'running'
                            AND (lease_until <= $1 OR node_id = ANY ($2)))
             ORDER BY id
             FOR NO KEY UPDATE",
            &[&now.as_micros(), &dead],
        )
        .await?;
    if locked.is_empty() {
        return Ok(Vec::new());
    }
    let id = |row| Cells::of("videos", row).get::<Uuid>("id");
    let videos = locked.iter().map(id).collect::<Result<Vec<_>>>()?;
    // Looked at again: somebody else may have rescued them while this one waited.
    let rows = tx
        .query(
            "SELECT id, video_id, stage, attempt, attempts
             FROM jobs
             WHERE state = 'running' AND video_id = ANY ($3)
               AND (lease_until <= $1 OR node_id = ANY ($2))
             ORDER BY id
             FOR NO KEY UPDATE",
            &[&now.as_micros(), &dead, &videos],
        )
        .await?;
    rows.iter().map(decode_leased).collect()
}

fn decode_leased(row: &Row) -> Result<Leased> {
    let row = Cells::of("jobs", row);
    Ok(Leased {
        id: JobId(row.get("id")?),
        video: VideoId(row.get("video_id")?),
        stage: row.named("stage", Stage::from_name)?,
        attempt: row.count("attempt")?,
        attempts: row.count("attempts")?,
    })
}

impl Leased {
    /// Tells whether another attempt is allowed.
    pub(crate) const fn may_try_again(&self) -> bool {
        self.attempts < ATTEMPTS_MAX
    }

    /// What events about it name.
    pub(crate) const fn about(&self) -> (VideoId, JobId, Stage) {
        (self.video, self.id, self.stage)
    }

    /// Tells whether its video has ended.
    pub(crate) async fn is_over(&self, tx: &Tx) -> Result<bool> {
        Ok(video::expect(tx, self.video).await?.state.is_final())
    }
}

pub(crate) async fn heartbeat(
    tx: &Tx,
    now: Timestamp,
    leases: &[Lease],
    until: Timestamp,
) -> Result<Vec<Lease>> {
    // A lease that would end in the past keeps nothing.
    if leases.is_empty() || until <= now {
        return Ok(leases.to_vec());
    }
    let jobs: Vec<Uuid> = leases.iter().map(|lease| lease.job.0).collect();
    let attempts: Vec<i64> = leases.iter().map(|l| i64::from(l.attempt)).collect();
    let nodes: Vec<Uuid> = leases.iter().map(|lease| lease.node.0).collect();
    // Locked in the order of ids first. A clock set back must not shorten a lease that was
    // promised longer.
    let kept = tx
        .query(
            "WITH held AS MATERIALIZED (
                 SELECT jobs.id
                 FROM jobs
                 JOIN unnest($1::uuid[], $2::bigint[], $3::uuid[]) AS asked (id, attempt, node_id)
                      ON asked.id = jobs.id AND asked.attempt = jobs.attempt
                     AND asked.node_id = jobs.node_id
                 WHERE jobs.state = 'running'
                   AND NOT EXISTS (SELECT 1
                                   FROM videos
                                   WHERE videos.id = jobs.video_id
                                     AND videos.state = 'cancelled')
                 ORDER BY jobs.id
                 FOR NO KEY UPDATE OF jobs
             )
             UPDATE jobs
             SET lease_until = greatest(jobs.lease_until, $4)
             FROM held
             WHERE jobs.id = held.id
             RETURNING jobs.id, jobs.attempt, jobs.node_id",
            &[&jobs, &attempts, &nodes, &until.as_micros()],
        )
        .await?;
    let lease = |row| {
        let row = Cells::of("jobs", row);
        Ok(Lease {
            job: JobId(row.get("id")?),
            attempt: row.count("attempt")?,
            node: NodeId(row.get("node_id")?),
        })
    };
    let kept = kept.iter().map(lease).collect::<Result<HashSet<_>>>()?;
    let lost = leases.iter().filter(|lease| !kept.contains(lease));
    Ok(lost.copied().collect())
}

pub(crate) async fn list(db: &Connection, video: VideoId) -> Result<Vec<JobRow>> {
    let rows = db
        .query(
            "SELECT id, stage, state, args, output, attempts, error_code, error_text
             FROM jobs
             WHERE video_id = $1
             ORDER BY birth",
            &[&video.0],
        )
        .await?;
    let decode = |row| {
        let row = Cells::of("jobs", row);
        Ok(JobRow {
            id: JobId(row.get("id")?),
            video,
            stage: row.named("stage", Stage::from_name)?,
            state: row.named("state", JobState::from_name)?,
            args: row.get("args")?,
            output: row.get("output")?,
            attempts: row.count("attempts")?,
            error: row.failure("error_code", "error_text")?,
        })
    };
    rows.iter().map(decode).collect()
}
