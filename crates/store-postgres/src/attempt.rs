//! Statements about attempts. Each is noted when it ends; one that runs is in its job's row.

use store::{AttemptEnd, AttemptRow, JobExit, Lease};
use uuid::Uuid;
use ytempire_core::{JobId, NodeId, Stage, VideoId};

use crate::connection::{Connection, Question};
use crate::job::Leased;
use crate::sql::{self, Cells, Result};

/// Notes attempts that have ended, in the order in which they are given.
const END: &str = "\
    INSERT INTO attempts (job_id, attempt, birth, video_id, node_id, started_at, ended_at, outcome,
                          error_code, error_text)
    SELECT job_id, attempt, birth, video_id, node_id, started_at, $1, outcome, error_code, error_text
    FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::uuid[], $6::uuid[], $7::bigint[],
                $8::text[], $9::text[], $10::text[])
         AS ended (job_id, attempt, birth, video_id, node_id, started_at, outcome, error_code,
                   error_text)";

/// Ended attempts, column by column.
#[derive(Default)]
pub(crate) struct Columns {
    jobs: Vec<Uuid>,
    attempts: Vec<i64>,
    births: Vec<i64>,
    videos: Vec<Uuid>,
    nodes: Vec<Uuid>,
    starts: Vec<i64>,
    outcomes: Vec<&'static str>,
    codes: Vec<Option<&'static str>>,
    texts: Vec<Option<String>>,
}

impl Columns {
    pub(crate) fn add(&mut self, job: &Leased, exit: &JobExit<'_>) {
        self.jobs.push(job.id.0);
        self.attempts.push(job.attempt.into());
        self.births.push(job.claimed);
        self.videos.push(job.video.0);
        self.nodes.push(job.node.0);
        self.starts.push(job.started_at);
        self.outcomes.push(exit.end.as_str());
        self.codes.push(exit.error.map(|e| e.0.as_str()));
        let text = exit.error.map(|e| sql::words(e.1).into_owned());
        self.texts.push(text);
    }

    /// Notes that they ended `now`.
    pub(crate) fn note<'q>(&'q self, now: &'q i64) -> Question<'q> {
        (
            END,
            vec![
                now,
                &self.jobs,
                &self.attempts,
                &self.births,
                &self.videos,
                &self.nodes,
                &self.starts,
                &self.outcomes,
                &self.codes,
                &self.texts,
            ],
        )
    }
}

pub(crate) async fn list(db: &Connection, video: VideoId) -> Result<Vec<AttemptRow>> {
    let rows = db
        .query(
            "SELECT attempts.job_id AS id, attempts.attempt, attempts.node_id, jobs.stage,
                    attempts.started_at, attempts.ended_at, attempts.outcome,
                    attempts.error_code, attempts.error_text, attempts.birth
             FROM jobs
             JOIN attempts ON attempts.job_id = jobs.id
             WHERE jobs.video_id = $1
             UNION ALL
             SELECT id, attempt, node_id, stage, coalesce(started_at, created_at), NULL, NULL,
                    NULL, NULL, claimed
             FROM jobs
             WHERE video_id = $1 AND state = 'running'
             ORDER BY birth",
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
