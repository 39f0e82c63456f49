//! A plan on a terminal.

use comfy_table::{CellAlignment, Table};

use super::outcome::{COLUMNS, NEEDS, Outcome, long, need_rows, rows};

pub(super) fn shown(outcome: &Outcome<'_>) -> String {
    let (args, bound) = (outcome.args, outcome.bound);
    let policies = table(&COLUMNS, rows(outcome).iter().map(<[String; 12]>::as_slice));
    let needs = table(
        &NEEDS,
        need_rows(outcome).iter().map(<[String; 6]>::as_slice),
    );
    format!(
        "{title}\n{workload}: {about}\n{videos} videos in {days} days, seed {seed}\n\n{policies}\n\n\
         no policy can have a mean below {local} if it buys nothing, or below {any} if it may\n\n\
         {needs}\n\n{bottleneck}\n",
        title = outcome.title(),
        workload = outcome.workload.name,
        about = outcome.workload.about,
        videos = u64::from(args.videos_per_day) * u64::from(args.days),
        days = args.days,
        seed = args.seed,
        local = long(bound.local),
        any = long(bound.any),
        bottleneck = outcome.bottleneck(),
    )
}

fn table<'a>(head: &[&str], rows: impl Iterator<Item = &'a [String]>) -> String {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(head.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    for column in 1..head.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|row| row.trim_end().to_owned()).collect();
    lines.join("\n")
}
