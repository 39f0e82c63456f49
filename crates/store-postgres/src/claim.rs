//! Claiming: the most urgent available jobs, under a lease, at once by any number of nodes.

use std::collections::HashMap;

use serde_json::Value;
use store::{ClaimRequest, Lease, LeasedJob, Needs, Room};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;
use ytempire_core::{JobId, Plant, Stage, Timestamp, VideoId};

use crate::connection::{Question, Tx};
use crate::cursor::{From, Place};
use crate::sql::{Cells, Result};
use crate::{ends::Ends, event, limits, money::Money};

/// Makes available what was scheduled for a time that has come.
const PROMOTE: &str = "\
    WITH due AS MATERIALIZED (
        SELECT id
        FROM jobs
        WHERE state = 'scheduled' AND scheduled_at <= $1
          AND (SELECT mode FROM line) = 'running'
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE jobs
    SET state = 'available', scheduled_at = NULL
    FROM due
    WHERE jobs.id = due.id";

/// The most urgent jobs that may be claimed and that `$which` lets through, locked.
macro_rules! locked {
    ($which:literal) => {
        locked!("", $which, "FOR NO KEY UPDATE OF jobs SKIP LOCKED")
    };
    ($columns:literal, $which:literal, $lock:literal) => {
        concat!(
            " AS MATERIALIZED (
                 SELECT id, video_id, stage, rank, attempt, cpu_milli, memory_mib, vram_mib,
                        encoder_sessions,
                        (SELECT videos.state
                         FROM videos
                         WHERE videos.id = jobs.video_id) AS video_state",
            $columns,
            "    FROM jobs
                 WHERE state = 'available' AND stage = ANY ($1)
                   AND cpu_milli <= $3 AND memory_mib <= $4 AND vram_mib <= $5
                   AND encoder_sessions <= $6
                   AND (SELECT mode FROM line) = 'running'
                   AND ",
            $which,
            $lock,
            ")"
        )
    };
}

/// Locks the most urgent jobs that may be claimed, `$from` somewhere, skipping those that others are
/// just taking, and the queued videos that they would begin. A video that others are just beginning
/// is passed over: who waited for it might wait for who waits for us.
///
/// Jobs before videos is the wrong order of locks, but nothing is waited for here. A video's state is
/// read without a lock first: one that has ended meanwhile has no available jobs any more.
macro_rules! candidates {
    ($outer:literal, $from:expr) => {
        concat!(
            "WITH ",
            $from,
            ", begun AS MATERIALIZED (
                 SELECT id
                 FROM videos
                 WHERE state = 'queued'
                   AND id = ANY (ARRAY(SELECT DISTINCT video_id
                                       FROM chosen
                                       WHERE video_state = 'queued'))
                 FOR NO KEY UPDATE SKIP LOCKED
             )
             SELECT id, video_id, stage, rank, attempt, cpu_milli, memory_mib, vram_mib,
                    encoder_sessions, video_state = 'running' AS runs,
                    video_id IN (SELECT id FROM begun) AS begins",
            $outer,
            " FROM chosen
             ORDER BY rank, id"
        )
    };
}

/// Of one video: it has few jobs.
const OF_VIDEO: &str = candidates!(
    "",
    concat!(
        "chosen",
        locked!("video_id = $7 ORDER BY rank, id LIMIT $2 ")
    )
);

/// Of those that are named.
const OF_THESE: &str = candidates!(
    "",
    concat!(
        "chosen",
        locked!("id = ANY ($7) ORDER BY rank, id LIMIT $2 ")
    )
);

/// Of all: those above a rank, then those behind a place.
const OF_ALL: &str = candidates!(
    "",
    concat!(
        "above",
        locked!("rank < $7 ORDER BY rank, id LIMIT $2 "),
        ", behind",
        locked!(
            "(rank, id) > ($8, $9)
             ORDER BY rank, id
             LIMIT $2 - (SELECT count(*) FROM above) "
        ),
        ", chosen AS MATERIALIZED (SELECT * FROM above UNION ALL SELECT * FROM behind)"
    )
);

/// Candidates where there are limits: what has reached its own is passed over. `$7` is the video that
/// alone is asked for, `$8` and `$9` are limits of stages, `$10` is that of each account, `$11` are the jobs
/// that alone are asked for, `$12` is the limit of each channel.
const LIMITED: &str = candidates!(
    ", account_id, channel_id",
    concat!(
        "chosen",
        locked!(
            ", (SELECT videos.account_id
                FROM videos
                WHERE videos.id = jobs.video_id) AS account_id,
               (SELECT videos.channel_id
                FROM videos
                WHERE videos.id = jobs.video_id) AS channel_id ",
            "($7::uuid IS NULL OR video_id = $7)
             AND ($11::uuid[] IS NULL OR id = ANY ($11))
             AND stage <> ALL (ARRAY(
                     SELECT limited.stage
                     FROM unnest($8::text[], $9::bigint[]) AS limited (stage, most)
                     WHERE (SELECT count(*)
                            FROM jobs AS running
                            WHERE running.state = 'running' AND running.stage = limited.stage)
                           >= limited.most))
             AND ($10::bigint IS NULL
                  OR (SELECT videos.account_id FROM videos WHERE videos.id = jobs.video_id)
                     <> ALL (ARRAY(
                         SELECT videos.account_id
                         FROM jobs AS running
                         JOIN videos ON videos.id = running.video_id
                         WHERE running.state = 'running'
                         GROUP BY videos.account_id
                         HAVING count(*) >= $10)))
             AND ($12::bigint IS NULL
                  OR coalesce((SELECT videos.channel_id
                               FROM videos
                               WHERE videos.id = jobs.video_id)
                              <> ALL (ARRAY(
                                  SELECT videos.channel_id
                                  FROM jobs AS running
                                  JOIN videos ON videos.id = running.video_id
                                  WHERE running.state = 'running'
                                    AND videos.channel_id IS NOT NULL
                                  GROUP BY videos.channel_id
                                  HAVING count(*) >= $12)), true))
             ORDER BY rank, id
             LIMIT $2 ",
            "FOR NO KEY UPDATE OF jobs SKIP LOCKED"
        )
    )
);

/// What [`Plant::SharedClaim`] puts in the place of [`OF_ALL`]: nothing is locked.
const UNLOCKED: &str = candidates!(
    "",
    concat!(
        "chosen",
        locked!(
            "",
            "rank >= least($7, $8) AND $9::uuid IS NOT NULL ORDER BY rank, id LIMIT $2 ",
            ""
        )
    )
);

/// What it puts in the place of [`OF_THESE`].
const UNLOCKED_THESE: &str = candidates!(
    "",
    concat!(
        "chosen",
        locked!("", "id = ANY ($7) ORDER BY rank, id LIMIT $2 ", "")
    )
);

macro_rules! take {
    ($guard:literal) => {
        concat!(
            "UPDATE jobs
             SET state = 'running', attempt = jobs.attempt + 1, attempts = jobs.attempts + 1,
                 node_id = $2, lease_until = $3, started_at = $1, claimed = nextval('claims')
             FROM unnest($4::uuid[]) AS chosen (id)
             WHERE jobs.id = chosen.id",
            $guard,
            " RETURNING jobs.id, jobs.args"
        )
    };
}

const BEGIN: &str = "UPDATE videos SET state = 'running' WHERE id = ANY ($1) AND state = 'queued'";

const INPUTS: &str = "\
    SELECT job_deps.job_id AS id, jobs.output
    FROM job_deps
    JOIN jobs ON jobs.id = job_deps.after_id
    WHERE job_deps.job_id = ANY ($1)
    ORDER BY job_deps.job_id, job_deps.position";

/// How often a claim asks again that found jobs but could begin none of their videos: who was
/// beginning them will have ended by then.
const AGAIN_MAX: u32 = 2;

pub(crate) async fn claim(
    tx: &Tx,
    now: Timestamp,
    request: &ClaimRequest,
    from: From,
) -> Result<(Vec<LeasedJob>, Option<Place>)> {
    let ask = Ask::of(now, request, from);
    let mut chosen = Chosen::default();
    for _ in 0..=AGAIN_MAX {
        let mut answers = tx.all(&ask.first()).await?;
        let candidates = ask.found(&mut answers);
        let none = candidates.jobs.is_empty();
        chosen = choose(tx, &ask, candidates).await?;
        if none || !chosen.ids.is_empty() {
            break;
        }
    }
    if chosen.ids.is_empty() {
        return Ok((Vec::new(), None));
    }
    let mut ends = Ends::over(now, &[], &[], Money::default())?;
    for id in chosen.begun() {
        ends.begins(id);
    }
    let events = event::Columns::of(&ends.told);
    let mut questions = chosen.take(&ask);
    questions.extend(events.append());
    let answers = tx.commit_with(&questions).await?;
    let place = chosen.place;
    Ok((chosen.leased(&answers)?, place))
}

/// Chooses among candidates, and looks further where some don't fit beside the others.
pub(crate) async fn choose(tx: &Tx, ask: &Ask<'_>, mut candidates: Candidates) -> Result<Chosen> {
    let chosen = ask.choose(&candidates)?;
    if !(chosen.crowded && candidates.jobs.len() as i64 == ask.max && ask.sight > ask.max) {
        return Ok(chosen);
    }
    // Those of before are ours already and come again.
    candidates.jobs = tx.all(&[ask.candidates(&ask.sight)]).await?.swap_remove(0);
    ask.choose(&candidates)
}

/// What a job needs, as its columns have it.
pub(crate) fn amounts(needs: Needs) -> [i32; 4] {
    let amount = |need: u32| i32::try_from(need).unwrap_or(i32::MAX);
    [
        amount(needs.cpu_milli),
        amount(needs.memory_mib),
        amount(needs.vram_mib),
        amount(needs.encoder_sessions),
    ]
}

/// A claim, ready to be asked.
pub(crate) struct Ask<'a> {
    request: &'a ClaimRequest,
    now: i64,
    until: i64,
    stages: Vec<&'static str>,
    video: Option<Uuid>,
    only: Option<Vec<Uuid>>,
    from: From,
    max: i64,
    sight: i64,
    room: [i32; 4],
    limits: Option<limits::Columns<'a>>,
}

/// Jobs that may be claimed, and what runs, where that is limited.
#[derive(Default)]
pub(crate) struct Candidates {
    jobs: Vec<Row>,
    running: Vec<Row>,
}

impl<'a> Ask<'a> {
    pub(crate) fn of(now: Timestamp, request: &'a ClaimRequest, from: From) -> Self {
        let Room {
            cpu_milli,
            memory_mib,
            vram_mib,
            encoder_sessions,
        } = request.room;
        let room = [cpu_milli, memory_mib, vram_mib, encoder_sessions];
        Self {
            request,
            now: now.as_micros(),
            until: request.lease_until.as_micros(),
            stages: request.stages.iter().map(|stage| stage.as_str()).collect(),
            video: request.video.map(|id| id.0),
            only: request
                .only
                .as_ref()
                .map(|jobs| jobs.iter().map(|id| id.0).collect()),
            from,
            max: request.max.into(),
            sight: request.sight().into(),
            room: room
                .map(|free| free.map_or(i32::MAX, |free| i32::try_from(free).unwrap_or(i32::MAX))),
            limits: limits::Columns::of(&request.limits),
        }
    }

    /// Asks for as many as are wanted: mostly, all of them fit. The answers are for
    /// [`Ask::found`].
    pub(crate) fn first(&self) -> Vec<Question<'_>> {
        let due: Question<'_> = (PROMOTE, vec![&self.now]);
        let of = self.candidates(&self.max);
        if self.limits.is_some() {
            let [lock, count] = limits::Columns::count();
            return vec![lock, count, due, of];
        }
        vec![due, of]
    }

    fn candidates<'q>(&'q self, limit: &'q i64) -> Question<'q> {
        let [cpu, memory, vram, encoders] = &self.room;
        let mut params: Vec<&(dyn ToSql + Sync)> =
            vec![&self.stages, limit, cpu, memory, vram, encoders];
        let text = if let Some(limits) = &self.limits {
            params.extend([
                &self.video as &(dyn ToSql + Sync),
                &limits.stages,
                &limits.most,
                &limits.account,
                &self.only,
                &limits.channel,
            ]);
            LIMITED
        } else if let Some(only) = &self.only {
            params.push(only);
            if Plant::SharedClaim.is_in() {
                UNLOCKED_THESE
            } else {
                OF_THESE
            }
        } else if let Some(video) = &self.video {
            params.push(video);
            OF_VIDEO
        } else {
            let (rank, id) = &self.from.place;
            params.extend([&self.from.above as &(dyn ToSql + Sync), rank, id]);
            if Plant::SharedClaim.is_in() {
                UNLOCKED
            } else {
                OF_ALL
            }
        };
        (text, params)
    }

    /// What was found, at the end of the answers.
    pub(crate) fn found(&self, answers: &mut Vec<Vec<Row>>) -> Candidates {
        let jobs = answers.pop().unwrap_or_default();
        let mut running = Vec::new();
        if self.limits.is_some() {
            answers.pop();
            running = answers.pop().unwrap_or_default();
        }
        Candidates { jobs, running }
    }

    /// Takes those that fit, the most urgent first.
    pub(crate) fn choose(&self, candidates: &Candidates) -> Result<Chosen> {
        let mut chosen = Chosen::default();
        let mut room = self.request.room;
        let mut running = limits::Columns::running(&candidates.running)?;
        let mut passed = false;
        for row in &candidates.jobs {
            let row = Cells::of("jobs", row);
            if chosen.ids.len() as i64 >= self.max {
                break;
            }
            let begins = row.get("begins")?;
            if !(begins || row.get("runs")?) {
                passed = true;
                continue;
            }
            let job = self.decode(row)?;
            let mut left = room;
            let fits = left.take(job.needs);
            let allowed = match &self.limits {
                Some(limits) if fits => limits.take(&mut running, row, job.stage)?,
                _ => fits,
            };
            if !allowed {
                (passed, chosen.crowded) = (true, true);
                continue;
            }
            room = left;
            if begins && !chosen.videos.contains(&job.video.0) {
                chosen.videos.push(job.video.0);
            }
            if !passed {
                chosen.place = Some((row.get("rank")?, job.lease.job.0));
            }
            chosen.ids.push(job.lease.job.0);
            chosen.jobs.push(job);
        }
        if (candidates.jobs.len() as i64) < self.max {
            chosen.place = None;
        }
        Ok(chosen)
    }

    fn decode(&self, row: Cells<'_>) -> Result<LeasedJob> {
        let need = |column| -> Result<u32> {
            let amount: i32 = row.get(column)?;
            Ok(u32::try_from(amount).unwrap_or(0))
        };
        let before: u32 = row.count("attempt")?;
        let lease = Lease {
            job: JobId(row.get("id")?),
            attempt: before + 1,
            node: self.request.node,
        };
        Ok(LeasedJob {
            lease,
            video: VideoId(row.get("video_id")?),
            stage: row.named("stage", Stage::from_name)?,
            args: Value::Null,
            inputs: Vec::new(),
            needs: Needs {
                cpu_milli: need("cpu_milli")?,
                memory_mib: need("memory_mib")?,
                vram_mib: need("vram_mib")?,
                encoder_sessions: need("encoder_sessions")?,
            },
        })
    }
}

/// What a claim takes.
#[derive(Default)]
pub(crate) struct Chosen {
    jobs: Vec<LeasedJob>,
    ids: Vec<Uuid>,
    /// Queued videos that it begins, in the order of their first job.
    videos: Vec<Uuid>,
    /// Some didn't fit beside the others.
    crowded: bool,
    /// Everything up to here was taken; `None` if there was less than asked for.
    pub(crate) place: Option<Place>,
}

impl Chosen {
    /// Videos that it begins.
    pub(crate) fn begun(&self) -> impl Iterator<Item = VideoId> {
        self.videos.iter().copied().map(VideoId)
    }

    /// Takes it.
    pub(crate) fn take<'q>(&'q self, ask: &'q Ask<'_>) -> Vec<Question<'q>> {
        if self.ids.is_empty() {
            return Vec::new();
        }
        let take = if Plant::SharedClaim.is_in() {
            take!("")
        } else {
            // As available as it was when it was locked. Not by its state: see `exit::LEAVE`.
            take!(" AND jobs.lease_until IS NULL AND jobs.finalized_at IS NULL")
        };
        let take: Question<'_> = (
            take,
            vec![&ask.now, &ask.request.node.0, &ask.until, &self.ids],
        );
        let inputs: Question<'_> = (INPUTS, vec![&self.ids]);
        let mut questions = vec![take, inputs];
        if !self.videos.is_empty() {
            questions.push((BEGIN, vec![&self.videos]));
        }
        questions
    }

    /// What was taken, by the answers to [`Chosen::take`].
    pub(crate) fn leased(self, answers: &[Vec<Row>]) -> Result<Vec<LeasedJob>> {
        let [taken, inputs, ..] = answers else {
            return Ok(Vec::new());
        };
        let mut jobs = self.jobs;
        let places: HashMap<Uuid, usize> = self.ids.iter().copied().zip(0..).collect();
        let place = |row: &Row| -> Result<Option<usize>> {
            let id: Uuid = Cells::of("jobs", row).get("id")?;
            Ok(places.get(&id).copied())
        };
        for row in taken {
            if let Some(at) = place(row)? {
                jobs[at].args = Cells::of("jobs", row).get("args")?;
            }
        }
        for row in inputs {
            if let Some(at) = place(row)? {
                let output = Cells::of("jobs", row).get("output")?;
                jobs[at].inputs.push(output);
            }
        }
        Ok(jobs)
    }
}
