//! Arguments of the commands that run a line: `work`, `video`, `queue`, `node`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use ytempire_core::{AccountId, Stage, VideoState};

use super::which::{self, Which};
use super::{Look, Wish};
use crate::times::{self, Moment};

/// `ytempire work`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Work {
    /// Jobs at once [default: the configuration's, or the cores of this machine]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) slots: Option<u32>,
}

/// `ytempire video`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Video {
    /// Queue videos for whichever node comes first
    Submit(Box<Submit>),
    /// List videos, newest first
    List(List),
    /// Show a video: where it stands, its stages, what it cost
    Show(Show),
    /// Follow a video to its end
    Watch(One),
    /// Cancel videos; running jobs are stopped within seconds and paid work stays in the cache
    Cancel(Which),
    /// Make ended videos again: what was finished is taken from the cache
    ///
    /// Where they are chosen by a filter, those that failed or were cancelled, unless --state says
    /// otherwise.
    Retry(Retry),
    /// Delete ended videos with all that the database knows of them
    ///
    /// What they spent stays in the sums of `ytempire cost --days`; what is cached stays until it is
    /// pruned; exported files are never touched.
    Delete(Which),
    /// Lay finished videos into a folder, one folder each
    Export(Export),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Submit {
    /// Briefs (.toml, .yaml, .json) or articles of yours (.md, .txt, .html)
    #[arg(required_unless_present = "topic", conflicts_with = "topic")]
    pub(crate) briefs: Vec<PathBuf>,
    /// A topic for a language backend to write about
    #[arg(long)]
    pub(crate) topic: Option<String>,
    /// 1 can wait, 10 goes first
    #[arg(long, default_value_t = store::PRIORITY, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub(crate) priority: u8,
    /// Refuse where so many videos wait already; 0: never [default: the configuration's, or 100]
    #[arg(long, value_name = "N")]
    pub(crate) waiting_max: Option<u32>,
    /// When it is due: 2026-12-01T18:00Z, or `in 2h`
    #[arg(long, value_name = "TIME", value_parser = times::moment)]
    pub(crate) due: Option<Moment>,
    /// Begin nothing of it before: 2026-12-01T18:00Z, or `in 2h`
    #[arg(long, value_name = "TIME", value_parser = times::moment)]
    pub(crate) start_at: Option<Moment>,
    #[command(flatten)]
    pub(crate) look: Look,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl Submit {
    /// What is to be made, one after the other.
    pub(crate) fn wishes(&self) -> Vec<Wish> {
        let of = |brief: Option<&PathBuf>| Wish {
            brief: brief.cloned(),
            topic: self.topic.clone(),
            look: self.look.clone(),
        };
        if self.topic.is_some() {
            return vec![of(None)];
        }
        self.briefs.iter().map(|brief| of(Some(brief))).collect()
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct List {
    /// Only in these states
    #[arg(long = "state", value_name = "STATE")]
    pub(crate) states: Vec<StateArg>,
    /// Only of this account: its id, or `local`
    #[arg(long, value_name = "ID", value_parser = which::account)]
    pub(crate) account: Option<AccountId>,
    /// Only of this channel
    #[arg(long, value_name = "NAME")]
    pub(crate) channel: Option<String>,
    /// Only those that were submitted longer ago than this: 3d, 12h, 90m
    #[arg(long, value_name = "TIME", value_parser = times::span)]
    pub(crate) older_than: Option<Duration>,
    /// How many at most
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: u32,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--state`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateArg {
    /// nothing of it was begun
    Queued,
    /// being made
    Running,
    /// finished and checked
    Ready,
    /// given up, or rejected by its checks
    Failed,
    /// stopped on request
    Cancelled,
}

impl From<StateArg> for VideoState {
    fn from(arg: StateArg) -> Self {
        match arg {
            StateArg::Queued => Self::Queued,
            StateArg::Running => Self::Running,
            StateArg::Ready => Self::Ready,
            StateArg::Failed => Self::Failed,
            StateArg::Cancelled => Self::Cancelled,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct One {
    /// The video's id, its first characters, or `last`
    #[arg(default_value = "last")]
    pub(crate) video: String,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) one: One,
    /// What each stage uses, and why nothing else was taken
    #[arg(long)]
    pub(crate) plan: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Retry {
    #[command(flatten)]
    pub(crate) which: Which,
    /// 1 can wait, 10 goes first [default: as before]
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub(crate) priority: Option<u8>,
    /// Do this stage and all that follow from it again, whatever is cached
    #[arg(long, value_name = "STAGE")]
    pub(crate) from: Option<StageArg>,
}

/// `--from`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StageArg {
    /// the scenes; a topic is written about anew
    Script,
    /// the narration
    Narrate,
    /// the pictures
    Illustrate,
    /// the frames
    Compose,
    /// the whole file
    Assemble,
    /// the thumbnail
    Thumbnail,
    /// the checks
    Validate,
}

impl From<StageArg> for Stage {
    fn from(arg: StageArg) -> Self {
        match arg {
            StageArg::Script => Self::Script,
            StageArg::Narrate => Self::Narrate,
            StageArg::Illustrate => Self::Illustrate,
            StageArg::Compose => Self::Compose,
            StageArg::Assemble => Self::Assemble,
            StageArg::Thumbnail => Self::Thumbnail,
            StageArg::Validate => Self::Validate,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Export {
    /// Ids of videos, their first characters, or `last` [default: all that are ready]
    pub(crate) videos: Vec<String>,
    /// The folder in which each video gets one
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Prune {
    /// What ended longer ago than this: 90d, 12h
    #[arg(long, value_name = "TIME", value_parser = times::span)]
    pub(crate) older_than: Duration,
    /// Only the events; the videos stay
    #[arg(long)]
    pub(crate) events: bool,
    /// Don't ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `ytempire queue`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Queue {
    /// How much waits and runs, and whether nodes may work
    Status(Json),
    /// Begin nothing more; what runs goes on to its end
    Pause(Reason),
    /// Work and spend again
    Resume,
    /// Delete what ended long ago, with all that the database knows of it
    ///
    /// What it cost stays in the sums of `ytempire cost --days`; what is cached stays until it is
    /// pruned. `[retention]` in the configuration has nodes do so by themselves.
    Prune(Prune),
    /// Tell all nodes to leave once their jobs have ended
    Drain,
    /// Emergency: begin nothing and spend nothing more, on any node, also after a restart
    ///
    /// Every reservation is refused and no request may leave from this moment on. Work that is
    /// already paid for, or costs nothing more, goes on to its end.
    Halt(Reason),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Json {
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Reason {
    /// Why, for whoever finds it so
    #[arg(long, default_value = "")]
    pub(crate) reason: String,
}

/// `ytempire node`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Node {
    /// List nodes
    List(Json),
    /// Tell a node to leave once its jobs have ended
    Drain {
        /// The node's id or its first characters
        node: String,
    },
}
