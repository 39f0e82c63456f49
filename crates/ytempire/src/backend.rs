//! `ytempire backend`: what is configured, whether it answers, a first small call, and the switch
//! of each, which is kept in the database.

mod trial;

use comfy_table::Table;
use providers::config::BackendTable;
use providers::{Backend, Usage, probe};
use serde::Serialize;
use serde_json::json;
use worker::Parts;
use ytempire_core::{Cancel, Code};

use crate::args::Global;
use crate::args::backend::{Backend as Asked, Check, List, Test};
use crate::config::{self, Config};
use crate::fail::Failure;
use crate::schema::print;
use crate::world;

pub(crate) async fn run(global: &Global, command: Asked) -> Result<(), Failure> {
    let config = Config::load(global)?;
    match command {
        Asked::List(list) => listed(&config, &list),
        Asked::Check(check) => checked(&config, &check).await,
        Asked::Test(test) => tested(&config, &test).await,
        Asked::Off { name, reason } => {
            let parts = world::parts(global, &config).await?;
            switch(&parts, &config, &name, Some(&reason)).await
        }
        Asked::On { name } => {
            let parts = world::parts(global, &config).await?;
            switch(&parts, &config, &name, None).await
        }
    }
}

async fn switch(
    parts: &Parts,
    config: &Config,
    name: &str,
    reason: Option<&str>,
) -> Result<(), Failure> {
    if !config.backends.iter().any(|table| table.name == name) {
        // Other nodes may know it.
        anstream::eprintln!("note: this configuration has no backend {name:?}");
    }
    let changed = parts
        .store
        .backend_switch(parts.now(), name, reason)
        .await?;
    let so = if changed { "is" } else { "was" };
    print(&match reason {
        Some(_) => format!(
            "backend {name:?} {so} switched off: nothing more is reserved for it or sent to it\n"
        ),
        None => format!("backend {name:?} {so} switched on\n"),
    })
}

/// One backend as a list shows it.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    stage: &'static str,
    kind: &'static str,
    model: &'a str,
    tier: &'static str,
    price: serde_json::Value,
    quality: u8,
}

/// What each of its meters costs.
fn price(table: &BackendTable) -> serde_json::Map<String, serde_json::Value> {
    let meters = Usage::METERS.into_iter();
    let priced = meters.filter_map(|meter| {
        let price = table.price.of(meter)?;
        Some((meter.to_owned(), json!(price.0.normalize().to_string())))
    });
    priced.collect()
}

fn row(table: &BackendTable) -> Row<'_> {
    let spec = table.kind.spec();
    Row {
        name: &table.name,
        stage: table.stage.as_str(),
        kind: spec.name,
        model: table.model.as_deref().unwrap_or_default(),
        tier: table.tier.as_str(),
        price: price(table).into(),
        quality: table.quality.unwrap_or(spec.quality),
    }
}

fn listed(config: &Config, list: &List) -> Result<(), Failure> {
    let rows = config.backends.iter().map(row);
    if list.json {
        let lines: Result<String, _> = rows
            .map(|row| serde_json::to_string(&row).map(|line| line + "\n"))
            .collect();
        return print(&lines.map_err(|e| Failure::bug(e.to_string()))?);
    }
    if config.backends.is_empty() {
        return print("no backend is configured; docs/guide/backends.md shows how\n");
    }
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(["name", "stage", "kind", "model", "tier", "quality", "price"]);
    for (row, backend) in rows.zip(&config.backends) {
        let meters = price(backend);
        let price: Vec<String> = meters
            .iter()
            .map(|(meter, price)| format!("${} {meter}", price.as_str().unwrap_or_default()))
            .collect();
        let price = if price.is_empty() {
            "free".to_owned()
        } else {
            price.join(", ")
        };
        let quality = row.quality.to_string();
        table.add_row([
            row.name, row.stage, row.kind, row.model, row.tier, &quality, &price,
        ]);
    }
    print(&format!("{table}\n"))
}

fn named<'c>(config: &'c Config, name: &str) -> Result<&'c BackendTable, Failure> {
    let found = config.backends.iter().find(|table| table.name == name);
    found.ok_or_else(|| {
        let names: Vec<_> = config.backends.iter().map(|t| t.name.as_str()).collect();
        let text = format!(
            "there is no backend {name:?}; there are: {}",
            names.join(", ")
        );
        Failure::new(Code::ConfigInvalid, text)
    })
}

/// What became of asking a backend: whether it is well, and what it is to be said of it.
async fn asked(table: &BackendTable) -> Result<(bool, String), Failure> {
    let backend = config::ready(table)?;
    let answer = probe::probe(&config::http()?, &backend, &Cancel::new()).await;
    Ok(match answer {
        Err(e) => (false, e.detail),
        Ok(models) => match probe::known(&backend, &models) {
            Some(false) => (false, missing(&backend)),
            Some(true) => (true, "answers, and has the model".to_owned()),
            None => (true, "answers".to_owned()),
        },
    })
}

fn missing(backend: &Backend) -> String {
    match (backend.model.as_str(), &backend.voice) {
        ("", Some(voice)) => format!("answers, but has no voice {voice:?}"),
        (model, _) => format!("answers, but has no model {model:?}"),
    }
}

async fn checked(config: &Config, check: &Check) -> Result<(), Failure> {
    let all = || {
        config
            .backends
            .iter()
            .map(|table| table.name.clone())
            .collect()
    };
    let names: Vec<String> = if check.names.is_empty() {
        all()
    } else {
        check.names.clone()
    };
    let mut ill = Vec::new();
    for name in names {
        // One whose key is missing is told like one that doesn't answer: the others are looked at.
        let asked = match named(config, &name) {
            Ok(table) => asked(table).await,
            Err(unknown) => return Err(unknown),
        };
        let (well, said) = asked.unwrap_or_else(|failure| (false, failure.text().to_owned()));
        let line = if check.json {
            json!({ "name": name, "ok": well, "said": said }).to_string()
        } else {
            format!("{} {name}: {said}", if well { "ok  " } else { "FAIL" })
        };
        print(&format!("{line}\n"))?;
        if !well {
            ill.push(name);
        }
    }
    if ill.is_empty() {
        return Ok(());
    }
    let text = format!("not ready: {}", ill.join(", "));
    Err(Failure::new(Code::ProviderDown, text)
        .hint("docs/guide/backends.md has an example of each kind"))
}

async fn tested(config: &Config, test: &Test) -> Result<(), Failure> {
    let backend = config::ready(named(config, &test.name)?)?;
    let trial = trial::Trial::of(config::http()?, backend)?;
    let most = trial::cost(trial.backend(), trial.quote())?;
    print(&format!(
        "{}: {} costs {most} at worst\n",
        test.name,
        trial.what()
    ))?;
    if !test.yes && most.0 > 0 && !consent()? {
        let text = "nothing was asked and nothing was paid";
        return Err(Failure::new(Code::Interrupted, text).hint("--yes goes on without asking"));
    }
    let (used, said) = trial.run().await?;
    let paid = trial::cost(trial.backend(), used)?;
    let counted = if used.estimated {
        ", by our own count"
    } else {
        ""
    };
    let meters: Vec<String> = used
        .meters()
        .map(|(meter, n)| format!("{n} {meter}"))
        .collect();
    print(&format!(
        "{said}\nit cost {paid} ({}{counted})\n",
        meters.join(", ")
    ))
}

/// Whether somebody at the keyboard says yes.
fn consent() -> Result<bool, Failure> {
    use std::io::{BufRead, IsTerminal};
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    print("go on? [y/N] ")?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|e| Failure::bug(format!("can't read the answer: {e}")))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
