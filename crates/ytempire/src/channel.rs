//! `ytempire channel`: parts of an account that videos are made for.

use comfy_table::Table;
use serde_json::json;
use store::ChannelRow;
use worker::Parts;
use ytempire_core::{AccountId, ChannelId, Code};

use crate::args::Global;
use crate::args::channel::{Add, Channel};
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::world;

/// The longest name of a channel.
const NAME_CHARS_MAX: usize = 100;

pub(crate) async fn run(global: &Global, command: Channel) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    match command {
        Channel::Add(args) => add(&parts, args).await,
        Channel::List(args) => list(&parts, args.json).await,
        Channel::Remove { name } => remove(&parts, &name).await,
        Channel::Zone { zone } => zone_of_account(&parts, &zone).await,
    }
}

/// The channel of that name.
///
/// # Errors
/// [`Code::ChannelUnknown`], naming those that are there.
pub(crate) async fn named(parts: &Parts, name: &str) -> Result<ChannelRow, Failure> {
    let all = parts.store.channel_list().await?;
    if let Some(found) = all.iter().find(|row| row.name == name) {
        return Ok(found.clone());
    }
    let names: Vec<_> = all.iter().map(|row| format!("{:?}", row.name)).collect();
    let known = if names.is_empty() {
        "there are none".to_owned()
    } else {
        format!("there are {}", names.join(", "))
    };
    let text = format!("there is no channel {name:?}; {known}");
    let hint = "`ytempire channel add NAME` adds one";
    Err(Failure::new(Code::ChannelUnknown, text).hint(hint))
}

fn checked(zone: &str) -> Result<&str, Failure> {
    let now = ytempire_core::Timestamp::default();
    ledger::Day::of(now, zone)
        .map(|_| zone)
        .map_err(|e| Failure::new(Code::ChannelInvalid, e.to_string()))
}

async fn add(parts: &Parts, args: Add) -> Result<(), Failure> {
    let name = args.name.trim().to_owned();
    let chars = name.chars().count();
    if chars == 0 || chars > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let text = format!("a channel's name is a line of 1 to {NAME_CHARS_MAX} characters");
        return Err(Failure::new(Code::ChannelInvalid, text));
    }
    args.zone.as_deref().map(checked).transpose()?;
    let row = ChannelRow {
        id: ChannelId::fresh(&parts.ids, parts.now()),
        account: AccountId::LOCAL,
        name,
        zone: args.zone,
        created_at: parts.now(),
    };
    if !parts.store.channel_add(row.clone()).await? {
        let text = format!("there is a channel {:?} already", row.name);
        return Err(Failure::new(Code::ChannelInvalid, text));
    }
    if args.json {
        return print(&format!("{}\n", json!(row)));
    }
    print(&format!("channel {:?} is there\n", row.name))
}

async fn list(parts: &Parts, as_json: bool) -> Result<(), Failure> {
    let rows = parts.store.channel_list().await?;
    if as_json {
        let lines = rows.iter().map(|row| format!("{}\n", json!(row)));
        return print(&lines.collect::<String>());
    }
    if rows.is_empty() {
        return print("there are no channels; `ytempire channel add NAME` adds one\n");
    }
    let zone = account_zone(parts).await?;
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(["name", "days in", "id"]);
    for row in rows {
        let own = row
            .zone
            .unwrap_or_else(|| format!("{zone}, as its account"));
        table.add_row([row.name, own, row.id.to_string()]);
    }
    print(&format!("{table}\n"))
}

/// The time zone of the local account.
async fn account_zone(parts: &Parts) -> Result<String, Failure> {
    let accounts = parts.store.account_list().await?;
    let local = accounts.into_iter().find(|row| row.id == AccountId::LOCAL);
    Ok(local.map_or_else(|| "UTC".to_owned(), |row| row.zone))
}

async fn remove(parts: &Parts, name: &str) -> Result<(), Failure> {
    let row = named(parts, name).await?;
    parts.store.channel_remove(parts.now(), row.id).await?;
    print(&format!(
        "channel {name:?} is removed: nothing more is accepted for it; its videos go on\n"
    ))
}

async fn zone_of_account(parts: &Parts, zone: &str) -> Result<(), Failure> {
    let zone = checked(zone)?;
    parts.store.account_zone(AccountId::LOCAL, zone).await?;
    print(&format!("the account's days begin in {zone}\n"))
}
