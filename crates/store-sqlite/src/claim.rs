//! Claiming: the most urgent available jobs that fit, under a lease.

use rusqlite::{Connection, Row, named_params};
use store::{
    ClaimRequest, Lease, LeasedJob, Limits, LineMode, Needs, Owner, Result, Room, Running,
};
use ytempire_core::{EventKind, JobId, Stage, Timestamp, VideoState};

use crate::{attempt, event, line, sql, video};

pub(crate) fn claim(
    tx: &Connection,
    now: Timestamp,
    request: &ClaimRequest,
) -> Result<Vec<LeasedJob>> {
    if line::get(tx)?.mode != LineMode::Running {
        return Ok(Vec::new());
    }
    tx.prepare_cached(
        "UPDATE jobs
         SET state = 'available', scheduled_at = NULL
         WHERE state = 'scheduled' AND scheduled_at <= ?1",
    )
    .and_then(|mut s| s.execute([now.as_micros()]))
    .map_err(sql::error)?;
    let mut claimed = chosen(tx, request)?;
    for job in &mut claimed {
        take(tx, request, job)?;
        attempt::begin(tx, now, job)?;
        job.inputs = inputs(tx, job.lease.job)?;
        if video::set_state(tx, now, job.video, VideoState::Running, None)? {
            line::begun(tx, video::turn(tx, job.video)?)?;
            let nothing = serde_json::json!({});
            event::about_video(tx, now, job.video, EventKind::VideoRunning, &nothing)?;
        }
    }
    Ok(claimed)
}

/// Jobs that may be claimed, the most urgent first; what has reached its limit is passed over.
const CANDIDATES: &str = "\
    SELECT id, video_id, stage, args, attempt, cpu_milli, memory_mib, vram_mib,
           encoder_sessions,
           iif(:limited, (SELECT account_id FROM videos WHERE videos.id = jobs.video_id),
               NULL) AS account_id,
           iif(:limited, (SELECT channel_id FROM videos WHERE videos.id = jobs.video_id),
               NULL) AS channel_id
    FROM jobs
    WHERE state = 'available'
      AND (:video IS NULL OR video_id = :video)
      AND (:only IS NULL OR id IN (SELECT value FROM json_each(:only)))
      AND stage IN (SELECT value FROM json_each(:stages))
      AND cpu_milli <= :cpu AND memory_mib <= :memory AND vram_mib <= :vram
      AND encoder_sessions <= :encoders
      AND (NOT :limited
           OR stage NOT IN (SELECT value FROM json_each(:full_stages))
              AND (SELECT account_id FROM videos WHERE videos.id = jobs.video_id)
                  NOT IN (SELECT value FROM json_each(:full_accounts))
              AND coalesce((SELECT channel_id
                            FROM videos
                            WHERE videos.id = jobs.video_id), '')
                  NOT IN (SELECT value FROM json_each(:full_channels)))
    ORDER BY rank, id
    LIMIT :sight";

/// What runs, where that is limited.
fn running(tx: &Connection, limits: &Limits) -> Result<Running> {
    let mut running = Running::default();
    if limits.is_none() {
        return Ok(running);
    }
    let mut statement = tx
        .prepare_cached(
            "SELECT jobs.stage, videos.account_id, videos.channel_id, count(*) AS jobs
             FROM jobs
             JOIN videos ON videos.id = jobs.video_id
             WHERE jobs.state = 'running'
             GROUP BY jobs.stage, videos.account_id, videos.channel_id",
        )
        .map_err(sql::error)?;
    let mut rows = statement.query([]).map_err(sql::error)?;
    while let Some(row) = rows.next().map_err(sql::error)? {
        let stage = sql::named(row, "jobs", "stage", Stage::from_name)?;
        running.add(owner(row)?, stage, row.get("jobs").map_err(sql::error)?);
    }
    Ok(running)
}

fn owner(row: &Row<'_>) -> Result<Owner> {
    let account = sql::parsed(row, "videos", "account_id")?;
    Ok((account, sql::parsed_or_none(row, "videos", "channel_id")?))
}

/// The most urgent jobs that fit together; one that would never fit isn't looked at.
fn chosen(tx: &Connection, request: &ClaimRequest) -> Result<Vec<LeasedJob>> {
    let stages: Vec<&str> = request.stages.iter().map(|stage| stage.as_str()).collect();
    let only = request.only.as_ref().map(sql::to_json).transpose()?;
    let Room {
        cpu_milli,
        memory_mib,
        vram_mib,
        encoder_sessions,
    } = request.room;
    let limits = &request.limits;
    let mut running = running(tx, limits)?;
    let full_stages: Vec<&str> = {
        let full = running.full_stages(limits);
        full.iter().map(|stage| stage.as_str()).collect()
    };
    let mut statement = tx.prepare_cached(CANDIDATES).map_err(sql::error)?;
    let mut rows = statement
        .query(named_params! {
            ":video": request.video.map(|id| id.to_string()),
            ":only": only,
            ":stages": sql::to_json(&stages)?,
            ":cpu": cpu_milli.unwrap_or(u32::MAX),
            ":memory": memory_mib.unwrap_or(u32::MAX),
            ":vram": vram_mib.unwrap_or(u32::MAX),
            ":encoders": encoder_sessions.unwrap_or(u32::MAX),
            ":limited": !limits.is_none(),
            ":full_stages": sql::to_json(&full_stages)?,
            ":full_accounts": sql::to_json(&running.full_accounts(limits))?,
            ":full_channels": sql::to_json(&running.full_channels(limits))?,
            ":sight": request.sight(),
        })
        .map_err(sql::error)?;
    let (mut chosen, mut room) = (Vec::new(), request.room);
    while chosen.len() < request.max as usize
        && let Some(row) = rows.next().map_err(sql::error)?
    {
        let job = leased_job(row, request)?;
        let mut left = room;
        if !left.take(job.needs) {
            continue;
        }
        if !limits.is_none() && !running.take(limits, owner(row)?, job.stage) {
            continue;
        }
        room = left;
        chosen.push(job);
    }
    Ok(chosen)
}

fn take(tx: &Connection, request: &ClaimRequest, job: &LeasedJob) -> Result<()> {
    tx.prepare_cached(
        "UPDATE jobs
         SET state = 'running', attempt = :attempt, attempts = attempts + 1, node_id = :node,
             lease_until = :until
         WHERE id = :id AND state = 'available'",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":id": job.lease.job.to_string(),
            ":attempt": job.lease.attempt,
            ":node": request.node.to_string(),
            ":until": request.lease_until.as_micros(),
        })
    })
    .map(drop)
    .map_err(sql::error)
}

fn leased_job(row: &Row<'_>, request: &ClaimRequest) -> Result<LeasedJob> {
    let before: u32 = row.get("attempt").map_err(sql::error)?;
    let need = |column| row.get(column).map_err(sql::error);
    let lease = Lease {
        job: sql::parsed(row, "jobs", "id")?,
        attempt: before + 1,
        node: request.node,
    };
    Ok(LeasedJob {
        lease,
        video: sql::parsed(row, "jobs", "video_id")?,
        stage: sql::named(row, "jobs", "stage", Stage::from_name)?,
        args: sql::json(row, "jobs", "args")?,
        inputs: Vec::new(),
        needs: Needs {
            cpu_milli: need("cpu_milli")?,
            memory_mib: need("memory_mib")?,
            vram_mib: need("vram_mib")?,
            encoder_sessions: need("encoder_sessions")?,
        },
    })
}

fn inputs(tx: &Connection, job: JobId) -> Result<Vec<serde_json::Value>> {
    let mut statement = tx
        .prepare_cached(
            "SELECT jobs.id, jobs.output
             FROM job_deps
             JOIN jobs ON jobs.id = job_deps.after_id
             WHERE job_deps.job_id = ?1
             ORDER BY job_deps.position",
        )
        .map_err(sql::error)?;
    let mut rows = statement.query([job.to_string()]).map_err(sql::error)?;
    let mut inputs = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        inputs.push(sql::json(row, "jobs", "output")?);
    }
    Ok(inputs)
}
