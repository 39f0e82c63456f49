//! apalis on PostgreSQL: apalis-peer SOCKET_FOLDER DATABASE default|tuned JOBS [RATE]
//!
//! With a rate, so many jobs a second are added one by one while a worker runs, and what is told is how
//! long each took from the call that added it to its handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_postgres::{Config, PgPool, PgTask, PostgresStorage};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

type Trouble = Box<dyn std::error::Error + Send + Sync>;

const QUEUE: &str = "nothing";

#[derive(Clone)]
struct Seen {
    began: Instant,
    left: Arc<AtomicUsize>,
    times: Arc<Mutex<Vec<f64>>>,
}

/// A job carries when it was added.
async fn nothing(at: u64, seen: Data<Seen>) -> Result<(), BoxDynError> {
    if at > 0 {
        let now = seen.began.elapsed().as_micros() as f64;
        seen.times.lock().unwrap().push((now - at as f64) / 1e3);
    }
    seen.left.fetch_sub(1, Ordering::Relaxed);
    Ok(())
}

fn task(at: u64) -> PgTask {
    TaskBuilder::new(serde_json::to_vec(&at).unwrap()).build()
}

async fn add(pool: &PgPool, tasks: Vec<PgTask>) -> Result<(), Trouble> {
    let mut connection = pool.acquire().await?;
    apalis_postgres::queries::push_tasks(&mut *connection, QUEUE, tasks).await?;
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Trouble> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, database, setting, jobs, rate @ ..] = &arguments[..] else {
        return Err("apalis-peer SOCKET_FOLDER DATABASE default|tuned JOBS [RATE]".into());
    };
    let (jobs, tuned): (usize, bool) = (jobs.parse()?, setting == "tuned");
    let rate: Option<u64> = rate.first().map(|rate| rate.parse()).transpose()?;
    let options = PgConnectOptions::new()
        .socket(host)
        .username("postgres")
        .database(database);
    let pool = PgPoolOptions::new()
        .max_connections(if tuned { 20 } else { 10 })
        .connect_with(options)
        .await?;
    PostgresStorage::setup(&pool).await?;

    let seen = Seen {
        began: Instant::now(),
        left: Arc::new(AtomicUsize::new(jobs)),
        times: Arc::default(),
    };
    if rate.is_none() {
        for from in (0..jobs).step_by(1000) {
            add(&pool, (from..jobs.min(from + 1000)).map(|_| task(0)).collect()).await?;
        }
    }
    let accepted = seen.began.elapsed();
    let work = |config: Config, name: &str, seen: Seen, at_once: usize| {
        let backend = PostgresStorage::<u64>::new(&pool)
            .with_config(config.queue(QUEUE))
            .with_pubsub();
        let worker = WorkerBuilder::new(name)
            .backend(backend)
            .data(seen)
            .concurrency(at_once)
            .build(nothing);
        tokio::spawn(async move { worker.run().await })
    };
    // The best of those that were tried: batches of 100, and a hundred handlers at once.
    let workers = if tuned {
        vec![work(
            Config::default().batch_size(100).lock_tasks(false),
            "tuned",
            seen.clone(),
            100,
        )]
    } else {
        vec![work(Config::default(), "usual", seen.clone(), 1)]
    };
    if let Some(rate) = rate {
        let mut tick = tokio::time::interval(Duration::from_micros(1_000_000 / rate));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        let mut adding = Vec::new();
        for _ in 0..jobs {
            tick.tick().await;
            let (pool, at) = (pool.clone(), seen.began.elapsed().as_micros() as u64);
            adding.push(tokio::spawn(async move { add(&pool, vec![task(at)]).await }));
        }
        for added in adding {
            added.await??;
        }
    }
    let until = |gone: i64| {
        let (pool, left) = (pool.clone(), Arc::clone(&seen.left));
        async move {
            while left.load(Ordering::Relaxed) > gone as usize {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // Until the last is on disk as done.
            loop {
                let open: i64 = sqlx::query_scalar("SELECT count(*) FROM apalis.jobs WHERE status <> 'Done'")
                    .fetch_one(&pool)
                    .await?;
                if open == gone {
                    return Ok::<(), Trouble>(());
                }
            }
        }
    };
    until(0).await?;
    let done = seen.began.elapsed();
    let mut times = seen.times.lock().unwrap().clone();
    times.sort_by(f64::total_cmp);
    let part = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or(0.0);
    println!(
        "{{\"accepted_s\": {}, \"done_s\": {}, \"p50_ms\": {}, \"p99_ms\": {}}}",
        accepted.as_secs_f64(),
        (done - accepted).as_secs_f64(),
        part(50),
        part(99),
    );
    drop(workers);
    std::process::exit(0);
}
