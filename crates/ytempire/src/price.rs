//! `ytempire price`: the price book.

use std::fmt::Write as _;
use std::path::Path;

use comfy_table::{CellAlignment, Table};
use ledger::{Format, Jump, PriceBook, PriceRow, USD, read_prices};
use serde_json::json;
use worker::Parts;
use ytempire_core::{Code, Timestamp, TransferId};

use crate::args::Global;
use crate::args::price::{Import, Price};
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::world;

/// How long before it is withdrawn a price is warned of, in days.
const WARNED_DAYS: u64 = 60;

pub(crate) async fn run(global: &Global, command: Price) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    match command {
        Price::List(args) => list(&parts, &config, args.json),
        Price::Import(args) => import(&parts, &config, &args).await,
        Price::Explain { charge, json } => explain(&parts, &charge, json).await,
    }
}

fn invalid(text: impl std::fmt::Display) -> Failure {
    Failure::new(Code::PriceInvalid, text.to_string())
}

async fn import(parts: &Parts, config: &Config, args: &Import) -> Result<(), Failure> {
    let (prices, rates) = read(&args.file)?;
    let mut book = PriceBook::clone(&parts.prices.book());
    book.extend(configured(config), rates.clone());
    let jumps = prices.iter().map(|row| book.jump(row));
    let jumps: Vec<Jump> = jumps
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()
        .map_err(invalid)?;
    let said = |jump: &Jump| {
        format!(
            "{}: {} before, {} from then on",
            jump.of, jump.before, jump.after
        )
    };
    let said: Vec<String> = jumps.iter().map(said).collect();
    if !jumps.is_empty() && !args.confirm_jump {
        let text = format!("prices move more than fivefold: {}", said.join("; "));
        let hint = "nothing was imported; --confirm-jump takes them as they are";
        return Err(invalid(text).hint(hint));
    }
    let rows = prices.len() + rates.len();
    let added = parts.store.price_import(parts.now(), prices, rates).await?;
    for jump in said {
        anstream::eprintln!("note: {jump}");
    }
    parts.prices.refresh(&*parts.store).await?;
    warn(parts);
    print(&format!("{rows} rows read, {added} of them new\n"))
}

fn read(path: &Path) -> Result<(Vec<PriceRow>, Vec<ledger::RateRow>), Failure> {
    let name = path.display();
    let format = Format::of_file(&path.to_string_lossy()).ok_or_else(|| {
        invalid(format!(
            "{name}: a price book is a .toml, .csv or .json file"
        ))
    })?;
    let text = std::fs::read_to_string(path).map_err(|e| invalid(format!("{name}: {e}")))?;
    read_prices(&text, format).map_err(|e| invalid(format!("{name}: {e}")))
}

/// Says which prices of what is used will be withdrawn, or are.
pub(crate) fn warn(parts: &Parts) {
    for text in withdrawn(&parts.prices.book(), parts.now()) {
        anstream::eprintln!("warning: {text}");
    }
}

fn withdrawn(book: &PriceBook, now: Timestamp) -> Vec<String> {
    let soon = now.after(std::time::Duration::from_hours(WARNED_DAYS * 24));
    let rows = book.rows().into_iter().filter_map(|row| {
        let at = row.deprecated_at.filter(|at| *at <= soon)?;
        let current = book.row(&row.provider, &row.model, &row.meter, now);
        let of = format!("{}/{} ({})", row.provider, row.model, row.meter);
        (current == Some(row)).then(|| {
            let verb = if at <= now { "was" } else { "will be" };
            format!("{of} {verb} withdrawn on {}", day(at))
        })
    });
    rows.collect()
}

fn day(at: Timestamp) -> String {
    at.to_rfc3339()[..10].to_owned()
}

/// Prices of the configuration, as rows that hold for as long as they are configured.
fn configured(config: &Config) -> Vec<PriceRow> {
    let tables = config.backends.iter();
    let rows = tables.flat_map(|table| {
        let meters = providers::Usage::METERS.iter();
        meters.filter_map(move |meter| {
            Some(PriceRow {
                provider: table.name.clone(),
                model: table.model.as_deref().unwrap_or_default().trim().to_owned(),
                meter: (*meter).to_owned(),
                price: table.price.of(meter)?,
                currency: USD.to_owned(),
                valid_from: Timestamp::default(),
                valid_to: None,
                deprecated_at: None,
                imputed: false,
                source: "configuration".to_owned(),
            })
        })
    });
    rows.collect()
}

fn list(parts: &Parts, config: &Config, as_json: bool) -> Result<(), Failure> {
    let mut book = PriceBook::clone(&parts.prices.book());
    book.extend(configured(config), Vec::new());
    let now = parts.now();
    let holds = |row: &PriceRow| {
        book.row(&row.provider, &row.model, &row.meter, now)
            .is_some_and(|current| current == row)
    };
    if as_json {
        let line = |row: &&PriceRow| {
            let mut object = json!(row);
            object["holds"] = holds(row).into();
            let dollars = book.in_dollars(row, now).ok();
            object["price_usd"] = json!(dollars.map(|version| version.price));
            format!("{object}\n")
        };
        return print(&book.rows().iter().map(line).collect::<String>());
    }
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(["provider", "model", "meter", "price", "", "since", "source"]);
    for row in book.rows() {
        let mut notes = Vec::new();
        if !holds(row) {
            notes.push(
                if row.valid_from > now {
                    "later"
                } else {
                    "before"
                }
                .to_owned(),
            );
        }
        if let Some(at) = row.deprecated_at {
            notes.push(format!("withdrawn {}", day(at)));
        }
        let since = match row.valid_from {
            at if at == Timestamp::default() => "–".to_owned(),
            at => day(at),
        };
        table.add_row([
            row.provider.clone(),
            row.model.clone(),
            row.meter.clone(),
            format!("{} {}", row.price.0, row.currency),
            notes.join(", "),
            since,
            row.source.clone(),
        ]);
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    print(&format!("{table}\n"))?;
    warn(parts);
    Ok(())
}

async fn explain(parts: &Parts, charge: &str, as_json: bool) -> Result<(), Failure> {
    let unknown = || {
        let text = format!("there is no charge {charge:?}");
        let hint = "`ytempire cost VIDEO --json` shows the charges of a video";
        Failure::new(Code::ChargeUnknown, text).hint(hint)
    };
    let id: TransferId = charge.parse().map_err(|_| unknown())?;
    let found = parts.store.transfer_get(id).await?.ok_or_else(unknown)?;
    let book = parts.prices.book();
    let row = book.named(&found.price_version);
    if as_json {
        let whole = json!({ "charge": found, "price": row });
        return print(&format!("{whole:#}\n"));
    }
    let mut text = format!(
        "{} of {}, attempt {}, by {}\n",
        found.stage, found.video, found.attempt, found.backend
    );
    let quantity = if found.state.is_open() {
        found.quantity_max
    } else {
        found.quantity
    };
    let _infallible = writeln!(
        text,
        "{quantity} {} × {} = {} ({}; reserved for {} at most, {})",
        found.meter,
        found.unit_price,
        found.counted(),
        found.state.as_str(),
        found.quantity_max,
        found.held,
    );
    let _infallible = writeln!(text, "price     {}", found.price_version);
    if let Some((_, rate)) = found.price_version.split_once(';') {
        let _infallible = writeln!(text, "rate      {rate}, dollars for one");
    }
    let source = row.map_or("the configuration of that day", |row| row.source.as_str());
    let _infallible = writeln!(text, "source    {source}");
    if let Some(row) = row {
        let until = row
            .valid_to
            .map_or_else(|| "further notice".to_owned(), day);
        let _infallible = writeln!(
            text,
            "holds     from {} until {until}, at {} {}",
            day(row.valid_from),
            row.price.0,
            row.currency
        );
    }
    let _infallible = writeln!(text, "reserved  {}", found.held_at.to_rfc3339());
    if let Some(at) = found.settled_at {
        let _infallible = writeln!(text, "settled   {}", at.to_rfc3339());
    }
    if found.imputed {
        text.push_str("own machine: nobody is paid\n");
    }
    print(&text)
}
