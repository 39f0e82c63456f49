//! Statements about jobs: adding and keeping them.

use rusqlite::{Connection, Row, named_params};
use store::{ATTEMPTS_MAX, Error, JobRow, Lease, NewJob, Result, urgency};
use ytempire_core::{JobId, JobState, Stage, Timestamp, VideoId};

use crate::sql;

/// What a guarded write needs to know of the job it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leased {
    pub(crate) id: JobId,
    pub(crate) video: VideoId,
    pub(crate) stage: Stage,
    pub(crate) attempt: u32,
    pub(crate) attempts: u32,
}

pub(crate) fn add(tx: &Connection, now: Timestamp, video: VideoId, jobs: &[NewJob]) -> Result<()> {
    let (priority, turn) = tx
        .prepare_cached("SELECT priority, turn FROM videos WHERE id = ?1")
        .and_then(|mut s| s.query_row([video.to_string()], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(sql::error)?;
    for job in jobs {
        insert(tx, now, video, job, urgency(priority, turn, job.rank))?;
    }
    for job in jobs {
        for (position, after) in job.after.iter().enumerate() {
            tx.prepare_cached(
                "INSERT INTO job_deps (job_id, after_id, position) VALUES (?1, ?2, ?3)",
            )
            .and_then(|mut s| s.execute((job.id.to_string(), after.to_string(), position as i64)))
            .map_err(sql::error)?;
        }
    }
    // Some of the jobs before them may have been completed already. Counted once the edges are
    // there, so that a job before it in the same batch counts too.
    for job in jobs {
        tx.prepare_cached(
            "UPDATE jobs
             SET waiting_for = open.n, state = iif(open.n = 0, 'available', 'waiting')
             FROM (SELECT count(DISTINCT earlier.id) AS n
                   FROM job_deps
                   JOIN jobs AS earlier ON earlier.id = job_deps.after_id
                   WHERE job_deps.job_id = ?1 AND earlier.state <> 'completed') AS open
             WHERE id = ?1",
        )
        .and_then(|mut s| s.execute([job.id.to_string()]))
        .map_err(sql::error)?;
    }
    Ok(())
}

fn insert(
    tx: &Connection,
    now: Timestamp,
    video: VideoId,
    job: &NewJob,
    urgency: i64,
) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO jobs (id, video_id, stage, state, args, rank, waiting_for, created_at,
                           cpu_milli, memory_mib, vram_mib, encoder_sessions)
         VALUES (:id, :video, :stage, 'waiting', :args, :rank, :waiting, :now,
                 :cpu, :memory, :vram, :encoders)",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":id": job.id.to_string(),
            ":video": video.to_string(),
            ":stage": job.stage.as_str(),
            ":args": job.args.to_string(),
            ":rank": urgency,
            ":waiting": job.after.len() as i64,
            ":now": now.as_micros(),
            ":cpu": job.needs.cpu_milli,
            ":memory": job.needs.memory_mib,
            ":vram": job.needs.vram_mib,
            ":encoders": job.needs.encoder_sessions,
        })
    })
    .map(drop)
    .map_err(sql::error)
}

/// The job of a lease that still holds.
pub(crate) fn leased(tx: &Connection, lease: Lease) -> Result<Leased> {
    let mut statement = tx
        .prepare_cached(
            "SELECT id, video_id, stage, attempt, attempts
             FROM jobs
             WHERE id = ?1 AND state = 'running' AND attempt = ?2 AND node_id = ?3",
        )
        .map_err(sql::error)?;
    let params = (lease.job.to_string(), lease.attempt, lease.node.to_string());
    let mut rows = statement.query(params).map_err(sql::error)?;
    let row = rows.next().map_err(sql::error)?.ok_or(Error::LeaseLost)?;
    decode_leased(row)
}

/// Jobs that nobody works on any more: leases that ran out, and all of `dead` nodes.
pub(crate) fn abandoned(tx: &Connection, now: Timestamp, dead: &[String]) -> Result<Vec<Leased>> {
    let mut statement = tx
        .prepare_cached(
            "SELECT id, video_id, stage, attempt, attempts
             FROM jobs
             WHERE state = 'running'
               AND (lease_until <= ?1 OR node_id IN (SELECT value FROM json_each(?2)))",
        )
        .map_err(sql::error)?;
    let mut rows = statement
        .query((now.as_micros(), sql::to_json(&dead)?))
        .map_err(sql::error)?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        jobs.push(decode_leased(row)?);
    }
    Ok(jobs)
}

fn decode_leased(row: &Row<'_>) -> Result<Leased> {
    Ok(Leased {
        id: sql::parsed(row, "jobs", "id")?,
        video: sql::parsed(row, "jobs", "video_id")?,
        stage: sql::named(row, "jobs", "stage", Stage::from_name)?,
        attempt: row.get("attempt").map_err(sql::error)?,
        attempts: row.get("attempts").map_err(sql::error)?,
    })
}

impl Leased {
    /// Tells whether another attempt is allowed.
    pub(crate) const fn may_try_again(&self) -> bool {
        self.attempts < ATTEMPTS_MAX
    }
}

pub(crate) fn heartbeat(
    tx: &Connection,
    now: Timestamp,
    leases: &[Lease],
    until: Timestamp,
) -> Result<Vec<Lease>> {
    let mut lost = Vec::new();
    for lease in leases {
        // A clock set back must not shorten a lease that was promised longer.
        let kept = tx
            .prepare_cached(
                "UPDATE jobs
                 SET lease_until = max(lease_until, :until)
                 WHERE id = :id AND state = 'running' AND attempt = :attempt AND node_id = :node
                   AND :until > :now
                   AND NOT EXISTS (SELECT 1
                                   FROM videos
                                   WHERE videos.id = jobs.video_id
                                     AND videos.state = 'cancelled')",
            )
            .and_then(|mut s| {
                s.execute(named_params! {
                    ":id": lease.job.to_string(),
                    ":attempt": lease.attempt,
                    ":node": lease.node.to_string(),
                    ":until": until.as_micros(),
                    ":now": now.as_micros(),
                })
            })
            .map_err(sql::error)?;
        if kept == 0 {
            lost.push(*lease);
        }
    }
    Ok(lost)
}

pub(crate) fn list(db: &Connection, video: VideoId) -> Result<Vec<JobRow>> {
    let mut statement = db
        .prepare_cached(
            "SELECT id, video_id, stage, state, args, output, attempts, error_code, error_text
             FROM jobs
             WHERE video_id = ?1
             ORDER BY rowid",
        )
        .map_err(sql::error)?;
    let mut rows = statement.query([video.to_string()]).map_err(sql::error)?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        let output: Option<String> = row.get("output").map_err(sql::error)?;
        let failed: Option<String> = row.get("error_code").map_err(sql::error)?;
        let text: Option<String> = row.get("error_text").map_err(sql::error)?;
        jobs.push(JobRow {
            id: sql::parsed(row, "jobs", "id")?,
            video,
            stage: sql::named(row, "jobs", "stage", Stage::from_name)?,
            state: sql::named(row, "jobs", "state", JobState::from_name)?,
            args: sql::json(row, "jobs", "args")?,
            output: output
                .map(|_| sql::json(row, "jobs", "output"))
                .transpose()?,
            attempts: row.get("attempts").map_err(sql::error)?,
            error: failed.and_then(|name| Some((sql::code(&name)?, text.unwrap_or_default()))),
        });
    }
    Ok(jobs)
}
