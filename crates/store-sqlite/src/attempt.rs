//! Statements about attempts: each is noted when it is claimed and when it ends.

use rusqlite::{Connection, Row, named_params};
use store::{AttemptEnd, AttemptRow, Lease, LeasedJob, Result};
use ytempire_core::{Code, Stage, Timestamp, VideoId};

use crate::job::Leased;
use crate::sql;

pub(crate) fn begin(tx: &Connection, now: Timestamp, job: &LeasedJob) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO attempts (job_id, attempt, video_id, node_id, started_at)
         VALUES (:job, :attempt, :video, :node, :now)",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":job": job.lease.job.to_string(),
            ":attempt": job.lease.attempt,
            ":video": job.video.to_string(),
            ":node": job.lease.node.to_string(),
            ":now": now.as_micros(),
        })
    })
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn end(
    tx: &Connection,
    now: Timestamp,
    job: &Leased,
    end: AttemptEnd,
    error: Option<(Code, &str)>,
) -> Result<()> {
    tx.prepare_cached(
        "UPDATE attempts
         SET ended_at = :now, outcome = :end, error_code = :code, error_text = :text
         WHERE job_id = :job AND attempt = :attempt AND ended_at IS NULL",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":now": now.as_micros(),
            ":end": end.as_str(),
            ":code": error.map(|e| e.0.as_str()),
            ":text": error.map(|e| e.1),
            ":job": job.id.to_string(),
            ":attempt": job.attempt,
        })
    })
    .map(drop)
    .map_err(sql::error)
}

pub(crate) fn list(db: &Connection, video: VideoId) -> Result<Vec<AttemptRow>> {
    let mut statement = db
        .prepare_cached(
            "SELECT attempts.job_id AS id, attempts.attempt, attempts.node_id, jobs.stage,
                    attempts.started_at, attempts.ended_at, attempts.outcome,
                    attempts.error_code, attempts.error_text
             FROM attempts
             JOIN jobs ON jobs.id = attempts.job_id
             WHERE attempts.video_id = ?1
             ORDER BY attempts.started_at, attempts.rowid",
        )
        .map_err(sql::error)?;
    let mut rows = statement.query([video.to_string()]).map_err(sql::error)?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next().map_err(sql::error)? {
        attempts.push(decode(row)?);
    }
    Ok(attempts)
}

fn decode(row: &Row<'_>) -> Result<AttemptRow> {
    let ended: Option<i64> = row.get("ended_at").map_err(sql::error)?;
    let ended = match ended {
        None => None,
        Some(at) => {
            let end = sql::named(row, "attempts", "outcome", AttemptEnd::from_name)?;
            Some((Timestamp::from_micros(at), end))
        }
    };
    let code: Option<String> = row.get("error_code").map_err(sql::error)?;
    let text: Option<String> = row.get("error_text").map_err(sql::error)?;
    Ok(AttemptRow {
        lease: Lease {
            job: sql::parsed(row, "attempts", "id")?,
            attempt: row.get("attempt").map_err(sql::error)?,
            node: sql::parsed(row, "attempts", "node_id")?,
        },
        stage: sql::named(row, "attempts", "stage", Stage::from_name)?,
        started_at: Timestamp::from_micros(row.get("started_at").map_err(sql::error)?),
        ended,
        error: code.and_then(|code| Some((sql::code(&code)?, text.unwrap_or_default()))),
    })
}
