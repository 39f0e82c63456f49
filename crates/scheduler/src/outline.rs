//! What is left of a video, in the few numbers that plans are made of.
//!
//! A function of the video alone, so that whoever keeps a snapshot computes it anew only when
//! something about that video changes; a plan for a thousand videos then looks at a thousand
//! short outlines, not at twenty thousand jobs.

use crate::predictor::Predictor;
use crate::resource::{Cost, Micros, Resource, WHOLE};
use crate::snapshot::{JobState, Video};
use crate::workload::{Place, Workload};

/// What is left of a video. Work of running jobs is not in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// Time until the first of its unstarted GPU work can start.
    pub release: Micros,
    /// The longest way through what is left, everything started at once.
    pub path: Micros,
    /// The longest way after the last of its GPU work.
    pub tail: Micros,
    /// The shortest way after any of its core work.
    pub tail_cpu: Micros,
    /// Time of one whole GPU that its unstarted jobs need, by preferred backends.
    pub gpu: Micros,
    /// Time of one core that they need.
    pub cpu: Micros,
    /// Time for which they hold a slot for core jobs.
    pub cpu_slots: Micros,
    /// What else could do one of them.
    pub offers: Vec<Offer>,
    /// Jobs that may start, those with the longest way before them first.
    pub ready: Vec<u16>,
    /// The model that its next GPU job needs: the one that may start, else the nearest.
    pub model_next: Option<u8>,
}

/// Another backend for an unstarted job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The job.
    pub job: u16,
    /// The other backend.
    pub backend: u8,
    /// GPU time that it saves.
    pub gpu: Micros,
    /// Core time that it saves; negative if it needs more.
    pub cpu: i64,
    /// What it costs more.
    pub cost: Cost,
    /// How long it takes.
    pub time: Micros,
    /// Time until the job can start.
    pub head: Micros,
    /// Time from its end to the video's.
    pub after: Micros,
    /// The provider whose slot it holds meanwhile.
    pub provider: Option<u8>,
}

/// Which backends can run at all now: a bit for each. A quarantined GPU takes its bits away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available(pub u64);

impl Available {
    /// Every backend.
    pub const ALL: Self = Self(u64::MAX);

    /// Whether that one can.
    pub const fn has(self, backend: u8) -> bool {
        self.0 >> (backend & 63) & 1 == 1
    }

    /// The preferred backend of a stage: the first that can run, or the first of all.
    pub fn preferred(self, workload: &Workload, stage: u8) -> u8 {
        let backends = &workload.stages[usize::from(stage)].backends;
        let able = backends.iter().find(|backend| self.has(**backend));
        able.or_else(|| backends.first())
            .copied()
            .unwrap_or_default()
    }
}

/// Time of one whole GPU and of one core.
pub(crate) fn work(
    workload: &Workload,
    backend: u8,
    chunked: bool,
    time: Micros,
) -> (Micros, Micros) {
    let demand = workload.job_demand(backend, chunked);
    let of = |share: u32| time * Micros::from(share) / Micros::from(WHOLE);
    (of(demand.gpu.share), of(demand.host.get(Resource::Cpu)))
}

impl Video {
    /// Computes the outline anew.
    pub fn refresh(&mut self, workload: &Workload, predictor: &Predictor, available: Available) {
        let mut offers = std::mem::take(&mut self.outline.offers);
        let mut ready = std::mem::take(&mut self.outline.ready);
        offers.clear();
        ready.clear();
        let ways = Ways::of(self, (workload, predictor, available));
        let mut outline = Outline {
            release: Micros::MAX,
            tail_cpu: Micros::MAX,
            ..Outline::default()
        };
        let mut nearest = Micros::MAX;
        for (at, job) in self.graph.jobs.iter().enumerate() {
            let (head, time, after) = (ways.head[at], ways.time[at], ways.after[at]);
            outline.path = outline.path.max(head + time + after);
            let state = self.jobs[at].state;
            if matches!(state, JobState::Done | JobState::Running) {
                continue;
            }
            if state == JobState::Ready {
                ready.push(at as u16);
            }
            let preferred = available.preferred(workload, job.stage);
            let (gpu, cpu) = work(workload, preferred, self.graph.chunked, time);
            outline.gpu += gpu;
            outline.cpu += cpu;
            let demand = workload.job_demand(preferred, self.graph.chunked);
            outline.cpu_slots += time * Micros::from(demand.host.get(Resource::CpuJobs));
            if cpu > 0 {
                outline.tail_cpu = outline.tail_cpu.min(after);
            }
            if gpu > 0 {
                outline.release = outline.release.min(head);
                // Only GPU work that no more GPU work waits for can be the last.
                let stages = job
                    .next
                    .iter()
                    .map(|next| self.graph.jobs[usize::from(*next)].stage);
                if !stages.into_iter().any(|stage| is_gpu(workload, stage)) {
                    outline.tail = outline.tail.max(after);
                }
                if head < nearest {
                    nearest = head;
                    outline.model_next = workload.job_demand(preferred, self.graph.chunked).model;
                }
            }
            ways.offers(at, (workload, predictor, available), self, &mut offers);
        }
        outline.release = if outline.release == Micros::MAX {
            0
        } else {
            outline.release
        };
        outline.tail_cpu = if outline.tail_cpu == Micros::MAX {
            0
        } else {
            outline.tail_cpu
        };
        ready.sort_by_key(|job| {
            let at = usize::from(*job);
            (std::cmp::Reverse(ways.time[at] + ways.after[at]), *job)
        });
        (outline.offers, outline.ready) = (offers, ready);
        self.outline = outline;
    }
}

/// What backends can do and how long they take.
type Known<'a> = (&'a Workload, &'a Predictor, Available);

/// For each job: the longest way to it, its own time, the longest way after it.
struct Ways {
    head: Vec<Micros>,
    time: Vec<Micros>,
    after: Vec<Micros>,
}

impl Ways {
    fn of(video: &Video, able: Known<'_>) -> Self {
        let (workload, _, available) = able;
        let graph = &video.graph;
        let count = graph.jobs.len();
        let (mut time, mut head, mut after) = (vec![0; count], vec![0; count], vec![0; count]);
        for (at, job) in graph.jobs.iter().enumerate() {
            let begin = job.needs.iter().map(|need| {
                let need = usize::from(*need);
                head[need] + time[need]
            });
            head[at] = begin.max().unwrap_or(0);
            let known = &video.jobs[at];
            time[at] = match known.state {
                JobState::Done => 0,
                // On average half of a running job is over.
                JobState::Running => mean(able, video, at, known.backend) / 2,
                _ => mean(able, video, at, available.preferred(workload, job.stage)),
            };
        }
        for (at, job) in graph.jobs.iter().enumerate().rev() {
            let rest = job.next.iter().map(|next| {
                let next = usize::from(*next);
                time[next] + after[next]
            });
            after[at] = rest.max().unwrap_or(0);
        }
        Self { head, time, after }
    }

    /// What else could do the job `at`.
    fn offers(&self, at: usize, known: Known<'_>, video: &Video, offers: &mut Vec<Offer>) {
        let (workload, _, available) = known;
        let chunked = video.graph.chunked;
        let stage = video.graph.jobs[at].stage;
        let preferred = available.preferred(workload, stage);
        let (gpu, cpu) = work(workload, preferred, chunked, self.time[at]);
        for &backend in &workload.stages[usize::from(stage)].backends {
            if backend == preferred || !available.has(backend) {
                continue;
            }
            let time = mean(known, video, at, backend);
            let (gpu_other, cpu_other) = work(workload, backend, chunked, time);
            let cost = |backend| workload.job_cost(backend, chunked);
            offers.push(Offer {
                job: at as u16,
                backend,
                gpu: gpu.saturating_sub(gpu_other),
                cpu: cpu.cast_signed() - cpu_other.cast_signed(),
                cost: cost(backend) - cost(preferred),
                time,
                head: self.head[at],
                after: self.after[at],
                provider: workload.job_demand(backend, chunked).provider,
            });
        }
    }
}

fn mean((workload, predictor, _): Known<'_>, video: &Video, job: usize, backend: u8) -> Micros {
    predictor.mean(backend, video.prior(workload, job, backend))
}

fn is_gpu(workload: &Workload, stage: u8) -> bool {
    let first = workload.stages[usize::from(stage)].backends.first();
    first.is_some_and(|at| workload.backends[usize::from(*at)].place == Place::Gpu)
}
