//! `torture`: breaks a real line of many videos for a while, and tells what came of it.

#![expect(clippy::print_stdout, reason = "its report is for standard output")]

use std::process::ExitCode;

use clap::Parser;
use comfy_table::{Table, presets};
use torture::{Options, Plan, PlantOptions, Planted, PowerOptions, Run, World, plants, power, run};

/// Breaks a real line of many videos, and checks from outside what came of it
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// The report as JSON
    #[arg(long)]
    json: bool,
    /// Only prints what would be done
    #[arg(long)]
    plan: bool,
}

/// Plants known bugs, one at a time, and looks whether each is noticed
#[derive(Parser)]
#[command(name = "torture plants")]
struct PlantArguments {
    #[command(flatten)]
    options: PlantOptions,
}

/// Cuts the power under lines at work, and looks what of it is there afterwards
#[derive(Parser)]
#[command(name = "torture power")]
struct PowerArguments {
    #[command(flatten)]
    options: PowerOptions,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args_os();
    let word = words.nth(1).unwrap_or_default();
    match word.to_str() {
        Some("power") => cut_power(&PowerArguments::parse_from(after("torture power", words))),
        Some("plants") => plant(&PlantArguments::parse_from(after("torture plants", words))),
        _ => torture(),
    }
}

fn after(name: &str, words: std::env::ArgsOs) -> impl Iterator<Item = std::ffi::OsString> {
    std::iter::once(name.into()).chain(words)
}

fn plant(arguments: &PlantArguments) -> anyhow::Result<ExitCode> {
    let planted = plants(&arguments.options, |planted| {
        let Planted {
            plant,
            what,
            said,
            tries,
            seconds,
            ..
        } = planted;
        match (planted.caught_by, &planted.skipped) {
            (_, Some(why)) => println!("SKIPPED {plant} ({what}): {why}"),
            (Some(rule), _) => {
                println!("caught {plant} ({what}) by {rule}, try {tries}, {seconds:.0} s: {said}");
            }
            (None, None) => println!("MISSED {plant} ({what}), {tries} tries, {seconds:.0} s"),
        }
    })?;
    let caught = planted.iter().filter(|p| p.caught_by.is_some()).count();
    println!("{caught} of {} planted bugs were noticed", planted.len());
    let missed = |planted: &Planted| planted.caught_by.is_none() && planted.skipped.is_none();
    Ok(ExitCode::from(u8::from(planted.iter().any(missed))))
}

fn cut_power(arguments: &PowerArguments) -> anyhow::Result<ExitCode> {
    let power = power(&arguments.options)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&power)?);
    }
    if let Some(why) = &power.skipped {
        println!("POWER CUTS WERE SKIPPED: {why}");
        println!("NOTHING IS SAID HERE ABOUT WHAT SURVIVES A POWER CUT. Run it as root on Linux.");
        return Ok(ExitCode::SUCCESS);
    }
    for storm in &power.storms {
        let told = if storm.must_lose {
            "control"
        } else {
            "the product"
        };
        println!(
            "{told}, {}: {} power cuts, {} acknowledged, {} told ready, {} files, {} LOST",
            storm.what, storm.cuts, storm.acknowledged, storm.told_ready, storm.files, storm.lost
        );
    }
    let wrong = power.wrong();
    for text in &wrong {
        println!("WRONG {text}");
    }
    let verdict = if power.is_good() { "good" } else { "BAD" };
    println!("power, seed {}: {verdict}", power.options.seed);
    Ok(ExitCode::from(u8::from(!power.is_good())))
}

fn torture() -> anyhow::Result<ExitCode> {
    let Arguments {
        options,
        json,
        plan,
    } = Arguments::parse();
    if plan {
        println!("{}", serde_json::to_string_pretty(&Plan::derive(&options))?);
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{}", serde_json::to_string_pretty(&options)?);
    let world = World::new(&options)?;
    let (run, _known) = run(&options, &world)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&run)?);
    } else {
        println!("{}", table(&run));
        for finding in &run.findings {
            println!("WRONG {finding}");
        }
        for lack in &run.lacks {
            println!("TOO FEW {lack}");
        }
    }
    let verdict = if run.is_good() { "good" } else { "BAD" };
    println!("seed {}: {verdict}", run.options.seed);
    Ok(ExitCode::from(u8::from(!run.is_good())))
}

fn table(run: &Run) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let Run {
        counts, outcome, ..
    } = run;
    let mut row = |what: &str, many: &dyn std::fmt::Display| {
        table.add_row([what.to_owned(), many.to_string()]);
    };
    row("nodes killed", &counts.kills);
    row("nodes started", &counts.starts);
    row("nodes that stood still beyond a lease", &counts.stops);
    row("nodes with a clock two hours wrong", &counts.shifts);
    row("clocks set while a node worked", &counts.jumps);
    row(
        "nodes cut off, of these claimed again",
        &format!("{}, {}", counts.cuts, outcome.went_on),
    );
    row(
        "jobs taken over from them, at the latest after",
        &format!("{}, {} ms", outcome.taken_over, outcome.taken_over_ms_max),
    );
    row("nodes drained", &counts.drains);
    row("database crashes", &counts.crashes);
    row(
        "Redis killed, wiped, silent or slow",
        &format!(
            "{}, {}, {}",
            counts.redis_kills, counts.redis_wipes, counts.redis_stalls
        ),
    );
    row("jobs completed without Redis", &outcome.without_redis);
    row(
        "videos cancelled, made again",
        &format!("{}, {}", counts.cancels, counts.retries),
    );
    row("line paused or halted", &counts.holds);
    for (point, deaths) in &counts.points {
        row(&format!("deaths at {point}"), deaths);
    }
    row(
        "nodes that ended by themselves",
        &format!("{:?}", counts.ended_by_themselves),
    );
    row("commands refused", &format!("{:?}", counts.refusals));
    row("videos accepted", &outcome.accepted);
    row("videos", &format!("{:?}", outcome.videos));
    row("failures", &format!("{:?}", outcome.failures));
    row("jobs", &format!("{:?}", outcome.jobs));
    row(
        "claims, rescues",
        &format!("{}, {}", outcome.claims, outcome.rescues),
    );
    row(
        "transfers, events",
        &format!("{}, {}", outcome.transfers, outcome.events),
    );
    row(
        "files hashed, videos probed",
        &format!("{}, {}", outcome.files, outcome.probed),
    );
    row("seconds to heal", &format!("{:.1}", run.healed_seconds));
    table
}
