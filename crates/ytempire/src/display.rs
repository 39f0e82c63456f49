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
    ended: BTreeMap<Stage, Timestamp>,
    shown: BTreeMap<Stage, State>,
    costs: BTreeMap<Stage, String>,
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
            ended: BTreeMap::new(),
            shown: BTreeMap::new(),
            costs: BTreeMap::new(),
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
            money.abandon();
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
        let now = self.parts.now();
        for stage in Stage::ALL {
            if self.parts.progress.of(stage).running > 0 {
                self.began.entry(stage).or_insert(now);
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
        self.ended.insert(stage, event.at);
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
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(": {why}")
        };
        let line = format!("{stage:<10} {said}{why}");
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

    async fn draw(&mut self) -> Result<(), Failure> {
        let now = self.parts.now();
        let spent = self.spent(None).await?;
        for stage in Stage::ALL {
            let state = self.state(stage, now);
            if state == State::Done && self.shown.get(&stage) != Some(&State::Done) {
                let cost = self.spent(Some(stage)).await?;
                self.costs.insert(stage, cost);
            }
            self.draw_stage(stage, state, now);
            self.shown.insert(stage, state);
        }
        if let Mode::Bars { money, .. } = &self.mode {
            money.set_message(format!("{spent} of {}", self.video.budget));
        }
        Ok(())
    }

    fn state(&mut self, stage: Stage, now: Timestamp) -> State {
        let running = self.parts.progress.of(stage).running;
        let done = self.done.get(&stage).copied().unwrap_or_default();
        if done > 0 && Some(&done) == self.total.get(&stage) {
            return State::Done;
        }
        if running == 0 && done == 0 {
            return State::Waiting;
        }
        self.began.entry(stage).or_insert(now);
        State::Running
    }

    fn draw_stage(&self, stage: Stage, state: State, now: Timestamp) {
        let Mode::Bars { stages, .. } = &self.mode else {
            return;
        };
        let Some(bar) = stages.get(&stage) else {
            return;
        };
        if self.shown.get(&stage) != Some(&state) {
            bar.set_style(style(state));
            bar.reset_eta();
        }
        let running = self.parts.progress.of(stage);
        let done = self.done.get(&stage).copied().unwrap_or_default();
        let total = self.total.get(&stage).copied().unwrap_or(1).max(done);
        let part = (running.share * JOB as f32) as u64;
        bar.set_length(total * JOB);
        bar.set_position((done * JOB + part).min(total * JOB));
        let began = self.began.get(&stage).copied().unwrap_or(now);
        let ended = self.ended.get(&stage).copied().unwrap_or(now);
        bar.set_message(match state {
            State::Waiting => String::new(),
            State::Running if stage == Stage::Compose => {
                let seconds = now.since(began).as_secs_f64().max(0.1);
                let speed = self.parts.progress.frames() as f64 / seconds;
                format!("{done}/{total}, {speed:.0} frames/s")
            }
            State::Running => format!("{done}/{total}"),
            State::Done => {
                let seconds = ended.since(began).as_secs_f64();
                let cost = self.costs.get(&stage).map_or("", String::as_str);
                format!("{done:>3} in {seconds:.1} s, {cost}")
            }
        });
    }
}

/// Where a stage stands on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
}

fn style(state: State) -> ProgressStyle {
    let template = match state {
        State::Waiting => "{prefix:<10} {bar:32.dim/dim}  waiting",
        State::Running => "{prefix:<10} {bar:32.cyan/dim} {percent:>3} %  {msg:<20}  {eta} left",
        State::Done => "{prefix:<10} {bar:32.green/dim}  done  {msg}",
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

fn bars() -> Mode {
    let screen = MultiProgress::new();
    let stages = Stage::ALL.map(|stage| {
        let bar = screen.add(ProgressBar::new(JOB));
        bar.set_style(style(State::Waiting));
        bar.set_prefix(stage.as_str());
        (stage, bar)
    });
    let money = screen.add(ProgressBar::new_spinner());
    if let Ok(plain) = ProgressStyle::with_template("cost       {msg}") {
        money.set_style(plain);
    }
    Mode::Bars {
        screen,
        stages: stages.into_iter().collect(),
        money,
    }
}
