//! Reservations and settlements a second, and how long each takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use testkit::PostgresServer;
use tokio::task::JoinSet;
use ytempire_core::Clock;

use super::bare;
use super::provider::{CALL, TOKENS};
use super::purse::{self, CAP, Purse};
use super::{Money, WallClock, millis, percentile};
use crate::table::markdown;

const CLIENTS: [u32; 3] = [1, 8, 32];

/// Calls of a video: its money is gone then.
const OF_VIDEO: u32 = (CAP / CALL) as u32;

/// How long reserving, noting as sent and settling took, each time.
type Times = [Vec<Duration>; 3];

/// What some clients did.
struct Done {
    took: Duration,
    times: Times,
}

impl Done {
    async fn all(mut clients: JoinSet<Result<Times>>, begun: Instant) -> Result<Self> {
        let mut times = Times::default();
        while let Some(of_one) = clients.join_next().await {
            for (all, some) in times.iter_mut().zip(of_one??) {
                all.extend(some);
            }
        }
        let took = begun.elapsed();
        Ok(Self { took, times })
    }

    fn rate(&self) -> f64 {
        self.times[0].len() as f64 / self.took.as_secs_f64()
    }

    fn row(mut self, name: &str, clients: u32, bare: f64) -> Vec<String> {
        let rate = self.rate();
        let mut row = vec![
            name.to_owned(),
            clients.to_string(),
            format!("{rate:.0}"),
            format!("{:.2}", rate / bare),
        ];
        for times in &mut self.times {
            row.push(millis(percentile(times, 50)));
            row.push(millis(percentile(times, 99)));
        }
        eprintln!("{}", row.join(", "));
        row
    }
}

impl Money {
    pub(super) async fn rate(&self, server: &PostgresServer) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut rows = Vec::new();
        for clients in CLIENTS {
            let each = (self.holds / clients).next_multiple_of(OF_VIDEO);
            let shape = (clients, each);
            let bare = bare_sqlite(&folder.path().join(format!("bare{clients}.db")), shape).await?;
            let file = folder.path().join(format!("{clients}.db"));
            let done = ours(&format!("sqlite:{}", file.display()), shape).await?;
            let ceiling = bare.rate();
            rows.push(bare.row("the same rows in bare SQL, SQLite", clients, ceiling));
            rows.push(done.row("ours, SQLite", clients, ceiling));
            let bare = bare_postgres(&server.fresh(), shape).await?;
            let done = ours(&server.fresh(), shape).await?;
            let ceiling = bare.rate();
            rows.push(bare.row("the same rows in bare SQL, PostgreSQL", clients, ceiling));
            rows.push(done.row("ours, PostgreSQL", clients, ceiling));
        }
        let head = [
            "",
            "clients",
            "calls/s",
            "of bare",
            "hold p50 ms",
            "p99",
            "sent p50 ms",
            "p99",
            "settle p50 ms",
            "p99",
        ];
        println!(
            "\nReserved, noted as sent, settled: {} a row\n\n{}",
            self.holds,
            markdown(&head, &rows)
        );
        Ok(())
    }
}

async fn ours(database: &str, (clients, each): (u32, u32)) -> Result<Done> {
    let purse = Purse::over(purse::open(database).await?, 3);
    let node = purse.join().await?;
    let mut tasks = JoinSet::new();
    let mut leases = Vec::new();
    for client in 0..clients {
        let mut own = Vec::new();
        for n in 0..each / OF_VIDEO {
            let video = purse.video(&format!("{client} {n}")).await?;
            own.push(purse.claim(video, node).await?);
        }
        leases.push(own);
    }
    let begun = Instant::now();
    for own in leases {
        let purse = purse.clone();
        tasks.spawn(async move {
            let mut times = Times::default();
            for lease in own {
                for _ in 0..OF_VIDEO {
                    let now = WallClock.now();
                    let hold = purse.hold_of(now);
                    let id = hold.id;
                    let store = &purse.store;
                    timed(&mut times[0], store.transfer_hold(now, lease, vec![hold])).await?;
                    timed(&mut times[1], store.transfer_mark_sent(now, lease, &[id])).await?;
                    timed(&mut times[2], purse.settle(lease, id, TOKENS)).await?;
                }
            }
            Ok(times)
        });
    }
    Done::all(tasks, begun).await
}

async fn timed<T, E>(
    times: &mut Vec<Duration>,
    act: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let begun = Instant::now();
    let done = act.await;
    times.push(begun.elapsed());
    done
}

async fn bare_postgres(url: &str, (clients, each): (u32, u32)) -> Result<Done> {
    bare::Postgres::prepare(url).await?;
    let mut connections = Vec::new();
    for client in 0..clients {
        connections.push(bare::Postgres::open(url, &client.to_string()).await?);
    }
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for (client, bare) in connections.into_iter().enumerate() {
        tasks.spawn(async move {
            let mut times = Times::default();
            for n in 0..each {
                let id = format!("0193-{client}-{n}");
                timed(&mut times[0], bare.hold(&id)).await?;
                timed(&mut times[1], bare.sent(&id)).await?;
                timed(&mut times[2], bare.settle(&id)).await?;
            }
            Ok(times)
        });
    }
    Done::all(tasks, begun).await
}

async fn bare_sqlite(path: &std::path::Path, (clients, each): (u32, u32)) -> Result<Done> {
    let bare = Arc::new(bare::Sqlite::open(path)?);
    for client in 0..clients {
        bare.accounts(client.to_string()).await?;
    }
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let (bare, video) = (Arc::clone(&bare), client.to_string());
        tasks.spawn(async move {
            let mut times = Times::default();
            for n in 0..each {
                let id = format!("0193-{client}-{n}");
                timed(&mut times[0], bare.hold(id.clone(), video.clone())).await?;
                timed(&mut times[1], bare.sent(id.clone())).await?;
                timed(&mut times[2], bare.settle(id, video.clone())).await?;
            }
            Ok(times)
        });
    }
    Done::all(tasks, begun).await
}
