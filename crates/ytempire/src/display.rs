//! What is seen while a video is made: bars on a terminal, plain lines elsewhere, or JSON.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use ledger::Receipt;
use store::VideoRow;
use worker::{Parts, Prepared};
use ytempire_core::{Event, EventKind, Stage, Timestamp};

use crate::args::{Global, Make};
use crate::fail::Failure;
use crate::schema::print;

/// How often the screen is brought up to date.
const FRAME: Duration = Duration::from_millis(150);

/// Bars count in thousandths of a job.
const JOB: u64 = 1000;

/// Watches one video.
pub(crate) struct Display {
    parts: Parts,
    video: VideoRow,
    mode: Mode,
    seen: i64,
    total: BTreeMap<Stage, u64>,
    done: BTreeMap<Stage, u64>,
    began: BTreeMap<Stage, Timestamp>,
}

enum Mode {
    Json,
    Quiet,
    Plain,
    Bars {
        screen: MultiProgress,
        stages: BTreeMap<Stage, ProgressBar>,
        money: ProgressBar,
    },
}

impl Display {
    pub(crate) fn new(global: &Global, args: &Make, parts: &Parts, video: &VideoRow) -> Self {
        let mode = if args.json {
            Mode::Json
        } else if global.quiet {
            Mode::Quiet
        } else if std::io::stderr().is_terminal() {
            bars()
        } else {
            Mode::Plain
        };
        Self {
            parts: parts.clone(),
            video: video.clone(),
            mode,
            seen: 0,
            total: BTreeMap::new(),
            done: BTreeMap::new(),
            began: BTreeMap::new(),
        }
    }

    /// Says what begins.
    pub(crate) fn begin(&self, prepared: &Prepared, fresh: bool) {
        let (Mode::Plain | Mode::Bars { .. }) = self.mode else {
            return;
        };
        let what = if fresh { "making" } else { "going on with" };
        let plan = &prepared.plan;
        let line = format!(
            "{what} {:?} (at most {} of {})",
            self.video.title, plan.total, plan.budget
        );
        match &self.mode {
            Mode::Bars { screen, .. } => drop(screen.println(line)),
            _ => anstream::eprintln!("{line}"),
        }
    }

    /// Shows what happens, until it is dropped.
    pub(crate) async fn watch(&mut self) {
        let mut frames = tokio::time::interval(FRAME);
        loop {
            frames.tick().await;
            // What can't be read now is shown at the next frame.
            drop(self.update().await);
        }
    }

    /// Shows the last of it.
    pub(crate) async fn finish(&mut self) -> Result<(), Failure> {
        self.update().await?;
        if let Mode::Bars { stages, money, .. } = &self.mode {
            stages.values().for_each(ProgressBar::abandon);
            money.finish_and_clear();
        }
        Ok(())
    }

    async fn update(&mut self) -> Result<(), Failure> {
        loop {
            let events = self
                .parts
                .store
                .event_list(self.video.id, self.seen, 500)
                .await?;
            if events.is_empty() {
                break;
            }
            for event in events {
                self.seen = event.seq;
                self.take(&event).await?;
            }
        }
        if let Mode::Bars { .. } = self.mode {
            self.draw().await?;
        }
        Ok(())
    }

    async fn take(&mut self, event: &Event) -> Result<(), Failure> {
        if let Mode::Json = self.mode {
            let line = serde_json::to_string(event)
                .map_err(|e| Failure::bug(format!("can't write an event: {e}")))?;
            print(&format!("{line}\n"))?;
        }
        let (EventKind::JobCompleted, Some(stage)) = (event.kind, event.stage) else {
            return self.trouble(event);
        };
        let began = *self.began.entry(stage).or_insert(event.at);
        *self.done.entry(stage).or_default() += 1;
        if matches!(stage, Stage::Script | Stage::Validate) {
            // Only these two add jobs.
            self.total.clear();
            for job in self.parts.store.job_list(self.video.id).await? {
                *self.total.entry(job.stage).or_default() += 1;
            }
        }
        if let (Mode::Plain, true) = (&self.mode, self.done.get(&stage) == self.total.get(&stage)) {
            let jobs = self.done.get(&stage).copied().unwrap_or_default();
            let took = event.at.since(began).as_secs_f64();
            let cost = self.spent(Some(stage)).await?;
            anstream::eprintln!("{stage:<10} {jobs:>4} done, {took:>6.1} s, {cost}");
        }
        Ok(())
    }

    fn trouble(&self, event: &Event) -> Result<(), Failure> {
        let said = match event.kind {
            EventKind::JobRetryable => "tried again",
            EventKind::JobRescued => "taken over",
            EventKind::BudgetThreshold => "threshold passed",
            _ => return Ok(()),
        };
        let stage = event.stage.map_or("video", Stage::as_str);
        let why = event.detail["text"].as_str().unwrap_or_default();
        let line = format!("{stage:<10} {said}: {why}");
        match &self.mode {
            Mode::Bars { screen, .. } => {
                screen
                    .println(line)
                    .map_err(|e| Failure::bug(e.to_string()))?;
            }
            Mode::Plain => anstream::eprintln!("{line}"),
            Mode::Json | Mode::Quiet => {}
        }
        Ok(())
    }

    async fn spent(&self, stage: Option<Stage>) -> Result<String, Failure> {
        let transfers = self.parts.store.transfer_list(self.video.id).await?;
        let of = |t: &&ledger::Transfer| stage.is_none_or(|stage| t.stage == stage);
        let chosen: Vec<_> = transfers.iter().filter(of).cloned().collect();
        let receipt = Receipt::of(self.video.id, &self.video.title, self.video.budget, &chosen);
        Ok(receipt.total.to_string())
    }

    async fn draw(&self) -> Result<(), Failure> {
        let Mode::Bars { stages, money, .. } = &self.mode else {
            return Ok(());
        };
        let now = self.parts.now();
        for (stage, bar) in stages {
            let running = self.parts.progress.of(*stage);
            let done = self.done.get(stage).copied().unwrap_or_default();
            let total = self.total.get(stage).copied().unwrap_or(1).max(done);
            bar.set_length(total * JOB);
            let part = (running.share * JOB as f32) as u64;
            bar.set_position((done * JOB + part).min(total * JOB));
            let speed = if *stage == Stage::Compose && running.running > 0 {
                let secs = now.since(self.video.created_at).as_secs_f64().max(0.1);
                format!("{:.0} frames/s", self.parts.progress.frames() as f64 / secs)
            } else {
                String::new()
            };
            bar.set_message(format!("{done}/{total} {speed}"));
        }
        money.set_message(format!(
            "{} of {}",
            self.spent(None).await?,
            self.video.budget
        ));
        Ok(())
    }
}

fn bars() -> Mode {
    let screen = MultiProgress::new();
    let style = |template: &str| {
        ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─")
    };
    let line = style("{prefix:<10} {bar:32.cyan/dim} {percent:>3} %  {msg:<22} {eta:>4} left");
    let stages = Stage::ALL.map(|stage| {
        let bar = screen.add(ProgressBar::new(JOB));
        bar.set_style(line.clone());
        bar.set_prefix(stage.as_str());
        (stage, bar)
    });
    let money = screen.add(ProgressBar::new_spinner());
    money.set_style(style("cost       {msg}"));
    Mode::Bars {
        screen,
        stages: stages.into_iter().collect(),
        money,
    }
}
