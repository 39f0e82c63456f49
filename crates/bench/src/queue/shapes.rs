//! Jobs a second, by workers and batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use testkit::PostgresServer;
use ytempire_core::CrashPlan;

use super::bare::Bare;
use super::line::Line;
use super::{Queue, Shape, millis, percentile, rate};
use crate::table::markdown;

const SHAPES: [Shape; 7] = [
    (1, 1),
    (8, 1),
    (1, 10),
    (8, 10),
    (1, 100),
    (4, 100),
    (8, 100),
];

impl Queue {
    pub(super) async fn shapes(&self, server: &PostgresServer) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut rows = Vec::new();
        for shape in SHAPES {
            eprintln!("{} × {}", shape.0, shape.1);
            let jobs = self.jobs_of(shape);
            let mut ceiling = 0.0;
            for (bare, time) in [(Bare::Delete, "before"), (Bare::Fused, "before")] {
                let (took, times) = bare.drain(server, jobs, shape).await?;
                if bare == Bare::Delete {
                    ceiling = rate(jobs, took);
                }
                let name = format!("{}, {time}", bare.name());
                rows.push(row(&name, shape, None, (jobs, took, times), ceiling));
            }
            for of_video in [self.of_video, 1] {
                let line = Line::on(server).await?;
                let name = format!("PostgreSQL, {of_video} a video");
                rows.push(ours(&line, &name, shape, (jobs, of_video), ceiling).await?);
            }
            if !self.no_sqlite {
                let path = folder.path().join(format!("{}-{}.db", shape.0, shape.1));
                let store = store_sqlite::SqliteStore::open(&path, CrashPlan::default())?;
                let line = Line::over(Arc::new(store));
                let name = format!("SQLite, {} a video", self.of_video);
                rows.push(ours(&line, &name, shape, (jobs, self.of_video), ceiling).await?);
            }
            let (took, times) = Bare::Delete.drain(server, jobs, shape).await?;
            let name = format!("{}, after", Bare::Delete.name());
            rows.push(row(&name, shape, None, (jobs, took, times), ceiling));
        }
        let head = [
            "",
            "workers × batch",
            "accepted/s",
            "done/s",
            "of bare",
            "exchange p50 ms",
            "p99 ms",
        ];
        println!(
            "\nJobs a second, {} a row\n\n{}",
            self.jobs,
            markdown(&head, &rows)
        );
        Ok(())
    }

    /// Videos are accepted while workers drain what there is.
    pub(super) async fn steady(&self, server: &PostgresServer) -> Result<()> {
        let mut rows = Vec::new();
        for shape in [(8, 10), (4, 100)] {
            let line = Line::on(server).await?;
            let filling = {
                let (line, jobs, of_video) = (line.clone(), self.jobs, self.of_video);
                tokio::spawn(async move { line.fill(jobs, of_video).await })
            };
            let (took, times) = line.drain(self.jobs, shape).await?;
            filling.await??;
            let ended = (self.jobs, took, times);
            rows.push(row("PostgreSQL", shape, None, ended, 0.0));
        }
        let head = [
            "",
            "workers × batch",
            "",
            "accepted and done/s",
            "",
            "exchange p50 ms",
            "p99 ms",
        ];
        println!(
            "\nAccepted and drained at once\n\n{}",
            markdown(&head, &rows)
        );
        Ok(())
    }
}

async fn ours(
    line: &Line,
    name: &str,
    shape: Shape,
    (jobs, of_video): (u32, u32),
    ceiling: f64,
) -> Result<Vec<String>> {
    let begun = Instant::now();
    line.fill(jobs, of_video).await?;
    let accepted = begun.elapsed();
    let (took, times) = line.drain(jobs, shape).await?;
    Ok(row(
        name,
        shape,
        Some(accepted),
        (jobs, took, times),
        ceiling,
    ))
}

fn row(
    name: &str,
    (workers, batch): Shape,
    accepted: Option<Duration>,
    (jobs, took, mut times): (u32, Duration, Vec<Duration>),
    ceiling: f64,
) -> Vec<String> {
    let done = rate(jobs, took);
    let of = if ceiling > 0.0 {
        format!("{:.2}", done / ceiling)
    } else {
        String::new()
    };
    eprintln!("{name}: {done:.0}");
    vec![
        name.to_owned(),
        format!("{workers} × {batch}"),
        accepted.map_or_else(String::new, |time| format!("{:.0}", rate(jobs, time))),
        format!("{done:.0}"),
        of,
        millis(percentile(&mut times, 50)),
        millis(percentile(&mut times, 99)),
    ]
}
