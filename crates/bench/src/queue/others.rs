//! Other queues on the same database, as they come and tuned.
//!
//! Each is driven by a script of its own language with its own calls: it adds so many jobs that do
//! nothing, and tells how long its worker took until the last had ended. Control rows run before and
//! after.

use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use testkit::PostgresServer;

use super::Queue;
use super::bare::Bare;
use super::line::Line;
use super::rate;
use crate::table::markdown;

/// A queue and how it is set.
pub(super) struct Other {
    pub(super) name: &'static str,
    script: &'static str,
    setting: &'static str,
    /// Slow ones get fewer jobs.
    jobs: u32,
}

const fn other(
    name: &'static str,
    script: &'static str,
    setting: &'static str,
    jobs: u32,
) -> Other {
    Other {
        name,
        script,
        setting,
        jobs,
    }
}

pub(super) const OTHERS: [Other; 8] = [
    other(
        "graphile-worker, as it comes",
        "graphile.mjs",
        "default",
        4_000,
    ),
    other(
        "graphile-worker, 24 at once, local queue of 500",
        "graphile.mjs",
        "tuned",
        20_000,
    ),
    other("pg-boss, one at a time", "boss.mjs", "default", 1_000),
    other("pg-boss, batches of 100 by 8", "boss.mjs", "tuned", 20_000),
    other(
        "procrastinate, as it comes",
        "procrastinate_queue.py",
        "default",
        1_000,
    ),
    other(
        "procrastinate, 40 at once",
        "procrastinate_queue.py",
        "tuned",
        2_000,
    ),
    other("apalis, as it comes", "apalis", "default", 4_000),
    other(
        "apalis, batches of 100, 100 at once",
        "apalis",
        "tuned",
        20_000,
    ),
];

/// What a script prints.
#[derive(Deserialize)]
pub(super) struct Said {
    accepted_s: f64,
    pub(super) done_s: f64,
    /// Of those that are given a pace.
    #[serde(default)]
    pub(super) p50_ms: f64,
    #[serde(default)]
    pub(super) p99_ms: f64,
}

impl Queue {
    pub(super) async fn others(&self, server: &PostgresServer) -> Result<()> {
        let mut rows = vec![self.control(server, "before").await?];
        for (of_video, shape) in [(10, (8, 10)), (10, (4, 100)), (10, (8, 100))] {
            let line = Line::on(server).await?;
            line.fill(self.jobs, of_video).await?;
            let (took, _) = line.drain(self.jobs, shape).await?;
            let name = format!("ours, {} × {}", shape.0, shape.1);
            let done = format!("{:.0}", rate(self.jobs, took));
            eprintln!("{name}: {done}");
            rows.push(vec![name, self.jobs.to_string(), String::new(), done]);
        }
        for (n, other) in OTHERS.iter().enumerate() {
            let database = format!("other{n}");
            let row = match self.run_other(server, other, &database, &[other.jobs]) {
                Ok(said) => vec![
                    other.name.to_owned(),
                    other.jobs.to_string(),
                    format!("{:.0}", f64::from(other.jobs) / said.accepted_s),
                    format!("{:.0}", f64::from(other.jobs) / said.done_s),
                ],
                Err(trouble) => {
                    eprintln!("{}: {trouble:#}", other.name);
                    vec![
                        other.name.to_owned(),
                        String::new(),
                        String::new(),
                        "–".to_owned(),
                    ]
                }
            };
            eprintln!("{}", row.join(", "));
            rows.push(row);
        }
        rows.push(self.control(server, "after").await?);
        let head = ["", "jobs", "accepted/s", "done/s"];
        println!(
            "\nOther queues on the same server\n\n{}",
            markdown(&head, &rows)
        );
        Ok(())
    }

    async fn control(&self, server: &PostgresServer, time: &str) -> Result<Vec<String>> {
        let (took, _) = Bare::Delete.drain(server, self.jobs, (8, 100)).await?;
        Ok(vec![
            format!("{}, 8 × 100, {time}", Bare::Delete.name()),
            self.jobs.to_string(),
            String::new(),
            format!("{:.0}", rate(self.jobs, took)),
        ])
    }

    /// Runs it on a fresh database. `numbers`: how many jobs, and how many are added a second.
    pub(super) fn run_other(
        &self,
        server: &PostgresServer,
        other: &Other,
        database: &str,
        numbers: &[u32],
    ) -> Result<Said> {
        server.sql(&format!("CREATE DATABASE {database}"));
        let folder = server.socket();
        let folder = folder.parent().context("a socket lies in a folder")?;
        let script = self.installed.join(other.script);
        let extension = script.extension().unwrap_or_default();
        let (program, script) = if extension == "mjs" {
            ("node".into(), Some(&script))
        } else if extension == "py" {
            (self.installed.join("venv/bin/python"), Some(&script))
        } else {
            (script.join("target/release/apalis-peer"), None)
        };
        let done = Command::new(program)
            .env("PATH", crate::PATH)
            .args(script)
            .args([folder.as_os_str(), database.as_ref()])
            .arg(other.setting)
            .args(numbers.iter().map(u32::to_string))
            .output()
            .context("it can't be run; crates/bench/peers/queues installs it")?;
        let text = String::from_utf8_lossy(&done.stdout);
        let last = text.lines().rev().find(|line| line.starts_with('{'));
        let Some(last) = last.filter(|_| done.status.success()) else {
            bail!("{}", String::from_utf8_lossy(&done.stderr));
        };
        Ok(serde_json::from_str(last)?)
    }
}
