//! Those who order videos.

use std::fs;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;

use crate::counts::Counts;
use crate::known::Known;
use crate::world::World;

/// How customers order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Videos that wait or are made, at which nothing more is ordered.
    open_max: u64,
    /// Every so manieth brief says something new; the others are found in the cache.
    fresh_every: u32,
}

impl Pace {
    /// Nodes always have something to do, and come to all points.
    pub(crate) const MIXED: Self = Self {
        open_max: 7,
        fresh_every: 3,
    };

    /// Jobs take their time.
    pub(crate) const FRESH: Self = Self {
        open_max: 5,
        fresh_every: 1,
    };

    /// As fast as they are answered.
    pub(crate) const EAGER: Self = Self {
        open_max: u64::MAX,
        fresh_every: 3,
    };
}

/// What a video may cost, less its number: so every order of this run is another one, and known by
/// a figure that the product keeps as it was given.
const BUDGET: i64 = 3_000_000;

/// Orders, and what all threads count and know.
pub(crate) struct Office<'a> {
    pub(crate) world: &'a World,
    pub(crate) counts: &'a Mutex<Counts>,
    known: Mutex<Known>,
    numbered: Mutex<u32>,
    pace: Pace,
}

#[derive(Deserialize)]
struct Open {
    open: u64,
}

impl<'a> Office<'a> {
    pub(crate) fn new(world: &'a World, counts: &'a Mutex<Counts>, pace: Pace) -> Self {
        Self {
            world,
            counts,
            known: Mutex::default(),
            numbered: Mutex::default(),
            pace,
        }
    }

    pub(crate) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().expect("no thread has panicked")
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("no thread has panicked")
    }

    /// Orders until `stop` is raised.
    pub(crate) fn feed(&self, stop: &AtomicBool) -> Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let open = "SELECT count(*) AS open FROM videos WHERE finalized_at IS NULL";
            let open = self.world.database.rows::<Open>(open);
            match open {
                Ok(rows)
                    if rows
                        .first()
                        .is_some_and(|row| row.open < self.pace.open_max) =>
                {
                    self.submit(3, None)?;
                }
                // Enough, or the database is away.
                _ => std::thread::sleep(Duration::from_millis(300)),
            }
        }
        Ok(())
    }

    /// Orders so many videos with one command, which may be told where to die. Tells whether it did.
    pub(crate) fn submit(&self, many: u32, crash: Option<(&'static str, u32)>) -> Result<bool> {
        let mut arguments: Vec<String> = ["video", "submit", "--json", "--waiting-max", "0"]
            .map(str::to_owned)
            .to_vec();
        for _ in 0..many {
            arguments.push(self.brief()?);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = self.run(&arguments, crash)?;
        self.note_accepted(&output)?;
        if died(&output) {
            // Whoever gets no answer asks again: it is the same order.
            let again = self.run(&arguments, None)?;
            self.note_accepted(&again)?;
        }
        Ok(died(&output))
    }

    fn note_accepted(&self, output: &Output) -> Result<()> {
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let object: serde_json::Value = serde_json::from_str(line)?;
            if let Some(id) = object["id"].as_str() {
                self.known().accepted.push(id.to_owned());
            }
        }
        Ok(())
    }

    /// Writes the next brief; what it asks for is noted before anybody sees it.
    fn brief(&self) -> Result<String> {
        let number = {
            let mut numbered = self.numbered.lock().expect("no thread has panicked");
            *numbered += 1;
            *numbered
        };
        let budget = BUDGET - i64::from(number);
        *self.known().asked.entry(budget).or_default() += 1;
        let said = if number.is_multiple_of(self.pace.fresh_every) {
            number
        } else {
            number % 2
        };
        let text = format!(
            "title = \"Of the deep {said}\"\nformat = \"1:1\"\nbudget = \"{}.{:06}\"\n\
             script = '''\n## The whale\n\nWhale number {said} sings in the deep.\n'''\n",
            budget / 1_000_000,
            budget % 1_000_000
        );
        let name = format!("briefs/{number}.toml");
        fs::write(self.world.path(&name), text)?;
        Ok(name)
    }

    /// Runs a command to its end and notes a refusal.
    pub(crate) fn run(
        &self,
        arguments: &[&str],
        crash: Option<(&'static str, u32)>,
    ) -> Result<Output> {
        let mut command = self.world.command(arguments);
        if let Some((point, visit)) = crash {
            command.env("YTEMPIRE_CRASH_AT", format!("{point}:{visit}"));
        }
        let output = command.output()?;
        let shown = arguments.join(" ");
        self.world
            .note(&format!("{shown} {crash:?}: {}", output.status));
        if !output.status.success() && !died(&output) {
            let said = String::from_utf8_lossy(&output.stderr);
            let code = said.lines().find(|line| line.contains("error["));
            let name = format!("{} {}", arguments[0], code.unwrap_or("without a code"));
            self.world.note(&name);
            let short: String = name.chars().take(60).collect();
            Counts::one(&mut self.counts().refusals, &short);
        }
        Ok(output)
    }
}

/// Whether it died at its crash point.
pub(crate) fn died(output: &Output) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    output.status.signal() == Some(6)
}
