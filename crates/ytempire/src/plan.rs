//! `ytempire plan`: days of videos on a machine, simulated with the scheduler that runs real ones.

mod chart;
mod outcome;
mod page;
mod text;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use scheduler::FileError;
use scheduler::hardware::{self, Hardware};
use scheduler::sim::{self, Arrivals, Order, Policy, Scenario};
use scheduler::workload::{DRAWN, GENERATED, Workload};
use ytempire_core::Code;

use crate::args::{Global, Plan, PolicyArg};
use crate::fail::Failure;
use crate::schema::print;

use outcome::Outcome;

/// Videos in a run. A policy that falls behind keeps all of them open at once, and then the time
/// that a run takes grows with their square.
const VIDEOS_MAX: usize = 5_000;

/// Bytes in a hardware or workload file; larger ones are somebody's mistake.
const FILE_BYTES_MAX: u64 = 1 << 20;

pub(crate) fn run(global: &Global, args: &Plan) -> Result<(), Failure> {
    let hardware = match &args.hardware {
        Some(path) => Hardware::read(&read(path)?).map_err(|e| invalid(path, &e))?,
        None => Hardware::read(hardware::RTX_5090).map_err(|e| Failure::bug(e.to_string()))?,
    };
    let workload = workload(args.workload.as_deref().unwrap_or(&hardware.workload))?;
    let workload = workload.on(&hardware).map_err(|e| {
        Failure::new(Code::ConfigInvalid, e.to_string())
            .hint("name another one by --workload, or give the machine what it lacks")
    })?;
    let count = args.videos_per_day as usize * args.days as usize;
    if count > VIDEOS_MAX {
        let text = format!("{count} videos are more than the {VIDEOS_MAX} that one run simulates");
        let days = VIDEOS_MAX / args.videos_per_day as usize;
        let hint = format!("give --days {}, or fewer videos a day", days.max(1));
        return Err(Failure::new(Code::ConfigInvalid, text).hint(hint));
    }
    let arrivals = Arrivals {
        per_day: args.videos_per_day,
        batch: args.batch,
        count,
        seed: args.seed,
    };
    let arrivals = arrivals.draw(&workload);
    let scenario = Scenario {
        workload: &workload,
        hardware: &hardware,
        arrivals: &arrivals,
        seed: args.seed,
        noise: 1.0,
        faults: &[],
        promises: false,
        log: false,
    };
    let policies = policies(args.policy);
    let reports = policies.iter().map(|policy| {
        // A machine that can't keep up takes a while to simulate, too.
        if !global.quiet && std::io::stderr().is_terminal() {
            anstream::eprintln!("simulating {}", policy.name);
        }
        sim::run(&scenario, policy)
    });
    let outcome = Outcome {
        args,
        hardware: &hardware,
        workload: &workload,
        reports: reports.collect(),
        bound: sim::bound(&workload, &hardware, &arrivals, args.seed, 1.0),
        needs: sim::needs(&workload, &hardware),
    };
    if args.json {
        print(&format!("{:#}\n", outcome.json()))?;
    } else {
        print(&text::shown(&outcome))?;
    }
    if let Some(path) = &args.html {
        write(path, &page::page(&outcome))?;
        if !args.json && !global.quiet {
            anstream::eprintln!("charts in {}", path.display());
        }
    }
    Ok(())
}

fn policies(chosen: PolicyArg) -> Vec<Policy> {
    match chosen {
        PolicyArg::All => Policy::all(),
        PolicyArg::Fifo => vec![Policy::queue(Order::Fifo)],
        PolicyArg::Priority => vec![Policy::queue(Order::Priority)],
        PolicyArg::Edf => vec![Policy::queue(Order::Deadline)],
        PolicyArg::OursLocal => vec![Policy::ours_local()],
        PolicyArg::Ours => vec![Policy::ours()],
    }
}

fn workload(named: &str) -> Result<Workload, Failure> {
    let shipped = match named {
        "generated" => Some(GENERATED),
        "drawn" => Some(DRAWN),
        _ => None,
    };
    if let Some(text) = shipped {
        return Workload::read(text).map_err(|e| Failure::bug(e.to_string()));
    }
    let path = PathBuf::from(named);
    if !path.exists() && path.extension().is_none() {
        let text = format!("there is no workload {named:?}");
        let hint = "known are generated and drawn; anything else is the path of a file";
        return Err(Failure::new(Code::ConfigInvalid, text).hint(hint));
    }
    Workload::read(&read(&path)?).map_err(|e| invalid(&path, &e))
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |e: &dyn std::fmt::Display| {
        Failure::new(Code::ConfigInvalid, format!("{}: {e}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(|e| failed(&e))?.len();
    if size > FILE_BYTES_MAX {
        return Err(failed(&format!(
            "{size} bytes are too many for such a file"
        )));
    }
    std::fs::read_to_string(path).map_err(|e| failed(&e))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|e| {
        let code = if e.kind() == std::io::ErrorKind::StorageFull {
            Code::DiskFull
        } else {
            Code::FolderUnwritable
        };
        Failure::new(code, format!("can't write {}: {e}", path.display()))
    })
}

fn invalid(path: &Path, e: &FileError) -> Failure {
    let line = e.line.map_or(String::new(), |line| format!(":{line}"));
    let text = format!("{}{line}: {}", path.display(), e.what);
    let failure = Failure::new(Code::ConfigInvalid, text);
    match &e.help {
        Some(help) => failure.hint(help),
        None => failure,
    }
}
