//! `ytempire reconcile`: our books against a provider's bill.

use comfy_table::{CellAlignment, Table};
use ledger::{Compared, Comparison, Finding, Transfer, TransferState, compare, read_bills};
use serde_json::json;
use store::{Reconciled, Reconciliation};
use worker::Parts;
use ytempire_core::{Code, MicroUsd, TransferId};

use crate::args::Global;
use crate::args::price::Reconcile;
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::times;
use crate::world;

/// Charges that are settled in one transaction.
const AT_ONCE: usize = 100;

pub(crate) async fn run(global: &Global, args: Reconcile) -> Result<(), Failure> {
    let name = args.file.display();
    let invalid = |e: String| Failure::new(Code::PriceInvalid, format!("{name}: {e}"));
    let text = std::fs::read_to_string(&args.file).map_err(|e| invalid(e.to_string()))?;
    let is_json = args.file.extension().is_some_and(|ending| ending == "json");
    let bills = read_bills(&text, is_json).map_err(|e| invalid(e.to_string()))?;
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    let now = parts.now();
    let since = times::before(now, args.since);
    let paid = parts
        .store
        .transfer_paid(Some(&args.provider), since, now)
        .await?;
    let comparison = compare(&paid, &bills);
    let mut done = Reconciled::default();
    if !args.dry_run {
        let mut billed: Vec<(TransferId, MicroUsd)> = Vec::new();
        billed.extend(comparison.lines.iter().flat_map(|line| line.billed.clone()));
        if args.complete {
            billed.extend(absent(&paid, &billed));
        }
        done = settle(&parts, &billed, name.to_string()).await?;
    }
    if args.json {
        let ppm = comparison.difference_ppm();
        let whole = json!({ "provider": args.provider, "lines": comparison.lines,
            "invoice_micro_usd": comparison.invoice, "books_micro_usd": comparison.books,
            "difference_ppm": ppm, "settled": done.settled, "adjusted": done.adjusted });
        return print(&format!("{whole:#}\n"));
    }
    print(&shown(&comparison, done, args.dry_run))
}

/// Charges that nobody knew and that aren't on a complete bill: they cost nothing.
fn absent(paid: &[Transfer], billed: &[(TransferId, MicroUsd)]) -> Vec<(TransferId, MicroUsd)> {
    let unknown = paid.iter().filter(|t| t.state == TransferState::Unknown);
    let absent = unknown.filter(|t| billed.iter().all(|(id, _)| *id != t.id));
    absent.map(|t| (t.id, MicroUsd::ZERO)).collect()
}

async fn settle(
    parts: &Parts,
    billed: &[(TransferId, MicroUsd)],
    source: String,
) -> Result<Reconciled, Failure> {
    let mut all = Reconciled::default();
    for some in billed.chunks(AT_ONCE) {
        let reconciliation = Reconciliation {
            billed: some.to_vec(),
            unknown_only: false,
            source: source.clone(),
        };
        let done = parts
            .store
            .transfer_reconcile(parts.now(), reconciliation)
            .await?;
        all.settled += done.settled;
        all.adjusted += done.adjusted;
    }
    Ok(all)
}

const fn said(finding: Finding) -> &'static str {
    match finding {
        Finding::Matched => "matched",
        Finding::Settled => "unknown here, settled by the bill",
        Finding::Differing => "differing",
        Finding::MissingHere => "missing here",
        Finding::MissingThere => "missing there",
        Finding::Open => "on its way",
    }
}

fn shown(comparison: &Comparison, done: Reconciled, dry_run: bool) -> String {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(["charge", "ours", "theirs", ""]);
    let amount = |amount: Option<MicroUsd>| amount.map_or_else(String::new, |a| a.to_string());
    let told = |line: &&Compared| line.finding != Finding::Matched;
    for line in comparison.lines.iter().filter(told) {
        table.add_row([
            line.charge.clone(),
            amount(line.ours),
            amount(line.theirs),
            said(line.finding).to_owned(),
        ]);
    }
    for column in 1..3 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let matched = comparison.lines.len() - table.row_count();
    let rows = if table.row_count() == 0 {
        String::new()
    } else {
        format!("{table}\n\n")
    };
    let ppm = comparison.difference_ppm();
    let changed = if dry_run {
        "nothing was changed".to_owned()
    } else {
        format!("{} settled, {} adjusted", done.settled, done.adjusted)
    };
    format!(
        "{rows}{matched} matched; the bill is {}, our books {}: {}.{:04} % apart\n{changed}\n",
        comparison.invoice,
        comparison.books,
        ppm / 10_000,
        ppm % 10_000
    )
}
