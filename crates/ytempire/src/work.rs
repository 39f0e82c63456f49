//! `ytempire work`: a node that makes whatever is queued.

use std::sync::Arc;
use std::time::Duration;

use signal::Signal;
use store::VideoRow;
use store_postgres::Wakes;
use worker::{Node, Parts, WorkError};
use ytempire_core::{Cancel, Code};

use crate::args::{Global, line::Work};
use crate::config::Config;
use crate::fail::Failure;
use crate::world;

/// How long a provider's outage costs no video. Somebody who waits at a terminal has none.
const PATIENCE: Duration = Duration::from_hours(1);

/// How often a database that is away is tried while a node starts.
const AWAY_TICK: Duration = Duration::from_millis(500);

pub(crate) async fn run(global: &Global, args: Work) -> Result<(), Failure> {
    let cancel = world::stop_signal()?;
    let config = Config::load(global)?;
    world::check_tools(&world::tools())?;
    let backends = Arc::new(config.backends()?);
    let name = world::node_name();
    let join = async || {
        let parts = parts(global, &config, &backends, args.slots).await?;
        let joined = Node::join(parts.clone(), &name).await.map_err(failed)?;
        Ok((joined, parts))
    };
    let Some((node, parts)) = patient(join, &cancel).await? else {
        return Ok(());
    };
    make(global, &config, (node, &parts), &cancel).await
}

/// The parts of a process that works for others.
pub(crate) async fn parts(
    global: &Global,
    config: &Config,
    backends: &Arc<worker::Backends>,
    slots: Option<u32>,
) -> Result<Parts, Failure> {
    let mut parts = world::parts(global, config).await?;
    parts.backends = Arc::clone(backends);
    parts.slots = slots.unwrap_or(parts.slots);
    parts.patience = PATIENCE;
    Ok(parts)
}

/// Has a node make whatever is queued until it is told to leave.
pub(crate) async fn make(
    global: &Global,
    config: &Config,
    (node, parts): (Node, &Parts),
    cancel: &Cancel,
) -> Result<(), Failure> {
    if let Some(wakes) = world::place(global, config)?.wakes() {
        tokio::spawn(pass_on(wakes, Arc::clone(&parts.signal)));
    }
    let slots = parts.slots;
    let say = !global.quiet;
    if say {
        anstream::eprintln!(
            "node {} ({}) works with {slots} slots; Ctrl-C or SIGTERM: it finishes what it can \
             within 20 s and leaves",
            node.id(),
            world::node_name()
        );
    }
    let ended = |video: &VideoRow| {
        let Some((code, text)) = &video.failure else {
            anstream::println!("{} {} {}", video.state.as_str(), video.id, video.title);
            return;
        };
        anstream::println!(
            "{} {} {}: {code}: {text}",
            video.state.as_str(),
            video.id,
            video.title
        );
    };
    node.serve(cancel, &ended).await.map_err(failed)?;
    node.leave().await.map_err(failed)?;
    if say {
        anstream::eprintln!("left");
    }
    Ok(())
}

/// What `join` gives, waiting for a database that is away. `None` if we are told to stop first.
pub(crate) async fn patient<T>(
    join: impl AsyncFn() -> Result<T, Failure>,
    cancel: &Cancel,
) -> Result<Option<T>, Failure> {
    let mut tries = tokio::time::interval(AWAY_TICK);
    let mut said = false;
    loop {
        tokio::select! {
            () = world::raised(cancel) => return Ok(None),
            _ = tries.tick() => {}
        }
        match join().await {
            Err(e) if e.code() == Code::DatabaseAway => {
                if !said {
                    anstream::eprintln!("waiting for the database: {}", e.text());
                    said = true;
                }
            }
            joined => return joined.map(Some),
        }
    }
}

/// Passes on what the database tells, unless other nodes are reached in a better way: that wakes as
/// many as are needed, this wakes all.
async fn pass_on(mut wakes: Wakes, signal: Arc<dyn Signal>) {
    loop {
        wakes.wait().await;
        if signal.health().shared != Some(true) {
            signal.wake(1).await;
        }
    }
}

pub(crate) fn failed(error: WorkError) -> Failure {
    match error {
        WorkError::Store(e) => e.into(),
        WorkError::Folder(e) => Failure::new(
            Code::FolderUnwritable,
            format!("the data folder can't be used: {e}"),
        ),
        other => Failure::bug(other.to_string()),
    }
}
