//! Calls that race for the budget of one video, some of them killed.
//!
//! Who is paid keeps a bill of its own, by the names of our transfers: what we booked is compared with
//! it line by line.

use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use testkit::PostgresServer;
use tokio::task::JoinSet;
use ytempire_core::{Clock, NodeId, VideoId};

use super::provider::Provider;
use super::purse::{self, CAP, ODD, Purse, Went};
use super::{Chance, Money, WallClock, control, dollars, litellm};
use crate::table::markdown;

/// What became of some races.
pub(super) struct Races {
    /// What each might have cost.
    pub(super) cap: u64,
    /// What was billed in each, in micro-dollars.
    pub(super) bills: Vec<u64>,
    /// Callers that were killed.
    pub(super) killed: usize,
    /// Lines of the bills that our books don't cover.
    pub(super) uncovered: Option<usize>,
    pub(super) took: Duration,
}

impl Races {
    pub(super) const fn of(cap: u64) -> Self {
        Self {
            cap,
            bills: Vec::new(),
            killed: 0,
            uncovered: None,
            took: Duration::ZERO,
        }
    }

    pub(super) fn row(&self, name: &str, calls: u32) -> Vec<String> {
        let count = self.bills.len().max(1) as u64;
        let worst = self.bills.iter().max().copied().unwrap_or_default();
        let over = self.bills.iter().filter(|bill| **bill > self.cap).count();
        let uncovered = self
            .uncovered
            .map_or_else(String::new, |lines| lines.to_string());
        let row = vec![
            name.to_owned(),
            dollars(self.cap),
            calls.to_string(),
            self.bills.len().to_string(),
            self.killed.to_string(),
            dollars(worst),
            dollars(self.bills.iter().sum::<u64>() / count),
            over.to_string(),
            uncovered,
            format!("{:.0}", self.took.as_secs_f64()),
        ];
        eprintln!("{}", row.join(", "));
        row
    }
}

impl Money {
    pub(super) async fn race(&self, server: &PostgresServer) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = format!("sqlite:{}", folder.path().join("race.db").display());
        let databases = [("SQLite", file), ("PostgreSQL", server.fresh())];
        let mut rows = Vec::new();
        for &calls in &self.calls {
            for (name, database) in &databases {
                let races = tasks(database, calls, self.seeds, CAP).await?;
                rows.push(races.row(&format!("ours, {name}"), calls));
            }
        }
        for (name, database) in &databases {
            let races = tasks(database, 64, self.peer_seeds, ODD).await?;
            rows.push(races.row(&format!("ours, {name}"), 64));
            let races = processes(database, 64, self.process_seeds).await?;
            rows.push(races.row(&format!("ours, {name}, processes killed by SIGKILL"), 64));
        }
        for &calls in &self.calls {
            let races = control::races(server, calls, self.peer_seeds).await?;
            rows.push(races.row("check, call, add up: in SQL", calls));
        }
        for setting in &litellm::SETTINGS {
            for &calls in &self.calls {
                match litellm::races(&self.installed, setting, calls, self.peer_seeds).await {
                    Ok(races) => rows.push(races.row(setting.name, calls)),
                    Err(trouble) => eprintln!("{}: {trouble:#}", setting.name),
                }
            }
        }
        let head = [
            "",
            "budget $",
            "calls",
            "races",
            "callers killed",
            "worst bill $",
            "mean $",
            "above the budget",
            "lines not in our books",
            "took s",
        ];
        println!(
            "\nCalls of $0.12 against one budget\n\n{}",
            markdown(&head, &rows)
        );
        Ok(())
    }
}

/// Ends what it wraps at one of its waits.
pub(super) struct Mortal<F> {
    pub(super) life: Pin<Box<F>>,
    /// How many waits it survives.
    pub(super) waits: u64,
}

impl<F: Future> Future for Mortal<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.life.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.waits == 0 => Poll::Ready(None),
            Poll::Pending => {
                self.waits -= 1;
                Poll::Pending
            }
        }
    }
}

/// Races of callers that are tasks of ours: a quarter of them ends at one of its waits. In the middle
/// the node is taken for dead: its reservations are taken back, another takes the job over and calls as
/// well, and callers of the first go on until they learn of it.
async fn tasks(database: &str, calls: u32, seeds: u64, cap: u64) -> Result<Races> {
    let begun = Instant::now();
    let provider = Provider::start().await?;
    let purse = Purse::over(purse::open(database).await?, 1);
    let mut races = Races::of(cap);
    let mut videos = Vec::new();
    for seed in 0..seeds {
        let mut chance = Chance::of(seed);
        let video = purse
            .video_of(&format!("{calls} tasks of {cap}, {seed}"), cap)
            .await?;
        videos.push(video);
        let (first, second) = (purse.join().await?, purse.join().await?);
        let mut callers = JoinSet::new();
        let mut went: HashMap<Option<Went>, u32> = HashMap::new();
        let mut lease = purse.claim(video, first).await?;
        for (share, node) in [(calls / 2, first), (calls - calls / 2, second)] {
            if node == second {
                for _ in 0..chance.below(u64::from(calls) / 2) {
                    let done = callers.join_next().await.context("a caller")??;
                    *went.entry(done?).or_default() += 1;
                }
                purse.store.job_rescue(WallClock.now(), &[first]).await?;
                lease = purse.claim(video, second).await?;
            }
            for _ in 0..share {
                let (purse, address) = (purse.clone(), provider.address());
                let dies = chance.below(4) == 0;
                let waits = if dies { chance.below(16) } else { u64::MAX };
                callers.spawn(async move {
                    let life = Box::pin(async move { purse.spend(lease, address).await });
                    Mortal { life, waits }.await.transpose()
                });
            }
        }
        while let Some(done) = callers.join_next().await {
            *went.entry(done??).or_default() += 1;
        }
        races.killed += went.get(&None).copied().unwrap_or_default() as usize;
        purse.store.job_rescue(WallClock.now(), &[second]).await?;
    }
    races.compare(&provider, &purse, &videos).await?;
    races.took = begun.elapsed();
    Ok(races)
}

/// Races of callers in processes of their own: one after the other is killed, its node is taken for
/// dead, and the next goes on.
async fn processes(database: &str, calls: u32, seeds: u64) -> Result<Races> {
    let begun = Instant::now();
    let provider = Provider::start().await?;
    let purse = Purse::over(purse::open(database).await?, 2);
    let mut races = Races::of(CAP);
    let mut videos = Vec::new();
    for seed in 0..seeds {
        let mut chance = Chance::of(seed);
        let video = purse.video(&format!("processes, {seed}")).await?;
        videos.push(video);
        for generation in 0..4 {
            let node = purse.join().await?;
            let ids = 10 + (seed * 4 + generation) as u8;
            let mut child = child(database, &provider, &purse, (video, node, ids), calls).await?;
            if generation < 3 {
                tokio::time::sleep(Duration::from_millis(chance.below(40))).await;
                // It may be done already.
                races.killed += usize::from(child.try_wait()?.is_none());
                child.kill()?;
            }
            child.wait()?;
            purse.store.job_rescue(WallClock.now(), &[node]).await?;
        }
    }
    races.compare(&provider, &purse, &videos).await?;
    races.took = begun.elapsed();
    Ok(races)
}

async fn child(
    database: &str,
    provider: &Provider,
    purse: &Purse,
    (video, node, ids): (VideoId, NodeId, u8),
    calls: u32,
) -> Result<std::process::Child> {
    let lease = purse.claim(video, node).await?;
    let program = Path::new("/proc/self/exe");
    let mut command = Command::new(program);
    command
        .arg("spend")
        .args([database, &provider.address().to_string()])
        .args([lease.job.to_string(), lease.attempt.to_string()])
        .args([lease.node.to_string(), calls.to_string(), ids.to_string()])
        .stdout(Stdio::piped());
    let mut child = command.spawn()?;
    // It says when it begins.
    let mut said = child.stdout.take().context("it was asked for")?;
    tokio::task::spawn_blocking(move || std::io::Read::read(&mut said, &mut [0; 1])).await??;
    Ok(child)
}

impl Races {
    /// Compares the provider's bill with what we booked, once what is under way has arrived.
    async fn compare(
        &mut self,
        provider: &Provider,
        purse: &Purse,
        videos: &[VideoId],
    ) -> Result<()> {
        let mut lines = usize::MAX;
        while lines != provider.lines() {
            lines = provider.lines();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let mut billed = provider.billed();
        let mut uncovered = 0;
        for &video in videos {
            let mut bill = 0;
            for transfer in purse.store.transfer_list(video).await? {
                let Some(amount) = billed.remove(&transfer.id.to_string()) else {
                    continue;
                };
                bill += amount;
                uncovered += usize::from(transfer.counted().0 < amount as i64);
            }
            self.bills.push(bill);
        }
        // What nobody knows of.
        self.uncovered = Some(uncovered + billed.len());
        Ok(())
    }
}
