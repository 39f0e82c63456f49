//! The line as the scheduler sees it: videos, jobs and machines by number.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use scheduler::resource::{Micros, Resource, Vector, WHOLE};
use scheduler::snapshot::{Job, JobState as Known, Node, Run, Snapshot, Video};
use scheduler::workload::Class;
use scheduler::{Available, Graph, GraphJob, Outline};
use store::{Limits, LineView, NodeStatus, OpenJob, OpenVideo, Owner, Running};
use ytempire_core::{AccountId, ChannelId, JobId, JobState, NodeId, Stage, Timestamp, VideoId};

use super::model::Model;

/// A node that wasn't heard of for so long gets no work in a plan: two leases.
const SILENT: Duration = Duration::from_secs(30);

/// Words of a video of the workload's length, eight minutes at 150 a minute.
const WORDS: u64 = 1_200;

/// The line by numbers, and whose they are.
pub(super) struct Seen {
    pub(super) snapshot: Snapshot,
    pub(super) priorities: Vec<u8>,
    videos: Vec<VideoId>,
    jobs: Vec<Vec<Option<JobId>>>,
    nodes: Vec<NodeId>,
    /// Jobs that need sessions of an encoder, and how many.
    sessions: HashMap<JobId, u32>,
}

/// What a snapshot is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose<'a> {
    /// To choose what begins now: a job whose time hasn't come can't, nor one whose stage, account or channel
    /// has reached its limit.
    Choose(&'a Limits),
    /// To foretell an end: it will have come in a moment.
    Foretell,
}

impl Seen {
    pub(super) fn of(now: Timestamp, view: &LineView, model: &Model, purpose: Purpose<'_>) -> Self {
        let full = Full::of(view, purpose);
        let mut seen = Self {
            snapshot: Snapshot::default(),
            priorities: Vec::new(),
            videos: Vec::new(),
            jobs: Vec::new(),
            nodes: Vec::new(),
            sessions: HashMap::new(),
        };
        for node in view.nodes.iter().filter(|node| works(now, node)) {
            seen.nodes.push(node.id);
            seen.snapshot.nodes.push(machine(node));
        }
        let mut accounts: HashMap<AccountId, u32> = HashMap::new();
        for open in &view.videos {
            if open.start_at.is_some_and(|start| start > now) {
                continue;
            }
            let next = accounts.len() as u32;
            let account = *accounts.entry(open.account).or_insert(next);
            if account == next {
                let of = view.served.iter().find(|(id, _)| *id == open.account);
                seen.snapshot
                    .served
                    .push(of.map_or(0, |(_, time)| micros(*time)));
            }
            seen.snapshot.served[account as usize] += micros(open.served);
            let hold = |job: &OpenJob| full.has((open.account, open.channel), job.stage);
            seen.add(now, (open, account), model, &|job| {
                state(now, job, purpose, hold(job))
            });
        }
        seen
    }

    /// The place of a node, if it works.
    pub(super) fn node(&self, id: NodeId) -> Option<usize> {
        self.nodes.iter().position(|node| *node == id)
    }

    /// The slot of a video, if it may begin.
    pub(super) fn video(&self, id: VideoId) -> Option<usize> {
        self.videos.iter().position(|video| *video == id)
    }

    /// The job of that number, if it is there already.
    pub(super) fn job(&self, video: u32, job: u16) -> Option<JobId> {
        *self.jobs.get(video as usize)?.get(usize::from(job))?
    }

    /// How many sessions of an encoder a job needs.
    pub(super) fn sessions(&self, job: JobId) -> u32 {
        self.sessions.get(&job).copied().unwrap_or(0)
    }

    fn add(
        &mut self,
        now: Timestamp,
        (open, account): (&OpenVideo, u32),
        model: &Model,
        state: &dyn Fn(&OpenJob) -> Known,
    ) {
        let slot = self.videos.len() as u32;
        let (graph, jobs, ids) = match &open.jobs[..] {
            // What follows from a script is there once it is written; what it is like is known.
            [script] if model.stage(script.stage) == 0 => foreseen(script, model, state),
            jobs => known(jobs, open.scenes, model, state),
        };
        let class = class(open.priority);
        let began = open.created_at.max(open.start_at.unwrap_or_default());
        let deadline = open
            .due_at
            .map_or_else(|| at(began) + model.workload.classes[class as usize].1, at);
        let mut video = Video {
            id: u64::from(slot),
            account,
            class,
            arrived: at(began),
            deadline,
            promise: open
                .promised_at
                .map_or(deadline, |promise| at(promise).max(deadline)),
            length: length(open.words),
            // Nothing is bought here that the brief's tier doesn't prescribe.
            budget: 0,
            graph: Arc::new(graph),
            jobs,
            latest_start_at: at(now),
            outline: Outline::default(),
        };
        video.refresh(&model.workload, &model.predictor, Available::ALL);
        for (job, open) in open.jobs.iter().enumerate() {
            if let Some((node, since)) = open.running {
                self.run(now, (slot, job as u16, node, since), &video, model);
            }
        }
        let asking = open.jobs.iter().filter(|job| job.encoder_sessions > 0);
        self.sessions
            .extend(asking.map(|job| (job.id, job.encoder_sessions)));
        self.snapshot.videos.push(video);
        self.snapshot.order.push(slot);
        self.priorities.push(open.priority);
        self.videos.push(open.id);
        self.jobs.push(ids);
    }

    /// A job that runs: on its node, and where that isn't known to work, somewhere, so that a foretold
    /// video comes to an end.
    fn run(
        &mut self,
        now: Timestamp,
        (video, job, node, since): (u32, u16, NodeId, Timestamp),
        of: &Video,
        model: &Model,
    ) {
        let own = self.node(node);
        let Some(node) = self.snapshot.nodes.get_mut(own.unwrap_or(0)) else {
            return;
        };
        let backend = of.jobs[usize::from(job)].backend;
        let prior = of.prior(&model.workload, usize::from(job), backend);
        let mean = model.predictor.mean(backend, prior);
        let mut demand = *model.workload.job_demand(backend, true);
        // It may have been claimed under other limits.
        if own.is_none() || !node.free.fits(&demand.host) {
            demand.host = Vector::default();
        }
        node.begin(Run {
            video,
            job,
            backend,
            gpu: None,
            since: at(since),
            ends: (at(since) + mean).max(at(now) + 1_000_000),
            demand,
        });
    }
}

/// Whether a node was heard of lately and may begin something.
pub(super) fn works(now: Timestamp, node: &NodeStatus) -> bool {
    !node.draining && now.since(node.seen_at) <= SILENT
}

fn machine(node: &NodeStatus) -> Node {
    let slots = node.machine.slots.max(1);
    let mut capacity = Vector::default();
    capacity.set(Resource::Cpu, slots * WHOLE);
    // A machine that is too small for any job still does one at a time.
    capacity.set(Resource::Memory, node.machine.memory_mib.max(1_024));
    capacity.set(Resource::GpuJobs, slots);
    capacity.set(Resource::CpuJobs, slots);
    capacity.set(Resource::Uplink, slots);
    Node {
        capacity,
        free: capacity,
        gpus: Vec::new(),
        running: Vec::new(),
    }
}

/// Who waits for it: somebody, nobody in particular, nobody today.
pub(super) fn class(priority: u8) -> Class {
    match priority {
        8.. => Class::Express,
        4..=7 => Class::Standard,
        _ => Class::Bulk,
    }
}

/// A length over the usual, in thousandths; the usual one where it isn't known.
pub(super) fn length(words: u32) -> u32 {
    match u64::from(words) {
        0 => WHOLE,
        words => (words * u64::from(WHOLE) / WORDS).clamp(10, 100_000) as u32,
    }
}

/// A part of a stage that is cut into one piece for each scene, over the pieces that the workload
/// has, in thousandths.
pub(super) fn share(chunks: u8, scenes: u32) -> u32 {
    if chunks <= 1 {
        WHOLE
    } else {
        (u32::from(chunks) * WHOLE / scenes.max(1)).max(1)
    }
}

/// What has reached its limit.
#[derive(Default)]
struct Full {
    stages: Vec<Stage>,
    accounts: Vec<AccountId>,
    channels: Vec<ChannelId>,
}

impl Full {
    fn of(view: &LineView, purpose: Purpose<'_>) -> Self {
        let Purpose::Choose(limits) = purpose else {
            return Self::default();
        };
        let mut running = Running::default();
        for video in &view.videos {
            for job in video.jobs.iter().filter(|job| job.running.is_some()) {
                running.add((video.account, video.channel), job.stage, 1);
            }
        }
        Self {
            stages: running.full_stages(limits),
            accounts: running.full_accounts(limits),
            channels: running.full_channels(limits),
        }
    }

    fn has(&self, (account, channel): Owner, stage: Stage) -> bool {
        self.stages.contains(&stage)
            || self.accounts.contains(&account)
            || channel.is_some_and(|channel| self.channels.contains(&channel))
    }
}

fn state(now: Timestamp, job: &OpenJob, purpose: Purpose<'_>, held: bool) -> Known {
    let due = |job: &OpenJob| job.scheduled_at.is_some_and(|at| at <= now);
    match job.state {
        JobState::Available | JobState::Scheduled if held => Known::Waiting(1),
        JobState::Running => Known::Running,
        JobState::Available => Known::Ready,
        // It becomes available when it is claimed.
        JobState::Scheduled if purpose == Purpose::Foretell || due(job) => Known::Ready,
        JobState::Waiting => Known::Waiting(job.after.len() as u16),
        _ => Known::Waiting(1),
    }
}

type Jobs = (Graph, Vec<Job>, Vec<Option<JobId>>);

fn known(open: &[OpenJob], scenes: u32, model: &Model, state: &dyn Fn(&OpenJob) -> Known) -> Jobs {
    let place: HashMap<JobId, u16> = (0..).zip(open).map(|(at, job)| (job.id, at)).collect();
    let mut graph = Graph {
        jobs: Vec::new(),
        chunked: true,
    };
    for (at, job) in (0_u16..).zip(open) {
        let stage = model.stage(job.stage);
        let before = graph.jobs.iter().filter(|other| other.stage == stage);
        let chunk = before.count().min(usize::from(u8::MAX)) as u8;
        let needs: Vec<u16> = job
            .after
            .iter()
            .filter_map(|id| place.get(id).copied())
            .filter(|need| *need < at)
            .collect();
        for need in &needs {
            graph.jobs[usize::from(*need)].next.push(at);
        }
        let chunks = model.workload.stages[usize::from(stage)].chunks;
        graph.jobs.push(GraphJob {
            stage,
            chunk,
            size: share(chunks, scenes),
            needs,
            next: Vec::new(),
        });
    }
    let jobs = open
        .iter()
        .zip(&graph.jobs)
        .map(|(job, of)| Job {
            state: state(job),
            backend: Available::ALL.preferred(&model.workload, of.stage),
            bypassed: 0,
        })
        .collect();
    let ids = open.iter().map(|job| Some(job.id)).collect();
    (graph, jobs, ids)
}

fn foreseen(script: &OpenJob, model: &Model, state: &dyn Fn(&OpenJob) -> Known) -> Jobs {
    let graph = Graph::of(&model.workload, true, |_| true);
    let mut jobs: Vec<Job> = graph
        .jobs
        .iter()
        .map(|job| Job {
            state: Known::Waiting(job.needs.len() as u16),
            backend: Available::ALL.preferred(&model.workload, job.stage),
            bypassed: 0,
        })
        .collect();
    jobs[0].state = state(script);
    let mut ids = vec![None; jobs.len()];
    ids[0] = Some(script.id);
    (graph, jobs, ids)
}

pub(super) fn at(time: Timestamp) -> Micros {
    u64::try_from(time.as_micros()).unwrap_or(0)
}

pub(super) fn micros(time: Duration) -> Micros {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
