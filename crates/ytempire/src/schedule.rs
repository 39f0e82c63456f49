//! `ytempire schedule`: recurring starts.

use std::sync::Arc;

use comfy_table::Table;
use serde_json::{Value, json};
use store::{ScheduleRow, ScheduleState};
use worker::{Parts, Tick, Timing, schedules, slot};
use ytempire_core::{AccountId, Code, ScheduleId};

use crate::args::Global;
use crate::args::schedule::{Add, OneJson, Schedule};
use crate::capacity;
use crate::config::Config;
use crate::fail::Failure;
use crate::make;
use crate::schema::print;
use crate::times::{minute, said};
use crate::video::told;
use crate::world;

pub(crate) async fn run(global: &Global, command: Schedule) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    match command {
        Schedule::Add(args) => add(parts, &config, &args).await,
        Schedule::List(args) => list(&parts, args.json).await,
        Schedule::Show(args) => show(&parts, &args).await,
        Schedule::Pause(args) => set(&parts, &args.schedule, ScheduleState::Paused).await,
        Schedule::Resume(args) => set(&parts, &args.schedule, ScheduleState::Active).await,
        Schedule::Remove(args) => remove(&parts, &args.schedule).await,
        Schedule::RunNow(args) => run_now(parts, &config, &args).await,
    }
}

async fn add(mut parts: Parts, config: &Config, args: &Add) -> Result<(), Failure> {
    let now = parts.now();
    let timing = timing(args)?;
    timing.check(now).map_err(invalid)?;
    parts.backends = Arc::new(config.backends()?);
    world::check_tools(&parts.tools)?;
    let prepared = make::off_the_loop(parts.clone(), args.wish()).await?;
    for notice in &prepared.notices {
        anstream::eprintln!("note: {notice}");
    }
    let bug = |e: serde_json::Error| Failure::bug(format!("can't write the schedule: {e}"));
    let row = ScheduleRow {
        id: ScheduleId::fresh(&parts.ids, now),
        account: AccountId::LOCAL,
        name: name(args),
        state: ScheduleState::Active,
        next_at: timing.upcoming(now, 1).first().map(|tick| tick.start_at),
        timing: serde_json::to_value(&timing).map_err(bug)?,
        request: serde_json::to_value(&prepared.request).map_err(bug)?,
        priority: args.priority,
        created_at: now,
        last_at: None,
        last_video: None,
        last_error: None,
        started: 0,
    };
    if !parts.store.schedule_add(row.clone()).await? {
        let text = format!("there is a schedule {:?} already", row.name);
        let hint = "remove it by `ytempire schedule remove`, or choose another --name";
        return Err(Failure::new(Code::ScheduleInvalid, text).hint(hint));
    }
    shown(&parts, &row, args.json)
}

fn timing(args: &Add) -> Result<Timing, Failure> {
    let slots = args.slots.iter().map(|text| slot(text));
    let slots: Vec<String> = slots.collect::<Result<_, _>>().map_err(invalid)?;
    let lead = if slots.is_empty() {
        None
    } else {
        Some(args.lead.as_secs())
    };
    Ok(Timing {
        crons: args.cron.clone().into_iter().chain(slots).collect(),
        zone: args.zone.clone(),
        lead_s: lead.unwrap_or(0),
        due_after_s: lead.or_else(|| args.due_in.map(|span| span.as_secs())),
        catch_up: args.catch_up.into(),
    })
}

fn invalid(e: impl std::fmt::Display) -> Failure {
    Failure::new(Code::ScheduleInvalid, e.to_string())
}

fn name(args: &Add) -> String {
    let stem = || {
        let path = args.brief.as_ref()?;
        Some(path.file_stem()?.to_string_lossy().into_owned())
    };
    let named = args.name.clone().or_else(stem);
    named.unwrap_or_else(|| make::slug(args.topic.as_deref().unwrap_or_default()))
}

/// The schedule that is meant by its name, its id, or the beginning of its id.
async fn meant(parts: &Parts, text: &str) -> Result<ScheduleRow, Failure> {
    let all = parts.store.schedule_list().await?;
    let named = all.iter().find(|row| row.name == text);
    let mut by_id = all
        .iter()
        .filter(|row| row.id.to_string().starts_with(text));
    let found = named.or_else(|| by_id.next());
    let one = named.is_some() || by_id.next().is_none();
    found.filter(|_| one).cloned().ok_or_else(|| {
        let text = format!(
            "there is no schedule {text:?}, or several; `ytempire schedule list` shows all"
        );
        Failure::new(Code::ScheduleUnknown, text)
    })
}

async fn list(parts: &Parts, as_json: bool) -> Result<(), Failure> {
    let rows = parts.store.schedule_list().await?;
    if as_json {
        let lines = rows.iter().map(|row| format!("{}\n", object(row)));
        return print(&lines.collect::<String>());
    }
    if rows.is_empty() {
        return print("nothing is started again and again; `ytempire schedule add` does so\n");
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "name",
        "state",
        "next start",
        "started",
        "last trouble",
    ]);
    for row in rows {
        table.add_row([
            row.name.clone(),
            row.state.as_str().to_owned(),
            next(parts, &row),
            row.started.to_string(),
            row.last_error.unwrap_or_default(),
        ]);
    }
    print(&format!("{table}\n"))
}

fn next(parts: &Parts, row: &ScheduleRow) -> String {
    if row.state == ScheduleState::Paused {
        return String::new();
    }
    let now = parts.now();
    match row.next_at {
        None => "never again".to_owned(),
        Some(at) if at <= now => "now".to_owned(),
        Some(at) => format!("{} UTC, in {}", minute(at), said(at.since(now))),
    }
}

/// The row without the brief, which is long.
fn object(row: &ScheduleRow) -> Value {
    json!({
        "id": row.id, "name": row.name, "state": row.state, "timing": row.timing,
        "priority": row.priority, "next_at": row.next_at, "created_at": row.created_at,
        "last_at": row.last_at, "last_video": row.last_video, "last_error": row.last_error,
        "started": row.started,
    })
}

async fn show(parts: &Parts, args: &OneJson) -> Result<(), Failure> {
    let row = meant(parts, &args.schedule).await?;
    shown(parts, &row, args.json)
}

/// Starts that are shown ahead.
const AHEAD: usize = 5;

fn shown(parts: &Parts, row: &ScheduleRow, as_json: bool) -> Result<(), Failure> {
    let ticks = schedules::upcoming(row, parts.now(), AHEAD);
    if as_json {
        let of = |tick: &Tick| json!({ "start_at": tick.start_at, "due_at": tick.due_at });
        let mut whole = object(row);
        whole["upcoming"] = ticks.iter().map(of).collect();
        return print(&format!("{whole}\n"));
    }
    let mut lines = vec![format!("{} {} {}", row.id, row.state.as_str(), row.name)];
    // Where its clocks don't show what ours do.
    let zone = schedules::timing(row)
        .ok()
        .filter(|timing| timing.zone != "UTC");
    for tick in &ticks {
        let due = tick.due_at.map(|due| format!(", due {}", minute(due)));
        let (start, due) = (minute(tick.start_at), due.unwrap_or_default());
        let local = zone
            .as_ref()
            .map(|timing| format!(", for {}", timing.shown(tick.at)));
        lines.push(format!(
            "starts {start}{due} UTC{}",
            local.unwrap_or_default()
        ));
    }
    if let Some(video) = row.last_video {
        lines.push(format!(
            "started {} so far, the last one {video}",
            row.started
        ));
    }
    if let Some(error) = &row.last_error {
        lines.push(format!("last trouble: {error}"));
    }
    print(&format!("{}\n", lines.join("\n")))
}

async fn set(parts: &Parts, text: &str, state: ScheduleState) -> Result<(), Failure> {
    let row = meant(parts, text).await?;
    // What passed while it was paused was meant to pass.
    let next = schedules::upcoming(&row, parts.now(), 1);
    let next = next.first().map(|tick| tick.start_at);
    parts.store.schedule_set(row.id, state, next).await?;
    print(&format!("{} is {}\n", row.name, state.as_str()))
}

async fn remove(parts: &Parts, text: &str) -> Result<(), Failure> {
    let row = meant(parts, text).await?;
    parts.store.schedule_remove(row.id).await?;
    print(&format!("{} is removed; its videos stay\n", row.name))
}

async fn run_now(mut parts: Parts, config: &Config, args: &OneJson) -> Result<(), Failure> {
    parts.backends = Arc::new(config.backends()?);
    let row = meant(&parts, &args.schedule).await?;
    let started = schedules::run_now(&parts, &row)
        .await
        .map_err(|refused| Failure::new(refused.code, refused.text))?;
    let submitted = match started {
        Ok(submitted) => submitted,
        Err(e) => return Err(capacity::refused(&parts, e, args.json).await),
    };
    told(&parts, &submitted, args.json).await
}
