//! Arguments.

pub(crate) mod backend;
pub(crate) mod budget;
pub(crate) mod channel;
pub(crate) mod key;
pub(crate) mod line;
pub(crate) mod price;
pub(crate) mod schedule;
pub(crate) mod serve;
pub(crate) mod which;

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use ytempire_core::brief;

use crate::secret_url::SecretUrl;

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  2    usage, or an invalid brief or configuration
  3    refused by the budget
  4    a stage failed
  5    the finished video was rejected by its checks
  6    the database is not up to date (migrate --check)
  7    doctor found something that must be mended
  8    as many videos wait as may
  130  interrupted; the same command goes on

Every error has a code such as YT0101; docs/errors/ has a page for each.";

/// Turns a brief into a finished video, and never spends more than its budget.
#[derive(Debug, Parser)]
#[command(name = "ytempire", version, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Where state and artifacts are kept [default: ~/.local/share/ytempire]
    #[arg(long, global = true, value_name = "DIR", env = "YTEMPIRE_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Database, `sqlite:PATH` or `postgres://USER@HOST/NAME` [default: ytempire.db in the data
    /// folder]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "YTEMPIRE_DATABASE",
        hide_env_values = true
    )]
    pub(crate) database: Option<SecretUrl>,
    /// Redis or Valkey, `redis://HOST:6379`: quicker wake-ups among nodes [default: none]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "YTEMPIRE_REDIS",
        hide_env_values = true
    )]
    pub(crate) redis: Option<SecretUrl>,
    /// Configuration file [default: ./ytempire.toml, then ~/.config/ytempire/config.toml]
    #[arg(long, global = true, value_name = "FILE", env = "YTEMPIRE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Say only what must be said
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more; twice, everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Args {
    /// -1 quiet, 0 normal, 1 and more verbose.
    pub(crate) fn verbosity(&self) -> i8 {
        if self.global.quiet {
            -1
        } else {
            self.global.verbose.min(2) as i8
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a video from a brief, a text of yours or a topic
    ///
    /// The folder gets video.mp4, captions, a thumbnail, metadata, credits, the report of all
    /// checks and the receipt. The same command, given again after an interruption, goes on
    /// after the last finished scene and pays for nothing twice. Options win over the brief.
    Make(Box<Make>),
    /// List videos, newest first: short for `video list`
    List(line::List),
    /// Print a video's receipt again, or what all of them cost day by day
    Cost(Cost),
    /// Show what is cached, or forget the oldest of it
    ///
    /// What is cached are finished scenes, sounds and answers of backends, for the next video
    /// that needs the same. Videos in output folders are copies and are never touched.
    Cache(Cache),
    /// Bring the database up to date
    ///
    /// Every command does so when it opens the database; this one does nothing else. Programs of
    /// before and after a change may run side by side, unless docs/guide/database.md says otherwise.
    Migrate(Migrate),
    /// Look for what keeps videos from being made, or loses them
    ///
    /// The database and its settings, its clock against ours, the disk, the programs, the encoders
    /// and the voices. Changes nothing in the database.
    Doctor(Doctor),
    /// Work on whatever is queued, until told to stop
    ///
    /// Any number of them may share a database, on one machine or on many; each takes jobs as its
    /// slots become free. One that dies loses nothing: others take its jobs over.
    Work(line::Work),
    /// Serve the API over HTTP, and work beside it, until told to stop
    ///
    /// docs/guide/api.md says what it can do. The first start prints a key, once.
    Serve(serve::Serve),
    /// Give keys of the API, list them, revoke them
    #[command(subcommand)]
    Key(key::Key),
    /// Queue, follow, cancel and export videos
    #[command(subcommand)]
    Video(line::Video),
    /// Look at the line as a whole; pause it, resume it, halt it
    #[command(subcommand)]
    Queue(line::Queue),
    /// What days and videos may cost: set, list and remove budgets
    #[command(subcommand)]
    Budget(budget::Budget),
    /// Compare the books with a provider's usage export, and settle what nobody knew
    Reconcile(price::Reconcile),
    /// The price book: what each unit costs, since when, and why a charge is what it is
    #[command(subcommand)]
    Price(price::Price),
    /// List backends, look whether they answer, try one, or switch one off for all nodes
    #[command(subcommand)]
    Backend(backend::Backend),
    /// Channels: parts of an account that videos are made for
    #[command(subcommand)]
    Channel(channel::Channel),
    /// Start videos again and again: by cron, or for the slots of a weekly calendar
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    /// List nodes, or have them leave
    #[command(subcommand)]
    Node(line::Node),
    /// Simulate days of videos on a machine, before it is bought or filled
    ///
    /// The scheduler that runs here is the one that schedules real videos; only the clock, the
    /// arrivals and the true length of jobs are made up. docs/guide/planning.md says where each
    /// number comes from.
    Plan(Plan),
    /// Print the JSON Schema of a brief
    Schema(Schema),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print the manual page
    Man(Man),
}

/// `ytempire make`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Make {
    /// A brief (.toml, .yaml, .json) or an article of yours (.md, .txt, .html)
    #[arg(required_unless_present = "topic", conflicts_with = "topic")]
    pub(crate) brief: Option<PathBuf>,
    /// A topic for a language backend to write about
    #[arg(long)]
    pub(crate) topic: Option<String>,
    /// Folder for the finished files [default: out/ and the brief's name]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) look: Look,
    /// Print one JSON event a line, the receipt last
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a video is like, where the brief doesn't say so or says otherwise: the same for `make`,
/// `video submit` and `schedule add`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "The video")]
pub(crate) struct Look {
    /// Shape of the picture [default: 16:9]
    #[arg(long)]
    pub(crate) format: Option<FormatArg>,
    /// Which backends may be used, and how much CPU [default: simple]
    #[arg(long)]
    pub(crate) tier: Option<TierArg>,
    /// Dollars that the whole video may cost [default: 3.00, which is also the most]
    #[arg(long, value_name = "USD")]
    pub(crate) budget: Option<String>,
    /// Narrator: a voice of the speech backend, or slt, rms or awb [default: the backend's, or slt]
    #[arg(long)]
    pub(crate) voice: Option<String>,
    /// Language of the text, such as en [default: en]
    #[arg(long, value_name = "TAG")]
    pub(crate) language: Option<String>,
    /// Theme: midnight, paper, ember, signal or graphite [default: chosen by the title]
    #[arg(long, value_name = "NAME", long_help = theme_help())]
    pub(crate) theme: Option<String>,
    /// Folder of pictures and clips, shown where words of their names fit a scene
    #[arg(long, value_name = "DIR")]
    pub(crate) assets: Option<PathBuf>,
    /// Music under the narration: a file, or none [default: a bed made for the video]
    #[arg(long, value_name = "FILE|none")]
    pub(crate) music: Option<String>,
    /// Where captions go [default: both]
    #[arg(long)]
    pub(crate) captions: Option<CaptionsArg>,
    /// The channel that it is made for [default: none]
    #[arg(long, value_name = "NAME")]
    pub(crate) channel: Option<String>,
}

/// What is to be made: a brief or a topic, and how it is to look.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// The brief or article.
    pub(crate) brief: Option<PathBuf>,
    /// The topic, where there is no brief.
    pub(crate) topic: Option<String>,
    /// What wins over the brief.
    pub(crate) look: Look,
}

impl Make {
    /// What is to be made.
    pub(crate) fn wish(&self) -> Wish {
        Wish {
            brief: self.brief.clone(),
            topic: self.topic.clone(),
            look: self.look.clone(),
        }
    }
}

fn theme_help() -> String {
    let themes = studio::theme::Theme::names();
    themes.fold(
        "Theme [default: chosen by the title]:".to_owned(),
        |text, (name, line)| format!("{text}\n- {name}: {line}"),
    )
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Cost {
    /// The video's id, its first characters, or `last`
    #[arg(default_value = "last")]
    pub(crate) video: String,
    /// What all videos cost on each of the last N days, deleted ones too
    #[arg(long, value_name = "N", conflicts_with = "video", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) days: Option<u32>,
    /// With --days: also by what
    #[arg(long, requires = "days")]
    pub(crate) by: Option<ByArg>,
    /// The receipt as JSON; with --days one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--by`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ByArg {
    /// channels
    Channel,
    /// backends
    Backend,
    /// stages
    Stage,
    /// accounts
    Account,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Cache {
    /// Forget what was unused longest until at most this much is left: 10GiB, 500MiB, 0
    #[arg(long, value_name = "SIZE")]
    pub(crate) prune_to: Option<String>,
}

/// `ytempire plan`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Plan {
    /// How many videos come in a day, on average
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub(crate) videos_per_day: u32,
    /// The machine [default: Ryzen 9 9950X3D, 128 GB, RTX 5090; see examples/hardware/]
    #[arg(long, value_name = "FILE")]
    pub(crate) hardware: Option<PathBuf>,
    /// What a video is made of: generated, drawn or a file [default: the hardware file's]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) workload: Option<String>,
    /// Days to simulate
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub(crate) days: u32,
    /// Mean size of a batch that comes at once; 1: one by one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) batch: u32,
    /// Seed of chance: the same seed, the same plan
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Which policies to compare
    #[arg(long, value_enum, default_value_t = PolicyArg::All)]
    pub(crate) policy: PolicyArg,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write a page with charts
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// `--policy`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyArg {
    /// Every one, in the same run
    All,
    /// First come, first served, one job at a time on a GPU
    Fifo,
    /// Express before standard before bulk, likewise
    Priority,
    /// Earliest deadline first, likewise
    Edf,
    /// Ours, but nothing is bought that the workload doesn't prescribe
    OursLocal,
    /// Ours
    Ours,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Migrate {
    /// Change nothing; say what would be applied, and end with exit code 6 if anything
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Doctor {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Schema {
    /// Schema of what
    #[arg(value_enum)]
    pub(crate) of: SchemaOf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A brief
    Brief,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Man {
    /// Write one page per command into this folder instead of printing the main one
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident of $of:ty { $($(#[$value:meta])* $variant:ident => $target:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name { $($(#[$value])* $variant,)* }

        impl From<$name> for $of {
            fn from(arg: $name) -> Self {
                match arg { $($name::$variant => Self::$target,)* }
            }
        }
    };
}

mirror!(
    /// `--format`
    FormatArg of brief::Format {
        /// 1920 × 1080
        #[value(name = "16:9")]
        Wide => Landscape,
        /// 1080 × 1920
        #[value(name = "9:16")]
        Tall => Portrait,
        /// 1080 × 1080
        #[value(name = "1:1")]
        Square => Square,
    }
);
mirror!(
    /// `--tier`
    TierArg of brief::Tier {
        /// free ones of tier simple
        Simple => Simple,
        /// also those of tier complex
        Complex => Complex,
        /// all, and a better picture for three times the CPU
        Premium => Premium,
    }
);
mirror!(
    /// `--captions`
    CaptionsArg of brief::Captions {
        /// in the picture
        Burned => Burned,
        /// as captions.srt and captions.vtt
        Sidecar => Sidecar,
        /// in the picture and as files
        Both => Both,
        /// nowhere
        None => None,
    }
);
