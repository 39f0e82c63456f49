//! Whole videos by the finished program: how long, how much, and how both grow.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::Value;

use crate::machine;
use crate::meter::{self, Taken};
use crate::table::{markdown, mebibytes, median, seconds};

/// The brief that is made.
const BRIEF: &str = include_str!("../../../examples/eight-minutes.toml");

/// Minutes that it speaks, about.
const BRIEF_MINUTES: f64 = 8.0;

/// What the makers of whole videos need.
#[derive(Args, Debug)]
pub(crate) struct Program {
    /// The program
    #[arg(long, default_value = "target/release/ytempire")]
    ytempire: PathBuf,
    /// Folder for its data, on a disk
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
}

/// Makes the eight-minute example.
#[derive(Args, Debug)]
pub(crate) struct Make {
    #[command(flatten)]
    program: Program,
    /// Rounds
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// Makes videos of one minute, two, four, …
#[derive(Args, Debug)]
pub(crate) struct Growth {
    #[command(flatten)]
    program: Program,
    /// Minutes of the longest one
    #[arg(long, default_value_t = 16)]
    most: u32,
}

/// A finished video and what it took.
struct Made {
    taken: Taken,
    /// CPU milliseconds by stage, as the receipt charges them.
    cpu_ms: BTreeMap<String, u64>,
    /// Jobs by stage, and when the first and the last of them were done.
    jobs: BTreeMap<String, (u32, Duration, Duration)>,
    /// Seconds of video.
    length_s: f64,
}

impl Make {
    pub(crate) fn run(&self) -> Result<()> {
        let before = machine::load();
        let mut all = Vec::new();
        for _ in 0..self.rounds {
            all.push(self.program.make(BRIEF)?);
        }
        let runs: Vec<Taken> = all.iter().map(|made| made.taken).collect();
        let taken = median(&runs);
        let made = all.last().context("no rounds")?;
        println!(
            "\n`ytempire make examples/eight-minutes.toml`: {:.0} s of video, medians of {} rounds, load {before} to {}\n",
            made.length_s,
            self.rounds,
            machine::load()
        );
        let head = ["", "s of video", "wall s", "CPU s", "peak MiB"];
        let whole = vec![
            "the whole".to_owned(),
            format!("{:.0}", made.length_s),
            seconds(taken.wall),
            seconds(taken.cpu),
            mebibytes(taken.memory_peak),
        ];
        println!("{}", markdown(&head, &[whole]));
        let sum: u64 = made.cpu_ms.values().sum();
        let mut rows: Vec<_> = made
            .cpu_ms
            .iter()
            .map(|(stage, cpu_ms)| {
                let (jobs, first, last) = made.jobs.get(stage).copied().unwrap_or_default();
                let row = vec![
                    stage.clone(),
                    jobs.to_string(),
                    format!("{:.1}", *cpu_ms as f64 / 1e3),
                    format!("{:.0} %", *cpu_ms as f64 * 100.0 / sum.max(1) as f64),
                    format!("{:.0} to {:.0}", first.as_secs_f64(), last.as_secs_f64()),
                ];
                (first, row)
            })
            .collect();
        rows.sort();
        let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        let head = ["stage", "jobs", "CPU s", "share", "jobs done in seconds"];
        println!("{}", markdown(&head, &rows));
        Ok(())
    }
}

impl Growth {
    pub(crate) fn run(&self) -> Result<()> {
        let before = machine::load();
        let mut rows = Vec::new();
        let mut minutes = 1;
        while minutes <= self.most {
            let made = self.program.make(&brief_of(minutes)?)?;
            let per_minute = |time: Duration| {
                format!("{:.1}", time.as_secs_f64() * 60.0 / made.length_s.max(1.0))
            };
            rows.push(vec![
                minutes.to_string(),
                format!("{:.0}", made.length_s),
                seconds(made.taken.wall),
                seconds(made.taken.cpu),
                per_minute(made.taken.cpu),
                mebibytes(made.taken.memory_peak),
            ]);
            minutes *= 2;
        }
        println!(
            "\nGrowth, one round, load {before} to {}\n",
            machine::load()
        );
        let head = [
            "minutes wanted",
            "s of video",
            "wall s",
            "CPU s",
            "CPU s per minute of video",
            "peak MiB",
        ];
        println!("{}", markdown(&head, &rows));
        Ok(())
    }
}

impl Program {
    /// Makes `brief` with nothing cached.
    fn make(&self, brief: &str) -> Result<Made> {
        let folder = self.folder.join("make");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let path = folder.join("brief.toml");
        std::fs::write(&path, brief)?;
        let mut command = Command::new(&self.ytempire);
        command
            .arg("make")
            .arg(&path)
            .arg("--data-dir")
            .arg(folder.join("data"))
            .arg("--out")
            .arg(folder.join("out"))
            .arg("--json");
        let start = Instant::now();
        let mut jobs: BTreeMap<String, (u32, Duration, Duration)> = BTreeMap::new();
        let (taken, said) = meter::watch(&mut command, &mut |line| {
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            if let (Some("job.completed"), Some(stage)) =
                (event["kind"].as_str(), event["stage"].as_str())
            {
                let now = start.elapsed();
                let entry = jobs.entry(stage.to_owned()).or_insert((0, now, now));
                *entry = (entry.0 + 1, entry.1, now);
            }
        })?;
        let receipt: Value = said
            .lines()
            .last()
            .and_then(|line| serde_json::from_str(line).ok())
            .context("the last line is no receipt")?;
        let mut cpu_ms: BTreeMap<String, u64> = BTreeMap::new();
        for line in receipt["receipt"]["lines"].as_array().into_iter().flatten() {
            if let (Some("cpu_ms"), Some(stage), Some(quantity)) = (
                line["meter"].as_str(),
                line["stage"].as_str(),
                line["quantity"].as_u64(),
            ) {
                *cpu_ms.entry(stage.to_owned()).or_default() += quantity;
            }
        }
        let length_s = length_s(&folder.join("out").join("video.mp4"))?;
        std::fs::remove_dir_all(&folder)?;
        Ok(Made {
            taken,
            cpu_ms,
            jobs,
            length_s,
        })
    }
}

fn length_s(video: &Path) -> Result<f64> {
    let out = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "format=duration",
            "-of",
            "csv=p=0",
        ])
        .arg(video)
        .output()?;
    let text = String::from_utf8_lossy(&out.stdout);
    text.trim()
        .parse()
        .with_context(|| format!("{} has no length", video.display()))
}

/// A brief of about so many minutes: the example's scenes again and again, each time with other
/// words at their ends.
fn brief_of(minutes: u32) -> Result<String> {
    let table: toml::Table = BRIEF.parse()?;
    let script = table
        .get("script")
        .and_then(toml::Value::as_str)
        .context("the example has no script")?;
    let sections: Vec<&str> = script.split("\n## ").map(str::trim).collect();
    let words = |text: &str| text.split_whitespace().count() as f64;
    let wanted = words(script) / BRIEF_MINUTES * f64::from(minutes);
    let mut text = String::new();
    let mut round = 1;
    'rounds: loop {
        for section in &sections {
            if words(&text) >= wanted {
                break 'rounds;
            }
            let section = section.trim_start_matches("## ");
            if round == 1 {
                write!(text, "## {section}\n\n")?;
            } else {
                let (heading, rest) = section.split_once('\n').unwrap_or((section, ""));
                write!(
                    text,
                    "## {heading}, {round}\n{rest}\n\nSo much for round {round}.\n\n"
                )?;
            }
        }
        round += 1;
    }
    let mut brief = toml::Table::new();
    let title = format!("A film of {minutes} minutes for the benchmark");
    brief.insert("title".to_owned(), title.into());
    brief.insert("script".to_owned(), text.into());
    Ok(brief.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_briefs_repeat_nothing_word_for_word_and_can_be_read() {
        let words = |minutes| brief_of(minutes).unwrap().split_whitespace().count() as f64;
        assert!((words(16) / words(4) - 4.0).abs() < 0.4);
        let table: toml::Table = brief_of(16).unwrap().parse().unwrap();
        let script = studio::script::parse(table["script"].as_str().unwrap(), Some("t")).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for scene in script
            .scenes
            .iter()
            .filter(|scene| !scene.narration.is_empty())
        {
            assert!(seen.insert(&scene.narration), "{}", scene.narration);
        }
    }
}
