//! Statements about jobs: adding them, finding those of a lease, keeping leases.

use std::collections::HashSet;

use store::{ATTEMPTS_MAX, Error, JobRow, Lease, NewJob, urgency};
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;
use ytempire_core::{JobId, JobState, NodeId, Plant, Stage, Timestamp, VideoId};

use crate::claim;
use crate::connection::{Connection, Question, Tx};
use crate::sql::{Cells, Fault, Result};

/// What a guarded write needs to know of the job it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leased {
    pub(crate) id: JobId,
    pub(crate) video: VideoId,
    pub(crate) stage: Stage,
    pub(crate) attempt: u32,
    pub(crate) attempts: u32,
    pub(crate) node: NodeId,
    /// When this attempt was claimed.
    pub(crate) started_at: i64,
    /// The place of that in the order of claims.
    pub(crate) claimed: i64,
}

macro_rules! leased {
    ($rest:literal) => {
        concat!(
            "SELECT id, video_id, stage, attempt, attempts, node_id,
                    coalesce(started_at, created_at) AS started_at, coalesce(claimed, 0) AS claimed
             FROM jobs ",
            $rest
        )
    };
}

/// Locks the videos of jobs. A job never changes its video, so that is read without a lock.
pub(crate) const LOCK: &str = "\
    SELECT id, state, priority, turn
    FROM videos
    WHERE id = ANY (ARRAY(SELECT DISTINCT video_id FROM jobs WHERE id = ANY ($1)))
    ORDER BY id
    FOR NO KEY UPDATE";

/// Jobs that run, once their videos are locked. They need no locks of their own: whoever ends an
/// attempt holds its video's, claims take none that runs, and heartbeats change only when a lease
/// ends.
pub(crate) const RUNNING: &str = leased!("WHERE id = ANY ($1) AND state = 'running'");

/// Those of some jobs that are completed.
pub(crate) const COMPLETED: &str =
    "SELECT id FROM jobs WHERE id = ANY ($1) AND state = 'completed'";

const ADD: &str = "\
    INSERT INTO jobs (id, video_id, stage, state, args, rank, waiting_for, created_at,
                      scheduled_at, cpu_milli, memory_mib, vram_mib, encoder_sessions)
    SELECT id, video_id, stage,
           CASE WHEN open > 0 THEN 'waiting' WHEN $12::bigint IS NULL THEN 'available'
                ELSE 'scheduled' END,
           args, rank, open, $1, CASE WHEN open = 0 THEN $12 END, cpu_milli, memory_mib, vram_mib,
           encoder_sessions
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::json[], $6::bigint[], $7::bigint[],
                $8::integer[], $9::integer[], $10::integer[], $11::integer[])
         AS new (id, video_id, stage, args, rank, open, cpu_milli, memory_mib, vram_mib,
                 encoder_sessions)";

const DEPEND: &str = "\
    INSERT INTO job_deps (job_id, after_id, position)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[])";

/// Jobs to be added to videos that are locked, or that nobody sees yet; column by column: one
/// statement for each table, however many jobs there are.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    now: i64,
    start: Option<i64>,
    ids: Vec<Uuid>,
    videos: Vec<Uuid>,
    stages: Vec<&'static str>,
    args: Vec<Json<&'a serde_json::Value>>,
    ranks: Vec<i64>,
    open: Vec<i64>,
    needs: [Vec<i32>; 4],
    waiters: Vec<Uuid>,
    afters: Vec<Uuid>,
    positions: Vec<i64>,
}

impl<'a> Columns<'a> {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self {
            now: now.as_micros(),
            ..Self::default()
        }
    }

    /// Nothing of it begins before `start`, where that is still to come.
    pub(crate) fn not_before(&mut self, start: Option<Timestamp>) {
        let start = start.map(Timestamp::as_micros);
        self.start = start.filter(|start| *start > self.now);
    }

    /// Adds a job of a video of this priority and turn. Some of the jobs before it may have been
    /// completed already; none can be meanwhile.
    pub(crate) fn add(
        &mut self,
        (video, priority, turn): (VideoId, u8, i64),
        job: &'a NewJob,
        completed: &HashSet<JobId>,
    ) {
        let before: HashSet<JobId> = job.after.iter().copied().collect();
        self.ids.push(job.id.0);
        self.videos.push(video.0);
        self.stages.push(job.stage.as_str());
        self.args.push(Json(&job.args));
        self.ranks.push(urgency(priority, turn, job.rank));
        self.open.push(before.difference(completed).count() as i64);
        for (column, need) in self.needs.iter_mut().zip(claim::amounts(job.needs)) {
            column.push(need);
        }
        for (position, after) in job.after.iter().enumerate() {
            self.waiters.push(job.id.0);
            self.afters.push(after.0);
            self.positions.push(position as i64);
        }
    }

    /// The rank of the most urgent one that needs not wait.
    pub(crate) fn wakes(&self) -> Option<i64> {
        let free = self.ranks.iter().zip(&self.open);
        let free = free.filter(|(_, open)| **open == 0 && self.start.is_none());
        free.map(|(rank, _)| *rank).min()
    }

    /// Adds them, as far as there are any.
    pub(crate) fn insert(&self) -> impl Iterator<Item = Question<'_>> {
        let [cpu, memory, vram, encoders] = &self.needs;
        let add: Question<'_> = (
            ADD,
            vec![
                &self.now,
                &self.ids,
                &self.videos,
                &self.stages,
                &self.args,
                &self.ranks,
                &self.open,
                cpu,
                memory,
                vram,
                encoders,
                &self.start,
            ],
        );
        let depend: Question<'_> = (DEPEND, vec![&self.waiters, &self.afters, &self.positions]);
        let add = (!self.ids.is_empty()).then_some(add);
        let depend = (!self.waiters.is_empty()).then_some(depend);
        add.into_iter().chain(depend)
    }
}

/// The job of a lease that still holds; its video is locked from now on. Asks `more` in the same
/// journey, after that.
pub(crate) async fn leased_and(
    tx: &Tx,
    lease: Lease,
    more: Vec<Question<'_>>,
) -> Result<(Leased, Vec<Vec<Row>>)> {
    let jobs = vec![lease.job.0];
    let mut questions: Vec<Question<'_>> = vec![(RUNNING, vec![&jobs])];
    if !Plant::CheckThenAct.is_in() {
        questions.insert(0, (LOCK, vec![&jobs]));
    }
    let own = questions.len();
    questions.extend(more);
    let mut answers = tx.all(&questions).await?;
    let more = answers.split_off(own);
    let job = answers.last().and_then(|rows| rows.first());
    let job = job.map(decode_leased).transpose()?;
    let job = job.filter(|job| job.is(lease));
    Ok((job.ok_or(Fault::Said(Error::LeaseLost))?, more))
}

/// Jobs that nobody works on any more, locked after their videos: leases that ran out, and all of
/// `dead` nodes.
pub(crate) async fn abandoned(
    tx: &Tx,
    now: Timestamp,
    dead: &[NodeId],
) -> Result<(Vec<Row>, Vec<Leased>)> {
    let dead: Vec<Uuid> = dead.iter().map(|node| node.0).collect();
    let locked = tx
        .query(
            "SELECT id, state, priority, turn
             FROM videos
             WHERE id = ANY (ARRAY(SELECT DISTINCT video_id
                                   FROM jobs
                                   WHERE state = 'running'
                                     AND (lease_until <= $1 OR node_id = ANY ($2))))
             ORDER BY id
             FOR NO KEY UPDATE",
            &[&now.as_micros(), &dead],
        )
        .await?;
    if locked.is_empty() {
        return Ok((locked, Vec::new()));
    }
    let id = |row| Cells::of("videos", row).get::<Uuid>("id");
    let videos = locked.iter().map(id).collect::<Result<Vec<_>>>()?;
    // Looked at again: somebody else may have rescued them while this one waited.
    let rows = tx
        .query(
            leased!(
                "WHERE state = 'running' AND video_id = ANY ($3)
                   AND (lease_until <= $1 OR node_id = ANY ($2))
                 ORDER BY id
                 FOR NO KEY UPDATE"
            ),
            &[&now.as_micros(), &dead, &videos],
        )
        .await?;
    let jobs = rows.iter().map(decode_leased).collect::<Result<_>>()?;
    Ok((locked, jobs))
}

pub(crate) fn decode_leased(row: &Row) -> Result<Leased> {
    let row = Cells::of("jobs", row);
    Ok(Leased {
        id: JobId(row.get("id")?),
        video: VideoId(row.get("video_id")?),
        stage: row.named("stage", Stage::from_name)?,
        attempt: row.count("attempt")?,
        attempts: row.count("attempts")?,
        node: NodeId(row.get("node_id")?),
        started_at: row.get("started_at")?,
        claimed: row.get("claimed")?,
    })
}

impl Leased {
    /// Tells whether it runs by this lease.
    pub(crate) fn is(&self, lease: Lease) -> bool {
        (self.id, self.attempt, self.node) == (lease.job, lease.attempt, lease.node)
    }

    /// Tells whether another attempt is allowed.
    pub(crate) const fn may_try_again(&self) -> bool {
        self.attempts < ATTEMPTS_MAX
    }

    /// What events about it name.
    pub(crate) const fn about(&self) -> (VideoId, JobId, Stage) {
        (self.video, self.id, self.stage)
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
                 WHERE jobs.lease_until IS NOT NULL
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
