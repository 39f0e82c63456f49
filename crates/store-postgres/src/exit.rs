//! Statements about jobs and videos that end.

use tokio_postgres::types::Json;
use uuid::Uuid;
use ytempire_core::{Plant, Timestamp};

use crate::attempt;
use crate::connection::Question;
use crate::ends::Ends;
use crate::sql;

/// Takes jobs out of `running`. Their videos are locked, and so nobody else does. A job runs if and
/// only if its lease has an end, as a constraint says; asked by its state, the planner would walk the
/// index of all that run, and of all that ran while a snapshot is held.
const LEAVE: &str = "\
    UPDATE jobs
    SET state = ended.state, node_id = NULL, lease_until = NULL, started_at = NULL, claimed = NULL,
        scheduled_at = ended.due, finalized_at = CASE WHEN ended.final THEN $1::bigint END,
        attempts = jobs.attempts - ended.uncounted, output = coalesce(ended.output, jobs.output),
        error_code = coalesce(ended.error_code, jobs.error_code),
        error_text = coalesce(ended.error_text, jobs.error_text)
    FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::bigint[], $6::boolean[], $7::bigint[],
                $8::json[], $9::text[], $10::text[])
         AS ended (id, attempt, state, due, final, uncounted, output, error_code, error_text)
    WHERE jobs.id = ended.id AND jobs.lease_until IS NOT NULL AND jobs.attempt = ended.attempt
    RETURNING jobs.id";

/// Makes available what waited for these jobs alone. A counter, not a search for unfinished jobs:
/// two last jobs that end together can't strand the one that waits for both, as the lock of their
/// video lets them end one after the other.
macro_rules! release {
    ($when:literal) => {
        concat!(
            "UPDATE jobs
             SET waiting_for = jobs.waiting_for - before.ended,
                 state = CASE WHEN ",
            $when,
            "                 THEN 'available' ELSE jobs.state END
             FROM (SELECT job_id, count(DISTINCT after_id) AS ended
                   FROM job_deps
                   WHERE after_id = ANY ($1)
                   GROUP BY job_id) AS before
             WHERE jobs.id = before.job_id AND jobs.state = 'waiting'
             RETURNING jobs.rank, jobs.state = 'available' AS available"
        )
    };
}

/// Cancels what of these videos hasn't begun; running jobs end by themselves. A claim may be taking
/// some of them just now: this waits for it, and leaves those alone.
const CANCEL: &str = "\
    WITH open AS MATERIALIZED (
        SELECT id
        FROM jobs
        WHERE video_id = ANY ($2) AND state IN ('waiting', 'scheduled', 'available')
        ORDER BY id
        FOR NO KEY UPDATE
    )
    UPDATE jobs
    SET state = 'cancelled', finalized_at = $1, scheduled_at = NULL
    FROM open
    WHERE jobs.id = open.id";

/// Those of some videos that have no open job. The youngest are looked at first: those end last.
const READY: &str = "\
    SELECT id
    FROM unnest($1::uuid[]) AS asked (id)
    WHERE (SELECT true
           FROM jobs
           WHERE jobs.video_id = asked.id AND finalized_at IS NULL
           ORDER BY birth DESC
           LIMIT 1) IS NULL";

/// Writes what ends mean for videos.
const VIDEOS: &str = "\
    UPDATE videos
    SET state = ended.state, title = coalesce(ended.title, videos.title),
        finalized_at = CASE WHEN ended.ends THEN $1::bigint ELSE videos.finalized_at END,
        failure_code = coalesce(ended.failure_code, videos.failure_code),
        failure_text = coalesce(ended.failure_text, videos.failure_text)
    FROM unnest($2::uuid[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[])
         AS ended (id, state, ends, title, failure_code, failure_text)
    WHERE videos.id = ended.id";

/// Jobs that end, column by column, in the order of their ids: heartbeats lock them in that order,
/// too.
#[derive(Default)]
pub(crate) struct Jobs<'a> {
    now: i64,
    ids: Vec<Uuid>,
    numbers: Vec<i64>,
    states: Vec<&'static str>,
    due: Vec<Option<i64>>,
    finals: Vec<bool>,
    uncounted: Vec<i64>,
    outputs: Vec<Option<Json<&'a serde_json::Value>>>,
    codes: Vec<Option<&'static str>>,
    texts: Vec<Option<String>>,
    attempts: attempt::Columns,
    completed: Vec<Uuid>,
    broken: Vec<Uuid>,
}

impl<'a> Jobs<'a> {
    pub(crate) fn of(now: Timestamp, ends: &Ends<'a>) -> Self {
        let mut columns = Self {
            now: now.as_micros(),
            completed: ends.completed.iter().map(|id| id.0).collect(),
            broken: ends.broken().map(|id| id.0).collect(),
            ..Self::default()
        };
        let mut exits: Vec<_> = ends.exits.iter().collect();
        exits.sort_unstable_by_key(|exit| exit.job.id);
        for ended in exits {
            let (job, exit) = (&ended.job, &ended.how);
            columns.ids.push(job.id.0);
            columns.numbers.push(job.attempt.into());
            columns.states.push(exit.next.as_str());
            columns.due.push(exit.due.map(Timestamp::as_micros));
            columns.finals.push(exit.next.is_final());
            columns.uncounted.push(ended.uncounted.into());
            columns.outputs.push(ended.output.map(Json));
            columns.codes.push(exit.error.map(|e| e.0.as_str()));
            let text = exit.error.map(|e| sql::words(e.1).into_owned());
            columns.texts.push(text);
            columns.attempts.add(job, exit);
        }
        columns
    }

    /// How many end.
    pub(crate) const fn count(&self) -> usize {
        self.ids.len()
    }

    /// Ends them.
    pub(crate) fn leave(&self) -> Option<Question<'_>> {
        let question: Question<'_> = (
            LEAVE,
            vec![
                &self.now,
                &self.ids,
                &self.numbers,
                &self.states,
                &self.due,
                &self.finals,
                &self.uncounted,
                &self.outputs,
                &self.codes,
                &self.texts,
            ],
        );
        (!self.ids.is_empty()).then_some(question)
    }

    /// Notes their attempts.
    pub(crate) fn note(&self) -> Option<Question<'_>> {
        let note = self.attempts.note(&self.now);
        (!self.ids.is_empty()).then_some(note)
    }

    /// Releases what waited for them.
    pub(crate) fn release(&self) -> Option<Question<'_>> {
        let release = if Plant::FirstParent.is_in() {
            release!("true")
        } else {
            release!("jobs.waiting_for = before.ended")
        };
        let question: Question<'_> = (release, vec![&self.completed]);
        (!self.completed.is_empty()).then_some(question)
    }

    /// Cancels the rest of their videos, where those are broken.
    pub(crate) fn cancel(&self) -> Option<Question<'_>> {
        let question: Question<'_> = (CANCEL, vec![&self.now, &self.broken]);
        (!self.broken.is_empty()).then_some(question)
    }
}

/// Asks which of `videos` are ready.
pub(crate) fn ready(videos: &Vec<Uuid>) -> Option<Question<'_>> {
    (!videos.is_empty()).then_some((READY, vec![videos]))
}

/// Videos that change, column by column.
#[derive(Default)]
pub(crate) struct Videos {
    now: i64,
    ids: Vec<Uuid>,
    states: Vec<&'static str>,
    ends: Vec<bool>,
    titles: Vec<Option<String>>,
    codes: Vec<Option<&'static str>>,
    texts: Vec<Option<String>>,
}

impl Videos {
    pub(crate) fn of(now: Timestamp, ends: &Ends<'_>) -> Self {
        let mut columns = Self {
            now: now.as_micros(),
            ..Self::default()
        };
        for (id, video) in &ends.videos {
            if !video.ends && video.title.is_none() {
                continue;
            }
            columns.ids.push(id.0);
            columns.states.push(video.state.as_str());
            columns.ends.push(video.ends);
            let title = video.title.map(|title| sql::words(title).into_owned());
            columns.titles.push(title);
            let failure = video.failure.as_ref();
            columns.codes.push(failure.map(|f| f.0.as_str()));
            let text = failure.map(|f| sql::words(&f.1).into_owned());
            columns.texts.push(text);
        }
        columns
    }

    /// Writes them, if there are any.
    pub(crate) fn write(&self) -> Option<Question<'_>> {
        let question: Question<'_> = (
            VIDEOS,
            vec![
                &self.now,
                &self.ids,
                &self.states,
                &self.ends,
                &self.titles,
                &self.codes,
                &self.texts,
            ],
        );
        (!self.ids.is_empty()).then_some(question)
    }
}
