//! Random histories: workers that die, stop, come late and overspend, against what a plain
//! model knows. Every history is told by its seed.

use std::collections::HashMap;
use std::time::Duration;

use ledger::{Outcome, Posting, Transfer, TransferState};
use store::{ATTEMPTS_MAX, Error, JobOutcome, Lease, LeasedJob};
use ytempire_core::{
    Code, EventKind, JobId, JobState, MicroUsd, NodeId, Stage, TransferId, VideoId, VideoState,
};

use crate::World;
use crate::world::{LEASE, completed, retry};

/// What videos and their stages may cost here: little, so that refusals are common.
const BUDGET: i64 = 3_000;
const STAGE_CAP: i64 = 1_800;

/// `SplitMix64`: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// A worker's view of a job that it was given, right or not any more.
struct Worker {
    lease: Lease,
    video: VideoId,
    holds: Vec<(TransferId, u64)>,
}

struct Simulation {
    world: World,
    dice: Dice,
    nodes: Vec<NodeId>,
    workers: Vec<Worker>,
    /// Who has each running job.
    current: HashMap<JobId, Lease>,
    videos: HashMap<VideoId, Option<VideoState>>,
}

/// Plays `steps` random acts, then lets everything end; checks the promises on the way.
pub(crate) async fn play(world: World, seed: u64, steps: usize) {
    let nodes = (0..3).map(|_| world.other_node()).collect();
    let mut simulation = Simulation {
        world,
        dice: Dice(seed),
        nodes,
        workers: Vec::new(),
        current: HashMap::new(),
        videos: HashMap::new(),
    };
    for step in 0..steps {
        simulation.act().await;
        if step % 10 == 0 {
            simulation.check().await;
        }
    }
    simulation.drain().await;
    simulation.check().await;
    for video in simulation.videos.keys() {
        let transfers = simulation.world.transfers(*video).await;
        let open = |t: &&Transfer| matches!(t.state, TransferState::Pending | TransferState::Sent);
        assert_eq!(
            transfers.iter().find(open),
            None,
            "a reservation is left over"
        );
    }
}

impl Simulation {
    async fn act(&mut self) {
        match self.dice.below(20) {
            0 | 1 if self.videos.len() < 6 => self.submit().await,
            0..=4 => self.claim(3).await,
            5..=8 => self.hold().await,
            9 => self.send().await,
            10..=12 => self.post().await,
            13 | 14 => self.settle().await,
            15 => self.exchange().await,
            16 => self.release().await,
            17 => self.rescue().await,
            18 => self.heartbeat().await,
            _ if self.dice.below(6) == 0 => self.cancel().await,
            _ => self
                .world
                .clock
                .advance(Duration::from_millis(self.dice.below(4_000) as u64)),
        }
    }

    async fn submit(&mut self) {
        let world = &self.world;
        let script = world.job(Stage::Script, &[]);
        let mut jobs = vec![script.clone()];
        let mut scenes = Vec::new();
        for _ in 0..=self.dice.below(3) {
            let narrate = world.job(Stage::Narrate, &[script.id]);
            let compose = world.job(Stage::Compose, &[script.id, narrate.id]);
            scenes.push(compose.id);
            jobs.extend([narrate, compose]);
        }
        jobs.push(world.job(Stage::Assemble, &scenes));
        let mut submission = world.submission(&format!("s{}", self.videos.len()), jobs);
        submission.budget = MicroUsd(BUDGET);
        submission.envelopes = Stage::ALL.map(|stage| (stage, MicroUsd(STAGE_CAP))).into();
        let submitted = world.store.video_submit(world.now(), submission).await;
        self.videos.insert(submitted.unwrap().video.id, None);
    }

    async fn claim(&mut self, max: usize) {
        let node = self.nodes[self.dice.below(self.nodes.len())];
        let max = 1 + self.dice.below(max) as u32;
        let claimed = self.world.claim_of(&Stage::ALL, max, node).await;
        self.took(claimed);
    }

    fn took(&mut self, claimed: Vec<LeasedJob>) {
        for job in claimed {
            assert_eq!(self.videos[&job.video], None, "a job runs after the end");
            let before = self.current.insert(job.lease.job, job.lease);
            assert_eq!(before, None, "a job was given to two workers");
            self.workers.push(Worker {
                lease: job.lease,
                video: job.video,
                holds: Vec::new(),
            });
        }
    }

    fn pick(&mut self) -> Option<usize> {
        let n = self.workers.len();
        (n > 0).then(|| self.dice.below(n))
    }

    fn holds_lease(&self, worker: usize) -> bool {
        let lease = self.workers[worker].lease;
        self.current.get(&lease.job) == Some(&lease)
    }

    /// A write by a lease succeeds only while the lease is the current one.
    fn fenced<T>(&self, worker: usize, done: &store::Result<T>) -> bool {
        let lost = matches!(done, Err(Error::LeaseLost));
        assert_eq!(
            lost,
            !self.holds_lease(worker),
            "a late write, or a wrong refusal"
        );
        done.is_ok()
    }

    async fn hold(&mut self) {
        let Some(worker) = self.pick() else { return };
        let holds: Vec<_> = (0..=self.dice.below(2))
            .map(|_| self.world.hold(self.dice.below(500) as u64))
            .collect();
        let lease = self.workers[worker].lease;
        let done = self
            .world
            .store
            .transfer_hold(self.world.now(), lease, holds.clone())
            .await;
        if self.fenced(worker, &done) {
            let held = holds.iter().map(|hold| (hold.id, hold.quantity_max));
            self.workers[worker].holds.extend(held);
        }
    }

    async fn send(&mut self) {
        let Some(worker) = self.pick() else { return };
        let lease = self.workers[worker].lease;
        let ids: Vec<_> = self.workers[worker].holds.iter().map(|h| h.0).collect();
        let now = self.world.now();
        let done = self.world.store.transfer_mark_sent(now, lease, &ids).await;
        self.fenced(worker, &done);
    }

    fn posting(&mut self, (id, most): (TransferId, u64)) -> Posting {
        let outcome = match self.dice.below(12) {
            0 => Outcome::Void,
            1 => Outcome::Unknown,
            2 if self.dice.below(6) == 0 => Outcome::Post { quantity: most + 7 },
            _ => Outcome::Post {
                quantity: self.dice.below(most as usize + 1) as u64,
            },
        };
        Posting { id, outcome }
    }

    async fn post(&mut self) {
        let Some(worker) = self.pick() else { return };
        let Some(hold) = self.workers[worker].holds.pop() else {
            return;
        };
        let postings = vec![self.posting(hold)];
        let (now, lease) = (self.world.now(), self.workers[worker].lease);
        let store = &self.world.store;
        for _ in 0..2 {
            let again = postings.clone();
            let done = store.transfer_settle(now, lease, again, vec![]).await;
            assert_eq!(done.is_ok(), self.fenced(worker, &done));
        }
    }

    fn outcome(&mut self, lease: Lease) -> JobOutcome {
        match self.dice.below(12) {
            0 => JobOutcome::Discard {
                code: Code::Bug,
                text: "no".to_owned(),
            },
            1 | 2 => retry(Duration::from_secs(self.dice.below(20) as u64)),
            3 => completed(vec![self.world.job(Stage::Thumbnail, &[lease.job])]),
            _ => completed(vec![]),
        }
    }

    async fn settle(&mut self) {
        let Some(worker) = self.pick() else { return };
        let lease = self.workers[worker].lease;
        let outcome = self.outcome(lease);
        let done = self.world.settle(lease, outcome).await;
        if self.fenced(worker, &done) {
            let row = done.unwrap();
            self.ended(row.id, row.state);
            self.forget(worker);
        }
    }

    /// Ends what several workers did, some of them too late, and claims.
    async fn exchange(&mut self) {
        let n = self.workers.len().min(1 + self.dice.below(4));
        let from = self.dice.below(self.workers.len() + 1 - n);
        let mut settlements = Vec::new();
        for worker in from..from + n {
            let lease = self.workers[worker].lease;
            let mut settlement = crate::exchange::end(lease, self.outcome(lease));
            if let Some(hold) = self.workers[worker].holds.pop() {
                settlement.postings = vec![self.posting(hold)];
            }
            settlements.push(settlement);
        }
        let node = self.nodes[self.dice.below(self.nodes.len())];
        let claim = store::ClaimRequest {
            node,
            video: None,
            stages: Stage::ALL.to_vec(),
            max: self.dice.below(3) as u32,
            room: store::Room::default(),
            limits: store::Limits::default(),
            only: None,
            lease_until: self.world.now().after(LEASE),
        };
        let exchange = store::Exchange {
            settlements: settlements.clone(),
            claim: Some(claim),
        };
        let now = self.world.now();
        let done = self.world.store.job_exchange(now, exchange).await.unwrap();
        let mut leases = std::collections::HashSet::new();
        for (settlement, settled) in settlements.iter().zip(&done.settled) {
            let lease = settlement.lease;
            let held = self.current.get(&lease.job) == Some(&lease) && leases.insert(lease);
            let lost = matches!(settled, Err(Error::LeaseLost));
            assert_eq!(lost, !held, "a late write, or a wrong refusal");
            // A worker that didn't come through tries again later.
            let Ok(settled) = settled else { continue };
            let before = self.videos[&settled.video];
            assert_eq!(settled.ended, before.is_none() && settled.state.is_final());
            self.ended(settled.video, settled.state);
            self.current.remove(&lease.job);
        }
        self.took(done.claimed);
    }

    async fn release(&mut self) {
        let Some(worker) = self.pick() else { return };
        let (now, lease) = (self.world.now(), self.workers[worker].lease);
        let done = self.world.store.job_release(now, lease).await;
        if self.fenced(worker, &done) {
            self.forget(worker);
        }
    }

    /// The lease is over; now and then its worker lives on and tries to write.
    fn forget(&mut self, worker: usize) {
        self.current.remove(&self.workers[worker].lease.job);
        if self.dice.below(2) == 0 {
            self.workers.swap_remove(worker);
        }
    }

    async fn rescue(&mut self) {
        if self.dice.below(3) == 0 {
            self.world.clock.advance(LEASE + Duration::from_secs(1));
        }
        let dead = self.nodes[self.dice.below(self.nodes.len())];
        let now = self.world.now();
        self.world.store.job_rescue(now, &[dead]).await.unwrap();
        self.look().await;
    }

    async fn heartbeat(&mut self) {
        let leases: Vec<_> = self.workers.iter().map(|worker| worker.lease).collect();
        let (now, until) = (self.world.now(), self.world.now().after(LEASE));
        let lost = self
            .world
            .store
            .job_heartbeat(now, &leases, until)
            .await
            .unwrap();
        for (worker, lease) in leases.iter().enumerate() {
            // Of a cancelled video, all are told to stop.
            let video = self.workers[worker].video;
            let stop = self.videos[&video] == Some(VideoState::Cancelled);
            assert_eq!(lost.contains(lease), stop || !self.holds_lease(worker));
        }
    }

    async fn cancel(&mut self) {
        let mut open: Vec<_> = self.videos.keys().copied().collect();
        open.sort_unstable();
        if open.is_empty() {
            return;
        }
        let video = open[self.dice.below(open.len())];
        let now = self.world.now();
        let cancelled = self.world.store.video_cancel(now, video).await.unwrap();
        assert_eq!(cancelled, self.videos[&video].is_none());
        if cancelled {
            self.ended(video, VideoState::Cancelled);
        }
    }

    /// Notes a video's end: it ends once.
    fn ended(&mut self, video: VideoId, state: VideoState) {
        let known = self.videos.get_mut(&video).expect("it was submitted");
        match known {
            Some(before) => assert_eq!(*before, state, "a video ended twice"),
            None if state.is_final() => *known = Some(state),
            None => {}
        }
    }

    /// Learns from the store what a rescue has changed.
    async fn look(&mut self) {
        let videos: Vec<_> = self.videos.keys().copied().collect();
        for video in videos {
            let row = self.world.video(video).await;
            self.ended(video, row.state);
            for job in self.world.store.job_list(video).await.unwrap() {
                if job.state != JobState::Running {
                    self.current.remove(&job.id);
                }
            }
        }
    }

    async fn check(&self) {
        for (video, ended) in &self.videos {
            let row = self.world.video(*video).await;
            assert_eq!(row.state.is_final().then_some(row.state), *ended);
            let kinds = self.world.kinds(*video).await;
            let ends = kinds.iter().filter(|kind| {
                matches!(
                    kind,
                    EventKind::VideoReady | EventKind::VideoFailed | EventKind::VideoCancelled
                )
            });
            assert_eq!(ends.count(), usize::from(ended.is_some()), "{kinds:?}");
            self.check_jobs(*video, ended.is_some()).await;
            let transfers = self.world.transfers(*video).await;
            check_money(transfers.iter(), BUDGET);
            for stage in Stage::ALL {
                check_money(transfers.iter().filter(|t| t.stage == stage), STAGE_CAP);
            }
        }
    }

    async fn check_jobs(&self, video: VideoId, ended: bool) {
        let jobs = self.world.store.job_list(video).await.unwrap();
        let mut moves = false;
        for job in &jobs {
            assert!(job.attempts <= ATTEMPTS_MAX);
            assert!(!ended || job.state.is_final() || job.state == JobState::Running);
            let running = job.state == JobState::Running;
            assert_eq!(self.current.contains_key(&job.id), running);
            moves |= !job.state.is_final() && job.state != JobState::Waiting;
        }
        assert!(ended || moves, "all that is left waits for ever");
    }

    /// Completes whatever is left: every video must come to its end.
    async fn drain(&mut self) {
        for _ in 0..200 {
            self.workers
                .retain(|worker| self.current.get(&worker.lease.job) == Some(&worker.lease));
            self.claim(9).await;
            if let Some(worker) = self.workers.pop() {
                let row = self.world.complete(worker.lease).await.unwrap();
                assert_eq!(row.id, worker.video);
                self.current.remove(&worker.lease.job);
                self.ended(row.id, row.state);
            } else if self.videos.values().all(Option::is_some) {
                return;
            } else {
                self.world.clock.advance(Duration::from_secs(5));
            }
        }
        panic!("jobs are stranded");
    }
}

/// Sums of one scope: never more reserved and spent than allowed, but for bills above their
/// reservations, and every line priced right.
fn check_money<'t>(transfers: impl Iterator<Item = &'t Transfer>, cap: i64) {
    let (mut counted, mut over) = (0, 0);
    for t in transfers {
        counted += t.counted().0;
        if t.state == TransferState::Posted {
            assert_eq!(t.unit_price.charge(t.quantity), Ok(t.posted));
            over += (t.posted.0 - t.held.0).max(0);
        } else {
            assert_eq!(t.posted, MicroUsd::ZERO);
        }
    }
    assert!(counted <= cap + over, "{counted} of {cap} and {over} over");
}
