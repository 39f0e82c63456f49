//! Arguments of `ytempire schedule`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::line::Json;
use super::{Look, Wish};
use crate::times;

/// `ytempire schedule`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Schedule {
    /// Have a video started again and again
    ///
    /// The brief is read and checked now, and kept. A topic is written about anew at each start; a
    /// script gives the same video again, which comes from the cache.
    Add(Box<Add>),
    /// List recurring starts
    List(Json),
    /// Show one: when it starts next, and what came of the last start
    Show(OneJson),
    /// Start nothing until it is resumed
    Pause(One),
    /// Start again, from the next tick on
    Resume(One),
    /// Remove it; its videos stay
    Remove(One),
    /// Start its video now; its next tick stays where it is
    RunNow(OneJson),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Add {
    /// A brief (.toml, .yaml, .json) or an article of yours (.md, .txt, .html)
    #[arg(required_unless_present = "topic", conflicts_with = "topic")]
    pub(crate) brief: Option<PathBuf>,
    /// A topic for a language backend to write about, anew each time
    #[arg(long)]
    pub(crate) topic: Option<String>,
    /// Its name [default: the brief's, or the topic]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// When it starts: minute, hour, day, month, weekday, as "0 9 * * mon-fri"
    #[arg(long, value_name = "EXPRESSION", required_unless_present = "slots", conflicts_with_all = ["slots", "lead"])]
    pub(crate) cron: Option<String>,
    /// When its video is due, week by week: "mon,thu 18:00", "daily 07:30", "weekdays 12:00"; may be
    /// given several times
    #[arg(long = "slot", id = "slots", value_name = "DAYS TIME")]
    pub(crate) slots: Vec<String>,
    /// How long before its slot a video is begun
    #[arg(long, value_name = "TIME", default_value = "3h", value_parser = times::span, conflicts_with = "due_in")]
    pub(crate) lead: Duration,
    /// How long after its start a video is due; with --cron
    #[arg(long, value_name = "TIME", value_parser = times::span, conflicts_with = "slots")]
    pub(crate) due_in: Option<Duration>,
    /// The time zone of all times, such as Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) zone: String,
    /// What becomes of ticks at which no node worked
    #[arg(long, value_enum, default_value_t = CatchUpArg::Last)]
    pub(crate) catch_up: CatchUpArg,
    /// 1 can wait, 10 goes first
    #[arg(long, default_value_t = store::PRIORITY, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub(crate) priority: u8,
    #[command(flatten)]
    pub(crate) look: Look,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Add {
    /// What is to be made.
    pub(crate) fn wish(&self) -> Wish {
        Wish {
            brief: self.brief.clone(),
            topic: self.topic.clone(),
            look: self.look.clone(),
        }
    }
}

/// `--catch-up`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CatchUpArg {
    /// the last of them is started late
    Last,
    /// each of them is started late
    All,
    /// they are passed over
    None,
}

impl From<CatchUpArg> for worker::CatchUp {
    fn from(arg: CatchUpArg) -> Self {
        match arg {
            CatchUpArg::Last => Self::Last,
            CatchUpArg::All => Self::All,
            CatchUpArg::None => Self::None,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct One {
    /// Its name, its id, or the first characters of the id
    pub(crate) schedule: String,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct OneJson {
    /// Its name, its id, or the first characters of the id
    pub(crate) schedule: String,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}
