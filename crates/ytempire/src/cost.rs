//! `ytempire cost`: a video's receipt, from the ledger.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table};
use ledger::{Receipt, TransferState};
use store::SpentRow;
use worker::Parts;
use ytempire_core::{AccountId, ChannelId, MicroUsd, Timestamp};

use crate::args::{ByArg, Cost, Global};
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::world;

pub(crate) async fn run(global: &Global, args: Cost) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    if let Some(days) = args.days {
        return by_day(&parts, days, args.by, args.json).await;
    }
    let video = crate::video::meant(&parts, &args.video).await?;
    let transfers = parts.store.transfer_list(video.id).await?;
    let adjustments = parts.store.adjustment_list(Some(video.id)).await?;
    let receipt = Receipt::of(video.id, &video.title, video.budget, &transfers).with(adjustments);
    if args.json {
        let text = serde_json::to_string_pretty(&receipt)
            .map_err(|e| Failure::bug(format!("can't write the receipt: {e}")))?;
        return print(&format!("{text}\n"));
    }
    print(&shown(&receipt))
}

/// What all videos cost on each of the last `days`, today included, in UTC.
async fn by_day(parts: &Parts, days: u32, by: Option<ByArg>, as_json: bool) -> Result<(), Failure> {
    const DAY: i64 = 86_400_000_000;
    let now = parts.now().as_micros();
    let today = now - now.rem_euclid(DAY);
    let from = Timestamp::from_micros(today - (i64::from(days) - 1) * DAY);
    let until = Timestamp::from_micros(today + DAY);
    let rows = parts.store.spent_list(from, until).await?;
    if as_json {
        let line = |row: &SpentRow| serde_json::to_string(row).map(|line| line + "\n");
        let lines: Result<String, _> = rows.iter().map(line).collect();
        return print(&lines.map_err(|e| Failure::bug(e.to_string()))?);
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "day",
        "cash",
        "own machine",
        "unknown",
    ]);
    let sums = |of: &[&SpentRow]| {
        let posted = |imputed: bool| {
            let of = of.iter().filter(|row| row.imputed == imputed);
            MicroUsd::sum(of.map(|row| row.posted)).to_string()
        };
        let unknown = MicroUsd::sum(of.iter().map(|row| row.unknown));
        [posted(false), posted(true), unknown.to_string()]
    };
    let channels = parts.store.channel_list().await?;
    let channels: BTreeMap<ChannelId, String> =
        channels.into_iter().map(|row| (row.id, row.name)).collect();
    let mut by_day: BTreeMap<(Timestamp, String), Vec<&SpentRow>> = BTreeMap::new();
    for row in &rows {
        let of = (row.day, label(row, by, &channels));
        by_day.entry(of).or_default().push(row);
    }
    for ((day, label), of) in &by_day {
        let [cash, imputed, unknown] = sums(of);
        let day = format!("{}{label}", &day.to_rfc3339()[..10]);
        table.add_row([day, cash, imputed, unknown]);
    }
    let [cash, imputed, unknown] = sums(&rows.iter().collect::<Vec<_>>());
    table.add_row(["all".to_owned(), cash, imputed, unknown]);
    for column in 1..4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    print(&format!("{table}\n"))
}

/// What a row is added up by, beside its day.
fn label(row: &SpentRow, by: Option<ByArg>, channels: &BTreeMap<ChannelId, String>) -> String {
    let label = match by {
        None => return String::new(),
        Some(ByArg::Backend) => row.backend.clone(),
        Some(ByArg::Stage) => row.stage.to_string(),
        Some(ByArg::Account) if row.account == AccountId::LOCAL => "local".to_owned(),
        Some(ByArg::Account) => row.account.to_string(),
        Some(ByArg::Channel) => match row.channel {
            None => "no channel".to_owned(),
            Some(id) => channels.get(&id).cloned().unwrap_or_else(|| id.to_string()),
        },
    };
    format!("  {label}")
}

/// The receipt as a table: lines that are alike add up to one.
pub(crate) fn shown(receipt: &Receipt) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "stage",
        "backend",
        "meter",
        "quantity",
        "unit price",
        "held",
        "posted",
        "",
    ]);
    for group in grouped(receipt) {
        let (first, all) = (group[0], group);
        let quantity: u64 = all.iter().map(|line| line.quantity).sum();
        let held = MicroUsd::sum(all.iter().map(|line| line.held));
        let posted = MicroUsd::sum(all.iter().map(|line| line.posted));
        table.add_row([
            first.stage.to_string(),
            first.backend.clone(),
            first.meter.clone(),
            quantity.to_string(),
            first.unit_price.to_string(),
            held.to_string(),
            posted.to_string(),
            note(first.state, first.imputed, all.len()),
        ]);
    }
    for column in 3..7 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let rows: Vec<String> = table.lines().map(|row| row.trim_end().to_owned()).collect();
    let adjusted = MicroUsd::sum(receipt.adjustments.iter().map(|a| a.amount));
    let adjusted = if receipt.adjustments.is_empty() {
        String::new()
    } else {
        format!("billed otherwise since: {adjusted}, on the provider's account\n")
    };
    format!(
        "{title}\n\n{rows}\n\ncash {cash}, own machine {imputed}, unknown {unknown}: \
         {total} of {budget}\n{adjusted}",
        title = receipt.title,
        rows = rows.join("\n"),
        cash = receipt.cash,
        imputed = receipt.imputed,
        unknown = receipt.unknown,
        total = receipt.total,
        budget = receipt.budget,
    )
}

fn grouped(receipt: &Receipt) -> Vec<Vec<&ledger::ReceiptLine>> {
    let mut groups: Vec<Vec<&ledger::ReceiptLine>> = Vec::new();
    for line in &receipt.lines {
        let alike = |group: &&mut Vec<&ledger::ReceiptLine>| {
            let first = group[0];
            (
                first.stage,
                &first.backend,
                &first.meter,
                &first.price_version,
                first.state,
            ) == (
                line.stage,
                &line.backend,
                &line.meter,
                &line.price_version,
                line.state,
            )
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    groups.sort_by_key(|group| group[0].stage);
    groups
}

fn note(state: TransferState, imputed: bool, lines: usize) -> String {
    let mut notes = Vec::new();
    if imputed {
        notes.push("own machine".to_owned());
    }
    if state != TransferState::Posted {
        notes.push(state.as_str().to_owned());
    }
    if lines > 1 {
        notes.push(format!("{lines} lines"));
    }
    notes.join(", ")
}
