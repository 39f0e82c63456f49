//! Statements about attempts: each is noted when it is claimed and when it ends.

use store::{AttemptEnd, AttemptRow, Lease, LeasedJob};
use uuid::Uuid;
use ytempire_core::{Code, JobId, NodeId, Stage, Timestamp, VideoId};

use crate::connection::{Connection, Tx};
use crate::job::Leased;
use crate::sql::{self, Cells, Result};

pub(crate) async fn begin(tx: &Tx, now: Timestamp, jobs: &[LeasedJob]) -> Result<()> {
    let ids: Vec<Uuid> = jobs.iter().map(|job| job.lease.job.0).collect();
    let attempts: Vec<i64> = jobs.iter().map(|job| job.lease.attempt.into()).collect();
    let videos: Vec<Uuid> = jobs.iter().map(|job| job.video.0).collect();
    let nodes: Vec<Uuid> = jobs.iter().map(|job| job.lease.node.0).collect();
    tx.execute(
        "INSERT INTO attempts (job_id, attempt, video_id, node_id, started_at)
         SELECT begun.job_id, begun.attempt, begun.video_id, begun.node_id, $5
         FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[])
              WITH ORDINALITY AS begun (job_id, attempt, video_id, node_id, position)
         ORDER BY begun.position",
        &[&ids, &attempts, &videos, &nodes, &now.as_micros()],
    )
    .await?;
    Ok(())
}

pub(crate) async fn end(
    tx: &Tx,
    now: Timestamp,
    job: &Leased,
    end: AttemptEnd,
    error: Option<(Code, &str)>,
) -> Result<()> {
    let code = error.map(|e| e.0.as_str());
    let text = error.map(|e| sql::words(e.1));
    tx.execute(
        "UPDATE attempts
         SET ended_at = $3, outcome = $4, error_code = $5, error_text = $6
         WHERE job_id = $1 AND attempt = $2 AND ended_at IS NULL",
        &[
            &job.id.0,
            &i64::from(job.attempt),
            &now.as_micros(),
            &end.as_str(),
            &code,
            &text.as_deref(),
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn list(db: &Connection, video: VideoId) -> Result<Vec<AttemptRow>> {
    let rows = db
        .query(
            "SELECT attempts.job_id AS id, attempts.attempt, attempts.node_id, jobs.stage,
                    attempts.started_at, attempts.ended_at, attempts.outcome,
                    attempts.error_code, attempts.error_text
             FROM attempts
             JOIN jobs ON jobs.id = attempts.job_id
             WHERE attempts.video_id = $1
             ORDER BY attempts.birth",
            &[&video.0],
        )
        .await?;
    let decode = |row| {
        let row = Cells::of("attempts", row);
        let ended = match row.time_or_none("ended_at")? {
            None => None,
            Some(at) => Some((at, row.named("outcome", AttemptEnd::from_name)?)),
        };
        Ok(AttemptRow {
            lease: Lease {
                job: JobId(row.get("id")?),
                attempt: row.count("attempt")?,
                node: NodeId(row.get("node_id")?),
            },
            stage: row.named("stage", Stage::from_name)?,
            started_at: row.time("started_at")?,
            ended,
            error: row.failure("error_code", "error_text")?,
        })
    };
    rows.iter().map(decode).collect()
}
