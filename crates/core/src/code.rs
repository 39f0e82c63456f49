//! Stable error codes. Each has a page in `docs/errors/`; a test checks that the set is whole.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, exit $exit:literal;)*) => {
        /// A stable error code, `YT` and four digits. The page `docs/errors/<code>.md` says
        /// what happened, what it cost and what to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as people see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The exit code of a command that ends with this error.
            pub const fn exit(self) -> u8 {
                match self { $(Self::$name => $exit,)* }
            }
        }
    };
}

codes! {
    /// The brief can't be read, or is larger than the limit.
    BriefUnreadable = "YT0001", exit 2;
    /// The brief is not valid TOML, YAML, JSON or Markdown.
    BriefMalformed = "YT0002", exit 2;
    /// The brief has a key nobody knows.
    BriefUnknownKey = "YT0003", exit 2;
    /// A value of the brief has the wrong type or lies outside its range.
    BriefInvalid = "YT0004", exit 2;
    /// The script has no scene with narration.
    ScriptEmpty = "YT0005", exit 2;
    /// The script has too many scenes or words.
    ScriptTooLong = "YT0006", exit 2;
    /// A line of the script can't be understood.
    ScriptMalformed = "YT0007", exit 2;
    /// No font at hand has glyphs for some characters of the text.
    GlyphsMissing = "YT0008", exit 2;
    /// The chosen voice can't speak the text.
    VoiceUnsuited = "YT0009", exit 2;
    /// A topic needs a language backend and none is configured.
    NoLanguageBackend = "YT0010", exit 2;
    /// An asset is damaged, disguised, too large or of no known kind.
    AssetUnusable = "YT0011", exit 2;
    /// The configuration is invalid.
    ConfigInvalid = "YT0012", exit 2;
    /// No such video.
    VideoUnknown = "YT0013", exit 2;
    /// No such node.
    NodeUnknown = "YT0014", exit 2;
    /// What is asked for needs a yes, and nobody said it.
    Unconfirmed = "YT0015", exit 2;
    /// The video has not ended, or a job of it still runs.
    VideoUnfinished = "YT0016", exit 2;
    /// No such schedule.
    ScheduleUnknown = "YT0017", exit 2;
    /// A schedule that can't be: its expression, slot or time zone, or a name that is taken.
    ScheduleInvalid = "YT0018", exit 2;
    /// No such channel.
    ChannelUnknown = "YT0019", exit 2;
    /// A channel that can't be: a name that is taken or empty, or a time zone that isn't known.
    ChannelInvalid = "YT0020", exit 2;

    /// The worst case of the plan doesn't fit the budget.
    BudgetExceeded = "YT0101", exit 3;
    /// The price book has no price for a meter that the plan needs.
    PriceUnknown = "YT0102", exit 3;
    /// A charge came out above its reservation; the video stops.
    Overrun = "YT0103", exit 3;
    /// What a day may cost is used up, or reserved; the job waits until the next one.
    DayExhausted = "YT0104", exit 3;
    /// A budget that can't be.
    BudgetInvalid = "YT0105", exit 3;
    /// A price book that can't be, or prices that move more than fivefold.
    PriceInvalid = "YT0106", exit 3;
    /// No such charge.
    ChargeUnknown = "YT0107", exit 3;

    /// A program that the pipeline needs is not installed.
    ToolMissing = "YT0201", exit 4;
    /// A program that the pipeline runs failed.
    ToolFailed = "YT0202", exit 4;
    /// The disk is full.
    DiskFull = "YT0203", exit 4;
    /// The data or output folder can't be written.
    FolderUnwritable = "YT0204", exit 4;
    /// A provider refused the request.
    ProviderRefused = "YT0205", exit 4;
    /// A provider can't be reached, or answers with server errors.
    ProviderDown = "YT0206", exit 4;
    /// A provider's answer can't be used.
    ProviderGarbled = "YT0207", exit 4;
    /// Another node took the job over.
    LeaseLost = "YT0208", exit 4;
    /// The store failed.
    StoreFailed = "YT0209", exit 4;
    /// The job failed more often than it may.
    AttemptsExhausted = "YT0210", exit 4;
    /// The program is wrong.
    Bug = "YT0211", exit 4;
    /// A job took longer than its limit.
    TimedOut = "YT0212", exit 4;
    /// An artifact is missing or damaged.
    ArtifactDamaged = "YT0213", exit 4;
    /// The database's schema is older than this program.
    SchemaBehind = "YT0214", exit 6;
    /// `ytempire doctor` found something that keeps videos from being made, or loses them.
    Unwell = "YT0215", exit 7;
    /// As many videos wait as may.
    LineFull = "YT0216", exit 8;
    /// The line is halted: nothing is spent.
    LineHalted = "YT0217", exit 4;
    /// The database is away, or the connection to it was lost.
    DatabaseAway = "YT0218", exit 4;
    /// A provider says that credit or quota is used up.
    ProviderQuota = "YT0219", exit 4;
    /// A provider wants to be asked less often, or as many calls run as may.
    ProviderBusy = "YT0220", exit 4;
    /// The place where machines share artifacts can't be reached, or refuses.
    DepotAway = "YT0221", exit 4;
    /// A job needs more memory than this machine has for it, also when it runs alone.
    MemoryExhausted = "YT0222", exit 4;
    /// A backend is switched off, and so is what could take its place; the job waits.
    BackendOff = "YT0223", exit 4;

    /// The finished video failed its checks, also after a repair.
    ValidationRejected = "YT0301", exit 5;

    /// The command was interrupted; the same command goes on.
    Interrupted = "YT0401", exit 130;

    /// No key was shown that opens anything.
    Unauthorised = "YT0501", exit 2;
    /// The key may not be used for this.
    Forbidden = "YT0502", exit 2;
    /// There is nothing at this path.
    RouteUnknown = "YT0503", exit 2;
    /// A request that can't be read: its body, its parameters or its method.
    RequestMalformed = "YT0504", exit 2;
    /// The request is larger than the limit.
    RequestTooLarge = "YT0505", exit 2;
    /// The state of things doesn't allow it now.
    Conflict = "YT0506", exit 2;
    /// An idempotency key was used for another request.
    IdempotencyMismatch = "YT0507", exit 2;
    /// A key asks more often than it may.
    RateLimited = "YT0508", exit 4;
    /// No such key.
    KeyUnknown = "YT0509", exit 2;
    /// The address can't be listened on.
    ListenFailed = "YT0510", exit 4;
}

/// What kind of failure a code stands for: what the pipeline does about it follows from this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// May pass by itself: tried again after a pause that grows, or by the next backend.
    Transient,
    /// Too much at once: tried again when the other side says, or by the next backend.
    RateLimited,
    /// Credit is used up: the next backend, or somebody has to pay.
    Quota,
    /// Money: the budget doesn't allow it. Never tried again.
    Budget,
    /// What was asked for, or how this is configured, is wrong. Never tried again.
    Input,
    /// This machine lacks something: a program, space, a right. Never tried again here.
    Machine,
    /// Each attempt ends with its process, or fails again: given up after the fifth.
    Poisoned,
    /// The program is wrong. Never tried again.
    Bug,
    /// Nothing failed: somebody stopped it, or another node has it.
    Stopped,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Transient,
        Self::RateLimited,
        Self::Quota,
        Self::Budget,
        Self::Input,
        Self::Machine,
        Self::Poisoned,
        Self::Bug,
        Self::Stopped,
    ];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::RateLimited => "rate_limited",
            Self::Quota => "quota",
            Self::Budget => "budget",
            Self::Input => "input",
            Self::Machine => "machine",
            Self::Poisoned => "poisoned",
            Self::Bug => "bug",
            Self::Stopped => "stopped",
        }
    }
}

impl Code {
    /// Its class.
    pub const fn class(self) -> Class {
        match self {
            Self::ProviderDown
            | Self::ProviderGarbled
            | Self::ToolFailed
            | Self::StoreFailed
            | Self::DatabaseAway
            | Self::DepotAway
            | Self::BackendOff
            | Self::TimedOut => Class::Transient,
            Self::ProviderBusy | Self::LineFull | Self::RateLimited => Class::RateLimited,
            Self::ProviderQuota => Class::Quota,
            Self::BudgetExceeded
            | Self::Overrun
            | Self::PriceUnknown
            | Self::DayExhausted
            | Self::BudgetInvalid
            | Self::PriceInvalid
            | Self::ChargeUnknown => Class::Budget,
            Self::ToolMissing
            | Self::DiskFull
            | Self::MemoryExhausted
            | Self::FolderUnwritable
            | Self::ArtifactDamaged
            | Self::SchemaBehind
            | Self::Unwell
            | Self::ListenFailed => Class::Machine,
            Self::AttemptsExhausted => Class::Poisoned,
            Self::Bug => Class::Bug,
            Self::Interrupted | Self::LeaseLost | Self::LineHalted => Class::Stopped,
            Self::BriefUnreadable
            | Self::BriefMalformed
            | Self::BriefUnknownKey
            | Self::BriefInvalid
            | Self::ScriptEmpty
            | Self::ScriptTooLong
            | Self::ScriptMalformed
            | Self::GlyphsMissing
            | Self::VoiceUnsuited
            | Self::NoLanguageBackend
            | Self::AssetUnusable
            | Self::ConfigInvalid
            | Self::VideoUnknown
            | Self::NodeUnknown
            | Self::VideoUnfinished
            | Self::Unconfirmed
            | Self::ScheduleUnknown
            | Self::ScheduleInvalid
            | Self::ChannelUnknown
            | Self::ChannelInvalid
            | Self::ProviderRefused
            | Self::ValidationRejected
            | Self::Unauthorised
            | Self::Forbidden
            | Self::RouteUnknown
            | Self::RequestMalformed
            | Self::RequestTooLarge
            | Self::Conflict
            | Self::IdempotencyMismatch
            | Self::KeyUnknown => Class::Input,
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// `YT0001 to YT0014, YT0205` as numbers.
    fn numbers(text: &str) -> Vec<u32> {
        let number = |code: &str| code.trim().trim_start_matches("YT").parse().unwrap();
        let range = |part: &str| -> Vec<u32> {
            match part.split_once(" to ") {
                Some((first, last)) => (number(first)..=number(last)).collect(),
                None => vec![number(part)],
            }
        };
        text.split(',').flat_map(range).collect()
    }

    #[test]
    fn the_page_of_classes_names_each_code_where_it_belongs() {
        let page = include_str!("../../../docs/errors/README.md");
        for class in Class::ALL {
            let row = format!("| `{}` | ", class.as_str());
            let row = page
                .lines()
                .find_map(|line| line.strip_prefix(&row))
                .unwrap();
            let codes = row.split(" |").next().unwrap();
            let of = Code::ALL.iter().filter(|code| code.class() == class);
            let wanted: Vec<String> = of.map(|code| code.as_str().to_owned()).collect();
            assert_eq!(numbers(codes), numbers(&wanted.join(",")), "{class:?}");
        }
    }

    #[test]
    fn codes_are_unique() {
        let texts: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
    }
}
