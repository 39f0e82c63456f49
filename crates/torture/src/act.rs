//! The time in which things are broken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::fault::Fault;
use crate::feeder::Office;
use crate::line::Line;
use crate::operator;
use crate::options::Options;
use crate::plan::Plan;

/// How often nodes are looked after.
const TICK: Duration = Duration::from_millis(25);

/// How late a kill may come and still be done.
const LATE_MS: u64 = 400;

/// Breaks `line` as `plan` says, while videos are ordered and people are at the desk.
pub(crate) fn torture(
    options: &Options,
    plan: &Plan,
    office: &Office<'_>,
    line: &mut Line<'_>,
) -> Result<()> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let feeder = scope.spawn(|| office.feed(&stop));
        let (wishes, arriving) = mpsc::channel();
        let desk = scope.spawn(move || operator::work(office, &arriving));
        let broken = breaks(options, plan, line, &wishes);
        drop(wishes);
        stop.store(true, Ordering::Relaxed);
        // They may wait for a server that is away.
        let healed = line.heal(Instant::now());
        let joined = [feeder.join(), desk.join()];
        broken.and(healed)?;
        for done in joined {
            done.expect("no thread has panicked")?;
        }
        Ok(())
    })
}

fn breaks(
    options: &Options,
    plan: &Plan,
    line: &mut Line<'_>,
    wishes: &mpsc::Sender<Fault>,
) -> Result<()> {
    let began = Instant::now();
    let mut acts = plan.acts.iter().peekable();
    // No node was free for them yet.
    let mut waiting: Vec<&Fault> = Vec::new();
    loop {
        let now = Instant::now();
        let since = (now - began).as_millis() as u64;
        if since >= options.seconds * 1_000 {
            return Ok(());
        }
        while let Some(act) = acts.next_if(|act| act.at_ms <= since) {
            match act.fault {
                Fault::Cancel { .. }
                | Fault::Retry { .. }
                | Fault::Hold { .. }
                | Fault::Command { .. } => {
                    // It fails only once the desk has failed, which is told in the end.
                    let _sent = wishes.send(act.fault.clone());
                }
                // The server took long to start: kills in a heap hit nodes that are not up yet.
                Fault::Kill { .. } if since > act.at_ms + LATE_MS => {}
                _ => waiting.push(&act.fault),
            }
        }
        let due = std::mem::take(&mut waiting);
        for fault in due {
            if !line.apply(fault, now)? && fault.can_wait() {
                waiting.push(fault);
            }
        }
        line.tend(Instant::now())?;
        std::thread::sleep(TICK);
    }
}
