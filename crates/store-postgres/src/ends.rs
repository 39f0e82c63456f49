//! What a batch of ended attempts changes, worked out in memory while their videos are locked.
//!
//! The ends are taken one after the other, each on what those before it left: a job that is
//! discarded ends its video, and the next job of that video is then not tried again.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};
use store::{
    AttemptEnd, CacheEntry, Error, JobExit, JobOutcome, Lease, NewJob, Settled, Settlement,
};
use tokio_postgres::Row;
use ytempire_core::{
    Code, Event, EventKind, JobId, JobState, Plant, Timestamp, VideoId, VideoState,
};

use crate::event;
use crate::job::Leased;
use crate::money::Money;
use crate::sql::{Cells, Result};

/// A video that is locked, as the batch leaves it.
#[derive(Debug)]
pub(crate) struct Video<'a> {
    pub(crate) state: VideoState,
    pub(crate) priority: u8,
    pub(crate) turn: i64,
    /// Its new title.
    pub(crate) title: Option<&'a str>,
    /// It ends in this batch.
    pub(crate) ends: bool,
    pub(crate) failure: Option<(Code, String)>,
    /// The last end that may have been its last job's: its place in the batch.
    last: Option<usize>,
}

/// A job that leaves `running`.
#[derive(Debug)]
pub(crate) struct Exit<'a> {
    pub(crate) job: Leased,
    pub(crate) how: JobExit<'a>,
    /// What it gave, once completed.
    pub(crate) output: Option<&'a Value>,
    /// An attempt that doesn't count.
    pub(crate) uncounted: bool,
}

/// The batch.
pub(crate) struct Ends<'a> {
    now: Timestamp,
    jobs: BTreeMap<JobId, Leased>,
    pub(crate) videos: BTreeMap<VideoId, Video<'a>>,
    pub(crate) exits: Vec<Exit<'a>>,
    /// Jobs that are completed.
    pub(crate) completed: HashSet<JobId>,
    /// Jobs that were completed before, as far as that was asked.
    pub(crate) before: HashSet<JobId>,
    /// Jobs that follow.
    pub(crate) follow: Vec<(VideoId, &'a NewJob)>,
    /// Outputs to be kept.
    pub(crate) cached: Vec<(VideoId, &'a CacheEntry)>,
    /// What there is to tell, in order.
    pub(crate) told: Vec<Event>,
    pub(crate) money: Money,
    settled: Vec<store::Result<Settled>>,
}

impl<'a> Ends<'a> {
    /// Nothing has ended yet. `locked` are rows of the videos.
    pub(crate) fn over(
        now: Timestamp,
        locked: &[Row],
        jobs: &[Leased],
        money: Money,
    ) -> Result<Self> {
        let mut videos = BTreeMap::new();
        for row in locked {
            let row = Cells::of("videos", row);
            let video = Video {
                state: row.named("state", VideoState::from_name)?,
                priority: row.count("priority")?,
                turn: row.get("turn")?,
                title: None,
                ends: false,
                failure: None,
                last: None,
            };
            videos.insert(VideoId(row.get("id")?), video);
        }
        Ok(Self {
            now,
            jobs: jobs.iter().map(|job| (job.id, *job)).collect(),
            videos,
            exits: Vec::new(),
            completed: HashSet::new(),
            before: HashSet::new(),
            follow: Vec::new(),
            cached: Vec::new(),
            told: Vec::new(),
            money,
            settled: Vec::new(),
        })
    }

    /// Takes the next settlement: all of it, or nothing and why.
    pub(crate) fn settle(&mut self, settlement: &'a Settlement) {
        let settled = self.try_settle(settlement);
        self.settled.push(settled);
    }

    /// The job of a lease that still holds.
    pub(crate) fn held(&self, lease: Lease) -> store::Result<Leased> {
        let job = self.jobs.get(&lease.job);
        let job = job.filter(|job| job.is(lease) || Plant::NoFence.is_in());
        job.copied().ok_or(Error::LeaseLost)
    }

    fn try_settle(&mut self, settlement: &'a Settlement) -> store::Result<Settled> {
        let job = self.held(settlement.lease)?;
        let before = self.told.len();
        let posted = self.post(&job, settlement);
        if posted.is_err() {
            self.told.truncate(before);
        }
        posted?;
        // Ended twice in one batch, it is lost the second time.
        self.jobs.remove(&job.id);
        // What the attempt has to tell comes before its end, which may be the video's.
        self.told.extend(settlement.events.iter().cloned());
        match &settlement.outcome {
            JobOutcome::Completed {
                output,
                follow,
                cached,
                title,
            } => {
                self.complete(job, output);
                self.cached.extend(cached.iter().map(|e| (job.video, e)));
                let place = self.settled.len();
                let video = self.video(&job);
                video.title = title.as_deref().or(video.title);
                if !video.state.is_final() {
                    video.last = Some(place);
                    self.follow.extend(follow.iter().map(|j| (job.video, j)));
                }
            }
            JobOutcome::Retry { code, text, after } if job.may_try_again() => {
                let exit = JobExit {
                    due: Some(self.now.after(*after)),
                    error: Some((*code, text.as_str())),
                    ..JobExit::to(JobState::Scheduled, AttemptEnd::Retryable)
                };
                if self.leave(job, exit) == JobState::Scheduled {
                    self.tell(&job, EventKind::JobRetryable, (*code, text));
                }
            }
            JobOutcome::Snooze { until, code, text } => {
                self.snooze(job, *until, (*code, text));
            }
            JobOutcome::Retry { code, text, .. } | JobOutcome::Discard { code, text } => {
                let ended = self.discard(job, *code, text);
                return Ok(self.settled(&job, ended));
            }
        }
        Ok(self.settled(&job, false))
    }

    fn post(&mut self, job: &Leased, settlement: &Settlement) -> store::Result<()> {
        if settlement.postings.is_empty() && !self.money.has(job) {
            return Ok(());
        }
        let postings = &settlement.postings;
        self.money.post(self.now, job, postings, &mut self.told)?;
        self.money.close(self.now, job, &mut self.told)
    }

    fn settled(&mut self, job: &Leased, ended: bool) -> Settled {
        Settled {
            video: job.video,
            state: self.video(job).state,
            ended,
        }
    }

    fn video(&mut self, job: &Leased) -> &mut Video<'a> {
        let locked = self.videos.get_mut(&job.video);
        locked.expect("a job's video is locked before the job is read")
    }

    /// Gives a job back: an attempt that doesn't count.
    pub(crate) fn release(&mut self, job: Leased) -> store::Result<()> {
        self.money.close(self.now, &job, &mut self.told)?;
        self.leave(job, JobExit::to(JobState::Available, AttemptEnd::Released));
        if let Some(exit) = self.exits.last_mut() {
            exit.uncounted = true;
        }
        Ok(())
    }

    /// Takes a job back that nobody works on any more; `poisoned` says why it is given up.
    pub(crate) fn rescue(&mut self, job: Leased, poisoned: &'a str) -> store::Result<()> {
        self.money.close(self.now, &job, &mut self.told)?;
        if job.may_try_again() {
            let exit = JobExit::to(JobState::Available, AttemptEnd::Rescued);
            if self.leave(job, exit) == JobState::Available {
                let detail = json!({ "attempt": job.attempt });
                let kind = EventKind::JobRescued;
                self.told
                    .push(event::about_job(self.now, job.about(), kind, detail));
            }
        } else {
            self.discard(job, Code::AttemptsExhausted, poisoned);
        }
        Ok(())
    }

    fn complete(&mut self, job: Leased, output: &'a Value) {
        self.leave(job, JobExit::to(JobState::Completed, AttemptEnd::Completed));
        if let Some(exit) = self.exits.last_mut() {
            exit.output = Some(output);
        }
        self.completed.insert(job.id);
        let detail = json!({ "attempt": job.attempt });
        let kind = EventKind::JobCompleted;
        self.told
            .push(event::about_job(self.now, job.about(), kind, detail));
    }

    /// Has a job wait for its time: an attempt that doesn't count.
    fn snooze(&mut self, job: Leased, until: Timestamp, (code, text): (Code, &'a str)) {
        let exit = JobExit {
            due: Some(until),
            error: Some((code, text)),
            ..JobExit::to(JobState::Scheduled, AttemptEnd::Snoozed)
        };
        let next = self.leave(job, exit);
        if let Some(exit) = self.exits.last_mut() {
            exit.uncounted = true;
        }
        if next == JobState::Scheduled {
            self.tell(&job, EventKind::JobSnoozed, (code, text));
        }
    }

    /// Gives a job up, and its video with it. Tells whether that was the video's end.
    fn discard(&mut self, job: Leased, code: Code, text: &'a str) -> bool {
        let exit = JobExit {
            error: Some((code, text)),
            ..JobExit::to(JobState::Discarded, AttemptEnd::Discarded)
        };
        self.leave(job, exit);
        self.tell(&job, EventKind::JobDiscarded, (code, text));
        self.end_video(job.video, VideoState::Failed, Some((code, text.to_owned())))
    }

    fn tell(&mut self, job: &Leased, kind: EventKind, (code, text): (Code, &str)) {
        let detail = json!({ "attempt": job.attempt, "code": code, "text": text });
        self.told
            .push(event::about_job(self.now, job.about(), kind, detail));
    }

    /// Takes a job out of `running`. A job of an ended video isn't to be tried again: nothing runs
    /// after a video's end. Returns where it went.
    fn leave(&mut self, job: Leased, exit: JobExit<'a>) -> JobState {
        let over = self.video(&job).state.is_final();
        let mut exit = exit;
        if !exit.next.is_final() && over {
            (exit.next, exit.due) = (JobState::Cancelled, None);
        }
        let next = exit.next;
        self.exits.push(Exit {
            job,
            how: exit,
            output: None,
            uncounted: false,
        });
        next
    }

    /// Moves a video to its end, unless it has ended before: then it tells `false`.
    pub(crate) fn end_video(
        &mut self,
        id: VideoId,
        state: VideoState,
        failure: Option<(Code, String)>,
    ) -> bool {
        let Some(video) = self.videos.get_mut(&id) else {
            return false;
        };
        if !video.state.may_become(state) {
            return false;
        }
        let kind = match state {
            VideoState::Ready => EventKind::VideoReady,
            VideoState::Cancelled => EventKind::VideoCancelled,
            _ => EventKind::VideoFailed,
        };
        let detail = failure.as_ref().map_or_else(
            || json!({}),
            |(code, text)| json!({ "code": code, "text": text }),
        );
        (video.state, video.ends, video.failure) = (state, true, failure);
        self.told
            .push(event::about_video(self.now, id, kind, detail));
        true
    }

    /// Videos that end because of a failure, or on request: what of them hasn't begun ends, too.
    pub(crate) fn broken(&self) -> impl Iterator<Item = VideoId> {
        let broken = self.videos.iter().filter(|(_, video)| video.ends);
        broken.map(|(id, _)| *id)
    }

    /// Videos of which the last job may have been completed.
    pub(crate) fn perhaps_ready(&self) -> impl Iterator<Item = VideoId> {
        let perhaps = |video: &Video<'_>| video.last.is_some() && !video.state.is_final();
        let perhaps = self.videos.iter().filter(move |(_, video)| perhaps(video));
        perhaps.map(|(id, _)| *id)
    }

    /// A video of which no job is open any more.
    pub(crate) fn ready(&mut self, id: VideoId) {
        let last = self.videos.get(&id).and_then(|video| video.last);
        if self.end_video(id, VideoState::Ready, None)
            && let Some(Ok(settled)) = last.and_then(|place| self.settled.get_mut(place))
        {
            (settled.state, settled.ended) = (VideoState::Ready, true);
        }
    }

    /// The video of a batch of one settlement, or why that failed.
    pub(crate) fn only(&mut self) -> store::Result<VideoId> {
        match self.settled.pop() {
            Some(Ok(settled)) => {
                self.settled.push(Ok(settled));
                Ok(settled.video)
            }
            Some(Err(e)) => Err(e),
            None => Err(Error::LeaseLost),
        }
    }

    /// How each settlement went.
    pub(crate) fn into_settled(self) -> Vec<store::Result<Settled>> {
        self.settled
    }

    /// Notes something to tell about a video that begins.
    pub(crate) fn begins(&mut self, id: VideoId) {
        let kind = EventKind::VideoRunning;
        self.told
            .push(event::about_video(self.now, id, kind, json!({})));
    }
}
