//! `ytempire queue` and `ytempire node`: the line as a whole, and who works on it.

use comfy_table::Table;
use serde_json::json;
use store::{Expired, Expiry, Limits, LineMode, Machine, NodeStatus, VideoFilter};
use worker::Parts;
use ytempire_core::{Code, Timestamp, VideoState};

use crate::args::{
    Global,
    line::{Json, Node, Prune, Queue},
};
use crate::capacity::Fullness;
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::times::{self, minute};
use crate::video::ask;
use crate::world;

pub(crate) async fn queue(global: &Global, command: Queue) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    match command {
        Queue::Status(args) => status(&parts, &args).await,
        Queue::Pause(args) => set(&parts, LineMode::Paused, &args.reason).await,
        Queue::Resume => set(&parts, LineMode::Running, "").await,
        Queue::Halt(args) => set(&parts, LineMode::Halted, &args.reason).await,
        Queue::Prune(args) => prune(&parts, &args).await,
        Queue::Drain => drain(&parts, "").await,
    }
}

pub(crate) async fn node(global: &Global, command: Node) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    match command {
        Node::List(args) => list(&parts, &args).await,
        Node::Drain { node } => drain(&parts, &node).await,
    }
}

async fn status(parts: &Parts, args: &Json) -> Result<(), Failure> {
    let line = parts.store.line_get().await?;
    let load = parts.store.line_load().await?;
    let nodes = parts.store.node_list().await?;
    let kept = parts.store.kept_totals().await?;
    let late = late(parts).await?;
    let fullness = Fullness::of(load.videos_queued, parts.waiting_max);
    if args.json {
        let whole = json!({ "mode": line.mode, "changed_at": line.changed_at,
            "reason": line.reason, "load": load, "nodes": nodes.len(),
            "waiting_max": parts.waiting_max, "fullness": fullness.as_str(), "late": late, "ended": kept });
        return print(&format!("{whole:#}\n"));
    }
    let since = if line.mode == LineMode::Running {
        String::new()
    } else {
        let why = if line.reason.is_empty() { "" } else { ": " };
        format!(
            " since {}{why}{}",
            line.changed_at.to_rfc3339(),
            line.reason
        )
    };
    print(&format!(
        "the line is {}{since}\n\
         videos  {} queued{}{}, {} running{}\n\
         jobs    {} available, {} running, {} waiting, {} scheduled\n\
         nodes   {}\n\
         ended   {} videos{}\n{}",
        line.mode.as_str(),
        load.videos_queued,
        parts
            .waiting_max
            .map_or_else(String::new, |max| format!(" of {max}")),
        fullness.shown(),
        load.videos_running,
        if late > 0 {
            format!(", {late} late")
        } else {
            String::new()
        },
        load.jobs_available,
        load.jobs_running,
        load.jobs_waiting,
        load.jobs_scheduled,
        nodes.len(),
        kept.videos,
        kept.since
            .map_or_else(String::new, |at| format!(", since {}", minute(at))),
        limits(&parts.limits),
    ))
}

/// How many videos are past their due time, of the newest thousand that have not ended.
async fn late(parts: &Parts) -> Result<usize, Failure> {
    let open = VideoFilter {
        states: vec![VideoState::Queued, VideoState::Running],
        ..VideoFilter::newest(1000)
    };
    let (now, open) = (parts.now(), parts.store.video_list(open).await?);
    Ok(open.iter().filter(|video| video.is_late(now)).count())
}

/// What bounds how much runs, as far as this command's configuration says.
fn limits(limits: &Limits) -> String {
    if limits.is_none() {
        return String::new();
    }
    let account = limits.account.map(|most| format!("{most} of an account"));
    let stages = limits.stages.iter();
    let stages = stages.map(|(stage, most)| format!("{most} of {stage}"));
    let channel = limits.channel.map(|most| format!("{most} of a channel"));
    let all = account.into_iter().chain(channel).chain(stages);
    let all: Vec<String> = all.collect();
    format!("limits  {}\n", all.join(", "))
}

/// Videos that are deleted in one transaction.
const PRUNED_AT_ONCE: u32 = 50;

async fn prune(parts: &Parts, args: &Prune) -> Result<(), Failure> {
    let before = times::before(parts.now(), args.older_than);
    if !args.yes {
        let verb = if args.events {
            "delete the events of"
        } else {
            "delete"
        };
        ask(verb, ended_before(parts, before).await?)?;
    }
    let expiry = Expiry {
        videos: (!args.events).then_some(before),
        events: args.events.then_some(before),
        videos_max: PRUNED_AT_ONCE,
    };
    let mut all = Expired::default();
    loop {
        let some = parts.store.kept_expire(expiry).await?;
        if some == Expired::default() {
            break;
        }
        all.videos += some.videos;
        all.trimmed += some.trimmed;
    }
    if args.json {
        return print(&format!("{}\n", json!(all)));
    }
    print(&if args.events {
        format!("deleted the events of {} videos\n", all.trimmed)
    } else {
        format!("deleted {} videos\n", all.videos)
    })
}

/// How many videos ended before that.
async fn ended_before(parts: &Parts, before: Timestamp) -> Result<usize, Failure> {
    let mut filter = VideoFilter {
        states: vec![VideoState::Ready, VideoState::Failed, VideoState::Cancelled],
        accepted_before: Some(before),
        ..VideoFilter::newest(1000)
    };
    let mut count = 0;
    loop {
        let page = parts.store.video_list(filter.clone()).await?;
        let Some(last) = page.last() else {
            return Ok(count);
        };
        filter.before = Some(last.id);
        let ended = page.iter().filter_map(|video| video.finalized_at);
        count += ended.filter(|end| *end < before).count();
    }
}

async fn set(parts: &Parts, mode: LineMode, reason: &str) -> Result<(), Failure> {
    parts.store.line_set(parts.now(), mode, reason).await?;
    let what = match mode {
        LineMode::Running => "the line runs",
        LineMode::Paused => "the line is paused: nothing more is begun; what runs goes on",
        LineMode::Halted => "the line is halted: nothing more is begun or spent",
    };
    print(&format!("{what}\n"))
}

async fn drain(parts: &Parts, prefix: &str) -> Result<(), Failure> {
    let nodes = parts.store.node_list().await?;
    let meant: Vec<&NodeStatus> = nodes
        .iter()
        .filter(|node| node.id.to_string().starts_with(prefix))
        .collect();
    if meant.is_empty() {
        let text = if prefix.is_empty() {
            "no node works here".to_owned()
        } else {
            format!("there is no node {prefix:?}; `ytempire node list` shows all")
        };
        return Err(Failure::new(Code::NodeUnknown, text));
    }
    if meant.len() > 1 && !prefix.is_empty() {
        let text = format!("several nodes begin with {prefix:?}; give more of the id");
        return Err(Failure::new(Code::NodeUnknown, text));
    }
    for node in meant {
        parts.store.node_drain(node.id).await?;
        print(&format!("{} leaves once its jobs have ended\n", node.id))?;
    }
    Ok(())
}

async fn list(parts: &Parts, args: &Json) -> Result<(), Failure> {
    let nodes = parts.store.node_list().await?;
    if args.json {
        let line = |node: &NodeStatus| serde_json::to_string(node).map(|line| line + "\n");
        let lines: Result<String, _> = nodes.iter().map(line).collect();
        return print(&lines.map_err(|e| Failure::bug(e.to_string()))?);
    }
    if nodes.is_empty() {
        return print("no node works here; start one: ytempire work\n");
    }
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(["id", "jobs", "seen", "", "name", "machine"]);
    for node in nodes {
        table.add_row([
            node.id.to_string(),
            format!("{} of {}", node.jobs, node.machine.slots),
            ago(node.seen_at, parts.now()),
            if node.draining { "leaving" } else { "" }.to_owned(),
            node.name,
            shown(&node.machine),
        ]);
    }
    print(&format!("{table}\n"))
}

/// A machine in a line: its kind, memory, free disk, and what its GPUs are at.
fn shown(machine: &Machine) -> String {
    let gib = |mib: u64| format!("{}.{} GiB", mib / 1024, mib % 1024 * 10 / 1024);
    let mut text = format!(
        "{}, {} of memory, {} of disk free",
        machine.kind,
        gib(machine.memory_mib.into()),
        gib(machine.disk_free_mib)
    );
    for gpu in &machine.gpus {
        let state = if gpu.sick.is_empty() {
            let free = gib(gpu.vram_free_mib.into());
            format!(
                "{free} free, {} % busy, {} °C",
                gpu.busy_percent, gpu.celsius
            )
        } else {
            format!("sick: {}", gpu.sick)
        };
        text = format!("{text}; {}: {state}", gpu.name);
    }
    for encoder in &machine.encoders {
        let state = if encoder.trouble.is_empty() {
            format!("{} sessions", encoder.sessions_max)
        } else {
            format!("rests: {}", encoder.trouble)
        };
        text = format!("{text}; {}: {state}", encoder.name);
    }
    text
}

fn ago(then: Timestamp, now: Timestamp) -> String {
    format!("{} s ago", now.since(then).as_secs())
}
