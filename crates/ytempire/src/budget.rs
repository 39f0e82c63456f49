//! `ytempire budget`: what days and videos may cost.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table};
use ledger::{Account, Budget as Row, BudgetOf, Day, UNLIMITED, VIDEO_CAP};
use serde_json::{Value, json};
use worker::Parts;
use ytempire_core::{AccountId, ChannelId, Code, MicroUsd};

use crate::args::Global;
use crate::args::budget::{Amount, Budget, Remove, Set};
use crate::channel;
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::times::said;
use crate::world;

pub(crate) async fn run(global: &Global, command: Budget) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    match command {
        Budget::List(args) => list(&parts, &config, args.json).await,
        Budget::Set(args) => set(&parts, args).await,
        Budget::Remove(args) => remove(&parts, args).await,
    }
}

async fn set(parts: &Parts, args: Set) -> Result<(), Failure> {
    let budget = match args {
        Set::Global(amount) => of_day(BudgetOf::Global, &amount)?,
        Set::Account(amount) => of_day(BudgetOf::Account(AccountId::LOCAL), &amount)?,
        Set::Channel { name, amount } => {
            let channel = channel::named(parts, &name).await?;
            of_day(BudgetOf::Channel(channel.id), &amount)?
        }
        Set::Provider { name, amount } => of_day(BudgetOf::Provider(name), &amount)?,
        Set::Video { thresholds } => of_videos(&thresholds)?,
    };
    let text = said_of(&budget);
    parts.store.budget_set(parts.now(), budget).await?;
    // Jobs may have become available.
    parts.signal.wake(1).await;
    print(&format!("{text}\n"))
}

fn dollars(text: &str) -> Result<MicroUsd, Failure> {
    let invalid = |why: String| Failure::new(Code::BudgetInvalid, why);
    let amount: MicroUsd = text.parse().map_err(|e| invalid(format!("{e}")))?;
    if amount < MicroUsd::ZERO || amount >= UNLIMITED {
        return Err(invalid(format!(
            "{amount} is no budget: it is zero or more"
        )));
    }
    Ok(amount)
}

fn of_day(of: BudgetOf, amount: &Amount) -> Result<Row, Failure> {
    Ok(Row::of_day(
        of,
        dollars(&amount.dollars)?,
        &amount.thresholds,
    ))
}

fn of_videos(thresholds: &[String]) -> Result<Row, Failure> {
    let mut amounts = Vec::new();
    for text in thresholds {
        let amount = dollars(text)?;
        if amount == MicroUsd::ZERO || amount > VIDEO_CAP {
            let text = format!("a threshold of videos is above zero and at most {VIDEO_CAP}");
            return Err(Failure::new(Code::BudgetInvalid, text));
        }
        amounts.push(amount);
    }
    amounts.sort_unstable();
    amounts.dedup();
    Ok(Row {
        thresholds: amounts,
        ..Row::default()
    })
}

fn said_of(budget: &Row) -> String {
    let thresholds: Vec<String> = budget.thresholds.iter().map(ToString::to_string).collect();
    let announced = thresholds.join(", ");
    let of = match &budget.of {
        BudgetOf::Video => return format!("videos from now on announce {announced}"),
        BudgetOf::Account(AccountId::LOCAL) => "your account".to_owned(),
        other => other.to_string(),
    };
    format!(
        "{of} may spend {} a day; announced at {announced}",
        budget.cap
    )
}

async fn remove(parts: &Parts, args: Remove) -> Result<(), Failure> {
    let of = match args {
        Remove::Global => BudgetOf::Global,
        Remove::Account => BudgetOf::Account(AccountId::LOCAL),
        Remove::Channel { name } => BudgetOf::Channel(channel::named(parts, &name).await?.id),
        Remove::Provider { name } => BudgetOf::Provider(name),
        Remove::Video => BudgetOf::Video,
    };
    let removed = parts.store.budget_remove(parts.now(), of).await?;
    parts.signal.wake(1).await;
    print(if removed {
        "removed\n"
    } else {
        "there was none\n"
    })
}

/// Who has a budget or spends today, by name: where their days begin.
struct Owners {
    account_zone: String,
    channels: BTreeMap<ChannelId, (String, String)>,
    providers: BTreeMap<String, String>,
}

impl Owners {
    async fn of(parts: &Parts, config: &Config) -> Result<Self, Failure> {
        let accounts = parts.store.account_list().await?;
        let local = accounts.into_iter().find(|row| row.id == AccountId::LOCAL);
        let account_zone = local.map_or_else(|| "UTC".to_owned(), |row| row.zone);
        let channels = parts.store.channel_list().await?.into_iter().map(|row| {
            let zone = row.zone.unwrap_or_else(|| account_zone.clone());
            (row.id, (row.name, zone))
        });
        let providers = config.backends.iter().filter_map(|table| {
            let zone = table.day_zone.clone()?;
            Some((table.name.clone(), zone))
        });
        Ok(Self {
            channels: channels.collect(),
            providers: providers.collect(),
            account_zone,
        })
    }

    fn zone(&self, of: &BudgetOf) -> &str {
        match of {
            BudgetOf::Video | BudgetOf::Global => "UTC",
            BudgetOf::Account(_) => &self.account_zone,
            BudgetOf::Channel(id) => self.channels.get(id).map_or("UTC", |(_, zone)| zone),
            BudgetOf::Provider(name) => self.providers.get(name).map_or("UTC", String::as_str),
        }
    }

    fn name(&self, of: &BudgetOf) -> String {
        match of {
            BudgetOf::Account(AccountId::LOCAL) => "account".to_owned(),
            BudgetOf::Channel(id) => match self.channels.get(id) {
                Some((name, _)) => format!("channel {name}"),
                None => format!("channel {id}, removed"),
            },
            BudgetOf::Provider(name) => format!("provider {name}"),
            other => other.key(),
        }
    }
}

/// A line of the list.
struct Line {
    name: String,
    of: BudgetOf,
    budget: Option<Row>,
    today: Account,
    day: Day,
}

async fn lines(parts: &Parts, config: &Config) -> Result<Vec<Line>, Failure> {
    let owners = Owners::of(parts, config).await?;
    let now = parts.now();
    let mut budgets: BTreeMap<BudgetOf, Row> = BTreeMap::new();
    for budget in parts.store.budget_list().await? {
        budgets.insert(budget.of.clone(), budget);
    }
    // Wherever they are, it is today, yesterday or tomorrow.
    let around = |hours: u64| std::time::Duration::from_hours(hours);
    let from = Day::of_or_utc(now.before(around(24)), "UTC").to_string();
    let until = Day::of_or_utc(now.after(around(24)), "UTC").to_string();
    let mut today: BTreeMap<BudgetOf, Account> = BTreeMap::new();
    for row in parts.store.day_list(&from, &until).await? {
        if Day::of_or_utc(now, owners.zone(&row.of)).to_string() == row.date {
            today.insert(row.of, row.account);
        }
    }
    let mut all: Vec<BudgetOf> = budgets.keys().chain(today.keys()).cloned().collect();
    all.sort();
    all.dedup();
    let line = |of: BudgetOf| Line {
        name: owners.name(&of),
        budget: budgets.get(&of).cloned(),
        today: today.get(&of).copied().unwrap_or_default(),
        day: Day::of_or_utc(now, owners.zone(&of)),
        of,
    };
    Ok(all.into_iter().map(line).collect())
}

async fn list(parts: &Parts, config: &Config, as_json: bool) -> Result<(), Failure> {
    let lines = lines(parts, config).await?;
    if as_json {
        let lines = lines.iter().map(|line| format!("{}\n", object(line)));
        return print(&lines.collect::<String>());
    }
    if lines.is_empty() {
        return print(
            "no budget is set and nothing was paid today; each video may cost $3.00 all the same\n",
        );
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "of",
        "a day",
        "spent",
        "reserved",
        "left",
        "anew in",
        "announced at",
    ]);
    for line in &lines {
        let cap = line.budget.as_ref().map(|budget| budget.cap);
        let announced = line.budget.iter().flat_map(|budget| &budget.thresholds);
        let announced: Vec<String> = announced.map(ToString::to_string).collect();
        let dash = || "–".to_owned();
        let mut row = vec![line.name.clone()];
        if line.of == BudgetOf::Video {
            row.extend([dash(), dash(), dash(), dash(), dash()]);
        } else {
            row.extend([
                cap.map_or_else(dash, |cap| cap.to_string()),
                line.today.posted.to_string(),
                line.today.pending.to_string(),
                left(line).map_or_else(dash, |left| left.to_string()),
                said(line.day.ends_at().since(parts.now())),
            ]);
        }
        row.push(announced.join(", "));
        table.add_row(row);
    }
    for column in 1..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    print(&format!("{table}\n"))
}

fn left(line: &Line) -> Option<MicroUsd> {
    let cap = line.budget.as_ref()?.cap;
    let today = &line.today;
    Some(MicroUsd((cap.0 - today.posted.0 - today.pending.0).max(0)))
}

fn object(line: &Line) -> Value {
    json!({
        "of": line.of.key(), "name": line.name, "day": line.day.to_string(),
        "cap_micro_usd": line.budget.as_ref().map(|budget| budget.cap),
        "thresholds_micro_usd": line.budget.as_ref().map(|budget| &budget.thresholds),
        "posted_micro_usd": line.today.posted, "pending_micro_usd": line.today.pending,
        "left_micro_usd": left(line), "resets_at": line.day.ends_at(),
    })
}
