//! `ytempire key`: who may ask the API.

use std::collections::BTreeSet;
use std::time::Duration;

use comfy_table::Table;
use serde_json::{Value, json};
use store::{Access, KeyRow};
use worker::Parts;
use ytempire_core::{AccountId, Code, KeyId};

use crate::args::Global;
use crate::args::key::{Add, Key};
use crate::args::line::Json;
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::times::minute;
use crate::world;

pub(crate) async fn run(global: &Global, command: Key) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    match command {
        Key::Add(args) => add(&parts, args).await,
        Key::List(args) => list(&parts, &args).await,
        Key::Revoke { key } => revoke(&parts, &key).await,
    }
}

async fn add(parts: &Parts, args: Add) -> Result<(), Failure> {
    let account = match &args.account {
        Some(name) => account(parts, name).await?,
        None => AccountId::LOCAL,
    };
    let mut scopes: BTreeSet<Access> = args.scopes.into_iter().map(Into::into).collect();
    if scopes.is_empty() {
        scopes.extend([Access::Read, Access::Write]);
    }
    let days = args.days.map(|days| Duration::from_hours(24) * days);
    let (row, secret) = make(parts, (account, &args.name), scopes, days).await?;
    if args.json {
        let mut object = object(&row, parts);
        object["secret"] = secret.reveal().into();
        return print(&format!("{object}\n"));
    }
    if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        anstream::eprintln!("this is the key, and it is shown this once:");
    }
    print(&format!("{}\n", secret.reveal()))
}

/// Makes a key and keeps what may be kept of it.
pub(crate) async fn make(
    parts: &Parts,
    (account, name): (AccountId, &str),
    scopes: BTreeSet<Access>,
    lasts: Option<Duration>,
) -> Result<(KeyRow, api::Secret), Failure> {
    let mut chance = [0; 64];
    world::entropy(&mut chance)?;
    let now = parts.now();
    let (row, secret) = api::fresh_key(
        KeyId::fresh(&parts.ids, now),
        account,
        (name, scopes),
        (now, lasts.map(|lasts| now.after(lasts))),
        |bytes| {
            bytes
                .iter_mut()
                .zip(chance)
                .for_each(|(to, from)| *to = from);
        },
    );
    parts.store.key_put(row.clone()).await?;
    Ok((row, secret))
}

async fn account(parts: &Parts, name: &str) -> Result<AccountId, Failure> {
    let all = parts.store.account_list().await?;
    if let Some(found) = all.iter().find(|row| row.name == name) {
        return Ok(found.id);
    }
    let id = AccountId::fresh(&parts.ids, parts.now());
    parts.store.account_put(id, name).await?;
    Ok(id)
}

fn object(row: &KeyRow, parts: &Parts) -> Value {
    json!({ "id": row.id, "account": row.account, "name": row.name, "prefix": row.prefix,
        "scopes": row.scopes, "created_at": row.created_at, "ends_at": row.ends_at,
        "valid": row.is_valid(parts.now()) })
}

async fn list(parts: &Parts, args: &Json) -> Result<(), Failure> {
    let keys = parts.store.key_list().await?;
    if args.json {
        let line = |row: &KeyRow| format!("{}\n", object(row, parts));
        return print(&keys.iter().map(line).collect::<String>());
    }
    if keys.is_empty() {
        return print("there are no keys; `ytempire key add NAME` makes one\n");
    }
    let accounts = parts.store.account_list().await?;
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(["id", "begins", "account", "scopes", "made", "", "name"]);
    for key in keys {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        let account = accounts.iter().find(|row| row.id == key.account);
        let end = match key.ends_at {
            Some(end) if key.is_valid(parts.now()) => format!("ends {}", minute(end)),
            Some(end) => format!("ended {}", minute(end)),
            None => String::new(),
        };
        table.add_row([
            key.id.to_string(),
            key.prefix.clone(),
            account.map_or_else(String::new, |row| row.name.clone()),
            scopes.join(", "),
            minute(key.created_at),
            end,
            key.name,
        ]);
    }
    print(&format!("{table}\n"))
}

async fn revoke(parts: &Parts, text: &str) -> Result<(), Failure> {
    let keys = parts.store.key_list().await?;
    let meant: Vec<&KeyRow> = keys
        .iter()
        .filter(|key| {
            key.id.to_string() == text || (text.len() >= 7 && key.prefix.starts_with(text))
        })
        .collect();
    let [key] = meant[..] else {
        let text = if meant.is_empty() {
            format!("there is no key {text:?}; `ytempire key list` shows all")
        } else {
            format!("several keys begin with {text:?}; give the id")
        };
        return Err(Failure::new(Code::KeyUnknown, text));
    };
    parts.store.key_end(key.id, parts.now()).await?;
    print(&format!(
        "{} {} opens nothing any more\n",
        key.prefix, key.name
    ))
}
