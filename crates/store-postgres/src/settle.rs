//! The end of attempts: state, money, events and what follows, in one transaction.
//!
//! However many end, and whatever is claimed after them, it takes three journeys to the server, one
//! more where money is involved: what is known is locked and read; what follows from it is
//! written, and what only the database knows is asked; the rest is written and committed.

use std::collections::HashSet;

use store::{Error, Exchange, Exchanged, Lease, LeasedJob, Settlement, VideoRow};
use tokio_postgres::Row;
use uuid::Uuid;
use ytempire_core::{JobId, JobState, NodeId, Timestamp, TransferId, VideoId, VideoState};

use crate::claim::{self, Ask, Candidates, Chosen};
use crate::connection::{Question, Tx};
use crate::cursor::{From, Place};
use crate::ends::Ends;
use crate::exit::{self, Jobs, Videos};
use crate::job::Leased;
use crate::money::Money;
use crate::sql::{Cells, Fault, Result};
use crate::{cache, event, job, node, transfer, video};

pub(crate) async fn exchange(
    tx: &Tx,
    now: Timestamp,
    exchange: &Exchange,
    from: From,
) -> Result<(Exchanged, Option<Place>)> {
    let ask = exchange.claim.as_ref();
    let ask = ask.map(|claim| Ask::of(now, claim, from));
    let mut ends = lock(tx, now, &exchange.settlements).await?;
    let written = write(tx, now, &mut ends, ask.as_ref(), None).await?;
    let exchanged = Exchanged {
        settled: ends.into_settled(),
        claimed: written.claimed,
    };
    Ok((exchanged, written.place))
}

pub(crate) async fn settle(tx: &Tx, now: Timestamp, settlement: &Settlement) -> Result<VideoRow> {
    let mut ends = lock(tx, now, std::slice::from_ref(settlement)).await?;
    let video = ends.only()?;
    let written = write(tx, now, &mut ends, None, Some(video)).await?;
    let row = written.video.ok_or_else(|| gone(video))?;
    video::decode(&row)
}

fn gone(video: VideoId) -> Fault {
    Fault::Said(Error::Database(format!("video {video} is gone")))
}

pub(crate) async fn release(tx: &Tx, now: Timestamp, lease: Lease) -> Result<()> {
    let jobs = vec![lease.job.0];
    let mut ends = lock_jobs(tx, now, &jobs, &Vec::new(), &[]).await?;
    let job = ends.held(lease)?;
    ends.release(job)?;
    write(tx, now, &mut ends, None, None).await?;
    Ok(())
}

pub(crate) async fn rescue(tx: &Tx, now: Timestamp, dead: &[NodeId]) -> Result<u32> {
    let (locked, jobs) = job::abandoned(tx, now, dead).await?;
    let ids: Vec<Uuid> = jobs.iter().map(|job| job.id.0).collect();
    let open = tx
        .all(&[(transfer::OPEN, vec![&ids])])
        .await?
        .swap_remove(0);
    let open = open.iter().map(transfer::decode).collect::<Result<_>>()?;
    let money = Money::lock(tx, &jobs, open, &[]).await?;
    let poisoned = |job: &Leased| {
        format!(
            "{}: its process ended in the middle of it {} times",
            job.stage, job.attempts
        )
    };
    let poisoned: Vec<String> = jobs.iter().map(poisoned).collect();
    let mut ends = Ends::over(now, &locked, &jobs, money)?;
    for (job, poisoned) in jobs.iter().zip(&poisoned) {
        ends.rescue(*job, poisoned)?;
    }
    node::forget_silent(tx, now).await?;
    write(tx, now, &mut ends, None, None).await?;
    Ok(jobs.len() as u32)
}

pub(crate) async fn cancel(tx: &Tx, now: Timestamp, id: VideoId) -> Result<bool> {
    let locked = tx.query(video::LOCK, &[&id.0]).await?;
    let mut ends = Ends::over(now, &locked, &[], Money::default())?;
    let cancelled = ends.end_video(id, VideoState::Cancelled, None);
    write(tx, now, &mut ends, None, None).await?;
    Ok(cancelled)
}

/// Locks what settlements are about and works out what they mean.
async fn lock<'a>(tx: &Tx, now: Timestamp, settlements: &'a [Settlement]) -> Result<Ends<'a>> {
    let jobs: Vec<Uuid> = settlements.iter().map(|s| s.lease.job.0).collect();
    let postings = settlements.iter().flat_map(|s| &s.postings);
    let asked: Vec<TransferId> = postings.map(|posting| posting.id).collect();
    let follow = settlements.iter().flat_map(Settlement::follow);
    let before: Vec<Uuid> = follow.flat_map(|job| &job.after).map(|id| id.0).collect();
    let mut ends = lock_jobs(tx, now, &jobs, &before, &asked).await?;
    for settlement in settlements {
        ends.settle(settlement);
    }
    Ok(ends)
}

/// Locks the videos of `jobs` and reads what is known of them: which of those `before` jobs that
/// follow are completed already, and the transfers that are `asked`.
async fn lock_jobs<'a>(
    tx: &Tx,
    now: Timestamp,
    jobs: &Vec<Uuid>,
    before: &Vec<Uuid>,
    asked: &[TransferId],
) -> Result<Ends<'a>> {
    if jobs.is_empty() {
        return Ends::over(now, &[], &[], Money::default());
    }
    let mut questions: Vec<Question<'_>> = vec![
        (job::LOCK, vec![jobs]),
        (job::RUNNING, vec![jobs]),
        (transfer::OPEN, vec![jobs]),
    ];
    if !before.is_empty() {
        questions.push((job::COMPLETED, vec![before]));
    }
    let answers = tx.all(&questions).await?;
    let leased = answers[1].iter().map(job::decode_leased);
    let leased = leased.collect::<Result<Vec<_>>>()?;
    let open = answers[2].iter().map(transfer::decode);
    let open = open.collect::<Result<Vec<_>>>()?;
    let money = Money::lock(tx, &leased, open, asked).await?;
    let mut ends = Ends::over(now, &answers[0], &leased, money)?;
    for row in answers.get(3).into_iter().flatten() {
        ends.before.insert(JobId(Cells::of("jobs", row).get("id")?));
    }
    Ok(ends)
}

/// What was written besides.
struct Written {
    claimed: Vec<LeasedJob>,
    /// How far it looked.
    place: Option<Place>,
    /// The row of the video that was asked for.
    video: Option<Row>,
}

/// Writes ends, claims what is asked for, and commits.
async fn write(
    tx: &Tx,
    now: Timestamp,
    ends: &mut Ends<'_>,
    ask: Option<&Ask<'_>>,
    wanted: Option<VideoId>,
) -> Result<Written> {
    let (ready, candidates) = write_jobs(tx, now, ends, ask).await?;
    for id in ready {
        ends.ready(id);
    }
    let chosen = match ask {
        Some(ask) => claim::choose(tx, ask, candidates).await?,
        None => Chosen::default(),
    };
    for id in chosen.begun() {
        ends.begins(id);
    }
    let (videos, events) = (Videos::of(now, ends), event::Columns::of(&ends.told));
    let wanted: Option<Vec<Uuid>> = wanted.map(|id| vec![id.0]);
    let mut questions: Vec<Question<'_>> = Vec::new();
    questions.extend(videos.write().into_iter().chain(events.append()));
    let taken = questions.len();
    if let Some(ask) = ask {
        questions.extend(chosen.take(ask));
    }
    if let Some(id) = &wanted {
        questions.push((video::GET, vec![id]));
    }
    let mut answers = tx.commit_with(&questions).await?;
    let video = wanted.and_then(|_| answers.pop()?.pop());
    let place = chosen.place;
    let claimed = chosen.leased(&answers[taken..])?;
    Ok(Written {
        claimed,
        place,
        video,
    })
}

/// Writes what jobs and money of it there is, and asks which videos are ready and which jobs may be
/// claimed.
async fn write_jobs(
    tx: &Tx,
    now: Timestamp,
    ends: &Ends<'_>,
    ask: Option<&Ask<'_>>,
) -> Result<(Vec<VideoId>, Candidates)> {
    let jobs = Jobs::of(now, ends);
    let mut follow = job::Columns::at(now);
    let completed: HashSet<JobId> = ends.before.union(&ends.completed).copied().collect();
    for (id, job) in &ends.follow {
        let video = &ends.videos[id];
        follow.add((*id, video.priority, video.turn), job, &completed);
    }
    let (money, cached) = (
        ends.money.changed(now),
        cache::Columns::of(now, ends.cached.iter().copied()),
    );
    let perhaps: Vec<Uuid> = ends.perhaps_ready().map(|id| id.0).collect();
    // Jobs that waited before; those that follow count these as completed already.
    let mut questions: Vec<Question<'_>> = Vec::new();
    questions.extend(jobs.leave().into_iter().chain(jobs.note()));
    let released = jobs.release().map(|release| {
        questions.push(release);
        questions.len() - 1
    });
    questions.extend(follow.insert().chain(jobs.cancel()));
    questions.extend(money.save().chain(cached.put()));
    let ready = exit::ready(&perhaps).map(|ready| {
        questions.push(ready);
        questions.len() - 1
    });
    if let Some(ask) = ask {
        questions.extend(ask.first());
    }
    if questions.is_empty() {
        return Ok((Vec::new(), Candidates::default()));
    }
    let mut answers = tx.all(&questions).await?;
    if jobs.count() > 0 && answers[0].len() != jobs.count() {
        // It can't be, as their videos are locked.
        return Err(Fault::Race("jobs ended by themselves".to_owned()));
    }
    let found = ask.map_or_else(Candidates::default, |ask| ask.found(&mut answers));
    for row in released.map_or(&[][..], |at| &answers[at]) {
        let row = Cells::of("jobs", row);
        if row.get("available")? {
            tx.wake(row.get("rank")?);
        }
    }
    if let Some(rank) = follow.wakes() {
        tx.wake(rank);
    }
    let mut exits = ends.exits.iter();
    if exits.any(|exit| exit.how.next == JobState::Available) {
        tx.wake(i64::MIN);
    }
    let id = |row| Cells::of("videos", row).get("id").map(VideoId);
    let ready = ready.map_or(&[][..], |at| &answers[at]);
    let ready = ready.iter().map(id).collect::<Result<_>>()?;
    Ok((ready, found))
}
